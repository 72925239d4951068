"""Whom time alone will change: the moments ahead at which a profile is to be looked at, though nothing may happen.

Once a minute the event store is asked who reaches an age that matters within the next; what arrives in between brings its own
moments along. So that time passes at next to no cost, however many people wait for it.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping

from pitcairn.engage.changes import Pending, Soon, crossings_of
from pitcairn.engage.people import people_by_account
from pitcairn.engage.plan import WorkspacePlan
from pitcairn.eventstore import EventStore
from pitcairn.pipeline.batch import Batch

AHEAD_MS = 60_000
"""How far ahead the event store is asked."""


class Ahead:
    """Moments are ms since 1970."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._soon: list[Soon] = []
        self._from = 0
        self.until = 0
        """Up to here everything is known."""

    def begin(self, moment: int) -> None:
        """Forgets everything; the next look begins at the moment."""
        self._soon.clear()
        self._from = moment
        self.until = 0

    def look_again(self, moment: int) -> None:
        """What is computed has changed: the next look comes now, and reaches back to the moment."""
        self._from = min(self._from, moment)
        self.until = 0

    @property
    def soonest(self) -> int:
        """When something is to be done: somebody looked at, or the event store asked."""
        return min(self.until, self._soon[0].at) if self._soon else self.until

    def add(self, batch: Batch, workspaces: Mapping[int, WorkspacePlan]) -> None:
        """The moments that come with a batch, which the last look could not know."""
        for soon in crossings_of(batch, workspaces, 0, self.until):
            heapq.heappush(self._soon, soon)

    def take_due(self, now: int, pending: dict[int, Pending]) -> None:
        """Adds those whose moment has come."""
        while self._soon and self._soon[0].at <= now:
            soon = heapq.heappop(self._soon)
            pending.setdefault(soon.workspace_id, Pending()).profiles.add(soon.profile_id)

    def look(self, now: int, workspaces: Iterable[WorkspacePlan]) -> None:
        """Asks, when what is known ends now."""
        if now < self.until:
            return
        until = now + AHEAD_MS
        for workspace in workspaces:
            for profile_id, at in self._found(workspace, self._from, until):
                heapq.heappush(self._soon, Soon(int(at), workspace.id, int(profile_id)))
        self._from = self.until = until

    def _found(self, workspace: WorkspacePlan, start: int, until: int) -> list[tuple[int, int]]:
        found = self._store.crossing(workspace.id, workspace.crossings, start, until)
        for profile_id, at in self._store.moment_crossing(workspace.id, workspace.moments, start, until):
            # Whether a moment is before or after another may differ from whether it is the same.
            found += [(profile_id, at), (profile_id, at + 1)]
        accounts = self._store.moment_crossing(workspace.id, workspace.account_moments, start, until, accounts=True)
        people = people_by_account(sorted({account_id for account_id, _ in accounts}))
        for account_id, at in accounts:
            for profile_id in people.get(account_id, ()):
                found += [(profile_id, at), (profile_id, at + 1)]
        return found
