"""What the event store tells about deliveries: the overview's steps, samples, series and the log."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from pitcairn.eventstore import delivery_queries
from pitcairn.eventstore.delivery_records import (
    DeliveryAttempt,
    DeliveryOverview,
    DeliveryPoint,
    DeliverySample,
    ReasonCount,
    Step,
)
from pitcairn.eventstore.records import StoredMessage, from_ms, to_ms

NOTE = "multi_user_error"
"""A refusal that is a note about others of its batch, not a message."""
LAST_ATTEMPT_AFTER = timedelta(days=7)
"""For how long after a period attempts of its messages are looked for."""
_FOREVER_MS = 253_402_300_800_000


class DeliveryReads:
    """The part of `EventStore` that reads deliveries. `destination_id` and `source_id` None are all of them."""

    def _rows(self, query: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        raise NotImplementedError

    def messages(self, workspace_id: int, *, limit: int = 100, message_id: str | None = None) -> list[StoredMessage]:
        raise NotImplementedError

    def delivery_overview(
        self,
        workspace_id: int,
        start: datetime,
        end: datetime,
        source_id: int | None = None,
        destination_id: int | None = None,
        *,
        personalizes: tuple[str, Sequence[int]] = ("", ()),
    ) -> DeliveryOverview:
        """What became of the messages received with `start` <= receivedAt < `end`.

        `personalizes` is, for a destination that is built in, its slug and the sources it is connected to: what it takes
        is known by them.
        """
        parameters = _period(workspace_id, start, end, source_id, destination_id, personalizes)
        received, taken, routed = self._rows(delivery_queries.RECEIVED, parameters)[0]
        ingest: list[ReasonCount] = []
        if destination_id is None:
            ingest = _reasons(self._rows(delivery_queries.REFUSED, {**parameters, "note": NOTE}))
        filtered = _reasons(self._rows(delivery_queries.FILTERED, parameters))
        outcomes: dict[str, list[tuple[Any, ...]]] = {}
        for outcome, *rest in self._rows(delivery_queries.OUTCOMES, parameters):
            outcomes.setdefault(outcome, []).append(tuple(rest))
        failures = _reasons([*outcomes.get("failed", ()), *outcomes.get("discarded", ())])
        timed, p95, again = self._rows(delivery_queries.SPEED, parameters)[0]
        sent = sum(count for _, count, _ in outcomes.get("delivered", ()))
        failed = sum(reason.count for reason in failures)
        return DeliveryOverview(
            received=received,
            ingest_failed=sum(reason.count for reason in ingest),
            ingest_reasons=ingest,
            filtered=sum(reason.count for reason in filtered),
            filter_reasons=filtered,
            # A repetition after a crash is a second delivery of one message.
            pending=max(0, routed - sent - failed),
            retry_reasons=_reasons(outcomes.get("retried", ())),
            failed=failed,
            failure_reasons=failures,
            delivered=sent + taken,
            personalized=taken,
            sent_again=again,
            p95_ms=round(p95) if timed else None,
        )

    def delivery_samples(
        self,
        workspace_id: int,
        start: datetime,
        end: datetime,
        step: Step,
        *,
        reason: str | None = None,
        source_id: int | None = None,
        destination_id: int | None = None,
        limit: int = 10,
    ) -> list[DeliverySample]:
        """The newest messages, received in the period, that ended in this step; those with a request kept come first."""
        parameters = {
            **_period(workspace_id, start, end, source_id, destination_id),
            "reason": reason or "",
            "limit": limit,
            "note": NOTE,
            "outcome": step,
        }
        query = {"ingest": delivery_queries.INGEST_SAMPLES, "filtered": delivery_queries.FILTERED_SAMPLES}
        rows = self._rows(query.get(step, delivery_queries.ATTEMPT_SAMPLES), parameters)
        return [self._sample(workspace_id, row) for row in rows]

    def _sample(self, workspace_id: int, row: tuple[Any, ...]) -> DeliverySample:
        message = row[12]
        if not message and row[3]:
            stored = self.messages(workspace_id, limit=1, message_id=row[3])
            message = json.dumps(stored[0].as_segment(), ensure_ascii=False) if stored else ""
        return DeliverySample(
            at=from_ms(row[0]),
            source_id=row[1],
            destination_id=row[2],
            message_id=row[3],
            type=row[4],
            event=row[5],
            reason=row[6],
            detail=row[7],
            status=row[8],
            attempt=row[9],
            request=row[10],
            response=row[11],
            message=message,
        )

    def delivery_series(
        self,
        workspace_id: int,
        start: datetime,
        end: datetime,
        *,
        step_seconds: int = 3600,
        source_id: int | None = None,
        destination_id: int | None = None,
        personalizes: tuple[str, Sequence[int]] = ("", ()),
    ) -> list[DeliveryPoint]:
        """One point for each step from `start` on, empty ones too; deliveries are counted where they ended."""
        step = step_seconds * 1000
        period = _period(workspace_id, start, end, source_id, destination_id, personalizes)
        parameters = {**period, "last": to_ms(end), "step": step}
        ended = {row[0]: row[1:] for row in self._rows(delivery_queries.SERIES, parameters)}
        came = {row[0]: row[1:] for row in self._rows(delivery_queries.RECEIVED_SERIES, parameters)}
        points = []
        for number in range(-(-(to_ms(end) - to_ms(start)) // step)):
            delivered, failed, retried, p95 = ended.get(number, (0, 0, 0, 0))
            received, taken, _ = came.get(number, (0, 0, 0))
            points.append(
                DeliveryPoint(
                    at=from_ms(to_ms(start) + number * step),
                    received=received,
                    delivered=delivered + taken,
                    failed=failed,
                    retried=retried,
                    p95_ms=round(p95) if delivered else None,
                    personalized=taken,
                )
            )
        return points

    def delivery_attempts(
        self,
        workspace_id: int,
        *,
        message_id: str | None = None,
        destination_id: int | None = None,
        outcome: str | None = None,
        limit: int = 50,
        after: datetime | None = None,
        before: datetime | None = None,
    ) -> list[DeliveryAttempt]:
        """The delivery log with `after` <= at < `before`, newest first."""
        parameters = {
            "workspace_id": workspace_id,
            "message_id": message_id or "",
            "destination_id": destination_id or 0,
            "outcome": outcome or "",
            "limit": limit,
            "after": 0 if after is None else to_ms(after),
            "before": _FOREVER_MS if before is None else to_ms(before),
        }
        return [_attempt(row) for row in self._rows(delivery_queries.ATTEMPTS, parameters)]

    def has_flush(self, flush: int) -> bool:
        """Whether the block of deliveries with this number is stored: what to ask when an insert's answer was lost."""
        return bool(self._rows(delivery_queries.HAS_FLUSH, {"flush": flush})[0][0])


