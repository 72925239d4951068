"""When a destination may be sent to: its circuit, a pause that it asked for, and its rate. Pure but for what it is told."""

from __future__ import annotations

import math
import random

from pitcairn.connections.delivery.circuit import Circuit
from pitcairn.connections.delivery.ledger import StateChange
from pitcairn.connections.destination import Delivered, Outcome, Retry
from pitcairn.connections.routing import Standing

RATE_BURST_MS = 100
"""How far behind its rate a destination may catch up: timers are not exact."""


class Gate:
    def __init__(self, state: Standing, chance: random.Random) -> None:
        self._chance = chance
        self._circuit = Circuit()
        self._paused_until = 0
        self._pause_reason = ""
        self._next_slot = 0.0
        self._shown = state.circuit, state.until
        if state.circuit == "open":
            self._circuit.restore(state.since, state.until, state.reason)
        elif state.circuit == "paused":
            self._paused_until, self._pause_reason = state.until, state.reason

    @property
    def probing(self) -> bool:
        """One request at a time."""
        return self._circuit.is_open

    def opens_at(self, rate: float) -> int:
        """From when on a request may be made, ms since 1970; in the past when one may be made now."""
        at = self._paused_until
        if self._circuit.is_open:
            at = max(at, self._circuit.probe_at)
        if rate:
            at = max(at, math.ceil(self._next_slot))
        return at

    def count(self, rate: float, now: int) -> None:
        """A request is made."""
        if rate:
            self._next_slot = max(self._next_slot, now - RATE_BURST_MS) + 1000 / rate

    def learn(self, outcome: Outcome, *, answered: bool, now: int) -> None:
        """What came of a request says something about the destination as a whole."""
        if not isinstance(outcome, Retry):
            if answered or isinstance(outcome, Delivered):
                self._circuit.answered()
        elif outcome.after is None:
            self._circuit.failed(now, outcome.reason, self._chance)
        else:
            self._paused_until = max(self._paused_until, asked_until(outcome, now))
            self._pause_reason = outcome.reason

    def news(self, workspace_id: int, now: int) -> StateChange | None:
        """How it stands, when that is not what was told last: for pages, and for the next start."""
        if self._circuit.is_open:
            told = StateChange(
                workspace_id, "open", self._circuit.reason[:60], self._circuit.opened_at or 0, self._circuit.probe_at
            )
        elif self._paused_until > now:
            told = StateChange(workspace_id, "paused", self._pause_reason[:60], now, self._paused_until)
        else:
            told = StateChange(workspace_id, "closed", "", 0, 0)
        if (told.circuit, told.until) == self._shown:
            return None
        self._shown = told.circuit, told.until
        return told


def asked_until(outcome: Retry, now: int) -> int:
    """The moment before which the other side wants nothing; 0 when it did not say."""
    return 0 if outcome.after is None else now + math.ceil(outcome.after * 1000)
