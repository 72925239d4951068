"""Treatment against control."""

from __future__ import annotations

import math
from enum import StrEnum

import msgspec

from pitcairn.stats import score
from pitcairn.stats.arms import Arm, Comparison, Estimate, NotComputable, Reason
from pitcairn.stats.level import z_of
from pitcairn.stats.wilson import rate

ENOUGH_CONVERSIONS = 5
"""Conversions to expect in the smaller arm before anything is said: below, one visitor more or less turns a verdict."""


def compare(control: Arm, treatment: Arm, *, alpha: float = 0.05) -> Comparison:
    """The difference and the lift of the treatment with their intervals, and the p-value; see `Comparison`.

    Raises ValueError when `alpha` is not between 0 and 1, and nothing for any counts.
    """
    z = z_of(alpha)
    missing = _missing(control, treatment)
    return Comparison(
        control=control,
        treatment=treatment,
        alpha=alpha,
        control_rate=rate(control, alpha),
        treatment_rate=rate(treatment, alpha),
        difference=missing or _difference(control, treatment, z),
        lift=missing or _lift(control, treatment, z),
        p_value=missing or score.p_value(control, treatment),
    )


def _missing(control: Arm, treatment: Arm) -> NotComputable | None:
    if not (control.possible and treatment.possible):
        return NotComputable(Reason.IMPOSSIBLE_COUNTS)
    if control.visitors == treatment.visitors == 0:
        return NotComputable(Reason.NO_VISITORS)
    if control.visitors == 0:
        return NotComputable(Reason.CONTROL_EMPTY)
    if treatment.visitors == 0:
        return NotComputable(Reason.TREATMENT_EMPTY)
    return None


def _difference(control: Arm, treatment: Arm, z: float) -> Estimate:
    value = score.difference(control, treatment)
    low = score.lowest_difference(control, treatment, z)
    # Exchanging the arms turns the sign, so the upper bound is a lower bound too.
    high = -score.lowest_difference(treatment, control, z)
    return Estimate(value, low, high)


def _lift(control: Arm, treatment: Arm, z: float) -> Estimate | NotComputable:
    if control.converted == 0 and treatment.converted == 0:
        return NotComputable(Reason.CONTROL_UNCONVERTED)
    low = math.expm1(score.lowest_log_ratio(control, treatment, z))
    if control.converted == 0:
        return NotComputable(Reason.CONTROL_UNCONVERTED, at_least=low)
    cross = treatment.converted * control.visitors - control.converted * treatment.visitors
    value = cross / (control.converted * treatment.visitors)
    high = math.expm1(-score.lowest_log_ratio(treatment, control, z))
    return Estimate(value, low, high)


class Verdict(StrEnum):
    """What a comparison says, in one word."""

    BETTER = "better"
    WORSE = "worse"
    TOO_EARLY = "too_early"
    NOT_ENOUGH_DATA = "not_enough_data"


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict and what it rests on.

    `better` and `worse` mean that the p-value is below alpha, which is when both intervals leave out 0. `too_early`
    means that 0 is among what the counts do not reject. `not_enough_data` means that `expected_conversions`, what the
    smaller arm would have if both had the same rate, are fewer than `ENOUGH_CONVERSIONS`, or that nothing can be
    compared. A verdict holds for one look at the end of a planned time, not for the first of many looks.
    """

    verdict: Verdict
    expected_conversions: float
    comparison: Comparison


def summary(comparison: Comparison) -> Summary:
    """The verdict on a comparison, with the numbers beside it."""
    control, treatment = comparison.control, comparison.treatment
    p_value = comparison.p_value
    if isinstance(p_value, NotComputable):
        return Summary(verdict=Verdict.NOT_ENOUGH_DATA, expected_conversions=0.0, comparison=comparison)
    converted, visitors = control.converted + treatment.converted, control.visitors + treatment.visitors
    expected = converted * min(control.visitors, treatment.visitors) / visitors
    if expected < ENOUGH_CONVERSIONS:
        verdict = Verdict.NOT_ENOUGH_DATA
    elif p_value >= comparison.alpha:
        verdict = Verdict.TOO_EARLY
    else:
        verdict = Verdict.BETTER if score.difference(control, treatment) > 0 else Verdict.WORSE
    return Summary(verdict=verdict, expected_conversions=expected, comparison=comparison)
