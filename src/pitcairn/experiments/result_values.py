"""What results consist of: the values that the page, the command line, exports, reports and the management API show.

`ExperienceResults` holds a `GoalResult` for each goal, which holds what each arm did as a whole, by audience segment and
variation, by day and by part of the visitors. `judging` makes them.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from pitcairn import stats
from pitcairn.experiences.queries import ExperienceOutline
from pitcairn.experiments import tally
from pitcairn.experiments.allocation import Allocation
from pitcairn.experiments.findings import Finding
from pitcairn.experiments.queries import ChosenGoal, SharingStep
from pitcairn.stats import Arm, Clustered, Estimate, NotComputable

if TYPE_CHECKING:
    from pitcairn.eventstore import ResultCell


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


def arm_result(arm: Arm, cells: Sequence["ResultCell"], *, numeric: bool) -> ArmResult:
    """What `arm`, counted from `cells`, did: the share converted, or for a numeric goal the mean of the number."""
    if not numeric:
        return ArmResult.of(arm)
    return ArmResult(visitors=arm.visitors, converted=arm.converted, rate=tally.mean(cells))


class LiftOnDay(msgspec.Struct, frozen=True, kw_only=True):
    """The lift as it stood at the end of a UTC day, with the interval that holds at every look until then."""

    day: date
    lift: Estimate | NotComputable


class VariationResult(msgspec.Struct, frozen=True, kw_only=True):
    """`lifts` are those of days that are evenly spread, the last among them; none for a number per visitor."""

    id: int
    name: str
    result: ArmResult
    finding: Finding
    lifts: tuple[LiftOnDay, ...] = ()


class SegmentResult(msgspec.Struct, frozen=True, kw_only=True):
    """One audience segment. A segment that was deleted keeps its numbers and is named by its id."""

    id: int
    name: str
    personalized: ArmResult
    control: ArmResult
    variations: tuple[VariationResult, ...]
    finding: Finding
    lifts: tuple[LiftOnDay, ...] = ()


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


class VariationSplit(msgspec.Struct, frozen=True, kw_only=True):
    """How the visitors of one segment fell to its control and variations; `arms` are the variations, the control (0) first."""

    segment_id: int
    arms: tuple[int, ...]
    check: stats.SplitCheck


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
    """Control against all variations, of all segments together."""
    variation_splits: tuple["VariationSplit", ...]
    """The same within each segment that has several variations, for each of them."""
    causes: tuple[stats.SliceFinding, ...]
    """Where a mismatch of the split comes from; the likely cause first. Empty while the split is as set."""
    inside_window: int
    """Visitors whose attribution window is still open, by the days on which they were first exposed."""
    novelty: stats.Novelty | NotComputable
    recommendation: stats.Recommendation | None
    steps: tuple[SharingStep, ...] = ()
    """What was learned about the shares of segments that are shared to what works, the newest last."""

    @property
    def primary(self) -> GoalResult | None:
        return self.goals[0] if self.goals else None

    @property
    def splits(self) -> tuple[stats.SplitCheck, ...]:
        """All checks of the split that could be made."""
        whole = () if isinstance(self.split, NotComputable) else (self.split,)
        return (*whole, *(one.check for one in self.variation_splits))

    @property
    def full_days(self) -> int:
        started = self.experience.started_at
        return max(0, (self.as_of - started).days) if started else 0

    def as_json(self) -> dict[str, Any]:
        """The results as JSON values with camelCase keys."""
        from pitcairn.experiments.results_json import as_json  # noqa: PLC0415 - it reads this module's structs

        return as_json(self)
