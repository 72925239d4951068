"""Treatment against control."""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import StrEnum

import msgspec

from pitcairn.stats import score
from pitcairn.stats.arms import Arm, Comparison, Estimate, NotComputable, Rate, Reason, together
from pitcairn.stats.level import z_of
from pitcairn.stats.wilson import composed_rate, rate

ENOUGH_CONVERSIONS = 5
"""Conversions to expect in the smaller arm before anything is said: below, one visitor more or less turns a verdict."""


def compare(control: Arm, treatment: Arm, *, alpha: float = 0.05) -> Comparison:
    """The difference and the lift of the treatment with their intervals, and the p-value; see `Comparison`.

    Raises ValueError when `alpha` is not between 0 and 1, and nothing for any counts.
    """
    return compare_strata([(control, treatment)], alpha=alpha)


def compare_strata(pairs: Sequence[tuple[Arm, Arm]], *, alpha: float = 0.05) -> Comparison:
    """The treatment compared with its control within each pair of (control, treatment), and then summed up.

    A pair is a time in which the split did not change, or a kind of visitors. Each weighs as many visitors as it has.
    Pairs of which one arm is empty compare nothing and are left out; the counts of the result name all visitors.
    Raises ValueError when `alpha` is not between 0 and 1, and nothing for any counts.
    """
    z = z_of(alpha)
    control, treatment = together(pair[0] for pair in pairs), together(pair[1] for pair in pairs)
    usable = [pair for pair in pairs if pair[0].visitors > 0 and pair[1].visitors > 0]
    missing = _missing(pairs, control, treatment)
    if missing is None and not usable:
        missing = NotComputable(Reason.NOT_COMPARABLE)
    if missing is not None:
        return Comparison(
            control=control,
            treatment=treatment,
            alpha=alpha,
            control_rate=_pooled_rate([pair[0] for pair in pairs], alpha),
            treatment_rate=_pooled_rate([pair[1] for pair in pairs], alpha),
            difference=missing,
            lift=missing,
            p_value=missing,
        )
    strata = _weighed(usable)
    return Comparison(
        control=control,
        treatment=treatment,
        alpha=alpha,
        control_rate=_composed(strata, alpha, [part.control for part in strata]),
        treatment_rate=_composed(strata, alpha, [part.treatment for part in strata]),
        difference=_difference(strata, z),
        lift=_lift(strata, z),
        p_value=score.p_value(strata),
    )


def _pooled_rate(arms: Sequence[Arm], alpha: float) -> Rate:
    """The rate of an arm that is compared with nothing; impossible counts of one time do not hide behind another's."""
    if any(not arm.possible for arm in arms):
        return NotComputable(Reason.IMPOSSIBLE_COUNTS)
    return rate(together(arms), alpha)


def _composed(strata: score.Strata, alpha: float, arms: Sequence[Arm]) -> Rate:
    if len(arms) == 1:
        return rate(arms[0], alpha)
    return composed_rate([(part.weight, arm) for part, arm in zip(strata, arms, strict=True)], alpha)


def _weighed(pairs: Sequence[tuple[Arm, Arm]]) -> list[score.Stratum]:
    visitors = sum(control.visitors + treatment.visitors for control, treatment in pairs)
    return [
        score.Stratum(control, treatment, (control.visitors + treatment.visitors) / visitors)
        for control, treatment in pairs
    ]


def _missing(pairs: Sequence[tuple[Arm, Arm]], control: Arm, treatment: Arm) -> NotComputable | None:
    if not all(arm.possible for pair in pairs for arm in pair):
        return NotComputable(Reason.IMPOSSIBLE_COUNTS)
    if control.visitors == treatment.visitors == 0:
        return NotComputable(Reason.NO_VISITORS)
    if control.visitors == 0:
        return NotComputable(Reason.CONTROL_EMPTY)
    if treatment.visitors == 0:
        return NotComputable(Reason.TREATMENT_EMPTY)
    return None


def _difference(strata: score.Strata, z: float) -> Estimate:
    value = score.difference(strata)
    low = score.lowest_difference(strata, z)
    # Exchanging the arms turns the sign, so the upper bound is a lower bound too.
    high = -score.lowest_difference(score.exchanged(strata), z)
    return Estimate(value, low, high)


def _lift(strata: score.Strata, z: float) -> Estimate | NotComputable:
    control_converted = any(part.control.converted for part in strata)
    if not control_converted and not any(part.treatment.converted for part in strata):
        return NotComputable(Reason.CONTROL_UNCONVERTED)
    low = math.expm1(score.lowest_log_ratio(strata, z))
    if not control_converted:
        return NotComputable(Reason.CONTROL_UNCONVERTED, at_least=low)
    high = math.expm1(-score.lowest_log_ratio(score.exchanged(strata), z))
    return Estimate(score.lift(strata), low, high)


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
        difference = comparison.difference
        better = isinstance(difference, Estimate) and difference.value > 0
        verdict = Verdict.BETTER if better else Verdict.WORSE
    return Summary(verdict=verdict, expected_conversions=expected, comparison=comparison)
