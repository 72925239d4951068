"""What pages and commands may know of deliveries: queues, dead letters, replays, and what the event store says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, cast

from django.db.models import Count, Max, Min, Sum

from pitcairn.connections.delivery import outbox
from pitcairn.connections.models import (
    ChunkProgress,
    DeadLetter,
    DeliveryState,
    Destination,
    OutboxChunk,
    Replay,
    WaitingDelivery,
)
from pitcairn.connections.registry import catalog
from pitcairn.eventstore import EventStore
from pitcairn.eventstore.delivery_records import DeliveryAttempt, DeliveryOverview, DeliveryPoint, DeliverySample, Step
from pitcairn.eventstore.records import from_ms, to_ms

CircuitState = Literal["closed", "open", "paused"]
"""`open`: everything failed lately, one request at a time finds out when it is well again. `paused`: the destination asked
for a pause, or it is disabled or lacks a setting."""


@dataclass(frozen=True, kw_only=True)
class Circuit:
    state: CircuitState
    reason: str = ""
    since: datetime | None = None
    until: datetime | None = None
    """When the next request is made; None when nobody knows."""


@dataclass(frozen=True, kw_only=True)
class QueueState:
    """What waits for one destination. A message is counted once: in `messages` or in `retrying` or in `dead`."""

    destination_id: int
    waiting_chunks: int
    messages: int
    """Messages in the chunks: not tried yet, or on their way."""
    oldest_queued_at: datetime | None
    retrying: int
    """Messages that are tried again later, or that wait behind one of the same person."""
    next_attempt_at: datetime | None
    dead: int
    circuit: Circuit


@dataclass(frozen=True, kw_only=True)
class DeadLetterItem:
    """A message that was given up. `message` is the body as it would be sent, after filters and mapping."""

    id: int
    destination_id: int
    source_id: int
    message_id: str
    type: str
    event: str
    reason: str
    detail: str
    attempts: int
    died_at: datetime
    message: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class DeadReason:
    reason: str
    count: int
    last_at: datetime


@dataclass(frozen=True, kw_only=True)
class ReplayItem:
    """`position`: messages received before it are queued; `share` is how much of the range that is, 0 to 1."""

    id: int
    destination_id: int
    start: datetime
    end: datetime
    position: datetime
    share: float
    queued: int
    state: Literal["running", "done", "cancelled", "failed"]
    problem: str
    created_at: datetime


def queue_of(destination_id: int) -> QueueState:
    """What waits for the destination; zeros for one that nothing was ever queued for."""
    return _queues([destination_id])[destination_id]


def queues(workspace_id: int) -> dict[int, QueueState]:
    """The same for every destination of the workspace, by destination id."""
    return _queues(list(Destination.objects.filter(workspace_id=workspace_id).values_list("id", flat=True)))


def _queues(ids: Sequence[int]) -> dict[int, QueueState]:
    chunks = {
        row["destination_id"]: row
        for row in OutboxChunk.objects.filter(destination_id__in=ids)
        .values("destination_id")
        .annotate(chunks=Count("id"), messages=Sum("count"), oldest=Min("queued_at"))
    }
    done: dict[int, int] = {}
    for destination_id, bits in ChunkProgress.objects.filter(destination_id__in=ids).values_list(
        "destination_id", "done"
    ):
        done[destination_id] = done.get(destination_id, 0) + int.from_bytes(bytes(bits), "little").bit_count()
    waiting = {
        row["destination_id"]: row
        for row in WaitingDelivery.objects.filter(destination_id__in=ids)
        .values("destination_id")
        .annotate(messages=Count("id"), oldest=Min("queued_at"))
    }
    heads = dict(
        WaitingDelivery.objects.filter(destination_id__in=ids, attempts__gt=0)
        .values_list("destination_id")
        .annotate(next=Min("next_attempt_at"))
    )
    dead = dict(
        DeadLetter.objects.filter(destination_id__in=ids).values_list("destination_id").annotate(amount=Count("id"))
    )
    states = {state.destination_id: state for state in DeliveryState.objects.filter(destination_id__in=ids)}
    found = {}
    for destination_id in ids:
        chunk, wait = chunks.get(destination_id), waiting.get(destination_id)
        oldest = min((row["oldest"] for row in (chunk, wait) if row is not None), default=None)
        head = heads.get(destination_id)
        found[destination_id] = QueueState(
            destination_id=destination_id,
            waiting_chunks=chunk["chunks"] if chunk else 0,
            messages=chunk["messages"] - done.get(destination_id, 0) if chunk else 0,
            oldest_queued_at=from_ms(oldest) if oldest is not None else None,
            retrying=wait["messages"] if wait else 0,
            next_attempt_at=from_ms(head) if head is not None else None,
            dead=dead.get(destination_id, 0),
            circuit=_circuit(states.get(destination_id)),
        )
    return found


def _circuit(state: DeliveryState | None) -> Circuit:
    if state is None or state.circuit == "closed":
        return Circuit(state="closed")
    if state.circuit == "paused" and state.until <= to_ms(datetime.now(UTC)):
        return Circuit(state="closed")
    return Circuit(
        state=cast("CircuitState", state.circuit),
        reason=state.reason,
        since=from_ms(state.since),
        until=from_ms(state.until) if state.until else None,
    )


def dead_letters(
    destination_id: int, *, reason: str | None = None, limit: int = 50, before_id: int | None = None
) -> list[DeadLetterItem]:
    """The newest dead letters first; `before_id` continues a list."""
    found = DeadLetter.objects.filter(destination_id=destination_id).order_by("-id")
    if reason is not None:
        found = found.filter(reason=reason)
    if before_id is not None:
        found = found.filter(id__lt=before_id)
    return [_dead(letter) for letter in found[:limit]]


def dead_letter(workspace_id: int, dead_letter_id: int) -> DeadLetterItem | None:
    found = DeadLetter.objects.filter(workspace_id=workspace_id, id=dead_letter_id).first()
    return _dead(found) if found else None


def _dead(letter: DeadLetter) -> DeadLetterItem:
    return DeadLetterItem(
        id=letter.id,
        destination_id=letter.destination_id,
        source_id=letter.source_id,
        message_id=letter.message_id,
        type=letter.type,
        event=letter.event,
        reason=letter.reason,
        detail=letter.detail,
        attempts=letter.attempts,
        died_at=from_ms(letter.died_at),
        message=outbox.read_line(bytes(letter.message)).body,
    )


def dead_reasons(destination_id: int) -> list[DeadReason]:
    """Why messages are dead, most frequent first."""
    rows = (
        DeadLetter.objects.filter(destination_id=destination_id)
        .values("reason")
        .annotate(amount=Count("id"), last=Max("died_at"))
        .order_by("-amount", "reason")
    )
    return [DeadReason(reason=row["reason"], count=row["amount"], last_at=from_ms(row["last"])) for row in rows]


def replays(destination_id: int, *, limit: int = 20) -> list[ReplayItem]:
    """The newest first."""
    return [_replay(one) for one in Replay.objects.filter(destination_id=destination_id).order_by("-id")[:limit]]


def _replay(replay: Replay) -> ReplayItem:
    length = replay.end - replay.start
    return ReplayItem(
        id=replay.id,
        destination_id=replay.destination_id,
        start=from_ms(replay.start),
        end=from_ms(replay.end),
        position=from_ms(replay.position),
        share=1.0 if length <= 0 else (replay.position - replay.start) / length,
        queued=replay.queued,
        state=cast("Literal['running', 'done', 'cancelled', 'failed']", replay.state),
        problem=replay.problem,
        created_at=replay.created_at,
    )


def delivery_overview(
    store: EventStore,
    workspace_id: int,
    start: datetime,
    end: datetime,
    *,
    source_id: int | None = None,
    destination_id: int | None = None,
) -> DeliveryOverview:
    """What became of the messages received with `start` <= receivedAt < `end`."""
    return store.delivery_overview(
        workspace_id, start, end, source_id, destination_id, personalizes=_personalizes(workspace_id, destination_id)
    )


def _personalizes(workspace_id: int, destination_id: int | None) -> tuple[str, Sequence[int]]:
    """The slug and the sources of a destination: by them the event store knows what the built-in personalization took."""
    found = Destination.objects.filter(workspace_id=workspace_id, id=destination_id or 0).first()
    if found is None or found.slug not in catalog():
        return "", ()
    return found.slug, list(found.sources.values_list("id", flat=True))


def delivery_samples(
    store: EventStore,
    workspace_id: int,
    start: datetime,
    end: datetime,
    step: Step,
    *,
    reason: str | None = None,
    source_id: int | None = None,
    destination_id: int | None = None,
    limit: int = 10,
) -> list[DeliverySample]:
    """The newest messages that ended in this step, at most `limit`; those of which the request was kept come first."""
    return store.delivery_samples(
        workspace_id, start, end, step, reason=reason, source_id=source_id, destination_id=destination_id, limit=limit
    )


def delivery_series(
    store: EventStore,
    workspace_id: int,
    start: datetime,
    end: datetime,
    *,
    step_seconds: int = 3600,
    source_id: int | None = None,
    destination_id: int | None = None,
) -> list[DeliveryPoint]:
    """One point for each step from `start` on, empty ones too."""
    return store.delivery_series(
        workspace_id,
        start,
        end,
        step_seconds=step_seconds,
        source_id=source_id,
        destination_id=destination_id,
        personalizes=_personalizes(workspace_id, destination_id),
    )


def attempts(
    store: EventStore,
    workspace_id: int,
    *,
    message_id: str | None = None,
    destination_id: int | None = None,
    outcome: str | None = None,
    limit: int = 50,
    before: datetime | None = None,
) -> list[DeliveryAttempt]:
    """The delivery log, newest first: every request with what came of it."""
    return store.delivery_attempts(
        workspace_id,
        message_id=message_id,
        destination_id=destination_id,
        outcome=outcome,
        limit=limit,
        before=before,
    )
