"""The inbox: accepted requests on their way to the pipeline, durable before they are answered.

Requests that arrive close together share one commit ("group commit"): a writer thread takes whatever has gathered, stores it
as one row and wakes the requests that wait. While one commit is on its way to the disk, the next group gathers, so the rate
of requests does not depend on how long a commit takes.

Row ids grow in commit order. On SQLite that is so because there is one writer at a time; on PostgreSQL a lock held until
commit makes it so. The pipeline can therefore remember one number: the last row it has finished.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

import msgspec
from django.db import DatabaseError, connections

from pitcairn.edge.router import inbox_alias

logger = logging.getLogger(__name__)

GROUP_BYTES = 4 * 1024 * 1024
"""A row larger than this is cut in two: the pipeline reads whole rows into memory."""

WAITING_BYTES = 128 * 1024 * 1024
"""What may wait for the disk. Beyond it requests are answered 503, and the client libraries come again."""

_APPEND_LOCK = 7_140_293
"""An arbitrary number that names the append lock among PostgreSQL's advisory locks."""


class Accepted(msgspec.Struct, array_like=True):
    """One accepted request: its messages' JSON texts, and what each needs from the request around it."""

    request_id: str
    """Makes the messageIds of messages that have none: unique, and the same again when a batch is processed twice."""
    received_at: int
    source_id: int
    type: str
    """The call's type when the path says it; empty for batches."""
    ip: str
    retry_count: int
    sent_at: str
    context: bytes
    integrations: bytes
    items: list[bytes]
    problem: str = ""
    """A `DropReason` that concerns the request as a whole."""
    detail: str = ""


class InboxFull(Exception):
    """More is waiting for the disk than may be kept in memory."""


class InboxFailed(Exception):
    """The store refused the commit; nothing of the group was kept."""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Accepted]).decode


class InboxWriter:
    """Appends for one event loop. `start` and `stop` from any thread, `append` from the loop's own."""

    def __init__(self, on_commit: Callable[[], None] = lambda: None) -> None:
        self._on_commit = on_commit
        # The loop appends on the right and the writer takes from the left; with a deque both are safe without a lock.
        self._waiting: deque[tuple[Accepted, asyncio.Future[None]]] = deque()
        self._waiting_bytes = 0
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="inbox", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._thread.start()

    def append(self, accepted: Accepted, size: int) -> asyncio.Future[None]:
        """A future that is done when the request is on disk. Raises `InboxFull`; the future fails with `InboxFailed`."""
        if self._waiting_bytes + size > WAITING_BYTES:
            raise InboxFull
        assert self._loop is not None
        future = self._loop.create_future()
        self._waiting_bytes += size
        self._waiting.append((accepted, future))
        if not self._wake.is_set():
            self._wake.set()
        return future

    def stop(self) -> None:
        """Commits what waits and ends the thread."""
        self._stopping = True
        self._wake.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while True:
                self._wake.wait()
                self._wake.clear()
                while self._waiting:
                    self._waiting_bytes = 0
                    self._commit([self._waiting.popleft() for _ in range(len(self._waiting))])
                if self._stopping:
                    return
        finally:
            connections.close_all()

    def _commit(self, group: list[tuple[Accepted, asyncio.Future[None]]]) -> None:
        error: InboxFailed | None = None
        try:
            append([accepted for accepted, _ in group])
        except DatabaseError as failure:
            logger.error("The inbox could not be written; clients are told to come again: %s", failure)
            error = InboxFailed(str(failure))
            connections[inbox_alias()].close_if_unusable_or_obsolete()
        except Exception as failure:
            # Whatever it is, the thread must go on: without it nothing is accepted any more.
            logger.exception(
                "A group of requests could not be written; clients are told to come again. Please report this"
            )
            error = InboxFailed(str(failure))
        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(_settle, group, error)
        except RuntimeError:  # The loop is closed: nobody waits any more.
            return
        if error is None:
            self._on_commit()


def _settle(group: list[tuple[Accepted, asyncio.Future[None]]], error: InboxFailed | None) -> None:
    for _, future in group:
        if future.done():  # Its request was cancelled.
            continue
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)


def append(requests: Sequence[Accepted]) -> None:
    """Stores the requests in one durable commit. Raises `django.db.DatabaseError`; then nothing was stored."""
    connection = connections[inbox_alias()]
    now = int(time.time() * 1000)
    rows = [(now, len(part), _encode(part)) for part in _parts(requests)]
    with connection.cursor() as cursor:
        cursor.execute("BEGIN" if connection.vendor == "postgresql" else "BEGIN IMMEDIATE")
        try:
            if connection.vendor == "postgresql":
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_APPEND_LOCK])
            cursor.executemany("INSERT INTO inbox (received_at, messages, payload) VALUES (%s, %s, %s)", rows)
            cursor.execute("COMMIT")
        except BaseException:
            cursor.execute("ROLLBACK")
            raise


def _parts(requests: Sequence[Accepted]) -> list[list[Accepted]]:
    parts: list[list[Accepted]] = [[]]
    size = 0
    for request in requests:
        length = sum(map(len, request.items))
        if size + length > GROUP_BYTES and parts[-1]:
            parts.append([])
            size = 0
        parts[-1].append(request)
        size += length
    return parts


def has_after(position: int) -> bool:
    """Whether anything waits."""
    with connections[inbox_alias()].cursor() as cursor:
        cursor.execute("SELECT 1 FROM inbox WHERE id > %s LIMIT 1", [position])
        return cursor.fetchone() is not None


class Entry(msgspec.Struct):
    """A row of the inbox."""

    id: int
    received_at: int
    requests: list[Accepted]


def read_after(position: int, limit: int) -> list[Entry]:
    """The next rows, in order. `limit` counts requests, not rows; at least one row comes if there is one."""
    entries: list[Entry] = []
    taken = 0
    with connections[inbox_alias()].cursor() as cursor:
        cursor.execute(
            "SELECT id, received_at, messages, payload FROM inbox WHERE id > %s ORDER BY id LIMIT %s",
            [position, max(limit, 1)],
        )
        while (row := cursor.fetchone()) is not None:
            requests = _decode(row[3])
            taken += sum(len(request.items) or 1 for request in requests)
            entries.append(Entry(row[0], row[1], requests))
            if taken >= limit:
                break
    return entries


def remove_through(position: int) -> None:
    """Removes the rows the pipeline has finished."""
    with connections[inbox_alias()].cursor() as cursor:
        cursor.execute("DELETE FROM inbox WHERE id <= %s", [position])


class Backlog(msgspec.Struct, frozen=True):
    """What waits in the inbox."""

    rows: int
    requests: int
    oldest_received_at: int | None


def backlog(position: int) -> Backlog:
    with connections[inbox_alias()].cursor() as cursor:
        cursor.execute(
            "SELECT count(*), coalesce(sum(messages), 0), min(received_at) FROM inbox WHERE id > %s", [position]
        )
        rows, requests, oldest = cursor.fetchone()
    return Backlog(int(rows), int(requests), oldest)
