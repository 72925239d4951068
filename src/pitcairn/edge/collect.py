"""Collect: Segment's Tracking API. Read, authenticate, frame, append, answer.

`200` means durable. What is inside the messages is judged by the pipeline, each on its own; the edge answers 400 only for what
Segment answers 400 for: a body that is too large or is not JSON, and an empty write key.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import time
from typing import Any

from pitcairn.edge.guards import Guards, TurnedAway
from pitcairn.edge.inbox import Accepted, InboxFailed, InboxFull, InboxWriter
from pitcairn.edge.requests import (
    BodyTooLarge,
    BodyUnreadable,
    ClientGone,
    HeaderReader,
    RequestHeaders,
    basic_key,
    client_ip,
    read_body,
)
from pitcairn.edge.responses import CORS, Receive, Scope, Send, send_error, send_success
from pitcairn.edge.snapshot import Snapshot, SourceConfiguration
from pitcairn.wire.framing import Frame, MalformedBody, frame_batch, frame_single
from pitcairn.wire.limits import BATCH_MESSAGES, BATCH_REQUEST_BYTES, RETRY_COUNT_MAX, SINGLE_REQUEST_BYTES
from pitcairn.wire.reasons import DropReason

SINGLE_PATHS = {
    f"/v1/{name}": kind
    for kind in ("identify", "track", "page", "screen", "group", "alias")
    for name in (kind, kind[0])
}
BATCH_PATHS = frozenset({"/v1/batch", "/v1/import", "/v1/b"})

_KEY = re.compile(rb'"writeKey"\s{0,20}:\s{0,20}"([A-Za-z0-9_-]{1,64})"')
_RETRY_LATER = [(b"retry-after", b"1"), *CORS]
_KEPT_OF_REFUSED = 2_000
"""Bytes kept of a body that was answered 400, for the debugger."""


class Collector:
    """Takes calls into the inbox. `snapshot` is set anew whenever the configuration changes."""

    def __init__(
        self,
        inbox: InboxWriter,
        headers: HeaderReader,
        guards: Guards,
        *,
        trusted_proxies: int,
        strict_write_keys: bool,
    ) -> None:
        self.snapshot: Snapshot
        self._inbox = inbox
        self._guards = guards
        self._headers = headers
        self._trusted_proxies = trusted_proxies
        self._strict = strict_write_keys
        # Unique without drawing anew for each request: random for the process, counted within it.
        self._process = os.urandom(10).hex()
        self._count = itertools.count()

    def _request_id(self) -> str:
        return f"{self._process}-{next(self._count):x}"

    async def collect(self, scope: Scope, receive: Receive, send: Send, kind: str) -> None:
        """Answers one POST. `kind` is the call's type, or empty for a batch."""
        headers = self._headers.read(scope)
        limit = SINGLE_REQUEST_BYTES if kind else BATCH_REQUEST_BYTES
        body = b""
        try:
            body = await read_body(receive, limit, headers.content_encoding)
            frame = frame_single(body) if kind else frame_batch(body)
        except BodyTooLarge as error:
            await self._refuse(headers, send, DropReason.REQUEST_TOO_LARGE, str(error), error.start, error.end)
            return
        except (BodyUnreadable, MalformedBody) as error:
            await self._refuse(headers, send, DropReason.MALFORMED_JSON, str(error), body)
            return
        except ClientGone:
            return
        write_key = basic_key(headers.authorization) if headers.authorization else None
        if not write_key:
            write_key = frame.write_key
        if type(write_key) is not str or not write_key:
            await send_error(send, 400, "invalid_write_key", "An invalid write key was provided")
            return
        source = self.snapshot.sources.get(write_key)
        if source is None:
            await self._answer_unknown_key(send)
            return
        if source.guard is not None:
            turned_away = self._judge(source, headers, frame)
            if turned_away is not None:
                await self.record_turned_away(source, kind, turned_away, len(frame.items))
                await send_error(send, turned_away.status, turned_away.reason, turned_away.message, turned_away.headers)
                return
        accepted = self._accepted(scope, headers, source, kind, frame)
        try:
            await self._inbox.append(accepted, len(body))
        except (InboxFull, InboxFailed):
            await send_error(
                send, 503, "store_unavailable", "The message could not be stored; send it again", _RETRY_LATER
            )
            return
        await send_success(send)

    async def collect_unanswered(self, scope: Scope, kind: str, body: bytes | None, problem: str) -> None:
        """Takes one message of a request that is answered the same whatever becomes of it: the pixel.

        `body` is the message's JSON, None when the request held none, and `problem` then says why.
        """
        headers = self._headers.read(scope)
        if body is None:
            body = scope["query_string"][:_KEPT_OF_REFUSED]
            await self._record(headers, DropReason.MALFORMED_JSON, problem, body)
            return
        try:
            frame = frame_single(body)
        except MalformedBody as error:
            await self._record(headers, DropReason.MALFORMED_JSON, str(error), body)
            return
        if len(body) > SINGLE_REQUEST_BYTES:
            detail = f"The message is larger than {SINGLE_REQUEST_BYTES:,} bytes"
            await self._record(headers, DropReason.REQUEST_TOO_LARGE, detail, body)
            return
        source = self.snapshot.sources.get(frame.write_key) if type(frame.write_key) is str else None
        if source is None:
            return
        if source.guard is not None:
            turned_away = self._judge(source, headers, frame)
            if turned_away is not None:
                await self.record_turned_away(source, kind, turned_away, len(frame.items))
                return
        with contextlib.suppress(InboxFull, InboxFailed):
            await self._inbox.append(self._accepted(scope, headers, source, kind, frame), len(body))

    def _judge(self, source: SourceConfiguration, headers: RequestHeaders, frame: Frame) -> TurnedAway | None:
        assert source.guard is not None
        return self._guards.judge(
            source.guard, source.id, source.workspace_id, headers, self.snapshot.oauth_key_ids, len(frame.items)
        )

    async def record_turned_away(
        self, source: SourceConfiguration, kind: str, turned_away: TurnedAway, messages: int
    ) -> None:
        """Leaves a record of what a guard did not let in, now and then: where the source's owner looks."""
        count = self._guards.to_report(source.id, turned_away.reason, messages)
        if count:
            others = f" ({count:,} messages since this was last noted)" if count > 1 else ""
            await self._append_record(source, kind, turned_away.reason, f"{turned_away.message}{others}", b"")

    def _accepted(
        self, scope: Scope, headers: RequestHeaders, source: SourceConfiguration, kind: str, frame: Frame
    ) -> Accepted:
        accepted = Accepted(
            self._request_id(),
            time.time_ns() // 1_000_000,
            source.id,
            kind,
            client_ip(scope, headers, self._trusted_proxies),
            _retry_count(headers.retry_count) if headers.retry_count else 0,
            frame.sent_at if type(frame.sent_at) is str else "",
            frame.context,
            frame.integrations,
            frame.items,
        )
        if not source.enabled:
            accepted.problem = DropReason.SOURCE_DISABLED
        elif not frame.items:
            accepted.problem = DropReason.EMPTY_BATCH
            accepted.detail = "the body has no batch list" if frame.batch_missing else ""
        elif len(frame.items) > BATCH_MESSAGES:
            accepted.problem = DropReason.BATCH_TOO_LONG
            accepted.detail = f"{len(frame.items):,} messages"
            accepted.items = []
        return accepted

    async def _refuse(
        self, headers: RequestHeaders, send: Send, reason: DropReason, detail: str, start: bytes, end: bytes = b""
    ) -> None:
        """Answers 400, and leaves a record of it where the sender can be told."""
        await self._record(headers, reason, detail, start, end)
        await send_error(send, 400, reason, detail)

    async def _record(
        self, headers: RequestHeaders, reason: DropReason, detail: str, start: bytes, end: bytes = b""
    ) -> None:
        source = self.snapshot.sources.get(basic_key(headers.authorization) or _key_in(start) or _key_in(end))
        if source is not None:
            await self._append_record(source, "", reason, detail, start)

    async def _append_record(
        self, source: SourceConfiguration, kind: str, reason: DropReason, detail: str, text: bytes
    ) -> None:
        record = Accepted(
            self._request_id(), time.time_ns() // 1_000_000, source.id, kind, "", 0, "", b"", b"",
            [text[:_KEPT_OF_REFUSED]] if text else [], reason, detail,
        )  # fmt: skip
        # The answer is the same either way; what may be lost is one line of the debugger.
        with contextlib.suppress(InboxFull, InboxFailed):
            await self._inbox.append(record, len(text))

    async def _answer_unknown_key(self, send: Send) -> None:
        if self._strict:
            await send_error(send, 401, "unknown_write_key", "No source has this write key; see Connections, Sources")
        else:
            await send_success(send)


