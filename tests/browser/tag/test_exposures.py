"""Exposures: one each, at the right moment, to both who want it; and whose they are."""

from __future__ import annotations

import re
from typing import Any

import pytest

from browser.tag.scene import ORIGINAL, Scene, decision, text

ANALYTICS = '<script src="/config.js"></script><script src="/built/analytics.js" defer></script>'
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def cookies(scene: Scene) -> dict[str, Any]:
    return {cookie["name"]: cookie for cookie in scene.page.context.cookies()}  # type: ignore[typeddict-item]


def test_the_exposure_says_what_was_seen(scene: Scene) -> None:
    scene.runs(decision(text()))
    scene.edge.visitor_id = "visitor-of-the-server"
    scene.open(f"<h1>{ORIGINAL}</h1>")
    exposure = scene.seen()[0]
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT[\d:.]+Z", exposure.pop("timestamp"))
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT[\d:.]+Z", exposure.pop("sentAt"))
    url = scene.website.url + "/"
    assert exposure == {
        "writeKey": "demo-write-key",
        "type": "track",
        "event": "Mutiny Experience Viewed",
        "anonymousId": cookies(scene)["ajs_anonymous_id"]["value"],
        "messageId": "exp-1",
        "properties": {
            "experience": "Experience 1",
            "audienceSegment": "Small company",
            "personalized": True,
            "experienceId": 1,
            "audienceSegmentId": 21,
            "variation": "Small",
            "variationId": 31,
            "unit": "visitor",
            "visitorId": "visitor-of-the-server",
            "exposureId": "exp-1",
            "dedupeKey": "exp-1",
            "reason": "assigned",
            "pageUrl": url,
        },
        "context": {
            "page": {"url": url, "path": "/", "referrer": "", "search": "", "title": "Test"},
            "library": {"name": "pitcairn-tag", "version": scene.edge.configuration()["version"]},
            "userAgent": scene.page.evaluate("navigator.userAgent"),
        },
    }


@pytest.mark.parametrize("personalized", [True, False], ids=["treatment", "control"])
def test_treatment_and_control_are_exposed_at_the_same_moment(scene: Scene, personalized: bool) -> None:
    """When the first of its elements is there: not before, and once."""
    scene.runs(decision(text("#a"), text("#b"), personalized=personalized))
    scene.open("<main></main>", head=scene.shim())
    scene.page.evaluate("__pitcairn.answer")
    assert scene.edge.exposures() == []
    scene.page.evaluate("document.querySelector('main').innerHTML = '<i id=b>x</i>'")
    exposure = scene.seen()[0]["properties"]
    assert exposure["personalized"] is personalized
    assert (exposure["variation"], exposure["variationId"]) == (("Small", 31) if personalized else (None, None))
    scene.page.evaluate("document.querySelector('main').innerHTML = '<i id=a>x</i><i id=b>x</i>'")
    assert scene.page.inner_text("#a") == ("Made for small companies" if personalized else "x")
    assert len(scene.edge.exposures()) == 1


@pytest.mark.parametrize("personalized", [True, False], ids=["treatment", "control"])
def test_analytics_js_hears_of_it_too(scene: Scene, personalized: bool) -> None:
    """Stock analytics.js, with the same message id, properties and visitor: the two count as one."""
    scene.runs(decision(text(), personalized=personalized))
    scene.open(f"<h1>{ORIGINAL}</h1>", head=scene.plain() + ANALYTICS)
    scene.edge.wait_for(lambda: bool(scene.edge.exposures("analytics.js")), "an exposure by analytics.js")
    ours, theirs = scene.seen()[0], scene.edge.exposures("analytics.js")[0]
    assert theirs["messageId"] == ours["messageId"] == "exp-1"
    assert theirs["properties"] == ours["properties"]
    assert theirs["anonymousId"] == ours["anonymousId"]
    assert len(scene.edge.exposures()) == 2
    assert not scene.complaints


