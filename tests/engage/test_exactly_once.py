"""What stops the engine in the middle: everything is told, and nothing twice."""

from __future__ import annotations

from typing import Any

import pytest

from engage.world import EngageWorld, did, member_of
from pitcairn.engage import queries
from pitcairn.engage.live import Live
from pitcairn.eventstore import EventStore, EventStoreError
from pitcairn.pipeline.worker import Worker

pytestmark = pytest.mark.django_db(databases="__all__", transaction=True)


class FailsOnce(EventStore):
    """The store it is given, but the next insert into `table` raises."""

    def __init__(self, store: EventStore) -> None:
        super().__init__(store._connection)
        self.table = ""

    def insert(self, table: str, rows: Any) -> None:
        if table == self.table:
            self.table = ""
            raise EventStoreError("the event store is gone")
        super().insert(table, rows)


def _failing(engage: EngageWorld) -> FailsOnce:
    store = FailsOnce(engage.store)
    engage.worker = Worker(store, live=Live(store, clock=lambda: engage.now, gap_seconds=0))
    engage.settle()
    return store


def test_what_was_stored_and_not_copied_is_copied_and_told_once(engage: EngageWorld) -> None:
    engage.audience("Buyers", did("Bought"))
    engage.audience("Only looked", {"all": [did("Looked"), {"not": member_of("buyers")}]})
    engage.did("Looked", "u1")
    assert engage.news() == [("u1", "only_looked", True)]
    store = _failing(engage)
    store.table = "memberships"
    with pytest.raises(EventStoreError):
        engage.did("Bought", "u1")
    engage.settle()
    assert engage.news() == [("u1", "buyers", True), ("u1", "only_looked", False)]


def test_what_was_not_stored_is_not_told_until_it_is(engage: EngageWorld) -> None:
    engage.audience("Buyers", did("Bought"))
    engage.trait("Orders", {"event": "Bought", "measure": "count"})
    store = _failing(engage)
    engage.accept(
        {"type": "track", "event": "Bought", "userId": "u1", "messageId": f"m-{engage.workspace_id}"}, at=engage.now
    )
    engage.worker._work_on_inbox()
    store.table = "people"
    with pytest.raises(EventStoreError):
        engage.settle()
    assert engage.told() == []
    assert queries.audiences(engage.workspace_id)[0].size == 0
    engage.settle()
    assert sorted(engage.news()) == [("u1", "buyers", True), ("u1", "orders", 1)]
    engage.restart()
    engage.settle()
    assert engage.told() == []
    assert engage.traits("user_id:u1")["orders"] == 1
