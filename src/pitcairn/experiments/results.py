"""The results of an experience: what each arm did, for each goal, as a whole, by audience segment, variation and day.

The event store counts (`EventStore.results`: the first exposure of a person decides, a conversion counts once and only
within its goal's attribution window); `tally` orders the counts by strata; `pitcairn.stats` turns them into intervals;
`findings` says what follows. This module puts them together and holds no rule of its own but these: arms are compared only
within an audience segment and an allocation epoch, and the whole is put together from these comparisons.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from pitcairn import stats
from pitcairn.experiences.models import ExperienceState
from pitcairn.experiences.queries import ExperienceOutline, experience_outline
from pitcairn.experiments import findings, tally
from pitcairn.experiments.allocation import Allocation, allocation_of
from pitcairn.experiments.findings import Finding, find, find_mean
from pitcairn.experiments.goal_definitions import condition_of, event_of, page_of
from pitcairn.experiments.models import GoalRole, GoalUnit
from pitcairn.experiments.queries import ChosenGoal, goals_of, plan_of
from pitcairn.stats import Arm, Clustered, Estimate, NotComputable, Reason

if TYPE_CHECKING:
    from pitcairn.eventstore import ClusterSums, EventStore, GoalQuery, ResultCell, ResultsQuery

# The traffic of these days says how fast evidence comes in.
TRAFFIC_DAYS = 7
# What a number per visitor is planned for where nobody planned: its sequential interval is the narrowest there.
USUAL_PLAN = 10_000
# Every look of a segment costs what one of the whole does, and its chart is not drawn.
LOOKS_OF_A_SEGMENT = 10
LOOKS = 60


class ArmResult(msgspec.Struct, frozen=True, kw_only=True):
    """Visitors of one arm, how many of them converted, and what they did per visitor with its 95 % interval: the share
    converted, or for a numeric goal the mean of the number."""

    visitors: int
    converted: int
    rate: Estimate | NotComputable

    @classmethod
    def of(cls, arm: Arm) -> "ArmResult":
        return cls(visitors=arm.visitors, converted=arm.converted, rate=stats.rate(arm))

    @property
    def arm(self) -> Arm:
        return Arm(visitors=self.visitors, converted=self.converted)


class VariationResult(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    name: str
    result: ArmResult
    finding: Finding


class SegmentResult(msgspec.Struct, frozen=True, kw_only=True):
    """One audience segment. A segment that was deleted keeps its numbers and is named by its id."""

    id: int
    name: str
    personalized: ArmResult
    control: ArmResult
    variations: tuple[VariationResult, ...]
    finding: Finding


class DayResult(msgspec.Struct, frozen=True, kw_only=True):
    """Both arms as they stood at the end of a UTC day: all visitors and conversions since launch. `lift` is the interval
    that holds at every look; None for a number per visitor, whose values come with the day of the exposure."""

    day: date
    personalized: ArmResult
    control: ArmResult
    lift: Estimate | NotComputable | None = None


class PartResult(msgspec.Struct, frozen=True, kw_only=True):
    """Some of the visitors: a browser, a device, a page, an exposure route, new or returning.

    `adjusted_p_value` is corrected for all parts of the goal's breakdowns (Benjamini and Hochberg).
    """

    kind: str
    name: str
    personalized: ArmResult
    control: ArmResult
    lift: Estimate | NotComputable
    adjusted_p_value: float | NotComputable


class GoalResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one goal says. `chosen_late` is true for a goal chosen, or changed, after the experience was started.

    `clustered` is the comparison by accounts, for a goal that is asked so; `adjusted` the one with what visitors did before
    taken out, where there is such history.
    """

    goal: ChosenGoal
    chosen_late: bool
    personalized: ArmResult
    control: ArmResult
    finding: Finding
    segments: tuple[SegmentResult, ...]
    series: tuple[DayResult, ...]
    parts: tuple[PartResult, ...]
    clustered: Clustered | NotComputable | None = None
    adjusted: stats.Adjusted | None = None
    analysis: stats.Analysis | NotComputable | None = None
    """Of a conversion goal: personalized as a whole against control."""

    @property
    def name(self) -> str:
        return self.goal.name

    @property
    def primary(self) -> bool:
        return self.goal.primary

    @property
    def numeric(self) -> bool:
        return self.goal.definition.numeric

    @property
    def window(self) -> timedelta:
        return timedelta(days=self.goal.definition.window_days)

    @property
    def visitors(self) -> int:
        return self.personalized.visitors + self.control.visitors

    @property
    def converted(self) -> int:
        return self.personalized.converted + self.control.converted


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """Who is not among the visitors of the results, who is there more than once, and what could not be used."""

    bots: int = 0
    internal: int = 0
    crossed: int = 0
    merged: int = 0
    """Browsers that turned out to be a person's who is counted already."""
    unassigned: int = 0


