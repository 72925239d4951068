"""The results of an experience: what each arm did, for each goal, as a whole, by audience segment and by day.

The event store counts (`EventStore.arm_counts`: per visitor the first exposure decides, a conversion counts once and
only within the attribution window after it); `pitcairn.stats` turns counts into intervals; `findings` says what
follows. This module puts them together and holds no rule of its own but these: control is compared within each audience
segment, and the whole is the sum of its segments.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from pitcairn.experiences.models import ExperienceState
from pitcairn.experiences.queries import ExperienceOutline, experience_outline, segment_and_variation_names
from pitcairn.experiments.findings import Finding, find
from pitcairn.experiments.queries import ChosenGoal, goals_of
from pitcairn.experiments.results_json import as_json
from pitcairn.stats import Arm, Estimate, NotComputable, rate

if TYPE_CHECKING:
    from pitcairn.eventstore import ArmCount, DayCount, EventStore, ResultsQuery

WINDOW = timedelta(days=7)
# The traffic of these days says how fast evidence comes in.
TRAFFIC_DAYS = 7


class ArmResult(msgspec.Struct, frozen=True, kw_only=True):
    """Visitors of one arm, how many of them converted, and the share with its 95 % interval."""

    visitors: int
    converted: int
    rate: Estimate | NotComputable

    @classmethod
    def of(cls, arm: Arm) -> "ArmResult":
        return cls(visitors=arm.visitors, converted=arm.converted, rate=rate(arm))

    @property
    def arm(self) -> Arm:
        return Arm(visitors=self.visitors, converted=self.converted)


class VariationResult(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    name: str
    result: ArmResult


class SegmentResult(msgspec.Struct, frozen=True, kw_only=True):
    """One audience segment. A segment that was deleted keeps its numbers and is named by its id."""

    id: int
    name: str
    personalized: ArmResult
    control: ArmResult
    variations: tuple[VariationResult, ...]
    finding: Finding


class DayResult(msgspec.Struct, frozen=True, kw_only=True):
    """Both arms as they stood at the end of a UTC day: all visitors and conversions since launch."""

    day: date
    personalized: ArmResult
    control: ArmResult


class GoalResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one goal says. `chosen_late` is true for a goal chosen after the experience was started."""

    event: str
    primary: bool
    chosen_at: datetime
    chosen_late: bool
    personalized: ArmResult
    control: ArmResult
    finding: Finding
    segments: tuple[SegmentResult, ...]
    series: tuple[DayResult, ...]

    @property
    def visitors(self) -> int:
        return self.personalized.visitors + self.control.visitors

    @property
    def converted(self) -> int:
        return self.personalized.converted + self.control.converted


