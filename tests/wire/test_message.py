"""Reading one message: what is kept, what is refused and why, what the request adds."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitcairn.wire.limits import MESSAGE_BYTES, NESTING
from pitcairn.wire.message import Arrival, Message, Refusal, read_message
from pitcairn.wire.reasons import EXPLANATIONS, DropReason
from wire.naive import faults
from wire.strategies import TYPES, doubtful_messages, good_messages, json_values

RECEIVED = 1_769_860_800_000


def arrival(**given_: Any) -> Arrival:
    nothing: dict[str, Any] = {
        "received_at": RECEIVED, "sent_at": None, "type": "", "context": {}, "integrations": {}, "ip": "", "direct_ip": "",
    }  # fmt: skip
    return Arrival(**{**nothing, **given_})


def read(message: object, **given_: Any) -> Message | Refusal:
    text = message if isinstance(message, bytes) else json.dumps(message).encode()
    return read_message(text, arrival(**given_), "fallback")


def taken(message: object, **given_: Any) -> Message:
    found = read(message, **given_)
    assert isinstance(found, Message), found
    return found


@given(good_messages())
def test_a_good_message_is_kept_field_for_field(message: dict[str, Any]) -> None:
    found = taken(message)
    assert found.type == message["type"]
    assert found.message_id == (message.get("messageId") or "fallback")
    assert found.user_id == message.get("userId", "")
    assert found.anonymous_id == message.get("anonymousId", "")
    assert found.event == message.get("event" if found.type == "track" else "name", "")
    for name in ("properties", "traits", "context", "integrations"):
        assert getattr(found, name) == message.get(name)
    kept = {"groupId", "previousId", "name", "category", "own"} & set(message)
    assert found.extra == {name: message[name] for name in kept}
    assert found.received_at == RECEIVED


@given(doubtful_messages(), st.sampled_from(["", *TYPES]))
def test_a_message_is_refused_exactly_when_it_breaks_a_rule(message: dict[str, Any], from_path: str) -> None:
    text = json.dumps(message).encode()
    expected = faults(text, from_path)
    found = read(text, type=from_path)
    if expected:
        assert isinstance(found, Refusal)
        assert found.reason in expected
        assert found.detail
    else:
        assert isinstance(found, Message)


@given(
    st.binary(max_size=60) | json_values.map(lambda value: json.dumps(value).encode()), st.sampled_from(["", *TYPES])
)
def test_never_raises(text: bytes, from_path: str) -> None:
    found = read(text, type=from_path)
    assert isinstance(found, Refusal) == bool(faults(text, from_path))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b'{"type": "track", "event": "\xff"}', DropReason.MESSAGE_UNREADABLE),
        (b'{"type": "track", "event": "\xed\xa0\x80"}', DropReason.MESSAGE_UNREADABLE),
        (rb'{"type": "track", "event": "\ud800"}', DropReason.MESSAGE_UNREADABLE),
        (b'{"type": "track", "n": 1e999}', DropReason.MESSAGE_UNREADABLE),
        (b'{"type": "track", "n": ' + b"9" * 5_000 + b"}", DropReason.MESSAGE_UNREADABLE),
        (b"[" * 16_000 + b"]" * 16_000, DropReason.MESSAGE_UNREADABLE),
        (b"{}" + b" " * MESSAGE_BYTES, DropReason.MESSAGE_TOO_LARGE),
        (b"null", DropReason.MESSAGE_NOT_OBJECT),
        (b"[]", DropReason.MESSAGE_NOT_OBJECT),
        (b"{}", DropReason.TYPE_UNKNOWN),
        (b'{"type": "Track"}', DropReason.TYPE_UNKNOWN),
        (b'{"type": ["track"]}', DropReason.TYPE_UNKNOWN),
    ],
)
def test_what_cannot_be_read(text: bytes, reason: DropReason) -> None:
    found = read(text)
    assert isinstance(found, Refusal)
    assert found.reason == reason
    assert found.detail


def test_nesting_to_the_limit_and_beyond() -> None:
    def message(depth: int) -> bytes:
        return b'{"type":"track","userId":"u","event":"E","properties":{"a":' + b"[" * depth + b"]" * depth + b"}}"

    taken(message(NESTING - 2))
    found = read(message(NESTING - 1))
    assert isinstance(found, Refusal)
    assert found.reason == DropReason.MESSAGE_UNREADABLE
    assert str(NESTING) in found.detail


def test_many_shallow_lists_are_not_deep() -> None:
    taken(
        {"type": "track", "userId": "u", "event": "E", "properties": {"products": [{"sku": [n]} for n in range(1_000)]}}
    )


def test_a_refusal_tells_what_could_be_read() -> None:
    found = read({"type": "track", "userId": "u", "anonymousId": "a", "messageId": "m", "event": 5})
    assert found == Refusal(DropReason.EVENT_NOT_STRING, "event is 5", "track", "", "m", "u", "a")
    found = read({"userId": 7, "event": "E"}, type="track")
    assert found == Refusal(DropReason.ID_NOT_STRING, "userId is 7", "track", "E", "", "", "")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (5, "5"),
        ("", '""'),
        ("x" * 600, "a string of 602 characters"),
        ([], "a list"),
        ({}, "an object"),
        (True, "true"),
    ],
)
def test_a_refusal_shows_the_value(value: object, shown: str) -> None:
    found = read({"type": "track", "userId": value, "event": "E"})
    assert isinstance(found, Refusal)
    assert found.detail == f"userId is {shown}"


@pytest.mark.parametrize("name", ["type", "userId", "anonymousId", "event", "messageId"])
def test_a_refusal_can_be_stored_whatever_was_sent(name: str) -> None:
    """Texts short enough for their columns, and no text that is none."""
    for value in ("x" * 20_000, 5, None, ["x"], {"a": 1}, "a\0b"):
        found = read({"type": "track", "properties": 1, name: value})
        assert isinstance(found, Refusal)
        for text in (found.type, found.event, found.user_id, found.anonymous_id, found.message_id):
            assert isinstance(text, str)
            assert len(text) <= 500


GOOD = {"type": "track", "userId": "u", "event": "E"}


def test_the_type_may_come_from_the_path() -> None:
    assert taken({"userId": "u"}, type="identify").type == "identify"
    assert taken({"userId": "u", "type": "page"}, type="identify").type == "page"
    assert taken({"userId": "u", "type": ""}, type="identify").type == "identify"


@pytest.mark.parametrize("empty", [None, ""])
def test_a_message_without_an_id_is_given_one(empty: object) -> None:
    assert taken({**GOOD, "messageId": empty}).message_id == "fallback"
    assert taken(GOOD).message_id == "fallback"


def test_the_batchs_context_and_integrations_are_merged_and_the_messages_own_count() -> None:
    around = {"context": {"a": 1, "b": {"c": 2}}, "integrations": {"All": False}}
    assert taken(GOOD, **around).context == {"a": 1, "b": {"c": 2}}
    assert taken(GOOD, **around).integrations == {"All": False}
    own = taken({**GOOD, "context": {"b": 3, "d": 4}, "integrations": {"All": True, "Mutiny": False}}, **around)
    assert own.context == {"a": 1, "b": 3, "d": 4}
    assert own.integrations == {"All": True, "Mutiny": False}
    assert around["context"] == {"a": 1, "b": {"c": 2}}


@pytest.mark.parametrize(
    ("context", "from_client", "from_server"),
    [
        (None, {"ip": "192.0.2.1"}, None),
        ({}, {"ip": "192.0.2.1"}, {}),
        ({"ip": "198.51.100.1"}, {"ip": "198.51.100.1"}, {"ip": "198.51.100.1"}),
        ({"ip": None}, {"ip": None}, {"ip": None}),
        ({"direct": True}, {"direct": True, "ip": "192.0.2.1"}, {"direct": True, "ip": "192.0.2.1"}),
        ({"direct": "yes"}, {"direct": "yes", "ip": "192.0.2.1"}, {"direct": "yes"}),
        ({"direct": True, "ip": "x"}, {"direct": True, "ip": "x"}, {"direct": True, "ip": "x"}),
    ],
)
def test_the_address_is_filled_in(context: Any, from_client: Any, from_server: Any) -> None:
    message = {**GOOD, "context": context}
    assert taken(message, ip="192.0.2.1", direct_ip="192.0.2.1").context == from_client
    assert taken(message, direct_ip="192.0.2.1").context == from_server


def test_the_batchs_sent_at_counts_for_every_message() -> None:
    message = {**GOOD, "timestamp": "2026-01-31T11:00:00Z", "sentAt": "2026-01-31T11:00:30Z"}
    assert taken(message).timestamp == RECEIVED - 30_000
    assert taken(message, sent_at=RECEIVED - 3_600_000 + 5_000).timestamp == RECEIVED - 5_000
    assert taken(message).original_timestamp == RECEIVED - 3_600_000


def test_the_original_timestamp_counts_where_there_is_no_other() -> None:
    assert taken({**GOOD, "originalTimestamp": "2026-01-31T11:00:00Z"}).original_timestamp == RECEIVED - 3_600_000
    both = {**GOOD, "timestamp": "2026-01-31T11:59:59Z", "originalTimestamp": "2026-01-31T11:00:00Z"}
    assert taken(both).original_timestamp == RECEIVED - 1_000


def test_every_reason_is_explained() -> None:
    assert set(EXPLANATIONS) == set(DropReason)
    for reason in DropReason:
        assert reason.explanation.endswith(".")
