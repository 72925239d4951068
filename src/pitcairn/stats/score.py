"""The score test of two rates and the intervals that belong to it.

Miettinen and Nurminen, Statistics in Medicine 4:213 (1985). For an assumed difference (or ratio) of the true rates, the
statistic divides the distance of the observed one from it by its standard error at the rates that fit the counts best
under the assumption. The interval is every assumption that the statistic does not reject, so that test and intervals
can never contradict each other. No normal approximation of a single rate is involved: the intervals keep their
coverage for a small control and for rates near 0.

Everything works on strata (section 5 of the paper): the distance is the sum of those within the strata, each weighted
with its share of all visitors. Visitors who were never compared under the same split are then never compared at all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import msgspec

from pitcairn.stats.arms import Arm
from pitcairn.stats.roots import bracketed_root

_REJECTED = 1e9
"""A statistic beyond any bound, where an assumption is impossible."""

_GUARD_BITS = 64
_FURTHEST_LOG_RATIO = 600.0


class Stratum(msgspec.Struct, frozen=True):
    """Two arms that ran side by side, both with visitors, and how much they weigh; all weights add up to 1."""

    control: Arm
    treatment: Arm
    weight: float = 1.0

    @property
    def exchanged(self) -> Stratum:
        return Stratum(self.treatment, self.control, self.weight)

    @property
    def difference(self) -> float:
        """The treatment's rate minus the control's, rounded once."""
        control, treatment = self.control, self.treatment
        cross = treatment.converted * control.visitors - control.converted * treatment.visitors
        return cross / (control.visitors * treatment.visitors)


Strata = Sequence[Stratum]


def p_value(strata: Strata) -> float:
    """The two-sided probability of a difference at least as large if both arms have the same true rate."""
    return math.erfc(abs(_difference_statistic(strata, 0.0)) / math.sqrt(2))


def difference(strata: Strata) -> float:
    """The weighted difference of the rates."""
    return math.fsum(part.weight * part.difference for part in strata)


def lift(strata: Strata) -> float:
    """The difference relative to the control's rate, which must not be 0."""
    if len(strata) == 1:
        control, treatment = strata[0].control, strata[0].treatment
        cross = treatment.converted * control.visitors - control.converted * treatment.visitors
        return cross / (control.converted * treatment.visitors)
    return difference(strata) / rate_of_control(strata)


def rate_of_control(strata: Strata) -> float:
    return math.fsum(part.weight * (part.control.converted / part.control.visitors) for part in strata)


def exchanged(strata: Strata) -> Strata:
    return [part.exchanged for part in strata]


def lowest_difference(strata: Strata, z: float) -> float:
    """The least difference of rates that the counts do not reject at `z` standard errors."""
    observed = difference(strata)
    if observed == -1:
        return -1.0

    def excess(assumed: float) -> float:
        return _difference_statistic(strata, assumed) - z

    inside = observed
    if observed > 0:
        # With strata of a handful of visitors the statistic may rise and fall. Whether 0 is inside is what the test says.
        if excess(0.0) > 0:
            return bracketed_root(excess, observed, 0.0)
        inside = 0.0
    step = 1 / _smallest(strata)
    outside = max(-1.0, inside - step)
    while excess(outside) < 0:
        step *= 2
        outside = max(-1.0, inside - step)
    return bracketed_root(excess, inside, outside)


def lowest_log_ratio(strata: Strata, z: float) -> float:
    """The logarithm of the least ratio of treatment to control that the counts do not reject; -inf for a ratio of 0.

    At least one of the arms must have conversions.
    """
    if not any(part.treatment.converted for part in strata):
        return -math.inf

    def excess(assumed: float) -> float:
        return _ratio_statistic(strata, assumed) - z

    step = 1 / _smallest(strata)
    # Where the control has no conversions the observed ratio is infinite.
    infinite = not any(part.control.converted for part in strata)
    inside = math.inf if infinite else _observed_log_ratio(strata)
    if inside > 0:
        if excess(0.0) > 0:
            return bracketed_root(excess, _not_rejected(excess) if infinite else inside, 0.0)
        inside, step = 0.0, 1.0 if infinite else step
    outside = inside - step
    while excess(outside) < 0 and outside > -_FURTHEST_LOG_RATIO:
        step *= 2
        outside = inside - step
    return bracketed_root(excess, inside, outside)


