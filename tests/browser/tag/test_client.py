"""The calls of a page, as Mutiny's customers make them: in time, too early, and where the tag never comes."""

from __future__ import annotations

import pytest

from browser.tag.scene import Scene
from browser.tag.test_exposures import ANALYTICS

INSTALLS = pytest.mark.parametrize("install", [Scene.plain, Scene.shim], ids=["plain", "shim"])
CALLS = """async (client) => {
    await client.identify("ada@example.com", { email: "ada@example.com", plan: "free" });
    await client.trackConversion({ name: "Signed Up", value: 3 });
    await client.trackConversion("Asked", { value: 4 });
    await client.trackConversion();
}"""
TRACKED = [("Signed Up", {"value": 3}), ("Asked", {"value": 4}), ("Conversion", {})]


@INSTALLS
@pytest.mark.parametrize("name", ["mutiny.client", "mutinyClient"])
def test_calls_become_segment_calls(scene: Scene, install: type[Scene], name: str) -> None:
    scene.open(head=install(scene))
    scene.page.evaluate(f"({CALLS})({name})")
    identify, *tracks = scene.edge.messages()
    assert (identify["type"], identify["userId"]) == ("identify", "ada@example.com")
    assert identify["traits"] == {"email": "ada@example.com", "plan": "free"}
    assert [(track["event"], track["properties"]) for track in tracks] == TRACKED
    stored = next(one["value"] for one in scene.page.context.cookies() if one["name"] == "ajs_anonymous_id")
    assert {message["anonymousId"] for message in scene.edge.messages()} == {stored}


def test_where_analytics_js_is_they_go_through_it(scene: Scene) -> None:
    scene.open(head=scene.plain() + ANALYTICS)
    scene.page.evaluate(f"({CALLS})(mutiny.client)")
    scene.edge.wait_for(lambda: len([m for m in scene.edge.messages() if m["type"] != "page"]) == 4, "four calls")
    identify, *tracks = [message for message in scene.edge.messages() if message["type"] != "page"]
    assert identify["traits"] == {"email": "ada@example.com", "plan": "free"}
    assert [(track["event"], track["properties"]) for track in tracks] == TRACKED
    assert {m["context"]["library"]["name"] for m in [identify, *tracks]} == {"analytics.js"}
    assert {track["userId"] for track in tracks} == {"ada@example.com"}


def test_calls_that_come_before_the_tag_wait_for_it(scene: Scene) -> None:
    scene.edge.tag_gate.close()
    early = "<script>held = mutiny.client; early = held.identify('user-1', { plan: 'free' })</script>"
    scene.open(head=scene.shim() + early, wait_until="commit", cap=True)
    scene.page.wait_for_function("!!window.early")
    assert scene.edge.messages() == []
    scene.edge.tag_gate.open()
    scene.edge.wait_for(lambda: len(scene.edge.messages()) == 1, "the call that came early")
    scene.page.evaluate("held.trackConversion('Signed Up')")
    assert [message["type"] for message in scene.edge.messages()] == ["identify", "track"]
    assert not scene.complaints


def test_where_the_tag_is_blocked_calls_reject_and_nothing_is_thrown(scene: Scene) -> None:
    scene.page.route("**/tag/**", lambda route: route.abort("blockedbyclient"))
    scene.page.route("**/v1/**", lambda route: route.abort("blockedbyclient"))
    calls = "<script>all = Object.keys(mutiny.client).map((name) => mutinyClient[name]('user-1'))</script>"
    scene.open(head=scene.shim() + calls, cap=True)
    reasons = scene.page.evaluate("Promise.all(all.map((call) => call.catch((reason) => reason.message)))")
    assert reasons == ["Pitcairn's tag did not come."] * 5
    assert scene.complaints.thrown == []
    assert all("net::ERR_BLOCKED" in said for said in scene.complaints.console)


def test_odd_calls_harm_nobody(scene: Scene) -> None:
    scene.open()
    scene.page.evaluate(
        "Promise.all([mutiny.client.identify(), mutiny.client.identify(null), mutiny.client.identify({ plan: 'x' }),"
        " mutiny.client.identify(42), mutiny.client.trackConversion(null), mutiny.client.trackConversion(7)])"
    )
    identified = [message for message in scene.edge.messages() if message["type"] == "identify"]
    assert sorted(one.get("userId", "") for one in identified) == ["", "", "", "42"]
    assert {"plan": "x"} in [one["traits"] for one in identified]
    assert not scene.complaints


def test_a_call_that_pitcairn_refuses_rejects(scene: Scene) -> None:
    scene.page.route("**/v1/t", lambda route: route.fulfill(status=400, body="{}"))
    scene.open()
    said = scene.page.evaluate("mutiny.client.trackConversion('x').then(() => 'done', (reason) => reason.message)")
    assert said == "Pitcairn answered 400 to a call."
    assert scene.complaints.thrown == []


def test_mutinys_own_client_is_left_alone(scene: Scene) -> None:
    theirs = "<script>window.mutiny = { client: { identify: () => 'theirs' } }</script>"
    for install in (scene.plain(), scene.shim()):
        scene.open(head=theirs + install)
        assert scene.page.evaluate("mutiny.client.identify()") == "theirs"
