"""Segment as a source: takes what Segment's destinations deliver (`POST /integrations/segment`).

Two kinds of Segment's destinations can be pointed here, and servers that do as they do: the partner webhook (one event, the API
key as Basic's user name) and its Webhooks destinations (one event or a list, signed with a shared secret: `X-Signature`, hex
HMAC-SHA1 of the body, of a list's first event). Either shows the secret of one Segment source, which names the source.

Segment tells its own retries by the status: 400 and 501 are given up, 5xx and 429 come again. The text in `message` is shown
to people there. A list is answered 200 when any of it was taken; what was not is in the debugger.
"""

from __future__ import annotations

import asyncio
import hmac
import itertools
import os
import time

import msgspec

from pitcairn.edge.deletions import DELETE, deletion_text
from pitcairn.edge.guards import Guards
from pitcairn.edge.inbox import Accepted, InboxFailed, InboxFull, InboxWriter
from pitcairn.edge.requests import (
    BodyTooLarge,
    BodyUnreadable,
    ClientGone,
    HeaderReader,
    RequestHeaders,
    basic_key,
    read_body,
)
from pitcairn.edge.responses import Receive, Scope, Send, send_json
from pitcairn.edge.snapshot import Snapshot, SourceConfiguration
from pitcairn.wire.framing import MalformedBody, frame_batch, frame_single
from pitcairn.wire.limits import BATCH_MESSAGES, BATCH_REQUEST_BYTES, ID_LENGTH
from pitcairn.wire.message import Arrival, Refusal, read_message
from pitcairn.wire.reasons import DropReason

PATHS = frozenset({"/integrations/segment", "/integrations/segment/"})
_SIGNATURE = b"x-signature"
_NO_KEY = (
    "The request shows no key of a Segment source: send its API key as Basic's user name, or sign the body with it "
    "(X-Signature, hex HMAC-SHA1)"
)


class _Answer(Exception):
    """The request is answered with this and nothing more of it is looked at."""

    def __init__(self, status: int, message: str, wait: int = 0) -> None:
        super().__init__(message)
        self.status, self.wait = status, wait


class _Kind(msgspec.Struct, rename="camel"):
    """All that is looked at before a message is read."""

    type: object = None
    user_id: object = None


_decode_kind = msgspec.json.Decoder(_Kind).decode


