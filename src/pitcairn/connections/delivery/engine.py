"""The delivery engine: one thread with an event loop, and a runner in it for every destination.

Delivery belongs to one process at a time, the one whose pipeline worker leads. Reads and writes of the stores happen in two
threads of their own, so that no slow transaction holds up requests. `settle` does everything that can be done at the clock's
present time and returns: with a clock of its own a test runs through hours that way, with real requests and real stores.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import uvloop
from django.db import Error, connection, connections

from pitcairn.connections.delivery import ledger, outbox
from pitcairn.connections.delivery.ledger import Entries
from pitcairn.connections.delivery.runner import Runner
from pitcairn.connections.delivery.sending import Sender
from pitcairn.connections.delivery.tidying import forget_deleted
from pitcairn.connections.routing import DeliveringDestination, delivering_destinations
from pitcairn.eventstore import EventStore, EventStoreError
from pitcairn.workspaces.queries import configuration_revision

logger = logging.getLogger(__name__)

POLL_SECONDS = 2.0
"""How often queues are looked at when nobody calls: another process can queue dead letters and replays."""
WRITE_SECONDS = 0.2
"""The shortest time between two writes: each is a part in the event store and a commit in the SQL store."""
RETRY_SECONDS = 2.0
"""After a failure of a store."""
STOP_SECONDS = 15.0
"""How long a stop waits for requests on their way; what was not answered by then is sent again at the next start."""

T = TypeVar("T")


def wall_clock() -> int:
    return time.time_ns() // 1_000_000


class Engine:
    """Runs in a thread of its own (`start`, `stop`), or in the loop of whoever calls `settle` and `close`."""

    def __init__(
        self,
        store: EventStore,
        make_sender: Callable[[], Sender],
        *,
        leads: Callable[[], bool] = lambda: True,
        now: Callable[[], int] = wall_clock,
        chance: random.Random | None = None,
        write_seconds: float = WRITE_SECONDS,
    ) -> None:
        self._store = store
        self._make_sender = make_sender
        self._leads = leads
        self.now = now
        self.chance = chance or random.Random()  # noqa: S311 - it spreads retries, nothing secret
        self.sender: Sender
        self.entries = Entries()
        self._write_seconds = write_seconds
        self._runners: dict[int, Runner] = {}
        self._revision = -1
        self._tasks: set[asyncio.Task[None]] = set()
        self._writing: asyncio.Task[None] | None = None
        self._written_at = 0.0
        self._opened = self._stopping = self._hurry = False
        self._reader = ThreadPoolExecutor(1, "delivery-read", _keep_few_pages)
        self._writer = ThreadPoolExecutor(1, "delivery-write", _keep_few_pages)
        self._lock = threading.Lock()
        self._called: set[int] = set()
        self._looked_at = 0.0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="delivery", daemon=True)

    # ── For other threads ────────────────────────────────────────────────────────────────────────────────────────────

    def start(self) -> None:
        self._thread.start()

    def call(self, destination_ids: set[int]) -> None:
        """Something was queued for these destinations."""
        with self._lock:
            self._called |= destination_ids
        self._rouse()

    def stop(self) -> None:
        """Waits for requests on their way, writes down what became of them, and returns. The rest stays queued."""
        self._stopping = True
        self._rouse()
        self._thread.join()

    def _rouse(self) -> None:
        loop, wake = self._loop, self._wake
        if loop is not None and wake is not None:
            try:
                loop.call_soon_threadsafe(wake.set)
            except RuntimeError:  # It has ended meanwhile.
                return

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._live())

    async def _live(self) -> None:
        self._loop, self._wake = asyncio.get_running_loop(), asyncio.Event()
        while not self._stopping:
            try:
                wait = await self._turn()
            except Exception as error:
                trouble = isinstance(error, Error | EventStoreError)
                logger.error("Delivery goes on in %s s: %s", RETRY_SECONDS, error, exc_info=not trouble)
                wait = RETRY_SECONDS
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), wait)
            self._wake.clear()
        await self.close()

    async def _turn(self) -> float:
        """Starts what can be started; returns the seconds until it makes sense to look again."""
        if not self._leads():
            await self._let_go()
            return POLL_SECONDS / 4
        await self._refresh()
        for runner in self._runners.values():
            runner.pump()
        due = min(
            (at for at in (runner.next_due() for runner in self._runners.values()) if at is not None), default=None
        )
        return POLL_SECONDS if due is None else min(POLL_SECONDS, max(0.001, (due - self.now()) / 1000))

    # ── In the loop ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def settle(self) -> int | None:
        """Does all that can be done now. Returns when (ms since 1970) there is more to do, as things stand; None for never."""
        self._looked_at = 0.0
        await self._refresh()
        while True:
            for runner in self._runners.values():
                runner.pump()
            if self._tasks:
                await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
            elif self.entries or self._writing:
                await self._written()
            else:
                due = [at for at in (runner.next_due() for runner in self._runners.values()) if at is not None]
                if not due or min(due) > self.now():
                    return min(due, default=None)
                await asyncio.sleep(0)

    async def close(self) -> None:
        """Waits for what is on its way, writes everything down, and lets go of threads and connections."""
        self._stopping = True
        until = time.monotonic() + STOP_SECONDS
        while self._tasks and time.monotonic() < until:
            await asyncio.wait(self._tasks, timeout=until - time.monotonic())
        for task in self._tasks:
            task.cancel()
        try:
            await self._written()
        except Exception as error:
            logger.error("What was delivered last is not written down, and will be delivered again: %s", error)
        if self._opened:
            await self.sender.close()
        for runner in self._runners.values():
            runner.close()
        for executor in (self._reader, self._writer):
            await asyncio.get_running_loop().run_in_executor(executor, connections.close_all)
            executor.shutdown()

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs it beside everything else. What fails in it is logged, and tried again when there is a next time."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            error = task.exception()
            trouble = isinstance(error, Error | EventStoreError)
            logger.error("A part of delivery failed and is tried again: %s", error, exc_info=None if trouble else error)
        if self.entries and self._writing is None:
            self._writing = asyncio.get_running_loop().create_task(self._write())

    async def read(self, query: Callable[..., T], *arguments: Any) -> T:
        """Asks the SQL store in the thread for reading."""
        return await asyncio.get_running_loop().run_in_executor(self._reader, query, *arguments)

    async def _written(self) -> None:
        """Writes now, and returns when everything that happened is written down. Raises what the stores raise."""
        self._hurry = True
        try:
            while self.entries or self._writing:
                if self._writing is None:
                    self._writing = asyncio.get_running_loop().create_task(self._write())
                await self._writing
        finally:
            self._hurry = False

    async def _write(self) -> None:
        """Writes what has happened, together with whatever happens until the next write is due."""
        try:
            wait = self._write_seconds - (time.monotonic() - self._written_at)
            if wait > 0 and not self._hurry:
                await asyncio.sleep(wait)
            entries, self.entries = self.entries, Entries()
            entries.seal()
            while True:
                try:
                    await asyncio.get_running_loop().run_in_executor(self._writer, _write_down, self._store, entries)
                    break
                except Exception as error:
                    trouble = isinstance(error, Error | EventStoreError)
                    logger.error(
                        "What was delivered cannot be written down; again in %s s: %s", RETRY_SECONDS, error,
                        exc_info=not trouble,
                    )  # fmt: skip
                    if self._stopping:
                        raise
                    await asyncio.sleep(RETRY_SECONDS)
            for then in entries.then:
                then()
        finally:
            self._written_at = time.monotonic()
            self._writing = None
        for runner in self._runners.values():
            runner.pump()
        if self.entries and self._writing is None:
            self._writing = asyncio.get_running_loop().create_task(self._write())
        self._rouse_self()

    def _rouse_self(self) -> None:
        if self._wake is not None:
            self._wake.set()

    # ── Configuration ────────────────────────────────────────────────────────────────────────────────────────────────

    async def _refresh(self) -> None:
        """Takes over configuration that changed, and has runners look whose queues may have grown."""
        if not self._opened:
            self.sender = self._make_sender()
            self._opened = True
        with self._lock:
            called, self._called = self._called, set()
        for destination_id in called & self._runners.keys():
            self._runners[destination_id].look()
        if time.monotonic() - self._looked_at < POLL_SECONDS / 2 and not called - self._runners.keys():
            return
        revision = await self.read(configuration_revision)
        if revision != self._revision:
            # The revision was read first: a change that comes in between is read again next time, never missed.
            self._take_over(await self.read(delivering_destinations))
            await self._in_writer(forget_deleted)
            self._revision = revision
        for destination_id, runner in self._runners.items():
            if runner.is_idle and await self.read(outbox.has_chunks, destination_id):
                runner.look()
        self._looked_at = time.monotonic()

    async def _in_writer(self, work: Callable[[], None]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._writer, work)

    def _take_over(self, destinations: list[DeliveringDestination]) -> None:
        there = {destination.id for destination in destinations}
        for destination_id in self._runners.keys() - there:
            self._runners.pop(destination_id).close()
        for destination in destinations:
            runner = self._runners.get(destination.id)
            if runner is None:
                self._runners[destination.id] = Runner(destination, self)
            else:
                runner.configure(destination)

    async def _let_go(self) -> None:
        """Another process delivers from now on: everything in hand is forgotten, when what is on its way is through."""
        if not self._runners:
            return
        while self._tasks:
            await asyncio.wait(self._tasks)
        await self._written()
        for runner in self._runners.values():
            runner.close()
        self._runners.clear()
        self._revision = -1


def _keep_few_pages() -> None:
    """Chunks are read once and deleted once: SQLite's pages of them need not be kept."""
    with contextlib.suppress(Error):
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA cache_size=-2000")


def _write_down(store: EventStore, entries: Entries) -> None:
    try:
        ledger.write(store, entries)
    except Exception:
        connections.close_all()
        raise
