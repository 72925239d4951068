"""What others may know of experiences. What decisions need is in `queries_live`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from pitcairn import conditions
from pitcairn.experiences.changes import ChangeError, describe, parse_changes
from pitcairn.experiences.component_words import content_words, settings_words
from pitcairn.experiences.content import Content, read_content
from pitcairn.experiences.models import (
    Allocation,
    AllocationEpoch,
    AudienceSegment,
    Experience,
    ExperienceState,
    ExperienceType,
    ExperienceVersion,
    HoldoutPeriod,
    Variation,
)
from pitcairn.experiences.saving import content_of, shares, whole
from pitcairn.experiences.timing import frequency_words, schedule_words


class VariationOutline(msgspec.Struct, frozen=True, kw_only=True):
    """A variation by name, its changes or what it says in words. `share` is its part of the segment's personalized visitors."""

    id: int
    name: str
    changes: tuple[str, ...]
    share: float = 1.0


class SegmentOutline(msgspec.Struct, frozen=True, kw_only=True):
    """An audience segment by name, its condition in words."""

    id: int
    name: str
    condition: str
    variations: tuple[VariationOutline, ...]
    allocation: Allocation = Allocation.EVEN

    @property
    def learning(self) -> bool:
        """There is something to learn about how its visitors are to be shared."""
        return self.allocation is Allocation.OPTIMIZE and len(self.variations) > 1


class ExperienceOutline(msgspec.Struct, frozen=True, kw_only=True):
    """An experience as pages and results show it. `schedule`, `frequency` and `exclusion_group` are words; empty for none."""

    id: int
    workspace_id: int
    name: str
    page_url: str
    control_share: float
    state: ExperienceState
    position: int
    started_at: datetime | None
    archived_at: datetime | None
    updated_at: datetime
    segments: tuple[SegmentOutline, ...]
    promoted_at: datetime | None = None
    type: ExperienceType = ExperienceType.PAGE
    schedule: str = ""
    frequency: str = ""
    exclusion_group: str = ""
    shown: tuple[str, ...] = ()
    """When and where a component is shown, in words."""
    version: int = 1

    @property
    def edited_since_launch(self) -> bool:
        return self.started_at is not None and self.updated_at > self.started_at

    @property
    def redirects(self) -> bool:
        return self.type is ExperienceType.REDIRECT


class VersionOutline(msgspec.Struct, frozen=True, kw_only=True):
    """One version of an experience: when it was saved and by whom (an email address; empty where nobody said)."""

    number: int
    made_at: datetime
    made_by: str
    restores: int | None
    content: Content


class Epoch(msgspec.Struct, frozen=True, kw_only=True):
    """From `started_at` on: the control share, and by segment and variation the shares of the rest. See `models`."""

    started_at: datetime
    control_share: float
    split: dict[int, dict[int, float]]


class HoldoutOutline(msgspec.Struct, frozen=True, kw_only=True):
    share: float
    started_at: datetime
    made_by: str


def experience_outline(experience_id: int, workspace_id: int | None = None) -> ExperienceOutline | None:
    """The experience, or None when there is none, or none of this workspace."""
    found = Experience.objects.filter(id=experience_id)
    if workspace_id is not None:
        found = found.filter(workspace_id=workspace_id)
    experience = whole(found).first()
    return _outline(experience) if experience else None


def experience_outlines(workspace_id: int) -> list[ExperienceOutline]:
    """Every experience of the workspace, in the order of their priority."""
    ours = Experience.objects.filter(workspace_id=workspace_id).order_by("position", "id")
    return [_outline(experience) for experience in whole(ours)]


def experience_content(experience_id: int) -> tuple[Content, int]:
    """What an experience holds, with all ids, and the version that this is. For the form and the editor."""
    experience = whole(Experience.objects.filter(id=experience_id)).get()
    return content_of(experience), experience.version


def sought_selectors(experience_id: int) -> list[str]:
    """The elements that the changes of an experience are about, each once, in order. None of changes that cannot be read."""
    content, _ = experience_content(experience_id)
    found: dict[str, None] = {}
    for variation in (one for segment in content.segments for one in segment.variations):
        try:
            found |= dict.fromkeys(change.selector for change in parse_changes(variation.changes))
        except ChangeError:
            continue
    return list(found)


