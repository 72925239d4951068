"""The delivery log: attempts as rows of the event store's `deliveries`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pitcairn.connections.delivery.outbox import Outgoing

DETAIL_LENGTH = 500
PARTIAL = "partial"
"""A request that did not decide what became of its messages, because another one with them did. In no count."""


def attempt_row(
    *,
    workspace_id: int,
    destination_id: int,
    at: int,
    outcome: str,
    messages: Sequence[Outgoing],
    attempts: Sequence[int],
    reason: str = "",
    detail: str = "",
    status: int = 0,
    duration_ms: int = 0,
    request: str = "",
    response: str = "",
) -> Mapping[str, Any]:
    """One request with its messages. `at` is ms since 1970."""
    return {
        "workspace_id": workspace_id,
        "destination_id": destination_id,
        "at": at / 1000,
        "outcome": outcome,
        "reason": reason,
        "detail": detail[:DETAIL_LENGTH],
        "status": status,
        "duration_ms": duration_ms,
        "message_ids": [message.id for message in messages],
        "types": [message.type for message in messages],
        "events": [message.event for message in messages],
        "source_ids": [message.source_id for message in messages],
        "attempts": attempts,
        # What is sent again by hand took as long as a person let it.
        "latencies_ms": [0 if message.again else max(0, at - message.received_at) for message in messages],
        "again": [message.again for message in messages],
        "request": request,
        "response": response,
    }


class Allowance:
    """How many excerpts are kept: the first ones of each second. Every attempt has a row; most need not have its text."""

    def __init__(self, failures: int = 10, deliveries: int = 1) -> None:
        self._limits = {True: failures, False: deliveries}
        self._second = -1
        self._used = {True: 0, False: 0}

    def allows(self, now: int, *, failure: bool) -> bool:
        second = now // 1000
        if second != self._second:
            self._second, self._used = second, {True: 0, False: 0}
        self._used[failure] += 1
        return self._used[failure] <= self._limits[failure]
