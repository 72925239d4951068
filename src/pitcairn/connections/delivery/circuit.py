"""The circuit: when everything fails, one request at a time finds out when the destination is well again.

Without it each message of a long queue would be tried, fail and wait by itself: a dead destination with a million messages
would keep the engine as busy as all the others together. Pure: clock and randomness are passed in.
"""

from __future__ import annotations

import random

from pitcairn.connections.delivery.backoff import FIRST_PROBE_MS, LONGEST_PROBE_MS, delay_ms

OPENS_AFTER = 10
"""Requests in a row that failed and are to be repeated, with none between them that was answered otherwise."""


class Circuit:
    def __init__(self) -> None:
        self.opened_at: int | None = None
        """ms since 1970; None while it is closed."""
        self.probe_at = 0
        self.reason = ""
        self._failures = 0
        self._probes = 0

    @property
    def is_open(self) -> bool:
        return self.opened_at is not None

    def answered(self) -> None:
        """The other side is there: it took the messages, or refused them for good."""
        self._failures = self._probes = 0
        self.opened_at = None
        self.reason = ""

    def failed(self, now: int, reason: str, chance: random.Random) -> None:
        """A request failed in a way that may pass."""
        self._failures += 1
        if not self.is_open and self._failures < OPENS_AFTER:
            return
        if self.opened_at is None:
            self.opened_at = now
        self._probes += 1
        self.reason = reason
        self.probe_at = now + delay_ms(self._probes, chance, first=FIRST_PROBE_MS, longest=LONGEST_PROBE_MS)

    def restore(self, opened_at: int | None, probe_at: int, reason: str) -> None:
        """As it was when the process stopped."""
        self.opened_at, self.probe_at, self.reason = opened_at, probe_at, reason
