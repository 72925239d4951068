"""The charts of the lift over time: one for everybody, and one for each variation of each audience segment.

Each shows the lift day by day with the interval that holds at every look until then, and the line of no difference. Only
geometry, as in `chart`, and in as many sizes: text has the same size on a phone as on a desk.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from pitcairn.experiments import words
from pitcairn.experiments.chart import Plot, Tick, day_text, nice_step
from pitcairn.experiments.result_values import GoalResult
from pitcairn.stats import Estimate, NotComputable

MOST_CHARTS = 13
"""The whole, and a dozen variations: more would be a page of its own. The table has all of them."""
_LARGEST = 10.0
"""Lifts above 1,000 % are those of a first day with one conversion in control: they leave the plot."""


@dataclass(frozen=True, kw_only=True)
class LiftSize:
    """A layout: the view box and the margins; where the date, and the lift of the day that is pointed at, are written."""

    name: str
    width: int
    height: int
    left: int = 56
    right: int = 92
    top: int = 34
    bottom: int = 26
    date_gap: int = 90
    readout: tuple[tuple[int, int], tuple[int, int]] = ((0, 14), (64, 14))


LIFT_SIZES = (
    LiftSize(name="wide", width=1060, height=280, right=128),
    LiftSize(name="medium", width=520, height=240),
    LiftSize(name="narrow", width=304, height=240, left=52, right=62, top=54, date_gap=56, readout=((0, 13), (0, 33))),
)


@dataclass(frozen=True, kw_only=True)
class LiftDay:
    """One day: its strip, its dot, and what it says."""

    left: float
    width: float
    x: float
    y: float
    inside: bool
    text: str
    lift: str
    interval: str
    spoken: str
    last: bool


@dataclass(frozen=True, kw_only=True)
class LiftPlot(Plot):
    """A chart in one size."""

    size: LiftSize
    days: tuple[LiftDay, ...]
    line: str
    upper: str
    lower: str
    band: str
    lifts: tuple[Tick, ...]
    dates: tuple[Tick, ...]
    zero_y: float
    label_y: float

    @property
    def label_x(self) -> float:
        return self.plot_right + 10


@dataclass(frozen=True, kw_only=True)
class LiftRow:
    day: str
    lift: str
    interval: str


@dataclass(frozen=True, kw_only=True)
class LiftChart:
    """One comparison over time: its name, the chart in every size, the same as a table, newest first, and how it stands."""

    number: int
    name: str
    now: str
    plots: tuple[LiftPlot, ...]
    rows: tuple[LiftRow, ...]


def lift_charts(goal: GoalResult) -> tuple[LiftChart, ...]:
    """The charts of a conversion goal; none for a number per visitor, or while there is nothing to draw."""
    series = [("Personalized", [(day.day, day.lift) for day in goal.series if day.lift is not None])]
    variations = [
        (
            _name(segment.name, one.name, alone=len(segment.variations) == 1),
            [(each.day, each.lift) for each in one.lifts],
        )
        for segment in goal.segments
        for one in segment.variations
    ]
    if len(variations) > 1:
        name = "All segments" if len(goal.segments) > 1 else "All variations together"
        series = [(name, series[0][1]), *variations]
    return charts_of(series[:MOST_CHARTS])


def charts_of(series: Sequence[tuple[str, Sequence[tuple[date, Estimate | NotComputable]]]]) -> tuple[LiftChart, ...]:
    """The charts of lifts by day, each with its name; none of those that have no lift yet."""
    found: list[LiftChart] = []
    for name, lifts in series:
        drawn = [(day, lift) for day, lift in lifts if isinstance(lift, Estimate)]
        if drawn:
            found.append(_chart(len(found) + 1, name, drawn, lifts))
    return tuple(found)


def _name(segment: str, variation: str, *, alone: bool) -> str:
    return segment if alone else f"{segment}: {variation}"


def _chart(
    number: int,
    name: str,
    drawn: Sequence[tuple[date, Estimate]],
    lifts: Sequence[tuple[date, Estimate | NotComputable]],
) -> LiftChart:
    last = drawn[-1][1]
    return LiftChart(
        number=number,
        name=name,
        now=f"{words.change(last.value, signed=True)} ({words.change_interval(last)})",
        plots=tuple(_plot(drawn, size) for size in LIFT_SIZES),
        rows=tuple(
            LiftRow(
                day=day_text(day),
                lift=words.change(lift.value, signed=True) if isinstance(lift, Estimate) else "not known yet",
                interval=words.change_interval(lift),
            )
            for day, lift in reversed(lifts)
        ),
    )


def _plot(drawn: Sequence[tuple[date, Estimate]], size: LiftSize) -> LiftPlot:
    left, right = float(size.left), float(size.width - size.right)
    top, bottom = float(size.top), float(size.height - size.bottom)
    low, high, step = _range([lift for _, lift in drawn])
    strip = (right - left) / len(drawn)

    def x(index: float) -> float:
        return round(left + (index + 0.5) * strip, 1)

    def y(lift: float) -> float:
        return round(bottom - (min(lift, _LARGEST) - low) / (high - low) * (bottom - top), 1)

    # A line needs two points: the only day's stretches over all of the plot.
    places = [(x(index), lift) for index, (_, lift) in enumerate(drawn)]
    if len(drawn) == 1:
        places = [(left, drawn[0][1]), (right, drawn[0][1])]
    upper = [f"{at},{y(lift.high)}" for at, lift in places]
    lower = [f"{at},{y(lift.low)}" for at, lift in places]
    days = tuple(
        LiftDay(
            left=round(left + index * strip, 1),
            width=round(strip, 2),
            x=x(index),
            y=y(lift.value),
            inside=low <= lift.value <= high,
            text=day_text(day),
            lift=words.change(lift.value, signed=True),
            interval=words.change_interval(lift),
            spoken=f"{day_text(day)}: {words.change(lift.value, signed=True)}, interval {words.change_interval(lift)}",
            last=index == len(drawn) - 1,
        )
        for index, (day, lift) in enumerate(drawn)
    )
    count = round((high - low) / step)
    every = max(1, math.ceil(size.date_gap / strip))
    return LiftPlot(
        size=size,
        days=days,
        line=" ".join(f"{at},{y(lift.value)}" for at, lift in places),
        upper=" ".join(upper),
        lower=" ".join(lower),
        band=" ".join(upper + lower[::-1]),
        lifts=tuple(
            Tick(at=y(low + index * step), text=words.change(round(low + index * step, 9), signed=True))
            for index in range(count + 1)
        ),
        dates=tuple(
            Tick(at=days[index].x, text=days[index].text) for index in list(range(len(days) - 1, -1, -every))[::-1]
        ),
        zero_y=y(0.0),
        label_y=min(max(y(drawn[-1][1].value), top + 8), bottom - 20),
        plot_left=left,
        plot_right=right,
        plot_top=top,
        plot_bottom=bottom,
    )


def _range(lifts: Sequence[Estimate]) -> tuple[float, float, float]:
    """The lowest and the highest lift drawn, and the step of the lines. No difference is always among them.

    The wide intervals of the first days leave the plot; those of the last third are all inside.
    """
    settled = lifts[2 * len(lifts) // 3 :]
    middle = lifts[len(lifts) // 3 :]
    high = max(0.0, *(lift.high for lift in settled), *(lift.value for lift in middle))
    low = min(0.0, *(lift.low for lift in settled), *(lift.value for lift in middle))
    high = min(high, _LARGEST)
    step = nice_step((high - low) / 4) if high > low else 0.25
    return math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step, step
