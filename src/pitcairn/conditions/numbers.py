"""Which values count as numbers when facts are compared."""

from __future__ import annotations

import math
import re

_NUMERIC = re.compile(r"[ \t]*[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[ \t]*", re.ASCII)

_EXACT_DIGITS = 30
"""Longer texts of digits are read as floating point: Python refuses to read very long whole numbers exactly."""

_LARGEST = 2**63 - 1


def number_of(value: object) -> int | float | None:
    """The number that `value` stands for, or None.

    Numbers stand for themselves, and texts such as "150" or "-1.5e3" for the number they spell. Whole numbers of up to 63
    bits are exact, all others floating point. Booleans are not numbers, and neither are NaN, "inf" or what is too large
    to hold.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if -_LARGEST <= value <= _LARGEST else _rounded(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str) and _NUMERIC.fullmatch(value):
        if len(value) <= _EXACT_DIGITS and value.strip(" \t+-").isdigit():
            return number_of(int(value))
        spelt = float(value)
        return spelt if math.isfinite(spelt) else None
    return None


def _rounded(whole: int) -> float | None:
    try:
        return float(whole)
    except OverflowError:
        return None
