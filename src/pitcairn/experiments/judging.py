"""What follows from the counts of an experience, for all its goals together. Pure.

Who the visitors are and who is left out, whether the split is as set, what each goal says, whether what was found wears
off, and what to do. The only rule of its own is this one: arms are compared only within an audience segment and an
allocation epoch, and the whole is put together from these comparisons.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from pitcairn import stats
from pitcairn.experiments import tally
from pitcairn.experiments.asking import USUAL_PLAN, Asked
from pitcairn.experiments.breakdowns import split_causes
from pitcairn.experiments.findings import Finding
from pitcairn.experiments.goal_results import LOOKS, goal_result
from pitcairn.experiments.models import GoalRole
from pitcairn.experiments.result_values import ExperienceResults, Left, VariationSplit
from pitcairn.stats import Estimate, NotComputable

if TYPE_CHECKING:
    from pitcairn.eventstore import AccountProducts, ResultCell

# The traffic of these days says how fast evidence comes in.
TRAFFIC_DAYS = 7


def judged(
    asked: Asked, cells: Sequence["ResultCell"], accounts: Sequence["AccountProducts"], unassigned: int
) -> ExperienceResults:
    """What follows from the counts; pure."""
    whole = [cell for cell in cells if cell.kind == "first_day" and cell.goal == 0]
    counted = [cell for cell in whole if not cell.excluded]
    parts = tally.strata(counted, asked.allocation.shares)
    apart = _by_segment(counted, asked)
    traffic = _visitors_a_day(counted, asked.now)
    goals = tuple(
        goal_result(
            asked,
            goal,
            [cell for cell in cells if cell.goal == number and not cell.excluded],
            [row for row in accounts if row.goal == number],
            parts,
            apart,
            traffic,
        )
        for number, goal in enumerate(asked.goals)
    )
    split, variation_splits = _splits(counted, asked, apart)
    left = Left(
        bots=sum(cell.units for cell in whole if cell.excluded == "bot"),
        internal=sum(cell.units for cell in whole if cell.excluded == "internal"),
        crossed=sum(cell.crossed for cell in counted),
        merged=sum(cell.visitors - cell.units for cell in counted),
        unassigned=unassigned,
    )
    visitors = sum(cell.units for cell in counted)
    window = max((goal.definition.window_days for goal in asked.goals[:1]), default=0.0)
    opened = (asked.now - timedelta(days=window)).astimezone(UTC).date()
    novelty = _novelty(counted if not asked.goals else [c for c in cells if c.goal == 0 and not c.excluded], asked)
    found = ExperienceResults(
        experience=asked.experience,
        as_of=asked.now,
        goals=goals,
        left=left,
        visitors=visitors,
        visitors_a_day=traffic,
        allocation=asked.allocation,
        split=split,
        variation_splits=variation_splits,
        causes=(),
        inside_window=sum(cell.units for cell in counted if date.fromisoformat(cell.part) >= opened),
        novelty=novelty,
        recommendation=None,
        steps=asked.steps,
    )
    off = any(one.split in {stats.Split.DOUBTFUL, stats.Split.MISMATCH} for one in found.splits)
    found = msgspec.structs.replace(found, causes=tuple(split_causes(cells, parts)) if off else ())
    return msgspec.structs.replace(found, recommendation=_recommended(found, asked))


def _by_segment(counted: Sequence["ResultCell"], asked: Asked) -> dict[int, list[tally.Stratum]]:
    """The strata of each segment with its variations apart; also of segments that have no visitors yet."""
    ids = dict.fromkeys([segment.id for segment in asked.experience.segments])
    ids |= dict.fromkeys(cell.segment_id for cell in counted)
    return {
        segment_id: tally.strata(
            [cell for cell in counted if cell.segment_id == segment_id], asked.allocation.shares, apart=True
        )
        for segment_id in ids
    }


def _splits(
    counted: Sequence["ResultCell"], asked: Asked, apart: Mapping[int, Sequence[tally.Stratum]]
) -> tuple[stats.SplitCheck | NotComputable, tuple[VariationSplit, ...]]:
    """The split as it stood at the end of each day, because that is when it is looked at."""
    days = tally.thinned(tally.days_of(counted, asked.now.astimezone(UTC).date()), LOOKS)
    looked = {
        segment_id: [
            [epoch.visitors for epoch in look]
            for look in tally.looks([one for one in counted if one.segment_id == segment_id], [], strata, days)
        ]
        for segment_id, strata in apart.items()
        if strata
    }
    together = [[part for looks in looked.values() for part in _padded(looks[at])] for at in range(len(days))]
    several = {one: looks for one, looks in looked.items() if len(apart[one][0].arms) > 2}
    checks = {one: stats.check_split_at_looks(looks, alarms=len(several)) for one, looks in several.items()}
    return stats.check_split_at_looks(together), tuple(
        VariationSplit(segment_id=one, arms=tuple(next(iter(arm)) for arm in apart[one][0].arms), check=check)
        for one, check in checks.items()
        if isinstance(check, stats.SplitCheck)
    )


def _padded(counts: Sequence[stats.Counts]) -> list[stats.Counts]:
    """Control against all variations: segments with different numbers of variations have that in common."""
    return [stats.Counts((one.shares[0], sum(one.shares[1:])), (one.counts[0], sum(one.counts[1:]))) for one in counts]


def _visitors_a_day(first: Sequence["ResultCell"], now: datetime) -> float:
    """New visitors a day over the last full days; today, which is not over, counts only when there is nothing else."""
    if not first:
        return 0.0
    today = now.astimezone(UTC).date()
    start = min(date.fromisoformat(cell.part) for cell in first)
    if start == today:
        return float(sum(cell.units for cell in first))
    days = min(TRAFFIC_DAYS, (today - start).days)
    since = today - timedelta(days=days)
    return sum(cell.units for cell in first if since <= date.fromisoformat(cell.part) < today) / days


def _novelty(cells: Sequence["ResultCell"], asked: Asked) -> stats.Novelty | NotComputable:
    """Whether visitors who came in the second week were changed less, or more, than those of the first."""
    first = [cell for cell in cells if cell.kind == "first_day"]
    days = tally.days_of(first, asked.now.astimezone(UTC).date())
    by_day = {day: [cell for cell in first if cell.part == day.isoformat()] for day in days[:14]}
    return stats.novelty([tally.sides_of(ours) for ours in by_day.values()])


def _recommended(results: ExperienceResults, asked: Asked) -> stats.Recommendation | None:
    goal = results.primary
    if goal is None or not results.splits:
        return None
    guardrails = tuple(
        stats.Guardrail(name=one.name, lift=_interval(one.finding))
        for one in results.goals
        if one.goal.role is GoalRole.GUARDRAIL
    )
    finding = goal.finding
    interval = _interval(finding)
    if isinstance(goal.analysis, stats.Analysis):
        interval = goal.analysis.variations[0].always.running
    crossed = stats.crossover(results.left.crossed, results.visitors)
    some = isinstance(crossed, stats.Crossover) and crossed.crossing is not stats.Crossing.FEW
    evidence = stats.Evidence(
        full_days=results.full_days,
        conversions_in_smaller=min(goal.control.converted, goal.personalized.converted),
        split=max((one.split for one in results.splits), key=_SEVERITY.index),
        p_value=finding.p_value,
        lift=finding.lift if goal.numeric else finding.fixed_lift,
        interval=interval,
        crossover=crossed.rate if isinstance(crossed, stats.Crossover) and some else 0.0,
        guardrails=guardrails,
        novelty=results.novelty if isinstance(results.novelty, stats.Novelty) else None,
        planned_reached=asked.planned != USUAL_PLAN and results.visitors >= asked.planned,
    )
    return stats.recommend(evidence)


_SEVERITY = (stats.Split.AS_SET, stats.Split.UNKNOWN, stats.Split.DOUBTFUL, stats.Split.MISMATCH)


def _interval(finding: Finding) -> stats.Interval | NotComputable:
    lift = finding.lift
    return stats.Interval(lift.low, lift.high) if isinstance(lift, Estimate) else lift
