"""Redirects: before anything is seen, with what the address brings along, and with an exposure that is never lost."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from browser.tag.frames import Screencast
from browser.tag.scene import Scene, decision, document
from browser.tag.test_policy import policy
from server import wait_until

EVERYTHING = ["*"]


def redirect(to: str | None, *, exposure: str = "exp-1") -> dict[str, Any]:
    """A decision to go there, or, without an address, the control of one."""
    made = decision(personalized=to is not None, exposure=exposure) | {"type": "redirect"}
    return made if to is None else made | {"redirect": to}


def pages(scene: Scene, **bodies: str) -> None:
    """Pages of the website with the tag on them, by name."""
    for name, body in bodies.items():
        scene.website.page(f"/{name}", document(scene.shim(), body))


def decides(scene: Scene, **targets: str | None) -> None:
    """Which page redirects where; None is a control. Each decision has an exposure of its own."""
    scene.lift_the_cap()
    scene.edge.pages = [{"pattern": f"/{name}$", "selectors": EVERYTHING} for name in targets]
    count = iter(range(1, 1_000))

    def decide(question: dict[str, Any]) -> list[dict[str, Any]]:
        name = question["url"].split("?")[0].split("#")[0].rpartition("/")[2]
        return [redirect(targets[name], exposure=f"exp-{next(count)}")] if name in targets else []

    scene.edge.decide = decide


def counted(scene: Scene) -> set[str]:
    """The exposures as the server counts them: by their message id."""
    return {one["messageId"] for one in scene.edge.exposures()}


def test_the_page_is_left_before_it_is_seen_and_the_exposure_is_counted_once(scene: Scene) -> None:
    pages(scene, a="<h1>A</h1>", b="<h1>B</h1>")
    decides(scene, a=f"{scene.website.url}/b?x=1#part")
    scene.edge.decide_gate.close()
    scene.page.goto(f"{scene.website.url}/a?x=1#part", wait_until="commit")
    scene.page.wait_for_selector("h1", state="attached")
    assert scene.page.evaluate("getComputedStyle(document.querySelector('h1')).visibility") == "hidden"
    scene.edge.decide_gate.open()
    scene.page.wait_for_url(f"{scene.website.url}/b?x=1#part")
    expect(scene.page.locator("h1")).to_have_text("B")
    expect(scene.page.locator("h1")).to_be_visible()
    exposure = scene.seen()[0]
    assert counted(scene) == {"exp-1"}
    assert exposure["properties"]["personalized"] is True
    assert exposure["properties"]["pageUrl"].startswith(f"{scene.website.url}/a")
    assert scene.page.evaluate("history.length") == 2, "the page that was left is no place to go back to"
    assert scene.page.evaluate("sessionStorage.length") == 0
    assert not scene.complaints


def test_control_stays_and_is_counted(scene: Scene) -> None:
    pages(scene, a="<h1>A</h1>")
    decides(scene, a=None)
    scene.page.goto(f"{scene.website.url}/a")
    assert scene.seen()[0]["properties"]["personalized"] is False
    expect(scene.page.locator("h1")).to_be_visible()
    assert counted(scene) == {"exp-1"}
    assert scene.page.url == f"{scene.website.url}/a"


def test_no_frame_shows_the_page_that_is_left(scene: Scene) -> None:
    pages(scene, a="<h1 style='background: rgb(255, 0, 0)'>A</h1>", b="<h1 style='background: rgb(0, 255, 0)'>B</h1>")
    decides(scene, a=f"{scene.website.url}/b")
    scene.edge.delay = 0.3
    screen = Screencast(scene.page)
    scene.page.goto(f"{scene.website.url}/a", wait_until="commit")
    scene.page.wait_for_url(f"{scene.website.url}/b")
    expect(scene.page.locator("h1")).to_be_visible()
    wait_until(lambda: len(screen) and screen.pixels(0, 255, 0)[-1], "the page that is arrived at, on the screen")
    assert not any(screen.pixels(255, 0, 0))


def test_an_exposure_that_was_not_taken_is_sent_by_the_page_that_is_arrived_at(scene: Scene) -> None:
    pages(scene, a="<h1>A</h1>", b="<h1>B</h1>")
    decides(scene, a=f"{scene.website.url}/b")
    lost: list[str] = []

    def lose_the_first(route: Any) -> None:
        if lost:
            route.continue_()
        else:
            lost.append(route.request.url)
            route.abort()

    scene.page.route("**/v1/t", lose_the_first)
    scene.page.goto(f"{scene.website.url}/a", wait_until="commit")
    scene.page.wait_for_url(f"{scene.website.url}/b")
    exposure = scene.seen()[0]
    assert (len(lost), exposure["messageId"], counted(scene)) == (1, "exp-1", {"exp-1"})
    assert exposure["context"]["page"]["path"] == "/a"


def test_two_redirects_to_each_other_end(scene: Scene) -> None:
    pages(scene, a="<h1>A</h1>", b="<h1>B</h1>")
    decides(scene, a=f"{scene.website.url}/b", b=f"{scene.website.url}/a")
    scene.page.goto(f"{scene.website.url}/a", wait_until="commit")
    scene.page.wait_for_url(f"{scene.website.url}/b")
    expect(scene.page.locator("h1")).to_be_visible()
    scene.seen()
    assert counted(scene) == {"exp-1"}, "what was not done was not seen"
    # The visitor stayed, so that every way is open again.
    scene.page.goto(f"{scene.website.url}/a", wait_until="commit")
    scene.page.wait_for_url(f"{scene.website.url}/b")
    expect(scene.page.locator("h1")).to_be_visible()


@pytest.mark.parametrize("target", ["javascript:document.title='run'", "data:text/html,x", "ftp://acme.example/"])
def test_no_other_scheme_is_gone_to(scene: Scene, target: str) -> None:
    pages(scene, a="<h1>A</h1>")
    decides(scene, a=target)
    scene.page.goto(f"{scene.website.url}/a")
    expect(scene.page.locator("h1")).to_be_visible()
    assert (scene.page.title(), scene.page.url) == ("Test", f"{scene.website.url}/a")
    assert scene.edge.exposures() == []


@pytest.mark.parametrize("to", ["b", None], ids=["treatment", "control"])
def test_before_consent_nothing_is_redirected_in_either_arm(scene: Scene, to: str | None) -> None:
    """The exposure could neither be sent nor kept."""
    pages(scene, a="<h1>A</h1>", b="<h1>B</h1>")
    scene.edge.asks_consent = True
    decides(scene, a=to and f"{scene.website.url}/{to}")
    scene.page.goto(f"{scene.website.url}/a")
    expect(scene.page.locator("h1")).to_be_visible()
    assert scene.page.url == f"{scene.website.url}/a"
    with scene.page.expect_response("**/v1/decide"):
        scene.page.evaluate("mutiny.client.optIn()")
    assert scene.edge.exposures() == []
    scene.page.goto(f"{scene.website.url}/a", wait_until="commit")
    scene.seen()
    assert len(counted(scene)) == 1


def test_after_the_cap_the_page_stays(scene: Scene) -> None:
    """And is shown: never hidden longer, and nothing that was seen is taken away."""
    scene.edge.pages = [{"pattern": "/a$", "selectors": EVERYTHING}]
    scene.edge.decide = lambda _: [redirect(f"{scene.website.url}/b")]
    scene.edge.decide_gate.close()
    scene.website.page("/a", document(scene.plain(), "<h1>A</h1>"))
    scene.page.goto(f"{scene.website.url}/a")
    expect(scene.page.locator("h1")).to_be_visible()
    with scene.page.expect_response("**/v1/decide"):
        scene.edge.decide_gate.open()
    scene.page.evaluate("new Promise((done) => setTimeout(done))")
    assert scene.page.url == f"{scene.website.url}/a"
    assert scene.edge.exposures() == []


def test_a_page_that_is_rendered_ahead_of_a_visit_is_left_when_it_is_visited(scene: Scene) -> None:
    pages(scene, a="<h1>A</h1>", b="<h1>B</h1>")
    decides(scene, a=f"{scene.website.url}/b")
    scene.page.add_init_script(
        "if (location.pathname === '/a') Object.defineProperty(document, 'prerendering', { value: true, configurable: true })"
    )
    scene.page.goto(f"{scene.website.url}/a")
    scene.page.wait_for_function("() => window.__pitcairnOn")
    assert (scene.page.url, scene.edge.exposures()) == (f"{scene.website.url}/a", [])
    scene.page.evaluate("delete document.prerendering; document.dispatchEvent(new Event('prerenderingchange'))")
    scene.page.wait_for_url(f"{scene.website.url}/b")
    scene.seen()
    assert len(counted(scene)) == 1


def test_under_a_strict_policy(scene: Scene) -> None:
    pages(scene, b="<h1>B</h1>")
    decides(scene, **{"": f"{scene.website.url}/b"})
    scene.open("<h1>A</h1>", policy=policy(scene), wait_until="commit")
    scene.page.wait_for_url(f"{scene.website.url}/b")
    scene.seen()
    assert not scene.complaints
