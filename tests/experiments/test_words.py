"""Numbers as the pages say them."""

import pytest

from pitcairn.experiments import words
from pitcairn.stats import Estimate, NotComputable, Reason


def plain(text: str) -> str:
    return text.replace(words.NO_BREAK, " ").replace(words.MINUS, "-")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 %"),
        (0.000314, "0.031 %"),
        (0.0031, "0.31 %"),
        (0.0051, "0.51 %"),
        (0.0096, "0.96 %"),
        (0.01, "1 %"),
        (0.051, "5.1 %"),
        (0.0996, "10 %"),
        (0.1234, "12.3 %"),
        (0.5, "50 %"),
        (0.9994, "99.9 %"),
        (0.99996, "100 %"),
        (1, "100 %"),
    ],
)
def test_a_share(value: float, text: str) -> None:
    assert plain(words.share(value)) == text


@pytest.mark.parametrize(
    ("value", "text", "signed"),
    [
        (0.31, "31 %", "+31 %"),
        (-0.034, "3.4 %", "-3.4 %"),
        (0.0949, "9.5 %", "+9.5 %"),
        (0.0999, "10 %", "+10 %"),
        (0.0002, "0 %", "0 %"),
        (12.5, "1,250 %", "+1,250 %"),
        (0, "0 %", "0 %"),
    ],
)
def test_a_change(value: float, text: str, signed: str) -> None:
    assert plain(words.change(value)) == text
    assert plain(words.change(value, signed=True)) == signed


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0.09, 0.57, "between 9 % and 57 % more"),
        (-0.2, -0.03, "between 3 % and 20 % fewer"),
        (-0.04, 0.26, "between 4 % fewer and 26 % more"),
        (0.0, 0.26, "between 0 % and 26 % more"),
    ],
)
def test_an_interval_in_words(low: float, high: float, text: str) -> None:
    assert plain(words.between(Estimate((low + high) / 2, low, high))) == text


def test_intervals_for_tables() -> None:
    assert plain(words.share_interval(Estimate(0.051, 0.042, 0.061))) == "4.2 to 6.1 %"
    assert plain(words.change_interval(Estimate(0.12, -0.24, 0.66))) == "-24 to +66 %"
    assert words.share_interval(NotComputable(Reason.NO_VISITORS)) == ""
    assert words.change_interval(NotComputable(Reason.CONTROL_UNCONVERTED, at_least=0.5)) == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.62, "0.62"), (0.034, "0.03"), (0.0042, "0.004"), (0.0004, "below 0.001"), (0.0, "below 0.001")],
)
def test_a_probability(value: float, text: str) -> None:
    assert words.probability(value) == text
