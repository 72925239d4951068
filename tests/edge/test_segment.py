"""`POST /integrations/segment`: what Segment's destinations deliver, and the answers they go by."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from server import SEGMENT_KEY, Answer, Server, basic_authorization, unique

PATH = "/integrations/segment"


def deliver(server: Server, body: Any, *, key: str | None = SEGMENT_KEY, **headers: str) -> Answer:
    """Delivers as Segment's partner webhook does."""
    data = body if isinstance(body, bytes) else json.dumps(body, separators=(",", ":")).encode()
    given = {"Content-Type": "application/json", "User-Agent": "Segment.io/1.0", **headers}
    if key is not None:
        given["Authorization"] = basic_authorization(key)
    return server.request("POST", PATH, data, given)


def signature(text: bytes, secret: str = SEGMENT_KEY) -> str:
    return hmac.new(secret.encode(), text, hashlib.sha1).hexdigest()


def track(**fields: Any) -> dict[str, Any]:
    return {"type": "track", "messageId": unique(), "userId": unique("user-"), "event": "Order Completed", **fields}


def test_one_event_arrives_with_the_time_that_segment_corrected(server: Server) -> None:
    event = track(
        timestamp="2026-03-01T10:00:00.000Z",
        originalTimestamp="2026-03-01T09:00:00.000Z",
        sentAt="2026-03-01T09:00:05.000Z",
        receivedAt="2026-03-01T10:00:05.000Z",
        version=2,
        channel="server",
    )
    answer = deliver(server, event)
    assert (answer.status, answer.json()) == (200, {"success": True, "message": "Processed"})
    stored = server.message(event["messageId"])
    assert stored["timestamp"] == event["timestamp"]
    assert stored["originalTimestamp"] == event["originalTimestamp"]
    assert stored["sentAt"] == event["sentAt"]
    assert (stored["version"], stored["channel"]) == (2, "server")
    received = datetime.fromisoformat(stored["receivedAt"])
    assert received - datetime.fromisoformat(event["receivedAt"]) > timedelta(days=1)
    assert stored["pitcairn"]["source"] == "segment"
    assert stored["pitcairn"]["deliveredTo"] == ["mutiny"]


@pytest.mark.parametrize("count", [1, 3])
def test_a_list_is_signed_by_its_first_event(server: Server, count: int) -> None:
    events = [track() for _ in range(count)]
    signed = json.dumps(events[0], separators=(",", ":")).encode()
    answer = deliver(server, events, key=None, **{"X-Signature": signature(signed)})
    assert answer.status == 200, answer
    for event in events:
        server.message(event["messageId"])


def test_one_event_is_signed_whole(server: Server) -> None:
    event = track(event="Größe gewählt ✓")
    text = json.dumps(event).encode()
    assert deliver(server, text, key=None, **{"X-Signature": signature(text)}).status == 200
    assert server.message(event["messageId"])["event"] == "Größe gewählt ✓"


def test_who_shows_no_key_is_not_let_in(server: Server) -> None:
    text = json.dumps(track()).encode()
    for answer in (
        deliver(server, text, key=None),
        deliver(server, text, key="another-key"),
        deliver(server, text, key=""),
        deliver(server, text, key="segment-write-key"),
        deliver(server, text, key=None, **{"X-Signature": signature(text, "another")}),
        deliver(server, text, key=None, **{"X-Signature": signature(b"{}")}),
        deliver(server, text, key=None, **{"X-Signature": "é"}),
    ):
        assert answer.status == 401, answer
        assert answer.json()["message"]
        assert SEGMENT_KEY.encode() not in answer.body


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (b"{", 400, "not JSON"),
        (b"[]", 400, "empty"),
        (b'"text"', 400, "not an object"),
        ({"type": "track", "userId": "u"}, 400, "event name"),
        ({"type": "track", "event": "E"}, 400, "names nobody"),
        ({"type": "videoPlayed", "userId": "u"}, 501, "type must be"),
        ({"type": "delete"}, 400, "delete needs a userId"),
        ({"type": "delete", "userId": "x" * 501}, 400, "delete needs a userId"),
        ([1, "two"], 400, "JSON object"),
    ],
)
def test_what_cannot_be_taken_is_answered_as_segment_reads_it(
    server: Server, body: Any, status: int, says: str
) -> None:
    answer = deliver(server, body)
    assert answer.status == status, answer
    assert says in answer.json()["message"]


