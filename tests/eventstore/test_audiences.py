"""What the event store tells about people, as the live engine asks it: the answers themselves are compared with those in
memory in tests/conditions/test_sql.py."""

import json
from typing import Any

import pytest

from eventstore.rows import START, account, membership, merge, message, person
from pitcairn.conditions import parse
from pitcairn.conditions.crossings import Crossing
from pitcairn.conditions.parsing import parse_measure
from pitcairn.eventstore import EventStore, Question

START_MS = int(START * 1000)
DAY_MS = 86_400_000
NOW_MS = START_MS + DAY_MS
DONE = {"event": "Demo Requested", "window": {"oldest": {"amount": 30, "unit": "days"}}}


def asked(condition: dict[str, Any], **options: Any) -> Question:
    return Question(condition=parse(condition), **options)


def answers(store: EventStore, workspace_id: int, question: Question, **options: Any) -> list[int]:
    found = store.members(workspace_id, [question], options.pop("now_ms", NOW_MS), **options)
    return sorted(found[0].tolist())


def put(store: EventStore, table: str, *rows: dict[str, Any]) -> None:
    store.insert(table, rows)


def test_members_are_known_people_unless_anonymous_ones_are_asked_for(store: EventStore, workspace_id: int) -> None:
    put(store, "people", person(workspace_id, 1), person(workspace_id, 2, identified=False))
    put(store, "messages", message(workspace_id, profile_id=1), message(workspace_id, profile_id=2))
    assert answers(store, workspace_id, asked(DONE)) == [1]
    assert answers(store, workspace_id, asked(DONE, anonymous=True)) == [1, 2]


def test_who_did_nothing_is_asked_too(store: EventStore, workspace_id: int) -> None:
    put(store, "people", person(workspace_id, 1), person(workspace_id, 2))
    put(store, "messages", message(workspace_id, profile_id=1))
    assert answers(store, workspace_id, asked({"not": DONE})) == [2]
    assert answers(store, workspace_id, asked({}), profile_ids=[2, 7]) == [2]


def test_events_received_before_history_begins_do_not_count(store: EventStore, workspace_id: int) -> None:
    put(store, "people", person(workspace_id, 1), person(workspace_id, 2))
    put(
        store,
        "messages",
        message(workspace_id, profile_id=1, received_at=START + 4),
        message(workspace_id, profile_id=2, received_at=START + 5),
    )
    for among in (None, [1, 2]):
        question = asked(DONE, since_ms=START_MS + 5000)
        assert answers(store, workspace_id, question, profile_ids=among) == [2]


def test_event_leaves_a_window_to_the_millisecond(store: EventStore, workspace_id: int) -> None:
    put(store, "people", person(workspace_id, 1))
    put(store, "messages", message(workspace_id, profile_id=1))
    last = START_MS + 30 * DAY_MS - 1
    assert answers(store, workspace_id, asked(DONE), now_ms=last) == [1]
    assert answers(store, workspace_id, asked(DONE), now_ms=last + 1) == []


@pytest.mark.parametrize("among", [None, [1, 2, 3], range(1, 4)])
def test_merged_profile_is_its_survivor_until_that_is_undone(
    store: EventStore, workspace_id: int, among: list[int] | range | None
) -> None:
    put(store, "people", person(workspace_id, 1), person(workspace_id, 2), person(workspace_id, 3))
    put(store, "messages", message(workspace_id, profile_id=2))
    put(store, "people", person(workspace_id, 2, batch=2, alive=False))
    put(store, "merges", merge(workspace_id, 2, 1, batch=2))
    assert answers(store, workspace_id, asked(DONE), profile_ids=among) == [1]
    put(store, "people", person(workspace_id, 2, batch=3))
    put(store, "merges", merge(workspace_id, 2, 2, batch=3))
    assert answers(store, workspace_id, asked(DONE), profile_ids=among) == [2]


def test_forgotten_batch_brings_back_who_people_were(store: EventStore, workspace_id: int) -> None:
    last = store.last_batch()
    pro = asked({"fact": "trait", "name": "plan", "operator": "equals", "value": "pro"})
    put(store, "people", person(workspace_id, 1, batch=last + 1, traits='{"plan":"pro"}'))
    put(store, "accounts", account(workspace_id, 1, batch=last + 1))
    put(store, "people", person(workspace_id, 1, batch=last + 2, traits='{"plan":"free"}'))
    assert answers(store, workspace_id, pro) == []
    store.forget_batches_after(last + 1)
    assert answers(store, workspace_id, pro) == [1]


def test_many_questions_are_answered_at_once(store: EventStore, workspace_id: int) -> None:
    put(store, "people", *(person(workspace_id, number, traits=json.dumps({"n": number})) for number in range(1, 151)))
    leaf = {"fact": "trait", "name": "n", "operator": "at_most"}
    questions = [asked({**leaf, "value": number}) for number in range(150)]
    found = store.members(workspace_id, questions, NOW_MS)
    assert [len(ids) for ids in found] == list(range(150))


