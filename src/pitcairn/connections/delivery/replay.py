"""Replays: messages of a time range that are queued for one destination again. `pipeline/replays.py` does the work."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from django.db import connection, transaction

from pitcairn.connections.delivery import outbox
from pitcairn.connections.models import Destination, OutboxChunk, Replay
from pitcairn.eventstore.records import from_ms, to_ms

MOST_QUEUED_CHUNKS = 20
"""A replay waits while its destination has more than this in its queue: what comes in now must not stand behind days."""


class ReplayJob(msgspec.Struct, frozen=True, kw_only=True):
    """A replay that runs, and from where to go on."""

    id: int
    workspace_id: int
    destination_id: int
    source_ids: list[int]
    position: datetime
    end: datetime


def next_replay() -> ReplayJob | None:
    """A running replay whose destination has room in its queue."""
    for replay in Replay.objects.filter(state="running").order_by("id"):
        destination = Destination.objects.filter(id=replay.destination_id).first()
        if destination is None:
            fail(replay.id, "The destination was deleted.")
            continue
        queued = OutboxChunk.objects.filter(destination_id=replay.destination_id)[: MOST_QUEUED_CHUNKS + 1].count()
        if queued > MOST_QUEUED_CHUNKS or not destination.enabled:
            continue
        return ReplayJob(
            id=replay.id,
            workspace_id=replay.workspace_id,
            destination_id=replay.destination_id,
            source_ids=list(destination.sources.values_list("id", flat=True)),
            position=from_ms(replay.position),
            end=from_ms(replay.end),
        )
    return None


def advance(job: ReplayJob, lines: Sequence[bytes], position: datetime, now: int) -> None:
    """Queues a page of the replay and moves its position, both or neither. Nothing happens when it was cancelled meanwhile."""
    with transaction.atomic(), connection.cursor() as cursor:
        replay = Replay.objects.select_for_update().filter(id=job.id, state="running").first()
        if replay is None or replay.position != to_ms(job.position):
            return
        outbox.queue(cursor, workspace_id=job.workspace_id, destination_id=job.destination_id, lines=lines, now=now)
        replay.position = to_ms(position)
        replay.queued += len(lines)
        if position >= job.end:
            replay.state = "done"
        replay.save(update_fields=["position", "queued", "state"])


def fail(replay_id: int, problem: str) -> None:
    Replay.objects.filter(id=replay_id, state="running").update(state="failed", problem=problem)
