"""The ledger: writes down what became of messages, for all destinations together, several times a second.

One write is two steps: the attempts go into the event store, then everything else (messages that are done, that wait, that are
dead) is one transaction of the SQL store. So no message counts as done whose attempt is not in the log. What happened since
the last write is what a crash makes happen again: a fraction of a second.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from pitcairn.eventstore import EventStore, EventStoreError

logger = logging.getLogger(__name__)

_GROUP = 100
"""Rows of one statement: SQLite allows 32,766 values in one, and a dead letter has eleven."""


class NewWaiting(msgspec.Struct, frozen=True):
    destination_id: int
    workspace_id: int
    person: str
    message: bytes
    attempts: int
    queued_at: int
    next_attempt_at: int
    last_reason: str


class NewDead(msgspec.Struct, frozen=True):
    destination_id: int
    workspace_id: int
    source_id: int
    message_id: str
    type: str
    event: str
    message: bytes
    reason: str
    detail: str
    attempts: int
    died_at: int


class StateChange(msgspec.Struct, frozen=True):
    """How a destination's circuit stands; times are ms since 1970, 0 is none."""

    workspace_id: int
    circuit: str
    reason: str
    since: int
    until: int


class Entries:
    """What is to be written next."""

    def __init__(self) -> None:
        self.attempts: list[Mapping[str, Any]] = []
        self.finished_chunks: list[int] = []
        self.progress: dict[int, tuple[int, bytes]] = {}
        """By chunk: destination and the bits of the messages that are done."""
        self.waiting: list[NewWaiting] = []
        self.waiting_again: list[tuple[int, int, int, str]] = []
        """Row, attempts, next attempt and reason."""
        self.left: list[int] = []
        """Rows of `WaitingDelivery` that are done."""
        self.dead: list[NewDead] = []
        self.states: dict[int, StateChange] = {}
        self.then: list[Callable[[], None]] = []
        """Called in the loop when it is written."""
        self.flush = secrets.randbits(63)
        self.logged = False

    def seal(self) -> None:
        """No more is added: what other threads go on changing is copied."""
        self.progress = {chunk: (destination, bytes(done)) for chunk, (destination, done) in self.progress.items()}

    def __bool__(self) -> bool:
        return bool(
            self.attempts or self.finished_chunks or self.progress or self.waiting or self.waiting_again or self.left
            or self.dead or self.states or self.then
        )  # fmt: skip


def write(store: EventStore, entries: Entries) -> None:
    """Writes it; called again with the same entries when it raised. Raises what the stores raise."""
    if entries.attempts and not entries.logged:
        _log(store, entries)
    entries.logged = True
    with transaction.atomic(), connection.cursor() as cursor:
        _write(cursor, entries)


def _log(store: EventStore, entries: Entries) -> None:
    for row in entries.attempts:
        row["flush"] = entries.flush  # type: ignore[index]  # our own dicts, until they are written
    try:
        store.insert("deliveries", entries.attempts)
    except EventStoreError:
        # Only the answer may have been lost.
        if store.embedded or not store.has_flush(entries.flush):
            raise


def _write(cursor: CursorWrapper, entries: Entries) -> None:
    _insert(
        cursor,
        "connections_waitingdelivery",
        "destination_id, workspace_id, person, message, attempts, queued_at, next_attempt_at, last_reason",
        [msgspec.structs.astuple(row) for row in entries.waiting],
    )
    _insert(
        cursor,
        "connections_deadletter",
        "destination_id, workspace_id, source_id, message_id, type, event, message, reason, detail, attempts, died_at",
        [msgspec.structs.astuple(row) for row in entries.dead],
    )
    for row_id, attempts, next_attempt_at, reason in entries.waiting_again:
        cursor.execute(
            "UPDATE connections_waitingdelivery SET attempts = %s, next_attempt_at = %s, last_reason = %s WHERE id = %s",
            [attempts, next_attempt_at, reason, row_id],
        )
    _delete(cursor, "connections_waitingdelivery", "id", entries.left)
    _delete(cursor, "connections_outboxchunk", "id", entries.finished_chunks)
    _delete(cursor, "connections_chunkprogress", "chunk_id", entries.finished_chunks)
    for chunk_id, (destination_id, done) in entries.progress.items():
        cursor.execute(
            "INSERT INTO connections_chunkprogress (chunk_id, destination_id, done) VALUES (%s, %s, %s) "
            "ON CONFLICT (chunk_id) DO UPDATE SET done = excluded.done",
            [chunk_id, destination_id, done],
        )
    for destination_id, state in entries.states.items():
        cursor.execute(
            "INSERT INTO connections_deliverystate (destination_id, workspace_id, circuit, reason, since, until, discards) "
            "VALUES (%s, %s, %s, %s, %s, %s, 0) ON CONFLICT (destination_id) DO UPDATE SET "
            "circuit = excluded.circuit, reason = excluded.reason, since = excluded.since, until = excluded.until",
            [destination_id, *msgspec.structs.astuple(state)],
        )


def _insert(cursor: CursorWrapper, table: str, columns: str, rows: Sequence[tuple[Any, ...]]) -> None:
    for group in _groups(rows):
        marks = ", ".join([f"({', '.join(['%s'] * len(group[0]))})"] * len(group))
        cursor.execute(
            f"INSERT INTO {table} ({columns}) VALUES {marks}",  # noqa: S608 - names of our own tables
            [value for row in group for value in row],
        )


def _delete(cursor: CursorWrapper, table: str, column: str, ids: Sequence[int]) -> None:
    for group in _groups(ids):
        marks = ", ".join(["%s"] * len(group))
        cursor.execute(f"DELETE FROM {table} WHERE {column} IN ({marks})", list(group))  # noqa: S608


def _groups(rows: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (rows[start : start + _GROUP] for start in range(0, len(rows), _GROUP))
