"""Which texts count as moments when dates are compared."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_MOMENT = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?"
    r"(?:Z|([+-])(0[0-9]|1[0-4]):?([0-5][0-9]))"
)

FIRST_YEAR, LAST_YEAR = 1901, 2298
"""The years that the event store's clock holds whatever the offset; dates of other years are no moments."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def moment_of(value: object) -> int | None:
    """The moment that `value` spells, in milliseconds since 1970 (UTC), or None.

    Only ISO 8601 texts with date, time to the second and `Z` or an offset are moments, such as
    "2026-03-01T09:30:00Z" or "2026-03-01T09:30:00.250+01:00". What is finer than a millisecond is cut off.
    """
    if not isinstance(value, str):
        return None
    found = _MOMENT.fullmatch(value)
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, sign, offset_hours, offset_minutes = found.groups()
    if not FIRST_YEAR <= int(year) <= LAST_YEAR:
        return None
    try:
        local = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), tzinfo=UTC)
    except ValueError:
        return None
    ahead = 0 if sign is None else int(offset_hours) * 60 + int(offset_minutes)
    moment = (local - _EPOCH) // _MILLISECOND + int((fraction or "")[:3].ljust(3, "0"))
    return moment + (ahead * 60_000 if sign == "-" else -ahead * 60_000)
