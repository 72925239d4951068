"""Computing over everybody: of what is new, was edited, or was enabled again.

One question to the event store gives everybody's values as of one moment. They are stored in slices, between which the pipeline
goes on. Whoever the pipeline touches meanwhile is left out and looked at by the live engine at the end, since what was
found of them may not hold any more.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TypeAlias

from django.db import connection, transaction

from pitcairn.connections.delivery import outbox
from pitcairn.engage import values
from pitcairn.engage.evaluation import differences, everybody
from pitcairn.engage.mirror import mirror
from pitcairn.engage.models import Computation, Status
from pitcairn.engage.people import identifiers_of_profiles
from pitcairn.engage.plan import Computed, Telling, WorkspacePlan
from pitcairn.engage.state import living
from pitcairn.engage.telling import News, tell
from pitcairn.engage.values import Change
from pitcairn.eventstore import EventStore, EventStoreError

logger = logging.getLogger(__name__)

SLICE = 10_000
"""Profiles stored in one transaction: a fraction of a second, in which the pipeline waits."""

TRAITS_SLICE = 1_000
"""The same where each is written into the profile as well."""

Teach: TypeAlias = Callable[[WorkspacePlan, Sequence[Computed], Sequence[Change], int], None]
"""Makes the computed traits among the changes traits of the people, in the transaction that is open."""

MOST_WAITING = 20_000
"""Messages in a destination's outbox above which no more are put behind them: what happens now would wait for them all."""


class FirstRun:
    """Computing one computation as of `moment` (ms since 1970)."""

    def __init__(
        self, store: EventStore, computed: Computed, workspace: WorkspacePlan, moment: int, teach: Teach
    ) -> None:
        self._store = store
        self._computed = computed
        self._workspace = workspace
        self.moment = moment
        self._teach = teach
        self._slice = SLICE if computed.audience else TRAITS_SLICE
        self._found: dict[int, str] = {}
        self._profiles: list[int] = []
        self._done = 0
        self.workspace_id = computed.workspace_id
        self.key = computed.key
        self.touched: set[int] = set()
        """Whom the pipeline touched since the moment."""
        self.changed: set[int] = set()
        """Whose value it changed."""
        self.finished = False
        self.held = False
        """It waits for a destination's outbox to become shorter."""
        self._failed = ""

    def computes(self, computed: Computed) -> bool:
        """Whether it is this very definition."""
        return computed == self._computed

    def start(self) -> None:
        """Asks the question. A question that cannot be answered fails the computation; a store that is gone raises."""
        self._set(status=Status.COMPUTING)
        try:
            self._found = everybody(self._store, self._workspace, self._computed, self.moment)
        except EventStoreError as error:
            self._store.ping()
            logger.error("%s (%s) cannot be computed: %s", self._computed.key, self._computed.id, error)
            self._failed = f"The event store refused the question: {error}"
            self.finished = True
            return
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT v.profile_id FROM engage_value AS v WHERE v.computation_id = %s", [self._computed.id]
            )
            self._profiles = sorted(self._found.keys() | {row[0] for row in cursor.fetchall()})
        self._set(total=len(self._profiles), done=0)

    def next_slice(self, workspace: WorkspacePlan, now: int) -> set[int]:
        """Stores the next slice; returns the destinations that something was queued for."""
        self._workspace = workspace
        tellings = workspace.tellings.get(self._computed.id, [])
        self.held = any(waiting_for(telling) > MOST_WAITING for telling in tellings)
        if self.finished or self.held:
            return set()
        part = self._profiles[self._done : self._done + self._slice]
        profiles = living([profile_id for profile_id in part if profile_id not in self.touched])
        destinations: set[int] = set()
        if profiles:
            destinations = self._store_slice(profiles, tellings, now)
        self._done += len(part)
        self.finished = self._done >= len(self._profiles)
        return destinations

    def _store_slice(self, profiles: Sequence[int], tellings: Sequence[Telling], now: int) -> set[int]:
        one = self._computed
        with transaction.atomic(), connection.cursor() as cursor:
            stored = values.read(cursor, [one.id], profiles)
            changes = differences([one], {one.id: self._found}, stored, profiles)
            told = [(change, telling) for change in changes for telling in tellings if telling.hears(change.profile_id)]
            named = identifiers_of_profiles(sorted({change.profile_id for change, _ in told}))
            values.write(cursor, one.workspace_id, changes, now)
            self.changed.update(change.profile_id for change in changes)
            values.count(cursor, changes, now)
            outcome = tell(
                cursor,
                one.workspace_id,
                [
                    News(telling, change.profile_id, named.get(change.profile_id, ()), change.value, now)
                    for change, telling in told
                ],
                now,
            )
            cursor.execute(
                "UPDATE engage_computation SET done = %s WHERE id = %s", [self._done + len(profiles), one.id]
            )
            self._teach(self._workspace, [one], changes, now)
        mirror(self._store, self._workspace, changes, now)
        return outcome.destinations

    def finish(self, now: int) -> bool:
        """Says how it ended; False when it was edited meanwhile, and is computed again."""
        if self._failed:
            return self._set(status=Status.FAILED, problem=self._failed, computed_at=now)
        done = self._set(status=Status.LIVE, problem="", computed_at=now, done=0, total=0)
        with connection.cursor() as cursor:
            values.keep_size(cursor, self._computed.id, now - now % 3_600_000)
        return done

    def _set(self, **fields: object) -> bool:
        mine = Computation.objects.filter(
            id=self._computed.id, revision=self._computed.revision, deleted_at__isnull=True
        ).exclude(status=Status.DISABLED)
        return bool(mine.update(**fields))


def fail(computed: Computed, problem: str) -> None:
    """Says that it cannot be computed, unless it was edited meanwhile."""
    wanted = Computation.objects.filter(id=computed.id, revision=computed.revision)
    wanted.exclude(status=Status.DISABLED).update(status=Status.FAILED, problem=problem)


def waiting_for(telling: Telling) -> int:
    """Messages in the outbox of the sync's destination."""
    return outbox.queued(telling.destination.id)
