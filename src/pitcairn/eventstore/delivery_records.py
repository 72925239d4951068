"""What the event store says about deliveries: attempts, the steps of the overview, samples and series.

A *delivery* is one message for one destination. Counts of steps behind routing count deliveries: a message that goes to
three destinations counts three times there. What was sent again by hand (dead letters, replays) stands apart.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

Outcome = Literal["delivered", "retried", "failed", "discarded"]
"""What one attempt led to: it arrived, it is tried again, it is given up, or somebody discarded it before it was sent."""

Step = Literal["ingest", "filtered", "retried", "failed", "discarded", "delivered"]


class ReasonCount(msgspec.Struct, frozen=True, kw_only=True):
    """How often something happened for one reason; `last_at` is when it last did."""

    reason: str
    count: int
    last_at: datetime


class DeliveryOverview(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the messages that were received in a period, step by step, most frequent reasons first.

    After routing: `filtered + pending + failed + delivered` is every message times its destinations.
    """

    received: int
    """Accepted messages; for one destination, those that reached its routing."""
    ingest_failed: int
    """Refused on arrival. 0 when one destination is asked for: they never came near it."""
    ingest_reasons: list[ReasonCount]
    filtered: int
    filter_reasons: list[ReasonCount]
    pending: int
    """Queued, waiting for another try, or on their way."""
    retry_reasons: list[ReasonCount]
    """Why attempts failed that were or will be repeated; counts attempts."""
    failed: int
    """Given up or discarded."""
    failure_reasons: list[ReasonCount]
    delivered: int
    """Sent and accepted, or taken by the built-in personalization."""
    personalized: int
    """Those of `delivered` that the built-in personalization took."""
    sent_again: int
    """Deliveries of replays and of dead letters in this period; in no other count."""
    p95_ms: int | None
    """From receipt to delivery, 95 % were at least as fast; None when nothing was sent."""


class DeliveryPoint(msgspec.Struct, frozen=True, kw_only=True):
    """What happened in one step of time that begins at `at`. Counts deliveries by when they ended."""

    at: datetime
    received: int
    delivered: int
    failed: int
    retried: int
    p95_ms: int | None
    personalized: int = 0
    """Those of `delivered` that the built-in personalization took."""


class DeliverySample(msgspec.Struct, frozen=True, kw_only=True):
    """One message that stands for many with the same reason."""

    at: datetime
    source_id: int
    destination_id: int
    """0 on ingest."""
    message_id: str
    type: str
    event: str
    reason: str
    detail: str = ""
    status: int = 0
    """HTTP; 0 when no answer came or none was asked for."""
    attempt: int = 0
    request: str = ""
    """Excerpts without secrets; empty where none was kept."""
    response: str = ""
    message: str = ""
    """JSON text of the message, as it came; empty when the event store no longer has it."""


class DeliveryAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """One request, or one write, with the messages it carried. The lists run in parallel."""

    at: datetime
    """When it ended."""
    workspace_id: int
    destination_id: int
    outcome: Outcome
    reason: str
    """Empty when delivered. Else an HTTP status, an errno's name or a word, as in `DeadLetter.reason`."""
    detail: str
    status: int
    duration_ms: int
    message_ids: list[str]
    types: list[str]
    events: list[str]
    source_ids: list[int]
    attempts: list[int]
    """Which try this was for each message, from 1."""
    latencies_ms: list[int]
    """From receipt to `at`; 0 for messages that were sent again by hand."""
    request: str
    response: str