def _not_rejected(excess: Callable[[float], float]) -> float:
    """Some logarithm above 0 of a ratio that is not rejected."""
    inside, step = 1.0, 2.0
    while excess(inside) > 0 and inside < _FURTHEST_LOG_RATIO:
        inside, step = inside + step, step * 2
    return inside


def _observed_log_ratio(strata: Strata) -> float:
    if len(strata) == 1:
        control, treatment = strata[0].control, strata[0].treatment
        return math.log(treatment.converted * control.visitors / (control.converted * treatment.visitors))
    return math.log(rate_of_control(exchanged(strata)) / rate_of_control(strata))


def _smallest(strata: Strata) -> int:
    return min(min(part.control.visitors, part.treatment.visitors) for part in strata)


def _difference_statistic(strata: Strata, assumed: float) -> float:
    distance = difference(strata) - assumed
    variance = 0.0
    for part in strata:
        variance += part.weight**2 * _difference_variance(part.control, part.treatment, assumed) * _inflation(part)
    return _standardized(distance, variance)


def _inflation(part: Stratum) -> float:
    """Miettinen and Nurminen's factor, by which the statistic of a few visitors is not too sure of itself."""
    visitors = part.control.visitors + part.treatment.visitors
    return visitors / (visitors - 1)


def _standardized(distance: float, variance: float) -> float:
    if distance == 0:
        return 0.0
    scale = math.sqrt(variance)
    # Without variance every other outcome is impossible under the assumption.
    return math.copysign(_REJECTED, distance) if scale == 0 else max(-_REJECTED, min(_REJECTED, distance / scale))


def _difference_variance(control: Arm, treatment: Arm, assumed: float) -> float:
    """The variance of the observed difference at the likeliest rates that differ by `assumed`.

    The arms are exchanged so that the assumed difference is not negative, and conversions with their opposite so that
    rates near 1 become rates near 0, which floats hold far more exactly.
    """
    if assumed < 0:
        control, treatment, assumed = treatment, control, -assumed
    visitors = control.visitors + treatment.visitors
    converted = control.converted + treatment.converted
    if assumed == 0:
        pooled = converted * (visitors - converted) / visitors**2
        return pooled / control.visitors + pooled / treatment.visitors
    if 2 * converted > visitors:
        control, treatment = _unconverted(treatment), _unconverted(control)
    lower = _lower_rate(control, treatment, assumed)
    # The distance of the upper rate from 1 is taken from the exact 1 - assumed, never from a rounded sum.
    upper, rest = min(1.0, lower + assumed), max(0.0, 1 - assumed - lower)
    return lower * (1 - lower) / control.visitors + upper * rest / treatment.visitors


def _unconverted(arm: Arm) -> Arm:
    return Arm(arm.visitors, arm.visitors - arm.converted)


