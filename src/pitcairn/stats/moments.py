"""Sums of a value over visitors, exact however large the value: centred sums that can be merged.

A variance from plain sums of squares in floats is the difference of two huge numbers; for orders of a million million it
comes out as 0. Here the sums are taken exactly, as whole numbers or fractions, before anything is rounded, and what is
kept is the mean and the sum of squared distances from it (Chan, Golub and LeVeque, 1979).
"""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import TypeAlias

import msgspec

from pitcairn.stats.arms import NotComputable, Reason
from pitcairn.stats.effects import Measured

Sum: TypeAlias = int | float | Decimal | Fraction
LARGEST = 1e100
"""No mean and no sum of squares of a website is larger; the square of a larger one might be beyond what floats hold."""

_ROUNDING = 1e-9
"""How far below 0 rounded sums may bring a sum of squares, relative to the squares."""


class Moments(msgspec.Struct, frozen=True):
    """`count` values, their mean, and the sum of the squared distances from it."""

    count: int
    mean: float
    spread: float


class PairMoments(msgspec.Struct, frozen=True):
    """`count` pairs of values: means, sums of squared distances, and the sum of the products of the distances."""

    count: int
    mean_x: float
    mean_y: float
    spread_x: float
    spread_y: float
    product: float

    @property
    def y(self) -> Moments:
        return Moments(self.count, self.mean_y, self.spread_y)


def moments(count: int, total: Sum, squares: Sum) -> Moments | NotComputable:
    """From the sum of the values and the sum of their squares."""
    if count < 0:
        return NotComputable(Reason.IMPOSSIBLE_COUNTS)
    if count == 0:
        return NotComputable(Reason.NO_VISITORS)
    try:
        exact, exact_squares = Fraction(total), Fraction(squares)
    except (ValueError, OverflowError):
        return NotComputable(Reason.IMPOSSIBLE_SUMS)
    spread = _spread(exact_squares - exact * exact / count, exact_squares)
    if spread is None:
        return NotComputable(Reason.IMPOSSIBLE_SUMS)
    return _representable(Moments(count, _rounded(exact / count), spread))


def pair_moments(
    count: int, total_x: Sum, total_y: Sum, squares_x: Sum, squares_y: Sum, products: Sum
) -> PairMoments | NotComputable:
    """From the sums of both values, of their squares, and of their products."""
    x, y = moments(count, total_x, squares_x), moments(count, total_y, squares_y)
    if isinstance(x, NotComputable):
        return x
    if isinstance(y, NotComputable):
        return y
    try:
        product = _rounded(Fraction(products) - Fraction(total_x) * Fraction(total_y) / count)
    except (ValueError, OverflowError):
        return NotComputable(Reason.IMPOSSIBLE_SUMS)
    if not abs(product) <= math.sqrt(x.spread) * math.sqrt(y.spread) * (1 + _ROUNDING) + 1e-300:
        return NotComputable(Reason.IMPOSSIBLE_SUMS)
    return PairMoments(count, x.mean, y.mean, x.spread, y.spread, product)


def merged(one: Moments, other: Moments) -> Moments:
    """Both together, as if they had been summed at once."""
    count = one.count + other.count
    gap = other.mean - one.mean
    share = other.count / count
    return Moments(count, one.mean + gap * share, one.spread + other.spread + gap * gap * one.count * share)


def merged_pairs(one: PairMoments, other: PairMoments) -> PairMoments:
    """Both together, as if they had been summed at once."""
    count = one.count + other.count
    gap_x, gap_y = other.mean_x - one.mean_x, other.mean_y - one.mean_y
    share = other.count / count
    weight = one.count * share
    return PairMoments(
        count,
        one.mean_x + gap_x * share,
        one.mean_y + gap_y * share,
        one.spread_x + other.spread_x + gap_x * gap_x * weight,
        one.spread_y + other.spread_y + gap_y * gap_y * weight,
        one.product + other.product + gap_x * gap_y * weight,
    )


def mean_of(values: Moments | NotComputable) -> Measured | NotComputable:
    """The mean with its sampling variance."""
    if isinstance(values, NotComputable):
        return values
    if values.count < 2:
        return NotComputable(Reason.TOO_FEW)
    freedom = values.count - 1
    return Measured(values.mean, values.spread / freedom / values.count, values.count, freedom)


def ratio_of(pairs: PairMoments | NotComputable) -> Measured | NotComputable:
    """The sum of y over the sum of x, such as clicks per session, with its variance by the delta method.

    The units are the pairs (visitors, each with its clicks and its sessions), never the sessions: those of one visitor
    are alike. Deng, Knoblich and Lu, KDD 2018. The same ratio over accounts, y converted of x visitors, is the rate
    clustered by account.
    """
    if isinstance(pairs, NotComputable):
        return pairs
    if pairs.count < 2:
        return NotComputable(Reason.TOO_FEW)
    if pairs.mean_x == 0:
        return NotComputable(Reason.CONTROL_UNCONVERTED)
    ratio = pairs.mean_y / pairs.mean_x
    spread = max(0.0, pairs.spread_y - 2 * ratio * pairs.product + ratio * ratio * pairs.spread_x)
    freedom = pairs.count - 1
    variance = spread / freedom / pairs.count / pairs.mean_x / pairs.mean_x
    if not (math.isfinite(ratio) and math.isfinite(variance)):
        return NotComputable(Reason.IMPOSSIBLE_SUMS)
    return Measured(ratio, variance, pairs.count, freedom)


def _spread(exact: Fraction, squares: Fraction) -> float | None:
    if exact >= 0:
        return _rounded(exact)
    return 0.0 if -exact <= _ROUNDING * abs(squares) else None


def _rounded(exact: Fraction) -> float:
    try:
        return float(exact)
    except OverflowError:
        return math.inf


def _representable(values: Moments) -> Moments | NotComputable:
    if abs(values.mean) < LARGEST and values.spread < LARGEST:
        return values
    return NotComputable(Reason.TOO_MANY)