def test_a_bad_event_costs_its_list_nothing_and_is_in_the_debugger(server: Server) -> None:
    good, bad = track(), {**track(), "event": 5}
    answer = deliver(server, [good, bad])
    assert answer.status == 200
    assert "1 of 2 events were not taken" in answer.json()["message"]
    server.message(good["messageId"])
    (refusal,) = server.refusals(bad["messageId"], source="segment")
    assert refusal["reason"] == "event_not_string"


def test_its_write_key_opens_nothing(server: Server) -> None:
    answer = server.post("/v1/track", track(), source="segment")
    assert (answer.status, answer.json()["code"]) == (403, "segment_source")
    assert "/integrations/segment" in answer.json()["message"]


def test_a_retried_event_is_stored_once(server: Server) -> None:
    event = track()
    for _ in range(2):
        assert deliver(server, event).status == 200
    (refusal,) = server.refusals(event["messageId"])
    assert refusal["reason"] == "duplicate_message"
    server.message(event["messageId"])


def test_engage_says_that_somebody_entered_an_audience(server: Server) -> None:
    """Its calls name only the destination they go to; here they are for everyone."""
    user = unique("user-")
    personas = {
        "computation_class": "audience",
        "computation_id": "aud_1",
        "computation_key": "order_completed_last_30days",
        "namespace": "spa_1",
        "space_id": "spa_1",
    }

    def computed(value: bool) -> dict[str, Any]:
        return {
            "type": "identify",
            "messageId": unique("personas_"),
            "userId": user,
            "traits": {"order_completed_last_30days": value},
            "context": {"personas": personas},
            "integrations": {"All": False, "Webhooks": True},
        }

    entered = computed(True)
    assert deliver(server, entered).status == 200
    stored = server.message(entered["messageId"])
    assert stored["context"]["personas"] == personas
    assert stored["pitcairn"]["deliveredTo"] == ["mutiny"]
    profile = server.profile(f"user_id:{user}")
    assert profile["traits"] == {"order_completed_last_30days": True}
    assert profile["targetableTraits"] == ["order_completed_last_30days"]
    left = computed(False)
    assert deliver(server, left).status == 200
    server.message(left["messageId"])
    assert server.profile(f"user_id:{user}")["traits"] == {"order_completed_last_30days": False}


def test_delete_forgets_a_person_and_what_comes_of_them_later(server: Server) -> None:
    user, other = unique("user-"), unique("user-")
    known = {"type": "identify", "messageId": unique(), "userId": user, "traits": {"plan": "pro"}}
    assert deliver(server, known).status == 200
    server.message(known["messageId"])
    assert server.profile(f"user_id:{user}")["traits"] == {"plan": "pro"}
    kept, later = track(userId=other), track(userId=user)
    answer = deliver(server, [kept, {"type": "delete", "messageId": unique(), "userId": user}, later])
    assert (answer.status, answer.json()["message"]) == (200, "Processed")
    server.message(kept["messageId"])
    server.wait_until(lambda: not server.events(message_id=known["messageId"])["messages"], "The end of the person")
    server.settle()
    assert not server.events(search=user)["messages"]
    assert not server.events(search=user, refused=True)["refused"]
    with pytest.raises(AssertionError, match=f"no profile in the workspace .* has the identifier user_id:{user}"):
        server.profile(f"user_id:{user}")
    assert server.profile(f"user_id:{other}")["identifiers"]


def test_a_disabled_source_is_not_permitted(server: Server) -> None:
    answer = deliver(server, track(), key=f"{SEGMENT_KEY}-disabled")
    assert answer.status == 403
    assert "disabled" in answer.json()["message"]
