"""What others may know of goals."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
from django.db.models import Count

from pitcairn.experiments.goal_definitions import REPORTED_EVENTS, GoalDefinition
from pitcairn.experiments.internal_traffic import InternalRules
from pitcairn.experiments.models import (
    ExperienceGoal,
    ExperiencePlan,
    Goal,
    GoalKind,
    GoalRole,
    GoalUnit,
    InternalTraffic,
    OptimizationOutcome,
    OptimizationStep,
)


class ChosenGoal(msgspec.Struct, frozen=True, kw_only=True):
    """A goal that an experience is judged by. `chosen_at` is when it was, or was last changed, whichever came later."""

    id: int
    definition: GoalDefinition
    role: GoalRole
    chosen_at: datetime

    @property
    def name(self) -> str:
        return self.definition.name

    @property
    def primary(self) -> bool:
        return self.role is GoalRole.PRIMARY


def goals_of(experience_id: int) -> list[ChosenGoal]:
    """The goals of an experience, the primary one first, then in the order they were chosen, guardrails last."""
    rows = ExperienceGoal.objects.filter(experience_id=experience_id).select_related("goal").order_by("id")
    chosen = [
        ChosenGoal(
            id=row.goal_id,
            definition=definition_of(row.goal),
            role=GoalRole(row.role),
            chosen_at=max(row.chosen_at, row.goal.defined_at),
        )
        for row in rows
    ]
    return sorted(chosen, key=lambda goal: list(GoalRole).index(goal.role))


def most_used_goals(workspace_id: int) -> list[ChosenGoal]:
    """The goals that experiences of the workspace have as primary, those of most experiences first."""
    goals = Goal.objects.filter(workspace_id=workspace_id, experiences__role=GoalRole.PRIMARY)
    counted = goals.annotate(used=Count("experiences")).order_by("-used", "name")
    return [
        ChosenGoal(id=goal.id, definition=definition_of(goal), role=GoalRole.PRIMARY, chosen_at=goal.defined_at)
        for goal in counted
    ]


def goal_names(experience_id: int) -> list[str]:
    """The names of the goals an experience is judged by, the primary one first."""
    return [goal.name for goal in goals_of(experience_id)]


def definition_of(goal: Goal) -> GoalDefinition:
    return GoalDefinition(
        name=goal.name,
        kind=GoalKind(goal.kind),
        event=goal.event,
        page=goal.page,
        selector=goal.selector,
        where=goal.where,
        value=goal.value,
        window_days=goal.window_days,
        unit=GoalUnit(goal.unit),
    )


def workspace_goals(workspace_id: int) -> list[Goal]:
    """Every goal of the workspace, by name."""
    return list(Goal.objects.filter(workspace_id=workspace_id).order_by("name"))


def workspace_goal(workspace_id: int, goal_id: int) -> Goal | None:
    return Goal.objects.filter(workspace_id=workspace_id, id=goal_id).first()


class ElementGoal(msgspec.Struct, frozen=True, kw_only=True):
    """A goal that the tag reports: `on` is click or submit."""

    id: int
    on: str
    selector: str


def element_goals(experience_ids: Iterable[int]) -> dict[int, list[ElementGoal]]:
    """By workspace, the goals of these experiences that only the tag can see, each once."""
    found: dict[int, list[ElementGoal]] = {}
    goals = Goal.objects.filter(kind__in=REPORTED_EVENTS, experiences__experience_id__in=list(experience_ids))
    for goal in goals.distinct().order_by("id"):
        found.setdefault(goal.workspace_id, []).append(ElementGoal(id=goal.id, on=goal.kind, selector=goal.selector))
    return found


class GoalChoice(msgspec.Struct, frozen=True, kw_only=True):
    """A goal, or an event that can be chosen as one. `seen` is how many times the event came, None when it never did."""

    name: str
    chosen: bool
    seen: int | None
    role: GoalRole | None = None
    id: int | None = None
    in_words: str = ""
    event: bool = True
    """It is a Track event and nothing more, so that it can have come."""


OFFERED_EVENTS = 8


def goal_choices(
    workspace_id: int, chosen: Sequence[str], seen: Sequence[tuple[str, int]], roles: dict[str, GoalRole] | None = None
) -> list[GoalChoice]:
    """What a form offers: the chosen goals, the workspace's other goals, and the events that came most often."""
    counts = dict(seen)
    goals = {goal.name: goal for goal in workspace_goals(workspace_id)}
    often = [event for event, _ in sorted(seen, key=lambda pair: -pair[1]) if event not in {*chosen, *goals}]
    offered = []
    for name in dict.fromkeys([*chosen, *goals, *often[:OFFERED_EVENTS]]):
        goal = goals.get(name)
        definition = definition_of(goal) if goal else GoalDefinition(name=name, event=name)
        offered.append(
            GoalChoice(
                name=name,
                chosen=name in chosen,
                seen=counts.get(definition.event) if definition.kind is GoalKind.TRACK else None,
                role=(roles or {}).get(name),
                id=goal.id if goal else None,
                in_words="" if definition.in_words == name else definition.in_words,
                event=definition.kind is GoalKind.TRACK,
            )
        )
    return offered


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What an experience was planned for: `visitors` of all arms, to find a `lift` over the control's rate of `baseline`."""

    visitors: int
    lift: float
    baseline: float
    made_at: datetime


def plan_of(experience_id: int) -> Plan | None:
    row = ExperiencePlan.objects.filter(experience_id=experience_id).first()
    if row is None:
        return None
    return Plan(visitors=row.visitors, lift=row.lift, baseline=row.baseline, made_at=row.made_at)


class SharingStep(msgspec.Struct, frozen=True, kw_only=True):
    """One look at a segment whose shares are learned: see `models.OptimizationStep`. Keys are variation ids."""

    segment_id: int
    made_at: datetime
    outcome: OptimizationOutcome
    goal: str
    shares: dict[int, float]
    chances: dict[int, float]
    counted: dict[int, tuple[int, int]]
    note: str


MOST_STEPS = 2_000


def sharing_steps(experience_id: int) -> list[SharingStep]:
    """What was learned about the shares of an experience, the newest last: at most the newest `MOST_STEPS`."""
    rows = OptimizationStep.objects.filter(segment__experience_id=experience_id).order_by("-made_at", "-id")
    return [
        SharingStep(
            segment_id=row.segment_id,
            made_at=row.made_at,
            outcome=OptimizationOutcome(row.outcome),
            goal=row.goal,
            shares={int(key): value for key, value in row.shares.items()},
            chances={int(key): value for key, value in row.chances.items()},
            counted={int(key): (value[0], value[1]) for key, value in row.counted.items()},
            note=row.note,
        )
        for row in rows[:MOST_STEPS]
    ][::-1]


def internal_rules() -> dict[int, InternalRules]:
    """By workspace, whose visits results leave out."""
    return {row.workspace_id: _rules(row) for row in InternalTraffic.objects.all()}


def internal_rules_of(workspace_id: int) -> InternalRules:
    row = InternalTraffic.objects.filter(workspace_id=workspace_id).first()
    return InternalRules() if row is None else _rules(row)


def _rules(row: InternalTraffic) -> InternalRules:
    return InternalRules(networks=tuple(row.networks), traits=tuple(row.traits))
