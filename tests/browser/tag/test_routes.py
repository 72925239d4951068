"""Route changes of a single-page application, and coming back to a page that was kept."""

from __future__ import annotations

from typing import Any

import pytest

from browser.tag.frames import record, recorded
from browser.tag.scene import ORIGINAL, PERSONALIZED, Scene, decision, text

BODY = f"<h1>{ORIGINAL}</h1><p class=a style='color: red'>One <b>two</b></p><a href=/old>x</a>"


def by_path(scene: Scene, decisions: dict[str, list[dict[str, Any]]]) -> None:
    """Decides by the path that is asked about; the tag hides the headline on each of these paths."""
    scene.edge.pages = [{"pattern": f"{path}$", "selectors": ["h1"]} for path in decisions]
    scene.edge.decide = lambda question: decisions["/" + question["url"].split("?")[0].split("/", 3)[3]]


def go(scene: Scene, path: str) -> None:
    scene.page.evaluate("(path) => history.pushState({}, '', path)", path)


@pytest.mark.parametrize(
    "call",
    [
        "history.pushState({}, '', '/second')",
        "history.replaceState({}, '', '/second')",
        "(navigation.addEventListener('navigate', (e) => e.intercept()), navigation.navigate('/second').finished)",
    ],
    ids=["pushState", "replaceState", "navigation"],
)
def test_each_route_has_its_own_decision(scene: Scene, call: str) -> None:
    by_path(
        scene,
        {
            "/": [decision(text("h1", "First"), exposure="exp-1")],
            "/second": [decision(text("h1", "Second"), experience=2, exposure="exp-2")],
        },
    )
    scene.open(BODY)
    scene.seen()
    assert scene.page.inner_text("h1") == "First"
    scene.page.evaluate(f"{call} && 0")
    assert [exposure["properties"]["pageUrl"] for exposure in scene.seen(2)] == [
        scene.website.url + "/",
        scene.website.url + "/second",
    ]
    assert scene.page.inner_text("h1") == "Second"
    assert not scene.complaints


def test_leaving_gives_the_page_back_what_it_had(scene: Scene) -> None:
    scene.runs(
        decision(
            text(),
            {"type": "html", "selector": "p", "value": "<i>three</i>"},
            {"type": "attribute", "selector": "p", "name": "class", "value": "b"},
            {"type": "style", "selector": "p", "name": "color", "value": "blue"},
            {"type": "attribute", "selector": "a", "name": "href", "value": None},
            {"type": "insert", "selector": "a", "position": "before", "value": "<i>new</i>"},
            {"type": "hide", "selector": "a"},
        ),
        pattern="/$",
    )
    scene.open(f"<main>{BODY}</main>")
    scene.seen()
    assert scene.page.inner_text("p") == "three"
    go(scene, "/elsewhere")
    assert scene.page.evaluate("document.querySelector('main').innerHTML") == (
        f'<h1>{ORIGINAL}</h1><p class="a" style="color: red;">One <b>two</b></p><a href="/old">x</a>'
    )


def test_what_the_page_wrote_itself_is_what_it_gets_back(scene: Scene) -> None:
    scene.runs(decision(text()), pattern="/$")
    scene.open(BODY)
    scene.seen()
    scene.page.evaluate("document.querySelector('h1').firstChild.data = 'Newer'")
    go(scene, "/elsewhere")
    assert scene.page.inner_text("h1") == "Newer"


def test_the_next_route_hides_before_it_is_painted(scene: Scene) -> None:
    """A router changes the address and then renders; the frame after shows no original of the new route."""
    by_path(scene, {"/second": [decision(text(), exposure="exp-2")]})
    scene.edge.decide_gate.close()
    record(scene.page)
    scene.open("<main></main>")
    scene.page.evaluate(
        "(html) => { history.pushState({}, '', '/second'); document.querySelector('main').innerHTML = html }",
        f"<h1>{ORIGINAL}</h1>",
    )
    scene.page.wait_for_function("seenInFrames.some((frame) => frame.there && !frame.visible)")
    scene.edge.decide_gate.open()
    scene.seen()
    assert {frame.text for frame in recorded(scene.page) if frame.visible} == {PERSONALIZED}


def test_back_and_forward(scene: Scene) -> None:
    by_path(scene, {"/": [decision(text(), exposure="exp-1")], "/second": []})
    scene.open(BODY)
    scene.seen()
    go(scene, "/second")
    scene.edge.wait_for(lambda: len(scene.edge.questions()) == 2, "a second question")
    scene.edge.decide = lambda _: [decision(text(), exposure="exp-3")]
    scene.page.go_back()
    scene.seen(2)
    assert scene.page.inner_text("h1") == PERSONALIZED


@pytest.mark.parametrize("call", ["location.hash = 'part'", "history.pushState({}, '', '#part')"])
def test_a_fragment_is_no_route_change(scene: Scene, call: str) -> None:
    scene.runs(decision(text()))
    scene.open(BODY)
    scene.seen()
    scene.page.evaluate(call)
    scene.page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert len(scene.edge.questions()) == 1
    assert scene.page.inner_text("h1") == PERSONALIZED


def test_another_query_flickers_nothing(scene: Scene) -> None:
    """A search box that writes what is typed into the address: the same decision leaves everything where it is."""
    by_path(scene, {"/": [decision(text())]})
    record(scene.page)
    scene.open(BODY)
    scene.seen()
    scene.page.evaluate(
        "writes = 0; new MutationObserver(() => writes++).observe(document, { subtree: true, "
        "childList: true, characterData: true, attributes: true })"
    )
    with scene.page.expect_response("**/v1/decide"):
        scene.page.evaluate("history.replaceState({}, '', '/?q=1')")
    frames = recorded(scene.page)
    first = next(i for i, frame in enumerate(frames) if frame.visible)
    assert {(frame.visible, frame.text) for frame in frames[first:]} == {(True, PERSONALIZED)}
    assert scene.page.evaluate("writes") == 0
    assert scene.edge.questions()[1]["url"].endswith("/?q=1")


def test_an_answer_for_a_page_that_was_left_is_dropped(scene: Scene) -> None:
    scene.runs(decision(text()), pattern="/$")
    scene.edge.decide_gate.close()
    scene.open(BODY, wait_until="domcontentloaded")
    scene.edge.wait_for(lambda: bool(scene.edge.questions()), "a question")
    go(scene, "/elsewhere")
    scene.edge.decide_gate.open()
    assert scene.page.inner_text("h1") == ORIGINAL
    assert scene.edge.exposures() == []


def test_the_pages_own_history_still_works(scene: Scene) -> None:
    scene.runs(decision(text()))
    scene.open(BODY)
    scene.seen()
    assert scene.page.evaluate("history.pushState({ a: 1 }, '', '/x') === undefined && history.state.a === 1")
    thrown = "(() => { try { history.pushState({}, '', 'https://elsewhere.example/') } catch (e) { return e.name } })()"
    assert scene.page.evaluate(thrown) == "SecurityError"


def test_a_page_that_was_kept_is_decided_anew(scene: Scene) -> None:
    """From the back/forward cache: as the browser says by `pageshow`, with what was changed still standing."""
    scene.runs(decision(text()))
    scene.open(BODY)
    scene.seen()
    scene.edge.decide = lambda _: [decision(text("h1", "Newer"), exposure="exp-2")]
    scene.page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    scene.seen(2)
    assert scene.page.inner_text("h1") == "Newer"
