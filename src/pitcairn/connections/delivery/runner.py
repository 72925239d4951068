"""One destination at work: takes its chunks up and sends batches of them, as its gate allows and its lanes demand.

Everything here happens in the engine's loop; what waits for a store or for the other side is a task of the engine. Whether
something may be sent now is decided by the clock alone, so that a test can run hours in no time.
"""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from pitcairn.connections.delivery import outbox, sending
from pitcairn.connections.delivery.gate import Gate
from pitcairn.connections.delivery.ledger import Entries
from pitcairn.connections.delivery.outbox import CHUNK_MESSAGES, QueuedChunk, WaitingHead, WaitingRow
from pitcairn.connections.delivery.sending import Sender
from pitcairn.connections.delivery.verdicts import Item, Verdicts
from pitcairn.connections.destination import OutgoingMessage
from pitcairn.connections.routing import DeliveringDestination

LEAST_IN_HAND = 200
MOST_IN_HAND = 4_000
"""Messages of one destination that are unpacked at once, about: twice what it sends at a time, between these bounds."""
MOST_UNWRITTEN_CHUNKS = 64
"""Chunks that are taken up and not yet written as done. When the stores do not keep up, sending stops."""
MOST_WAITING = 100_000
"""Messages of one destination that are to be tried again. Beyond it no new ones are taken up until some are through."""
LOADED_LANES = 200
"""Waiting lanes that are loaded at once, and how many messages of each."""
LOADED_EACH = 20


class Surroundings(Protocol):
    """What the engine gives its runners."""

    chance: random.Random
    sender: Sender

    @property
    def entries(self) -> Entries: ...
    def now(self) -> int: ...
    def begin(self, work: Any) -> None: ...
    async def read(self, query: Any, *arguments: Any) -> Any: ...


