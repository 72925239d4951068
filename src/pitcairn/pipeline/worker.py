"""The worker: takes batches from the inbox and makes profiles, events and results of them.

Exactly once in effect. A batch has a number. Its SQL effects, the new inbox position and the number are one transaction; just
before that transaction commits, its rows go into the event store with the number on each. Whatever stops the worker in between
leaves rows with a number above the committed one, and the first thing a worker does is to remove those.

One worker works at a time: it holds a lease in the SQL store (PostgreSQL: an advisory lock; SQLite: a locked file, since the
data folder belongs to one machine). A second one waits for it, ready to take over.
"""

from __future__ import annotations

import fcntl
import logging
import threading
import time
from pathlib import Path
from typing import IO

import msgspec
from django.conf import settings
from django.db import DatabaseError, close_old_connections, connection, connections, transaction

from pitcairn.edge import inbox
from pitcairn.edge.inbox import Entry
from pitcairn.edge.snapshot import EMPTY, Snapshot, newer_snapshot
from pitcairn.eventstore import EventStore, EventStoreError
from pitcairn.pipeline import steps
from pitcairn.pipeline.batch import Batch
from pitcairn.pipeline.event_rows import rows_of
from pitcairn.pipeline.models import PipelineState
from pitcairn.wire.limits import DUPLICATE_WINDOW_MS
from pitcairn.wire.reasons import DropReason

logger = logging.getLogger(__name__)

BATCH_MESSAGES = 4_000
"""Messages in one batch: enough that the fixed costs of a batch do not count, few enough to pass in well under a second."""

PAUSE_SECONDS = 0.1
"""The shortest time from one batch's start to the next. Each batch is a part in the event store, and parts must be merged."""

POLL_SECONDS = 0.5
"""How often the inbox is looked at when nobody calls: another process's edge cannot."""

RETRY_SECONDS = 2.0
"""After a failure of a store."""

FORGET_EVERY_SECONDS = 60.0
_FORGET_ROWS = 20_000
_LEASE = 7_140_294
"""An arbitrary number that names the worker's lease among PostgreSQL's advisory locks."""


