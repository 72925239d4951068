"""What others may know of goals."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from pitcairn.experiments.models import ExperienceGoal, Goal


class ChosenGoal(msgspec.Struct, frozen=True, kw_only=True):
    """A goal that an experience is judged by."""

    id: int
    event: str
    primary: bool
    chosen_at: datetime


def goals_of(experience_id: int) -> list[ChosenGoal]:
    """The goals of an experience, the primary one first, then in the order they were chosen."""
    rows = ExperienceGoal.objects.filter(experience_id=experience_id).select_related("goal").order_by("-primary", "id")
    return [
        ChosenGoal(id=row.goal_id, event=row.goal.event, primary=row.primary, chosen_at=row.chosen_at) for row in rows
    ]


def goal_events(experience_id: int) -> list[str]:
    """The Track event names an experience is judged by, the primary one first."""
    return [goal.event for goal in goals_of(experience_id)]


def workspace_goals(workspace_id: int) -> list[Goal]:
    """Every goal of the workspace, by name."""
    return list(Goal.objects.filter(workspace_id=workspace_id).order_by("event"))


class GoalChoice(msgspec.Struct, frozen=True, kw_only=True):
    """An event that can be chosen as a goal. `seen` is how many times it came, None when it never did."""

    event: str
    chosen: bool
    seen: int | None


OFFERED_EVENTS = 8


def goal_choices(workspace_id: int, chosen: Sequence[str], seen: Sequence[tuple[str, int]]) -> list[GoalChoice]:
    """What a form offers: the chosen goals, the workspace's other goals, and the events that came most often."""
    counts = dict(seen)
    goals = [goal.event for goal in workspace_goals(workspace_id)]
    often = [event for event, _ in sorted(seen, key=lambda pair: -pair[1]) if event not in {*chosen, *goals}]
    offered = dict.fromkeys([*chosen, *goals, *often[:OFFERED_EVENTS]])
    return [GoalChoice(event=event, chosen=event in chosen, seen=counts.get(event)) for event in offered]
