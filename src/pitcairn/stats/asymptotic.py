"""Intervals that may be looked at any time where there is no exact one: means and revenue.

Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "Time-uniform central limit theory and asymptotic confidence sequences"
(2023). The interval is valid for all looks together once the mean is normal, which for a small control takes longer
than for the whole: before `ENOUGH_EXPECTED` conversions are to be expected in the smaller arm, it rejects what is true
in up to 10 % of experiments instead of 5 %, so that it is not shown.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from pitcairn.stats.arms import Estimate, Interval, NotComputable, Reason
from pitcairn.stats.effects import Effect

ENOUGH_EXPECTED = 25.0


class Sequential(msgspec.Struct, frozen=True, kw_only=True):
    """An effect with an interval and a p-value that hold at every look.

    `log_e` is the evidence against no effect, `half_width` half of the interval, `rho` the tuning that makes the interval
    the narrowest at the planned number of units.
    """

    effect: Estimate
    half_width: float
    p_value: float
    log_e: float
    rho: float


class RunningSequential(msgspec.Struct, frozen=True, kw_only=True):
    """One look, and what all looks so far have in common: the smallest p-value, and the bounds that every look keeps.

    `running` is a reason where intervals of different looks exclude each other: the effect changed.
    """

    now: Sequential
    p_value: float
    running: Interval | NotComputable


def expected_in_smaller(converted: int, smaller: int, everyone: int) -> float:
    """The conversions that the smaller arm would have if all arms had the same rate."""
    return converted * (smaller / everyone) if everyone > 0 else 0.0


def sequential(
    effect: Effect, planned: int, *, alpha: float = 0.05, expected: float | None = None
) -> Sequential | NotComputable:
    """The interval of an effect at this look; `planned` is the number of units the experiment is planned for.

    `expected` is what `expected_in_smaller` says; leave it out only where conversions are no measure of what is enough.
    """
    if planned <= 0:
        return NotComputable(Reason.NOT_PLANNED)
    if expected is not None and expected < ENOUGH_EXPECTED:
        return NotComputable(Reason.TOO_FEW_CONVERSIONS)
    if effect.z is None:
        return NotComputable(Reason.NO_VARIATION)
    bar = -2 * math.log(alpha)
    rho = math.sqrt((bar + math.log(bar + 1)) / planned)
    weight = effect.units * rho * rho
    half = effect.error * math.sqrt(2 * (weight + 1) / weight * (math.log1p(weight) / 2 - math.log(alpha)))
    log_e = effect.z**2 / 2 * (weight / (weight + 1)) - math.log1p(weight) / 2
    if not (math.isfinite(half) and math.isfinite(log_e)):
        return NotComputable(Reason.TOO_MANY)
    return Sequential(
        effect=Estimate(effect.value, effect.value - half, effect.value + half),
        half_width=half,
        p_value=math.exp(-max(0.0, log_e)),
        log_e=log_e,
        rho=rho,
    )


def running(looks: Sequence[Sequential]) -> list[RunningSequential]:
    """Every look with what all looks up to it say."""
    found: list[RunningSequential] = []
    p_value, low, high = 1.0, -math.inf, math.inf
    for look in looks:
        p_value = min(p_value, look.p_value)
        low, high = max(low, look.effect.low), min(high, look.effect.high)
        common: Interval | NotComputable = NotComputable(Reason.SPLITS_DISAGREE)
        if low <= high:
            common = Interval(low, high)
        found.append(RunningSequential(now=look, p_value=p_value, running=common))
    return found


def mixture_test(effect: Effect, tau: float) -> tuple[float, float]:
    """The logarithm of the mixture likelihood ratio (mSPRT) and its p-value; `tau` is the size of usual effects.

    Johari, Koomen, Pekelis and Walsh (2017). The same test as `sequential` with tau = rho · standard error · √units.
    """
    variance = effect.error**2
    if variance == 0:
        return 0.0, 1.0
    share = tau * tau / (variance + tau * tau)
    log_ratio = math.log1p(-share) / 2 + effect.value**2 * share / (2 * variance)
    return log_ratio, math.exp(-max(0.0, log_ratio))