def experience_versions(experience_id: int) -> list[VersionOutline]:
    """All versions of an experience, the newest first."""
    return [
        VersionOutline(
            number=one.number,
            made_at=one.made_at,
            made_by=one.made_by,
            restores=one.restores,
            content=read_content(one.content),
        )
        for one in ExperienceVersion.objects.filter(experience_id=experience_id).order_by("-number")
    ]


def allocation_epochs(experience_id: int) -> list[Epoch]:
    """The times of equal shares of an experience, from its start on."""
    return [
        Epoch(
            started_at=one.started_at,
            control_share=one.control_share,
            split={int(segment): {int(v): share for v, share in split.items()} for segment, split in one.split.items()},
        )
        for one in AllocationEpoch.objects.filter(experience_id=experience_id).order_by("started_at", "id")
    ]


def learning_experiences() -> list[int]:
    """The live experiences of all workspaces with a segment whose visitors are shared to what works."""
    segments = AudienceSegment.objects.filter(
        removed=False, allocation=Allocation.OPTIMIZE, experience__state=ExperienceState.LIVE
    )
    return list(segments.order_by("experience_id").values_list("experience_id", flat=True).distinct())


def holdout_periods(workspace_id: int) -> list[HoldoutOutline]:
    """Which share of visitors was kept from all experiences, from when on; the newest last. Without any: nobody."""
    return [
        HoldoutOutline(share=one.share, started_at=one.started_at, made_by=one.made_by)
        for one in HoldoutPeriod.objects.filter(workspace_id=workspace_id).order_by("started_at", "id")
    ]


def segment_and_variation_names(experience_id: int) -> tuple[dict[int, str], dict[int, str]]:
    """The names of all segments and of all variations by id, also of those that were removed: results name them."""
    segments = AudienceSegment.objects.filter(experience_id=experience_id).values_list("id", "name")
    variations = Variation.objects.filter(segment__experience_id=experience_id).values_list("id", "name")
    return dict(segments), dict(variations)


def exclusion_group_names(workspace_id: int) -> Sequence[str]:
    found = Experience.objects.filter(workspace_id=workspace_id, exclusion_group__isnull=False)
    return list(found.order_by("exclusion_group__name").values_list("exclusion_group__name", flat=True).distinct())


def find_experience(workspace_id: int, name_or_id: str) -> int | None:
    """The id of the experience with this name, or with this id; names win. For the command line."""
    ours = Experience.objects.filter(workspace_id=workspace_id)
    found = ours.filter(name=name_or_id.strip()).first()
    if found is None and name_or_id.strip().isascii() and name_or_id.strip().isdigit():
        found = ours.filter(id=int(name_or_id)).first()
    return found.id if found else None


def condition_words(condition: object) -> str:
    """A condition as JSON, in words."""
    try:
        return conditions.describe(conditions.parse(condition))
    except conditions.ConditionError as error:
        return f"cannot be read: {error}"


def change_words(changes: object) -> tuple[str, ...]:
    """Page changes as JSON, each in words."""
    try:
        return tuple(describe(change) for change in parse_changes(changes))
    except ChangeError as error:
        return (f"Cannot be read: {error}",)


def _outline(experience: Experience) -> ExperienceOutline:
    content = content_of(experience)
    return ExperienceOutline(
        id=experience.id,
        workspace_id=experience.workspace_id,
        name=content.name,
        type=ExperienceType(content.type),
        page_url=content.page_url,
        control_share=content.control_share,
        shown=settings_words(content.type, content.config),
        schedule=schedule_words(content.schedule) if content.schedule else "",
        frequency=frequency_words(content.frequency) if content.frequency else "",
        exclusion_group=content.exclusion_group,
        state=ExperienceState(experience.state),
        position=experience.position,
        version=experience.version,
        started_at=experience.started_at,
        promoted_at=experience.promoted_at,
        archived_at=experience.archived_at,
        updated_at=experience.updated_at,
        segments=tuple(_segment_outline(segment, content.type) for segment in experience.segments.all()),
    )


def _segment_outline(segment: AudienceSegment, kind: str) -> SegmentOutline:
    variations = list(segment.variations.all())
    parts = shares([one.weight for one in variations]) if variations else []
    return SegmentOutline(
        id=segment.id,
        name=segment.name,
        condition=condition_words(segment.condition),
        allocation=Allocation(segment.allocation),
        variations=tuple(
            VariationOutline(
                id=one.id,
                name=one.name,
                changes=change_words(one.changes) + content_words(kind, one.config),
                share=share,
            )
            for one, share in zip(variations, parts, strict=True)
        ),
    )
