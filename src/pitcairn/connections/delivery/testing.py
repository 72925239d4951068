"""The event tester: one message, really sent, with its requests and answers shown. It passes by filters, queue and log."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from pitcairn.connections.delivery import sending
from pitcairn.connections.delivery.engine import wall_clock
from pitcairn.connections.delivery.excerpts import Excerpts
from pitcairn.connections.delivery.sending import Sender
from pitcairn.connections.delivery.transport import TransportError
from pitcairn.connections.destination import (
    Delivered,
    Failed,
    IncomingMessage,
    OutgoingMessage,
    Personalize,
    Reject,
    Reply,
    Request,
)
from pitcairn.connections.models import Destination
from pitcairn.connections.registry import catalog
from pitcairn.connections.routing import Standing, change_of, delivering_destination
from pitcairn.connections.services import ConnectionsError
from pitcairn.wire.message import Arrival, Refusal, read_message
from pitcairn.wire.segment_body import segment_body

SHOWN_LENGTH = 20_000
PERSON = "test"


@dataclass(frozen=True, kw_only=True)
class TestExchange:
    """One request of a test and what came back; secrets are replaced. `status` is None when no answer came."""

    __test__ = False  # no test of pytest's

    method: str
    url: str
    request_headers: Mapping[str, str]
    request_body: str
    status: int | None
    response_headers: Mapping[str, str]
    response_body: str
    duration_ms: int
    problem: str = ""
    """Why no answer came."""


@dataclass(frozen=True, kw_only=True)
class TestResult:
    """What a test led to, in one word and in a sentence; `exchanges` are the requests it took, none for a write."""

    __test__ = False

    outcome: Literal["delivered", "retry", "failed", "rejected", "personalized"]
    reason: str = ""
    detail: str = ""
    exchanges: tuple[TestExchange, ...] = field(default=())


def read(body: Mapping[str, Any]) -> dict[str, Any]:
    """The message with what the server would add to it. Raises `ConnectionsError` for one that would be refused."""
    now = wall_clock()
    try:
        text = msgspec.json.encode(body)
    except (TypeError, ValueError, RecursionError) as error:
        raise ConnectionsError(f"The message cannot be written as JSON: {error}.", field="body") from None
    message = read_message(text, Arrival(now, None, "", {}, {}, "", ""), f"test-{uuid.uuid4()}")
    if isinstance(message, Refusal):
        raise ConnectionsError(
            f"The message would be refused as {message.reason}: {message.reason.explanation} {message.detail}".strip(),
            field="body",
        )
    return segment_body(message)


def prepared(destination: Destination, body: Mapping[str, Any]) -> TestResult | None:
    """The result where nothing is to be sent; None when it is. Raises `ConnectionsError` for a missing setting."""
    entry = catalog()[destination.slug]
    manifest = entry.manifest
    missing = manifest.missing({**destination.settings, **destination.secrets})
    if missing:
        raise ConnectionsError(f"{manifest.name} cannot be tested without {missing[0].label}. Fill it in first.")
    if body["type"] not in manifest.methods:
        takes = ", ".join(manifest.methods)
        return TestResult(
            outcome="rejected",
            reason="UNSUPPORTED_EVENT_TYPE",
            detail=f"{manifest.name} takes no {body['type']} calls; it takes {takes}.",
        )
    mapped = _mapped(destination, body)
    if isinstance(mapped, str):
        return TestResult(outcome="rejected", reason=mapped, detail="The mapping cannot be read. Save it again.")
    effect = entry.take(_incoming(mapped, manifest.name), {**destination.settings, **destination.secrets})
    if isinstance(effect, Reject):
        return TestResult(
            outcome="rejected", reason=effect.reason, detail=f"{manifest.name} does not take this message."
        )
    if isinstance(effect, Personalize) and not effect.send:
        return TestResult(
            outcome="personalized",
            detail="The personalization of this server takes it; nothing is sent. A test changes no profile.",
        )
    return None


async def exchange(destination: Destination, body: Mapping[str, Any], sender: Sender) -> TestResult:
    """Sends the message. No store is touched."""
    entry = catalog()[destination.slug]
    delivering = delivering_destination(destination, entry, Standing())
    excerpts = Excerpts(delivering.secrets)
    mapped = _mapped(destination, body)
    assert not isinstance(mapped, str)
    message = OutgoingMessage(
        body=mapped, person=PERSON, source_id=0, options=dict(_incoming(mapped, entry.manifest.name).options)
    )
    recorder = _Recorder(sender, excerpts)
    with ThreadPoolExecutor(1) as writers:
        sent = await sending.send(
            entry,
            delivering.settings,
            [message],
            recorder,
            delivering.pace.timeout,
            now=wall_clock,
            writers=writers,
        )
    outcome = sent.outcomes[0]
    if isinstance(outcome, Delivered):
        return TestResult(outcome="delivered", exchanges=tuple(recorder.exchanges))
    assert outcome is not None
    return TestResult(
        outcome="failed" if isinstance(outcome, Failed) else "retry",
        reason=outcome.reason,
        detail=excerpts.clean(outcome.detail),
        exchanges=tuple(recorder.exchanges),
    )


class _Recorder:
    """The sender it is given, writing down what goes through it."""

    def __init__(self, sender: Sender, excerpts: Excerpts) -> None:
        self._sender, self._excerpts = sender, excerpts
        self.exchanges: list[TestExchange] = []

    async def send(self, request: Request, timeout: float) -> Reply:
        began = time.perf_counter()
        reply, problem = None, ""
        try:
            reply = await self._sender.send(request, timeout)
        except TransportError as error:
            problem = f"{error.reason}: {self._excerpts.clean(error.detail)}"
            raise
        finally:
            self.exchanges.append(self._exchange(request, reply, problem, time.perf_counter() - began))
        return reply

    async def close(self) -> None:
        await self._sender.close()

    def _exchange(self, request: Request, reply: Reply | None, problem: str, seconds: float) -> TestExchange:
        excerpts = self._excerpts
        return TestExchange(
            method=request.method,
            url=excerpts.clean(request.url),
            request_headers=excerpts.headers(request.headers),
            request_body=excerpts.body(request.body, SHOWN_LENGTH),
            status=reply.status if reply is not None else None,
            response_headers=excerpts.headers(reply.headers) if reply is not None else {},
            response_body=excerpts.body(reply.body, SHOWN_LENGTH) if reply is not None else "",
            duration_ms=int(seconds * 1000),
            problem=problem,
        )


def _mapped(destination: Destination, body: Mapping[str, Any]) -> dict[str, Any] | str:
    change = change_of(destination, mapping_only=True)
    return dict(body) if change is None else change(dict(body), 0)


def _incoming(body: Mapping[str, Any], name: str) -> IncomingMessage:
    integrations = _object(body.get("integrations"))
    event = body.get("event" if body["type"] == "track" else "name")
    return IncomingMessage(
        type=body["type"],
        event=event if isinstance(event, str) else "",
        traits=_object(body.get("traits")),
        properties=_object(body.get("properties")),
        context=_object(body.get("context")),
        options=_object(integrations.get(name)),
    )


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
