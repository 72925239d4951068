"""Many p-values at once."""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values, in the order given: any below 0.05 is wrong in at most 5 % of all families.

    For goals times variations, where each verdict counts (Scandinavian Journal of Statistics 6:65, 1979).
    """
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted, highest = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, p_values[index] * (len(p_values) - rank)))
        adjusted[index] = highest
    return adjusted


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Benjamini and Hochberg's adjusted p-values: of all below 0.05, at most 5 % are wrong on average.

    For breakdowns that are searched for something worth a test of its own (JRSS B 57:289, 1995).
    """
    order = sorted(range(len(p_values)), key=p_values.__getitem__, reverse=True)
    adjusted, lowest = [1.0] * len(p_values), 1.0
    for place, index in enumerate(order):
        lowest = min(lowest, p_values[index] * (len(p_values) / (len(p_values) - place)))
        adjusted[index] = lowest
    return adjusted
