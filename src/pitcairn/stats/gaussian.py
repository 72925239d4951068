"""The same beliefs where the effect itself is normal: revenue and other means, and conversions compared by strata.

The effect has a normal distribution around its estimate; a `NormalPrior` pulls it towards what is usual. Without one the
credible interval equals the fixed one of the same effect.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

import msgspec
import numpy as np

from pitcairn.stats.arms import Estimate
from pitcairn.stats.distributions import Floats, normal_below
from pitcairn.stats.effects import Effect
from pitcairn.stats.level import z_of
from pitcairn.stats.quadrature import integral

_STANDARD = NormalDist()


class NormalPrior(msgspec.Struct, frozen=True):
    """What effects usually are; the variance is above 0."""

    mean: float
    variance: float


class NormalOdds(msgspec.Struct, frozen=True, kw_only=True):
    """What is believed about an effect: see `bayes.Odds`; losses are in the effect's own unit."""

    chance: float
    loss_if_chosen: float
    loss_if_left: float
    effect: Estimate
    deviation: float


def normal_odds(effect: Effect, *, alpha: float = 0.05, prior: NormalPrior | None = None) -> NormalOdds:
    """What is believed about an effect with a known standard error."""
    value, variance = effect.value, effect.error**2
    if prior is not None:
        precision = 1 / variance + 1 / prior.variance if variance > 0 else math.inf
        if variance > 0:
            value = (value / variance + prior.mean / prior.variance) / precision
        variance = 1 / precision
    deviation = math.sqrt(variance)
    if deviation == 0:
        chance = 0.5 if value == 0 else float(value > 0)
        chosen, left = max(0.0, -value), max(0.0, value)
    else:
        z = value / deviation
        chance = _above(-z)
        chosen, left = deviation * _mean_excess(z), deviation * _mean_excess(-z)
    reach = z_of(alpha) * deviation
    return NormalOdds(
        chance=chance,
        loss_if_chosen=chosen,
        loss_if_left=left,
        effect=Estimate(value, value - reach, value + reach),
        deviation=deviation,
    )


class Normal(msgspec.Struct, frozen=True):
    """What is believed about the mean of an arm; the deviation is above 0."""

    mean: float
    deviation: float


# Beyond so many deviations lies less than 1e-15 of a normal distribution.
_FURTHEST = 8.0


def best_of_normals(arms: Sequence[Normal]) -> tuple[float, ...]:
    """For each arm how probable it is that its mean is the highest: as `bayes.best`, by integration."""
    ends = [(one.mean - _FURTHEST * one.deviation, one.mean + _FURTHEST * one.deviation) for one in arms]
    cuts = [end for pair in ends for end in pair]
    found = []
    for place, arm in enumerate(arms):
        others = [other for number, other in enumerate(arms) if number != place]

        def beaten(x: Floats, arm: Normal = arm, others: Sequence[Normal] = others) -> Floats:
            z = (x - arm.mean) / arm.deviation
            density: Floats = np.exp(-z * z / 2)
            for other in others:
                density = density * normal_below((x - other.mean) / other.deviation)
            return density

        low, high = ends[place]
        inside = sorted({low, high, *(cut for cut in cuts if low < cut < high)})
        found.append(integral(beaten, inside) / arm.deviation)
    whole = math.fsum(found)
    return tuple(one / whole for one in found)


def _above(z: float) -> float:
    return math.erfc(z / math.sqrt(2)) / 2


def _mean_excess(z: float) -> float:
    """How far a standard normal value lies above `z` on average, counting 0 where it does not."""
    if z > 12:
        # The two terms agree in too many digits; this is their difference's leading term.
        return _STANDARD.pdf(z) / (z * z)
    return max(0.0, _STANDARD.pdf(z) - z * _above(z))
