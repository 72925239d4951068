"""Replays at work: reads messages of a time range from the event store, routes them to one destination, and queues them.

They are routed as if they came in now: by the destination's present settings, filters and mapping. Messages the sender kept
from it stay away from it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

import msgspec
from django.db import Error, connections

from pitcairn.connections.delivery import outbox
from pitcairn.connections.delivery.replay import advance, next_replay
from pitcairn.edge.snapshot import EMPTY, RoutedDestination, Snapshot, newer_snapshot
from pitcairn.eventstore import EventStore, EventStoreError, StoredMessage
from pitcairn.eventstore.records import to_ms
from pitcairn.pipeline.outgoing import person_key
from pitcairn.pipeline.routing import route

logger = logging.getLogger(__name__)

PAGE_MESSAGES = 2_000
POLL_SECONDS = 2.0
RETRY_SECONDS = 10.0

_encode = msgspec.json.Encoder().encode


class Replays:
    """Runs in a thread of its own, in the process whose worker leads. `on_queued` is told which destination got something."""

    def __init__(
        self,
        store: EventStore,
        *,
        leads: Callable[[], bool] = lambda: True,
        on_queued: Callable[[set[int]], None] = lambda ids: None,
    ) -> None:
        self._store, self._leads, self._on_queued = store, leads, on_queued
        self._snapshot: Snapshot = EMPTY
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="replays", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                wait = POLL_SECONDS
                try:
                    if self._leads() and self.work():
                        wait = 0.0
                except Exception as error:
                    trouble = isinstance(error, Error | EventStoreError)
                    logger.error("A replay goes on in %s s: %s", RETRY_SECONDS, error, exc_info=not trouble)
                    connections.close_all()
                    wait = RETRY_SECONDS
                self._stopping.wait(wait)
        finally:
            connections.close_all()

    def work(self) -> bool:
        """Queues one page of one replay; False when none runs or none has room. Raises what the stores raise."""
        job = next_replay()
        if job is None:
            return False
        messages, position = self._store.replayed(
            job.workspace_id, job.source_ids, job.position, job.end, PAGE_MESSAGES
        )
        self._snapshot = newer_snapshot(self._snapshot)
        lines = [line for message in messages if (line := self._line(message, job.destination_id)) is not None]
        advance(job, lines, position, int(time.time() * 1000))
        if lines:
            self._on_queued({job.destination_id})
        return True

    def _line(self, message: StoredMessage, destination_id: int) -> bytes | None:
        """The message as it is to be queued; None when the destination does not get it."""
        destination = self._destination(message.source_id, destination_id)
        if destination is None:
            return None
        routing = route(message, (destination,), message.source_id, StoredMessage.as_segment)
        if not routing.sending:
            return None
        sending = routing.sending[0]
        return outbox.line_around(
            message.message_id,
            message.type,
            message.event,
            person_key(message.profile_id, message.user_id, message.anonymous_id),
            message.source_id,
            to_ms(message.received_at),
            _encode(message.as_segment() if sending.body is None else sending.body),
            sending.options,
            again=True,
        )

    def _destination(self, source_id: int, destination_id: int) -> RoutedDestination | None:
        source = self._snapshot.sources_by_id.get(source_id)
        return next((one for one in source.destinations if one.id == destination_id), None) if source else None
