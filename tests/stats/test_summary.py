"""The verdict on a comparison."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pitcairn.stats import Arm, Estimate, NotComputable, Verdict, compare, summary

counts = st.integers(0, 400).flatmap(lambda visitors: st.builds(Arm, st.just(visitors), st.integers(0, visitors)))


@pytest.mark.parametrize(
    ("control", "treatment", "verdict", "expected_conversions"),
    [
        (Arm(10_000, 500), Arm(10_000, 600), Verdict.BETTER, 550.0),
        (Arm(10_000, 600), Arm(10_000, 500), Verdict.WORSE, 550.0),
        (Arm(10_000, 500), Arm(10_000, 560), Verdict.TOO_EARLY, 530.0),
        (Arm(500, 0), Arm(500, 10), Verdict.BETTER, 5.0),
        (Arm(500, 0), Arm(500, 9), Verdict.NOT_ENOUGH_DATA, 4.5),
        (Arm(100, 0), Arm(9_900, 499), Verdict.NOT_ENOUGH_DATA, 4.99),
        (Arm(100, 0), Arm(9_900, 500), Verdict.BETTER, 5.0),
        (Arm(50, 50), Arm(50, 50), Verdict.TOO_EARLY, 50.0),
        (Arm(0, 0), Arm(500, 9), Verdict.NOT_ENOUGH_DATA, 0.0),
        (Arm(0, 0), Arm(0, 0), Verdict.NOT_ENOUGH_DATA, 0.0),
        (Arm(3, 4), Arm(500, 9), Verdict.NOT_ENOUGH_DATA, 0.0),
    ],
)
def test_verdict(control: Arm, treatment: Arm, verdict: Verdict, expected_conversions: float) -> None:
    comparison = compare(control, treatment)
    got = summary(comparison)
    assert got.verdict is verdict
    assert got.expected_conversions == pytest.approx(expected_conversions)
    assert got.comparison is comparison


@settings(deadline=None)
@given(counts, counts)
def test_verdict_never_contradicts_the_interval(control: Arm, treatment: Arm) -> None:
    got = summary(compare(control, treatment))
    difference = got.comparison.difference
    if isinstance(difference, NotComputable):
        assert got.verdict is Verdict.NOT_ENOUGH_DATA
    elif got.verdict is Verdict.BETTER:
        assert difference.low > 0
    elif got.verdict is Verdict.WORSE:
        assert difference.high < 0
    elif got.verdict is Verdict.TOO_EARLY:
        assert isinstance(difference, Estimate)
        assert difference.low <= 0 <= difference.high


@settings(deadline=None)
@given(counts, counts)
def test_exchanging_the_arms_exchanges_better_and_worse(one: Arm, other: Arm) -> None:
    turned = {Verdict.BETTER: Verdict.WORSE, Verdict.WORSE: Verdict.BETTER}
    there, back = summary(compare(one, other)).verdict, summary(compare(other, one)).verdict
    assert back is turned.get(there, there)
