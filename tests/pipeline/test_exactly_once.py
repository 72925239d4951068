"""Exactly once in effect, whatever fails and wherever; and what a fault in our own code costs: one message."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError, connection, connections
from django.db.backends.utils import CursorWrapper

from pipeline.world import FailingStore, World, faulty_snapshot, identify, track
from pitcairn.commands.events import run_events
from pitcairn.edge import inbox
from pitcairn.eventstore import EventStore, EventStoreError, EventStoreUnavailable
from pitcairn.pipeline import progress, steps
from pitcairn.pipeline import worker as worker_module
from pitcairn.pipeline.batch import Batch
from pitcairn.pipeline.models import PipelineState
from pitcairn.pipeline.progress import LeaseLost, recover
from pitcairn.pipeline.worker import Worker
from pitcairn.profiles.models import Identifier, Merge, Profile

pytestmark = pytest.mark.django_db(transaction=True, databases=list(settings.DATABASES))

TABLES = ("messages", "refusals", "merges")


def fill(world: World) -> None:
    """Something for every table: messages, a refusal, and a merge with what was there before."""
    world.process(identify("m1", {"plan": "free"}, userId="u1"), track("m2", anonymousId="a1"))
    world.accept(identify("m3", {"plan": "paid", "seats": 3}, userId="u1", anonymousId="a1"), track("m4"))
    world.accept({"type": "track", "messageId": "m5", "anonymousId": "a1"}, track("m6", anonymousId="a9"))


def check(world: World) -> None:
    """Everything of `fill` is there, once."""
    assert world.message_ids() == ["m1", "m2", "m3", "m4", "m6"]
    assert {one.reason for one in world.refusals() if one.message_id == "m5"} == {"event_not_defined"}
    assert len(world.refusals()) == 2  # m5, and a note of it for the batch
    assert world.traits("user_id:u1") == {"plan": "paid", "seats": 3}
    known, anonymous, other = sorted(Profile.objects.values_list("id", flat=True))
    assert world.merges() == {anonymous: known}
    assert Merge.objects.count() == 1
    assert Identifier.objects.count() == 3
    assert world.profile("anonymous_id:a9").item.id == other
    assert inbox.read_after(0, 10) == []
    assert PipelineState.objects.get().next_profile_id == other + 1
    recover(world.store)
    assert len(world.message_ids()) == 5


def stored() -> tuple[Any, ...]:
    """What the SQL store has, but for the numbers of batches: one that fails uses its number up."""
    return (
        list(Profile.objects.order_by("id").values()),
        list(Identifier.objects.order_by("id").values()),
        list(Merge.objects.order_by("id").values()),
        list(PipelineState.objects.values("inbox_position", "next_profile_id")),
    )


def fail(world: World, worker: Worker, expected: type[Exception]) -> None:
    """The batch fails, and nothing that anybody can see has changed but what recovery will remove."""
    before = stored()
    with pytest.raises(expected):
        worker.work()
    assert stored() == before
    assert len(inbox.read_after(PipelineState.objects.get().inbox_position, 10)) == 2


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("new_worker", [False, True], ids=["same-worker", "new-worker"])
def test_an_insert_that_fails(world: World, number: int, after: bool, new_worker: bool) -> None:
    """Each of the batch's inserts, before or after its rows are stored; then this worker tries again, or another."""
    fill(world)
    store = FailingStore(world.store, EventStoreUnavailable("the server is gone"))
    store.fails_at, store.after = number, after
    worker = Worker(store)
    fail(world, worker, EventStoreUnavailable)
    world.work(Worker(world.store) if new_worker else worker)
    check(world)


def shown(world: World) -> set[str]:
    """The ids that `pitcairn events` shows, of messages that were taken and of refused ones."""
    asked = {"source": None, "message_id": None, "type": None, "search": "", "refused": False, "limit": 100}
    found = run_events({**asked, "workspace": str(world.workspace_id)}, world.store)
    return {one["messageId"] for kind in ("messages", "refused") for one in found[kind] if "messageId" in one}


