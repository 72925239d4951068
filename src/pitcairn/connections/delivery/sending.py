"""One batch of messages for one destination: requests of it, answers to them, and an outcome for every message."""

from __future__ import annotations

import asyncio
import errno
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from typing import Any, Protocol

import msgspec

from pitcairn.connections.delivery.backoff import retry_after
from pitcairn.connections.delivery.outcomes import by_status
from pitcairn.connections.delivery.transport import TransportError
from pitcairn.connections.destination import (
    CatalogEntry,
    Delivered,
    Failed,
    Outcome,
    OutgoingMessage,
    Reply,
    Request,
    Retry,
    WriteFailed,
)

logger = logging.getLogger(__name__)

UNSENT = None
"""The outcome of a message that was held back, because one of the same person before it must be tried again."""


SHORTEST_PAUSE_SECONDS = 1.0
"""A shorter one is none: the usual delays are longer."""


class Sender(Protocol):
    """What `Transport` is to the engine."""

    async def send(self, request: Request, timeout: float) -> Reply: ...
    async def close(self) -> None: ...


class Exchange(msgspec.Struct):
    """One request, or one write, with what came of it. `indexes` are its messages' places in the batch."""

    indexes: list[int]
    outcome: Outcome
    request: Request | None = None
    reply: Reply | None = None
    duration_ms: int = 0

    @property
    def status(self) -> int:
        return self.reply.status if self.reply is not None else 0


class Sent(msgspec.Struct):
    """What became of a batch. A message in several requests is delivered when one of them was, as in Segment's Webhooks."""

    outcomes: list[Outcome | None]
    deciding: list[int]
    """For each message, the place of the exchange that its outcome is from; -1 when it was held back."""
    exchanges: list[Exchange]


async def send(
    entry: CatalogEntry,
    settings: Mapping[str, Any],
    messages: Sequence[OutgoingMessage],
    sender: Sender,
    timeout: float,
    *,
    now: Callable[[], int],
    writers: Executor | None = None,
) -> Sent:
    """Sends the messages, requests one after another. Never raises: a fault in a destination fails what it was about.

    `timeout` is in seconds, for each request; `now` is the clock that a date in `Retry-After` is compared with.
    """
    if entry.write is not None:
        return _all(messages, await _write(entry, settings, messages, writers))
    assert entry.prepare is not None
    try:
        requests = entry.prepare(messages, settings)
        places = _places(messages, requests)
    except Exception as error:
        if len(messages) > 1:
            return await _one_by_one(entry, settings, messages, sender, timeout, now)
        logger.exception("The destination %s cannot make a request of a message", entry.manifest.slug)
        return _all(
            messages, Exchange([], Failed("INTERNAL", f"No request can be made of it: {type(error).__name__}."))
        )
    if len(requests) == 1 and len(places[0]) == len(messages):
        return _all(messages, await _exchange(entry, settings, requests[0], places[0], sender, timeout, now))
    sent = Sent([UNSENT] * len(messages), [-1] * len(messages), [])
    for request, indexes in zip(requests, places, strict=True):
        if _must_wait(messages, sent.outcomes, indexes):
            continue
        exchange = await _exchange(entry, settings, request, indexes, sender, timeout, now)
        sent.exchanges.append(exchange)
        for index in indexes:
            if not isinstance(sent.outcomes[index], Delivered) and _better(sent.outcomes[index], exchange.outcome):
                sent.outcomes[index] = exchange.outcome
                sent.deciding[index] = len(sent.exchanges) - 1
    carried = {index for indexes in places for index in indexes}
    missing = [index for index in range(len(messages)) if index not in carried]
    if missing:
        sent.exchanges.append(Exchange(missing, Failed("NOT_SENT", "The destination made no request of it.")))
        for index in missing:
            sent.outcomes[index], sent.deciding[index] = sent.exchanges[-1].outcome, len(sent.exchanges) - 1
    return sent


def _all(messages: Sequence[OutgoingMessage], exchange: Exchange) -> Sent:
    exchange.indexes = list(range(len(messages)))
    return Sent([exchange.outcome] * len(messages), [0] * len(messages), [exchange])


