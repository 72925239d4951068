"""Previews on a page: every type of experience, without a flash of the original, and without a word to anybody.

The links are the server's business (`edge/test_previews.py`); the whole way from the dashboard is in `browser/editor`.
"""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from browser.editor.test_preview import open_root
from browser.tag.frames import record, recorded
from browser.tag.scene import ORIGINAL, PERSONALIZED, Scene, decision, document, text
from browser.tag.test_components import KINDS, component, shown
from browser.tag.test_policy import policy
from browser.tag.test_redirects import redirect

TOKEN = "A-preview_token"
TALL = f"<h1>{ORIGINAL}</h1><p class=tall id=there>There</p>"


def previews(scene: Scene, decided: dict[str, Any] | None, *, selectors: list[str] | None = None, **said: Any) -> None:
    """Makes the link show this, on the pages whose address does not end in `elsewhere`."""

    def answer(question: dict[str, Any]) -> dict[str, Any]:
        assert question["preview"] == TOKEN
        here = not question["url"].endswith("elsewhere")
        changed = [] if decided is None else [change["selector"] for change in decided["changes"]]
        preview = {
            "experience": "Drafted", "segment": "Small", "variation": "Personalized", "as": [], "here": here, "arrived": False,
            "selectors": changed if selectors is None else selectors, "expiresAt": 0,
        }  # fmt: skip
        return {"preview": preview | said, "decisions": [decided] if here and decided else []}

    scene.edge.preview = answer
    # What other visitors get must be of no account.
    scene.runs(decision(text(value="What visitors see"), experience=9))
    open_root(scene.page, "pitcairn-preview")


def opened(scene: Scene, body: str, *, head: str | None = None, path: str = "/", wait_until: Any = "load") -> None:
    """Opens the page with the token in its address, under a strict policy."""
    scene.website.file("/look.css", ".tall { height: 3000px }", "text/css")
    body += '<link rel="stylesheet" href="/look.css">'
    scene.website.page(path, document(scene.shim() if head is None else head, body), policy(scene))
    scene.page.goto(f"{scene.website.url}{path}#pitcairn-preview={TOKEN}", wait_until=wait_until)


def bar(scene: Scene) -> Locator:
    return scene.page.get_by_role("region", name="Pitcairn preview")


def told_nothing(scene: Scene) -> None:
    """Nothing was sent but the questions of the preview, and nothing is stored but the token."""
    assert scene.edge.messages() == []
    assert scene.edge.vitals() == []
    questions = scene.edge.questions()
    assert questions
    assert all(one.get("preview") == TOKEN and "anonymousId" not in one and not one["store"] for one in questions)
    assert scene.page.context.cookies() == []
    assert scene.page.evaluate("[Object.keys(localStorage), Object.keys(sessionStorage)]") == [[], ["pitcairn-preview"]]
    assert not scene.complaints


@pytest.mark.parametrize("install", [Scene.plain, Scene.shim], ids=["plain", "shim"])
def test_no_frame_shows_the_original_and_a_route_change_neither(scene: Scene, install: type[Scene]) -> None:
    previews(scene, decision(text()))
    scene.lift_the_cap()
    scene.edge.decide_gate.close()
    record(scene.page)
    opened(scene, f"<h1>{ORIGINAL}</h1>", head=install(scene), wait_until="commit")
    scene.page.wait_for_function("() => seenInFrames.some((frame) => frame.there && !frame.visible)")
    scene.edge.decide_gate.open()
    expect(scene.page.locator("h1")).to_have_text(PERSONALIZED)
    expect(scene.page.locator("h1")).to_be_visible()
    expect(bar(scene)).to_contain_text("Drafted, as Small sees it. Nothing is counted.")
    # The page of a route: what is changed there is hidden until it is.
    scene.edge.decide_gate.close()
    scene.page.evaluate("history.pushState({}, '', '/second')")
    expect(scene.page.locator("h1")).not_to_be_visible()
    scene.edge.decide_gate.open()
    expect(scene.page.locator("h1")).to_be_visible()
    assert [one for one in recorded(scene.page) if one.visible and one.text != PERSONALIZED] == []
    scene.page.evaluate("history.pushState({}, '', '/elsewhere')")
    expect(bar(scene)).to_contain_text("Drafted is on other pages")
    expect(scene.page.locator("h1")).to_have_text(ORIGINAL)
    told_nothing(scene)


def test_a_server_that_hangs_keeps_the_page_for_two_seconds(scene: Scene) -> None:
    previews(scene, decision(text()))
    scene.page.clock.install(time=0)
    scene.page.clock.pause_at(3_600_000)
    scene.edge.decide_gate.close()
    opened(scene, f"<h1>{ORIGINAL}</h1>", head=scene.plain())
    scene.edge.wait_for(lambda: bool(scene.edge.questions()), "the question")
    scene.page.clock.run_for(1_900)
    assert scene.page.evaluate("getComputedStyle(document.querySelector('h1')).visibility") == "hidden"
    scene.page.clock.run_for(100)
    assert scene.page.evaluate("getComputedStyle(document.querySelector('h1')).visibility") == "visible"


