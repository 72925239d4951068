"""What results are asked for: all that the SQL store knows of an experience and its goals, as a query to the event store."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from pitcairn.experiences.queries import ExperienceOutline
from pitcairn.experiments.allocation import Allocation, allocation_of
from pitcairn.experiments.goal_definitions import condition_of, event_of, page_of
from pitcairn.experiments.queries import ChosenGoal, SharingStep, goals_of, plan_of, sharing_steps

if TYPE_CHECKING:
    from pitcairn.eventstore import GoalQuery, ResultsQuery

# What a number per visitor is planned for where nobody planned: its sequential interval is the narrowest there.
USUAL_PLAN = 10_000


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """All that is to be known from the SQL store before the event store is asked."""

    experience: ExperienceOutline
    goals: tuple[ChosenGoal, ...]
    allocation: Allocation
    planned: int
    steps: tuple[SharingStep, ...]
    query: "ResultsQuery"
    now: datetime

    def as_of(self, now: datetime) -> "Asked":
        """The same at another moment."""
        return msgspec.structs.replace(self, now=now, query=msgspec.structs.replace(self.query, until=now))


def asked_of(experience: ExperienceOutline, now: datetime, goals: Sequence[ChosenGoal] | None = None) -> Asked:
    """What results are asked for: these goals, or all of the experience's, the primary one first."""
    from pitcairn.eventstore import ResultsQuery  # noqa: PLC0415 - the embedded engine takes long to import

    chosen = tuple(goals_of(experience.id) if goals is None else goals)
    allocation = allocation_of(experience)
    plan = plan_of(experience.id)
    return Asked(
        experience=experience,
        goals=chosen,
        allocation=allocation,
        planned=plan.visitors if plan else USUAL_PLAN,
        # Lists ask for one goal, and show none of them.
        steps=tuple(sharing_steps(experience.id)) if goals is None else (),
        now=now,
        query=ResultsQuery(
            workspace_id=experience.workspace_id,
            experience_id=experience.id,
            goals=tuple(goal_query(goal) for goal in chosen),
            until=now,
            epochs=allocation.starts,
        ),
    )


def goal_query(goal: ChosenGoal) -> "GoalQuery":
    """The goal as the event store understands it."""
    from pitcairn.eventstore import GoalQuery  # noqa: PLC0415 - the embedded engine takes long to import

    page = page_of(goal.definition)
    return GoalQuery(
        type="page" if page else "track",
        event=event_of(goal.definition),
        page=page,
        where=condition_of(goal.definition, goal.id),
        value=goal.definition.value,
        window_seconds=round(goal.definition.window_days * 86_400),
    )
