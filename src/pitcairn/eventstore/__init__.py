"""The event store: schema, inserts and named queries over clickhouse-connect."""

from pitcairn.conditions.sql import Question
from pitcairn.eventstore.audiences import Preview
from pitcairn.eventstore.errors import EventStoreBusy, EventStoreError, EventStoreUnavailable
from pitcairn.eventstore.health import ArmCosts, DayCosts, ElementViews, Percentile, Sought
from pitcairn.eventstore.records import (
    AccountProducts,
    EventName,
    GoalQuery,
    Refusal,
    ResultCell,
    ResultsQuery,
    SourceActivity,
    StoredMessage,
    TableTotal,
)
from pitcairn.eventstore.results import Statement, account_products_statement, results_statement
from pitcairn.eventstore.store import EventStore

__all__ = [
    "AccountProducts",
    "ArmCosts",
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
    "account_products_statement",
    "results_statement",
]
