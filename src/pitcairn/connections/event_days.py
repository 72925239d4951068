"""Messages by day as small bars: a row's trend, and the chart of one event. Only geometry; colours are CSS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

DAYS = 30
HEIGHT = 20
STEP = 4
_BAR = 3

WIDE = (1_000, 200)
NARROW = (304, 180)
_LEFT, _TOP, _BOTTOM = 52, 30, 26


@dataclass(frozen=True, kw_only=True)
class Bar:
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, kw_only=True)
class DayBar:
    """A day of the chart: its bar (None for a day without messages), and the strip that reacts to the pointer."""

    bar: Bar | None
    strip: Bar
    spoken: str
    day: date
    count: int
    last: bool


@dataclass(frozen=True, kw_only=True)
class Label:
    x: float
    y: float
    text: str


@dataclass(frozen=True, kw_only=True)
class DayChart:
    name: str
    width: int
    height: int
    left: int
    bottom: int
    days: tuple[DayBar, ...]
    counts: tuple[Label, ...]
    dates: tuple[Label, ...]


def last_days(today: date) -> list[date]:
    """The days that are shown, the oldest first."""
    return [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]


def trend(counts: Mapping[date, int], days: Sequence[date]) -> list[Bar]:
    """Bars from zero, scaled to the busiest day; a day with any message has one that can be seen."""
    most = max((counts.get(day, 0) for day in days), default=0)
    bars = []
    for index, day in enumerate(days):
        count = counts.get(day, 0)
        if count:
            height = max(1.5, round(HEIGHT * count / most, 1))
            bars.append(Bar(x=index * STEP, y=round(HEIGHT - height, 1), width=_BAR, height=height))
    return bars


def day_charts(counts: Mapping[date, int], days: Sequence[date]) -> list[DayChart]:
    """The same chart laid out for a desk and for a phone."""
    return [_chart("wide", WIDE, counts, days), _chart("narrow", NARROW, counts, days)]


def _chart(name: str, size: tuple[int, int], counts: Mapping[date, int], days: Sequence[date]) -> DayChart:
    width, height = size
    bottom = height - _BOTTOM
    room = bottom - _TOP
    top = _round_up(max((counts.get(day, 0) for day in days), default=0))
    step = (width - _LEFT) / len(days)
    gap = max(1.0, step * 0.22)

    def bar(index: int, count: int) -> Bar | None:
        if not count:
            return None
        tall = max(2.0, round(room * count / top, 1))
        return Bar(x=round(_LEFT + index * step + gap / 2, 1), y=bottom - tall, width=round(step - gap, 1), height=tall)

    every = 7 if name == "wide" else 10
    return DayChart(
        name=name,
        width=width,
        height=height,
        left=_LEFT,
        bottom=bottom,
        days=tuple(
            DayBar(
                bar=bar(index, counts.get(day, 0)),
                strip=Bar(x=round(_LEFT + index * step, 1), y=_TOP, width=round(step, 1), height=room),
                spoken=f"{_date(day)}: {counts.get(day, 0):,} {'message' if counts.get(day, 0) == 1 else 'messages'}",
                day=day,
                count=counts.get(day, 0),
                last=index == len(days) - 1,
            )
            for index, day in enumerate(days)
        ),
        counts=tuple(
            Label(x=_LEFT - 8, y=bottom - room * part / 2, text=_short(top * part / 2))
            for part in range(3)
            if top > 1 or part != 1
        ),
        dates=tuple(
            Label(x=round(_LEFT + (index + 0.5) * step, 1), y=bottom, text=_date(day))
            for index, day in enumerate(days)
            if (len(days) - 1 - index) % every == 0 and index >= 1
        ),
    )


def _round_up(most: int) -> int:
    """The top of the scale: 1, 2, 4, 6, 10, 20, 40, 60, 100 … Even above 1, so that its half is a whole number."""
    scale = 1
    while True:
        for step in (1, 2, 4, 6):
            if most <= step * scale:
                return step * scale
        scale *= 10


def _short(count: float) -> str:
    if count >= 1_000_000:
        return f"{count / 1_000_000:g} M"
    return f"{count / 1_000:g} k" if count >= 10_000 else f"{count:,.0f}"


def _date(day: date) -> str:
    return f"{day:%-d %b}"