def _period(
    workspace_id: int,
    start: datetime,
    end: datetime,
    source_id: int | None,
    destination_id: int | None,
    personalizes: tuple[str, Sequence[int]] = ("", ()),
) -> dict[str, Any]:
    return {
        "workspace_id": workspace_id,
        "start": to_ms(start),
        "end": to_ms(end),
        "last": to_ms(end + LAST_ATTEMPT_AFTER),
        "source_id": source_id or 0,
        "destination_id": destination_id or 0,
        "slug": personalizes[0],
        "slug_sources": list(personalizes[1]),
    }


def _reasons(rows: Sequence[Sequence[Any]]) -> list[ReasonCount]:
    return [ReasonCount(reason=reason, count=count, last_at=from_ms(last)) for reason, count, last in rows]


def _attempt(row: tuple[Any, ...]) -> DeliveryAttempt:
    return DeliveryAttempt(
        at=from_ms(row[0]),
        workspace_id=row[1],
        destination_id=row[2],
        outcome=row[3],
        reason=row[4],
        detail=row[5],
        status=row[6],
        duration_ms=row[7],
        message_ids=list(row[8]),
        types=list(row[9]),
        events=list(row[10]),
        source_ids=list(row[11]),
        attempts=list(row[12]),
        latencies_ms=list(row[13]),
        request=row[14],
        response=row[15],
    )
