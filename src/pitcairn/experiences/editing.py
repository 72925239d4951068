"""What the visual editor reads and saves of an experience: the page changes of its variations, and nothing else.

A save names, for each variation it brings, the revision of the changes that it was made from. If somebody saved in between,
nothing is written and the saver is told, with what is saved now: two editors never overwrite each other unseen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from django.db import transaction

from pitcairn import conditions
from pitcairn.experiences.content import Content, read_content
from pitcairn.experiences.models import Experience, ExperienceType, ExperienceVersion
from pitcairn.experiences.page_patterns import PagePatternError, compile_page_pattern
from pitcairn.experiences.saving import content_of, whole
from pitcairn.experiences.services import ExperienceError, Problem, save_experience


class EditedVariation(msgspec.Struct, frozen=True, kw_only=True):
    """A variation as the editor shows it. `changes` are as `spec/changes.json` has them."""

    id: int
    name: str
    segment: str
    condition: str
    """Who is in the segment, in words."""
    revision: str
    """Names this very list of changes."""
    changes: Sequence[Mapping[str, Any]]


class EditedExperience(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: int
    name: str
    state: str
    page: str
    """The page as it was written, and as a regular expression over host and path; that is null if it cannot be read."""
    pattern: str | None
    variations: Sequence[EditedVariation]


class VariationEdit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """New changes for a variation, made from those of `revision`."""

    id: int
    revision: str
    changes: Sequence[Mapping[str, Any]]


class EditConflict(Exception):
    """Somebody else has saved one of the variations since it was read. `saved` is what is there now; nothing was written.

    `by` is who saved it last (an email address; empty where nobody said), and `at` when; None where no version says.
    """

    def __init__(self, saved: EditedExperience, variations: Sequence[str], by: str, at: datetime | None) -> None:
        when = f" on {at.astimezone(UTC):%Y-%m-%d at %H:%M} UTC" if at else ""
        super().__init__(
            f"{', '.join(variations)} was saved by {by or 'somebody else'}{when}, after you had opened it; look at both "
            "and save again"
        )
        self.saved = saved
        self.variations = tuple(variations)
        self.by = by
        self.at = at


def is_editable(kind: str) -> bool:
    """Whether an experience of this type has changes of a page, which the editor makes. Others have fields in the dashboard."""
    return kind == ExperienceType.PAGE


def edited_experience(workspace_id: int, experience_id: int) -> EditedExperience | None:
    """The experience as the editor shows it; None when the workspace has none of this id."""
    experience = whole(Experience.objects.filter(workspace_id=workspace_id, id=experience_id)).first()
    if experience is None:
        return None
    try:
        pattern = compile_page_pattern(experience.page_url)
    except PagePatternError:
        pattern = None
    return EditedExperience(
        id=experience.id,
        name=experience.name,
        state=experience.state,
        page=experience.page_url,
        pattern=pattern,
        variations=[
            EditedVariation(
                id=variation.id,
                name=variation.name,
                segment=segment.name,
                condition=_in_words(segment.condition),
                revision=revision_of(variation.changes),
                changes=variation.changes,
            )
            for segment in experience.segments.all()
            for variation in segment.variations.all()
        ],
    )


@transaction.atomic
def save_edits(workspace_id: int, experience_id: int, edits: Sequence[VariationEdit], *, by: str) -> EditedExperience:
    """Saves the changes of some variations as one version, and returns what is saved now; all or nothing.

    Raises EditConflict when one of them was saved since, and ExperienceError with every problem. That something else of the
    experience was saved in the meantime, another variation say, is no conflict.
    """
    # Held to the end of the transaction, so that nobody saves between the comparison and the writing.
    ours = Experience.objects.filter(workspace_id=workspace_id, id=experience_id)
    held = ours.select_for_update().first()
    now = edited_experience(workspace_id, experience_id)
    if held is None or now is None:
        raise ExperienceError("this experience was deleted; what you made can still be copied from the list of changes")
    saved = {variation.id: variation for variation in now.variations}
    if missing := [edit.id for edit in edits if edit.id not in saved]:
        raise ExperienceError(
            *(Problem("variations", f"the version {one} was removed from the experience") for one in missing)
        )
    if behind := [saved[edit.id] for edit in edits if saved[edit.id].revision != edit.revision]:
        by, at = _last_saved(experience_id, {variation.id: variation.revision for variation in behind})
        raise EditConflict(now, [variation.segment for variation in behind], by, at)
    changes = {edit.id: edit.changes for edit in edits}
    content = content_of(whole(ours).get())
    segments = [
        msgspec.structs.replace(
            segment,
            variations=[
                msgspec.structs.replace(one, changes=changes[one.id]) if one.id in changes else one
                for one in segment.variations
            ],
        )
        for segment in content.segments
    ]
    save_experience(
        workspace_id=workspace_id,
        experience_id=experience_id,
        name=content.name,
        page_url=content.page_url,
        control_share=content.control_share,
        segments=segments,
        base_version=held.version,
        by=by,
    )
    written = edited_experience(workspace_id, experience_id)
    assert written is not None
    return written


def revision_of(changes: object) -> str:
    """A name for a list of changes: the same for equal lists, whatever the order of the keys."""
    return hashlib.blake2b(msgspec.json.encode(changes, order="sorted"), digest_size=12).hexdigest()


def _last_saved(experience_id: int, revisions: Mapping[int, str]) -> tuple[str, datetime | None]:
    """Who made the newest version in which one of these variations became what it is, and when."""
    newer: ExperienceVersion | None = None
    for version in ExperienceVersion.objects.filter(experience_id=experience_id).order_by("-number").iterator():
        if newer is not None and _revisions(read_content(version.content), revisions) != dict(revisions):
            break
        newer = version
    return (newer.made_by, newer.made_at) if newer else ("", None)


def _revisions(content: Content, variations: Collection[int]) -> dict[int | None, str]:
    return {
        one.id: revision_of(one.changes)
        for segment in content.segments
        for one in segment.variations
        if one.id in variations
    }


def _in_words(condition: object) -> str:
    try:
        return conditions.describe(conditions.parse(condition))
    except conditions.ConditionError as error:
        return f"cannot be read: {error}"
