"""Goals from when they were Track events and nothing more."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from pitcairn.experiments.models import GoalRole
from pitcairn.experiments.queries import goals_of

BEFORE = [("experiments", "0001_initial")]


@pytest.mark.django_db(transaction=True)
def test_goals_keep_their_names_and_roles() -> None:
    executor = MigrationExecutor(connection)
    newest = executor.loader.graph.leaf_nodes()
    executor.migrate(BEFORE)
    try:
        others = [node for node in newest if node[0] in {"experiences", "workspaces"}]
        apps = executor.loader.project_state([*BEFORE, *others]).apps
        owner = apps.get_model("workspaces", "Workspace").objects.create(name="Acme", secret="s")
        experience = apps.get_model("experiences", "Experience").objects.create(workspace=owner, name="Home")
        goals = apps.get_model("experiments", "Goal").objects
        for event, primary in (("Paid", False), ("Signed Up", True)):
            apps.get_model("experiments", "ExperienceGoal").objects.create(
                experience=experience, goal=goals.create(workspace=owner, event=event), primary=primary
            )
    finally:
        MigrationExecutor(connection).migrate(newest)
    kept = goals_of(experience.id)
    assert [(goal.name, goal.definition.event, goal.role) for goal in kept] == [
        ("Signed Up", "Signed Up", GoalRole.PRIMARY),
        ("Paid", "Paid", GoalRole.SECONDARY),
    ]
    assert all(goal.definition.window_days == 7 for goal in kept)