class Runner:
    def __init__(self, destination: DeliveringDestination, engine: Surroundings) -> None:
        self._engine = engine
        self._gate = Gate(destination.state, engine.chance)
        self._verdicts = Verdicts(destination, engine)
        self._requests = 0
        """On their way."""
        self._reading = self._loading = False
        self._may_have_chunks = True
        self._known = False
        """The lanes that wait in the table are known."""
        self._forgetting = self._letting_go = False
        self._writers: ThreadPoolExecutor | None = None
        self.destination = destination
        self.configure(destination)
        self._forgetting = False

    def configure(self, destination: DeliveringDestination) -> None:
        """The destination as it is configured now. When its queue was discarded meanwhile, that is read anew."""
        if destination.state.discards != self.destination.state.discards or not destination.sends:
            self.forget()
        self.destination = destination
        self._verdicts.configure(destination)
        if destination.entry.write is not None and self._writers is None:
            self._writers = ThreadPoolExecutor(max(1, destination.pace.concurrency), f"write-{destination.id}")
        wanted = 2 * destination.pace.batch * destination.pace.concurrency
        self._enough = min(MOST_IN_HAND, max(LEAST_IN_HAND, wanted))

    # ── What is to be done now ───────────────────────────────────────────────────────────────────────────────────────

    @property
    def is_idle(self) -> bool:
        """It would not notice by itself that something was queued."""
        return self.destination.sends and not self._may_have_chunks and not self._reading

    def look(self) -> None:
        """There may be new chunks."""
        self._may_have_chunks = True

    def forget(self) -> None:
        """Lets go of what is in hand: somebody changed the queue. It is read again when what is on its way is through."""
        self._forgetting = True

    def pump(self) -> None:
        """Starts everything that can be started now."""
        if self._forgetting:
            self._let_go()
            return
        if not self.destination.sends:
            return
        if not self._known:
            self._learn()
            return
        now = self._engine.now()
        self._load_due(now)
        while self._verdicts.lanes.is_ready() and self._may_send(now):
            pace = self.destination.pace
            batch = self._verdicts.lanes.take(pace.batch)
            self._requests += 1
            self._gate.count(pace.rate, now)
            self._engine.begin(self._send(batch))
        self._read_chunks()

    def next_due(self) -> int | None:
        """When the clock alone makes something possible that is not now; ms since 1970."""
        if not self.destination.sends or not self._known or self._forgetting:
            return None
        lane = self._verdicts.lanes.next_due()
        if not self._verdicts.lanes.is_ready() and lane is None:
            return None
        gate = self._gate.opens_at(self.destination.pace.rate)
        if self._verdicts.lanes.is_ready():
            return gate
        return max(gate, lane) if lane is not None else gate

    def _may_send(self, now: int) -> bool:
        most = 1 if self._gate.probing else self.destination.pace.concurrency
        return self._requests < most and self._gate.opens_at(self.destination.pace.rate) <= now

    def _let_go(self) -> None:
        """Forgets as soon as nothing is on its way, and what was sent is written down."""
        if self._letting_go or self._requests or self._reading or self._loading:
            return
        self._letting_go = True
        self._engine.entries.then.append(self._have_let_go)

    def _have_let_go(self) -> None:
        self._verdicts.forget()
        self._known = self._forgetting = self._letting_go = False
        self._may_have_chunks = True

    # ── Taking up ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _learn(self) -> None:
        if not self._reading:
            self._reading = True
            self._engine.begin(self._learn_lanes())

    async def _learn_lanes(self) -> None:
        try:
            heads: list[WaitingHead] = await self._engine.read(outbox.waiting_heads, self.destination.id)
            for head in heads:
                self._verdicts.lanes.restore(head.person, head.rows, head.next_attempt_at)
            self._known = True
        finally:
            self._reading = False

    def _read_chunks(self) -> None:
        if (
            self._reading
            or not self._may_have_chunks
            or self._verdicts.lanes.in_hand >= self._enough
            or len(self._verdicts.chunks) >= MOST_UNWRITTEN_CHUNKS
            or self._verdicts.lanes.waiting_rows >= MOST_WAITING
            # A pause or an open circuit needs one message to try, not a full hand.
            or (self._verdicts.lanes.in_hand and self._gate.opens_at(self.destination.pace.rate) > self._engine.now())
        ):
            return
        self._reading = True
        amount = 1 if self._gate.probing else -(-(self._enough - self._verdicts.lanes.in_hand) // CHUNK_MESSAGES)
        self._engine.begin(self._take_up(amount))

    async def _take_up(self, amount: int) -> None:
        try:
            # What is queued from now on is told by another call.
            self._may_have_chunks = False
            in_hand = list(self._verdicts.chunks)
            found: list[QueuedChunk] = await self._engine.read(outbox.read_chunks, self.destination.id, in_hand, amount)
            if len(found) == amount:
                self._may_have_chunks = True
            for queued in found:
                self._verdicts.take_up(queued)
        except BaseException:
            self._may_have_chunks = True
            raise
        finally:
            self._reading = False
        self.pump()

    def _load_due(self, now: int) -> None:
        if (
            self._loading
            or self._gate.opens_at(self.destination.pace.rate) > now
            or self._verdicts.lanes.in_hand >= self._enough
        ):
            return
        persons = self._verdicts.lanes.due(now, 1 if self._gate.probing else LOADED_LANES)
        if persons:
            self._loading = True
            self._engine.begin(self._load(persons))

    async def _load(self, persons: list[str]) -> None:
        try:
            found: dict[str, list[WaitingRow]] = await self._engine.read(
                outbox.waiting_rows, self.destination.id, persons, LOADED_EACH
            )
        except BaseException:
            for person in persons:
                self._verdicts.lanes.unload(person, self._engine.now())
            raise
        finally:
            self._loading = False
        for person in persons:
            rows = found.get(person, ())
            items = [Item(row.message, row.queued_at, None, 0, row.id, row.attempts) for row in rows]
            self._verdicts.lanes.load(person, items)
        self.pump()

    # ── Sending ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _send(self, batch: list[Item]) -> None:
        destination = self.destination
        messages = [
            OutgoingMessage(
                body=item.message.body,
                person=item.person,
                source_id=item.message.source_id,
                options=item.message.options,
            )
            for item in batch
        ]
        try:
            sent = await sending.send(
                destination.entry,
                destination.settings,
                messages,
                self._engine.sender,
                destination.pace.timeout,
                now=self._engine.now,
                writers=self._writers,
            )
        finally:
            self._requests -= 1
        now = self._engine.now()
        for exchange in sent.exchanges:
            self._gate.learn(exchange.outcome, answered=exchange.reply is not None, now=now)
        self._verdicts.conclude(batch, sent, now)
        news = self._gate.news(destination.workspace_id, now)
        if news is not None:
            self._engine.entries.states[destination.id] = news
        self.pump()

    def close(self) -> None:
        if self._writers is not None:
            self._writers.shutdown(wait=False)
