"""What becomes of messages once a request has ended: done, tried again later, or given up; and the writing down of it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Protocol

from pitcairn.connections.delivery import outbox
from pitcairn.connections.delivery.backoff import FIRST_DELAY_MS, RETRY_WINDOW_MS, delay_ms
from pitcairn.connections.delivery.excerpts import Excerpts
from pitcairn.connections.delivery.gate import asked_until
from pitcairn.connections.delivery.lanes import Lanes
from pitcairn.connections.delivery.ledger import Entries, NewDead, NewWaiting
from pitcairn.connections.delivery.log import PARTIAL, Allowance, attempt_row
from pitcairn.connections.delivery.outbox import Outgoing, QueuedChunk
from pitcairn.connections.delivery.sending import Exchange, Sent
from pitcairn.connections.destination import Delivered, Failed, Outcome, Retry
from pitcairn.connections.routing import DeliveringDestination


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


class Books(Protocol):
    """Where the writing down goes."""

    chance: random.Random

    @property
    def entries(self) -> Entries: ...


class Verdicts:
    """For one destination. `chunks` are those in hand, or done and not yet written as done."""

    def __init__(self, destination: DeliveringDestination, books: Books) -> None:
        self._books = books
        self._allowance = Allowance()
        self.lanes: Lanes[Item] = Lanes()
        self.chunks: set[int] = set()
        self.configure(destination)

    def configure(self, destination: DeliveringDestination) -> None:
        self._destination = destination
        self._excerpts = Excerpts(destination.secrets)

    def forget(self) -> None:
        """Lets go of everything in hand."""
        self.lanes = Lanes()
        self.chunks = set()

    def take_up(self, queued: QueuedChunk) -> None:
        """Puts the messages of a chunk that are not done into their lanes."""
        chunk = Chunk(queued)
        self.chunks.add(chunk.id)
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
            if not self.lanes.add(item):
                self._put_behind(item)

    def conclude(self, batch: list[Item], sent: Sent, now: int) -> None:
        """Decides about every message of the batch."""
        if len(sent.exchanges) == 1 and isinstance(sent.outcomes[0], Delivered):
            for item in batch:
                self._done(item)
            self._log(batch, sent.exchanges[0], "delivered", now)
            for person in {item.person for item in batch} if len(batch) > 1 else (batch[0].person,):
                self.lanes.finished(person)
                self.lanes.go_on(person, now)
        else:
            self._conclude_each(batch, sent, now)

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
                    self.lanes.put_back(person, [batch[i] for i in indexes[place:] if sent.outcomes[i] is None])
                    break
            self.lanes.finished(person)
            self.lanes.go_on(person, now)
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
        asked = asked_until(outcome, now)
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
        entries = self._books.entries
        led_to: dict[tuple[int, str], list[Item]] = {}
        head = items[0]
        outcome = sent.outcomes[indexes[0]]
        assert isinstance(outcome, Retry)
        asked = asked_until(outcome, now)
        at = max(asked, now + FIRST_DELAY_MS) if asked else now + delay_ms(head.attempts, self._books.chance)
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
        behind = self.lanes.wait(person, at)
        for item, why in [*remaining, *((item, "") for item in behind)]:
            if item.row:
                if item.attempts and why:
                    entries.waiting_again.append((item.row, item.attempts, at, why))
                continue
            self._put_behind(item, at, why)
        return led_to

    # ── Writing down ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _done(self, item: Item) -> None:
        """The message needs nothing more."""
        if item.row:
            self._books.entries.left.append(item.row)
            self._books.entries.then.append(self.lanes.leave(item.person))
        else:
            self._mark(item)

    def _mark(self, item: Item) -> None:
        chunk = item.chunk
        assert chunk is not None
        chunk.done[item.index >> 3] |= 1 << (item.index & 7)
        chunk.left -= 1
        if chunk.left:
            self._books.entries.progress[chunk.id] = (self._destination.id, chunk.done)  # type: ignore[assignment]  # copied when sealed
        else:
            self._finish_chunk(chunk)

    def _finish_chunk(self, chunk: Chunk) -> None:
        entries = self._books.entries
        entries.progress.pop(chunk.id, None)
        entries.finished_chunks.append(chunk.id)
        chunks = self.chunks
        entries.then.append(lambda: chunks.discard(chunk.id))

    def _put_behind(self, item: Item, at: int = 0, reason: str = "") -> None:
        """Moves a message of a chunk into the table, behind all others of its person there."""
        person, entries = item.person, self._books.entries
        entries.waiting.append(
            NewWaiting(
                self._destination.id,
                self._destination.workspace_id,
                person,
                outbox.line(item.message),
                item.attempts,
                item.queued_at,
                at,
                reason,
            )
        )
        entries.then.append(self.lanes.spill(person))
        self._mark(item)

    def _bury(self, item: Item, reason: str, detail: str, now: int) -> None:
        message = item.message
        self._books.entries.dead.append(
            NewDead(
                self._destination.id,
                self._destination.workspace_id,
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
        self._books.entries.attempts.append(
            attempt_row(
                workspace_id=self._destination.workspace_id,
                destination_id=self._destination.id,
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
