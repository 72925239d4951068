"""Reads what alert rules look at, from the event store and from the queues."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pitcairn.connections import queries, queries_delivery
from pitcairn.connections.alerts.conditions import Figures
from pitcairn.connections.models import AlertKind, AlertRule, Source
from pitcairn.connections.queries_delivery import QueueState
from pitcairn.dashboard.health import inbox_lag
from pitcairn.dashboard.times import duration_words
from pitcairn.eventstore import EventStore

SETTLED = timedelta(minutes=1)
"""Messages of the last minute may still be on their way through the pipeline."""
DAYS = 7
DAY_MINUTES = 24 * 60


class NotKnown(Exception):
    """What the rule looks at cannot be known now; the text says why, in words for its page."""


def figures_of(store: EventStore, rule: AlertRule, now: datetime) -> Figures:
    """The figures of the rule's kind. Raises `NotKnown`."""
    if rule.kind == AlertKind.LAG:
        return Figures(waiting_seconds=_waiting_seconds(rule, now))
    if rule.kind == AlertKind.SUCCESS_RATE:
        return _arrived(store, rule, now)
    return _volume(store, rule, now)


def _arrived(store: EventStore, rule: AlertRule, now: datetime) -> Figures:
    window = timedelta(minutes=rule.window_minutes)
    points = queries_delivery.delivery_series(
        store,
        rule.workspace_id,
        now - window,
        now,
        step_seconds=rule.window_minutes * 60,
        destination_id=rule.destination_id,
    )
    return Figures(
        delivered=sum(point.delivered - point.personalized for point in points),
        failed=sum(point.failed for point in points),
        retrying=sum(_not_arriving(queue) for queue in _queues(rule)),
    )


def _not_arriving(queue: QueueState) -> int:
    """Behind an open circuit nothing is tried for long: all that waits there is not arriving."""
    return queue.retrying + (queue.messages if queue.circuit.state == "open" else 0)


def _waiting_seconds(rule: AlertRule, now: datetime) -> float:
    oldest = [queue.oldest_queued_at for queue in _queues(rule) if queue.oldest_queued_at is not None]
    waits = max(((now - moment).total_seconds() for moment in oldest), default=0.0)
    return max(waits, inbox_lag(now), 0.0)


def _queues(rule: AlertRule) -> list[QueueState]:
    """The queues the rule is about. Those of disabled destinations wait because somebody wants them to."""
    states = queries_delivery.queues(rule.workspace_id)
    enabled = {item.id for item in queries.destinations(rule.workspace_id) if item.enabled}
    if rule.destination_id is not None and rule.destination_id not in enabled:
        raise NotKnown("the destination is disabled")
    wanted = enabled if rule.destination_id is None else {rule.destination_id}
    return [state for destination_id, state in states.items() if destination_id in wanted]


def _volume(store: EventStore, rule: AlertRule, now: datetime) -> Figures:
    """The window up to a minute ago, and the same time of day on each day before on which there was a source to send."""
    lag = inbox_lag(now)
    if lag > SETTLED.total_seconds():
        raise NotKnown(f"the inbox is {duration_words(timedelta(seconds=lag))} behind, so the volume is not known")
    if rule.source is not None and not rule.source.enabled:
        raise NotKnown("the source is disabled")
    window = timedelta(minutes=rule.window_minutes)
    end = now - SETTLED
    # Whole steps back from the end, a window each: the same time of day comes round after a whole number of them.
    points = queries_delivery.delivery_series(
        store,
        rule.workspace_id,
        end - window - timedelta(days=DAYS),
        end,
        step_seconds=rule.window_minutes * 60,
        source_id=rule.source_id,
    )
    received = [point.received for point in points]
    per_day = DAY_MINUTES // rule.window_minutes
    began = _began(rule)
    usual = tuple(
        received[len(received) - 1 - day * per_day]
        for day in range(1, DAYS + 1)
        if end - window - timedelta(days=day) >= began and day * per_day < len(received)
    )
    return Figures(received=received[-1] if received else 0, usual=usual)


def _began(rule: AlertRule) -> datetime:
    """From when on messages could have come."""
    if rule.source is not None:
        return rule.source.created_at
    first = Source.objects.filter(workspace_id=rule.workspace_id).order_by("created_at").first()
    return first.created_at if first else datetime.now(UTC)
