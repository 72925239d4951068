"""`segment-analytics-python`, unmodified: every kind of call arrives as it was given."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from segment.analytics import request
from segment.analytics.client import Client

from clients.given import Call, calls, check_profile, check_stored
from server import WRITE_KEYS, Server, unique

SPELLING = {
    "userId": "user_id",
    "anonymousId": "anonymous_id",
    "previousId": "previous_id",
    "groupId": "group_id",
    "messageId": "message_id",
}


def hand_over(client: Client, call: Call) -> None:
    arguments: dict[str, Any] = {SPELLING.get(name, name): value for name, value in call.items() if name != "type"}
    # The library adds itself to the context it was given.
    arguments["context"] = dict(call["context"])
    arguments["timestamp"] = datetime.fromisoformat(call["timestamp"])
    taken, _ = getattr(client, call["type"])(**arguments)
    assert taken


@pytest.fixture
def failures() -> list[str]:
    return []


@pytest.fixture(autouse=True)
def _close_connections() -> Iterator[None]:
    """The library keeps one session for the whole process and never closes it."""
    yield
    request._session.close()


def client_of(server: Server, failures: list[str], **options: Any) -> Client:
    return Client(
        WRITE_KEYS["backend"],
        host=server.url,
        on_error=lambda error, _items: failures.append(str(error)),
        max_retries=2,
        **options,
    )


@pytest.mark.parametrize(
    "options",
    [{}, {"gzip": True}, {"upload_size": 2, "thread": 1}, {"sync_mode": True}],
    ids=lambda o: str(o) or "plain",
)
def test_every_kind_of_call_arrives_as_it_was_given(
    server: Server, failures: list[str], options: dict[str, Any]
) -> None:
    user_id, anonymous_id = unique("user-"), unique("anonymous-")
    given = calls(anonymous_id=anonymous_id, user_id=user_id, email=f"{user_id}@example.com")
    client = client_of(server, failures, **options)
    for call in given:
        hand_over(client, call)
    if not options.get("sync_mode"):
        client.shutdown()
    assert failures == []

    stored = [server.message(call["messageId"]) for call in given]
    for call, message in zip(given, stored, strict=True):
        check_stored(call, message)
        assert message["context"]["library"]["name"] == "analytics-python"
        assert "ip" not in message["context"]
        assert message["pitcairn"]["source"] == "backend"
    check_profile(given, server.profile(f"user_id:{user_id}"))


def test_what_the_library_fills_in_itself(server: Server, failures: list[str]) -> None:
    """A messageId, a time, and ids made texts of numbers."""
    client = client_of(server, failures)
    number = int(unique(), 16)
    _, sent = client.track(number, "Numbered")
    client.shutdown()
    assert failures == []
    message = server.message(sent["messageId"])
    assert message["userId"] == str(number)
    assert datetime.fromisoformat(message["originalTimestamp"]) == datetime.fromisoformat(sent["timestamp"])


def test_a_bad_call_among_good_ones_costs_the_library_nothing(server: Server, failures: list[str]) -> None:
    """The library never sends an empty event name, but what its queue holds goes out in one batch: so must the answer be 200."""
    client = client_of(server, failures)
    user_id = unique("user-")
    good = [unique("good-") for _ in range(3)]
    for message_id in good:
        client.track(user_id, "Good", message_id=message_id)
        client.track(user_id, "", message_id=f"bad-{message_id}")
    client.shutdown()
    assert failures == []
    for message_id in good:
        server.message(message_id)
        (refusal,) = server.refusals(f"bad-{message_id}")
        assert refusal["reason"] == "event_not_string"
