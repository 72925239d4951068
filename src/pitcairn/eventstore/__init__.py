"""The event store: schema, inserts and named queries over clickhouse-connect."""

from pitcairn.conditions.sql import Question
from pitcairn.eventstore.audiences import Preview
from pitcairn.eventstore.errors import EventStoreBusy, EventStoreError, EventStoreUnavailable
from pitcairn.eventstore.health import ArmCosts, DayCosts, ElementViews, Percentile, Sought
from pitcairn.eventstore.records import (
    ClusterSums,
    EventName,
    GoalQuery,
    Refusal,
    ResultCell,
    ResultsQuery,
    SourceActivity,
    StoredMessage,
    TableTotal,
)
from pitcairn.eventstore.results import Statement, clusters_statement, results_statement
from pitcairn.eventstore.store import EventStore

__all__ = [
    "ArmCosts",
    "ClusterSums",
    "DayCosts",
    "ElementViews",
    "EventName",
    "EventStore",
    "EventStoreBusy",
    "EventStoreError",
    "EventStoreUnavailable",
    "GoalQuery",
    "Percentile",
    "Preview",
    "Question",
    "Refusal",
    "ResultCell",
    "ResultsQuery",
    "Sought",
    "SourceActivity",
    "Statement",
    "StoredMessage",
    "TableTotal",
    "clusters_statement",
    "results_statement",
]
