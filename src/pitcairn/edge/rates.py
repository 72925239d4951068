"""How many messages a source may send: one bucket per source, which fills at the source's rate.

A bucket holds what one second brings. A batch that is larger than that is taken when the bucket is full, and the bucket then
owes: so every batch gets through in the end, and over time no source exceeds its rate. Buckets are this process's own; with
several edges each gives a source its whole rate.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

_ROUNDING = 1e-7
"""Messages that may be missing: who came back when told is not sent away again over the last bit of a number."""


class _Bucket:
    __slots__ = ("at", "held")

    def __init__(self, rate: int, now: float) -> None:
        self.held = float(rate)
        self.at = now


class RateLimits:
    """The buckets of every limited source. `clock` gives seconds that only grow."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[int, _Bucket] = {}

    def seconds_to_wait(self, source_id: int, rate: int, messages: int) -> int:
        """0 takes the messages; otherwise in how many whole seconds, at least one, the sender may come again."""
        now = self._clock()
        bucket = self._buckets.get(source_id)
        if bucket is None:
            bucket = self._buckets[source_id] = _Bucket(rate, now)
        bucket.held = min(float(rate), bucket.held + (now - bucket.at) * rate)
        bucket.at = now
        needed = min(messages, rate)
        if bucket.held >= needed - _ROUNDING:
            bucket.held -= messages
            return 0
        return max(1, math.ceil((needed - bucket.held - _ROUNDING / 2) / rate))
