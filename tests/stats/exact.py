"""The score statistics worked out a second way: 100 digits, and the likeliest rates by halving an interval."""

from collections.abc import Callable
from decimal import Decimal, localcontext

from pitcairn.stats import Arm

_DIGITS = 100
_HALVINGS = 150


def difference_statistic(control: Arm, treatment: Arm, assumed: float | Decimal) -> Decimal:
    """How many standard errors the observed difference is above the assumed one."""
    with localcontext() as context:
        context.prec = _DIGITS
        gap = Decimal(assumed)
        low, high = max(Decimal(0), -gap), min(Decimal(1), 1 - gap)

        def slope(rate: Decimal) -> Decimal:
            return _slope(control, rate) + _slope(treatment, rate + gap)

        rate = _halved(slope, low, high)
        variance = _variance(control, rate) + _variance(treatment, rate + gap)
        observed = Decimal(treatment.converted) / treatment.visitors - Decimal(control.converted) / control.visitors
        return _standardized(observed - gap, variance, control, treatment)


def ratio_statistic(control: Arm, treatment: Arm, assumed: float | Decimal) -> Decimal:
    """How many standard errors the treatment's rate is above the control's, times the assumed ratio."""
    with localcontext() as context:
        context.prec = _DIGITS
        ratio = Decimal(assumed)
        high = min(Decimal(1), 1 / ratio)

        def slope(rate: Decimal) -> Decimal:
            return _slope(control, rate) + ratio * _slope(treatment, ratio * rate)

        rate = _halved(slope, Decimal(0), high)
        variance = ratio**2 * _variance(control, rate) + _variance(treatment, ratio * rate)
        observed = Decimal(treatment.converted) / treatment.visitors - ratio * control.converted / control.visitors
        return _standardized(observed, variance, control, treatment)


def _slope(arm: Arm, rate: Decimal) -> Decimal:
    """The derivative of the logarithm of the likelihood."""
    return arm.converted / rate - (arm.visitors - arm.converted) / (1 - rate)


def _halved(slope: Callable[[Decimal], Decimal], low: Decimal, high: Decimal) -> Decimal:
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if slope(middle) > 0 else (low, middle)
    return (low + high) / 2


def _variance(arm: Arm, rate: Decimal) -> Decimal:
    return rate * (1 - rate) / arm.visitors


def _standardized(distance: Decimal, variance: Decimal, control: Arm, treatment: Arm) -> Decimal:
    visitors = control.visitors + treatment.visitors
    return distance / (variance * visitors / (visitors - 1)).sqrt()