def test_texts_of_conditions_are_never_sql(store: EventStore, workspace_id: int) -> None:
    texts = [
        "'",
        "\\",
        "\\'",
        "'); DROP TABLE people; --",
        "{a:String}",
        "%s",
        "\0",
        "\n",
        "ünï",
        "🙂",
        '"',
        "/",
        "\u2028",
    ]
    put(store, "people", *(person(workspace_id, n, traits=json.dumps({t: t})) for n, t in enumerate(texts, 1)))
    questions = [asked({"fact": "trait", "name": text, "operator": "equals", "value": text}) for text in texts]
    assert [ids.tolist() for ids in store.members(workspace_id, questions, NOW_MS)] == [
        [n + 1] for n in range(len(texts))
    ]
    questions = [
        asked({"event": text, "where": {"fact": "property", "name": text, "operator": "contains", "value": text}})
        for text in texts
    ]
    rows = [
        message(workspace_id, profile_id=n, event=t, properties=json.dumps({t: f"x{t}"}))
        for n, t in enumerate(texts, 1)
    ]
    put(store, "messages", *rows)
    assert [ids.tolist() for ids in store.members(workspace_id, questions, NOW_MS)] == [
        [n + 1] for n in range(len(texts))
    ]


def test_long_lists_are_looked_up(store: EventStore, workspace_id: int) -> None:
    put(store, "people", *(person(workspace_id, n, traits=json.dumps({"id": f"it's {n}"})) for n in (1, 9_999, 20_000)))
    values = [f"it's {number}" for number in range(10_000)]
    assert answers(
        store, workspace_id, asked({"fact": "trait", "name": "id", "operator": "one_of", "value": values})
    ) == [1, 9_999]
    assert answers(
        store, workspace_id, asked({"fact": "trait", "name": "id", "operator": "contains", "value": values[:300]})
    ) == [1, 9_999, 20_000]


def test_membership_is_what_the_highest_version_says(store: EventStore, workspace_id: int) -> None:
    put(store, "people", person(workspace_id, 1), person(workspace_id, 2))
    put(store, "memberships", membership(workspace_id, 4, 1), membership(workspace_id, 4, 2))
    put(store, "memberships", membership(workspace_id, 4, 2, version=2, member=False))
    inside = asked({"fact": "audience", "name": "vips", "operator": "equals", "value": True})
    for among in (None, [1, 2], range(1, 3)):
        assert answers(store, workspace_id, inside, audience_ids={"vips": 4}, profile_ids=among) == [1]
    assert answers(store, workspace_id, inside) == []


def test_preview_has_the_newest(store: EventStore, workspace_id: int) -> None:
    put(store, "people", *(person(workspace_id, number) for number in range(1, 30)))
    found = store.preview(workspace_id, asked({}), NOW_MS, sample=3)
    assert (found.size, found.profile_ids) == (29, [29, 28, 27])


def test_sizes_and_overlap(store: EventStore, workspace_id: int) -> None:
    for profile_id, audience_id in [(1, 1), (2, 1), (2, 2), (3, 2), (4, 2)]:
        put(store, "memberships", membership(workspace_id, audience_id, profile_id, version=1))
    put(store, "memberships", membership(workspace_id, 2, 4, version=2, member=False))
    assert store.audience_sizes(workspace_id, [1, 2, 3]) == {1: 2, 2: 2, 3: 0}
    assert store.overlap(workspace_id, [1, 2, 3]) == {(1, 1): 2, (2, 2): 2, (1, 2): 1}
    assert store.last_membership_version() >= 2


def test_changed_since_names_everybody_a_batch_touched(store: EventStore, workspace_id: int) -> None:
    last = store.last_batch()
    put(
        store,
        "messages",
        message(workspace_id, profile_id=1, batch=last + 1),
        message(workspace_id, profile_id=0, batch=last + 2),
    )
    put(store, "messages", message(workspace_id, profile_id=2, batch=last + 2))
    put(store, "people", person(workspace_id, 3, batch=last + 2))
    put(store, "merges", merge(workspace_id, 4, 5, batch=last + 2))
    put(store, "accounts", account(workspace_id, 6, batch=last + 2))
    assert sorted(store.changed_since(last + 1)[workspace_id]) == [2, 3, 4, 5]
    assert sorted(store.changed_since(last)[workspace_id]) == [1, 2, 3, 4, 5]
    assert store.changed_accounts_since(last + 1)[workspace_id] == [6]
    assert store.changed_since(last + 2) == {}
    store.forget_batches_after(last)


def test_crossing_names_whose_events_reach_an_age(store: EventStore, workspace_id: int) -> None:
    put(store, "merges", merge(workspace_id, 2, 5))
    put(
        store,
        "messages",
        *(message(workspace_id, profile_id=n, timestamp=START + n, message_id=str(n)) for n in (1, 2, 3)),
    )
    put(store, "messages", message(workspace_id, profile_id=2, timestamp=START + 2, type="page"))
    week = 7 * DAY_MS
    named = [Crossing("track", "Demo Requested", week)]
    reached = store.crossing(workspace_id, named, START_MS + week + 1000, START_MS + week + 3000)
    assert sorted(reached) == [(1, START_MS + week + 1000), (5, START_MS + week + 2000)]
    assert store.crossing(workspace_id, [Crossing("page", "", week)], START_MS, START_MS + 2 * week) == [
        (5, START_MS + week + 2000)
    ]
    assert store.crossing(workspace_id, [Crossing("track", "Other", week)], START_MS, START_MS + 2 * week) == []


