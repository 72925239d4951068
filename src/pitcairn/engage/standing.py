"""How the live engine stands: what is to be computed, who is to be looked at, and up to where it has been done.

The parts of the engine share it. What is lost with it is asked of the stores again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from django.db import connection, transaction

from pitcairn.engage.ahead import Ahead
from pitcairn.engage.changes import Pending
from pitcairn.engage.first_run import FirstRun
from pitcairn.engage.plan import NOTHING, Plan
from pitcairn.engage.state import save_state
from pitcairn.engage.telling import News, tell
from pitcairn.eventstore import EventStore

Learned: TypeAlias = Mapping[int, Mapping[str, Any]]
"""Traits that people have from now on, by profile and name; None takes a trait away."""

Learn: TypeAlias = Callable[[Learned, int], int]
"""Writes computed traits into the profiles, in the transaction that is open; returns the number of the batch it is."""


class Standing:
    """`clock` gives ms since 1970."""

    def __init__(
        self, store: EventStore, on_queued: Callable[[set[int]], None] | None, clock: Callable[[], int]
    ) -> None:
        self.store = store
        self.clock = clock
        self._on_queued = on_queued
        self.learn: Learn | None = None
        self.plan: Plan = NOTHING
        self.pending: dict[int, Pending] = {}
        self.accounts: set[int] = set()
        """Workspaces in which something changed that accounts may depend on."""
        self.ahead = Ahead(store)
        self.run: FirstRun | None = None
        self.moment = 0
        self.evaluated_at = 0
        """Whatever time changed until then is in the values."""
        self.batch = 0
        self.counted = 0
        """The last batch that rounds have looked at."""
        self.unsaved = False
        self.noted_at = 0
        self.received: dict[int, int] = {}
        """When the last message came that counts, by workspace, as far as it is not written down."""
        self.again: dict[int, list[News]] = {}
        """What holds as before, and is to be told under new names, by workspace."""

    def forget(self) -> None:
        """What is in memory is not to be trusted."""
        self.plan = NOTHING
        self.pending.clear()
        self.accounts.clear()
        self.received = {}
        self.again = {}
        self.run = None

    def next_moment(self) -> int:
        """Now, and later than every moment before."""
        self.moment = max(self.clock(), self.moment + 1)
        return self.moment

    def write_down(self) -> None:
        """Writes down how far it is, and tells under new names what holds as before: after a failure it does both again."""
        destinations: set[int] = set()
        with transaction.atomic():
            with connection.cursor() as cursor:
                for workspace_id, news in self.again.items():
                    destinations |= tell(cursor, workspace_id, news, self.moment).destinations
            save_state(self.counted, self.evaluated_at, self.moment, self.received)
        self.call(destinations)
        self.again = {}
        self.noted_at = self.moment
        self.received = {}
        self.unsaved = False

    def call(self, destinations: set[int]) -> None:
        if destinations and self._on_queued is not None:
            self._on_queued(destinations)
