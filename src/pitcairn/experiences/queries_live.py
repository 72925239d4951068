"""What decisions need to know of experiences, read whole when the configuration has changed."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import msgspec

from pitcairn import conditions
from pitcairn.experiences import components
from pitcairn.experiences.changes import Change, ChangeError, parse_changes
from pitcairn.experiences.content import Content, SegmentInput
from pitcairn.experiences.models import SERVED, Experience, ExperienceState, HoldoutPeriod
from pitcairn.experiences.page_patterns import PagePatternError, compile_page_pattern
from pitcairn.experiences.saving import content_of, shares, whole
from pitcairn.experiences.timing import Frequency, Schedule, TimingError, timetable

log = logging.getLogger(__name__)


class LiveVariation(msgspec.Struct, frozen=True, kw_only=True):
    """`share` is its part of the segment's personalized visitors."""

    id: int
    name: str
    changes: tuple[Change, ...] = ()
    config: Mapping[str, Any] = {}
    share: float = 1.0


class LiveSegment(msgspec.Struct, frozen=True, kw_only=True):
    """`condition` is the tree of `conditions/` as JSON."""

    id: int
    name: str
    condition: Mapping[str, Any]
    variations: tuple[LiveVariation, ...]


class LiveExperience(msgspec.Struct, frozen=True, kw_only=True):
    """An experience that visitors see. `page_pattern` is the source of a regular expression (see there).

    `exclusion_group` is the group's id, 0 for none.
    """

    id: int
    workspace_id: int
    name: str
    page_pattern: str
    control_share: float
    segments: tuple[LiveSegment, ...]
    type: str = "page"
    config: Mapping[str, Any] = {}
    promoted: bool = False
    schedule: Schedule | None = None
    frequency: Frequency | None = None
    exclusion_group: int = 0


def live_experiences() -> list[LiveExperience]:
    """The live and promoted experiences of all workspaces, each workspace's in the order of their priority.

    What is saved has been checked; an experience that newer rules refuse is left out and logged, so that it cannot stop
    the others.
    """
    served = Experience.objects.filter(state__in=SERVED).order_by("workspace_id", "position", "id")
    live = []
    for experience in whole(served):
        try:
            live.append(live_experience(experience))
        except (
            ChangeError,
            PagePatternError,
            TimingError,
            conditions.ConditionError,
            msgspec.ValidationError,
        ) as error:
            log.error("experience %s (%r) is not served, edit and save it: %s", experience.id, experience.name, error)
    return live


def holdout_shares() -> dict[int, float]:
    """By workspace, the share of visitors who are kept from all experiences now; workspaces without one are left out."""
    periods = HoldoutPeriod.objects.order_by("started_at", "id").values_list("workspace_id", "share")
    found = dict(periods)  # The last one of each workspace stays.
    return {workspace_id: share for workspace_id, share in found.items() if share > 0}


def live_experience(experience: Experience) -> LiveExperience:
    """An experience that was read `whole`, as decisions need it. Raises what `live_experiences` logs."""
    content = content_of(experience)
    if content.schedule is not None:
        timetable(content.schedule)
    if content.type in components.SETTINGS:
        components.settings_of(content.type, content.config)
        for variation in (one for segment in content.segments for one in segment.variations):
            components.content_of(content.type, variation.config)
    return LiveExperience(
        id=experience.id,
        workspace_id=experience.workspace_id,
        name=content.name,
        page_pattern=compile_page_pattern(content.page_url),
        control_share=content.control_share,
        type=content.type,
        config=content.config,
        promoted=experience.state == ExperienceState.PROMOTED,
        schedule=content.schedule,
        frequency=content.frequency,
        exclusion_group=experience.exclusion_group_id or 0,
        segments=_segments(content, experience),
    )


def _segments(content: Content, experience: Experience) -> tuple[LiveSegment, ...]:
    weights = {one.id: one.weight for segment in experience.segments.all() for one in segment.variations.all()}
    return tuple(_segment(segment, weights) for segment in content.segments if segment.variations)


def _segment(segment: SegmentInput, weights: Mapping[int, float]) -> LiveSegment:
    conditions.check_place(conditions.parse(segment.condition), "visit")
    return LiveSegment(
        id=segment.id or 0,
        name=segment.name,
        condition=segment.condition,
        variations=tuple(
            LiveVariation(
                id=one.id or 0, name=one.name, changes=parse_changes(one.changes), config=one.config, share=share
            )
            for one, share in zip(
                segment.variations, shares([weights[one.id or 0] for one in segment.variations]), strict=True
            )
        ),
    )
