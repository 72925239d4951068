"""Times on the wire: ISO 8601 text in, milliseconds since 1970 (UTC) inside.

Clock correction is Segment's (Spec: Common, timestamps): `timestamp = receivedAt - (sentAt - originalTimestamp)`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

# What the event store's DateTime64(3) holds, with room to spare on both sides.
EARLIEST_MS = -2_208_988_800_000
"""1900-01-01"""
LATEST_MS = 10_413_791_999_000
"""2299-12-31"""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_timestamp(value: Any) -> int | None:
    """Milliseconds since 1970, or None when `value` is no ISO 8601 text of a time that can be kept.

    A time without an offset is taken as UTC, which is what Segment's libraries mean by it.
    """
    if type(value) is not str or not 10 <= len(value) <= 40:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        delta = moment - _EPOCH
    except OverflowError:
        return None
    milliseconds = delta.days * 86_400_000 + delta.seconds * 1000 + delta.microseconds // 1000
    return milliseconds if EARLIEST_MS <= milliseconds <= LATEST_MS else None


def corrected(original: int | None, sent_at: int | None, received_at: int) -> int:
    """When it happened by the server's clock. Without `sent_at` the sender's time stands; without any, receipt."""
    if original is None:
        return received_at
    if sent_at is None:
        return original
    return min(max(received_at - (sent_at - original), EARLIEST_MS), LATEST_MS)


def iso(milliseconds: int) -> str:
    """`2026-01-31T12:00:00.000Z`."""
    seconds, rest = divmod(milliseconds, 1000)
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest:03d}Z"
