"""Vitals: what experiences cost the views that have them, and whether their elements were there, as the tag measured it.

They go through the inbox like messages, so that they are counted once, and end in the event store's table `vitals`. They
name no visitor. Anyone can post them, as anyone can send events: they describe a page's health and decide nothing.
"""

from __future__ import annotations

import time
import uuid
from typing import Annotated

import msgspec

from pitcairn.edge.guards import Guards
from pitcairn.edge.inbox import Accepted, InboxFailed, InboxFull, InboxWriter
from pitcairn.edge.requests import BodyTooLarge, ClientGone, HeaderReader, read_body
from pitcairn.edge.responses import CORS, Receive, Scope, Send, send_error, send_success
from pitcairn.edge.snapshot import Snapshot

PATH = "/v1/vitals"
VITALS = "vitals"
"""The type of an `Accepted` whose one item is a view's vitals. No path of the Tracking API makes it."""

SHARE = 0.2
"""The share of page loads that tell: enough to see a change's cost within a few hundred visits, and little traffic."""

REQUEST_BYTES = 16 * 1024
_MOST_MS = 600_000

Milliseconds = Annotated[int, msgspec.Meta(ge=0, le=_MOST_MS)]
Identity = Annotated[int, msgspec.Meta(ge=0, lt=2**32)]
Selector = Annotated[str, msgspec.Meta(max_length=500)]


class ExperienceVitals(msgspec.Struct, frozen=True, rename="camel"):
    """Of one experience in one view. `variation_id` is 0 for control."""

    experience_id: Identity
    variation_id: Identity
    hidden_ms: Milliseconds
    shift: Annotated[float, msgspec.Meta(ge=0, le=100)]
    """What its changes moved, as Cumulative Layout Shift counts it."""
    complete: bool
    """The view lasted long enough to say what was missing: ten seconds from when the page had loaded."""
    missing: Annotated[list[Selector], msgspec.Meta(max_length=10)]
    """The selectors of which no element was there."""


class Vitals(msgspec.Struct, frozen=True, rename="camel"):
    """Of one view."""

    page: Annotated[str, msgspec.Meta(max_length=2000)]
    """Host and path."""
    share: Annotated[float, msgspec.Meta(gt=0, le=1)]
    lcp_ms: Milliseconds
    """Largest Contentful Paint; 0 when the browser does not tell or a route change began the view."""
    experiences: Annotated[list[ExperienceVitals], msgspec.Meta(min_length=1, max_length=50)]


class _Request(Vitals, frozen=True, rename="camel", kw_only=True):
    write_key: str


_decode_request = msgspec.json.Decoder(_Request).decode
read_vitals = msgspec.json.Decoder(Vitals).decode


class VitalsReceiver:
    """Answers `POST /v1/vitals`. `snapshot` is set anew whenever the configuration changes."""

    def __init__(self, inbox: InboxWriter, headers: HeaderReader, guards: Guards) -> None:
        self.snapshot: Snapshot
        self._inbox = inbox
        self._headers = headers
        self._guards = guards

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = self._headers.read(scope)
        try:
            body = await read_body(receive, REQUEST_BYTES, b"")
            request = _decode_request(body)
        except ClientGone:
            return
        except (BodyTooLarge, msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            await send_error(send, 400, "invalid_request", f"These are no vitals: {error}", CORS)
            return
        source = self.snapshot.sources.get(request.write_key)
        if source is None or not source.personalizes:
            await send_error(send, 400, "unknown_write_key", "No source that personalizes has this write key", CORS)
            return
        if source.guard is not None:
            keys = self.snapshot.oauth_key_ids
            away = self._guards.judge(source.guard, source.id, source.workspace_id, headers, keys, 1)
            if away is not None:
                await send_error(send, away.status, away.reason, away.message, away.headers)
                return
        accepted = Accepted(
            str(uuid.uuid4()), time.time_ns() // 1_000_000, source.id, VITALS, "", 0, "", b"", b"", [body]
        )
        try:
            await self._inbox.append(accepted, len(body))
        except (InboxFull, InboxFailed):
            await send_error(send, 503, "store_unavailable", "The vitals could not be stored", CORS)
            return
        await send_success(send)
