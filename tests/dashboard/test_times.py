"""Times in words: the server's and the browser's must be the same words (browser/dashboard/times.ts)."""

from datetime import UTC, datetime, timedelta

import pytest
from django.template import Context, Template

from pitcairn.dashboard.times import ago, duration_words

NOW = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)


@pytest.mark.parametrize(
    ("past", "words"),
    [
        (timedelta(seconds=-5), "now"),
        (timedelta(seconds=1), "just now"),
        (timedelta(seconds=2), "2 seconds ago"),
        (timedelta(seconds=59.9), "59 seconds ago"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(minutes=59, seconds=59), "59 minutes ago"),
        (timedelta(hours=1), "1 hour ago"),
        (timedelta(hours=23), "23 hours ago"),
        (timedelta(days=1), "1 day ago"),
        (timedelta(days=29), "29 days ago"),
        (timedelta(days=30), "12 February 2026"),
    ],
)
def test_ago(past: timedelta, words: str) -> None:
    assert ago(NOW - past, NOW) == words


def test_durations_are_never_negative() -> None:
    assert duration_words(timedelta(seconds=-3)) == "0 seconds"


def render(source: str, **context: object) -> str:
    return Template("{% load dashboard %}" + source).render(Context(context))


def test_a_time_is_exact_on_hover() -> None:
    html = render("{% time moment %}", moment=NOW)
    assert 'datetime="2026-03-14T15:09:26.000Z"' in html
    assert 'title="14 March 2026, 15:09:26 UTC"' in html


@pytest.mark.parametrize("nothing", [None, ""])
def test_no_time_is_a_word(nothing: object) -> None:
    assert render("{% time moment 'not yet' %}", moment=nothing) == "not yet"


def test_a_clock_names_the_day_unless_it_is_today() -> None:
    assert ">14 Mar, 15:09:26</time>" in render("{% clock moment %}", moment=NOW)
    html = ""
    day = None
    while day != datetime.now(UTC).date():  # Once more if midnight passed meanwhile.
        day = datetime.now(UTC).date()
        html = render("{% clock moment %}", moment=datetime(day.year, day.month, day.day, 12, tzinfo=UTC))
    assert ">12:00:00</time>" in html


@pytest.mark.parametrize(("number", "words"), [(0, "no sources"), (1, "1 source"), (1200, "1,200 sources")])
def test_counts(number: int, words: str) -> None:
    assert render("{{ number|count_of:'source,sources' }}", number=number) == words