async def _one_by_one(
    entry: CatalogEntry,
    settings: Mapping[str, Any],
    messages: Sequence[OutgoingMessage],
    sender: Sender,
    timeout: float,
    now: Callable[[], int],
) -> Sent:
    """When no requests can be made of a batch: the message that is to blame must not take the others with it."""
    whole = Sent([], [], [])
    blocked: set[str] = set()
    for index, message in enumerate(messages):
        if message.person in blocked:
            whole.outcomes.append(UNSENT)
            whole.deciding.append(-1)
            continue
        sent = await send(entry, settings, [message], sender, timeout, now=now)
        if isinstance(sent.outcomes[0], Retry):
            blocked.add(message.person)
        whole.outcomes += sent.outcomes
        whole.deciding += [place + len(whole.exchanges) for place in sent.deciding]
        for exchange in sent.exchanges:
            exchange.indexes = [index]
        whole.exchanges += sent.exchanges
    return whole


def _places(messages: Sequence[OutgoingMessage], requests: Sequence[Request]) -> list[list[int]]:
    if len(requests) == 1 and requests[0].messages is messages:
        return [list(range(len(messages)))]
    known = {id(message): index for index, message in enumerate(messages)}
    return [[known[id(message)] for message in request.messages] for request in requests]


def _must_wait(messages: Sequence[OutgoingMessage], outcomes: Sequence[Outcome | None], indexes: Sequence[int]) -> bool:
    """Whether a message of the request would overtake one of its person that must be tried again, in another request."""
    failed = {messages[i].person: i for i in reversed(range(len(messages))) if isinstance(outcomes[i], Retry)}
    if not failed:
        return False
    return any(
        failed.get(messages[index].person, index) < index and failed[messages[index].person] not in indexes
        for index in indexes
    )


def _better(known: Outcome | None, new: Outcome) -> bool:
    """Of several requests with the same message, one that may still arrive beats one that will not."""
    return known is None or isinstance(new, Delivered) or (isinstance(new, Retry) and isinstance(known, Failed))


async def _exchange(
    entry: CatalogEntry,
    settings: Mapping[str, Any],
    request: Request,
    indexes: list[int],
    sender: Sender,
    timeout: float,
    now: Callable[[], int],
) -> Exchange:
    began = time.perf_counter()
    reply = None
    try:
        reply = await sender.send(request, timeout)
    except TransportError as error:
        outcome: Outcome = Retry(error.reason, error.detail) if error.retry else Failed(error.reason, error.detail)
    except Exception as error:
        logger.exception("A request to the destination %s failed in a way that is not foreseen", entry.manifest.slug)
        outcome = Retry("INTERNAL", f"A fault in Pitcairn: {type(error).__name__}.")
    else:
        outcome = _judged(entry, settings, reply)
        if isinstance(outcome, Retry):
            after = retry_after(reply.headers, now()) if outcome.after is None else outcome.after
            pauses = after is not None and after >= SHORTEST_PAUSE_SECONDS
            outcome = Retry(outcome.reason, outcome.detail, after if pauses else None)
    return Exchange(indexes, outcome, request, reply, int((time.perf_counter() - began) * 1000))


def _judged(entry: CatalogEntry, settings: Mapping[str, Any], reply: Reply) -> Outcome:
    if entry.judge is None:
        return by_status(reply)
    try:
        return entry.judge(reply, settings)
    except Exception:
        logger.exception("The destination %s cannot judge an answer", entry.manifest.slug)
        return by_status(reply)


async def _write(
    entry: CatalogEntry, settings: Mapping[str, Any], messages: Sequence[OutgoingMessage], writers: Executor | None
) -> Exchange:
    assert entry.write is not None
    began = time.perf_counter()
    outcome: Outcome = Delivered()
    try:
        await asyncio.get_running_loop().run_in_executor(writers, entry.write, messages, settings)
    except WriteFailed as error:
        outcome = Retry(error.reason, error.detail) if error.retry else Failed(error.reason, error.detail)
    except OSError as error:
        outcome = Retry(errno.errorcode.get(error.errno or 0, "EIO"), error.strerror or "It could not be written.")
    except Exception as error:
        logger.exception("The destination %s failed in a way that is not foreseen", entry.manifest.slug)
        outcome = Failed("INTERNAL", f"It could not be written: {type(error).__name__}.")
    return Exchange([], outcome, duration_ms=int((time.perf_counter() - began) * 1000))