class SegmentReceiver:
    """Answers `POST /integrations/segment`. `snapshot` is set anew whenever the configuration changes."""

    def __init__(self, inbox: InboxWriter, headers: HeaderReader, guards: Guards) -> None:
        self.snapshot: Snapshot
        self._inbox = inbox
        self._headers = headers
        self._guards = guards
        self._process = os.urandom(10).hex()
        self._count = itertools.count()

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = self._headers.read(scope)
        try:
            body = await read_body(receive, BATCH_REQUEST_BYTES, headers.content_encoding)
            message = await self._take(scope, headers, body)
        except ClientGone:
            return
        except (BodyTooLarge, BodyUnreadable) as error:
            await _send(send, 400, str(error))
        except _Answer as error:
            await _send(send, error.status, str(error), error.wait)
        else:
            await _send(send, 200, message)

    async def _take(self, scope: Scope, headers: RequestHeaders, body: bytes) -> str:
        items = _events(body)
        source = self._source(scope, headers, body, items)
        if not source.enabled:
            raise _Answer(403, "The source is disabled in Pitcairn; enable it under Connections, Sources")
        if not items:
            raise _Answer(400, "The list is empty")
        if len(items) > BATCH_MESSAGES:
            raise _Answer(400, f"The list has {len(items):,} events; send at most {BATCH_MESSAGES:,}")
        assert source.guard is not None
        turned_away = self._guards.over_rate(source.guard, source.id, len(items))
        if turned_away is not None:
            wait = int(dict(turned_away.headers)[b"retry-after"])
            raise _Answer(turned_away.status, turned_away.message, wait)
        now = time.time_ns() // 1_000_000
        refusals = [refusal for item in items if (refusal := _refusal(item, now)) is not None]
        await self._append(source, items, now)
        if len(refusals) == len(items):
            first = refusals[0]
            status = 501 if first.reason == DropReason.TYPE_UNKNOWN else 400
            raise _Answer(status, f"{first.reason.explanation} ({first.detail})")
        if refusals:
            return f"{len(refusals)} of {len(items)} events were not taken; the first: {refusals[0].reason.explanation}"
        return "Processed"

    def _source(self, scope: Scope, headers: RequestHeaders, body: bytes, items: list[bytes]) -> SourceConfiguration:
        """The source whose secret the request shows. Every secret is compared, so that the time it takes tells nothing."""
        key = (basic_key(headers.authorization) or "").encode()
        signature = next((value.strip().lower() for name, value in scope["headers"] if name == _SIGNATURE), b"")
        if not key and not signature:
            raise _Answer(401, _NO_KEY)
        signed = items[0] if body.lstrip()[:1] == b"[" and items else body
        found = None
        for secret, source in self.snapshot.segment_secrets:
            if (key and hmac.compare_digest(key, secret)) or (
                not key and hmac.compare_digest(signature, hmac.digest(secret, signed, "sha1").hex().encode())
            ):
                found = source
        if found is None:
            what = "API key" if key else "signature"
            raise _Answer(401, f"No Segment source has this {what}; see Integrations, Segment in Pitcairn")
        return found

    async def _append(self, source: SourceConfiguration, items: list[bytes], now: int) -> None:
        """Stores the events in their order; what deletes a person stands alone. Raises `_Answer` when that fails."""
        requests: list[Accepted] = []
        messages: list[bytes] = []
        for item in items:
            user_id = _deletes(item)
            if user_id is None:
                messages.append(item)
                continue
            if messages:
                requests.append(self._accepted(source, now, "", messages))
                messages = []
            requests.append(self._accepted(source, now, DELETE, [deletion_text(source.workspace_id, user_id=user_id)]))
        if messages:
            requests.append(self._accepted(source, now, "", messages))
        try:
            await asyncio.gather(*[self._inbox.append(one, sum(map(len, one.items))) for one in requests])
        except (InboxFull, InboxFailed) as error:
            raise _Answer(503, "The events could not be stored; send them again", 1) from error

    def _accepted(self, source: SourceConfiguration, now: int, kind: str, items: list[bytes]) -> Accepted:
        request_id = f"{self._process}-{next(self._count):x}"
        return Accepted(request_id, now, source.id, kind, "", 0, "", b"", b"", items)


def _events(body: bytes) -> list[bytes]:
    """The events' JSON texts. Raises `_Answer` for what is no JSON."""
    try:
        if body.lstrip()[:1] == b"[":
            return frame_batch(b'{"batch":' + body + b"}").items
        return frame_single(body).items
    except MalformedBody as error:
        raise _Answer(400, str(error)) from error


def _kind(item: bytes) -> _Kind:
    try:
        return _decode_kind(item)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError, RecursionError):
        return _Kind()


def _deletes(item: bytes) -> str | None:
    """The user id of an event that asks for a person to be deleted, and says whom."""
    kind = _kind(item)
    user_id = kind.user_id
    usable = type(user_id) is str and 0 < len(user_id) <= ID_LENGTH and "\0" not in user_id
    return user_id if kind.type == DELETE and usable else None  # type: ignore[return-value]  # `usable` says it is a str


def _refusal(item: bytes, now: int) -> Refusal | None:
    """What the pipeline will find wrong with the event; Segment wants to know at once."""
    if _deletes(item) is not None:
        return None
    if _kind(item).type == DELETE:
        return Refusal(DropReason.ID_REQUIRED, "delete needs a userId")
    read = read_message(item, Arrival(now, None, "", {}, {}, "", ""), "none")
    return read if isinstance(read, Refusal) else None


async def _send(send: Send, status: int, message: str, wait: int = 0) -> None:
    body = msgspec.json.encode({"success": status == 200, "message": message})
    await send_json(send, status, body, [(b"retry-after", b"%d" % wait)] if wait else [])
