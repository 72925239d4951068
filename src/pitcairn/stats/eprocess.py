"""Evidence that may be looked at any time: the exact e-process on counts of how many fell to each arm.

Whoever converts belongs to one arm. Without any effect it is the treatment's with the probability that the split gave it,
whatever the rate of conversion and however it changes from hour to hour. So the arms of those who converted are throws
of a known coin, and a mixture of other coins bets against it: the e-value is what a stake of 1 has become. Without an
effect it exceeds 20 at any time whatsoever in at most one of 20 experiments (Ville's inequality), so that the
p-value 1/e and the interval hold at every look, and at all looks together. Nothing is approximated, so there is no minimum
number of visitors either. Lindon and Malek, "Anytime-valid inference for multinomial count data", NeurIPS 2022.

The mixture is Dirichlet's with the split as its mean and the weight of `CONCENTRATION` earlier conversions. When the
split changes, a new epoch begins: e-values of epochs with different splits are multiplied. Each conversion counts in the epoch
of its visitor's first exposure.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import msgspec

from pitcairn.stats.arms import Interval, NotComputable, Reason
from pitcairn.stats.roots import bracketed_root

CONCENTRATION = 100.0
"""For conversions. Large: many conversions before small lifts are found; small: the reverse."""

SPLIT_CONCENTRATION = 1_000.0
"""For visitors, who are more, and whose split is off by little when it is off."""

MOST = 10**15
_FURTHEST_LOG_RATIO = 600.0
_HALF_LOG_TWO_PI = math.log(2 * math.pi) / 2


class Counts(msgspec.Struct, frozen=True):
    """How many fell to each arm while the split was `shares`, which may be any weights; arms without one do not count."""

    shares: tuple[float, ...]
    counts: tuple[int | float, ...]
    """Whole numbers when counted; a plan may ask for what lies between them."""

    @property
    def possible(self) -> bool:
        return (
            len(self.shares) == len(self.counts)
            and all(0 <= count <= MOST for count in self.counts)
            and all(share >= 0 for share in self.shares)
            and math.isfinite(sum(self.shares))
        )

    def between(self, control: int, treatment: int) -> Counts:
        """The two arms alone, their shares relative to each other."""
        whole = self.shares[control] + self.shares[treatment]
        if min(self.shares[control], self.shares[treatment]) <= 0:
            return Counts((), ())
        shares = (self.shares[control] / whole, self.shares[treatment] / whole)
        return Counts(shares, (self.counts[control], self.counts[treatment]))


Look = Sequence[Counts]
"""Everything counted until a moment: cumulative counts, one per epoch."""


class Always(msgspec.Struct, frozen=True, kw_only=True):
    """What holds at this look and at all looks before it.

    `log_e` is the evidence now. `p_value` is the smallest of all looks so far: it never rises again. `lift` is the
    interval of this look, `running` what all looks so far have in common; a truth outside of it at any look
    is as improbable as `alpha`. `point` is the lift that fits the split of the conversions best; None without any in
    control.
    """

    log_e: float
    p_value: float
    point: float | None
    lift: Interval | NotComputable
    running: Interval | NotComputable


def log_evidence(counted: Look, *, concentration: float = CONCENTRATION) -> float | NotComputable:
    """The logarithm of the e-value of "the counts fell to the arms as the split says"."""
    if not all(part.possible for part in counted):
        return NotComputable(Reason.IMPOSSIBLE_COUNTS)
    return math.fsum(_log_e(part, concentration) for part in pooled(counted))


def pooled(counted: Look) -> list[Counts]:
    """Epochs and segments of the same split put together: without an effect their counts are throws of the same coin.

    One bet on many throws finds more than many bets on few of them, and it is as safe: which of them comes next may depend
    on anything that was seen before.
    """
    together: dict[tuple[float, ...], tuple[int | float, ...]] = {}
    for part in counted:
        whole = math.fsum(part.shares)
        split = tuple(round(share / whole, 12) for share in part.shares) if whole > 0 else part.shares
        before = together.get(split, (0,) * len(part.counts))
        together[split] = tuple(one + more for one, more in zip(before, part.counts, strict=True))
    return [Counts(split, counts) for split, counts in together.items()]


def always_valid(
    looks: Sequence[Look], *, alpha: float = 0.05, concentration: float = CONCENTRATION
) -> list[Always] | NotComputable:
    """The lift of a treatment over its control, at every look.

    Every epoch of every look has two counts of conversions: the control's, then the treatment's; none where one of the
    arms had no share.
    """
    if any(len(part.counts) not in {0, 2} for look in looks for part in look):
        return NotComputable(Reason.IMPOSSIBLE_COUNTS)
    found: list[Always] = []
    highest, low, high = 0.0, -1.0, math.inf
    for look in looks:
        evidence = log_evidence(look, concentration=concentration)
        if isinstance(evidence, NotComputable):
            return evidence
        highest = max(highest, evidence)
        usable = [part.between(0, 1) for part in look if sum(part.counts)]
        usable = pooled([part for part in usable if part.counts])
        point = _likeliest_log_ratio(usable)
        interval = _interval(usable, point, evidence, -math.log(alpha))
        running: Interval | NotComputable = NotComputable(Reason.SPLITS_DISAGREE)
        if isinstance(interval, Interval):
            low = max(low, interval.low)
            high = min(high, math.inf if interval.high is None else interval.high)
            if low <= high:
                running = Interval(low, high if math.isfinite(high) else None)
        else:
            low, high = math.inf, -math.inf
        found.append(
            Always(
                log_e=evidence,
                p_value=math.exp(-highest),
                point=None if point is None or point == math.inf else math.expm1(point),
                lift=interval,
                running=running,
            )
        )
    return found


def _log_e(part: Counts, concentration: float) -> float:
    """The mixture's probability of the counts over the split's.

    Written as a divergence between the counts and the split, and what is left of Stirling's formula: the plain difference
    of logarithms of factorials loses six digits at 10^9 conversions.
    """
    pairs = [(share, count) for share, count in zip(part.shares, part.counts, strict=True) if share > 0]
    whole = math.fsum(share for share, _ in pairs)
    prior = [concentration * share / whole for share, _ in pairs]
    after = [before + count for before, (_, count) in zip(prior, pairs, strict=True)]
    total = concentration + sum(count for _, count in pairs)
    if total == concentration:
        return 0.0
    return (
        math.fsum(
            _divergence(value, total * before / concentration) for value, before in zip(after, prior, strict=True)
        )
        - math.fsum(_divergence(before, before) for before in prior)
        + _remainder(after, total)
        - _remainder(prior, concentration)
    )


def _divergence(value: float, expected: float) -> float:
    away = (value - expected) / expected
    return value * math.log1p(away) + (expected - value)


def _remainder(parts: Sequence[float], total: float) -> float:
    """What Stirling's formula leaves of the logarithm of the multivariate beta function, without its constants."""
    return math.fsum(_stirling(part) - math.log(part) / 2 for part in parts) - _stirling(total) + math.log(total) / 2


