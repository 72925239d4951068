"""`@segment/analytics-node`, unmodified, in Node: every kind of call arrives as it was given."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from clients.given import Call, calls, check_profile, check_stored
from server import PATIENCE_SECONDS, WRITE_KEYS, Server, unique

SCRIPT = Path(__file__).with_name("send.mjs")


def send(server: Server, given: list[Call], **settings: Any) -> list[Call]:
    """The messages as the library made them; fails when it could not deliver one."""
    done = subprocess.run(
        ["node", str(SCRIPT)],
        input=json.dumps({
            "settings": {"writeKey": WRITE_KEYS["backend"], "host": server.url, "maxRetries": 2, **settings},
            "calls": given,
        }),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["errors"] == []
    made: list[Call] = result["messages"]
    return made


def as_the_library_has_it(call: Call) -> Call:
    """Segment's JavaScript libraries copy the category of a page into its properties."""
    if call["type"] != "page":
        return call
    return {**call, "properties": {**call["properties"], "category": call["category"]}}


@pytest.mark.parametrize("settings", [{}, {"flushAt": 1}, {"flushAt": 4, "path": "/v1/b"}], ids=str)
def test_every_kind_of_call_arrives_as_it_was_given(server: Server, settings: dict[str, Any]) -> None:
    user_id, anonymous_id = unique("user-"), unique("anonymous-")
    given = calls(anonymous_id=anonymous_id, user_id=user_id, email=f"{user_id}@example.com")
    made = send(server, given, **settings)
    assert [message["type"] for message in made] == [call["type"] for call in given]

    for call, ours in zip(given, made, strict=True):
        message = server.message(call["messageId"])
        check_stored(as_the_library_has_it(call), message, also=frozenset({"_metadata"}))
        assert message["context"]["library"] == ours["context"]["library"]
        assert message["context"]["library"]["name"] == "@segment/analytics-node"
        assert message["_metadata"]["jsRuntime"] == "node"
    check_profile(given, server.profile(f"user_id:{user_id}"))


def test_what_the_library_fills_in_itself(server: Server) -> None:
    """A messageId, a time and empty integrations."""
    (made,) = send(server, [{"type": "track", "anonymousId": unique(), "event": "Bare"}])
    message = server.message(made["messageId"])
    assert message["originalTimestamp"] == made["timestamp"]
    assert message["anonymousId"] == made["anonymousId"]


def test_a_thousand_calls_at_once(server: Server) -> None:
    user_id = unique("user-")
    given = [
        {"type": "track", "userId": user_id, "event": "Many", "properties": {"n": n}, "messageId": f"{user_id}-{n}"}
        for n in range(1_000)
    ]
    send(server, given, flushAt=50)
    server.settle()
    stored = server.events(search=user_id, limit=2_000)["messages"]
    assert sorted(message["properties"]["n"] for message in stored) == list(range(1_000))
