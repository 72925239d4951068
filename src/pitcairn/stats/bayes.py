"""How probable it is that a variation is better, and what a wrong choice costs: conversions as Beta-binomial counts.

Before anything was counted every rate is held for equally likely (`Prior`); after `x` of `n` visitors converted, the rate
has the distribution Beta(1 + x, 1 + n - x). The numbers are integrals over it and not drawn, so that they are
exact and always the same. Ten visitors or a thousand million need no approximation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import msgspec
import numpy as np

from pitcairn.stats.arms import Arm, Estimate, NotComputable, Reason
from pitcairn.stats.distributions import Beta, Floats
from pitcairn.stats.quadrature import integral
from pitcairn.stats.roots import bracketed_root

_OUTSIDE = 1e-15
"""The probability that a distribution has beyond either end of its window."""

MOST_VISITORS = 10**12


class Prior(msgspec.Struct, frozen=True):
    """What is held for likely beforehand: `a` conversions among `a + b` visitors; both at least 1."""

    a: float = 1.0
    b: float = 1.0


class Odds(msgspec.Struct, frozen=True, kw_only=True):
    """What is believed about a treatment after the counts.

    `chance` is the probability that the treatment's rate is the higher one. `loss_if_chosen` is by how much the rate
    would be lower than the control's on average, were the treatment chosen (a chance of losing times its size, in rate:
    0.001 is a tenth of a percentage point); `loss_if_left` the same if the control stays. `difference` and `lift` are
    credible intervals around their medians.
    """

    chance: float
    loss_if_chosen: float
    loss_if_left: float
    difference: Estimate
    lift: Estimate


class Best(msgspec.Struct, frozen=True, kw_only=True):
    """For every arm in order: the probability to have the highest rate, and what choosing it loses on average."""

    chances: tuple[float, ...]
    losses: tuple[float, ...]


def odds(
    control: Arm | Beta, treatment: Arm | Beta, *, alpha: float = 0.05, prior: Prior | None = None
) -> Odds | NotComputable:
    """What is believed about the treatment. An arm without visitors is believed to be as the prior says."""
    for arm in (control, treatment):
        if isinstance(arm, Arm) and (reason := _refused(arm)) is not None:
            return NotComputable(reason)
    c = posterior(control, prior) if isinstance(control, Arm) else control
    t = posterior(treatment, prior) if isinstance(treatment, Arm) else treatment
    return Odds(
        chance=_chance(c, t),
        loss_if_chosen=_excess(c, t),
        loss_if_left=_excess(t, c),
        difference=_Gap(c, t).estimate(alpha),
        lift=_Ratio(c, t).estimate(alpha),
    )


def best(arms: Sequence[Arm | Beta], *, prior: Prior | None = None) -> Best | NotComputable:
    """Which arm is the best; one alone is."""
    for arm in arms:
        if isinstance(arm, Arm) and (reason := _refused(arm)) is not None:
            return NotComputable(reason)
    if not arms:
        return NotComputable(Reason.NO_VISITORS)
    beliefs = [posterior(arm, prior) if isinstance(arm, Arm) else arm for arm in arms]
    windows = [window(belief) for belief in beliefs]
    cuts = [end for low_and_high in windows for end in low_and_high]
    chances, losses = [], []
    for index, belief in enumerate(beliefs):
        rivals = _Rivals(belief, tuple(other for place, other in enumerate(beliefs) if place != index))
        low, high = windows[index]
        inside = [cut for cut in cuts if low <= cut <= high]
        chances.append(integral(rivals.beaten, inside) / integral(belief.density, inside))
        losses.append(integral(rivals.missed, cuts))
    total = math.fsum(chances)
    return Best(chances=tuple(chance / total for chance in chances), losses=tuple(max(0.0, loss) for loss in losses))


def posterior(arm: Arm, prior: Prior | None = None) -> Beta:
    """What is believed about the rate of an arm."""
    before = prior or Prior()
    return Beta(before.a + arm.converted, before.b + arm.visitors - arm.converted)


def window(belief: Beta) -> tuple[float, float]:
    """Between these ends lies everything but a probability of two in 10^15."""
    return belief.quantile(_OUTSIDE), belief.upper_quantile(_OUTSIDE)


def _refused(arm: Arm) -> Reason | None:
    if not arm.possible:
        return Reason.IMPOSSIBLE_COUNTS
    return Reason.TOO_MANY if arm.visitors > MOST_VISITORS else None


def _chance(c: Beta, t: Beta) -> float:
    (low, high), others = window(c), window(t)
    cuts = [low, high, *(end for end in others if low < end < high)]
    return min(1.0, integral(lambda x: c.density(x) * t.above(x), cuts) / integral(c.density, cuts))


def _excess(over: Beta, under: Beta) -> float:
    """By how much `over` exceeds `under` on average, counting 0 where it does not.

    As an integral of products that are never negative: nothing cancels, so that tiny losses keep their digits.
    """
    (over_low, over_high), (under_low, under_high) = window(over), window(under)
    if under_low >= over_high:
        return 0.0
    cuts = [end for end in (over_low, over_high, under_low, under_high) if under_low <= end <= over_high]
    return max(0.0, integral(lambda x: under.below(x) * over.above(x), cuts))


class _Rivals(msgspec.Struct, frozen=True):
    """One arm and all others."""

    arm: Beta
    others: tuple[Beta, ...]

    def beaten(self, x: Floats) -> Floats:
        """Proportional to the density of the arm's rate being x and all others below."""
        return self.arm.density(x) * self._all_below(x)

    def missed(self, x: Floats) -> Floats:
        """The probability of the arm's rate being below x, and of another's being above."""
        return self.arm.below(x) * (1 - self._all_below(x))

    def _all_below(self, x: Floats) -> Floats:
        product = np.ones_like(x)
        for other in self.others:
            product = product * other.below(x)
        return product


