"""The chart of an experience: the share converted in each arm, day by day since launch, with its intervals.

Only geometry: coordinates in the units of the SVG's view box, texts, and nothing of colour (that is CSS). The chart is
laid out anew for each of `SIZES`, so that its text has the same size on a phone as on a desk; the page shows the one
that fits. The arms are told apart by their labels, by dash and by the shape of their points, besides colour.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from pitcairn.experiments import words
from pitcairn.experiments.result_values import ArmResult, DayResult
from pitcairn.stats import Estimate

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, kw_only=True)
class Size:
    """A layout: the view box, the margins around the plot, how many points fit, and how far dates keep apart.

    `readout` is where the date and the two arms of the day that is pointed at are written, above the plot.
    """

    name: str
    width: int
    height: int
    left: int = 44
    right: int = 128
    top: int = 40
    bottom: int = 26
    points: int = 120
    date_gap: int = 90
    ticks: int = 4
    counts: bool = True
    readout: tuple[tuple[int, int], tuple[int, int], tuple[int, int]] = ((0, 14), (64, 14), (430, 14))


SIZES = (
    Size(name="wide", width=1060, height=330),
    Size(name="medium", width=640, height=320, top=60, points=90, readout=((0, 14), (64, 14), (64, 34))),
    Size(
        name="narrow",
        width=304,
        height=330,
        left=38,
        right=84,
        top=76,
        points=45,
        date_gap=56,
        readout=((0, 13), (0, 33), (0, 52)),
        counts=False,
    ),
)
_DOT = 7.0
_LABEL_GAP = 38.0
_ToX: TypeAlias = Callable[[float], float]
_ToY: TypeAlias = Callable[[float], float]


@dataclass(frozen=True, kw_only=True)
class _Scale:
    """How values are said, and the most that can be."""

    tick: Callable[[float], str]
    value: Callable[[float], str]
    interval: Callable[[Estimate], str]
    most: float


_SHARES = _Scale(
    tick=words.share, value=lambda one: words.share(one, aligned=True), interval=words.share_interval, most=1.0
)
_NUMBERS = _Scale(
    tick=words.number,
    value=words.number,
    interval=lambda one: f"{words.number(one.low)} to {words.number(one.high)}",
    most=math.inf,
)


@dataclass(frozen=True, kw_only=True)
class Tick:
    at: float
    text: str
    anchor: str = "middle"


@dataclass(frozen=True, kw_only=True)
class Point:
    """One arm on one day: where its dot is, and what it says."""

    name: str
    y: float
    square_y: float
    share: str
    interval: str
    counts: str
    text_x: int
    text_y: int


@dataclass(frozen=True, kw_only=True)
class Day:
    """One day: the strip that reacts to the pointer, its middle, and both arms."""

    left: float
    width: float
    x: float
    square_x: float
    text: str
    text_x: int
    text_y: int
    points: tuple[Point | None, Point | None]
    last: bool
    spoken: str


@dataclass(frozen=True, kw_only=True)
class Series:
    """One arm: its band and line as SVG point lists, and the label at its end (None before it has visitors)."""

    number: int
    name: str
    line: str
    upper: str
    lower: str
    band: str
    label_y: float | None
    share: str


@dataclass(frozen=True, kw_only=True)
class Plot:
    """Where a chart is drawn: between the margins, in the units of its view box."""

    plot_left: float
    plot_right: float
    plot_top: float
    plot_bottom: float

    @property
    def tick_x(self) -> float:
        return self.plot_left - 8

    @property
    def plot_width(self) -> float:
        return self.plot_right - self.plot_left

    @property
    def plot_height(self) -> float:
        return self.plot_bottom - self.plot_top


@dataclass(frozen=True, kw_only=True)
class Chart(Plot):
    size: Size
    series: tuple[Series, ...]
    days: tuple[Day, ...]
    rates: tuple[Tick, ...]
    dates: tuple[Tick, ...]
    label_x: float


def charts(series: Sequence[DayResult], *, numeric: bool = False) -> tuple[Chart, ...]:
    """The chart in every size; none while there is nothing to draw. `numeric` draws numbers per visitor, not shares."""
    if not any(_estimate(day.personalized) or _estimate(day.control) for day in series):
        return ()
    return tuple(_chart(_thinned(series, size.points), size, _NUMBERS if numeric else _SHARES) for size in SIZES)


def day_text(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]}"


def _chart(series: Sequence[DayResult], size: Size, scale: _Scale) -> Chart:
    left, right = float(size.left), float(size.width - size.right)
    top, bottom = float(size.top), float(size.height - size.bottom)
    low, high, step = _range(series, size.ticks, scale.most)
    strip = (right - left) / len(series)

    def x(index: float) -> float:
        return round(left + (index + 0.5) * strip, 1)

    def y(rate: float) -> float:
        return round(bottom - (rate - low) / (high - low) * (bottom - top), 1)

    arms = (("Personalized", [day.personalized for day in series]), ("Control", [day.control for day in series]))
    ends = _apart([_end(results, y) for _, results in arms], top + 8, bottom - 8)
    days = tuple(
        Day(
            left=round(left + index * strip, 1),
            width=round(strip, 2),
            x=x(index),
            square_x=round(x(index) - _DOT / 2, 1),
            text=day_text(day.day),
            text_x=size.readout[0][0],
            text_y=size.readout[0][1],
            points=(
                _point("Personalized", day.personalized, y, size.readout[1], scale),
                _point("Control", day.control, y, size.readout[2], scale),
            ),
            last=index == len(series) - 1,
            spoken=f"{day_text(day.day)}: personalized {_spoken(day.personalized, scale)}, control {_spoken(day.control, scale)}",
        )
        for index, day in enumerate(series)
    )
    return Chart(
        size=size,
        series=tuple(
            _series(
                number, name, results, x=x, y=y, alone=(right - strip, right), label_y=ends[number - 1], scale=scale
            )
            for number, (name, results) in enumerate(arms, start=1)
        ),
        days=days,
        rates=tuple(_rate_ticks(low, high, step, y, scale)),
        dates=tuple(_date_ticks(days, size.date_gap)),
        plot_left=left,
        plot_right=right,
        plot_top=top,
        plot_bottom=bottom,
        label_x=right + 10,
    )


def _thinned(series: Sequence[DayResult], most: int) -> Sequence[DayResult]:
    """At most so many days, evenly spread, the last among them."""
    step = math.ceil(len(series) / most)
    return series[(len(series) - 1) % step :: step]


def _estimate(result: ArmResult) -> Estimate | None:
    return result.rate if isinstance(result.rate, Estimate) else None


def _range(series: Sequence[DayResult], ticks: int, most: float) -> tuple[float, float, float]:
    """The lowest and the highest rate drawn, and the step of the lines: from 0 unless that would flatten everything.

    The wide intervals of the first days may leave the plot; the lines never do.
    """
    lines = [one for day in series for arm in (day.personalized, day.control) if (one := _estimate(arm))]
    settled = [
        one for day in series[len(series) // 3 :] for arm in (day.personalized, day.control) if (one := _estimate(arm))
    ] or lines
    high = max([one.high for one in settled] + [one.value for one in lines])
    low = min([one.low for one in settled] + [one.value for one in lines])
    low = 0.0 if low < 0.6 * high else low
    step = nice_step((high - low) / ticks) if high > low else 0.25
    low = math.floor(low / step + 1e-9) * step
    return low, min(most, math.ceil(high / step - 1e-9) * step), step


def nice_step(step: float) -> float:
    """The next 1, 2, 2.5 or 5 times a power of ten."""
    magnitude = 10.0 ** math.floor(math.log10(step))
    return next(factor * magnitude for factor in (1, 2, 2.5, 5, 10) if factor * magnitude >= step)


def _rate_ticks(low: float, high: float, step: float, y: _ToY, scale: _Scale) -> list[Tick]:
    count = round((high - low) / step)
    return [Tick(at=y(low + index * step), text=scale.tick(low + index * step)) for index in range(count + 1)]


def _date_ticks(days: Sequence[Day], gap: int) -> list[Tick]:
    """As many dates as fit, the last day always, the others at an even distance before it."""
    strip = days[0].width
    step = max(1, math.ceil(gap / strip))
    if step > 3 and step % 7 and step * strip < 7 * strip:
        step = 7
    chosen = list(range(len(days) - 1, -1, -step))[::-1]
    return [Tick(at=days[index].x, text=days[index].text) for index in chosen]


def _series(
    number: int,
    name: str,
    results: Sequence[ArmResult],
    *,
    x: _ToX,
    y: _ToY,
    alone: tuple[float, float],
    label_y: float | None,
    scale: _Scale,
) -> Series:
    drawn = [(x(index), one) for index, result in enumerate(results) if (one := _estimate(result))]
    if len(drawn) == 1:
        # One day alone is drawn as a line of its own length.
        drawn = [(at, drawn[0][1]) for at in alone]
    if len(results) == 1:
        # A line needs two points: the first day's stretches over all of its strip, which is the whole plot.
        drawn = [(round(at, 1), one) for _, one in drawn for at in (x(-0.5), x(0.5))]
    upper = [f"{at},{y(one.high)}" for at, one in drawn]
    lower = [f"{at},{y(one.low)}" for at, one in drawn]
    return Series(
        number=number,
        name=name,
        line=" ".join(f"{at},{y(one.value)}" for at, one in drawn),
        upper=" ".join(upper),
        lower=" ".join(lower),
        band=" ".join(upper + lower[::-1]),
        label_y=label_y,
        share=scale.value(drawn[-1][1].value) if drawn else "",
    )


def _point(name: str, result: ArmResult, y: _ToY, at: tuple[int, int], scale: _Scale) -> Point | None:
    one = _estimate(result)
    if one is None:
        return None
    return Point(
        name=name,
        y=y(one.value),
        square_y=round(y(one.value) - _DOT / 2, 1),
        share=scale.value(one.value),
        interval=scale.interval(one),
        counts=f"{words.count(result.converted)} of {words.count(result.visitors)}",
        text_x=at[0],
        text_y=at[1],
    )


def _spoken(result: ArmResult, scale: _Scale) -> str:
    one = _estimate(result)
    if one is None:
        return "no visitors yet"
    return (
        f"{scale.tick(one.value)}, interval {scale.interval(one)}, "
        f"{words.count(result.converted)} of {words.count(result.visitors)} visitors"
    )


def _end(results: Sequence[ArmResult], y: _ToY) -> float | None:
    one = _estimate(results[-1])
    return y(one.value) if one else None


def _apart(ends: list[float | None], top: float, bottom: float) -> list[float | None]:
    """The labels' heights, moved so that they do not lie on each other and stay beside the plot."""
    placed = [None if end is None else min(max(end, top), bottom) for end in ends]
    first, second = placed
    if first is None or second is None or abs(first - second) >= _LABEL_GAP:
        return placed
    middle = min(max((first + second) / 2, top + _LABEL_GAP / 2), bottom - _LABEL_GAP / 2)
    up, down = middle - _LABEL_GAP / 2, middle + _LABEL_GAP / 2
    return [up, down] if first <= second else [down, up]
