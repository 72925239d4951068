"""What stops the engine in the middle: everything is told, and nothing twice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from engage.world import EngageWorld, did, member_of
from pitcairn.engage import queries, services
from pitcairn.engage.live import Live
from pitcairn.eventstore import EventStore, EventStoreError, Question
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


class Refuses(EventStore):
    """The store it is given, which refuses a question about the event `event`."""

    def __init__(self, store: EventStore) -> None:
        super().__init__(store._connection)
        self.event = ""

    def members(self, workspace_id: int, questions: Sequence[Question], *given: Any, **more: Any) -> Any:
        if self.event and any(f"event='{self.event}'" in str(question.condition) for question in questions):
            raise EventStoreError("the question is too much for it")
        return super().members(workspace_id, questions, *given, **more)


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


@pytest.mark.parametrize("target", ["person", "account"])
def test_a_question_that_is_refused_fails_alone(engage: EngageWorld, target: str) -> None:
    condition = did("Looked") if target == "person" else {"users": "any", "condition": did("Looked")}
    refused = engage.audience("Lookers", condition, target=target)
    engage.audience("Buyers", did("Bought"))
    engage.send({"type": "group", "messageId": f"g-{engage.workspace_id}", "userId": "u1", "groupId": "acme"})
    store = Refuses(engage.store)
    engage.worker = Worker(store, live=Live(store, clock=lambda: engage.now, gap_seconds=0))
    engage.settle()
    store.event = "Looked"
    engage.did("Looked", "u1")
    engage.did("Bought", "u1")
    assert engage.news() == [("u1", "buyers", True)]
    found = {one.id: (one.status, one.problem) for one in queries.audiences(engage.workspace_id)}
    assert found.pop(refused.id) == (
        "failed", "The event store refuses the question: the question is too much for it",
    )  # fmt: skip
    assert [status for status, _ in found.values()] == ["live"]
    # Once it is answered again, it catches up.
    store.event = ""
    services.recompute(engage.workspace_id, refused.id)
    engage.settle()
    assert engage.news() == [("u1", "lookers", True)]