class _Gap:
    """The distribution of the treatment's rate minus the control's."""

    def __init__(self, c: Beta, t: Beta) -> None:
        self.c, self.t = c, t
        self.c_window, self.t_window = window(c), window(t)
        self.whole = integral(c.density, self.c_window)

    def below(self, assumed: float) -> float:
        low, high = self.c_window
        steps = (self.t_window[0] - assumed, self.t_window[1] - assumed)
        cuts = [low, high, *(step for step in steps if low < step < high)]
        return integral(lambda x: self.c.density(x) * self.t.below(x + assumed), cuts) / self.whole

    def estimate(self, alpha: float) -> Estimate:
        low, high = self.t_window[0] - self.c_window[1], self.t_window[1] - self.c_window[0]
        least, middle, most = _quantiles(self.below, low, high, alpha)
        return Estimate(middle, min(least, middle), max(middle, most))


class _Ratio:
    """The distribution of the treatment's rate over the control's, on a logarithmic scale."""

    def __init__(self, c: Beta, t: Beta) -> None:
        self.c, self.t = c, t
        self.c_window, self.t_window = window(c), window(t)
        self.whole = integral(c.density, self.c_window)

    def below(self, logarithm: float) -> float:
        low, high = self.c_window
        ratio = math.exp(logarithm)
        steps = (self.t_window[0] / ratio, self.t_window[1] / ratio)
        cuts = [low, high, *(step for step in steps if low < step < high)]
        return integral(lambda x: self.c.density(x) * self.t.below(x * ratio), cuts) / self.whole

    def estimate(self, alpha: float) -> Estimate:
        low = math.log(self.t_window[0]) - math.log(self.c_window[1])
        high = math.log(self.t_window[1]) - math.log(self.c_window[0])
        least, middle, most = (math.expm1(end) for end in _quantiles(self.below, low, high, alpha))
        return Estimate(middle, min(least, middle), max(middle, most))


def _quantiles(below: Callable[[float], float], low: float, high: float, alpha: float) -> list[float]:
    def quantile(share: float) -> float:
        return bracketed_root(lambda value: below(value) - share, low, high)

    return [quantile(share) for share in (alpha / 2, 0.5, 1 - alpha / 2)]
