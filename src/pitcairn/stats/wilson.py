"""The rate of one arm."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pitcairn.stats.arms import Arm, Estimate, NotComputable, Rate, Reason
from pitcairn.stats.level import z_of


def rate(arm: Arm, alpha: float = 0.05) -> Rate:
    """The share of visitors who converted, with its Wilson score interval (Wilson, JASA 22:209, 1927).

    Raises ValueError when `alpha` is not between 0 and 1, and nothing for any counts.
    """
    z = z_of(alpha)
    if not arm.possible:
        return NotComputable(Reason.IMPOSSIBLE_COUNTS)
    if arm.visitors == 0:
        return NotComputable(Reason.NO_VISITORS)
    n, x = arm.visitors, arm.converted
    return _wilson(x / n, (n - x) / n, n, z)


def composed_rate(parts: Sequence[tuple[float, Arm]], alpha: float = 0.05) -> Rate:
    """The weighted rate of several groups of visitors, each with a weight; the weights add up to 1.

    The interval is Wilson's for as many visitors as would make the rate equally sure if they were of one kind.
    """
    z = z_of(alpha)
    if any(not arm.possible for _, arm in parts):
        return NotComputable(Reason.IMPOSSIBLE_COUNTS)
    if not parts or any(arm.visitors == 0 for _, arm in parts):
        return NotComputable(Reason.NO_VISITORS)
    value = min(1.0, math.fsum(weight * (arm.converted / arm.visitors) for weight, arm in parts))
    # One visitor of a group that weighs much and is small says little; Kish's effective number of visitors.
    visitors = 1 / math.fsum(weight**2 / arm.visitors for weight, arm in parts)
    return _wilson(value, 1 - value, visitors, z)


def _wilson(value: float, rest: float, visitors: float, z: float) -> Estimate:
    n = visitors
    shrink = 1 + z * z / n
    half = z * math.sqrt(value * rest / n + (z / (2 * n)) ** 2)
    high = 1.0 if rest == 0 else min(1.0, (value + z * z / (2 * n) + half) / shrink)
    # The bounds are the roots of one quadratic: their product is exact where their difference loses digits.
    low = value * value / shrink / high
    return Estimate(value, min(low, value), max(high, value))
