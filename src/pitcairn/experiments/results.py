"""The results of an experience: what each arm did, for each goal, as a whole, by audience segment, variation and day.

`asking` reads from the SQL store what to ask for. The event store counts (`EventStore.results`: the first exposure of a
person decides, a conversion counts once and only within its goal's attribution window); `tally` orders the counts by
strata; `pitcairn.stats` turns them into intervals; `findings` says what follows; `judging` puts them together as
`result_values`.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pitcairn.experiences.queries import ExperienceOutline, experience_outline
from pitcairn.experiments.asking import Asked, asked_of
from pitcairn.experiments.findings import Finding
from pitcairn.experiments.judging import judged
from pitcairn.experiments.models import GoalUnit
from pitcairn.experiments.queries import goals_of
from pitcairn.experiments.result_values import ExperienceResults, GoalResult

if TYPE_CHECKING:
    from pitcairn.eventstore import EventStore


class ResultsError(LookupError):
    """There is nothing to show results of. The text says what is missing."""


def results(experience_id: int, store: "EventStore", now: datetime) -> ExperienceResults:
    """The results of an experience as of `now`.

    Raises ResultsError when there is no such experience, and the event store's own errors. An experience without goals
    gives results without goals.
    """
    experience = experience_outline(experience_id)
    if experience is None:
        raise ResultsError(f"there is no experience {experience_id}; list the experiences to see which there are")
    return count(asked_of(experience, now), store)


def count(asked: Asked, store: "EventStore") -> ExperienceResults:
    """The results for what is asked. Asks the event store alone."""
    cells = store.results(asked.query)
    by_account = any(goal.definition.unit is GoalUnit.ACCOUNT for goal in asked.goals)
    accounts = store.account_products(asked.query) if by_account else []
    return judged(asked, cells, accounts, store.unassigned_exposures(asked.query))


def primary_finding(experience: ExperienceOutline, store: "EventStore", now: datetime) -> Finding | None:
    """What the primary goal says so far, at the price of one query; None when the experience has no goal."""
    goal = _primary(experience, store, now)
    return goal.finding if goal else None


def primary_segments(experience: ExperienceOutline, store: "EventStore") -> dict[int, Finding]:
    """The same for each audience segment by its id; empty when the experience has no goal."""
    goal = _primary(experience, store, datetime.now(UTC))
    return {segment.id: segment.finding for segment in goal.segments} if goal else {}


def _primary(experience: ExperienceOutline, store: "EventStore", now: datetime) -> GoalResult | None:
    goals = goals_of(experience.id)[:1]
    if not goals:
        return None
    asked = asked_of(experience, now, goals)
    cells = store.results(asked.query) if goals[0].definition.numeric else store.results_by_day(asked.query)
    return judged(asked, cells, [], 0).primary
