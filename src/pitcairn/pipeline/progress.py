"""How far the pipeline is, as its row in the SQL store says, and what makes good again what an interruption left.

Whoever changes anything first locks that row and looks whether another worker has worked meanwhile.
"""

from __future__ import annotations

import time

import msgspec
from django.db import transaction

from pitcairn.edge import inbox
from pitcairn.eventstore import EventStore
from pitcairn.pipeline.models import PipelineState

GIVEN_UP_MS = 3600 * 1000
"""How long after a batch was given up its rows are still looked for. An insert ends after minutes at the latest."""


class LeaseLost(Exception):
    """Another worker has worked meanwhile."""


class Lag(msgspec.Struct, frozen=True):
    """How far the pipeline is behind."""

    requests: int
    oldest_received_at: int | None
    """ms since 1970; None when nothing waits."""
    batch: int


def lag() -> Lag:
    """What waits in the inbox now."""
    state = read_state()
    waiting = inbox.backlog(state.inbox_position)
    return Lag(waiting.requests, waiting.oldest_received_at, state.batch)


def read_state() -> PipelineState:
    state, _ = PipelineState.objects.get_or_create(id=1)
    return state


def lock(state: PipelineState) -> None:
    """Keeps every other worker out until the transaction ends. Raises `LeaseLost` when one has worked since `state` was read."""
    now = PipelineState.objects.select_for_update().get(id=1)
    if now.batch != state.batch:
        raise LeaseLost(f"another worker has processed batch {now.batch}; this one was at {state.batch}")


def recover(store: EventStore) -> None:
    """Removes what an interrupted batch left in the event store, and finished rows left in the inbox.

    The number of that batch is given up, so that whatever comes of it later is told from the next one's rows.
    """
    state = read_state()
    with transaction.atomic():
        # Locked, lest a worker that is still committing has its rows removed.
        lock(state)
        store.forget_batches_after(state.batch)
        state.batch += 1
        given_up = [*given_up_lately(state), (state.batch, int(time.time() * 1000))]
        state.given_up = msgspec.json.encode(given_up).decode()
        state.save(update_fields=["batch", "given_up"])
    inbox.remove_through(state.inbox_position)


def given_up_lately(state: PipelineState) -> list[tuple[int, int]]:
    """The batches given up lately, each with when (ms since 1970)."""
    oldest = int(time.time() * 1000) - GIVEN_UP_MS
    return [one for one in msgspec.json.decode(state.given_up, type=list[tuple[int, int]]) if one[1] > oldest]