def _lower_rate(control: Arm, treatment: Arm, gap: float) -> float:
    """The control's likeliest rate if the treatment's is larger by `gap` > 0.

    The root of Miettinen and Nurminen's cubic loses digits where visitors are many and rates small (two millionths are
    left of ten digits at 1e9 visitors and rates of 1e-6), so it is only the start: Newton's method on the derivative of
    the likelihood, kept between bounds, gives the digits back.
    """
    most = 1 - gap
    x0, n0, x1, n1 = control.converted, control.visitors, treatment.converted, treatment.visitors
    f0, f1 = n0 - x0, n1 - x1
    if most <= 0 or (x0 == 0 and x1 / gap - n0 - f1 / most <= 0):
        return 0.0
    if f1 == 0 and x0 / most - f0 / gap + n1 >= 0:
        return most
    low, high = 0.0, most
    rate = _cubic_root(x0, n0, x1, n1, gap)
    if not low < rate < high:
        rate = most / 2
    for _ in range(100):
        # Strictly inside the bounds, so that neither the rate nor the rest is 0.
        other, rest = rate + gap, most - rate
        slope = x0 / rate - f0 / (1 - rate) + x1 / other - f1 / rest
        if slope > 0:
            low = rate
        else:
            high = rate
        bend = x0 / rate**2 + f0 / (1 - rate) ** 2 + x1 / other**2 + f1 / rest**2
        better = rate + slope / bend
        if not low < better < high:
            better = (low + high) / 2
        if abs(better - rate) <= 1e-15 * rate:
            return better
        rate = better
    return rate


def _cubic_root(x0: int, n0: int, x1: int, n1: int, gap: float) -> float:
    """The root of the cubic that is a rate, in trigonometric form (appendix of the 1985 paper)."""
    visitors, converted = n0 + n1, x0 + x1
    l2 = (n1 + 2 * n0) * gap - visitors - converted
    l1 = (n0 * gap - visitors - 2 * x0) * gap + converted
    l0 = x0 * gap * (1 - gap)
    third = l2 / (3 * visitors)
    q = third**3 - l1 * l2 / (6 * visitors**2) + l0 / (2 * visitors)
    p = math.copysign(math.sqrt(max(0.0, third**2 - l1 / (3 * visitors))), q)
    if p == 0:
        return -third
    angle = (math.pi + math.acos(max(-1.0, min(1.0, q / p**3)))) / 3
    return 2 * p * math.cos(angle) - third


def _ratio_statistic(strata: Strata, assumed: float) -> float:
    """The statistic for the logarithm of an assumed ratio of the treatment's rate to the control's."""
    a, b = _exact_ratio(assumed)
    distance = variance = 0.0
    for part in strata:
        away, uncertain = _from_ratio(part.control, part.treatment, a, b)
        distance += part.weight * away
        variance += part.weight**2 * uncertain * _inflation(part)
    return _standardized(distance, variance)


def _from_ratio(control: Arm, treatment: Arm, a: int, b: int) -> tuple[float, float]:
    """How far the treatment's rate is from a/b times the control's, and the variance of that at the likeliest rates.

    The likeliest rates are roots of a quadratic. Its discriminant and their distances from 1 are worked out in whole
    numbers, because both vanish where nearly everybody converts.
    """
    x0, n0, x1, n1 = control.converted, control.visitors, treatment.converted, treatment.visitors
    visitors, converted = n0 + n1, x0 + x1
    total = (n1 + x0) * a + (n0 + x1) * b
    root = math.isqrt((total * total - 4 * visitors * converted * a * b) << (2 * _GUARD_BITS))
    numerator = (total << _GUARD_BITS) - root
    control_denominator = (2 * visitors * a) << _GUARD_BITS
    treatment_denominator = (2 * visitors * b) << _GUARD_BITS
    treatment_rate = numerator / treatment_denominator
    control_rest = max(0, control_denominator - numerator) / control_denominator
    treatment_rest = max(0, treatment_denominator - numerator) / treatment_denominator
    variance = treatment_rate * (a / b * control_rest / n0 + treatment_rest / n1)
    distance = (x1 * n0 * b - x0 * n1 * a) / (n0 * n1 * b)
    return distance, variance


def _exact_ratio(logarithm: float) -> tuple[int, int]:
    """The ratio as a fraction; a ratio near 1 keeps all digits of its distance from 1."""
    if abs(logarithm) < 0.5:
        above, b = math.expm1(logarithm).as_integer_ratio()
        return above + b, b
    return math.exp(logarithm).as_integer_ratio()
