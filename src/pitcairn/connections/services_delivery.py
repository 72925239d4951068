"""What people do about deliveries: send dead letters again, discard a queue, replay a time range, test a destination."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from pitcairn.connections.delivery import dead_letters, discarding, testing
from pitcairn.connections.delivery.engine import wall_clock
from pitcairn.connections.delivery.testing import TestExchange, TestResult
from pitcairn.connections.delivery.transport import Transport
from pitcairn.connections.models import Destination, Replay
from pitcairn.connections.registry import catalog
from pitcairn.connections.services import ConnectionsError
from pitcairn.eventstore import EventStore
from pitcairn.eventstore.records import to_ms

__all__ = [
    "TestExchange",
    "TestResult",
    "cancel_replay",
    "delete_dead_letters",
    "discard_queue",
    "replay_dead_letters",
    "send_test",
    "start_replay",
]


def replay_dead_letters(
    *, workspace_id: int, destination_id: int, ids: Sequence[int] | None = None, reason: str | None = None
) -> int:
    """Queues dead letters again: those with these ids, or all of a reason, or all. Returns how many."""
    _destination(workspace_id, destination_id)
    return dead_letters.send_again(destination_id, ids, reason, wall_clock())


def delete_dead_letters(
    *, workspace_id: int, destination_id: int, ids: Sequence[int] | None = None, reason: str | None = None
) -> int:
    """Forgets dead letters for good; the selection is that of `replay_dead_letters`. Returns how many."""
    _destination(workspace_id, destination_id)
    return dead_letters.forget(destination_id, ids, reason)


def discard_queue(store: EventStore | None, *, workspace_id: int, destination_id: int) -> int:
    """Removes everything that waits for the destination, but what is on its way this moment. Returns how many messages.

    Each is logged as `discarded`.
    """
    _destination(workspace_id, destination_id)
    return discarding.discard(store, workspace_id, destination_id, wall_clock())


@transaction.atomic
def start_replay(*, workspace_id: int, destination_id: int, start: datetime, end: datetime) -> Replay:
    """Sends messages received with `start` <= receivedAt < `end` to the destination again, as it is configured now.

    Raises `ConnectionsError` for a destination that sends nothing, an empty range, or while another replay runs.
    """
    destination = _destination(workspace_id, destination_id)
    entry = catalog()[destination.slug]
    if entry.prepare is None and entry.write is None:
        raise ConnectionsError(f"{entry.manifest.name} sends nothing, so that there is nothing to send again.")
    if start >= end:
        raise ConnectionsError("The range ends before it begins. Choose an end after the start.", field="end")
    if not destination.sources.exists():
        raise ConnectionsError(f"{destination.name} is connected to no source. Connect one first.")
    if Replay.objects.filter(destination_id=destination_id, state="running").exists():
        raise ConnectionsError(f"A replay to {destination.name} is running. Wait for its end, or cancel it.")
    return Replay.objects.create(
        destination_id=destination_id,
        workspace_id=workspace_id,
        start=to_ms(start),
        end=to_ms(end),
        position=to_ms(start),
    )


def cancel_replay(*, workspace_id: int, replay_id: int) -> None:
    """What is queued already stays queued."""
    Replay.objects.filter(workspace_id=workspace_id, id=replay_id, state="running").update(state="cancelled")


def send_test(*, workspace_id: int, destination_id: int, body: Mapping[str, Any]) -> TestResult:
    """Sends this one message now, whether the destination is enabled or not, past its filters; not logged.

    Raises `ConnectionsError` for a body that is no message, and for a destination without its required settings. Blocks
    until the answer: up to the destination's timeout.
    """
    destination = _destination(workspace_id, destination_id)
    message = testing.read(body)
    results: list[TestResult | BaseException] = []

    async def run() -> TestResult:
        transport = Transport(settings.DELIVERY_NETWORKS)
        try:
            return await testing.exchange(destination, message, transport)
        finally:
            await transport.close()

    def work() -> None:
        try:
            results.append(asyncio.run(run()))
        except BaseException as error:
            results.append(error)

    prepared = testing.prepared(destination, message)
    if prepared is not None:
        return prepared
    # In a thread: whoever calls may stand in an event loop of its own.
    thread = threading.Thread(target=work, name="delivery-test")
    thread.start()
    thread.join()
    if isinstance(results[0], BaseException):
        raise results[0]
    return results[0]


def _destination(workspace_id: int, destination_id: int) -> Destination:
    found = Destination.objects.filter(workspace_id=workspace_id, id=destination_id).first()
    if found is None or found.slug not in catalog():
        raise ConnectionsError(f"There is no destination {destination_id} in this workspace.")
    return found