class ExperienceResults(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the results page, the command line and an export show. The primary goal is the first of `goals`."""

    experience: ExperienceOutline
    as_of: datetime
    window: timedelta
    goals: tuple[GoalResult, ...]
    inside_window: int
    """Visitors whose attribution window is still open, by the days on which they were first exposed."""

    @property
    def primary(self) -> GoalResult | None:
        return self.goals[0] if self.goals else None

    @property
    def visitors(self) -> int:
        return self.goals[0].visitors if self.goals else 0

    def as_json(self) -> dict[str, Any]:
        """The results as JSON values with camelCase keys."""
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
    return count(experience, goals_of(experience_id), store, now)


def count(
    experience: ExperienceOutline, goals: Sequence[ChosenGoal], store: "EventStore", now: datetime
) -> ExperienceResults:
    """The results for these goals, the primary one first. Asks the event store alone."""
    judged = [_goal_result(experience, goal, store, now) for goal in goals]
    return ExperienceResults(
        experience=experience,
        as_of=now,
        window=WINDOW,
        goals=tuple(judged),
        inside_window=_inside_window(judged[0].series, now) if judged else 0,
    )


def primary_finding(experience: ExperienceOutline, store: "EventStore", now: datetime) -> Finding | None:
    """What the primary goal says so far, at the price of one query; None when the experience has no goal."""
    goals = goals_of(experience.id)
    if not goals:
        return None
    control, personalized = _arms(store.arm_counts(_query(experience, goals[0], now)))
    return find(control, personalized, ended=_ended(experience))


def primary_segments(experience: ExperienceOutline, store: "EventStore") -> dict[int, Finding]:
    """The same for each audience segment by its id; empty when the experience has no goal."""
    goals = goals_of(experience.id)
    if not goals:
        return {}
    counts = store.arm_counts(_query(experience, goals[0], datetime.now(UTC)))
    return {segment.id: segment.finding for segment in _segments(experience, counts, 0.0)}


def _query(experience: ExperienceOutline, goal: ChosenGoal, now: datetime) -> "ResultsQuery":
    from pitcairn.eventstore import ResultsQuery  # noqa: PLC0415 - the embedded engine takes long to import

    return ResultsQuery(
        workspace_id=experience.workspace_id,
        experience_id=experience.id,
        events=(goal.event,),
        window_seconds=int(WINDOW.total_seconds()),
        until=now,
    )


def _goal_result(experience: ExperienceOutline, goal: ChosenGoal, store: "EventStore", now: datetime) -> GoalResult:
    query = _query(experience, goal, now)
    counts = store.arm_counts(query)
    series = _series(store.arm_counts_by_day(query), experience, now)
    traffic = _visitors_a_day(series)
    control, personalized = _arms(counts)
    visitors = control.visitors + personalized.visitors
    segments = tuple(_segments(experience, counts, traffic / visitors if visitors else 0.0))
    started = experience.started_at
    return GoalResult(
        event=goal.event,
        primary=goal.primary,
        chosen_at=goal.chosen_at,
        chosen_late=started is not None and goal.chosen_at > started,
        personalized=ArmResult.of(personalized),
        control=ArmResult.of(control),
        finding=find(control, personalized, visitors_a_day=traffic, ended=_ended(experience)),
        segments=segments,
        series=series,
    )


def _segments(
    experience: ExperienceOutline, counts: Sequence["ArmCount"], traffic_per_visitor: float
) -> Iterable[SegmentResult]:
    by_segment: dict[int, list[ArmCount]] = {segment.id: [] for segment in experience.segments}
    for row in counts:
        by_segment.setdefault(row.segment_id, []).append(row)
    # Those that were removed too: their numbers stay.
    names, variation_names = segment_and_variation_names(experience.id)
    for segment_id, rows in by_segment.items():
        control, personalized = _arms(rows)
        traffic = traffic_per_visitor * (control.visitors + personalized.visitors)
        yield SegmentResult(
            id=segment_id,
            name=names.get(segment_id, f"Deleted segment {segment_id}"),
            personalized=ArmResult.of(personalized),
            control=ArmResult.of(control),
            variations=tuple(
                VariationResult(
                    id=row.variation_id,
                    name=variation_names.get(row.variation_id, f"Deleted variation {row.variation_id}"),
                    result=ArmResult.of(Arm(visitors=row.visitors, converted=row.converted)),
                )
                for row in sorted(rows, key=lambda row: row.variation_id)
                if row.variation_id
            ),
            finding=find(control, personalized, visitors_a_day=traffic, ended=_ended(experience)),
        )


def _ended(experience: ExperienceOutline) -> bool:
    return experience.state is ExperienceState.ARCHIVED


def _arms(rows: Iterable["ArmCount | DayCount"]) -> tuple[Arm, Arm]:
    """Control and personalized: sums over segments and variations."""
    visitors, converted = [0, 0], [0, 0]
    for row in rows:
        side = 1 if row.variation_id else 0
        visitors[side] += row.visitors
        converted[side] += row.converted
    return Arm(visitors=visitors[0], converted=converted[0]), Arm(visitors=visitors[1], converted=converted[1])


def _series(counts: Sequence["DayCount"], experience: ExperienceOutline, now: datetime) -> tuple[DayResult, ...]:
    """One entry for every day from the first exposure to today, or to the last day on which anything can change."""
    if not counts:
        return ()
    by_day: dict[date, list[DayCount]] = defaultdict(list)
    for row in counts:
        by_day[row.day].append(row)
    last = now.astimezone(UTC).date()
    if experience.archived_at is not None:
        last = min(last, (experience.archived_at + WINDOW).astimezone(UTC).date())
    day, last = min(by_day), max(last, *by_day)
    control, personalized = Arm(visitors=0, converted=0), Arm(visitors=0, converted=0)
    series = []
    while day <= last:
        more_control, more_personalized = _arms(by_day.get(day, ()))
        control, personalized = _sum(control, more_control), _sum(personalized, more_personalized)
        series.append(DayResult(day=day, personalized=ArmResult.of(personalized), control=ArmResult.of(control)))
        day += timedelta(days=1)
    return tuple(series)


def _sum(one: Arm, other: Arm) -> Arm:
    return Arm(visitors=one.visitors + other.visitors, converted=one.converted + other.converted)


def _visitors_a_day(series: Sequence[DayResult]) -> float:
    """New visitors a day over the last full days; today, which is not over, counts only when there is nothing else."""
    totals = [0, *(day.personalized.visitors + day.control.visitors for day in series)]
    full = totals[:-1] if len(totals) > 2 else totals
    first = max(0, len(full) - 1 - TRAFFIC_DAYS)
    return (full[-1] - full[first]) / max(1, len(full) - 1 - first)


def _inside_window(series: Sequence[DayResult], now: datetime) -> int:
    opened = (now - WINDOW).astimezone(UTC).date()
    before = [day.personalized.visitors + day.control.visitors for day in series if day.day < opened]
    total = series[-1].personalized.visitors + series[-1].control.visitors if series else 0
    return total - (before[-1] if before else 0)
