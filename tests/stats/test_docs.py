"""docs/statistics.md: the numbers it names are those that come out."""

import doctest
import re
from pathlib import Path

from pitcairn import stats
from pitcairn.experiments import learning
from pitcairn.stats import (
    ENOUGH_CONVERSIONS,
    Arm,
    Estimate,
    asymptotic,
    bandit,
    compare,
    eprocess,
    exact,
    health,
    planner,
    recommendation,
    split,
)

DOCS = re.sub(r"\s+", " ", (Path(__file__).parents[2] / "docs" / "statistics.md").read_text("utf-8"))


def test_example_has_the_numbers_of_the_docs() -> None:
    comparison = compare(Arm(40_000, 12), Arm(40_000, 25))
    assert isinstance(comparison.lift, Estimate)
    assert "12 of 40,000 against 25 of 40,000" in DOCS
    assert f"p-value of {comparison.p_value:.3f}" in DOCS
    assert f"from {comparison.lift.low:+.0%} to {comparison.lift.high:+.0%}".replace("%", " %") in DOCS


def test_thresholds_are_the_real_ones() -> None:
    for words in (
        f"Below {ENOUGH_CONVERSIONS} expected conversions",
        f"has not run for {recommendation.FULL_DAYS} full days",
        f"fewer than {recommendation.ENOUGH_CONVERTED} conversions",
        f"a lift above {recommendation.SUSPICIOUS_LIFT * 100:.0f} %",
        f"lies within ± {recommendation.NEGLIGIBLE_LIFT * 100:.0f} %",
        f"once {asymptotic.ENOUGH_EXPECTED:.0f} conversions are to be expected",
        f"a weight of {eprocess.CONCENTRATION:.0f} conversions",
        f"on visitors (weight {eprocess.SPLIT_CONCENTRATION:,.0f})",
        f"fewer than {split.FEW_VISITORS:,} visitors",
        f"p < {split.ALARM} and an arm is off by at least {split.SMALLEST_DEVIATION * 100} percentage points",
        f"Between p = {split.ALARM} and {split.DOUBT}",
        f"More than {health.CROSSOVER_WARNING * 100:.0f} % is a caution, more than {health.CROSSOVER_BLOCK * 100:.0f} %",
        f"They differ when p < {health.NOVELTY_ALPHA}",
        f"recursion, {planner.LOOKS} looks",
        f"every variation has had {learning.ENOUGH_VISITORS} visitors",
        f"all of them together {learning.ENOUGH_CONVERSIONS} conversions",
        f"a change of less than {learning.MATERIAL * 100:.0f} points",
        f"falls below {bandit.LEAST_SHARE * 100:.0f} %",
        f"of at most {exact.FEW_VISITORS} visitors",
    ):
        assert words in DOCS, words


def test_the_way_in_is_shown_as_it_is() -> None:
    assert doctest.testmod(stats).failed == 0
    assert doctest.testmod(stats).attempted > 0
