"""What the client libraries are given to send, and how it must then stand in the event store.

A call is written in Segment's spelling; each library's test hands it over in that library's own way.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from server import unique

Call = dict[str, Any]

ADDED_BY_THE_SERVER = {"receivedAt", "sentAt", "originalTimestamp", "timestamp", "pitcairn"}
IDENTIFIER_TYPES = {"userId": "user_id", "anonymousId": "anonymous_id"}

# Everything JSON can say that a sender may care about: scripts, signs, signs beyond 16 bits, sizes, kinds of nothing.
RICH = {
    "text": "Grüße, 世界 — “quoted” \\ / \t and 👩🏽‍💻",
    "empty": "",
    "zero": 0,
    "whole": 9007199254740991,
    "negative": -42,
    "fraction": 19.99,
    "tiny": 1e-7,
    "yes": True,
    "no": False,
    "list": [1, "two", [3.5], {"four": 4}],
    "nested": {"a": {"b": {"c": "deep"}}},
    "nothing": {},
    "none": [],
    "key with spaces, ünïcode and a . dot": 1,
    "<script>alert(1)</script>": "'; DROP TABLE profiles; --",
}


def calls(*, anonymous_id: str, user_id: str, email: str) -> list[Call]:
    """One call of each type, each with every field its type has, by one person."""
    ids = {"anonymousId": anonymous_id, "userId": user_id}
    happened = datetime(2026, 3, 29, 0, 59, 59, 123000, tzinfo=UTC)

    def call(type_: str, minute: int, **fields: Any) -> Call:
        return {
            "type": type_,
            "messageId": unique(f"{type_}-"),
            "timestamp": _iso(happened + timedelta(minutes=minute)),
            "context": {"locale": "de-DE", "campaign": {"name": "spring", "source": "newsletter"}, "ours": dict(RICH)},
            "integrations": {"All": True, "Another": False, "Mutiny": {"option": [1, 2]}},
            **fields,
        }

    return [
        call(
            "identify", 0, **ids, traits={**RICH, "email": email, "company": {"name": "Örtlich", "employee_count": 42}}
        ),
        call("track", 1, **ids, event="Order Completed ✓", properties={**RICH, "revenue": 39.95, "currency": "EUR"}),
        call("page", 2, **ids, category="Docs", name="Prices", properties={**RICH, "title": "Prices – für alle"}),
        call("screen", 3, **ids, category="App", name="Home", properties=dict(RICH)),
        call("group", 4, **ids, groupId=unique("group-"), traits={**RICH, "employees": 329, "plan": "enterprise"}),
        call("alias", 5, userId=user_id, previousId=anonymous_id),
    ]


def check_stored(given: Call, stored: Call, *, also: frozenset[str] = frozenset()) -> None:
    """Every field given is stored as given; nothing is stored that neither the library nor the server adds.

    `also` names the fields that this library adds to a message.
    """
    for name, value in given.items():
        if name == "context":
            for key, part in value.items():
                assert stored["context"][key] == part, f"context.{key}"
        elif name == "timestamp":
            assert stored["originalTimestamp"] == value
        else:
            assert stored[name] == value, f"{name}: {stored[name]} is not {value}"
    assert set(stored) - set(given) <= ADDED_BY_THE_SERVER | also
    check_times(stored)


def check_times(stored: Call) -> None:
    """The stored timestamp is the given one, put right by the difference of the two clocks."""
    received, sent, original = (
        datetime.fromisoformat(stored[name]) for name in ("receivedAt", "sentAt", "originalTimestamp")
    )
    assert datetime.fromisoformat(stored["timestamp"]) == received - (sent - original)


def check_profile(given: list[Call], profile: Any) -> None:
    """The profile has the ids and traits of the identify call, and every message but the alias."""
    identify = next(call for call in given if call["type"] == "identify")
    identifiers = {(item["type"], item["value"]) for item in profile["identifiers"]}
    expected = {(type_, identify[name]) for name, type_ in IDENTIFIER_TYPES.items() if name in identify}
    assert identifiers == expected | {("email", identify["traits"]["email"])}
    assert profile["traits"] == identify["traits"]
    assert set(profile["targetableTraits"]) == set(identify["traits"])
    on_profile = {message["messageId"] for message in profile["messages"]}
    assert on_profile >= {call["messageId"] for call in given if call["type"] != "alias"}


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
