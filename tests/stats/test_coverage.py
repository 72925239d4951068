"""How often the intervals hold the truth: every possible outcome, weighed by its probability.

The shares are those found for these designs by full enumeration with another implementation; see docs/statistics.md.
"""

from functools import cache
from math import exp, lgamma, log, log1p

import pytest

from pitcairn.stats import Arm, Comparison, Estimate, compare

_NEGLIGIBLE = 1e-9


def outcomes(visitors: int, probability: float) -> list[tuple[int, float]]:
    """Every number of conversions that is not all but impossible, with its probability."""
    weights = []
    for converted in range(visitors + 1):
        ways = lgamma(visitors + 1) - lgamma(converted + 1) - lgamma(visitors - converted + 1)
        weights.append(
            (converted, exp(ways + converted * log(probability) + (visitors - converted) * log1p(-probability)))
        )
    return [(converted, weight) for converted, weight in weights if weight > _NEGLIGIBLE]


@cache
def compared(control: Arm, treatment: Arm) -> Comparison:
    return compare(control, treatment)


@pytest.mark.parametrize(
    ("visitors", "rates", "shares"),
    [
        ((100, 100), (0.05, 0.05), (95.6, 95.6)),
        ((50, 950), (0.02, 0.02), (95.2, 95.2)),
        ((200, 3_800), (0.01, 0.012), (95.9, 96.1)),
        ((30, 30), (0.5, 0.5), (94.8, 94.8)),
    ],
)
def test_intervals_hold_the_truth_as_often_as_they_say(
    visitors: tuple[int, int], rates: tuple[float, float], shares: tuple[float, float]
) -> None:
    """`shares` are those of the difference and the lift, in percent; each pair has the control first."""
    truth, true_lift = rates[1] - rates[0], rates[1] / rates[0] - 1
    held = held_lift = 0.0
    for converted, weight in outcomes(visitors[0], rates[0]):
        for treated, other in outcomes(visitors[1], rates[1]):
            comparison = compared(Arm(visitors[0], converted), Arm(visitors[1], treated))
            assert isinstance(comparison.difference, Estimate)
            held += weight * other * (comparison.difference.low <= truth <= comparison.difference.high)
            part = comparison.lift
            if isinstance(part, Estimate):
                held_lift += weight * other * (part.low <= true_lift <= part.high)
            else:
                # Without any conversion nothing is claimed about the lift, so nothing is claimed wrongly.
                held_lift += weight * other * (part.at_least is None or part.at_least <= true_lift)
    assert 100 * held == pytest.approx(shares[0], abs=0.06)
    assert 100 * held_lift == pytest.approx(shares[1], abs=0.06)
