"""Looking at messages, refusals, timelines and activity."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from eventstore.rows import START, fresh_workspace, message, refusal
from pitcairn.eventstore import EventName, EventStore, SourceActivity

FIRST = datetime.fromtimestamp(START, UTC)


def ids(found: list) -> list[str]:  # type: ignore[type-arg]
    return [entry.message_id for entry in found]


def test_newest_first_and_no_more_than_the_limit(store: EventStore, workspace_id: int) -> None:
    store.insert(
        "messages",
        [message(workspace_id, message_id=str(n), profile_id=n % 3, received_at=START + n) for n in range(20)],
    )
    assert ids(store.messages(workspace_id)) == [str(n) for n in reversed(range(20))]
    assert ids(store.messages(workspace_id, limit=3)) == ["19", "18", "17"]
    assert store.messages(fresh_workspace()) == []


def test_pages_meet_without_a_gap_or_a_repetition(store: EventStore, workspace_id: int) -> None:
    # Over years, so that every span that the store looks through in turn has some.
    now = time.time()
    ages = [
        -3600.0,
        0,
        60,
        3599,
        3600,
        3601,
        80_000,
        86_400,
        90_000,
        30 * 86_400,
        31 * 86_400,
        32 * 86_400,
        800 * 86_400,
    ]
    received = {str(n): round(now - age, 3) for n, age in enumerate(ages)}
    rows = [message(workspace_id, message_id=key, received_at=at) for key, at in received.items()]
    store.insert("messages", rows)
    assert ids(store.messages(workspace_id)) == list(received)
    seen: list[str] = []
    before = None
    while page := store.messages(workspace_id, limit=2, before=before):
        assert len(page) <= 2
        seen += ids(page)
        before = page[-1].received_at
    assert seen == list(received)


def test_after_is_included_and_before_is_not(store: EventStore, workspace_id: int) -> None:
    store.insert("messages", [message(workspace_id, message_id=str(n), received_at=START + n / 1000) for n in range(4)])
    after, before = FIRST + timedelta(milliseconds=1), FIRST + timedelta(milliseconds=3)
    assert ids(store.messages(workspace_id, after=after, before=before)) == ["2", "1"]
    assert ids(store.messages(workspace_id, after=before)) == ["3"]
    assert ids(store.messages(workspace_id, before=after)) == ["0"]
    assert store.messages(workspace_id, after=before, before=after) == []


def test_filters_of_messages(store: EventStore, workspace_id: int) -> None:
    store.insert(
        "messages",
        [
            message(workspace_id, message_id="a", source_id=1, received_at=START, properties='{"plan":"Größe XL"}'),
            message(workspace_id, message_id="b", source_id=2, received_at=START + 1, type="page", event="Pricing"),
            message(
                workspace_id, message_id="c", source_id=2, received_at=START + 2, traits='{"email":"ada@example.com"}'
            ),
            message(
                workspace_id,
                message_id="d",
                source_id=1,
                received_at=START + 3,
                context='{"ip":"192.0.2.7"}',
                user_id="U7",
            ),
        ],
    )
    assert ids(store.messages(workspace_id, source_id=2)) == ["c", "b"]
    assert ids(store.messages(workspace_id, type="page")) == ["b"]
    assert ids(store.messages(workspace_id, message_id="c")) == ["c"]
    assert ids(store.messages(workspace_id, source_id=1, type="track", message_id="d")) == ["d"]
    assert store.messages(workspace_id, source_id=1, message_id="c") == []
    for search, found in [
        ("pricing", ["b"]),
        ("GRÖSSE", []),
        ("größe", ["a"]),
        ("ADA@EXAMPLE", ["c"]),
        ("192.0.2", ["d"]),
        ("u7", ["d"]),
        ("demo req", ["d", "c", "a"]),
        ("%", []),
    ]:
        assert ids(store.messages(workspace_id, search=search)) == found, search


def test_filters_of_refusals(store: EventStore, workspace_id: int) -> None:
    store.insert(
        "refusals",
        [
            refusal(workspace_id, message_id="a", received_at=START),
            refusal(workspace_id, message_id="b", received_at=START + 1, reason="too_large", source_id=2),
            refusal(workspace_id, message_id="c", received_at=START + 2, type="identify", message='{"x":"Needle"}'),
        ],
    )
    assert ids(store.refusals(workspace_id)) == ["c", "b", "a"]
    assert ids(store.refusals(workspace_id, limit=1)) == ["c"]
    assert ids(store.refusals(workspace_id, reason="too_large")) == ["b"]
    assert ids(store.refusals(workspace_id, reason="no_id", type="identify")) == ["c"]
    assert ids(store.refusals(workspace_id, source_id=2)) == ["b"]
    assert ids(store.refusals(workspace_id, message_id="a")) == ["a"]
    assert ids(store.refusals(workspace_id, search="needle")) == ["c"]
    assert ids(
        store.refusals(workspace_id, after=FIRST + timedelta(seconds=1), before=FIRST + timedelta(seconds=2))
    ) == ["b"]


def test_a_timeline_is_of_its_profiles_by_their_own_time(store: EventStore, workspace_id: int) -> None:
    store.insert(
        "messages",
        [
            message(workspace_id, message_id="a", profile_id=1, timestamp=START + 3, received_at=START),
            message(workspace_id, message_id="b", profile_id=2, timestamp=START + 1, received_at=START + 9),
            message(workspace_id, message_id="c", profile_id=3, timestamp=START + 2),
            message(workspace_id, message_id="d", profile_id=2**64 - 1, timestamp=START + 4),
            message(fresh_workspace(), message_id="e", profile_id=1),
        ],
    )
    assert ids(store.timeline(workspace_id, [1, 2])) == ["a", "b"]
    assert ids(store.timeline(workspace_id, [2**64 - 1, 3, 77])) == ["d", "c"]
    assert ids(store.timeline(workspace_id, [1, 2, 3], limit=2)) == ["a", "c"]
    assert store.timeline(workspace_id, []) == []


def test_source_activity(store: EventStore, workspace_id: int) -> None:
    now = round(time.time(), 3)
    store.insert(
        "messages",
        [
            message(workspace_id, source_id=1, received_at=now - 60),
            message(workspace_id, source_id=1, received_at=now - 86_400 + 60),
            message(workspace_id, source_id=1, received_at=now - 86_400 - 60),
            message(workspace_id, source_id=2, received_at=now - 40 * 86_400),
        ],
    )
    store.insert(
        "refusals",
        [
            refusal(workspace_id, source_id=1, received_at=now - 10),
            refusal(workspace_id, source_id=1, received_at=now - 90_000),
            refusal(workspace_id, source_id=3, received_at=now - 90_000),
        ],
    )
    at = lambda seconds: datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=round(seconds * 1000))  # noqa: E731
    assert store.source_activity(workspace_id) == {
        1: SourceActivity(last_received_at=at(now - 10), messages_24h=2, refused_24h=1),
        2: SourceActivity(last_received_at=at(now - 40 * 86_400), messages_24h=0, refused_24h=0),
        3: SourceActivity(last_received_at=at(now - 90_000), messages_24h=0, refused_24h=0),
    }
    assert store.source_activity(fresh_workspace()) == {}


def test_event_names_are_of_track_messages_most_frequent_first(store: EventStore, workspace_id: int) -> None:
    events = ["Signed Up", "Demo Requested", "Demo Requested", "Archived", "Mutiny Experience Viewed"]
    rows = [message(workspace_id, event=event, delivered_to=[]) for event in events]
    store.insert("messages", [*rows, message(workspace_id, type="page", event="Pricing")])
    assert store.event_names(workspace_id) == [
        EventName(event="Demo Requested", count=2),
        EventName(event="Archived", count=1),
        EventName(event="Mutiny Experience Viewed", count=1),
        EventName(event="Signed Up", count=1),
    ]
    assert [name.event for name in store.event_names(workspace_id, limit=2)] == ["Demo Requested", "Archived"]


def test_any_search_text_is_only_text(store: EventStore, workspace_id: int) -> None:
    store.insert("messages", [message(workspace_id)])
    for search in ["'", "\\", "' OR 1 = 1 --", "{workspace_id:UInt32}", "%", "_", "\x00", "🦊" * 500]:
        assert store.messages(workspace_id, search=search) == []
        assert store.refusals(workspace_id, search=search, reason=search) == []


@pytest.mark.parametrize("limit", [0, 1, 1000])
def test_limits(store: EventStore, workspace_id: int, limit: int) -> None:
    store.insert("messages", [message(workspace_id, message_id=str(n)) for n in range(3)])
    assert len(store.messages(workspace_id, limit=limit)) == min(3, limit)
