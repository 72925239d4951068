"""Integrals of products of beta distributions, by Gauss and Legendre's nodes: as exact as floats, and always the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import pairwise

import numpy as np

from pitcairn.stats.distributions import Floats

_NODES = 200


def integral(function: Callable[[Floats], Floats], cuts: Iterable[float]) -> float:
    """The integral from the lowest to the highest of the cuts.

    Each piece between two cuts has nodes of its own, so that a step is seen whose ends are among the cuts, however
    narrow it is.
    """
    total = 0.0
    points = sorted(set(cuts))
    nodes, weights = legendre(_NODES)
    for low, high in pairwise(points):
        half = (high - low) / 2
        total += half * float(np.dot(weights, function(low + half * (nodes + 1))))
    return total


@lru_cache(maxsize=4)
def legendre(count: int) -> tuple[Floats, Floats]:
    """The nodes between -1 and 1, and what each weighs."""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return nodes, weights