def test_moment_crossing_names_whose_trait_is_reached(store: EventStore, workspace_id: int) -> None:
    put(store, "people", person(workspace_id, 1, traits='{"trial":{"ends":"2026-03-01T00:00:00Z"}}'))
    put(store, "people", person(workspace_id, 2, traits='{"trial.ends":"2026-03-01T01:00:00+01:00"}'))
    put(store, "people", person(workspace_id, 3, traits='{"trial.ends":"2026-03-01"}'))
    put(store, "accounts", account(workspace_id, 9, traits='{"trial.ends":"2026-02-28T00:00:00Z"}'))
    found = store.moment_crossing(workspace_id, [("trial.ends", DAY_MS)], START_MS + DAY_MS, START_MS + DAY_MS + 1)
    assert sorted(found) == [(1, START_MS + DAY_MS), (2, START_MS + DAY_MS)]
    assert store.moment_crossing(workspace_id, [("trial.ends", DAY_MS)], START_MS, START_MS + DAY_MS) == []
    of_accounts = store.moment_crossing(workspace_id, [("trial.ends", DAY_MS)], START_MS, START_MS + 1, accounts=True)
    assert of_accounts == [(9, START_MS)]


def test_history_is_newest_first_with_what_merged_profiles_did(store: EventStore, workspace_id: int) -> None:
    put(store, "merges", merge(workspace_id, 2, 1))
    put(
        store,
        "messages",
        message(workspace_id, profile_id=1, message_id="a", properties='{"n":1}'),
        message(workspace_id, profile_id=2, message_id="b", timestamp=START + 1, context='{"ip":"1.2.3.4"}'),
        message(workspace_id, profile_id=1, message_id="c", type="identify"),
        message(workspace_id, profile_id=3, message_id="d"),
    )
    found = store.history_of(workspace_id, [1, 4])
    assert [(event.message_id, event.timestamp) for event in found[1]] == [("b", START_MS + 1000), ("a", START_MS)]
    assert (found[1][1].properties, found[1][0].context, found[4]) == ({"n": 1}, {"ip": "1.2.3.4"}, [])
    assert [event.message_id for event in store.history_of(workspace_id, [1], limit=1)[1]] == ["b"]
    assert store.history_of(workspace_id, [1], since_ms=START_MS + 1)[1] == []


def test_computed_traits_of_accounts_are_over_all_users(store: EventStore, workspace_id: int) -> None:
    put(store, "accounts", account(workspace_id, 7), account(workspace_id, 8))
    put(store, "people", person(workspace_id, 1, accounts=[7, 8]), person(workspace_id, 2, accounts=[7]))
    put(
        store,
        "messages",
        *(
            message(workspace_id, profile_id=n, message_id=str(n), properties=json.dumps({"seats": n}))
            for n in (1, 2, 3)
        ),
    )
    total = parse_measure({"event": "Demo Requested", "measure": "sum", "property": "seats"})
    assert store.measures(workspace_id, [total], NOW_MS, account=True) == [{7: 3, 8: 1}]


def test_erased_people_are_nowhere(store: EventStore, workspace_id: int) -> None:
    for number in (1, 2):
        put(store, "people", person(workspace_id, number, traits='{"email":"ana@example.com"}'))
        put(store, "memberships", membership(workspace_id, 1, number))
        put(store, "messages", message(workspace_id, profile_id=number, properties='{"email":"ana@example.com"}'))
    store.erase(workspace_id, [1], [], START_MS)
    for table in ("people", "memberships", "messages", "events", "profile_events"):
        rows = store._rows(f"SELECT profile_id FROM {table} WHERE workspace_id = {workspace_id}", {})
        assert rows == [(2,)], table


def test_older_store_is_filled_from_its_messages(embedded_store: EventStore, workspace_id: int) -> None:
    """A store of a version that kept `track_events` instead."""
    put(embedded_store, "messages", message(workspace_id), message(workspace_id, type="page", message_id="2"))
    with embedded_store._connection.writing() as client:
        client.command("CREATE TABLE track_events (workspace_id UInt32) ENGINE = MergeTree ORDER BY workspace_id")
        client.command(f"DELETE FROM events WHERE workspace_id = {workspace_id}")
    before = {total.table: total.rows for total in embedded_store.totals()}
    embedded_store.migrate()
    after = {total.table: total.rows for total in embedded_store.totals()}
    assert after == {**before, "events": before["events"] + 2}
    rows = embedded_store._rows(f"SELECT type FROM events WHERE workspace_id = {workspace_id} ORDER BY type", {})
    assert rows == [("page",), ("track",)]
    embedded_store.migrate()
    assert {total.table: total.rows for total in embedded_store.totals()} == after