def test_analytics_js_may_come_later(scene: Scene) -> None:
    scene.runs(decision(text()))
    scene.page.clock.install(time=0)
    scene.page.clock.pause_at(3_600_000)
    scene.open(f"<h1>{ORIGINAL}</h1>")
    scene.seen()
    scene.page.evaluate("tracked = []; window.analytics = {}")
    scene.page.clock.run_for(9_000)
    scene.page.evaluate("void (analytics.track = (...all) => tracked.push(all))")
    scene.page.clock.run_for(500)
    event, properties, options = scene.page.evaluate("tracked[0]")
    assert event == "Mutiny Experience Viewed"
    assert properties["exposureId"] == "exp-1"
    assert options == {"messageId": "exp-1"}


@pytest.mark.parametrize("broken", ["throw new Error('broken')", "return Promise.reject(new Error('broken'))"])
def test_an_analytics_js_that_fails_harms_nothing(scene: Scene, broken: str) -> None:
    scene.runs(decision(text()))
    head = f"<script>analytics = {{ track() {{ {broken} }} }}</script>" + scene.plain()
    scene.open(f"<h1>{ORIGINAL}</h1>", head=head)
    scene.seen()
    assert scene.complaints.thrown == []


def test_it_is_sent_before_a_navigation(scene: Scene) -> None:
    """The page leaves in the very task in which the change is made; the request may outlive it."""
    scene.runs(decision(text()))
    scene.website.page("/next", "<p>Next</p>")
    scene.page.add_init_script(
        "{ const own = fetch; window.fetch = (url, options) => {"
        " if (url.endsWith('/v1/t')) sessionStorage.keepalive = options.keepalive; return own(url, options) } }"
    )
    leave = "new MutationObserver(() => location.assign('/next')).observe(h1, { subtree: true, characterData: true })"
    scene.open(f"<h1>{ORIGINAL}</h1><script>h1 = document.querySelector('h1'); {leave}</script>", wait_until="commit")
    scene.page.wait_for_url("**/next")
    assert len(scene.seen()) == 1
    assert scene.page.evaluate("sessionStorage.keepalive") == "true"


def test_it_is_sent_again_when_the_server_was_busy(scene: Scene) -> None:
    scene.runs(decision(text()))
    scene.edge.refuse_messages = 2
    scene.page.clock.install()
    scene.open(f"<h1>{ORIGINAL}</h1>")
    for _ in range(2):
        scene.page.clock.fast_forward(5000)
        scene.page.evaluate("new Promise((done) => requestAnimationFrame(done))")
    assert [exposure["messageId"] for exposure in scene.seen()] == ["exp-1"]


def test_the_visitor_is_who_analytics_js_says(scene: Scene) -> None:
    scene.runs(decision(text()))
    scene.page.context.add_cookies([{"name": "ajs_anonymous_id", "value": "%22the%20id%22", "url": scene.website.url}])
    scene.open()
    assert scene.seen()[0]["anonymousId"] == "the id"
    assert scene.edge.questions()[0]["anonymousId"] == "the id"


def test_the_visitor_may_stand_in_local_storage(scene: Scene) -> None:
    scene.runs(decision(text()), pattern="/$")
    scene.page.goto(scene.website.url + "/pricing.html")
    scene.page.evaluate(
        "document.cookie = 'ajs_anonymous_id=; max-age=0'; localStorage.ajs_anonymous_id = '\"stored\"'"
    )
    scene.open()
    assert scene.seen()[0]["anonymousId"] == "stored"


@pytest.mark.parametrize("install", [Scene.plain, Scene.shim], ids=["plain", "shim"])
def test_a_new_visitor_keeps_the_id_that_was_made(scene: Scene, install: type[Scene]) -> None:
    """Where analytics.js finds it: it adopts it, and both are one visitor."""
    scene.runs(decision(text()))
    scene.open_before_analytics(lambda: scene.open(head=install(scene) + ANALYTICS, wait_until="commit"))
    scene.edge.wait_for(lambda: bool(scene.edge.questions()), "a question")
    made = scene.edge.questions()[0]["anonymousId"]
    assert UUID.fullmatch(made)
    cookie = cookies(scene)["ajs_anonymous_id"]
    assert cookie["value"] == made
    assert cookie["sameSite"] == "Lax"
    assert scene.page.evaluate("analytics.user().then((user) => user.anonymousId())") == made
    scene.page.reload()
    scene.edge.wait_for(lambda: len(scene.edge.questions()) == 2, "a second question")
    assert scene.edge.questions()[1]["anonymousId"] == made


