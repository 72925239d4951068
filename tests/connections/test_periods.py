"""Spans of time in addresses, and the chart drawn over them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pitcairn.connections.delivery_chart import charts, latency_words, when_words
from pitcairn.connections.periods import CHOICES, MOST_BARS, period_of
from pitcairn.eventstore.delivery_records import DeliveryPoint

NOW = datetime(2026, 11, 2, 13, 37, 21, tzinfo=UTC)


@pytest.mark.parametrize("choice", CHOICES, ids=lambda choice: choice.key)
def test_a_period_reaches_back_and_is_drawn_in_few_whole_steps(choice: object) -> None:
    assert hasattr(choice, "key")
    period = period_of({"period": choice.key}, NOW)
    assert period.end == NOW
    assert timedelta(0) <= (NOW - period.start) - choice.length < timedelta(seconds=period.step_seconds)  # type: ignore[attr-defined]
    assert period.start.timestamp() % period.step_seconds == 0
    bars = -(-(period.end - period.start).total_seconds() // period.step_seconds)
    assert 5 <= bars <= MOST_BARS + 1


def test_an_unknown_period_is_the_last_day() -> None:
    for query in ({}, {"period": "1000y"}, {"period": ""}):
        assert period_of(query, NOW).key == "24h"


def test_typed_dates_end_now_at_the_latest_and_lead_back_to_themselves() -> None:
    period = period_of({"from": "2026-11-01T00:00", "to": "2027-01-01T00:00"}, NOW)
    assert (period.start, period.end, period.key) == (datetime(2026, 11, 1, tzinfo=UTC), NOW, "")
    assert period.query == "from=2026-11-01T00%3A00&to=2026-11-02T13%3A37"


@pytest.mark.parametrize("first", ["", "nonsense", "2026-13-01T00:00", "9999-01-01T00:00", "0001-01-01T00:00"])
def test_dates_that_are_no_period_are_explained(first: str) -> None:
    period = period_of({"from": first, "to": "2026-11-02T00:00"}, NOW)
    assert period.problem
    assert period.key == "24h"


def points(*pairs: tuple[int, int], p95: int | None = 400) -> list[DeliveryPoint]:
    start = datetime(2026, 11, 2, tzinfo=UTC)
    return [
        DeliveryPoint(
            at=start + timedelta(hours=hour), received=delivered + failed, delivered=delivered, failed=failed, retried=0,
            p95_ms=p95 if delivered else None,
        )
        for hour, (delivered, failed) in enumerate(pairs)
    ]  # fmt: skip


def test_nothing_to_draw_is_no_chart() -> None:
    assert charts([], 3600) == ()
    assert charts(points((0, 0), (0, 0)), 3600) == ()


def test_bars_stand_on_zero_and_one_failure_beside_a_million_is_seen() -> None:
    for chart in charts(points((1_000_000, 1), (500_000, 0), (0, 0)), 3600):
        most, half, nothing = chart.bars
        zero = chart.counts[0].at
        assert zero == most.delivered_top + most.delivered_height == half.delivered_top + half.delivered_height
        assert half.delivered_height == pytest.approx(most.delivered_height / 2, abs=0.2)
        assert most.failed_height >= 2
        assert most.failed_top + most.failed_height == pytest.approx(most.delivered_top, abs=0.11)
        assert most.failed_top >= 0
        assert (nothing.delivered_height, nothing.failed_height, nothing.latency_y) == (0, 0, None)


def test_everything_lies_within_the_picture() -> None:
    for count in (1, 2, 7, 48, 62):
        for chart in charts(points(*[(n * 37 % 91, n % 3) for n in range(1, count + 1)]), 3600):
            size = chart.size
            for bar in chart.bars:
                assert size.left <= bar.left <= bar.bar_left
                assert bar.bar_left + bar.bar_width <= size.width
                assert size.top - 0.1 <= bar.failed_top <= bar.delivered_top <= size.volume_bottom
                assert bar.latency_y is None or size.latency_top <= bar.latency_y <= size.latency_bottom
            assert all(size.left <= tick.at < size.width for tick in chart.times)
            assert [tick.text for tick in chart.counts] == list(dict.fromkeys(tick.text for tick in chart.counts))


def test_an_hour_without_deliveries_interrupts_the_line() -> None:
    chart = charts(points((5, 0), (5, 0), (0, 0), (5, 0)), 3600)[0]
    assert [len(part.split()) for part in chart.line] == [2, 2]


def test_each_bar_says_what_it_shows() -> None:
    chart = charts(points((1200, 3)), 3600)[0]
    assert chart.bars[0].spoken == "2 Nov, 00:00 to 01:00: 1,200 arrived, 3 failed, 95 % within 400 ms"


@pytest.mark.parametrize(
    ("ms", "words"),
    [
        (None, "–"),
        (0, "0 ms"),
        (999, "999 ms"),
        (1_240, "1.2 s"),
        (12_400, "12 s"),
        (150_000, "2 min"),
        (9_000_000, "2.5 h"),
    ],
)
def test_times_it_took_in_words(ms: int | None, words: str) -> None:
    assert latency_words(ms) == words


def test_steps_of_time_in_words() -> None:
    at = datetime(2026, 11, 2, 16, tzinfo=UTC)
    assert when_words(at, 8 * 3600) == "2 Nov, 16:00 to 00:00"
    assert when_words(at.replace(hour=0), 86400) == "2 Nov"
    assert when_words(at.replace(hour=0), 7 * 86400) == "Week of 2 Nov"
