"""One destination at work: takes its chunks up, keeps lanes, sends batches, and decides what becomes of each message.

Everything here happens in the engine's loop; what waits for a store or for the other side is a task of the engine. Whether
something may be sent now is decided by the clock alone, so that a test can run hours in no time.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from pitcairn.connections.delivery import outbox, sending
from pitcairn.connections.delivery.backoff import FIRST_DELAY_MS, RETRY_WINDOW_MS, delay_ms
from pitcairn.connections.delivery.circuit import Circuit
from pitcairn.connections.delivery.excerpts import Excerpts
from pitcairn.connections.delivery.lanes import Lanes
from pitcairn.connections.delivery.ledger import Entries, NewDead, NewWaiting, StateChange
from pitcairn.connections.delivery.log import PARTIAL, Allowance, attempt_row
from pitcairn.connections.delivery.outbox import CHUNK_MESSAGES, Outgoing, QueuedChunk, WaitingHead, WaitingRow
from pitcairn.connections.delivery.sending import Exchange, Sender, Sent
from pitcairn.connections.destination import Delivered, Failed, Outcome, OutgoingMessage, Retry
from pitcairn.connections.routing import DeliveringDestination

LEAST_IN_HAND = 200
MOST_IN_HAND = 4_000
"""Messages of one destination that are unpacked at once, about: twice what it sends at a time, between these bounds."""
MOST_UNWRITTEN_CHUNKS = 128
"""Chunks that are taken up and not yet written as done. When the stores do not keep up, sending stops."""
MOST_WAITING = 100_000
"""Messages of one destination that are to be tried again. Beyond it no new ones are taken up until some are through."""
LOADED_LANES = 200
"""Waiting lanes that are loaded at once, and how many messages of each."""
LOADED_EACH = 20
RATE_BURST_MS = 100
"""How far behind its rate a destination may catch up: timers are not exact."""


class Chunk:
    """A chunk in hand."""

    __slots__ = ("done", "id", "left")

    def __init__(self, chunk: QueuedChunk) -> None:
        self.id = chunk.id
        self.done = bytearray(chunk.done.ljust((len(chunk.messages) + 7) // 8, b"\0"))
        self.left = 0


class Item:
    """A message in hand: from a chunk (`index` is its place there), or from the table of those that wait (`row`)."""

    __slots__ = ("attempts", "chunk", "index", "message", "person", "queued_at", "row")

    def __init__(
        self, message: Outgoing, queued_at: int, chunk: Chunk | None, index: int, row: int = 0, attempts: int = 0
    ) -> None:
        self.message, self.person = message, message.person
        self.queued_at, self.chunk, self.index, self.row, self.attempts = queued_at, chunk, index, row, attempts


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
        self._lanes: Lanes[Item] = Lanes()
        self._circuit = Circuit()
        self._allowance = Allowance()
        self._paused_until = 0
        self._pause_reason = ""
        self._next_slot = 0.0
        self._chunks: set[int] = set()
        """In hand, or done and not yet written as done."""
        self._requests = 0
        """On their way."""
        self._reading = self._loading = False
        self._may_have_chunks = True
        self._known = False
        """The lanes that wait in the table are known."""
        self._forgetting = self._letting_go = False
        self._shown: StateChange | None = None
        self._writers: ThreadPoolExecutor | None = None
        self.destination = destination
        self.configure(destination)
        self._forgetting = False
        self._restore(destination)

    def configure(self, destination: DeliveringDestination) -> None:
        """The destination as it is configured now. When its queue was discarded meanwhile, that is read anew."""
        if destination.state.discards != self.destination.state.discards or not destination.sends:
            self.forget()
        self.destination = destination
        self._excerpts = Excerpts(destination.secrets)
        if destination.entry.write is not None and self._writers is None:
            self._writers = ThreadPoolExecutor(max(1, destination.pace.concurrency), f"write-{destination.id}")
        wanted = 2 * destination.pace.batch * destination.pace.concurrency
        self._enough = min(MOST_IN_HAND, max(LEAST_IN_HAND, wanted))

    def _restore(self, destination: DeliveringDestination) -> None:
        state = destination.state
        if state.circuit == "open":
            self._circuit.restore(state.since, state.until, state.reason)
        elif state.circuit == "paused":
            self._paused_until, self._pause_reason = state.until, state.reason

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
        while self._lanes.is_ready() and self._may_send(now):
            pace = self.destination.pace
            batch = self._lanes.take(pace.batch)
            self._requests += 1
            if pace.rate:
                self._next_slot = max(self._next_slot, now - RATE_BURST_MS) + 1000 / pace.rate
            self._engine.begin(self._send(batch))
        self._read_chunks()

    def next_due(self) -> int | None:
        """When the clock alone makes something possible that is not now; ms since 1970."""
        if not self.destination.sends or not self._known or self._forgetting:
            return None
        lane = self._lanes.next_due()
        if not self._lanes.is_ready() and lane is None:
            return None
        gate = self._gate()
        if self._lanes.is_ready():
            return gate
        return max(gate, lane) if lane is not None else gate

    def _gate(self) -> int:
        """From when on a request may be made, as far as the clock says."""
        gate = self._paused_until
        if self._circuit.is_open:
            gate = max(gate, self._circuit.probe_at)
        if self.destination.pace.rate:
            gate = max(gate, math.ceil(self._next_slot))
        return gate

    def _may_send(self, now: int) -> bool:
        most = 1 if self._circuit.is_open else self.destination.pace.concurrency
        return self._requests < most and self._gate() <= now

    def _let_go(self) -> None:
        """Forgets as soon as nothing is on its way, and what was sent is written down."""
        if self._letting_go or self._requests or self._reading or self._loading:
            return
        self._letting_go = True
        self._engine.entries.then.append(self._have_let_go)

    def _have_let_go(self) -> None:
        self._lanes = Lanes()
        self._chunks.clear()
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
                self._lanes.restore(head.person, head.rows, head.next_attempt_at)
            self._known = True
        finally:
            self._reading = False

    def _read_chunks(self) -> None:
        if (
            self._reading
            or not self._may_have_chunks
            or self._lanes.in_hand >= self._enough
            or len(self._chunks) >= MOST_UNWRITTEN_CHUNKS
            or self._lanes.waiting_rows >= MOST_WAITING
            # A pause or an open circuit needs one message to try, not a full hand.
            or (self._lanes.in_hand and self._gate() > self._engine.now())
        ):
            return
        self._reading = True
        amount = 1 if self._circuit.is_open else -(-(self._enough - self._lanes.in_hand) // CHUNK_MESSAGES)
        self._engine.begin(self._take_up(amount))

    async def _take_up(self, amount: int) -> None:
        try:
            # What is queued from now on is told by another call.
            self._may_have_chunks = False
            in_hand = list(self._chunks)
            found: list[QueuedChunk] = await self._engine.read(outbox.read_chunks, self.destination.id, in_hand, amount)
            if len(found) == amount:
                self._may_have_chunks = True
            for queued in found:
                self._take_up_chunk(queued)
        except BaseException:
            self._may_have_chunks = True
            raise
        finally:
            self._reading = False
        self.pump()

    def _take_up_chunk(self, queued: QueuedChunk) -> None:
        chunk = Chunk(queued)
        self._chunks.add(chunk.id)
        done = chunk.done
        items = [
            Item(message, queued.queued_at, chunk, index)
            for index, message in enumerate(queued.messages)
            if not done[index >> 3] & (1 << (index & 7))
        ]
        chunk.left = len(items)
        if not items:
            self._finish_chunk(chunk)
        for item in items:
            if not self._lanes.add(item):
                self._put_behind(item)

    def _load_due(self, now: int) -> None:
        if self._loading or self._gate() > now or self._lanes.in_hand >= self._enough:
            return
        persons = self._lanes.due(now, 1 if self._circuit.is_open else LOADED_LANES)
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
                self._lanes.unload(person, self._engine.now())
            raise
        finally:
            self._loading = False
        for person in persons:
            rows = found.get(person, ())
            items = [Item(row.message, row.queued_at, None, 0, row.id, row.attempts) for row in rows]
            self._lanes.load(person, items)
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
        self._conclude(batch, sent)
        self.pump()

    def _conclude(self, batch: list[Item], sent: Sent) -> None:
        now = self._engine.now()
        for exchange in sent.exchanges:
            self._learn_from(exchange, now)
        if len(sent.exchanges) == 1 and isinstance(sent.outcomes[0], Delivered):
            for item in batch:
                self._done(item)
            self._log(batch, sent.exchanges[0], "delivered", now)
            for person in {item.person for item in batch} if len(batch) > 1 else (batch[0].person,):
                self._lanes.finished(person)
                self._lanes.go_on(person, now)
        else:
            self._conclude_each(batch, sent, now)
        self._show_state(now)

    def _conclude_each(self, batch: list[Item], sent: Sent, now: int) -> None:
        by_person: dict[str, list[int]] = {}
        for index, item in enumerate(batch):
            by_person.setdefault(item.person, []).append(index)
        led_to: dict[tuple[int, str], list[Item]] = {}
        for person, indexes in by_person.items():
            for place, index in enumerate(indexes):
                outcome = sent.outcomes[index]
                word = self._settle(batch[index], outcome, now) if outcome is not None else ""
                if word:
                    led_to.setdefault((sent.deciding[index], word), []).append(batch[index])
                if word == "retried":
                    behind = self._stop_lane(person, [batch[i] for i in indexes[place:]], sent, indexes[place:], now)
                    for kind, items in behind.items():
                        led_to.setdefault(kind, []).extend(items)
                    break
                if not word:
                    # Held back for the sake of somebody else in the same request.
                    self._lanes.put_back(person, [batch[i] for i in indexes[place:] if sent.outcomes[i] is None])
                    break
            self._lanes.finished(person)
            self._lanes.go_on(person, now)
        for (place, word), items in led_to.items():
            self._log(items, sent.exchanges[place], word, now)
        for place, exchange in enumerate(sent.exchanges):
            others = [batch[index] for index in exchange.indexes if sent.deciding[index] != place]
            if others:
                self._log(others, exchange, PARTIAL, now)

    def _settle(self, item: Item, outcome: Outcome, now: int) -> str:
        """Decides about one message; returns the log's word. `retried` is for the caller to carry out."""
        if isinstance(outcome, Delivered):
            self._done(item)
            return "delivered"
        item.attempts += 1
        if isinstance(outcome, Failed):
            self._bury(item, outcome.reason, outcome.detail, now)
            return "failed"
        deadline = item.queued_at + RETRY_WINDOW_MS
        asked = self._asked_until(outcome, now)
        if now >= deadline or asked > deadline:
            why = (
                "Given up 4 h after it was queued."
                if now >= deadline
                else "It asks for a longer pause than 4 h in all."
            )
            self._bury(item, outcome.reason, f"{why} {outcome.detail}".strip(), now)
            return "failed"
        return "retried"

    def _stop_lane(
        self, person: str, items: Sequence[Item], sent: Sent, indexes: Sequence[int], now: int
    ) -> dict[tuple[int, str], list[Item]]:
        """The first of these messages must be tried again: it waits, and everything of the person behind it.

        Later ones of the batch that did arrive, or failed for good, are done all the same. Returns what to log of them.
        """
        entries = self._engine.entries
        led_to: dict[tuple[int, str], list[Item]] = {}
        head = items[0]
        outcome = sent.outcomes[indexes[0]]
        assert isinstance(outcome, Retry)
        asked = self._asked_until(outcome, now)
        at = max(asked, now + FIRST_DELAY_MS) if asked else now + delay_ms(head.attempts, self._engine.chance)
        at = max(now + 1, min(at, head.queued_at + RETRY_WINDOW_MS))
        remaining: list[tuple[Item, str]] = []
        for item, index in zip(items, indexes, strict=True):
            its = sent.outcomes[index]
            if item is head:
                remaining.append((item, outcome.reason))
                continue
            word = self._settle(item, its, now) if its is not None else ""
            if word:
                led_to.setdefault((sent.deciding[index], word), []).append(item)
            if word in {"", "retried"}:
                remaining.append((item, its.reason if isinstance(its, Retry) else ""))
        behind = self._lanes.wait(person, at)
        for item, why in [*remaining, *((item, "") for item in behind)]:
            if item.row:
                if item.attempts and why:
                    entries.waiting_again.append((item.row, item.attempts, at, why))
                continue
            self._put_behind(item, at, why)
        return led_to

    def _asked_until(self, outcome: Retry, now: int) -> int:
        """The moment before which the other side wants nothing; 0 when it did not say."""
        return 0 if outcome.after is None else now + math.ceil(outcome.after * 1000)

    def _learn_from(self, exchange: Exchange, now: int) -> None:
        """What an answer says about the destination as a whole."""
        outcome = exchange.outcome
        if not isinstance(outcome, Retry):
            if exchange.reply is not None or isinstance(outcome, Delivered):
                self._circuit.answered()
            return
        if outcome.after is None:
            self._circuit.failed(now, outcome.reason, self._engine.chance)
        else:
            self._paused_until = max(self._paused_until, self._asked_until(outcome, now))
            self._pause_reason = outcome.reason

    # ── Writing down ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _done(self, item: Item) -> None:
        """The message needs nothing more."""
        if item.row:
            self._engine.entries.left.append(item.row)
            self._lanes.leave(item.person)
        else:
            self._mark(item)

    def _mark(self, item: Item) -> None:
        chunk = item.chunk
        assert chunk is not None
        chunk.done[item.index >> 3] |= 1 << (item.index & 7)
        chunk.left -= 1
        if chunk.left:
            self._engine.entries.progress[chunk.id] = (self.destination.id, chunk.done)  # type: ignore[assignment]  # copied when sealed
        else:
            self._finish_chunk(chunk)

    def _finish_chunk(self, chunk: Chunk) -> None:
        entries = self._engine.entries
        entries.progress.pop(chunk.id, None)
        entries.finished_chunks.append(chunk.id)
        chunks = self._chunks
        entries.then.append(lambda: chunks.discard(chunk.id))

    def _put_behind(self, item: Item, at: int = 0, reason: str = "") -> None:
        """Moves a message of a chunk into the table, behind all others of its person there."""
        lanes, person = self._lanes, item.person
        lanes.spill(person)
        entries = self._engine.entries
        entries.waiting.append(
            NewWaiting(
                self.destination.id,
                self.destination.workspace_id,
                person,
                outbox.line(item.message),
                item.attempts,
                item.queued_at,
                at,
                reason,
            )
        )
        entries.then.append(lambda: lanes.written((person,)))
        self._mark(item)

    def _bury(self, item: Item, reason: str, detail: str, now: int) -> None:
        message = item.message
        self._engine.entries.dead.append(
            NewDead(
                self.destination.id,
                self.destination.workspace_id,
                message.source_id,
                message.id,
                message.type,
                message.event,
                outbox.line(message),
                reason[:60],
                self._excerpts.clean(detail),
                item.attempts,
                now,
            )
        )
        self._done(item)

    def _log(self, items: Sequence[Item], exchange: Exchange, word: str, now: int) -> None:
        outcome = exchange.outcome
        failure = word != "delivered"
        keep = exchange.request is not None and self._allowance.allows(now, failure=failure)
        self._engine.entries.attempts.append(
            attempt_row(
                workspace_id=self.destination.workspace_id,
                destination_id=self.destination.id,
                at=now,
                outcome=word,
                messages=[item.message for item in items],
                # A failed attempt is counted when it is settled; one that arrived is one more.
                attempts=[item.attempts + (word == "delivered") for item in items],
                reason="" if isinstance(outcome, Delivered) else outcome.reason,
                detail="" if isinstance(outcome, Delivered) else self._excerpts.clean(outcome.detail),
                status=exchange.status,
                duration_ms=exchange.duration_ms,
                request=self._excerpts.request(exchange.request) if keep and exchange.request is not None else "",
                response=self._excerpts.reply(exchange.reply) if keep and exchange.reply is not None else "",
            )
        )

    def _show_state(self, now: int) -> None:
        """Writes how the circuit stands, for pages and for the next start, when it has changed."""
        if self._circuit.is_open:
            circuit, reason, since, until = (
                "open",
                self._circuit.reason,
                self._circuit.opened_at or 0,
                self._circuit.probe_at,
            )
        elif self._paused_until > now:
            circuit, reason, since, until = "paused", self._pause_reason, now, self._paused_until
        else:
            circuit, reason, since, until = "closed", "", 0, 0
        shown = self._shown
        if shown is None and circuit == "closed" and self.destination.state.circuit == "closed":
            return
        if shown is not None and (shown.circuit, shown.until) == (circuit, until):
            return
        self._shown = StateChange(self.destination.workspace_id, circuit, reason[:60], since, until)
        self._engine.entries.states[self.destination.id] = self._shown

    def close(self) -> None:
        if self._writers is not None:
            self._writers.shutdown(wait=False)
