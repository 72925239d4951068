"""What goes into statistics and what comes out: counts of an arm, estimates, and reasons for having none."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import TypeAlias

import msgspec


class Arm(msgspec.Struct, frozen=True):
    """One side of an experiment: how many visitors it has, and how many of them converted (each at most once)."""

    visitors: int
    converted: int

    @property
    def possible(self) -> bool:
        """Whether visitors can have been counted like this at all."""
        return 0 <= self.converted <= self.visitors


def together(arms: Iterable[Arm]) -> Arm:
    """The arms counted as one."""
    counted = tuple(arms)
    return Arm(sum(arm.visitors for arm in counted), sum(arm.converted for arm in counted))


class Estimate(msgspec.Struct, frozen=True):
    """A value and the bounds of its interval; all three are finite, and low ≤ value ≤ high."""

    value: float
    low: float
    high: float


class Interval(msgspec.Struct, frozen=True):
    """Bounds without a value between them. `high` is None where nothing bounds it from above."""

    low: float
    high: float | None

    @property
    def below_zero(self) -> bool:
        return self.high is not None and self.high < 0

    @property
    def without_zero(self) -> bool:
        return self.low > 0 or self.below_zero

    def within(self, most: float) -> bool:
        """Whether nothing in it is farther from 0 than `most`."""
        return -most <= self.low and self.high is not None and self.high <= most


class Reason(StrEnum):
    """Why a number cannot be computed; the text can stand on a page."""

    NO_VISITORS = "there are no visitors yet"
    CONTROL_EMPTY = "the control has no visitors yet"
    TREATMENT_EMPTY = "the variation has no visitors yet"
    CONTROL_UNCONVERTED = "nobody in the control has converted, so there is nothing to relate to"
    IMPOSSIBLE_COUNTS = "more visitors converted than there are, or a count is negative"
    IMPOSSIBLE_SUMS = "a sum is not a number, or the squares are smaller than the sums allow"
    TOO_MANY = "the counts are beyond what can be told apart; check how they were counted"
    TOO_FEW = "there are fewer than two to compare in one of the arms"
    NO_VARIATION = "everybody has the same value, so there is nothing to measure chance by"
    CONTROL_NEAR_ZERO = "the control's value is not clearly different from 0, so a ratio to it has no bounds"
    TOO_FEW_CONVERSIONS = "too few conversions are to be expected in the smaller arm"
    NOT_COMPARABLE = "there was no time in which both arms had visitors"
    SPLITS_DISAGREE = "the lift changed between times or splits by more than chance allows"
    NOT_PLANNED = "the planned number of visitors is not known"
    NO_TRAFFIC = "there is no traffic to plan with"
    OUT_OF_REACH = "no number of visitors that a site can have is enough"


class NotComputable(msgspec.Struct, frozen=True):
    """In place of a number that does not exist.

    `at_least` is set where a bound exists all the same: the lift over a control without conversions has no value, but
    a lower end of its interval.
    """

    reason: Reason
    at_least: float | None = None


Rate: TypeAlias = Estimate | NotComputable
Number: TypeAlias = float | NotComputable


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """A treatment compared with its control at the level `alpha` (0.05 gives 95 % intervals).

    `difference` is the treatment's rate minus the control's (0.01 is one percentage point), `lift` the same relative
    to the control's rate (0.12 is 12 % more), `p_value` the two-sided probability of a difference at least as large
    when there is none in truth. It is below `alpha` exactly when both intervals leave out 0. A p-value too small for a
    float is 0.0: show it as "below" something.

    `control` and `treatment` are all visitors counted together. Where the comparison is by strata, the rates are those
    of equally composed arms, and may differ from `converted / visitors`.
    """

    control: Arm
    treatment: Arm
    alpha: float
    control_rate: Rate
    treatment_rate: Rate
    difference: Estimate | NotComputable
    lift: Estimate | NotComputable
    p_value: float | NotComputable
