"""Discarding a queue: what waits for a destination is removed, and the log says so for every message."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection, transaction

from pitcairn.connections.delivery import outbox
from pitcairn.connections.delivery.log import attempt_row
from pitcairn.connections.delivery.outbox import Outgoing
from pitcairn.connections.models import ChunkProgress, DeliveryState, OutboxChunk, WaitingDelivery
from pitcairn.eventstore import EventStore
from pitcairn.workspaces.services import configuration_changed

DISCARDED = "DISCARDED"
_ROWS = 500


def discard(store: EventStore | None, workspace_id: int, destination_id: int, now: int) -> int:
    """Removes what is queued and what waits at this moment; returns how many messages."""
    have_the_engine_look(workspace_id, destination_id)
    count = 0
    chunks = list(OutboxChunk.objects.filter(destination_id=destination_id).order_by("id").values_list("id", flat=True))
    for chunk_id in chunks:
        with transaction.atomic():
            chunk = OutboxChunk.objects.select_for_update().filter(id=chunk_id).first()
            if chunk is None:
                continue
            progress = ChunkProgress.objects.filter(chunk_id=chunk_id).first()
            done = int.from_bytes(bytes(progress.done), "little") if progress else 0
            messages = [
                one
                for index, one in enumerate(outbox.unpack(bytes(chunk.messages)))
                if one.type and not done >> index & 1
            ]
            _log(store, workspace_id, destination_id, messages, [0] * len(messages), now)
            chunk.delete()
            ChunkProgress.objects.filter(chunk_id=chunk_id).delete()
        count += len(messages)
    last = 0
    while True:
        with transaction.atomic():
            rows = list(
                WaitingDelivery.objects.select_for_update()
                .filter(destination_id=destination_id, id__gt=last, queued_at__lte=now)
                .order_by("id")[:_ROWS]
            )
            if not rows:
                break
            messages = [outbox.read_line(bytes(row.message)) for row in rows]
            _log(store, workspace_id, destination_id, messages, [row.attempts for row in rows], now)
            WaitingDelivery.objects.filter(id__in=[row.id for row in rows]).delete()
        last = rows[-1].id
        count += len(rows)
    have_the_engine_look(workspace_id, destination_id)
    return count


def have_the_engine_look(workspace_id: int, destination_id: int) -> None:
    """The engine lets go of what it has in hand, and reads the queue anew."""
    with transaction.atomic(), connection.cursor() as cursor:
        DeliveryState.objects.get_or_create(destination_id=destination_id, defaults={"workspace_id": workspace_id})
        cursor.execute(
            "UPDATE connections_deliverystate SET discards = discards + 1 WHERE destination_id = %s", [destination_id]
        )
        configuration_changed()


def _log(
    store: EventStore | None,
    workspace_id: int,
    destination_id: int,
    messages: Sequence[Outgoing],
    attempts: Sequence[int],
    now: int,
) -> None:
    if store is not None and messages:
        row = attempt_row(
            workspace_id=workspace_id,
            destination_id=destination_id,
            at=now,
            outcome="discarded",
            messages=messages,
            attempts=attempts,
            reason=DISCARDED,
            detail="Somebody discarded the queue.",
        )
        store.insert("deliveries", [row])