def test_a_message_is_shown_when_all_that_follows_from_it_is_done(world: World) -> None:
    """Not while only its row is stored: whoever waits for it may ask for its profile next."""
    fill(world)
    store = FailingStore(world.store, EventStoreUnavailable("the server is gone"))
    store.fails_at, store.after = 3, True
    fail(world, Worker(store), EventStoreUnavailable)
    assert "m3" in world.message_ids()
    assert shown(world) == {"m1", "m2"}
    world.work()
    assert shown(world) == {"m1", "m2", "m3", "m4", "m5", "m6"}


def test_inserts_that_fail_again_and_again(world: World) -> None:
    fill(world)
    store = FailingStore(world.store, EventStoreError("too many parts"))
    worker = Worker(store)
    for number in (3, 1, 2, 3):
        store.fails_at, store.after = number, number != 2
        fail(world, worker, EventStoreError)
    world.work(worker)
    check(world)


@pytest.mark.parametrize("step", steps.STEPS, ids=lambda step: step.__name__)
def test_a_connection_that_breaks_after_a_step(world: World, step: steps.Step, monkeypatch: pytest.MonkeyPatch) -> None:
    """The SQL store goes away in the middle of the transaction: the connection is closed under the pipeline's hands."""
    fill(world)

    def breaking(batch: Batch, cursor: CursorWrapper) -> None:
        step(batch, cursor)
        assert connection.connection is not None
        connection.connection.close()

    broken = tuple(breaking if one is step else one for one in steps.STEPS)
    with monkeypatch.context() as patch:
        patch.setattr(steps, "STEPS", broken)
        with pytest.raises(Exception, match=r"(?i)closed"):
            world.worker.work()
    connections.close_all()
    world.work()
    check(world)