def test_every_component_is_shown_and_tells_nobody(scene: Scene) -> None:
    for kind in KINDS:
        previews(scene, component(kind), selectors=[])
        opened(scene, TALL, path=f"/{kind}")
        expect(shown(scene)).to_be_visible()
        if kind == "survey":
            expect(bar(scene)).to_contain_text("Answers go nowhere.")
            scene.page.get_by_label("Few").check()
            scene.page.get_by_role("button", name="Send").click()
            expect(shown(scene)).to_contain_text("Thank you")
        else:
            scene.page.get_by_role("link", name="Go on").click()
        if kind in {"survey", "side_pop"}:
            box, over = shown(scene).bounding_box(), bar(scene).bounding_box()
            assert box is not None
            assert over is not None
            assert over["y"] + over["height"] <= box["y"], "the bar covers what it is about"
        # Closed, it stays closed for a visitor; here it can be had again.
        shown(scene).get_by_role("button", name="Close").click()
        expect(shown(scene)).to_have_count(0)
        bar(scene).get_by_role("button", name="Show it again").click()
        expect(shown(scene)).to_be_visible()
        shown(scene).get_by_role("button", name="Close").click()
        told_nothing(scene)


def test_what_waits_for_its_moment_can_be_shown_now(scene: Scene) -> None:
    scene.page.clock.install(time=0)
    scene.page.clock.pause_at(3_600_000)
    moments = {
        "scroll": "It comes at 60 % of the page.",
        "exit_intent": "leaves the page through the top",
        "delay": "It comes after 7 s.",
    }
    for moment, words in moments.items():
        previews(scene, component("modal", trigger=moment, seconds=7, percent=60), selectors=[])
        opened(scene, TALL, path=f"/{moment}")
        expect(bar(scene)).to_contain_text(words)
        scene.page.clock.run_for(100)
        expect(shown(scene)).to_have_count(0)
        bar(scene).get_by_role("button", name="Show it now").click()
        expect(shown(scene)).to_be_visible()
        shown(scene).get_by_role("button", name="Close").click()
    # Its own moment comes as well, on the page as a visitor opens it.
    scene.page.reload()
    expect(bar(scene)).to_contain_text(words)
    scene.page.clock.run_for(6_900)
    expect(shown(scene)).to_have_count(0)
    scene.page.clock.run_for(200)
    expect(shown(scene)).to_be_visible()
    told_nothing(scene)


def test_a_banner_pushes_the_page_before_it_is_seen(scene: Scene) -> None:
    previews(scene, component("banner", push=True), selectors=["*"])
    scene.lift_the_cap()
    scene.edge.decide_gate.close()
    record(scene.page)
    opened(scene, TALL, wait_until="commit")
    scene.page.wait_for_function("() => seenInFrames.some((frame) => frame.there && !frame.visible)")
    scene.edge.decide_gate.open()
    expect(shown(scene)).to_be_visible()
    expect(scene.page.locator("h1")).to_be_visible()
    assert scene.page.evaluate("document.body.previousElementSibling.localName") == "pitcairn-component"
    told_nothing(scene)


def test_a_redirect_is_told_and_its_link_keeps_the_preview(scene: Scene) -> None:
    there = f"{scene.website.url}/there"
    previews(scene, redirect(there), selectors=[])
    scene.website.page("/there", document(scene.shim(), "<h1>There</h1>"), policy(scene))
    opened(scene, f"<h1>{ORIGINAL}</h1>")
    expect(bar(scene)).to_contain_text(f"Visitors are led to “{there}”.")
    expect(scene.page.locator("h1")).to_be_visible()
    previews(scene, None, selectors=[], arrived=True)
    bar(scene).get_by_role("link", name="Go there").click()
    scene.page.wait_for_url(there)
    expect(bar(scene)).to_contain_text("Drafted leads to this page, and changes nothing on it.")
    told_nothing(scene)


def test_another_website_never_gets_the_token(scene: Scene) -> None:
    targets = {
        "http://shop.localhost/b?x=1#part": "http://shop.localhost/b?x=1#part&pitcairn-preview=" + TOKEN,
        "https://elsewhere.example/b": "https://elsewhere.example/b",
        "https://notlocalhost/": "https://notlocalhost/",
        "javascript:alert(1)": "",
    }
    for number, (target, goes_on) in enumerate(targets.items()):
        previews(scene, redirect(target), selectors=[])
        opened(scene, f"<h1>{ORIGINAL}</h1>", path=f"/{number}")
        expect(bar(scene)).to_contain_text(f"Visitors are led to “{target}”.")
        link = bar(scene).get_by_role("link", name="Go there")
        if goes_on:
            expect(link).to_have_attribute("href", goes_on)
        else:
            expect(link).to_have_count(0)


def test_for_whom_it_is_shown_is_said(scene: Scene) -> None:
    previews(scene, decision(text()), **{"as": ["person", "account"]})
    opened(scene, f"<h1>{ORIGINAL}</h1>")
    expect(bar(scene)).to_contain_text("Drafted, as Small sees it, for a person of an account.")