class ExperienceResults(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the results page, the command line and an export show. The primary goal is the first of `goals`."""

    experience: ExperienceOutline
    as_of: datetime
    goals: tuple[GoalResult, ...]
    left: Left
    visitors: int
    visitors_a_day: float
    allocation: Allocation
    split: stats.SplitCheck | NotComputable
    causes: tuple[stats.SliceFinding, ...]
    """Where a mismatch of the split comes from; the likely cause first. Empty while the split is as set."""
    inside_window: int
    """Visitors whose attribution window is still open, by the days on which they were first exposed."""
    novelty: stats.Novelty | NotComputable
    recommendation: stats.Recommendation | None

    @property
    def primary(self) -> GoalResult | None:
        return self.goals[0] if self.goals else None

    @property
    def full_days(self) -> int:
        started = self.experience.started_at
        return max(0, (self.as_of - started).days) if started else 0

    def as_json(self) -> dict[str, Any]:
        """The results as JSON values with camelCase keys."""
        from pitcairn.experiments.results_json import as_json  # noqa: PLC0415 - it reads this module's structs

        return as_json(self)


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


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """All that is to be known from the SQL store before the event store is asked."""

    experience: ExperienceOutline
    goals: tuple[ChosenGoal, ...]
    allocation: Allocation
    planned: int
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


def count(asked: Asked, store: "EventStore") -> ExperienceResults:
    """The results for what is asked. Asks the event store alone."""
    cells = store.results(asked.query)
    by_account = any(goal.definition.unit is GoalUnit.ACCOUNT for goal in asked.goals)
    clusters = store.clusters(asked.query) if by_account else []
    return judged(asked, cells, clusters, store.unassigned_exposures(asked.query))


def judged(
    asked: Asked, cells: Sequence["ResultCell"], clusters: Sequence["ClusterSums"], unassigned: int
) -> ExperienceResults:
    """What follows from the counts; pure."""
    whole = [cell for cell in cells if cell.kind == "first_day" and cell.goal == 0]
    counted = [cell for cell in whole if not cell.excluded]
    parts = tally.strata(counted, asked.allocation.shares)
    apart = _by_segment(counted, asked)
    traffic = _visitors_a_day(counted, asked.now)
    goals = tuple(
        _goal_result(
            asked,
            goal,
            [cell for cell in cells if cell.goal == number and not cell.excluded],
            [row for row in clusters if row.goal == number],
            parts,
            apart,
            traffic,
        )
        for number, goal in enumerate(asked.goals)
    )
    split = stats.check_split([one for stratum in apart.values() for one in _padded(tally.split(counted, stratum))])
    left = Left(
        bots=sum(cell.units for cell in whole if cell.excluded == "bot"),
        internal=sum(cell.units for cell in whole if cell.excluded == "internal"),
        crossed=sum(cell.crossed for cell in counted),
        merged=sum(cell.visitors - cell.units for cell in counted),
        unassigned=unassigned,
    )
    visitors = sum(cell.units for cell in counted)
    off = isinstance(split, stats.SplitCheck) and split.split is not stats.Split.AS_SET
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
        causes=tuple(_causes(cells, parts)) if off else (),
        inside_window=sum(cell.units for cell in counted if date.fromisoformat(cell.part) >= opened),
        novelty=novelty,
        recommendation=None,
    )
    return msgspec.structs.replace(found, recommendation=_recommended(found, asked))


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


def _padded(counts: Sequence[stats.Counts]) -> list[stats.Counts]:
    """Control against all variations: segments with different numbers of variations have that in common."""
    return [stats.Counts((one.shares[0], sum(one.shares[1:])), (one.counts[0], sum(one.counts[1:]))) for one in counts]


def _goal_result(
    asked: Asked,
    goal: ChosenGoal,
    cells: Sequence["ResultCell"],
    clusters: Sequence["ClusterSums"],
    parts: Sequence[tally.Stratum],
    apart: Mapping[int, Sequence[tally.Stratum]],
    traffic: float,
) -> GoalResult:
    first = [cell for cell in cells if cell.kind == "first_day"]
    converted = [cell for cell in cells if cell.kind == "converted_day"]
    last = _last_day(asked, goal)
    days = tally.days_of([*first, *converted], last)
    over = ended(asked.experience)
    numeric = goal.definition.numeric
    control, personalized = _sides(first)
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
        personalized=_arm_result(personalized, [c for c in first if c.variation_id], numeric=numeric),
        control=_arm_result(control, [c for c in first if not c.variation_id], numeric=numeric),
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
        parts=tuple(_parts(cells, parts, numeric=numeric)),
        clustered=_clustered(clusters, parts) if goal.definition.unit is GoalUnit.ACCOUNT else None,
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
    control, personalized = _sides(first)
    traffic = traffic_per_visitor * (control.visitors + personalized.visitors)
    over = ended(asked.experience)

    def judge(parts: Sequence[tally.Stratum]) -> list[Finding]:
        if numeric:
            return _mean_findings(first, parts, asked.planned, control, personalized, traffic, over=over)
        analysis = stats.analyse(tally.looks(first, converted, parts, days)) if parts and days else None
        if analysis is None or isinstance(analysis, NotComputable):
            reason = analysis or NotComputable(Reason.NO_VISITORS)
            return [findings.without(control, personalized, reason)]
        return [find(one, visitors_a_day=traffic, ended=over) for one in analysis.variations]

    ids = [next(iter(arm)) for arm in strata[0].arms[1:]] if strata else []
    found = judge(strata) if ids else []
    together = judge(tally.strata(first, asked.allocation.shares)) if len(ids) > 1 or not found else found
    names = asked.allocation
    return SegmentResult(
        id=segment_id,
        name=names.segments.get(segment_id, f"Deleted segment {segment_id}"),
        personalized=_arm_result(personalized, [c for c in first if c.variation_id], numeric=numeric),
        control=_arm_result(control, [c for c in first if not c.variation_id], numeric=numeric),
        variations=tuple(
            VariationResult(
                id=variation_id,
                name=names.variations.get(variation_id, f"Deleted variation {variation_id}"),
                result=_arm_result(
                    _arm([c for c in first if c.variation_id == variation_id]),
                    [c for c in first if c.variation_id == variation_id],
                    numeric=numeric,
                ),
                finding=finding,
            )
            for variation_id, finding in zip(ids, found, strict=False)
        ),
        finding=together[0],
    )


def _arm(cells: Sequence["ResultCell"]) -> Arm:
    return Arm(visitors=sum(cell.units for cell in cells), converted=sum(cell.converted for cell in cells))


def _sides(cells: Sequence["ResultCell"]) -> tuple[Arm, Arm]:
    """Control and personalized: sums over segments and variations."""
    return _arm([c for c in cells if not c.variation_id]), _arm([c for c in cells if c.variation_id])


def _arm_result(arm: Arm, cells: Sequence["ResultCell"], *, numeric: bool) -> ArmResult:
    if not numeric:
        return ArmResult.of(arm)
    return ArmResult(visitors=arm.visitors, converted=arm.converted, rate=tally.mean(cells))


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
    always = {}
    if isinstance(analysis, stats.Analysis):
        always = dict(zip(thin, analysis.variations[0].looks, strict=True))
    series = []
    for day, look in zip(days, looked, strict=True):
        control, personalized = (stats.together(epoch.arms[arm] for epoch in look) for arm in (0, 1))
        if numeric:
            until = [cell for cell in first if date.fromisoformat(cell.part) <= day]
            sides = [
                _arm_result(arm, [c for c in until if bool(c.variation_id) == treated], numeric=True)
                for treated, arm in ((False, control), (True, personalized))
            ]
        else:
            sides = [ArmResult.of(control), ArmResult.of(personalized)]
        lift = None
        if day in always:
            compared = stats.compare_strata([(epoch.arms[0], epoch.arms[1]) for epoch in look])
            lift = findings.running_lift(compared, always[day])
        series.append(DayResult(day=day, control=sides[0], personalized=sides[1], lift=lift))
    return series


def _parts(cells: Sequence["ResultCell"], parts: Sequence[tally.Stratum], *, numeric: bool) -> list[PartResult]:
    """Who it worked for: each compared within strata, for one look."""
    found: list[tuple[str, str, ArmResult, ArmResult, Estimate | NotComputable, float | NotComputable]] = []
    for kind in ("browser", "device", "page", "route", "returning"):
        of_kind = [cell for cell in cells if cell.kind == kind]
        for name in _largest(of_kind):
            ours = [cell for cell in of_kind if cell.part == name]
            control, personalized = _sides(ours)
            compared: stats.Comparison | stats.MeanComparison | NotComputable
            if numeric:
                analysed = stats.analyse_means([tally.means(ours, parts)], USUAL_PLAN)
                compared = analysed if isinstance(analysed, NotComputable) else analysed[0].comparison
            else:
                compared = stats.compare_strata([(e.arms[0], e.arms[1]) for e in tally.epochs(ours, parts)])
            lift = compared if isinstance(compared, NotComputable) else compared.lift
            p_value = compared if isinstance(compared, NotComputable) else compared.p_value
            sides = [
                _arm_result(arm, [c for c in ours if bool(c.variation_id) == treated], numeric=numeric)
                for treated, arm in ((True, personalized), (False, control))
            ]
            found.append((kind, name, sides[0], sides[1], lift, p_value))
    there = [p_value for *_, p_value in found if isinstance(p_value, float)]
    adjusted = iter(stats.benjamini_hochberg(there))
    return [
        PartResult(
            kind=kind,
            name=name,
            personalized=personalized,
            control=control,
            lift=lift,
            adjusted_p_value=next(adjusted) if isinstance(p_value, float) else p_value,
        )
        for kind, name, personalized, control, lift, p_value in found
    ]


MOST_PARTS = 8


def _largest(cells: Sequence["ResultCell"]) -> list[str]:
    """The parts with the most visitors, the largest first."""
    sizes: dict[str, int] = {}
    for cell in cells:
        sizes[cell.part] = sizes.get(cell.part, 0) + cell.units
    return sorted(sizes, key=lambda name: (-sizes[name], name))[:MOST_PARTS]


def _causes(cells: Sequence["ResultCell"], parts: Sequence[tally.Stratum]) -> list[stats.SliceFinding]:
    """Where the split is off: by browser, device, day, page, exposure route, new and returning, and bots."""
    slices = []
    ours = [cell for cell in cells if cell.goal == 0]
    for kind in ("browser", "device", "page", "route", "returning", "first_day"):
        of_kind = [cell for cell in ours if cell.kind == kind and not cell.excluded]
        for name in _largest(of_kind):
            counts = tally.split([cell for cell in of_kind if cell.part == name], parts)
            slices.append(stats.Slice(kind, name, counts))
    everyone = [cell for cell in ours if cell.kind == "first_day"]
    for name in ("bot", ""):
        counts = tally.split([cell for cell in everyone if (cell.excluded == "bot") == bool(name)], parts)
        if any(sum(one.counts) for one in counts):
            slices.append(stats.Slice("bot", name, counts))
    return [finding for finding in stats.rank_slices(slices) if finding.likely_cause][:3]


def _clustered(clusters: Sequence["ClusterSums"], parts: Sequence[tally.Stratum]) -> Clustered | NotComputable:
    """By account, as a whole. Accounts of strata with different shares are not put together: the largest stratum speaks."""
    sizes: dict[tuple[int, int], float] = {}
    for row in clusters:
        sizes[row.segment_id, row.epoch] = sizes.get((row.segment_id, row.epoch), 0.0) + row.size
    shares = {part.shares for part in parts}
    place = max(sizes, key=lambda one: sizes[one], default=None)
    if place is None:
        return NotComputable(Reason.NO_VISITORS)
    ours = [row for row in clusters if len(shares) == 1 or (row.segment_id, row.epoch) == place]
    sides = [tally.accounts(row for row in ours if bool(row.variation_id) == treated) for treated in (False, True)]
    return stats.compare_clustered(sides[0], sides[1])


def _adjusted(first: Sequence["ResultCell"]) -> stats.Adjusted | None:
    """With what visitors did before taken out, where they did anything before, and one stratum is all there is."""
    if len({(cell.segment_id, cell.epoch) for cell in first}) != 1:
        return None
    control, personalized = (tally.moments(c for c in first if bool(c.variation_id) == side) for side in (False, True))
    found = stats.compare_adjusted(control, personalized)
    return found if isinstance(found, stats.Adjusted) and found.theta else None


def _novelty(cells: Sequence["ResultCell"], asked: Asked) -> stats.Novelty | NotComputable:
    """Whether visitors who came in the second week were changed less, or more, than those of the first."""
    first = [cell for cell in cells if cell.kind == "first_day"]
    days = tally.days_of(first, asked.now.astimezone(UTC).date())
    by_day = {day: [cell for cell in first if cell.part == day.isoformat()] for day in days[:14]}
    return stats.novelty([_sides(ours) for ours in by_day.values()])


def _recommended(results: ExperienceResults, asked: Asked) -> stats.Recommendation | None:
    goal = results.primary
    if goal is None or goal.numeric or not isinstance(goal.analysis, stats.Analysis):
        return None
    guardrails = tuple(
        stats.Guardrail(name=one.name, lift=_interval(one.finding))
        for one in results.goals
        if one.goal.role is GoalRole.GUARDRAIL
    )
    evidence = stats.evidence_of(
        goal.analysis,
        goal.analysis.variations[0],
        full_days=results.full_days,
        crossover=stats.crossover(results.left.crossed, results.visitors),
        guardrails=guardrails,
        novelty=results.novelty,
        planned_reached=asked.planned != USUAL_PLAN and results.visitors >= asked.planned,
    )
    return stats.recommend(evidence)


def _interval(finding: Finding) -> stats.Interval | NotComputable:
    lift = finding.lift
    return stats.Interval(lift.low, lift.high) if isinstance(lift, Estimate) else lift


def ended(experience: ExperienceOutline) -> bool:
    """Nobody new comes into the comparison any more."""
    return experience.state in {ExperienceState.PROMOTED, ExperienceState.ARCHIVED}


def _last_day(asked: Asked, goal: ChosenGoal) -> date:
    last = asked.now.astimezone(UTC).date()
    over = asked.experience.promoted_at or asked.experience.archived_at
    if over is not None and ended(asked.experience):
        last = min(last, (over + timedelta(days=goal.definition.window_days)).astimezone(UTC).date())
    return last


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
