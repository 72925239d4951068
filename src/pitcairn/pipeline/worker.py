"""The worker: takes batches from the inbox and makes profiles, events and results of them.

Exactly once in effect. Each attempt at a batch has a number of its own. The batch's SQL effects, the new inbox position and
the number are one transaction; just before that transaction commits, its rows go into the event store with the number on each.
Whatever stops the worker in between leaves rows with a number above the committed one; the first thing a worker does is to
remove those, and to give up that number.

One worker works at a time: it holds a lease in the SQL store (PostgreSQL: an advisory lock; SQLite: a locked file, since the
data folder belongs to one machine). A second one waits for it, ready to take over. A worker that has lost its lease without
knowing cannot do harm: every batch and every recovery first locks the row of `PipelineState` and looks at the number in it.

See docs/adr/0004-exactly-once.md.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

import msgspec
from django.db import Error, InterfaceError, InternalError, OperationalError, connection, connections, transaction

from pitcairn.edge import inbox
from pitcairn.edge.deletions import DELETE, read_deletion
from pitcairn.edge.identity_requests import IDENTITY_REQUESTS
from pitcairn.edge.inbox import Accepted, Entry
from pitcairn.edge.snapshot import EMPTY, Snapshot, newer_snapshot
from pitcairn.engage.live import Live
from pitcairn.engage.standing import Learned
from pitcairn.eventstore import EventStore, EventStoreError
from pitcairn.pipeline import steps
from pitcairn.pipeline.batch import Batch
from pitcairn.pipeline.erasing import Eraser
from pitcairn.pipeline.event_rows import rows_of, stored
from pitcairn.pipeline.internal import InternalTraffic
from pitcairn.pipeline.lease import Lease
from pitcairn.pipeline.mirror import fill
from pitcairn.pipeline.models import PipelineState
from pitcairn.pipeline.progress import LeaseLost, given_up_lately, lock, read_state, recover
from pitcairn.pipeline.proofs import label_users
from pitcairn.pipeline.rules import Rules
from pitcairn.pipeline.tracking_plans import Plans
from pitcairn.profiles.identity import TraitValue
from pitcairn.profiles.store import People, save_people
from pitcairn.wire.limits import DUPLICATE_WINDOW_MS
from pitcairn.wire.reasons import DropReason

logger = logging.getLogger(__name__)

BATCH_MESSAGES = 4_000
"""Messages in one batch: enough that the fixed costs of a batch do not count, few enough to pass in well under a second."""

PAUSE_SECONDS = 0.1
"""The shortest time from one batch's start to the next. Each batch is a part in the event store, and parts must be merged."""

POLL_SECONDS = 0.25
"""How often the inbox is looked at when nobody calls: the edge of another process cannot."""

POLL_SECONDS_BESIDE_EDGE = 2.0
"""The same in a process whose own edge calls."""

RETRY_SECONDS = 2.0
"""After a failure of a store."""

GIVEN_UP_EVERY_SECONDS = 5.0
"""How often rows of batches that were given up are looked for."""

FORGET_EVERY_SECONDS = 60.0
_FORGET_ROWS = 20_000

TROUBLE = (OperationalError, InterfaceError, InternalError, EventStoreError, LeaseLost, OSError, MemoryError)
"""What passes when the stores and the machine are well again. Everything else is a fault of ours, and stays."""