class Worker:
    """Runs in a thread of its own. `call` says that something is in the inbox."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._called = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pipeline", daemon=True)
        self._snapshot: Snapshot = EMPTY
        self._recovered = False
        self._careful = False
        """The last batch failed by a fault of ours; take single rows until one is through."""
        self._forgotten_at = 0.0
        self._lease_file: IO[str] | None = None

    def start(self) -> None:
        self._thread.start()

    def call(self) -> None:
        self._called.set()

    def stop(self) -> None:
        """Finishes the batch in hand and returns. What is left stays in the inbox."""
        self._stopping.set()
        self._called.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                started = time.monotonic()
                try:
                    busy = self._has_lease() and self.work()
                except (DatabaseError, EventStoreError) as error:
                    logger.error("A batch failed and will be tried again in %s s: %s", RETRY_SECONDS, error)
                    self._recovered = False
                    connections.close_all()
                    self._stopping.wait(RETRY_SECONDS)
                    continue
                if busy:
                    self._stopping.wait(max(0.0, PAUSE_SECONDS - (time.monotonic() - started)))
                else:
                    self._called.wait(POLL_SECONDS)
                    self._called.clear()
        except Exception:
            logger.exception("The pipeline stopped. Messages are still accepted and kept; restart the server to process them")
        finally:
            if self._lease_file is not None:
                self._lease_file.close()
            connections.close_all()

    def work(self) -> bool:
        """Processes one batch; False when the inbox was empty. Raises what the stores raise; then nothing has changed."""
        close_old_connections()
        if not self._recovered:
            recover(self._store)
            self._recovered = True
        state = _state()
        entries = inbox.read_after(state.inbox_position, 1 if self._careful else BATCH_MESSAGES)
        if not entries:
            return False
        self._snapshot = newer_snapshot(self._snapshot)
        try:
            self._process(entries, state)
        except (DatabaseError, EventStoreError):
            self._recovered = False
            raise
        except Exception:
            self._step_aside(entries, state)
        else:
            self._careful = False
        inbox.remove_through(_state().inbox_position)
        self._forget_seen()
        return True

    def _step_aside(self, entries: list[Entry], state: PipelineState) -> None:
        """After a fault in our own code: row by row, and a row that still fails is refused whole, its text kept."""
        self._recovered = False
        if self._careful:
            logger.exception("A request could not be processed; its messages are refused as internal_error. Please report this")
            recover(self._store)
            self._process(entries, state, refuse=True)
            self._careful = False
        else:
            logger.exception("A batch could not be processed; its rows are tried one by one. Please report this")
            self._careful = True

    def _process(self, entries: list[Entry], state: PipelineState, *, refuse: bool = False) -> None:
        batch = Batch(state.batch + 1, int(time.time() * 1000), state.next_profile_id)
        for entry in entries:
            if refuse:
                for request in entry.requests:
                    request.problem = request.problem or DropReason.INTERNAL_ERROR
            steps.read(batch, entry.requests, self._snapshot)
        steps.recognise_exposures(batch, self._snapshot)
        with transaction.atomic(), connection.cursor() as cursor:
            for step in steps.STEPS:
                step(batch, cursor)
            for table, rows in rows_of(batch).items():
                self._store.insert(table, rows)
            cursor.execute(
                "UPDATE pipeline_pipelinestate SET inbox_position = %s, batch = %s, next_profile_id = %s WHERE id = 1",
                [entries[-1].id, batch.number, batch.next_profile_id],
            )

    def _forget_seen(self) -> None:
        """Forgets message ids that are older than the duplicate window, oldest first, a few thousand at a time."""
        if time.monotonic() - self._forgotten_at < FORGET_EVERY_SECONDS:
            return
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM seen_message WHERE id IN (SELECT s.id FROM seen_message AS s ORDER BY s.id LIMIT %s) "
                "AND seen_at < %s",
                [_FORGET_ROWS, int(time.time() * 1000) - DUPLICATE_WINDOW_MS],
            )
            more = cursor.rowcount == _FORGET_ROWS
        if not more:
            self._forgotten_at = time.monotonic()

    def _has_lease(self) -> bool:
        """Whether this worker is the one that works. On PostgreSQL the lock ends with the connection, so ask each time."""
        if connection.vendor != "postgresql":
            return self._hold_file(Path(settings.DATA) / "worker.lock")
        close_old_connections()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT EXISTS (SELECT 1 FROM pg_locks AS l WHERE l.locktype = 'advisory' AND l.objid = %s "
                "AND l.pid = pg_backend_pid())",
                [_LEASE],
            )
            if cursor.fetchone()[0]:
                return True
            # A new connection: another worker may have worked since.
            self._recovered = False
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LEASE])
            return bool(cursor.fetchone()[0])

    def _hold_file(self, path: Path) -> bool:
        if self._lease_file is not None:
            return True
        file = path.open("w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        self._lease_file = file
        return True


def _state() -> PipelineState:
    state, _ = PipelineState.objects.get_or_create(id=1)
    return state


def recover(store: EventStore) -> None:
    """Removes what an interrupted batch left in the event store, and finished rows left in the inbox."""
    state = _state()
    store.forget_batches_after(state.batch)
    inbox.remove_through(state.inbox_position)


class Lag(msgspec.Struct, frozen=True):
    """How far the pipeline is behind."""

    requests: int
    oldest_received_at: int | None
    """ms since 1970; None when nothing waits."""
    batch: int


def lag() -> Lag:
    """What waits in the inbox now."""
    state = _state()
    waiting = inbox.backlog(state.inbox_position)
    return Lag(waiting.requests, waiting.oldest_received_at, state.batch)
