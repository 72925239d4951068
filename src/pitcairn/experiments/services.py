"""What changes goals: what they are made of, and which an experience is judged by, in which role."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from pitcairn import conditions
from pitcairn.experiments.goal_definitions import GoalDefinition, problems, text_problem
from pitcairn.experiments.internal_traffic import (
    MAX_LINES,
    InternalRules,
    InternalTrafficError,
    read_networks,
    trait_condition,
)
from pitcairn.experiments.models import ExperienceGoal, Goal, GoalKind, GoalRole, InternalTraffic
from pitcairn.workspaces.services import configuration_changed

# Every goal more makes it likelier that one of them moves by chance alone.
MAX_GOALS = 20


class GoalError(ValueError):
    """A goal cannot be made or chosen. `problems` are by field where they are of one; the text says all of them."""

    def __init__(self, text: str, found: Mapping[str, str] | None = None) -> None:
        super().__init__(text)
        self.problems = dict(found or {})


@transaction.atomic
def create_goal(workspace_id: int, event: str) -> Goal:
    """Makes the Track event a goal of the workspace, or finds the goal of this name. Raises GoalError."""
    name = event.strip()
    if problem := text_problem(name, "event"):
        raise GoalError(problem)
    goal, created = Goal.objects.get_or_create(workspace_id=workspace_id, name=name, defaults={"event": name})
    if created:
        configuration_changed()
    return goal


@transaction.atomic
def save_goal(
    workspace_id: int, definition: GoalDefinition, goal_id: int | None = None, now: datetime | None = None
) -> Goal:
    """Makes a goal, or changes one. Raises GoalError with a problem for each field that is wrong.

    What counts is known to have changed after an experience was started, unless only the name is another.
    """
    found = problems(definition)
    goal = Goal(workspace_id=workspace_id) if goal_id is None else _goal(workspace_id, goal_id)
    name = definition.name.strip()
    if Goal.objects.filter(workspace_id=workspace_id, name=name).exclude(id=goal.id).exists():
        found.setdefault("name", f"there is a goal “{name}” already; give this one another name")
    if found:
        raise GoalError("; ".join(found.values()), found)
    made = {
        "kind": definition.kind.value,
        "event": definition.event.strip() if definition.kind is GoalKind.TRACK else "",
        "page": definition.page.strip() if definition.kind is GoalKind.PAGE else "",
        "selector": definition.selector.strip() if definition.kind in {GoalKind.CLICK, GoalKind.SUBMIT} else "",
        "where": dict(definition.where),
        "value": definition.value.strip(),
        "window_days": definition.window_days,
        "unit": definition.unit.value,
    }
    changed = any(getattr(goal, field) != value for field, value in made.items())
    for field, value in made.items():
        setattr(goal, field, value)
    goal.name = name
    if goal_id is not None and changed:
        goal.defined_at = now or timezone.now()
    goal.save()
    configuration_changed()
    return goal


@transaction.atomic
def delete_goal(workspace_id: int, goal_id: int) -> None:
    """Deletes a goal that no experience is judged by. Raises GoalError for any other."""
    goal = _goal(workspace_id, goal_id)
    used = ExperienceGoal.objects.filter(goal=goal).count()
    if used:
        noun = "experience is" if used == 1 else "experiences are"
        raise GoalError(f"{used} {noun} judged by “{goal.name}”; choose other goals there first")
    goal.delete()
    configuration_changed()


@transaction.atomic
def choose_goals(
    experience_id: int,
    workspace_id: int,
    names: Sequence[str],
    primary: str | None = None,
    guardrails: Sequence[str] | None = None,
) -> list[ExperienceGoal]:
    """Sets the goals an experience is judged by; a name that no goal has is made one of the Track event of that name.

    The first is primary unless said. A goal that was chosen before keeps its time, and, without `guardrails`, whether it is
    a guardrail. Raises GoalError; then nothing is changed.
    """
    found = goal_problems(names, primary)
    if found:
        raise GoalError("; ".join(found))
    chosen_names = [name.strip() for name in names]
    first = primary.strip() if primary else (chosen_names[0] if chosen_names else "")
    before = ExperienceGoal.objects.filter(experience_id=experience_id)
    guarded = (
        set(before.filter(role=GoalRole.GUARDRAIL).values_list("goal__name", flat=True))
        if guardrails is None
        else {name.strip() for name in guardrails}
    )
    before.exclude(goal__name__in=chosen_names).delete()
    chosen = []
    for name in chosen_names:
        role = GoalRole.PRIMARY if name == first else GoalRole.GUARDRAIL if name in guarded else GoalRole.SECONDARY
        chosen.append(
            ExperienceGoal.objects.update_or_create(
                experience_id=experience_id, goal=create_goal(workspace_id, name), defaults={"role": role}
            )[0]
        )
    configuration_changed()
    return chosen


def goal_problems(names: Sequence[str], primary: str | None = None) -> list[str]:
    """Why these cannot be the goals of an experience; nothing when they can."""
    stripped = [name.strip() for name in names]
    found = [problem for name in stripped if (problem := text_problem(name, "event"))]
    found += [f"“{name}” is chosen twice" for name in dict.fromkeys(stripped) if stripped.count(name) > 1]
    if len(stripped) > MAX_GOALS:
        found.append(f"{len(stripped)} goals are too many; the limit is {MAX_GOALS}")
    if primary and primary.strip() not in stripped:
        found.append(f"the primary goal “{primary}” is not one of the chosen goals")
    return found


@transaction.atomic
def set_internal_traffic(workspace_id: int, rules: InternalRules) -> None:
    """Whose visits results leave out, from now on: what came before was marked when it came.

    Raises InternalTrafficError; then nothing is changed.
    """
    if max(len(rules.networks), len(rules.traits)) > MAX_LINES:
        raise InternalTrafficError(f"at most {MAX_LINES} lines are kept; write networks instead of addresses")
    read_networks(rules.networks)
    condition = trait_condition(rules.traits)
    if condition is not None:
        try:
            conditions.parse(condition)
        except conditions.ConditionError as error:
            raise InternalTrafficError(f"the traits are not understood: {error}") from error
    InternalTraffic.objects.update_or_create(
        workspace_id=workspace_id, defaults={"networks": list(rules.networks), "traits": list(rules.traits)}
    )
    configuration_changed()


def _goal(workspace_id: int, goal_id: int) -> Goal:
    goal = Goal.objects.filter(workspace_id=workspace_id, id=goal_id).first()
    if goal is None:
        raise GoalError(f"there is no goal {goal_id} in this workspace; it may have been deleted")
    return goal
