"""When to try again: delays that grow, and what the other side asks for. Pure: clock and randomness are passed in."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

RETRY_WINDOW_MS = 4 * 3600 * 1000
"""For so long after it was queued a message is tried again: as long as Segment does."""

FIRST_DELAY_MS = 2_000
LONGEST_DELAY_MS = 20 * 60 * 1000
"""Over four hours this makes some 20 attempts."""

SPREAD = 0.25
"""A delay is up to so much shorter or longer, lest everything that failed together comes back together. With a factor of two
each delay is still longer than the one before, until the longest."""

FIRST_PROBE_MS = 1_000
LONGEST_PROBE_MS = 60_000
"""A destination that is well again is noticed after a minute at the latest."""

LONGEST_PAUSE_SECONDS = 24 * 3600.0
"""A `Retry-After` beyond this is taken for a mistake of the other side."""


def delay_ms(
    attempts: int, chance: random.Random, *, first: int = FIRST_DELAY_MS, longest: int = LONGEST_DELAY_MS
) -> int:
    """How long to wait after so many attempts have failed, from 1."""
    middle = min(longest, first * 2 ** min(attempts - 1, 40))
    return int(middle * chance.uniform(1 - SPREAD, 1 + SPREAD))


def retry_after(headers: Mapping[str, str], now: int) -> float | None:
    """The seconds that a `Retry-After` header asks for, as a number or as a date; None without one that can be read."""
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    if value.isascii() and value.isdigit():
        return min(float(value[:12]), LONGEST_PAUSE_SECONDS)
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return min(max(0.0, date.timestamp() - now / 1000), LONGEST_PAUSE_SECONDS)
