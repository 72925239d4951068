"""The rate of one arm."""

from __future__ import annotations

import math

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
    value = x / n
    shrink = 1 + z * z / n
    half = z * math.sqrt(value * ((n - x) / n) / n + (z / (2 * n)) ** 2)
    high = 1.0 if x == n else min(1.0, (value + z * z / (2 * n) + half) / shrink)
    # The bounds are the roots of one quadratic: their product is exact where their difference loses digits.
    low = value * value / shrink / high
    return Estimate(value, min(low, value), max(high, value))
