"""Small charts of health by day: one or two lines from zero, each with its name at its end.

Only geometry and texts; colour is CSS. Small enough to be drawn once for every width: they stand in a row, or below each other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pitcairn.experiences.health import words
from pitcairn.experiences.health.figures import DayRow

WIDTH, HEIGHT = 340, 178
LEFT, RIGHT, TOP, BOTTOM = 50, 62, 34, 26
LABEL_GAP = 15
"""Two names keep so far apart."""


@dataclass(frozen=True, kw_only=True)
class Point:
    x: float
    y: float


@dataclass(frozen=True, kw_only=True)
class Line:
    """`parts` are point lists: a day without a value begins a new one. `name_y` is where its name stands."""

    number: int
    name: str
    parts: tuple[str, ...]
    dots: tuple[Point, ...]
    name_y: float


@dataclass(frozen=True, kw_only=True)
class Day:
    left: float
    width: float
    x: float
    when: str
    said: str
    dots: tuple[tuple[int, float], ...]
    last: bool

    @property
    def spoken(self) -> str:
        return f"{self.when}: {self.said}"


@dataclass(frozen=True, kw_only=True)
class Tick:
    at: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Chart:
    key: str
    title: str
    lines: tuple[Line, ...]
    days: tuple[Day, ...]
    counts: tuple[Tick, ...]
    times: tuple[Tick, ...]
    limit: Tick | None

    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    top: int = TOP

    @property
    def right(self) -> int:
        return WIDTH - RIGHT

    @property
    def floor(self) -> int:
        return HEIGHT - BOTTOM

    @property
    def name_x(self) -> int:
        return self.right + 7

    @property
    def tick_x(self) -> int:
        return LEFT - 7

    @property
    def strip_height(self) -> int:
        return self.floor - TOP


Values = Sequence[float | None]


def charts(days: Sequence[DayRow], cap_ms: int) -> tuple[Chart, ...]:
    """What was hidden, when the page was painted, what was missing; none of a thing before there are two days of it."""
    hidden = _chart(
        "hidden", "Hidden, 75th percentile", days, [("", [day.hidden_ms for day in days])], words.ms, cap_ms
    )
    lcp = _chart(
        "lcp",
        "Largest Contentful Paint, 75th percentile",
        days,
        [("with", [day.lcp_with for day in days]), ("without", [day.lcp_without for day in days])],
        words.ms,
    )
    lacking = _chart(
        "missing", "Visits that missed an element", days, [("", [day.lacking for day in days])], _percent, 100.0
    )
    return tuple(chart for chart in (hidden, lcp, lacking) if chart is not None)


def _percent(value: float) -> str:
    return words.share(value / 100)


def _chart(
    key: str,
    title: str,
    days: Sequence[DayRow],
    series: Sequence[tuple[str, Values]],
    say: Callable[[float], str],
    limit: float | None = None,
) -> Chart | None:
    values = [value for _, line in series for value in line if value is not None]
    if not any(sum(value is not None for value in line) > 1 for _, line in series):
        return None
    highest = max(limit or 0.0, _nice(max(values)))
    strip = (WIDTH - LEFT - RIGHT) / len(days)
    last = max(index for _, line in series for index, value in enumerate(line) if value is not None)

    def x(index: int) -> float:
        return round(LEFT + (index + 0.5) * strip, 1)

    def y(value: float) -> float:
        floor = HEIGHT - BOTTOM
        return round(floor - min(value, highest) / highest * (floor - TOP), 1)

    return Chart(
        key=key,
        title=title,
        lines=tuple(_lines(series, x, y, say)),
        days=tuple(_day(index, day, series, say, strip, x, y, last) for index, day in enumerate(days)),
        counts=tuple(Tick(at=y(value), text=say(value) if value else "0") for value in (0.0, highest / 2, highest)),
        times=_times(days, x),
        limit=Tick(at=y(limit), text="cap") if key == "hidden" and limit else None,
    )


def _lines(
    series: Sequence[tuple[str, Values]],
    x: Callable[[int], float],
    y: Callable[[float], float],
    say: Callable[[float], str],
) -> list[Line]:
    lines = []
    taken: list[float] = []
    for number, (name, values) in enumerate(series, 1):
        points = [Point(x=x(index), y=y(value)) for index, value in enumerate(values) if value is not None]
        if not points:
            continue
        last = next(value for value in reversed(values) if value is not None)
        name_y = points[-1].y + 4
        for other in taken:
            if abs(name_y - other) < LABEL_GAP:
                name_y = other + LABEL_GAP if other < HEIGHT - BOTTOM - LABEL_GAP else other - LABEL_GAP
        taken.append(name_y)
        lines.append(
            Line(
                number=number,
                name=name or say(last),
                parts=_parts(values, x, y),
                dots=_alone(values, x, y),
                name_y=name_y,
            )
        )
    return lines


def _parts(values: Values, x: Callable[[int], float], y: Callable[[float], float]) -> tuple[str, ...]:
    parts: list[list[str]] = [[]]
    for index, value in enumerate(values):
        if value is None:
            parts.append([])
        else:
            parts[-1].append(f"{x(index)},{y(value)}")
    return tuple(" ".join(part) for part in parts if len(part) > 1)


def _alone(values: Values, x: Callable[[int], float], y: Callable[[float], float]) -> tuple[Point, ...]:
    """Days with no value beside them, which no line shows."""
    padded = [None, *values, None]
    return tuple(
        Point(x=x(index), y=y(value))
        for index, value in enumerate(values)
        if value is not None and padded[index] is None and padded[index + 2] is None
    )


def _day(
    index: int,
    day: DayRow,
    series: Sequence[tuple[str, Values]],
    say: Callable[[float], str],
    strip: float,
    x: Callable[[int], float],
    y: Callable[[float], float],
    last: int,
) -> Day:
    known = [(number, name, line[index]) for number, (name, line) in enumerate(series, 1)]
    said = [f"{say(value)} {name}".strip() for _, name, value in known if value is not None]
    return Day(
        left=round(LEFT + index * strip, 2),
        width=round(strip, 2),
        x=x(index),
        when=f"{day.day:%-d %b}",
        said=", ".join(said) or "too few visits",
        dots=tuple((number, y(value)) for number, _, value in known if value is not None),
        last=index == last,
    )


def _nice(value: float) -> float:
    """A round number at or above it."""
    if value <= 0:
        return 1.0
    magnitude = 10.0 ** (len(str(int(value))) - 1) if value >= 1 else 0.1
    return float(next(factor * magnitude for factor in (1, 2, 4, 6, 8, 10) if factor * magnitude >= value))


def _times(days: Sequence[DayRow], x: Callable[[int], float]) -> tuple[Tick, ...]:
    """The first day, the last, and those between them that have room."""
    every = max(1, -(-len(days) // 3))
    indexes = [index for index in range(0, len(days), every) if len(days) - 1 - index >= every] + [len(days) - 1]
    assert all(before < after for before, after in pairwise(indexes))
    return tuple(Tick(at=x(index), text=f"{days[index].day:%-d %b}") for index in indexes)
