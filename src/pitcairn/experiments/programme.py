"""What all experiences together are worth: everyone against the global holdout.

Visitors of the holdout see the original everywhere. Everyone else, controls of single experiments among them, is compared with
them, from the first time that any experience would have been shown: the only fair total, because experiences share visitors and
the sum of winners counts their luck.
"""

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from pitcairn import stats
from pitcairn.experiences.queries import holdout_periods
from pitcairn.experiments import findings, tally
from pitcairn.experiments.asking import goal_query
from pitcairn.experiments.findings import Finding
from pitcairn.experiments.goal_results import LOOKS, lifts_of
from pitcairn.experiments.queries import ChosenGoal, most_used_goals
from pitcairn.experiments.result_values import ArmResult, LiftOnDay
from pitcairn.stats import NotComputable, Reason

if TYPE_CHECKING:
    from pitcairn.eventstore import EventStore


class Programme(msgspec.Struct, frozen=True, kw_only=True):
    """Everyone against the holdout, for one goal."""

    goal: ChosenGoal
    goals: tuple[ChosenGoal, ...]
    everyone: ArmResult
    holdout: ArmResult
    finding: Finding
    split: stats.SplitCheck | NotComputable
    share: float
    since: datetime
    as_of: datetime
    lifts: tuple[LiftOnDay, ...]


def programme(workspace_id: int, store: "EventStore", now: datetime, name: str = "") -> Programme | None:
    """The total of the programme for a goal by name, or for the one that most experiences have as primary.

    None without a holdout or without goals that count conversions.
    """
    from pitcairn.eventstore import ResultsQuery  # noqa: PLC0415 - the embedded engine takes long to import

    periods = holdout_periods(workspace_id)
    goals = tuple(goal for goal in most_used_goals(workspace_id) if not goal.definition.numeric)
    if not periods or not any(period.share for period in periods) or not goals:
        return None
    goal = next((one for one in goals if one.name == name), goals[0])
    starts = tuple(period.started_at for period in periods)
    query = ResultsQuery(
        workspace_id=workspace_id, experience_id=0, goals=(goal_query(goal),), programme=True, until=now, epochs=starts
    )

    def shares(_: int, epoch: int) -> dict[int, float]:
        share = periods[epoch - 1].share if epoch else 0.0
        return {0: share, 1: 1 - share}

    # Before there was a holdout there was nothing to compare with.
    cells = [
        cell
        for cell in store.results_by_day(query)
        if not cell.excluded and cell.epoch and periods[cell.epoch - 1].share
    ]
    first = [cell for cell in cells if cell.kind == "first_day"]
    converted = [cell for cell in cells if cell.kind == "converted_day"]
    parts = tally.strata(first, shares)
    days = tally.thinned(tally.days_of([*first, *converted], now.date()), LOOKS)
    holdout, everyone = (
        stats.Arm(sum(c.units for c in side), sum(c.converted for c in side))
        for side in ([c for c in first if not c.variation_id], [c for c in first if c.variation_id])
    )
    looked = tally.looks(first, converted, parts, days) if parts else []
    analysis = stats.analyse(looked) if looked else NotComputable(Reason.NO_VISITORS)
    return Programme(
        goal=goal,
        goals=goals,
        everyone=ArmResult.of(everyone),
        holdout=ArmResult.of(holdout),
        finding=findings.without(holdout, everyone, analysis)
        if isinstance(analysis, NotComputable)
        else findings.find(analysis.variations[0]),
        split=stats.check_split_at_looks([[epoch.visitors for epoch in look] for look in looked]),
        share=periods[-1].share,
        since=next(period.started_at for period in periods if period.share),
        as_of=now,
        lifts=()
        if isinstance(analysis, NotComputable)
        else tuple(lifts_of(days, looked, analysis.variations[0].looks, 1)),
    )