class Worker:
    """Runs in a thread of its own. `call` says that something is in the inbox."""

    def __init__(
        self,
        store: EventStore,
        *,
        poll_seconds: float = POLL_SECONDS,
        on_queued: Callable[[set[int]], None] | None = None,
        live: Live | None = None,
    ) -> None:
        self._store = store
        self._poll_seconds = poll_seconds
        self._on_queued = on_queued
        """Told the destinations that a batch queued something for."""
        self._live = live or Live(store, on_queued=on_queued)
        self._live.learn_with(self._learn)
        self.leads = False
        """It held the lease when it last looked. Whatever only one process may do is done by the one whose worker leads."""
        self._position = 0
        """Up to here the inbox was done when it was last looked at."""
        self._called = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pipeline", daemon=True)
        self._snapshot: Snapshot = EMPTY
        self._recovered = False
        self._people = People()
        self._plans = Plans()
        self._rules = Rules()
        self._internal = InternalTraffic()
        self._eraser = Eraser(store)
        self._forgotten_at = 0.0
        self._looked_at = 0.0
        self._lease = Lease()

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
                    self.leads = self._has_lease()
                    busy = self.leads and self.work()
                except Exception as error:
                    trouble = isinstance(error, Error | EventStoreError | LeaseLost)
                    logger.error(
                        "A batch failed and will be tried again in %s s: %s", RETRY_SECONDS, error, exc_info=not trouble
                    )
                    self._recovered = False
                    self._live.forget()
                    self.leads = self._lease.outlives_connections
                    connections.close_all()
                    self._stopping.wait(RETRY_SECONDS)
                    continue
                if busy:
                    self._stopping.wait(max(0.0, PAUSE_SECONDS - (time.monotonic() - started)))
                else:
                    self._called.wait(min(self._poll_seconds, self._live.due_in()))
                    self._called.clear()
        finally:
            self._lease.leave()
            connections.close_all()

    def work(self) -> bool:
        """Processes one batch, and a part of what audiences have to do; False when neither had any.

        Raises what the stores raise; then nothing has changed.
        """
        worked = self._work_on_inbox()
        try:
            more = self._live.work()
        except Exception:
            self._recovered = False
            self._live.forget()
            raise
        self._recovered = True
        return more or worked

    def _work_on_inbox(self) -> bool:
        if not self._recovered:
            self._people.forget()
            self._live.forget()
            recover(self._store)
            fill(self._store)
            self._recovered = True
        self._eraser.look()
        self._forget_given_up()
        if not inbox.has_after(self._position):
            return False
        state = read_state()
        entries = inbox.read_after(state.inbox_position, BATCH_MESSAGES)
        if not entries:
            return False
        self._snapshot = newer_snapshot(self._snapshot)
        self._recovered = False
        try:
            self._process(entries, state)
        except TROUBLE:
            raise
        except Exception:
            logger.exception(
                "A batch cannot be processed; what it stumbles over is refused as internal_error. Please report it"
            )
            self._people.forget()
            self._live.forget()
            recover(self._store)
            self._process_around_faults(entries, read_state())
        self._recovered = True
        self._position = entries[-1].id
        inbox.remove_through(self._position)
        self._eraser.look(at_once=True)
        self._forget_seen()
        return True

    def _process(self, entries: list[Entry], state: PipelineState) -> None:
        with transaction.atomic():
            lock(state)
            requests = [request for entry in entries for request in entry.requests]
            parts = _cut_after_deletions(requests)
            batch = self._run_steps(requests, state) if len(parts) == 1 else self._run_parts(parts, state)
            self._commit(batch, entries[-1].id)
        self._remember(batch)

    def _run_parts(self, parts: list[list[Accepted]], state: PipelineState) -> Batch:
        """One batch, worked on part after part."""
        whole = self._new_batch(state)
        for part in parts:
            self._absorb(whole, self._run_steps(part, state), state)
        return whole

    def _absorb(self, whole: Batch, batch: Batch, state: PipelineState) -> None:
        self._remember(batch)
        state.next_profile_id = whole.next_profile_id = batch.next_profile_id
        whole.travellers += batch.travellers
        whole.refused += batch.refused
        # A later part may have moved on whom an earlier one merged; the last word counts.
        whole.merges = list({merge[:2]: merge for merge in whole.merges + batch.merges}.values())
        whole.changed_people |= batch.changed_people
        whole.changed_accounts += batch.changed_accounts
        self._tell(batch)

    def _process_around_faults(self, entries: list[Entry], state: PipelineState) -> None:
        """The same where a fault in our own code stops the batch: in ever smaller parts, until what fails is one message.

        That message is refused, and its text kept. The parts are savepoints of one transaction: still one batch, in order.
        """
        whole = self._new_batch(state)
        parts = [[one for entry in entries for request in entry.requests for one in _single(request)]]
        with transaction.atomic():
            lock(state)
            while parts:
                part = parts.pop()
                try:
                    with transaction.atomic():
                        batch = self._run_steps(part, state)
                        rows_of(batch, self._internal.at(self._snapshot.revision))
                except TROUBLE:
                    raise
                except Exception:
                    self._people.forget()
                    if len(part) > 1:
                        parts += [part[len(part) // 2 :], part[: len(part) // 2]]
                        continue
                    if part[0].problem:
                        raise
                    part[0].problem = DropReason.INTERNAL_ERROR
                    parts.append(part)
                    continue
                self._remember(batch)
                state.next_profile_id = whole.next_profile_id = batch.next_profile_id
                whole.travellers += batch.travellers
                whole.refused += batch.refused
                whole.merges += batch.merges
                whole.changed_people |= batch.changed_people
                whole.changed_accounts += batch.changed_accounts
                whole.queued |= batch.queued
            # A later part may have moved on whom an earlier one merged; the last word counts.
            whole.merges = list({merge[:2]: merge for merge in whole.merges}.values())
            self._commit(whole, entries[-1].id)
        self._tell(whole)

    def _new_batch(self, state: PipelineState) -> Batch:
        return Batch(state.batch + 1, int(time.time() * 1000), state.next_profile_id, self._people)

    def _run_steps(self, requests: list[Accepted], state: PipelineState) -> Batch:
        batch = self._new_batch(state)
        batch.rules = self._rules.at(self._snapshot.revision)
        steps.read(batch, requests, self._snapshot)
        self._plans.check(batch, self._snapshot.revision)
        steps.choose_destinations(batch)
        steps.recognise_exposures(batch, self._snapshot)
        label_users(batch, self._snapshot)
        with connection.cursor() as cursor:
            for step in steps.STEPS:
                step(batch, cursor)
        return batch

    def _learn(self, learned: Learned, at: int) -> int:
        """Gives people the traits that were computed of them: a batch of its own, whose number is returned.

        In the transaction of the caller.
        """
        state = read_state()
        lock(state)
        self._recovered = False
        batch = self._new_batch(state)
        with connection.cursor() as cursor:
            batch.changed_people = self._people.with_ids(cursor, sorted(learned))
            for person in batch.changed_people.values():
                person.traits.update({name: TraitValue(value, at, 0) for name, value in learned[person.id].items()})
            save_people(cursor, list(batch.changed_people.values()))
        self._commit(batch, state.inbox_position)
        return batch.number

    def _commit(self, batch: Batch, inbox_position: int) -> None:
        rows_by_table = rows_of(batch, self._internal.at(self._snapshot.revision))
        for table, rows in rows_by_table.items():
            self._store.insert(table, rows)
        stored(batch, rows_by_table)
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE pipeline_pipelinestate SET inbox_position = %s, batch = %s, next_profile_id = %s WHERE id = 1",
                [inbox_position, batch.number, batch.next_profile_id],
            )

    def _tell(self, batch: Batch) -> None:
        if batch.queued and self._on_queued is not None:
            self._on_queued(batch.queued)

    def _remember(self, batch: Batch) -> None:
        if batch.graph is not None:
            self._people.committed(batch.graph)
        self._live.note(batch)

    def _forget_given_up(self) -> None:
        """Removes rows of given-up batches that came after all: an insert went on when the worker that sent it was gone."""
        if self._store.embedded or time.monotonic() - self._looked_at < GIVEN_UP_EVERY_SECONDS:
            return
        given_up = given_up_lately(read_state())
        if given_up:
            self._store.forget_batches([number for number, _ in given_up])
        self._looked_at = time.monotonic()

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
        """Whether this worker is the one that works."""
        if self._lease.holds():
            return True
        self._recovered = False  # Another worker may have worked since.
        return self._lease.take()


def _cut_after_deletions(requests: list[Accepted]) -> list[list[Accepted]]:
    """The requests in parts that each end with the deletion of a person who may come back: with what follows in the batch, say.

    A deletion deletes what is stored when its part is done. Who is suppressed does not come back, so there no cut is needed.
    What joins or parts people ends a part as well: what follows finds them as they are then.
    """
    parts: list[list[Accepted]] = [[]]
    for request in requests:
        parts[-1].append(request)
        deleted = request.type == DELETE and not request.problem and not read_deletion(request.items[0]).suppress
        if deleted or request.type in IDENTITY_REQUESTS:
            parts.append([])
    return parts if parts[-1] or len(parts) == 1 else parts[:-1]


def _single(request: Accepted) -> list[Accepted]:
    """The request as one request per message."""
    if request.problem or len(request.items) < 2:
        return [request]
    return [
        msgspec.structs.replace(request, request_id=f"{request.request_id}-{index}", items=[item])
        for index, item in enumerate(request.items)
    ]
