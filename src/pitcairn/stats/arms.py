"""What goes into statistics and what comes out: counts of an arm, estimates, and reasons for having none."""

from __future__ import annotations

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


class Estimate(msgspec.Struct, frozen=True):
    """A value and the bounds of its interval; all three are finite, and low ≤ value ≤ high."""

    value: float
    low: float
    high: float


class Reason(StrEnum):
    """Why a number cannot be computed; the text can stand on a page."""

    NO_VISITORS = "there are no visitors yet"
    CONTROL_EMPTY = "the control has no visitors yet"
    TREATMENT_EMPTY = "the variation has no visitors yet"
    CONTROL_UNCONVERTED = "nobody in the control has converted, so there is nothing to relate to"
    IMPOSSIBLE_COUNTS = "more visitors converted than there are, or a count is negative"


class NotComputable(msgspec.Struct, frozen=True):
    """In place of a number that does not exist.

    `at_least` is set where a bound exists all the same: the lift over a control without conversions has no value, but
    a lower end of its interval.
    """

    reason: Reason
    at_least: float | None = None


Rate: TypeAlias = Estimate | NotComputable


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """A treatment compared with its control at the level `alpha` (0.05 gives 95 % intervals).

    `difference` is the treatment's rate minus the control's (0.01 is one percentage point), `lift` the same relative
    to the control's rate (0.12 is 12 % more), `p_value` the two-sided probability of a difference at least as large
    when there is none in truth. It is below `alpha` exactly when both intervals leave out 0. A p-value too small for a
    float is 0.0: show it as "below" something.
    """

    control: Arm
    treatment: Arm
    alpha: float
    control_rate: Rate
    treatment_rate: Rate
    difference: Estimate | NotComputable
    lift: Estimate | NotComputable
    p_value: float | NotComputable