def _stirling(value: float) -> float:
    """The logarithm of the gamma function minus Stirling's formula for it."""
    if value < 16:
        return math.lgamma(value) - (value - 0.5) * math.log(value) + value - _HALF_LOG_TWO_PI
    square = value * value
    return (1 / 12 - (1 / 360 - (1 / 1260 - 1 / (1680 * square)) / square) / square) / value


def _likeliest_log_ratio(look: Look) -> float | None:
    """The logarithm of the ratio of rates that fits best; infinite where one arm has nothing, None where both have."""
    control = sum(part.counts[0] for part in look)
    treatment = sum(part.counts[1] for part in look)
    if control == 0 or treatment == 0:
        return None if control == treatment else math.copysign(math.inf, treatment - control)
    if len(look) == 1:
        part = look[0]
        return math.log(part.counts[1] * part.shares[0] / (part.counts[0] * part.shares[1]))

    def excess(logarithm: float) -> float:
        return treatment - math.fsum(sum(part.counts) * _treated(part, logarithm) for part in look)

    return bracketed_root(excess, -_FURTHEST_LOG_RATIO, _FURTHEST_LOG_RATIO)


def _treated(part: Counts, logarithm: float) -> float:
    """The treatment's share of conversions if its rate is this many times the control's."""
    odds = math.log(part.shares[1] / part.shares[0]) + logarithm
    return 1 / (1 + math.exp(-odds)) if odds > -_FURTHEST_LOG_RATIO else 0.0


def _interval(look: Look, point: float | None, evidence: float, bar: float) -> Interval | NotComputable:
    """Every lift against which the evidence stays below the bar."""
    if point is None:
        return Interval(-1.0, None)

    def excess(logarithm: float) -> float:
        return evidence - math.fsum(_log_likelihood(part, logarithm) for part in look) - bar

    inside = max(-_FURTHEST_LOG_RATIO, min(_FURTHEST_LOG_RATIO, point))
    if excess(inside) >= 0:
        return NotComputable(Reason.SPLITS_DISAGREE)
    low = -1.0 if point == -math.inf else math.expm1(_edge(excess, inside, -1.0))
    high = None if point == math.inf else math.expm1(_edge(excess, inside, 1.0))
    return Interval(low, high)


def _log_likelihood(part: Counts, logarithm: float) -> float:
    """Of the counts with this ratio of rates, relative to none."""
    # share · ratio / (rest + share · ratio) and rest / (rest + share · ratio), each over its share without effect.
    rest, share = part.shares
    spread = (
        math.log1p(share * math.expm1(logarithm))
        if logarithm < 1
        else logarithm + math.log(share + rest * math.exp(-logarithm))
    )
    control, treatment = part.counts
    return treatment * (logarithm - spread) - control * spread


def _edge(excess: Callable[[float], float], inside: float, direction: float) -> float:
    step = 0.01
    outside = inside + direction * step
    while excess(outside) < 0 and abs(outside) < _FURTHEST_LOG_RATIO:
        step *= 2
        outside = inside + direction * step
    if excess(outside) < 0:
        return outside
    return bracketed_root(excess, inside, outside)
