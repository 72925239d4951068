"""The chart of an audience's size over time: one line in steps, from zero, drawn anew for each width.

Only geometry: coordinates in the units of the SVG's view box and texts; colour is CSS. A size holds until the next one, so
the line goes in steps. Every day (or hour, while it is young) is a strip that is read out when it is pointed at or focused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pitcairn.dashboard.times import from_ms
from pitcairn.engage.queries import SizePointItem

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
MOST_STEPS = 60


@dataclass(frozen=True, kw_only=True)
class Size:
    name: str
    width: int
    height: int
    left: int = 56
    right: int = 8
    top: int = 34
    bottom: int = 26
    time_gap: int = 96


SIZES = (
    Size(name="wide", width=1060, height=240),
    Size(name="medium", width=640, height=240),
    Size(name="narrow", width=304, height=220, left=44, time_gap=72),
)


@dataclass(frozen=True, kw_only=True)
class Tick:
    at: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Step:
    """A span of time with the size at its end."""

    left: float
    width: float
    x: float
    y: float
    when: str
    size: int
    change: str
    last: bool

    @property
    def spoken(self) -> str:
        return f"{self.when}: {self.size:,}{f', {self.change}' if self.change else ''}"


@dataclass(frozen=True, kw_only=True)
class Chart:
    size: Size
    steps: tuple[Step, ...]
    counts: tuple[Tick, ...]
    times: tuple[Tick, ...]
    line: str
    area: str

    @property
    def right(self) -> int:
        return self.size.width - self.size.right

    @property
    def floor(self) -> int:
        return self.size.height - self.size.bottom

    @property
    def tick_x(self) -> int:
        return self.size.left - 8

    @property
    def strip_height(self) -> int:
        return self.floor - self.size.top


def charts(points: Sequence[SizePointItem], now_ms: int) -> tuple[Chart, ...]:
    """The chart in every size; none before there are two hours to compare."""
    if not points or now_ms - points[0].at < 2 * HOUR_MS:
        return ()
    step = HOUR_MS if now_ms - points[0].at <= 2 * DAY_MS else DAY_MS
    start = max(points[0].at, now_ms - MOST_STEPS * step) // step * step
    series = _series(points, start, now_ms, step)
    return tuple(_chart(series, step, size) for size in SIZES)


def _series(points: Sequence[SizePointItem], start: int, now_ms: int, step: int) -> list[tuple[datetime, int]]:
    """The size at the end of every step; before the first point there is none, and it counts as 0."""
    series, at, size, index = [], start, 0, 0
    while at <= now_ms:
        while index < len(points) and points[index].at < at + step:
            size, index = points[index].size, index + 1
        series.append((from_ms(at), size))
        at += step
    return series


def _chart(series: Sequence[tuple[datetime, int]], step: int, size: Size) -> Chart:
    left, right, floor = size.left, size.width - size.right, size.height - size.bottom
    strip = (right - left) / len(series)
    highest, count_step = _scale(max(count for _, count in series))

    def y(count: float) -> float:
        return round(floor - count / highest * (floor - size.top), 1)

    steps = tuple(
        Step(
            left=round(left + index * strip, 2),
            width=round(strip, 2),
            x=round(left + (index + 0.5) * strip, 1),
            y=y(count),
            when=_when(at, step),
            size=count,
            change=_change(count, series[index - 1][1]) if index else "",
            last=index == len(series) - 1,
        )
        for index, (at, count) in enumerate(series)
    )
    corners = [(round(one.left + shift, 1), one.y) for one in steps for shift in (0, strip)]
    line = " ".join(f"{at},{height}" for at, height in corners)
    return Chart(
        size=size,
        steps=steps,
        counts=tuple(Tick(at=y(count), text=_count(count)) for count in range(0, highest + 1, count_step)),
        times=tuple(_times(series, steps, step, size.time_gap)),
        line=line,
        area=f"{corners[0][0]},{floor} {line} {corners[-1][0]},{floor}",
    )


def _when(at: datetime, step: int) -> str:
    if step == DAY_MS:
        return f"{at:%-d %B}"
    return f"{at:%-d %b, %H:%M} to {at + timedelta(hours=1):%H:%M}"


def _change(now: int, before: int) -> str:
    return f"{now - before:+,}".replace("-", "\N{MINUS SIGN}") if now != before else ""


def _scale(highest: int) -> tuple[int, int]:
    """The top of the axis and the step of its lines, both whole numbers."""
    step = max(1, -(-highest // 4))
    magnitude = 10 ** (len(str(step)) - 1)
    step = next(int(factor * magnitude) for factor in (1, 2, 2.5, 5, 10) if factor * magnitude >= step)
    return max(step, -(-highest // step) * step), step


def _count(count: int) -> str:
    if count >= 1_000_000:
        return f"{count / 1_000_000:g} M"
    return f"{count / 1_000:g} k" if count >= 10_000 else f"{count:,}"


def _times(series: Sequence[tuple[datetime, int]], steps: Sequence[Step], step: int, gap: int) -> list[Tick]:
    """As many times as fit."""
    every = max(1, -(-gap // max(1, int(steps[0].width))))
    shown = [(at, one) for index, ((at, _), one) in enumerate(zip(series, steps, strict=True)) if index % every == 0]
    return [
        Tick(at=one.left, text=f"{at:%-d %b}" if step == DAY_MS else f"{at:%H:%M}")
        for at, one in shown
        if one.left + gap / 2 < steps[-1].left + steps[-1].width
    ]