def _key_in(text: bytes) -> str:
    """The write key in a text that is not JSON, or is only a part of it; empty when there is none."""
    found = _KEY.search(text)
    return found[1].decode() if found else ""


def _retry_count(value: bytes) -> int:
    return min(int(value), RETRY_COUNT_MAX) if value.isdigit() and len(value) < 10 else 0


async def answer_metrics(receive: Receive, send: Send, limit: int = BATCH_REQUEST_BYTES) -> None:
    """`/v1/m`, analytics.js's own metrics: read, not kept."""
    try:
        await read_body(receive, limit, b"")
    except BodyTooLarge as error:
        await send_error(send, 400, DropReason.REQUEST_TOO_LARGE, str(error))
    except ClientGone:
        return
    else:
        await send_success(send)


def client_settings(source: SourceConfiguration, api_host: str) -> dict[str, Any]:
    """What analytics.js and the mobile libraries load before they send (`/v1/projects/KEY/settings`).

    Every destination here is served from this server, so none is listed for the browser; `unbundledIntegrations` names them.
    """
    names = sorted({destination.entry.manifest.name for destination in source.destinations})
    everything = {"__default": {"enabled": True, "integrations": {}}}
    return {
        "integrations": {
            "Segment.io": {
                "apiKey": source.write_key,
                "apiHost": api_host,
                "unbundledIntegrations": names,
                "addBundledMetadata": True,
                "maybeBundledConfigIds": {},
                "versionSettings": {"version": "4.4.7", "componentTypes": ["browser"]},
            }
        },
        "plan": {"track": everything, "identify": everything, "group": everything},
        "edgeFunction": {},
        "analyticsNextEnabled": True,
        "middlewareSettings": {},
        "enabledMiddleware": {},
        "metrics": {"sampleRate": 0},
        "legacyVideoPluginsEnabled": False,
        "remotePlugins": [],
    }
