"""What a source may ask of its calls beyond a write key: a rate, origins, a token. Most sources ask nothing and have no guard."""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec

from pitcairn.edge.rates import RateLimits
from pitcairn.edge.requests import RequestHeaders
from pitcairn.edge.responses import CORS, Headers
from pitcairn.edge.tokens import TokenKey
from pitcairn.wire.reasons import DropReason

REPORT_SECONDS = 10.0
"""What was turned away is told to the source's owner at most so often: a flood must not become a flood of records."""


class SourceGuard(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of one source."""

    rate: int = 0
    """Messages per second; 0 is no limit."""
    origins: frozenset[str] = frozenset()
    """Of browsers: `https://www.example.com`, or `https://*.example.com` for every name below. Empty is any."""
    requires_token: bool = False
    segment_only: bool = False
    """It is delivered to at /integrations/segment, with its secret; its write key opens nothing."""

    def allows(self, origin: bytes) -> bool:
        """Whether a page of this origin may call. What names no origin is no browser's page, and is not judged by it."""
        if not self.origins or not origin:
            return True
        text = origin.decode("latin-1").lower()
        if text in self.origins:
            return True
        scheme, _, host = text.partition("://")
        _, _, rest = host.partition(".")
        while rest:
            if f"{scheme}://*.{rest}" in self.origins:
                return True
            _, _, rest = rest.partition(".")
        return False


class TurnedAway(msgspec.Struct, frozen=True):
    """The answer to a call that a guard does not let in."""

    status: int
    reason: DropReason
    message: str
    headers: Headers = msgspec.field(default_factory=lambda: CORS)


class Guards:
    """Judges the calls of guarded sources."""

    def __init__(self, token_key: TokenKey, clock: Callable[[], float] = time.monotonic) -> None:
        self._rates = RateLimits(clock)
        self._token_key = token_key
        self._clock = clock
        self._unreported: dict[tuple[int, DropReason], int] = {}
        self._reported_at: dict[tuple[int, DropReason], float] = {}

    def to_report(self, source_id: int, reason: DropReason, messages: int) -> int:
        """Counts what was turned away. How many messages that were since the last report; 0 when it is too early for one."""
        key = (source_id, reason)
        now = self._clock()
        count = self._unreported.get(key, 0) + messages
        if key in self._reported_at and now - self._reported_at[key] < REPORT_SECONDS:
            self._unreported[key] = count
            return 0
        self._reported_at[key] = now
        self._unreported[key] = 0
        return count

    def judge(
        self, guard: SourceGuard, source_id: int, workspace_id: int, headers: RequestHeaders, apps: frozenset[str],
        messages: int,
    ) -> TurnedAway | None:  # fmt: skip
        """None lets the call in. `apps` are the key ids of the OAuth apps there are; a token of any other is void."""
        if guard.segment_only:
            return TurnedAway(
                403,
                DropReason.SEGMENT_SOURCE,
                "This source takes what Segment delivers to /integrations/segment; create another source for calls to /v1",
            )
        if not guard.allows(headers.origin):
            origin = headers.origin.decode("latin-1")
            return TurnedAway(
                403, DropReason.ORIGIN_NOT_ALLOWED, f"{origin} is not among the origins that this source allows"
            )
        if guard.requires_token:
            problem = self._token_key.problem(headers.authorization, workspace_id, apps)
            if problem:
                return TurnedAway(401, DropReason.INVALID_TOKEN, problem)
        if guard.rate:
            return self.over_rate(guard, source_id, messages)
        return None

    def over_rate(self, guard: SourceGuard, source_id: int, messages: int) -> TurnedAway | None:
        """Counts the messages against the source's rate."""
        seconds = self._rates.seconds_to_wait(source_id, guard.rate, messages) if guard.rate else 0
        if not seconds:
            return None
        wait = b"%d" % seconds
        what = "1 message" if guard.rate == 1 else f"{guard.rate:,} messages"
        return TurnedAway(
            429,
            DropReason.RATE_LIMITED,
            f"This source takes {what} per second; send it again in {seconds} s",
            [(b"retry-after", wait), (b"x-ratelimit-reset", wait), *CORS],
        )
