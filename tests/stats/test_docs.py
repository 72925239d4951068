"""docs/statistics.md: the numbers it names are those that come out."""

from pathlib import Path

from pitcairn.stats import ENOUGH_CONVERSIONS, Arm, Estimate, compare

DOCS = (Path(__file__).parents[2] / "docs" / "statistics.md").read_text("utf-8").replace("\n", " ")


def test_example_has_the_numbers_of_the_docs() -> None:
    comparison = compare(Arm(40_000, 12), Arm(40_000, 25))
    assert isinstance(comparison.lift, Estimate)
    assert "12 of 40,000 against 25 of 40,000" in DOCS
    assert f"p-value of {comparison.p_value:.3f}" in DOCS
    assert f"from {comparison.lift.low:+.0%} to {comparison.lift.high:+.0%}".replace("%", " %") in DOCS


def test_threshold_is_the_real_one() -> None:
    assert f"Below {ENOUGH_CONVERSIONS} expected conversions" in DOCS
