"""Taking people who were deleted out of everything that is not their profile.

In this order: what is on its way to destinations, what was computed about them, files of this server, the event store. Each
part may be repeated, and a failure anywhere leaves the whole for the next time. Two minutes later all of it is done once more:
a delivery that was under way may have been written down since. Then what named them is forgotten too, and the stores are
cleaned, so that no file holds what was deleted: SQLite's freed pages at once, the event store's old files minutes later.
"""

from __future__ import annotations

import time

from django.db import connection, connections, transaction

from pitcairn.connections.delivery.forgetting import forget_files, forget_messages
from pitcairn.connections.theirs import Theirs
from pitcairn.edge.router import inbox_alias
from pitcairn.engage.forgetting import forget_entries, forget_values
from pitcairn.eventstore import EventStore
from pitcairn.pipeline.outgoing import person_key
from pitcairn.profiles import deletions
from pitcairn.profiles.deletions import Erasure

LOOK_EVERY_SECONDS = 10.0
CLEAN_EVERY_SECONDS = 3600.0
"""How often the event store's files are rewritten, at the most."""


class Eraser:
    """Kept by the worker. `look` is cheap when nobody was deleted."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._looked_at = 0.0
        self._cleaned_at = -CLEAN_EVERY_SECONDS
        self._to_clean = False

    def look(self, *, now: int | None = None, at_once: bool = False) -> None:
        """Erases who waits for it. `now` is ms since 1970; without `at_once` it looks only every few seconds."""
        if not at_once and time.monotonic() - self._looked_at < LOOK_EVERY_SECONDS:
            return
        moment = time.time_ns() // 1_000_000 if now is None else now
        settled = False
        for erasure in deletions.waiting(moment):
            self._erase(erasure)
            deletions.done(erasure, moment)
            settled |= erasure.settles
        self._to_clean |= settled
        if settled:
            clean_sql()
        if self._to_clean and time.monotonic() - self._cleaned_at >= CLEAN_EVERY_SECONDS:
            self._store.erase_files()
            self._cleaned_at, self._to_clean = time.monotonic(), False
        self._looked_at = time.monotonic()

    def _erase(self, erasure: Erasure) -> None:
        theirs = Theirs(
            frozenset(erasure.user_ids), frozenset(erasure.anonymous_ids), frozenset(erasure.emails), erasure.until
        )
        persons = {
            *(person_key(profile_id, "", "") for profile_id in erasure.profile_ids),
            *(person_key(0, user_id, "") for user_id in erasure.user_ids),
            *(person_key(0, "", anonymous_id) for anonymous_id in erasure.anonymous_ids),
        }
        forget_messages(erasure.workspace_id, persons, theirs)
        with transaction.atomic(), connection.cursor() as cursor:
            forget_values(cursor, erasure.profile_ids)
            forget_entries(cursor, erasure.workspace_id, erasure.identifiers)
        forget_files(erasure.workspace_id, theirs)
        self._store.erase(
            erasure.workspace_id,
            erasure.profile_ids,
            erasure.user_ids,
            erasure.until,
            anonymous_ids=erasure.anonymous_ids,
            emails=erasure.emails,
        )


def clean_sql() -> None:
    """Has SQLite's files forget what was deleted. PostgreSQL's vacuum does so by itself.

    The main database overwrites what it deletes (`secure_delete`, see the settings); the inbox, which is nearly empty after
    each batch, is written anew instead.
    """
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        return
    with connections[inbox_alias()].cursor() as cursor:
        cursor.execute("VACUUM")
    for alias in connections:
        with connections[alias].cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
