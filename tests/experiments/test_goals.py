"""Making and choosing goals, on the real SQL store."""

import pytest

from pitcairn.experiences.services import save_experience
from pitcairn.experiments.models import Goal
from pitcairn.experiments.queries import goal_names, goals_of, workspace_goals
from pitcairn.experiments.services import MAX_GOALS, GoalError, choose_goals, create_goal, delete_goal
from pitcairn.workspaces.queries import configuration_revision
from pitcairn.workspaces.services import create_workspace

pytestmark = pytest.mark.django_db


def test_a_goal_is_made_once_per_workspace() -> None:
    acme, other = create_workspace("Acme"), create_workspace("Other")
    before = configuration_revision()
    goal = create_goal(acme.id, " Clicked Login Button ")
    assert configuration_revision() > before
    assert create_goal(acme.id, "Clicked Login Button") == goal
    create_goal(other.id, "Clicked Login Button")
    assert [one.name for one in workspace_goals(acme.id)] == ["Clicked Login Button"]


@pytest.mark.parametrize("event", ["", "  ", "x" * 201, "a\x00b"])
def test_an_event_that_cannot_be_a_goal_is_refused(event: str) -> None:
    with pytest.raises(GoalError):
        create_goal(create_workspace("Acme").id, event)
    assert not Goal.objects.exists()


def test_choosing_again_keeps_when_each_was_chosen() -> None:
    workspace = create_workspace("Acme")
    experience = save_experience(workspace_id=workspace.id, name="A", goals=["Signed Up", "Paid"])
    first = {goal.name: goal.chosen_at for goal in goals_of(experience.id)}
    assert goal_names(experience.id) == ["Signed Up", "Paid"]
    choose_goals(experience.id, workspace.id, ["Opened", "Paid"], "Paid")
    again = goals_of(experience.id)
    assert [(goal.name, goal.primary) for goal in again] == [("Paid", True), ("Opened", False)]
    assert again[0].chosen_at == first["Paid"]
    assert {goal.name for goal in Goal.objects.all()} == {"Signed Up", "Paid", "Opened"}


@pytest.mark.parametrize(
    ("events", "primary"),
    [(["A", "A "], None), (["A", ""], None), (["A"], "B"), ([f"Event {n}" for n in range(MAX_GOALS + 1)], None)],
)
def test_a_choice_that_makes_no_sense_is_refused(events: list[str], primary: str | None) -> None:
    workspace = create_workspace("Acme")
    experience = save_experience(workspace_id=workspace.id, name="A", goals=["Signed Up"])
    with pytest.raises(GoalError):
        choose_goals(experience.id, workspace.id, events, primary)
    assert goal_names(experience.id) == ["Signed Up"]


def test_a_goal_in_use_is_not_deleted() -> None:
    workspace, other = create_workspace("Acme"), create_workspace("Other")
    save_experience(workspace_id=workspace.id, name="A", goals=["Signed Up"])
    used, free = Goal.objects.get(name="Signed Up"), create_goal(workspace.id, "Paid")
    with pytest.raises(GoalError, match="1 experience is judged by “Signed Up”"):
        delete_goal(workspace.id, used.id)
    with pytest.raises(GoalError, match="no goal"):
        delete_goal(other.id, free.id)
    delete_goal(workspace.id, free.id)
    assert [goal.name for goal in Goal.objects.all()] == ["Signed Up"]
