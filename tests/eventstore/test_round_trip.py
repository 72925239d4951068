"""What goes in comes out, field for field, over the embedded engine and over the wire."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventstore.rows import START, fresh_workspace, message, refusal
from pitcairn.eventstore import EventStore, EventStoreError

HOSTILE = [
    "",
    " ",
    'O\'Hara "quoted" `ticked` \\ back\\slashed',
    "line\nline\r\nline\ttab\x00nul\x07\x1b[0m",
    "\\N",
    "NULL",
    "\\x00\\n\\'",
    "'; DROP TABLE messages; --",
    "{name:String} %s %(name)s $1 ? {}",
    "FORMAT Null",
    "日本語 🦊 \u202e \u2028 \ufeff \U0010ffff e\u0301",
    "x" * 100_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_come_back_and_are_found(store: EventStore, workspace_id: int, text: str) -> None:
    properties = {text or "empty": text, "nested": [{"a": text}]}
    row = message(
        workspace_id,
        event=text,
        message_id=text,
        user_id=text,
        anonymous_id=text,
        delivered_to=[text, "mutiny"],
        properties=json.dumps(properties),
        filtered=json.dumps({"some-destination": text}),
    )
    store.insert("messages", [row, message(workspace_id, message_id="another", properties='{"text":"plain"}')])
    [found] = [m for m in store.messages(workspace_id) if m.message_id == text]
    assert (found.event, found.user_id, found.anonymous_id) == (text, text, text)
    assert found.delivered_to == [text, "mutiny"]
    assert found.properties == properties
    assert found.filtered == {"some-destination": text}
    if text.strip() and len(text) < 1000:
        assert [m.message_id for m in store.messages(workspace_id, message_id=text)] == [text]
        assert [m.message_id for m in store.messages(workspace_id, search=text)] == [text]
    assert (text, 1) in [(name.event, name.count) for name in store.event_names(workspace_id)]


def test_a_message_comes_back_in_segments_spelling(store: EventStore, workspace_id: int) -> None:
    properties = {
        "revenue": 12.5,
        "whole": 3,
        "big": 2**63,
        "none": None,
        "empty": {},
        "list": [],
        "dotted.key": {"a.b": 1},
        "": "no name",
        "deep": [[[{"x": [None, True, False]}]]],
        "timestamp": "2020-01-01",
        "large": "y" * 32_000,
    }
    context = {"page": {"url": "https://example.com/?a=1&b=ü"}, "library": {"name": "analytics.js"}}
    extra = {"version": 1, "channel": "browser", "groupId": None, "_metadata": {"bundled": []}}
    row = message(
        workspace_id,
        user_id="user-1",
        timestamp=1_772_323_200.001,
        original_timestamp=1_772_323_199.999,
        sent_at="2026-03-01T00:00:00.250Z",
        received_at=1_772_323_201,
        context=json.dumps(context),
        integrations='{"All":true,"Mutiny":{"x":1}}',
        properties=json.dumps(properties),
        extra=json.dumps(extra),
        retry_count=2,
    )
    store.insert("messages", [row])
    [found] = store.messages(workspace_id)
    assert found.as_segment() == {
        **extra,
        "type": "track",
        "event": "Demo Requested",
        "messageId": "message-1",
        "userId": "user-1",
        "anonymousId": "anonymous-1",
        "timestamp": "2026-03-01T00:00:00.001Z",
        "originalTimestamp": "2026-02-28T23:59:59.999Z",
        "sentAt": "2026-03-01T00:00:00.250Z",
        "receivedAt": "2026-03-01T00:00:01.000Z",
        "context": context,
        "integrations": {"All": True, "Mutiny": {"x": 1}},
        "properties": properties,
    }
    assert found.retry_count == 2
    assert store.timeline(workspace_id, [1]) == [found]


def test_what_the_sender_left_out_stays_out(store: EventStore, workspace_id: int) -> None:
    rows = [
        message(workspace_id, message_id="identify", type="identify", event="", traits='{"plan":null}'),
        message(workspace_id, message_id="page", type="page", event="Pricing", anonymous_id="", user_id="u"),
        message(workspace_id, message_id="empty", event="", properties="{}", context="{}"),
    ]
    store.insert("messages", rows)
    times = {"timestamp": "2026-03-01T00:00:00.000Z", "receivedAt": "2026-03-01T00:00:00.000Z"}
    sender = {"anonymousId": "anonymous-1"}
    by_id = {m.message_id: m.as_segment() for m in store.messages(workspace_id)}
    assert by_id == {
        "identify": {"type": "identify", "messageId": "identify", **sender, "traits": {"plan": None}, **times},
        "page": {"type": "page", "messageId": "page", "name": "Pricing", "userId": "u", **times},
        "empty": {"type": "track", "messageId": "empty", **sender, "properties": {}, "context": {}, **times},
    }


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
milliseconds = st.integers(0, 4_102_444_800_000)


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=st.data())
def test_any_message_comes_back(store: EventStore, data: st.DataObject) -> None:
    workspace_id = fresh_workspace()
    properties = st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), json_values, max_size=4)
    sent: dict[str, dict[str, Any]] = {}
    for number in range(data.draw(st.integers(1, 8))):
        row = message(
            workspace_id,
            message_id=f"{number}",
            type=data.draw(st.sampled_from(["track", "identify", "page", "screen", "group", "alias"])),
            event=data.draw(texts),
            user_id=data.draw(texts),
            anonymous_id=data.draw(texts),
            timestamp=data.draw(milliseconds) / 1000,
            original_timestamp=data.draw(st.none() | milliseconds.map(lambda ms: ms / 1000)),
            received_at=START + number / 1000,
            properties=json.dumps(data.draw(properties), ensure_ascii=data.draw(st.booleans())),
        )
        sent[row["message_id"]] = row
    store.insert("messages", list(sent.values()))
    found = store.messages(workspace_id)
    assert [m.message_id for m in found] == [str(number) for number in reversed(range(len(sent)))]
    for m in found:
        row = sent[m.message_id]
        assert (m.type, m.event, m.user_id, m.anonymous_id) == (
            row["type"], row["event"], row["user_id"], row["anonymous_id"],
        )  # fmt: skip
        assert m.properties == json.loads(row["properties"])
        assert m.timestamp == _time(row["timestamp"])
        assert m.original_timestamp == (None if row["original_timestamp"] is None else _time(row["original_timestamp"]))


def _time(seconds: float) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=round(seconds * 1000))


@pytest.mark.parametrize(
    ("given_time", "stored"),
    [
        (1_772_323_200.123, "2026-03-01T00:00:00.123000+00:00"),
        (1_772_323_200, "2026-03-01T00:00:00+00:00"),
        (0, "1970-01-01T00:00:00+00:00"),
        (0.001, "1970-01-01T00:00:00.001000+00:00"),
        (-1.5, "1969-12-31T23:59:58.500000+00:00"),
        (253_402_300_799.999, "9999-12-31T23:59:59.999000+00:00"),
        ("2026-03-01T00:00:00.123Z", "2026-03-01T00:00:00.123000+00:00"),
        ("2026-03-01T00:00:00Z", "2026-03-01T00:00:00+00:00"),
        ("2026-03-01T02:00:00.123456+02:00", "2026-03-01T00:00:00.123000+00:00"),
        (datetime(2026, 3, 1, 0, 0, 0, 123_000, tzinfo=UTC), "2026-03-01T00:00:00.123000+00:00"),
        (datetime(2026, 3, 1, 5, 30, tzinfo=timezone(timedelta(hours=5, minutes=30))), "2026-03-01T00:00:00+00:00"),
    ],
)
def test_times_keep_their_milliseconds(
    store: EventStore, workspace_id: int, given_time: float | str | datetime, stored: str
) -> None:
    store.insert("messages", [message(workspace_id, timestamp=given_time, sent_at=given_time)])
    [found] = store.messages(workspace_id)
    assert found.timestamp.isoformat() == stored
    assert found.sent_at is not None
    assert found.sent_at.isoformat() == stored


def test_every_millisecond_of_a_second(store: EventStore, workspace_id: int) -> None:
    store.insert(
        "messages",
        [
            message(workspace_id, message_id=str(ms), timestamp=(1_772_323_200_000 + ms) / 1000, received_at=START)
            for ms in range(1000)
        ],
    )
    found = {m.message_id: m.timestamp.microsecond for m in store.messages(workspace_id, limit=2000)}
    assert found == {str(ms): ms * 1000 for ms in range(1000)}


def test_a_refusal_comes_back(store: EventStore, workspace_id: int) -> None:
    raw = '{"type":"track","properties":"\\u0000 ünï \U0001f98a"' + "\n" * 3
    store.insert("refusals", [refusal(workspace_id, message=raw, detail='it\'s not JSON: "x"')])
    [found] = store.refusals(workspace_id)
    assert (found.message, found.detail, found.reason) == (raw, 'it\'s not JSON: "x"', "no_id")
    assert found.received_at == datetime(2026, 3, 1, tzinfo=UTC)
    assert store.messages(workspace_id) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"no_such_column": 1}, "no_such_column"),
        ({"timestamp": "soon"}, "timestamp"),
        ({"timestamp": None}, "timestamp"),
        ({"workspace_id": -1}, "workspace_id"),
        ({"delivered_to": "mutiny"}, "delivered_to"),
    ],
)
def test_a_wrong_row_is_an_error_and_stores_nothing(
    store: EventStore, workspace_id: int, change: dict[str, Any], says: str
) -> None:
    with pytest.raises(EventStoreError, match=says):
        store.insert("messages", [message(workspace_id), {**message(workspace_id), **change}])
    assert store.messages(workspace_id) == []


def test_only_the_schemas_tables_take_rows(store: EventStore) -> None:
    with pytest.raises(
        EventStoreError, match="'events'; the event store's tables are accounts, deliveries, exposures, memberships"
    ):
        store.insert("events", [{}])


def test_no_rows_is_no_insert(store: EventStore, workspace_id: int) -> None:
    store.insert("messages", [])
    assert store.messages(workspace_id) == []
