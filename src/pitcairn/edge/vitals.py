"""Vitals: what experiences cost the views that have them, and whether their elements were there, as the tag measured it.

They go through the inbox like messages, so that they are counted once, and end in the event store's table `vitals`. They
name no visitor. Anyone can post them, as anyone can send events: they describe a page's health and decide nothing. What
is kept of them is about experiences that run in the source's workspace on that page, and about elements that they change;
bots are left out, and one address is heard so often a minute and no more.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated

import msgspec

from pitcairn.edge.device import device
from pitcairn.edge.guards import Guards
from pitcairn.edge.inbox import Accepted, InboxFailed, InboxFull, InboxWriter
from pitcairn.edge.requests import BodyTooLarge, ClientGone, HeaderReader, client_ip, read_body
from pitcairn.edge.responses import CORS, Receive, Scope, Send, send_error, send_success
from pitcairn.edge.snapshot import Snapshot, SourceConfiguration
from pitcairn.experiences.running import RunningExperience

PATH = "/v1/vitals"
VITALS = "vitals"
"""The type of an `Accepted` whose one item is a view's vitals. No path of the Tracking API makes it."""

SHARE = 0.2
"""The share of page loads that tell: enough to see a change's cost within a few hundred visits, and little traffic."""

REQUEST_BYTES = 16 * 1024
_MOST_MS = 600_000
MOST_PER_MINUTE = 120
"""From one address. An office behind one address stays far below it, and a sample may lose some."""
_MOST_ADDRESSES = 100_000

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
    """The view lasted long enough to say what was missing: ten seconds from when it had begun and the page had loaded."""
    missing: Annotated[list[Selector], msgspec.Meta(max_length=20)]
    """The selectors of the changes of which no element was there."""
    found: Annotated[list[Selector], msgspec.Meta(max_length=20)] | None = None
    """Those of which one was. None from a tag of before it was told: of that view nobody knows what was looked for."""
    late: bool = False
    """It was decided too late to be shown, or in control, not to be: the visitor saw the page as it was."""


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

    def __init__(self, inbox: InboxWriter, headers: HeaderReader, guards: Guards, *, trusted_proxies: int = 0) -> None:
        self.snapshot: Snapshot
        self._inbox = inbox
        self._headers = headers
        self._guards = guards
        self._trusted_proxies = trusted_proxies
        self._addresses = _Addresses()

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
        if not self._addresses.hears(client_ip(scope, headers, self._trusted_proxies)):
            said = f"This address sent {MOST_PER_MINUTE} vitals within a minute; more of them are not kept"
            await send_error(send, 429, "rate_limited", said, [(b"retry-after", b"60"), *CORS])
            return
        kept = [] if device(headers.user_agent.decode("latin-1")).type == "bot" else self._known(source, request)
        if kept and not await self._accepts(source, request, kept):
            await send_error(send, 503, "store_unavailable", "The vitals could not be stored", CORS)
            return
        await send_success(send)

    def _known(self, source: SourceConfiguration, vitals: Vitals) -> list[ExperienceVitals]:
        """What is about experiences that run here. An experience that was just paused may still be told of, and is not kept."""
        running = {one.id: one for one in self.snapshot.workspaces[source.workspace_id].programme.on(vitals.page)}
        return list(_of_running(running, vitals.experiences))

    async def _accepts(self, source: SourceConfiguration, vitals: Vitals, kept: list[ExperienceVitals]) -> bool:
        text = msgspec.json.encode(Vitals(page=vitals.page, share=vitals.share, lcp_ms=vitals.lcp_ms, experiences=kept))
        accepted = Accepted(
            str(uuid.uuid4()), time.time_ns() // 1_000_000, source.id, VITALS, "", 0, "", b"", b"", [text]
        )
        try:
            await self._inbox.append(accepted, len(text))
        except (InboxFull, InboxFailed):
            return False
        return True


def _of_running(running: dict[int, RunningExperience], told: Sequence[ExperienceVitals]) -> Iterator[ExperienceVitals]:
    seen = set()
    for one in told:
        experience = running.get(one.experience_id)
        if experience is None or one.experience_id in seen:
            continue
        if one.variation_id and not any(
            one.variation_id == variation.id for segment in experience.segments for variation in segment.variations
        ):
            continue
        seen.add(one.experience_id)
        known = frozenset(experience.selectors)
        yield msgspec.structs.replace(
            one,
            missing=[selector for selector in one.missing if selector in known],
            found=None if one.found is None else [selector for selector in one.found if selector in known],
        )


class _Addresses:
    """Who was heard how often in this minute. This process's own: with several edges each hears as much."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since = 0.0
        self._heard: dict[str, int] = {}

    def hears(self, address: str) -> bool:
        now = self._clock()
        if now - self._since >= 60 or len(self._heard) >= _MOST_ADDRESSES:
            self._since, self._heard = now, {}
        heard = self._heard[address] = self._heard.get(address, 0) + 1
        return heard <= MOST_PER_MINUTE
