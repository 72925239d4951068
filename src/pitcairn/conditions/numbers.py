"""Which values count as numbers when facts are compared."""

from __future__ import annotations

import math
import re

_NUMERIC = re.compile(r"[ \t]*[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[ \t]*", re.ASCII)

_EXACT_DIGITS = 30
"""Longer texts of digits are read as floating point: Python refuses to read very long whole numbers exactly."""


def number_of(value: object) -> int | float | None:
    """The number that `value` stands for, or None.

    Numbers stand for themselves, and texts such as "150" or "-1.5e3" for the number they spell. Booleans are not
    numbers, and neither are NaN, "inf" or a text that spells a number too large to hold.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return None if value != value else value  # noqa: PLR0124 - the quickest test for NaN
    if isinstance(value, str) and _NUMERIC.fullmatch(value):
        if len(value) <= _EXACT_DIGITS and value.strip(" \t+-").isdigit():
            return int(value)
        spelt = float(value)
        return spelt if math.isfinite(spelt) else None
    return None
