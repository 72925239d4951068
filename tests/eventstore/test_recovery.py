"""Batches, forgetting them after a crash, and the sizes of tables."""

import threading

from eventstore.rows import exposure, merge, message, refusal, vitals
from pitcairn.eventstore import EventStore, GoalQuery, ResultsQuery


def insert_batch(store: EventStore, workspace_id: int, batch: int) -> None:
    store.insert("messages", [message(workspace_id, batch=batch, message_id=str(batch))])
    store.insert("refusals", [refusal(workspace_id, batch=batch, message_id=str(batch))])
    store.insert("exposures", [exposure(workspace_id, batch=batch, visitor=str(batch))])
    store.insert("vitals", [vitals(workspace_id, batch=batch)])
    store.insert("merges", [merge(workspace_id, batch, batch + 1, batch=batch)])


def batches(store: EventStore, workspace_id: int) -> list[set[int]]:
    query = ResultsQuery(workspace_id=workspace_id, experience_id=1, goals=())
    return [
        {m.batch for m in store.messages(workspace_id)},
        {r.batch for r in store.refusals(workspace_id)},
        {sum(cell.units for cell in store.results(query) if cell.kind == "browser")},
        {name.count for name in store.event_names(workspace_id)},
    ]


def test_forgetting_takes_the_later_batches_from_every_table(store: EventStore, workspace_id: int) -> None:
    last = store.last_batch()
    before = store.totals()
    for batch in range(last + 1, last + 4):
        insert_batch(store, workspace_id, batch)
    assert store.last_batch() == last + 3
    store.forget_batches_after(last + 1)
    assert store.last_batch() == last + 1
    assert batches(store, workspace_id) == [{last + 1}, {last + 1}, {1}, {1}]
    store.forget_batches_after(last)
    assert store.last_batch() == last
    assert batches(store, workspace_id) == [set(), set(), {0}, set()]
    assert [(total.table, total.rows) for total in store.totals()] == [(total.table, total.rows) for total in before]


def test_forgetting_some_batches_leaves_the_others(store: EventStore, workspace_id: int) -> None:
    last = store.last_batch()
    for batch in range(last + 1, last + 4):
        insert_batch(store, workspace_id, batch)
    store.forget_batches([last + 1, last + 3, last + 9])
    assert batches(store, workspace_id) == [{last + 2}, {last + 2}, {1}, {1}]
    store.forget_batches([])
    assert batches(store, workspace_id) == [{last + 2}, {last + 2}, {1}, {1}]


def test_forgetting_nothing_changes_nothing(store: EventStore, workspace_id: int) -> None:
    insert_batch(store, workspace_id, 1)
    before = store.totals()
    store.forget_batches_after(store.last_batch())
    store.forget_batches_after(2**63)
    assert [total.rows for total in store.totals()] == [total.rows for total in before]
    assert [m.batch for m in store.messages(workspace_id)] == [1]


def test_a_forgotten_batch_can_be_written_again_to_the_byte(store: EventStore, workspace_id: int) -> None:
    last = store.last_batch()
    for _ in range(2):
        insert_batch(store, workspace_id, last + 1)
        assert batches(store, workspace_id) == [{last + 1}, {last + 1}, {1}, {1}]
        store.forget_batches_after(last)
        assert batches(store, workspace_id) == [set(), set(), {0}, set()]


def test_the_last_row_of_a_loser_in_a_batch_holds(store: EventStore, workspace_id: int) -> None:
    store.insert("exposures", [exposure(workspace_id, profile_id=1)])
    store.insert("messages", [message(workspace_id, anonymous_id="", profile_id=7)])
    pairs = [(1, 5), (1, 6), (1, 7), (5, 6), (5, 7), (6, 7)]
    store.insert("merges", [merge(workspace_id, loser, winner, batch=3) for loser, winner in pairs])
    query = ResultsQuery(workspace_id=workspace_id, experience_id=1, goals=(GoalQuery(event="Demo Requested"),))
    assert store.results(query)[0].converted == 1


def test_totals_count_what_is_there(store: EventStore, workspace_id: int) -> None:
    before = {total.table: total for total in store.totals()}
    store.insert("messages", [message(workspace_id, message_id=str(n), type="identify") for n in range(50)])
    after = {total.table: total for total in store.totals()}
    assert list(after) == [
        "messages",
        "refusals",
        "exposures",
        "vitals",
        "merges",
        "events",
        "profile_events",
        "deliveries",
        "people",
        "accounts",
        "memberships",
    ]
    assert after["messages"].rows == before["messages"].rows + 50
    assert after["events"].rows == before["events"].rows
    assert after["messages"].bytes > 0


def test_many_threads_at_once(store: EventStore, workspace_id: int) -> None:
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(2):
                store.insert("messages", [message(workspace_id, message_id=f"{number}-{turn}-{n}") for n in range(10)])
                assert len(store.messages(workspace_id, limit=1000)) >= 10
                store.event_names(workspace_id)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=[number]) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len({m.message_id for m in store.messages(workspace_id, limit=1000)}) == 120