@pytest.mark.parametrize("install", [Scene.plain, Scene.shim], ids=["plain", "shim"])
def test_a_new_visitor_on_plain_http(scene: Scene, install: type[Scene]) -> None:
    """Where browsers give no `crypto.randomUUID`, two visitors have two ids all the same."""
    scene.runs(decision(text()))
    scene.page.add_init_script("delete Crypto.prototype.randomUUID")
    scene.open(head=install(scene))
    scene.seen()  # What is reported names the visitor, and writes the cookie again if it is gone.
    while "ajs_anonymous_id" not in cookies(scene):  # The browser writes it when it has time.
        scene.page.evaluate("new Promise((done) => requestAnimationFrame(done))")
    scene.page.context.clear_cookies()
    scene.page.reload()
    scene.seen(2)
    scene.edge.wait_for(lambda: len(scene.edge.questions()) == 2, "a second question")
    first, second = (question["anonymousId"] for question in scene.edge.questions())
    assert first != second
    assert min(len(first), len(second)) > 20
    assert not scene.complaints


def test_the_visitors_cookie_of_the_server_comes_back_to_it(scene: Scene) -> None:
    """From the second view on: in the first, the page may still say that nothing is to be stored."""
    scene.runs(decision(text()))
    scene.open()
    scene.seen()
    assert "pitcairn_visitor" not in cookies(scene)
    with scene.page.expect_response("**/v1/decide"):
        scene.page.reload()
    assert cookies(scene)["pitcairn_visitor"]["httpOnly"]
    with scene.page.expect_request("**/v1/decide") as asked:
        scene.page.reload()
    assert scene.edge.questions()[0]["anonymousId"] in asked.value.all_headers().get("cookie", "")


@pytest.mark.parametrize("install", ["shim", "plain"])
def test_all_of_it_may_live_under_a_path_of_the_website(scene: Scene, install: str) -> None:
    """Behind the website's own proxy: no request leaves the website's origin."""
    scene.edge.vitals_share = 1.0
    scene.runs(decision(text()))
    heads = {
        "shim": scene.shim().replace(scene.edge.url, "/pitcairn"),
        "plain": scene.plain().replace(scene.edge.url, "/pitcairn"),
    }
    asked: list[str] = []
    scene.page.on("request", lambda request: asked.append(request.url))
    scene.open(head=heads[install])
    scene.seen()
    scene.page.evaluate("mutiny.client.identify('user-1', { plan: 'free' })")
    scene.page.evaluate("history.pushState({}, '', '/second')")
    scene.edge.wait_for(lambda: bool(scene.edge.vitals()), "vitals")
    assert [url for url in asked if not url.startswith(scene.website.url + "/")] == []
    paths = {url.removeprefix(scene.website.url) for url in asked}
    assert {"/pitcairn/v1/decide", "/pitcairn/v1/t", "/pitcairn/v1/i", "/pitcairn/v1/vitals"} <= paths
    assert not scene.complaints


def test_a_question_says_where_the_visitor_is(scene: Scene) -> None:
    scene.runs(decision(text()))
    scene.lift_the_cap()
    scene.website.page("/", f"<!doctype html><head>{scene.shim()}</head><h1>{ORIGINAL}</h1>")
    scene.page.context.new_cdp_session(scene.page).send("Emulation.setTimezoneOverride", {"timezoneId": "Asia/Tokyo"})
    scene.page.goto(scene.website.url + "/?utm_source=mail", referer="https://search.example/")
    scene.edge.wait_for(lambda: len(scene.edge.questions()) == 1, "a question")
    question = scene.edge.questions()[0]
    assert UUID.fullmatch(question.pop("anonymousId"))
    assert question == {
        "writeKey": "demo-write-key",
        "url": scene.website.url + "/?utm_source=mail",
        "referrer": "https://search.example/",
        "language": "en-US",
        "timeZone": "Asia/Tokyo",
        "consent": "",
        "store": False,
    }
