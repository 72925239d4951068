"""What others may know of experiences."""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from django.db.models import Prefetch, QuerySet

from pitcairn import conditions
from pitcairn.experiences.changes import Change, ChangeError, describe, parse_changes
from pitcairn.experiences.models import AudienceSegment, Experience, ExperienceState, Variation
from pitcairn.experiences.page_patterns import PagePatternError, compile_page_pattern

log = logging.getLogger(__name__)


class LiveVariation(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    name: str
    changes: tuple[Change, ...]


class LiveSegment(msgspec.Struct, frozen=True, kw_only=True):
    """`condition` is the tree of `conditions/` as JSON."""

    id: int
    name: str
    condition: Mapping[str, Any]
    variation: LiveVariation


class LiveExperience(msgspec.Struct, frozen=True, kw_only=True):
    """A running experience as decisions need it. `page_pattern` is the source of a regular expression (see there)."""

    id: int
    workspace_id: int
    name: str
    page_pattern: str
    control_share: float
    segments: tuple[LiveSegment, ...]


def live_experiences() -> list[LiveExperience]:
    """The running experiences of all workspaces, each workspace's in the order that decides between them.

    What is saved has been checked; an experience that newer rules refuse is left out and logged, so that it cannot stop
    the others.
    """
    found = (
        Experience.objects.filter(state=ExperienceState.RUNNING)
        .order_by("workspace_id", "position", "id")
        .prefetch_related(
            Prefetch("segments", AudienceSegment.objects.order_by("position", "id")),
            Prefetch("segments__variations", Variation.objects.order_by("id")),
        )
    )
    live = []
    for experience in found:
        try:
            live.append(_live(experience))
        except (ChangeError, PagePatternError, conditions.ConditionError) as error:
            log.error("experience %s (%r) is not served, edit and save it: %s", experience.id, experience.name, error)
    return live


def _live(experience: Experience) -> LiveExperience:
    segments = []
    for segment in experience.segments.all():
        variation = next(iter(segment.variations.all()), None)
        if variation is None:
            continue
        conditions.check_place(conditions.parse(segment.condition), "visit")
        segments.append(
            LiveSegment(
                id=segment.id,
                name=segment.name,
                condition=segment.condition,
                variation=LiveVariation(
                    id=variation.id,
                    name=variation.name,
                    changes=parse_changes(variation.changes),
                ),
            )
        )
    return LiveExperience(
        id=experience.id,
        workspace_id=experience.workspace_id,
        name=experience.name,
        page_pattern=compile_page_pattern(experience.page_url),
        control_share=experience.control_share,
        segments=tuple(segments),
    )


class VariationOutline(msgspec.Struct, frozen=True, kw_only=True):
    """A variation by name, each of its changes in words."""

    id: int
    name: str
    changes: tuple[str, ...]


class SegmentOutline(msgspec.Struct, frozen=True, kw_only=True):
    """An audience segment by name, its condition in words."""

    id: int
    name: str
    condition: str
    variations: tuple[VariationOutline, ...]


class ExperienceOutline(msgspec.Struct, frozen=True, kw_only=True):
    """An experience as pages and results show it."""

    id: int
    workspace_id: int
    name: str
    page_url: str
    control_share: float
    state: ExperienceState
    position: int
    started_at: datetime | None
    ended_at: datetime | None
    updated_at: datetime
    segments: tuple[SegmentOutline, ...]

    @property
    def edited_since_launch(self) -> bool:
        return self.started_at is not None and self.updated_at > self.started_at


def experience_outline(experience_id: int, workspace_id: int | None = None) -> ExperienceOutline | None:
    """The experience, or None when there is none, or none of this workspace."""
    found = _outlined().filter(id=experience_id)
    if workspace_id is not None:
        found = found.filter(workspace_id=workspace_id)
    experience = found.first()
    return _outline(experience) if experience else None


def experience_outlines(workspace_id: int) -> list[ExperienceOutline]:
    """Every experience of the workspace, in the order in which they decide."""
    return [_outline(experience) for experience in _outlined().filter(workspace_id=workspace_id)]


def experience_data(experience_id: int) -> dict[str, Any]:
    """An experience as `services.save_experience` would take it, each segment with its id; for the form."""
    experience = _outlined().get(id=experience_id)
    return {
        "name": experience.name,
        "page_url": experience.page_url,
        "control_share": experience.control_share,
        "segments": [
            {
                "id": segment.id,
                "name": segment.name,
                "condition": segment.condition,
                "variation": next((one.name for one in segment.variations.all()), "Personalized"),
                "changes": next((one.changes for one in segment.variations.all()), []),
            }
            for segment in experience.segments.all()
        ],
    }


def find_experience(workspace_id: int, name_or_id: str) -> int | None:
    """The id of the experience with this name, or with this id; names win. For the command line."""
    ours = Experience.objects.filter(workspace_id=workspace_id)
    found = ours.filter(name=name_or_id.strip()).first()
    if found is None and name_or_id.strip().isascii() and name_or_id.strip().isdigit():
        found = ours.filter(id=int(name_or_id)).first()
    return found.id if found else None


def _outlined() -> QuerySet[Experience]:
    return Experience.objects.order_by("position", "id").prefetch_related(
        Prefetch("segments", AudienceSegment.objects.order_by("position", "id")),
        Prefetch("segments__variations", Variation.objects.order_by("id")),
    )


def _outline(experience: Experience) -> ExperienceOutline:
    return ExperienceOutline(
        id=experience.id,
        workspace_id=experience.workspace_id,
        name=experience.name,
        page_url=experience.page_url,
        control_share=experience.control_share,
        state=ExperienceState(experience.state),
        position=experience.position,
        started_at=experience.started_at,
        ended_at=experience.ended_at,
        updated_at=experience.updated_at,
        segments=tuple(
            SegmentOutline(
                id=segment.id,
                name=segment.name,
                condition=_in_words(segment.condition),
                variations=tuple(
                    VariationOutline(id=variation.id, name=variation.name, changes=_changes_in_words(variation.changes))
                    for variation in segment.variations.all()
                ),
            )
            for segment in experience.segments.all()
        ),
    )


def _in_words(condition: object) -> str:
    try:
        return conditions.describe(conditions.parse(condition))
    except conditions.ConditionError as error:
        return f"cannot be read: {error}"


def _changes_in_words(changes: object) -> tuple[str, ...]:
    try:
        return tuple(describe(change) for change in parse_changes(changes))
    except ChangeError as error:
        return (f"Cannot be read: {error}",)
