"""What was measured in an arm, and how two arms differ, when both are sure enough to be called normal.

`Measured` is the value of an arm with its sampling variance, whatever it was measured by: conversions, revenue per
visitor, clicks per session, adjusted or clustered. Everything that compares means works on it.
"""

from __future__ import annotations

import math

import msgspec

from pitcairn.stats.arms import Arm, Estimate, NotComputable, Reason
from pitcairn.stats.distributions import t_quantile, t_two_sided
from pitcairn.stats.level import z_of

_FURTHEST = 1e100
"""A ratio beyond is one to a control of nothing but rounding."""


class Measured(msgspec.Struct, frozen=True):
    """A value and its sampling variance (the square of its standard error), from `units` independent units.

    `freedom` is how many of them are left to estimate the variance from; None where the variance is as good as known.
    """

    value: float
    variance: float
    units: int
    freedom: int | None = None


class Effect(msgspec.Struct, frozen=True):
    """How much more the treatment has, with the standard error, from `units` in both arms."""

    value: float
    error: float
    units: int

    @property
    def z(self) -> float | None:
        """How many standard errors the effect is above 0; None without any."""
        return self.value / self.error if self.error > 0 else None


class MeanComparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two measured arms compared: the same promises as `Comparison`.

    `p_value` is below `alpha` exactly when the interval of the difference leaves out 0, and exactly when that of the
    lift does. `freedom` is the degrees of freedom; None where the normal distribution stands in.
    """

    control: Measured
    treatment: Measured
    alpha: float
    difference: Estimate | NotComputable
    lift: Estimate | NotComputable
    p_value: float | NotComputable
    error: float
    freedom: float | None


def converted_share(arm: Arm) -> Measured | NotComputable:
    """The rate of an arm with its binomial variance."""
    if not arm.possible:
        return NotComputable(Reason.IMPOSSIBLE_COUNTS)
    if arm.visitors == 0:
        return NotComputable(Reason.NO_VISITORS)
    share, rest = arm.converted / arm.visitors, (arm.visitors - arm.converted) / arm.visitors
    return Measured(share, share * rest / arm.visitors, arm.visitors)


def difference_of(control: Measured, treatment: Measured, covariance: float = 0.0) -> Effect:
    """The treatment's value minus the control's."""
    variance = max(0.0, control.variance + treatment.variance - 2 * covariance)
    return Effect(treatment.value - control.value, math.sqrt(variance), control.units + treatment.units)


def effect_of(comparison: MeanComparison) -> Effect:
    """The difference of a comparison, whatever it was measured by, as what `sequential` and `normal_odds` take."""
    control, treatment = comparison.control, comparison.treatment
    return Effect(treatment.value - control.value, comparison.error, control.units + treatment.units)


def lift_of(control: Measured, treatment: Measured) -> Effect | NotComputable:
    """The difference relative to the control's value, its error by the delta method."""
    if control.value == 0:
        return NotComputable(Reason.CONTROL_UNCONVERTED)
    ratio = treatment.value / control.value
    # Relative to the control's value first: its square would vanish or burst for tiny and huge values.
    spread = math.hypot(
        math.sqrt(treatment.variance) / control.value, ratio * (math.sqrt(control.variance) / control.value)
    )
    value = (treatment.value - control.value) / control.value
    if not (abs(value) < _FURTHEST and spread < _FURTHEST):
        return NotComputable(Reason.CONTROL_NEAR_ZERO)
    return Effect(value, spread, control.units + treatment.units)


def compare_measured(
    control: Measured | NotComputable,
    treatment: Measured | NotComputable,
    *,
    alpha: float = 0.05,
    covariance: float = 0.0,
) -> MeanComparison | NotComputable:
    """Welch's test, its interval of the difference, and Fieller's interval of the lift, which belongs to the test.

    `covariance` is that of the two values, where the arms share units. Raises ValueError when `alpha` is not between 0
    and 1, and nothing for any values.
    """
    z = z_of(alpha)
    if isinstance(control, NotComputable):
        return NotComputable(Reason.CONTROL_EMPTY) if control.reason is Reason.NO_VISITORS else control
    if isinstance(treatment, NotComputable):
        return NotComputable(Reason.TREATMENT_EMPTY) if treatment.reason is Reason.NO_VISITORS else treatment
    effect = difference_of(control, treatment, covariance)
    if not (math.isfinite(effect.value) and math.isfinite(effect.error)):
        return NotComputable(Reason.IMPOSSIBLE_SUMS)
    freedom = _freedom(control, treatment)
    reach = z if freedom is None else t_quantile(alpha, freedom)
    difference: Estimate | NotComputable
    p_value: float | NotComputable
    if effect.z is None and effect.value != 0:
        difference = p_value = NotComputable(Reason.NO_VARIATION)
    else:
        half = reach * effect.error
        difference = Estimate(effect.value, effect.value - half, effect.value + half)
        p_value = _p_value(effect.z or 0.0, freedom)
    lift = _fieller(control, treatment, reach, covariance)
    if isinstance(difference, NotComputable):
        lift = difference
    return MeanComparison(
        control=control,
        treatment=treatment,
        alpha=alpha,
        difference=difference,
        lift=lift,
        p_value=p_value,
        error=effect.error,
        freedom=freedom,
    )


def _freedom(control: Measured, treatment: Measured) -> float | None:
    """Welch and Satterthwaite's degrees of freedom."""
    if control.freedom is None or treatment.freedom is None:
        return None
    whole = control.variance + treatment.variance
    if whole == 0:
        return float(control.freedom + treatment.freedom)
    share_c, share_t = control.variance / whole, treatment.variance / whole
    return 1 / (share_c**2 / control.freedom + share_t**2 / treatment.freedom)


def _p_value(z: float, freedom: float | None) -> float:
    if freedom is None:
        return math.erfc(abs(z) / math.sqrt(2))
    return min(1.0, t_two_sided(z, freedom))


def _fieller(control: Measured, treatment: Measured, reach: float, covariance: float) -> Estimate | NotComputable:
    """Every ratio that the test does not reject (Fieller, JRSS B 16:175, 1954), as a lift."""
    c, t, q = control.value, treatment.value, reach * reach
    square = c * c - q * control.variance
    if c == 0:
        return NotComputable(Reason.CONTROL_UNCONVERTED)
    if square <= 0:
        return NotComputable(Reason.CONTROL_NEAR_ZERO)
    half = c * t - q * covariance
    rest = t * t - q * treatment.variance
    root = math.sqrt(max(0.0, half * half - square * rest))
    value = (t - c) / c
    low, high = (half - root - square) / square, (half + root - square) / square
    if not (math.isfinite(low) and math.isfinite(high) and math.isfinite(value)):
        return NotComputable(Reason.CONTROL_NEAR_ZERO)
    return Estimate(value, min(low, value), max(high, value))
