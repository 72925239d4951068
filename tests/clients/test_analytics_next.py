"""`@segment/analytics-next`, unmodified, in Chromium: every kind of call arrives as it was given."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import BrowserContext

from clients.analytics_js import AnalyticsPage
from clients.given import Call, calls, check_profile, check_stored
from server import Server, unique

pytestmark = pytest.mark.browser

STRATEGIES = ("standard", "batching")
PATHS = {"standard": {"/v1/i", "/v1/t", "/v1/p", "/v1/s", "/v1/g", "/v1/a"}, "batching": {"/v1/b"}}


def arguments(call: Call) -> list[Any]:
    """The call as analytics.js takes it: by place, and the rest in `options`."""
    options = {
        name: call[name]
        for name in ("messageId", "timestamp", "anonymousId", "context", "integrations")
        if name in call
    }
    first = {
        "identify": ["userId", "traits"],
        "track": ["event", "properties"],
        "page": ["category", "name", "properties"],
        "screen": ["category", "name", "properties"],
        "group": ["groupId", "traits"],
        "alias": ["userId", "previousId"],
    }[call["type"]]
    return [*(call[name] for name in first), options]


def as_the_library_has_it(call: Call, address: str) -> Call:
    """It names itself in `integrations`, and copies into a page's properties its names and what it knows of the page."""
    call = {**call, "integrations": {"Segment.io": True, **call["integrations"]}}
    if call["type"] != "page":
        return call
    page = {"url": address, "path": "/", "search": "", "referrer": ""}
    names = {"category": call["category"], "name": call["name"]}
    return {**call, "properties": {**page, **call["properties"], **names}}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_kind_of_call_arrives_as_it_was_given(
    context: BrowserContext, address: str, server: Server, strategy: str
) -> None:
    user_id, anonymous_id = unique("user-"), unique("anonymous-")
    given = calls(anonymous_id=anonymous_id, user_id=user_id, email=f"{user_id}@example.com")
    page = AnalyticsPage(context, address, server, strategy=strategy)
    made = [page.call(call["type"], *arguments(call)) for call in given]

    for call, ours in zip(given, made, strict=True):
        message = server.message(call["messageId"])
        check_stored(as_the_library_has_it(call, address), message, also=frozenset({"_metadata", "anonymousId"}))
        check_context(message["context"], ours["context"], address)
        assert message["pitcairn"]["source"] == "website"
    check_profile(given, server.profile(f"user_id:{user_id}"))
    assert set(page.paths()) - PATHS[strategy] == {"/v1/projects/website-write-key/settings"}
    assert page.complaints == []


def check_context(stored: Any, made: Any, address: str) -> None:
    """What the library filled in, and the address that the server did."""
    assert stored["ip"] == "127.0.0.1"
    assert {name: value for name, value in stored.items() if name != "ip"} == made
    assert stored["page"].items() >= {"path": "/", "referrer": "", "search": "", "url": address}.items()
    assert stored["library"]["name"] == "analytics.js"
    assert stored["timezone"]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_what_the_library_fills_in_itself(context: BrowserContext, address: str, server: Server, strategy: str) -> None:
    """Its own anonymousId and messageId; the userId on every call after identify; the same ids after a reload."""
    user_id = unique("user-")
    page = AnalyticsPage(context, address, server, strategy=strategy)
    before = page.call("track", "Before")
    identify = page.call("identify", user_id, {"plan": "pro"})
    after = page.call("track", "After", {"n": 1})
    again = AnalyticsPage(context, address, server, strategy=strategy).call("track", "Reloaded")

    stored = [server.message(sent["messageId"]) for sent in (before, identify, after, again)]
    assert [message.get("userId") for message in stored] == [None, user_id, user_id, user_id]
    assert len({message["anonymousId"] for message in stored}) == 1
    for sent, message in zip((before, identify, after, again), stored, strict=True):
        assert message["originalTimestamp"] == sent["timestamp"]
    profile = server.profile(f"user_id:{user_id}")
    assert profile["traits"] == {"plan": "pro"}
    assert {message["messageId"] for message in profile["messages"]} == {m["messageId"] for m in stored}


def test_what_waits_in_a_batch_is_sent_as_the_page_goes(context: BrowserContext, address: str, server: Server) -> None:
    """It goes out with `keepalive` while the page is left."""
    page = AnalyticsPage(context, address, server, strategy="batching", timeout=3_600_000)
    sent = page.call("track", "Left")
    assert "/v1/b" not in page.paths()
    page.page.goto("about:blank")
    assert server.message(sent["messageId"])["event"] == "Left"
