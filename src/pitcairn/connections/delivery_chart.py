"""The chart of deliveries over time: bars of what arrived and what failed, and under them how long it took.

Only geometry: coordinates in the units of the SVG's view box, texts, and nothing of colour (that is CSS). It is laid out anew
for each of `SIZES`, so that its text has the same size on a phone as on a desk; the page shows the one that fits. What failed
stands on top of what arrived and is hatched, so it is told apart without colour.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from pitcairn.eventstore.delivery_records import DeliveryPoint

DAY_SECONDS = 86400
SMALLEST_BAR = 2.0
"""However few failed beside many that arrived: they are seen."""
_BAR = 0.74
_NICE_MS = (
    10,
    20,
    50,
    100,
    200,
    500,
    1_000,
    2_000,
    5_000,
    10_000,
    30_000,
    60_000,
    120_000,
    300_000,
    600_000,
    1_800_000,
)
_ToY: TypeAlias = Callable[[float], float]


@dataclass(frozen=True, kw_only=True)
class Size:
    """A layout: the view box, its margins, how far times keep apart. The two plots lie one above the other."""

    name: str
    width: int
    height: int
    left: int = 52
    right: int = 8
    top: int = 34
    bottom: int = 24
    latency: int = 56
    gap: int = 30
    time_gap: int = 92
    ticks: int = 4

    @property
    def volume_bottom(self) -> float:
        return self.height - self.bottom - self.latency - self.gap

    @property
    def latency_top(self) -> float:
        return self.volume_bottom + self.gap

    @property
    def latency_bottom(self) -> float:
        return self.height - self.bottom


SIZES = (
    Size(name="wide", width=1060, height=300),
    Size(name="medium", width=640, height=300),
    Size(name="narrow", width=304, height=320, left=44, top=72, time_gap=64, ticks=3),
)


@dataclass(frozen=True, kw_only=True)
class Tick:
    at: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One step of time: the strip that reacts to the pointer, what arrived, what failed, and the time it took."""

    left: float
    width: float
    x: float
    bar_left: float
    bar_width: float
    delivered_top: float
    delivered_height: float
    failed_top: float
    failed_height: float
    latency_y: float | None
    when: str
    delivered: int
    failed: int
    p95: str
    last: bool
    spoken: str


@dataclass(frozen=True, kw_only=True)
class Chart:
    size: Size
    bars: tuple[Bar, ...]
    counts: tuple[Tick, ...]
    times: tuple[Tick, ...]
    latencies: tuple[Tick, ...]
    line: tuple[str, ...]
    """The times it took, as point lists: a gap where nothing was sent begins a new one."""
    left: float
    right: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def tick_x(self) -> float:
        return self.left - 8

    @property
    def strip_height(self) -> float:
        return self.size.latency_bottom - self.size.top


def charts(points: Sequence[DeliveryPoint], step_seconds: int) -> tuple[Chart, ...]:
    """The chart in every size; none while there is nothing to draw."""
    if not any(point.delivered or point.failed for point in points):
        return ()
    return tuple(_chart(points, step_seconds, size) for size in SIZES)


def latency_words(ms: int | None) -> str:
    """`340 ms`, `1.2 s`, `4 min`, `2.5 h`; a dash when nothing was sent."""
    if ms is None:
        return "–"
    if ms < 1_000:
        return f"{ms} ms"
    if ms < 60_000:
        return f"{ms / 1_000:.1f} s" if ms < 10_000 else f"{ms / 1_000:.0f} s"
    return f"{ms / 60_000:.0f} min" if ms < 7_200_000 else f"{ms / 3_600_000:.1f} h"


def when_words(at: datetime, step_seconds: int) -> str:
    """The step of time in words: `14:00 to 14:30`, with the day in front; a step of a day is the day."""
    if step_seconds >= DAY_SECONDS:
        return f"{at:%-d %b}" if step_seconds == DAY_SECONDS else f"Week of {at:%-d %b}"
    return f"{at:%-d %b, %H:%M} to {at + timedelta(seconds=step_seconds):%H:%M}"


def spoken(point: DeliveryPoint, step_seconds: int) -> str:
    """The point as a sentence, for who hears the chart."""
    took = f", 95 % within {latency_words(point.p95_ms)}" if point.p95_ms is not None else ""
    return f"{when_words(point.at, step_seconds)}: {point.delivered:,} arrived, {point.failed:,} failed{took}"


