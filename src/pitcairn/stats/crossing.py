"""How often a test that is looked at many times ends with a result: the probability to cross its bars.

At every look the number of those who fell to the treatment is compared with two bars; between the looks it moves by a
nearly normal step. Armitage, McPherson and Rowe's recursion (JRSS A 132:235, 1969) carries the probability of every place
between the bars from look to look.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from pitcairn.stats.quadrature import legendre

_NODES = 160
_FURTHEST = 8.0
"""Standard deviations beyond which nothing is expected."""


def crossed(bars: Sequence[tuple[float, float]], steps: Sequence[tuple[float, float]]) -> float:
    """The probability to be at or beyond a bar at any look.

    `bars` are the lower and the upper one of each look, `steps` the mean and the variance of the normal step before it.
    """
    places = np.zeros(1)
    weight = np.ones(1)
    mean = variance = 0.0
    for (low, high), (step, spread) in zip(bars, steps, strict=True):
        mean, variance = mean + step, variance + spread
        reach = _FURTHEST * math.sqrt(variance)
        least, most = max(low, mean - reach), min(high, mean + reach)
        if most <= least:
            return 1.0
        nodes, shares = legendre(_NODES)
        half = (most - least) / 2
        here = least + half * (nodes + 1)
        distance = here[:, None] - places[None, :] - step
        density = np.exp(-distance * distance / (2 * spread)) @ weight / math.sqrt(2 * math.pi * spread)
        places, weight = here, density * shares * half
    return float(min(1.0, max(0.0, 1 - weight.sum())))
