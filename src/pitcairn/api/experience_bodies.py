"""Experiences as the management API sends and takes them: as files and versions hold them, with ids."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from ninja import Schema
from pydantic import Field

from pitcairn.api.bodies import Given
from pitcairn.experiences.content import Content, SegmentInput, VariationInput
from pitcairn.experiences.queries import ExperienceOutline
from pitcairn.experiences.timing import Frequency, Schedule
from pitcairn.experiments.queries import ChosenGoal


class VariationGiven(Given):
    """A variation of a segment. With its `id` it stays the one it is; without, it is found by its name, or is new."""

    id: int | None = None
    name: str = "Personalized"
    changes: list[dict[str, Any]] = Field(default=[], description="Page changes, in order.")
    config: dict[str, Any] = Field(default={}, description="What other types of experiences show.")
    weight: float | None = Field(default=None, description="Its part, where the segment's allocation is manual.")


class SegmentGiven(Given):
    """An audience segment. The first whose condition holds for a visitor decides."""

    id: int | None = None
    name: str
    condition: dict[str, Any] = Field(default={}, description="A tree of conditions; {} is everybody.")
    allocation: str = Field(default="even", description="even, manual or optimize")
    variations: list[VariationGiven] = []


class ScheduleGiven(Given):
    start: str = ""
    end: str = ""
    zone: str = "UTC"
    weekdays: list[str] = []
    from_time: str = ""
    to_time: str = ""


class FrequencyGiven(Given):
    times: int
    amount: int = 1
    unit: str = "days"


class ExperienceGiven(Given):
    """An experience whole: what is left out is as in a new one."""

    name: str
    page_url: str = "*"
    control_share: float = 0.5
    type: str = "page"
    config: dict[str, Any] = {}
    schedule: ScheduleGiven | None = None
    frequency: FrequencyGiven | None = None
    exclusion_group: str = ""
    segments: list[SegmentGiven] = []
    goals: list[str] = Field(default=[], description="By name, the primary one first; a new name is a Track event.")
    guardrails: list[str] = Field(default=[], description="Those of the goals that must not get worse.")


class ExperienceReplaced(ExperienceGiven):
    version: int | None = Field(
        default=None, description="The version this was made from, unless If-Match says it. Another one in force: 412."
    )


class BasedOn(Given):
    version: int | None = None


class Order(Given):
    ids: list[int] = Field(description="Every experience of the workspace, by priority.")


class ExperienceSummary(Schema):
    id: int
    name: str
    type: str
    state: str
    page_url: str
    control_share: float
    priority: int
    version: int
    started_at: datetime | None
    promoted_at: datetime | None
    archived_at: datetime | None
    updated_at: datetime


class ExperienceList(Schema):
    items: list[ExperienceSummary]
    next_cursor: str | None


class ContentShown(Schema):
    name: str
    page_url: str
    control_share: float
    type: str
    config: dict[str, Any]
    schedule: dict[str, Any] | None
    frequency: dict[str, Any] | None
    exclusion_group: str
    segments: list[dict[str, Any]]


class ExperienceShown(ExperienceSummary):
    config: dict[str, Any]
    schedule: dict[str, Any] | None
    frequency: dict[str, Any] | None
    exclusion_group: str
    segments: list[dict[str, Any]]
    goals: list[str]
    guardrails: list[str]


class VersionSummary(Schema):
    number: int
    made_at: datetime
    made_by: str
    restores: int | None


class VersionList(Schema):
    items: list[VersionSummary]
    next_cursor: str | None


class VersionShown(VersionSummary):
    content: ContentShown


class DifferenceShown(Schema):
    where: str
    before: list[str]
    after: list[str]


class Comparison(Schema):
    older: int
    newer: int
    differences: list[DifferenceShown]


def arguments(body: ExperienceGiven) -> dict[str, Any]:
    """What `services.save_experience` takes."""
    return {
        "name": body.name,
        "page_url": body.page_url,
        "control_share": body.control_share,
        "type": body.type,
        "config": body.config,
        "schedule": None if body.schedule is None else msgspec.convert(body.schedule.model_dump(), Schedule),
        "frequency": None if body.frequency is None else msgspec.convert(body.frequency.model_dump(), Frequency),
        "exclusion_group": body.exclusion_group,
        "segments": [_segment(one) for one in body.segments],
        "goals": body.goals,
        "guardrails": body.guardrails,
    }


def summary(outline: ExperienceOutline) -> dict[str, Any]:
    return {
        "id": outline.id,
        "name": outline.name,
        "type": outline.type,
        "state": outline.state,
        "page_url": outline.page_url,
        "control_share": outline.control_share,
        "priority": outline.position,
        "version": outline.version,
        "started_at": outline.started_at,
        "promoted_at": outline.promoted_at,
        "archived_at": outline.archived_at,
        "updated_at": outline.updated_at,
    }


def shown(outline: ExperienceOutline, content: Content, goals: Sequence[ChosenGoal]) -> dict[str, Any]:
    return {
        **content_shown(content),
        **summary(outline),
        "goals": [goal.name for goal in goals],
        "guardrails": [goal.name for goal in goals if goal.role == "guardrail"],
    }


def content_shown(content: Content) -> dict[str, Any]:
    value: dict[str, Any] = msgspec.to_builtins(content)
    return value


def _segment(given: SegmentGiven) -> SegmentInput:
    return SegmentInput(
        id=given.id,
        name=given.name,
        condition=given.condition,
        allocation=given.allocation,
        variations=[
            VariationInput(id=one.id, name=one.name, changes=one.changes, config=one.config, weight=one.weight)
            for one in given.variations
        ],
    )
