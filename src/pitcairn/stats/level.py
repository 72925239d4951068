"""The level of intervals."""

from __future__ import annotations

from functools import lru_cache
from statistics import NormalDist


@lru_cache(maxsize=16)
def z_of(alpha: float) -> float:
    """How many standard errors a two-sided interval reaches: 1.96 for an `alpha` of 0.05."""
    if not 0 < alpha < 1:
        raise ValueError(f"alpha is {alpha}; give a level between 0 and 1, such as 0.05 for 95 % intervals")
    return -NormalDist().inv_cdf(alpha / 2)
