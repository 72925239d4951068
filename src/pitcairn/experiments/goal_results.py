"""What one goal says: as a whole, by audience segment and variation, and day by day. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, timedelta
from typing import TYPE_CHECKING

import msgspec

from pitcairn import stats
from pitcairn.experiences.models import ExperienceState
from pitcairn.experiences.queries import ExperienceOutline
from pitcairn.experiments import findings, tally
from pitcairn.experiments.asking import Asked
from pitcairn.experiments.breakdowns import part_results
from pitcairn.experiments.findings import Finding, find, find_mean
from pitcairn.experiments.models import GoalUnit
from pitcairn.experiments.queries import ChosenGoal
from pitcairn.experiments.result_values import (
    ArmResult,
    DayResult,
    GoalResult,
    LiftOnDay,
    SegmentResult,
    VariationResult,
    arm_result,
)
from pitcairn.stats import Arm, Clustered, NotComputable, Reason

if TYPE_CHECKING:
    from pitcairn.eventstore import AccountProducts, ResultCell

# Every look of a segment costs what one of the whole does, and its chart is smaller.
LOOKS_OF_A_SEGMENT = 20
LOOKS = 60


def goal_result(
    asked: Asked,
    goal: ChosenGoal,
    cells: Sequence["ResultCell"],
    accounts: Sequence["AccountProducts"],
    parts: Sequence[tally.Stratum],
    apart: Mapping[int, Sequence[tally.Stratum]],
    traffic: float,
) -> GoalResult:
    """What the goal's own cells, and its sums by account, say. `parts` are the strata of the whole, `apart` those of each
    segment by its id, and `traffic` is new visitors a day."""
    first = [cell for cell in cells if cell.kind == "first_day"]
    converted = [cell for cell in cells if cell.kind == "converted_day"]
    last = _last_day(asked, goal)
    days = tally.days_of([*first, *converted], last)
    over = ended(asked.experience)
    numeric = goal.definition.numeric
    control, personalized = tally.sides_of(first)
    analysis: stats.Analysis | NotComputable | None = None
    looked = tally.looks(first, converted, parts, days) if parts else []
    if numeric:
        finding = _mean_findings(first, parts, asked.planned, control, personalized, traffic, over=over)[0]
    else:
        thin = set(tally.thinned(days, LOOKS))
        analysis = stats.analyse([look for day, look in zip(days, looked, strict=True) if day in thin])
        finding = (
            findings.without(control, personalized, analysis)
            if isinstance(analysis, NotComputable)
            else find(analysis.variations[0], visitors_a_day=traffic, ended=over)
        )
    started = asked.experience.started_at
    visitors = control.visitors + personalized.visitors
    return GoalResult(
        goal=goal,
        chosen_late=started is not None and goal.chosen_at > started,
        personalized=arm_result(personalized, [c for c in first if c.variation_id], numeric=numeric),
        control=arm_result(control, [c for c in first if not c.variation_id], numeric=numeric),
        finding=finding,
        segments=tuple(
            _segment(
                asked,
                segment_id,
                [cell for cell in first if cell.segment_id == segment_id],
                [cell for cell in converted if cell.segment_id == segment_id],
                strata,
                tally.thinned(days, LOOKS_OF_A_SEGMENT),
                traffic / visitors if visitors else 0.0,
                numeric=numeric,
            )
            for segment_id, strata in apart.items()
        ),
        series=tuple(_series(first, days, looked, analysis, numeric=numeric)),
        parts=tuple(part_results(cells, parts, numeric=numeric)),
        clustered=_clustered(accounts, first, parts, finding.fixed)
        if goal.definition.unit is GoalUnit.ACCOUNT
        else None,
        adjusted=_adjusted(first),
        analysis=analysis,
    )


def _mean_findings(
    first: Sequence["ResultCell"],
    parts: Sequence[tally.Stratum],
    planned: int,
    control: Arm,
    personalized: Arm,
    traffic: float,
    *,
    over: bool,
) -> list[Finding]:
    analysed: tuple[stats.MeansVariation, ...] | NotComputable = NotComputable(Reason.NO_VISITORS)
    if parts:
        analysed = stats.analyse_means([tally.means(first, parts)], planned)
    if isinstance(analysed, NotComputable):
        return [findings.without(control, personalized, analysed)]
    return [find_mean(control, personalized, one, visitors_a_day=traffic, ended=over) for one in analysed]


def _segment(
    asked: Asked,
    segment_id: int,
    first: Sequence["ResultCell"],
    converted: Sequence["ResultCell"],
    strata: Sequence[tally.Stratum],
    days: Sequence[date],
    traffic_per_visitor: float,
    *,
    numeric: bool,
) -> SegmentResult:
    control, personalized = tally.sides_of(first)
    traffic = traffic_per_visitor * (control.visitors + personalized.visitors)
    over = ended(asked.experience)

    def judge(parts: Sequence[tally.Stratum]) -> list[_Judged]:
        if numeric:
            means = _mean_findings(first, parts, asked.planned, control, personalized, traffic, over=over)
            return [_Judged(finding) for finding in means]
        looked = tally.looks(first, converted, parts, days) if parts and days else []
        analysis = stats.analyse(looked) if looked else None
        if analysis is None or isinstance(analysis, NotComputable):
            reason = analysis or NotComputable(Reason.NO_VISITORS)
            return [_Judged(findings.without(control, personalized, reason))]
        return [
            _Judged(find(one, visitors_a_day=traffic, ended=over), tuple(lifts_of(days, looked, one.looks, arm)))
            for arm, one in enumerate(analysis.variations, 1)
        ]

    ids = [next(iter(arm)) for arm in strata[0].arms[1:]] if strata else []
    found = judge(strata) if ids else []
    [together] = judge(tally.strata(first, asked.allocation.shares)) if len(ids) > 1 or not found else found
    names = asked.allocation
    return SegmentResult(
        id=segment_id,
        name=names.segments.get(segment_id, f"Deleted segment {segment_id}"),
        personalized=arm_result(personalized, [c for c in first if c.variation_id], numeric=numeric),
        control=arm_result(control, [c for c in first if not c.variation_id], numeric=numeric),
        variations=tuple(
            VariationResult(
                id=variation_id,
                name=names.variations.get(variation_id, f"Deleted variation {variation_id}"),
                result=arm_result(
                    tally.arm_of([c for c in first if c.variation_id == variation_id]),
                    [c for c in first if c.variation_id == variation_id],
                    numeric=numeric,
                ),
                finding=one.finding,
                lifts=one.lifts,
            )
            for variation_id, one in zip(ids, found, strict=False)
        ),
        finding=together.finding,
        lifts=together.lifts,
    )


class _Judged(msgspec.Struct, frozen=True):
    finding: Finding
    lifts: tuple[LiftOnDay, ...] = ()


def lifts_of(
    days: Sequence[date], looked: Sequence[Sequence[stats.Epoch]], always: Sequence[stats.Always], arm: int
) -> Iterator[LiftOnDay]:
    """The lift of an arm over the control at each look."""
    for day, look, holds in zip(days, looked, always, strict=True):
        compared = stats.compare_strata([(epoch.arms[0], epoch.arms[arm]) for epoch in look])
        yield LiftOnDay(day=day, lift=findings.running_lift(compared, holds))


def _series(
    first: Sequence["ResultCell"],
    days: Sequence[date],
    looked: Sequence[Sequence[stats.Epoch]],
    analysis: stats.Analysis | NotComputable | None,
    *,
    numeric: bool,
) -> list[DayResult]:
    """One entry for every day from the first exposure to today, or to the last day on which anything can change."""
    thin = tally.thinned(days, LOOKS)
    thin_days = set(thin)
    lifts: dict[date, LiftOnDay] = {}
    if isinstance(analysis, stats.Analysis):
        seen = [look for day, look in zip(days, looked, strict=True) if day in thin_days]
        lifts = {one.day: one for one in lifts_of(thin, seen, analysis.variations[0].looks, 1)}
    series = []
    for day, look in zip(days, looked, strict=True):
        control, personalized = (stats.together(epoch.arms[arm] for epoch in look) for arm in (0, 1))
        if numeric:
            until = [cell for cell in first if date.fromisoformat(cell.part) <= day]
            sides = [
                arm_result(arm, [c for c in until if bool(c.variation_id) == treated], numeric=True)
                for treated, arm in ((False, control), (True, personalized))
            ]
        else:
            sides = [ArmResult.of(control), ArmResult.of(personalized)]
        lift = lifts[day].lift if day in lifts else None
        series.append(DayResult(day=day, control=sides[0], personalized=sides[1], lift=lift))
    return series


def _clustered(
    accounts: Sequence["AccountProducts"],
    first: Sequence["ResultCell"],
    parts: Sequence[tally.Stratum],
    by_visitor: stats.Comparison | stats.MeanComparison | NotComputable,
) -> Clustered | NotComputable:
    """By account, over all strata: those of the same shares are one, as their visitors are shared alike."""
    cells, products, sides = tally.account_cells(accounts, parts)
    naive: stats.MeanComparison | NotComputable
    if isinstance(by_visitor, stats.MeanComparison):
        naive = by_visitor
    else:
        arms = tally.arms_by_shares(first, parts)
        stratified = stats.compare_stratified(stats.rates_by_stratum(arms))
        naive = stratified if isinstance(stratified, NotComputable) else stratified.comparison
    return stats.compare_account_strata(cells, products, sides, by_visitor=naive)


def _adjusted(first: Sequence["ResultCell"]) -> stats.Adjusted | None:
    """With what visitors did before taken out, where they did anything before, and one stratum is all there is."""
    if len({(cell.segment_id, cell.epoch) for cell in first}) != 1:
        return None
    control, personalized = (tally.moments(c for c in first if bool(c.variation_id) == side) for side in (False, True))
    found = stats.compare_adjusted(control, personalized)
    return found if isinstance(found, stats.Adjusted) and found.theta else None


def _last_day(asked: Asked, goal: ChosenGoal) -> date:
    last = asked.now.astimezone(UTC).date()
    over = asked.experience.promoted_at or asked.experience.archived_at
    if over is not None and ended(asked.experience):
        last = min(last, (over + timedelta(days=goal.definition.window_days)).astimezone(UTC).date())
    return last


def ended(experience: ExperienceOutline) -> bool:
    """Nobody new comes into the comparison any more."""
    return experience.state in {ExperienceState.PROMOTED, ExperienceState.ARCHIVED}