def test_a_commit_that_fails(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is in the event store, and then the SQL store does not take the transaction."""
    fill(world)

    def refuse(*_: Any) -> None:
        raise OperationalError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(type(connections["default"]), "_commit", refuse)
        with pytest.raises(OperationalError, match="disk full"):
            world.worker.work()
    assert len(world.message_ids()) == 5
    connections.close_all()
    world.work()
    check(world)


def test_a_crash_after_the_commit(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The batch is done but its rows are still in the inbox: the next worker takes them away and leaves it at that."""
    fill(world)

    def crash(position: int) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(inbox, "remove_through", crash)
        with pytest.raises(KeyboardInterrupt):
            world.worker.work()
    assert len(inbox.read_after(0, 10)) == 2
    assert world.work(Worker(world.store)) == 0
    check(world)


def _state() -> PipelineState:
    return PipelineState.objects.get(id=1)


def test_recovery_removes_what_was_not_committed_and_nothing_else(world: World) -> None:
    world.process(track("m1"), track("m1"))
    batch = _state().batch
    row = {"workspace_id": world.workspace_id, "received_at": 1_793_620_800.5}
    world.store.insert("messages", [{**row, "batch": batch + 1, "message_id": "half", "timestamp": 1.0}])
    world.store.insert("refusals", [{**row, "batch": batch + 1, "message_id": "half"}])
    world.store.insert("exposures", [{**row, "batch": batch + 1, "visitor": "half", "timestamp": 1.0}])
    world.store.insert(
        "merges",
        [{"workspace_id": world.workspace_id, "batch": batch + 1, "loser_id": 2, "winner_id": 1, "merged_at": 1.0}],
    )
    assert world.work(Worker(world.store)) == 0
    assert world.message_ids() == ["m1"]
    assert [one.message_id for one in world.refusals()] == ["m1"]
    assert (world.exposures(), world.merges()) == ([], {})
    world.process(track("m2"))
    [later] = world.messages(message_id="m2")
    assert later.batch > batch + 1, "the number of what was removed is not used again"


class LateStore(FailingStore):
    """A store in another process: the insert that fails is stored all the same, when `arrive` is called."""

    embedded = False

    def __init__(self, store: EventStore, error: Exception) -> None:
        super().__init__(store, error)
        self._late: list[tuple[str, Any]] = []

    def insert(self, table: str, rows: Any) -> None:
        if self.fails_at == 1:
            self._late.append((table, rows))
        super().insert(table, rows)

    def arrive(self) -> None:
        for table, rows in self._late:
            super().insert(table, rows)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_an_insert_that_arrives_after_it_was_given_up(
    world: World, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The batch has been processed again by then, and another one after it."""
    monkeypatch.setattr(worker_module, "GIVEN_UP_EVERY_SECONDS", -1.0)
    fill(world)
    store = LateStore(world.store, EventStoreUnavailable("no answer in time"))
    store.fails_at = number
    worker = Worker(store)
    fail(world, worker, EventStoreUnavailable)
    world.work(worker)
    check(world)
    store.arrive()
    if number != 2:  # A merge that came twice says the same.
        assert (len(world.message_ids()), len(world.refusals())) != (5, 2)
    world.work(Worker(store) if number == 2 else worker)
    check(world)


def test_what_was_given_up_long_ago_is_not_looked_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        recover(world.store)
    assert len(progress.given_up_lately(_state())) == 3
    monkeypatch.setattr(progress, "GIVEN_UP_MS", -1)
    recover(world.store)
    assert progress.given_up_lately(_state()) == []
    assert _state().given_up.count("[") == 2, "only the newest is kept"


def test_a_worker_without_the_lease_does_no_harm(world: World) -> None:
    """One that was cut off and does not know it: another has worked on the same rows meanwhile."""
    fill(world)
    state, entries = _state(), inbox.read_after(_state().inbox_position, 10)
    late = Worker(world.store)
    late._snapshot = faulty_snapshot(lambda message: False)
    world.work(Worker(world.store))
    with pytest.raises(LeaseLost):
        late._process(entries, state)
    with pytest.raises(LeaseLost):
        late._process_around_faults(entries, state)
    check(world)


# ── Faults of our own ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def poisoned(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Mutiny's `take` raises for events that begin with `Poison`."""
    snapshot = faulty_snapshot(lambda message: message.event.startswith("Poison"))
    monkeypatch.setattr(worker_module, "newer_snapshot", lambda current: snapshot)
    return world


def test_a_poisonous_message_is_refused_and_its_neighbours_land(
    poisoned: World, caplog: pytest.LogCaptureFixture
) -> None:
    world = poisoned
    world.accept(*(track(f"a{n}", anonymousId="a1") for n in range(20)))
    world.accept(
        identify("b0", {"plan": "free"}, userId="u1", anonymousId="a1"),
        track("poison", "Poison", anonymousId="a1", properties={"kept": True}),
        identify("b1", {"plan": "paid"}, userId="u1"),
    )
    world.accept(*(track(f"c{n}", anonymousId="a1") for n in range(20)))
    assert world.work() == 1
    assert world.message_ids() == sorted([f"a{n}" for n in range(20)] + ["b0", "b1"] + [f"c{n}" for n in range(20)])
    [refused] = world.refusals()
    assert (refused.reason, '"messageId": "poison"' in refused.message) == ("internal_error", True)
    assert world.traits("user_id:u1") == {"plan": "paid"}
    assert len({message.profile_id for message in world.messages()}) == 1
    assert len({message.batch for message in world.messages()}) == 1
    assert "poisoned by Poison" in caplog.text


def test_several_poisonous_messages(poisoned: World) -> None:
    world = poisoned
    names = ["Poison" if n in {0, 3, 4, 9} else "Looked" for n in range(10)]
    world.process(*(track(f"m{n}", name) for n, name in enumerate(names)))
    assert world.message_ids() == [f"m{n}" for n in (1, 2, 5, 6, 7, 8)]
    assert [one.reason for one in world.refusals()] == ["internal_error"] * 4
    world.process(track("later"))
    assert "later" in world.message_ids()


def test_around_a_fault_the_order_and_the_duplicates_are_the_same(poisoned: World) -> None:
    """A merge chain, a duplicate and a message without an id, spread over the parts that the batch falls into."""
    world = poisoned
    email = {"email": "jo@x.example"}
    world.accept(
        track("m1", anonymousId="a1"),
        track("m2", anonymousId="a2"),
        track("m3", anonymousId="a3"),
        identify("m4", email, anonymousId="a3"),
        track("poison1", "Poison", anonymousId="a1"),
        identify("m5", email, anonymousId="a2"),
        track("m1", anonymousId="a1"),
        {"type": "track", "event": "Looked", "anonymousId": "a1"},
        identify("m6", email, anonymousId="a1"),
        track("poison2", "Poison", anonymousId="a1"),
    )
    world.work()
    assert [one for one in world.message_ids() if one.startswith("m")] == ["m1", "m2", "m3", "m4", "m5", "m6"]
    assert len(world.message_ids()) == 7
    assert sorted(one.reason for one in world.refusals()) == ["duplicate_message", "internal_error", "internal_error"]
    one, two, three = sorted(Profile.objects.values_list("id", flat=True))
    assert world.merges() == {two: one, three: one}
    assert set(world.profile("email:jo@x.example").ids) == {one, two, three}
    assert PipelineState.objects.get().next_profile_id == three + 1


def test_a_store_that_fails_while_a_fault_is_isolated(poisoned: World) -> None:
    world = poisoned
    world.accept(track("m1"), track("poison", "Poison"), track("m2"))
    store = FailingStore(world.store, EventStoreUnavailable("the server is gone"))
    worker = Worker(store)
    worker._snapshot = world.worker._snapshot
    store.fails_at, store.after = 1, True
    with pytest.raises(EventStoreUnavailable):
        worker.work()
    world.work(worker)
    assert world.message_ids() == ["m1", "m2"]
    assert [one.reason for one in world.refusals()] == ["internal_error"]


@pytest.mark.parametrize(
    "statement",
    ["SELECT no_such_column FROM seen_message", "INSERT INTO pipeline_pipelinestate (id) VALUES (1)"],
    ids=["wrong-statement", "broken-constraint"],
)
def test_a_statement_that_the_store_refuses_is_a_fault_too(
    world: World, statement: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be refused for ever: trying again must not hold up everything behind it."""

    def broken(batch: Batch, cursor: CursorWrapper) -> None:
        if any(traveller.message.event == "Poison" for traveller in batch.travellers):
            cursor.execute(statement)

    monkeypatch.setattr(steps, "STEPS", (*steps.STEPS, broken))
    if connection.vendor == "sqlite" and "no_such_column" in statement:
        # SQLite calls this an OperationalError, as it does a full disk, so that it is tried again.
        world.accept(track("m1", "Poison"))
        with pytest.raises(OperationalError):
            world.worker.work()
        return
    world.process(track("m1"), track("m2", "Poison"), track("m3"))
    assert world.message_ids() == ["m1", "m3"]
    assert [one.reason for one in world.refusals()] == ["internal_error"]


def test_a_fault_that_no_refusal_avoids_keeps_everything_in_the_inbox(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(batch: Batch, cursor: CursorWrapper) -> None:
        raise ZeroDivisionError("always")

    world.accept(track("m1"), track("m2"))
    with monkeypatch.context() as patch:
        patch.setattr(steps, "STEPS", (broken,))
        with pytest.raises(ZeroDivisionError):
            world.worker.work()
    assert (world.message_ids(), world.refusals()) == ([], [])
    world.work()
    assert world.message_ids() == ["m1", "m2"]