def _chart(points: Sequence[DeliveryPoint], step_seconds: int, size: Size) -> Chart:
    left, right = float(size.left), float(size.width - size.right)
    strip = (right - left) / len(points)
    highest, step = _count_scale(max(point.delivered + point.failed for point in points), size.ticks)
    slowest = _slowest([point.p95_ms for point in points if point.p95_ms is not None])

    def count_y(count: float) -> float:
        return round(size.volume_bottom - count / highest * (size.volume_bottom - size.top), 1)

    def latency_y(ms: float) -> float:
        return round(size.latency_bottom - ms / slowest * size.latency, 1)

    bars = tuple(
        _bar(
            point,
            step_seconds,
            left=left + index * strip,
            width=strip,
            last=index == len(points) - 1,
            count_y=count_y,
            latency_y=latency_y,
        )
        for index, point in enumerate(points)
    )
    return Chart(
        size=size,
        bars=bars,
        counts=tuple(Tick(at=count_y(count), text=_count_text(count)) for count in range(0, highest + 1, step)),
        times=tuple(_times(points, bars, step_seconds, size.time_gap)),
        latencies=(Tick(at=latency_y(0), text="0"), Tick(at=latency_y(slowest), text=latency_words(slowest))),
        line=tuple(_lines(bars)),
        left=left,
        right=right,
    )


def _bar(
    point: DeliveryPoint,
    step_seconds: int,
    *,
    left: float,
    width: float,
    last: bool,
    count_y: _ToY,
    latency_y: _ToY,
) -> Bar:
    bar_width = max(1.0, width * _BAR)
    delivered_top = count_y(point.delivered)
    failed_top = min(count_y(point.delivered + point.failed), delivered_top - (SMALLEST_BAR if point.failed else 0))
    return Bar(
        left=round(left, 2),
        width=round(width, 2),
        x=round(left + width / 2, 1),
        bar_left=round(left + (width - bar_width) / 2, 2),
        bar_width=round(bar_width, 2),
        delivered_top=delivered_top,
        delivered_height=round(count_y(0) - delivered_top, 1),
        failed_top=round(failed_top, 1),
        failed_height=round(delivered_top - failed_top, 1),
        latency_y=None if point.p95_ms is None else latency_y(point.p95_ms),
        when=when_words(point.at, step_seconds),
        delivered=point.delivered,
        failed=point.failed,
        p95="" if point.p95_ms is None else latency_words(point.p95_ms),
        last=last,
        spoken=spoken(point, step_seconds),
    )


def _count_scale(highest: int, ticks: int) -> tuple[int, int]:
    """The top of the axis and the step of its lines, both whole numbers."""
    step = max(1, math.ceil(highest / ticks))
    magnitude = 10 ** (len(str(step)) - 1)
    step = next(int(factor * magnitude) for factor in (1, 2, 2.5, 5, 10) if factor * magnitude >= step)
    return math.ceil(highest / step) * step, step


def _slowest(latencies: Sequence[int]) -> int:
    """The top of the axis of times: a round one above the slowest."""
    highest = max(latencies, default=_NICE_MS[0])
    return next((nice for nice in _NICE_MS if nice >= highest), math.ceil(highest / 3_600_000) * 3_600_000)


def _count_text(count: int) -> str:
    if count >= 1_000_000:
        return f"{count / 1_000_000:g} M"
    return f"{count / 1_000:g} k" if count >= 10_000 else f"{count:,}"


def _times(points: Sequence[DeliveryPoint], bars: Sequence[Bar], step_seconds: int, gap: int) -> Iterator[Tick]:
    """As many times as fit, at round ones; the day where it begins."""
    every = step_seconds
    for seconds in (
        60,
        300,
        600,
        900,
        1_800,
        3_600,
        7_200,
        10_800,
        21_600,
        43_200,
        *(DAY_SECONDS * n for n in (1, 2, 7)),
    ):
        if seconds % step_seconds == 0 and seconds / step_seconds * bars[0].width >= gap:
            every = seconds
            break
    for point, bar in zip(points, bars, strict=True):
        # Not where the text would lie beside the plot.
        if point.at.timestamp() % every == 0 and bar.left + gap / 3 < bars[-1].left + bars[-1].width:
            midnight = point.at.timestamp() % DAY_SECONDS == 0
            yield Tick(
                at=bar.left, text=f"{point.at:%-d %b}" if midnight or every >= DAY_SECONDS else f"{point.at:%H:%M}"
            )


def _lines(bars: Sequence[Bar]) -> Iterator[str]:
    part: list[str] = []
    for bar in [*bars, None]:
        if bar is not None and bar.latency_y is not None:
            part.append(f"{bar.x},{bar.latency_y}")
            continue
        if part:
            # A single point has no length: it is drawn as a short line.
            yield " ".join(part if len(part) > 1 else [part[0], part[0]])
        part = []
