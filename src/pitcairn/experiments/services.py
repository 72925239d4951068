"""What changes goals: which Track events count, and for which experience."""

from collections.abc import Sequence

from django.db import transaction

from pitcairn.experiments.models import ExperienceGoal, Goal
from pitcairn.workspaces.services import configuration_changed

MAX_EVENT_LENGTH = 200
# Every goal more makes it likelier that one of them moves by chance alone.
MAX_GOALS = 20


class GoalError(ValueError):
    """A goal cannot be made or chosen. The text says why and what to do."""


@transaction.atomic
def create_goal(workspace_id: int, event: str) -> Goal:
    """Makes the Track event a goal of the workspace, or finds that goal. Raises GoalError."""
    event = event.strip()
    problem = _event_problem(event)
    if problem:
        raise GoalError(problem)
    goal, created = Goal.objects.get_or_create(workspace_id=workspace_id, event=event)
    if created:
        configuration_changed()
    return goal


@transaction.atomic
def delete_goal(workspace_id: int, goal_id: int) -> None:
    """Deletes a goal that no experience is judged by. Raises GoalError for any other."""
    goal = Goal.objects.filter(workspace_id=workspace_id, id=goal_id).first()
    if goal is None:
        raise GoalError(f"there is no goal {goal_id} in this workspace; it may have been deleted")
    used = ExperienceGoal.objects.filter(goal=goal).count()
    if used:
        noun = "experience is" if used == 1 else "experiences are"
        raise GoalError(f"{used} {noun} judged by “{goal.event}”; choose other goals there first")
    goal.delete()
    configuration_changed()


@transaction.atomic
def choose_goals(
    experience_id: int, workspace_id: int, events: Sequence[str], primary: str | None = None
) -> list[ExperienceGoal]:
    """Sets the goals an experience is judged by, making them where they are new; the first is primary unless said.

    A goal that was chosen before keeps its time. Raises GoalError; then nothing is changed.
    """
    problems = goal_problems(events, primary)
    if problems:
        raise GoalError("; ".join(problems))
    names = [event.strip() for event in events]
    first = primary.strip() if primary else (names[0] if names else "")
    ExperienceGoal.objects.filter(experience_id=experience_id).exclude(goal__event__in=names).delete()
    chosen = []
    for name in names:
        goal = create_goal(workspace_id, name)
        chosen.append(
            ExperienceGoal.objects.update_or_create(
                experience_id=experience_id, goal=goal, defaults={"primary": name == first}
            )[0]
        )
    configuration_changed()
    return chosen


def goal_problems(events: Sequence[str], primary: str | None = None) -> list[str]:
    """Why these cannot be the goals of an experience; nothing when they can."""
    names = [event.strip() for event in events]
    problems = [problem for name in names if (problem := _event_problem(name))]
    problems += [f"“{name}” is chosen twice" for name in dict.fromkeys(names) if names.count(name) > 1]
    if len(names) > MAX_GOALS:
        problems.append(f"{len(names)} goals are too many; the limit is {MAX_GOALS}")
    if primary and primary.strip() not in names:
        problems.append(f"the primary goal “{primary}” is not one of the chosen goals")
    return problems


def _event_problem(event: str) -> str:
    if not event:
        return "the goal needs the name of a Track event, such as Clicked Login Button"
    if len(event) > MAX_EVENT_LENGTH:
        return f"{len(event)} characters are too many for an event name; the limit is {MAX_EVENT_LENGTH}"
    if "\x00" in event:
        return "the event name holds a NUL character; remove it"
    return ""
