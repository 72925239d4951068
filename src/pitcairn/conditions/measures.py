"""What is made of the events that count: numbers and values of one of their properties.

The rules, which any other implementation must share:

- Only single values count: texts, numbers that are numbers in JSON, and booleans, each kind apart; null, lists and
  objects do not. Numbers are floating point here, also whole ones.
- Their order: false, true, numbers by size, texts by code point.
- `sum`, `average`, `minimum` and `maximum` take numbers and texts that spell them (`numbers.number_of`).
- `sum` and `average` add millionths, so that the order of events cannot change the last digit: of each number the whole
  part exactly, and its rest times a million, rounded half to even. Numbers of 10^12 and more do not count there.
- `first` and `last` go by timestamp, then by message id, then by the order of values. `mode` occurs at least twice.
- Without anything that counts there is no value, except that a count and a unique count are 0, and a unique list is empty.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, TypeAlias

from pitcairn.conditions.facts import path_reader
from pitcairn.conditions.numbers import number_of
from pitcairn.conditions.records import Event
from pitcairn.conditions.tree import Measure

TOO_LARGE_TO_ADD = 1e12
"""A million times this still fits the 64 bits of a whole number, with room for nobody's price above it."""

_MILLION = 1_000_000
_EXACT = 2**53

_Ordered: TypeAlias = tuple[int, float, str]


def measure_of(measure: Measure, name: str, events: Sequence[Event]) -> Any | None:
    """The value of a measure of the property `name` over the events that count; None where there is none."""
    if measure is Measure.COUNT:
        return len(events)
    read = path_reader(name)
    match measure:
        case Measure.SUM | Measure.AVERAGE | Measure.MINIMUM | Measure.MAXIMUM:
            found = (number_of(read(event.properties)) for event in events)
            numbers = [float(number) for number in found if number is not None]
            return _of_numbers(measure, numbers)
        case Measure.FIRST | Measure.LAST:
            dated = [
                (event.timestamp, event.message_id, value)
                for event in events
                if (value := _ordered(read(event.properties))) is not None
            ]
            if not dated:
                return None
            return _plain((min(dated) if measure is Measure.FIRST else max(dated))[2])
        case _:
            values = [value for event in events if (value := _ordered(read(event.properties))) is not None]
            return _of_values(measure, values)


def plain_number(number: float) -> int | float:
    """A floating point number as it is shown and sent: a whole one without decimals, while that loses nothing."""
    return int(number) if number.is_integer() and abs(number) < _EXACT else number


def _of_numbers(measure: Measure, numbers: Sequence[float]) -> int | float | None:
    if measure in {Measure.SUM, Measure.AVERAGE}:
        millionths = [_millionths(number) for number in numbers if abs(number) < TOO_LARGE_TO_ADD]
        if not millionths:
            return None
        total = float(sum(millionths)) / _MILLION
        return plain_number(total if measure is Measure.SUM else total / len(millionths))
    if not numbers:
        return None
    return plain_number(min(numbers) if measure is Measure.MINIMUM else max(numbers))


def _of_values(measure: Measure, values: Sequence[_Ordered]) -> Any | None:
    if measure is Measure.UNIQUE:
        return [_plain(value) for value in sorted(set(values))]
    if measure is Measure.UNIQUE_COUNT:
        return len(set(values))
    often = [(-times, value) for value, times in Counter(values).items() if times >= 2]
    return _plain(min(often)[1]) if often else None


def _millionths(number: float) -> int:
    whole = math.trunc(number)
    return whole * _MILLION + round((number - whole) * _MILLION)


def _ordered(value: Any) -> _Ordered | None:
    """A single value in the form that orders and tells apart; None for anything else."""
    if isinstance(value, bool):
        return (0, float(value), "")
    if isinstance(value, str):
        return (2, 0.0, value)
    number = number_of(value)
    return None if number is None else (1, float(number), "")


def _plain(value: _Ordered) -> str | int | float | bool:
    kind, number, text = value
    return text if kind == 2 else bool(number) if kind == 0 else plain_number(number)
