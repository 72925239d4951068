"""What is hidden, for how long, and what a visitor sees meanwhile."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from browser.tag.frames import Screencast, record, recorded
from browser.tag.scene import ORIGINAL, PERSONALIZED, Scene, decision, in_chunks, text
from browser.tag.servers import Gate
from server import wait_until

BODY = f"<h1>{ORIGINAL}</h1><p>Something else</p>"
RED, GREEN = (255, 0, 0), (0, 255, 0)
INSTALLS = pytest.mark.parametrize("install", [Scene.plain, Scene.shim], ids=["plain", "shim"])


@INSTALLS
def test_the_original_is_in_no_frame_before_the_personalized(scene: Scene, install: type[Scene]) -> None:
    """With the decision delayed by 100 ms, and by as much longer as the browser takes to make a frame meanwhile."""
    scene.runs(decision(text()))
    scene.edge.delay = 0.1
    scene.edge.decide_gate.close()
    record(scene.page)
    scene.open(BODY, head=install(scene))
    scene.page.wait_for_function("seenInFrames.some((frame) => frame.there && !frame.visible)")
    scene.edge.decide_gate.open()
    scene.seen()
    frames = recorded(scene.page)
    assert [frame for frame in frames if frame.visible and frame.text != PERSONALIZED] == []
    assert frames[-1].visible
    assert frames[-1].text == PERSONALIZED


def test_the_recorder_sees_an_original_that_is_not_hidden(scene: Scene) -> None:
    """Otherwise the test above could not fail."""
    scene.runs(decision(text()), selectors=["#another"])
    scene.edge.decide_gate.close()
    record(scene.page)
    scene.open(BODY)
    scene.page.wait_for_function("seenInFrames.some((frame) => frame.visible)")
    scene.edge.decide_gate.open()
    scene.seen()
    assert [frame for frame in recorded(scene.page) if frame.visible and frame.text == ORIGINAL]


@INSTALLS
@pytest.mark.parametrize("hidden", [True, False], ids=["hidden", "not hidden"])
def test_no_picture_shows_the_original(scene: Scene, install: type[Scene], hidden: bool) -> None:
    """The same in the pictures that the compositor made: the original is red, the personalized green.

    Where the headline is not hidden, which the second case is, the pictures do show it.
    """
    scene.runs(
        decision({"type": "html", "selector": "h1", "value": "<b class=green></b>"}),
        selectors=None if hidden else ["#another"],
    )
    scene.edge.decide_gate.close()
    screencast = Screencast(scene.page)
    style = "<style>b { display: block; height: 300px } .red { background: red } .green { background: lime }</style>"
    scene.open("<h1><b class=red></b></h1><p>Something else</p>", head=install(scene) + style, wait_until="commit")
    scene.edge.wait_for(lambda: bool(scene.edge.questions()), "a question")
    scene.page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
    if not hidden:
        wait_until(lambda: any(screencast.pixels(*RED)), "a picture of the original")
    scene.edge.decide_gate.open()
    scene.seen()
    wait_until(lambda: any(screencast.pixels(*GREEN)), "a picture of the personalized")
    assert any(screencast.pixels(*RED)) is not hidden


def test_only_what_is_to_be_changed_is_hidden(scene: Scene) -> None:
    scene.runs(decision(text(), {"type": "style", "selector": "body", "name": "color", "value": "teal"}))
    scene.edge.decide_gate.close()
    scene.open(f"<h1>{ORIGINAL} <b style='visibility: visible'>too</b></h1><p>Something else</p>")
    assert not visible(scene.page, "h1")
    assert not visible(scene.page, "b")
    assert visible(scene.page, "p"), "a style of the whole page hid the whole page"


def test_a_decision_about_nothing_shows_everything(scene: Scene) -> None:
    scene.runs(decision(text()))
    scene.edge.decide = lambda _: []
    scene.open(BODY)
    expect(scene.page.locator("h1")).to_be_visible()
    expect(scene.page.locator("h1")).to_have_text(ORIGINAL)


def test_an_unusable_answer_shows_everything(scene: Scene) -> None:
    scene.runs(decision(text()))
    scene.edge.decide = lambda _: {"what": "is this"}  # type: ignore[return-value,assignment]
    scene.open(BODY)
    expect(scene.page.locator("h1")).to_be_visible()
    expect(scene.page.locator("h1")).to_have_text(ORIGINAL)
    assert not scene.complaints


@INSTALLS
def test_a_hanging_decision_unhides_at_the_cap(scene: Scene, install: type[Scene]) -> None:
    """On a clock that the test turns: not a millisecond after, and not one before."""
    scene.runs(decision(text()))
    scene.edge.decide_hangs = True
    stop_the_clock(scene.page)
    scene.open(BODY, head=install(scene), cap=True)
    scene.page.clock.run_for(399)
    assert not visible(scene.page, "h1")
    scene.page.clock.run_for(1)
    assert visible(scene.page, "h1")
    assert scene.page.inner_text("h1") == ORIGINAL
    assert scene.edge.exposures() == []


def test_a_hanging_tag_server_holds_the_page_up_to_the_cap(scene: Scene) -> None:
    """Nothing is painted before, and everything as soon as the cap has passed, though the tag is still awaited."""
    scene.runs(decision(text()))
    scene.edge.tag_hangs = True
    stop_the_clock(scene.page)
    # Told by an observer: on a clock of one's own, `performance` itself lists no entries.
    scene.page.add_init_script(
        "paints = []; new PerformanceObserver((list) => paints.push(...list.getEntries())).observe({ type: 'paint' })"
    )
    scene.open(
        BODY, head=scene.shim(), wait_until="domcontentloaded", cap=True
    )  # It blocks rendering, and not parsing.
    scene.page.clock.run_for(399)
    assert scene.page.evaluate("paints.length") == 0
    scene.page.clock.run_for(1)
    scene.page.wait_for_function("paints.length")
    assert visible(scene.page, "h1")
    assert scene.page.evaluate("document.readyState") == "interactive", "the tag is still awaited"


def test_a_hanging_tag_server_by_the_visitors_clock(scene: Scene) -> None:
    """The same by real time: the first paint comes, though the server never answers."""
    scene.edge.tag_hangs = scene.edge.decide_hangs = True
    scene.open(BODY, head=scene.shim(), wait_until="commit", cap=True)
    scene.page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
    assert visible(scene.page, "h1")
    assert scene.page.inner_text("h1") == ORIGINAL
    assert scene.page.evaluate("document.readyState") == "interactive", "the tag is still awaited"


@INSTALLS
def test_a_dead_server_leaves_the_page_as_it_is(scene: Scene, install: type[Scene]) -> None:
    head = install(scene).replace(scene.edge.url, "http://localhost:9")
    record(scene.page)
    scene.open(BODY, head=head)
    scene.page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
    frames = recorded(scene.page)
    assert {frame.visible for frame in frames if frame.there} == {True}
    assert scene.page.inner_text("h1") == ORIGINAL
    assert scene.complaints.thrown == []


def test_a_late_decision_changes_nothing_that_was_seen(scene: Scene) -> None:
    """Neither for a treatment nor, in its exposure, for a control: the two stay comparable."""
    scene.runs(
        decision(text(), exposure="exp-1"),
        decision(text("p", "x"), personalized=False, experience=2, exposure="exp-2"),
        decision(text("#later", "Made for you"), experience=3, exposure="exp-3"),
        decision(text("#later", "Made for you"), personalized=False, experience=4, exposure="exp-4"),
    )
    scene.edge.decide_gate.close()
    stop_the_clock(scene.page)
    scene.open(BODY, head=scene.shim(), cap=True)
    scene.page.clock.run_for(400)
    scene.edge.decide_gate.open()
    scene.page.evaluate("__pitcairn.answer")
    scene.page.evaluate("document.body.insertAdjacentHTML('beforeend', '<b id=later>For all</b>')")
    assert {exposure["messageId"] for exposure in scene.seen(2)} == {"exp-3", "exp-4"}
    assert scene.page.inner_text("h1") == ORIGINAL
    assert scene.page.inner_text("#later") == "Made for you"


def test_a_late_tag_changes_nothing_that_was_seen(scene: Scene) -> None:
    scene.runs(decision(text()))
    scene.edge.tag_gate.close()
    record(scene.page)
    scene.open(BODY, head=scene.shim(), wait_until="commit", cap=True)
    scene.page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
    scene.edge.tag_gate.open()
    scene.page.wait_for_function("window.__pitcairnOn")
    scene.page.evaluate("__pitcairn.answer")
    frames = recorded(scene.page)
    assert {(frame.visible, frame.text) for frame in frames if frame.there} == {(True, ORIGINAL)}
    assert scene.edge.exposures() == []


def test_an_element_that_comes_in_two_pieces(scene: Scene) -> None:
    """The server's HTML breaks off in the middle of the headline; the decision is there before the rest of it."""
    scene.runs(decision(text()), pattern="/$")
    rest = Gate()
    rest.close()
    record(scene.page)
    scene.lift_the_cap()
    scene.website.page(
        "/",
        lambda: in_chunks(
            f"<!doctype html><head>{scene.plain()}</head><body><p>First</p><h1>The original",
            rest.passes,
            " headline</h1>",
        ),
    )
    scene.page.goto(scene.website.url, wait_until="commit")
    scene.seen()
    assert scene.page.inner_text("h1") == PERSONALIZED
    rest.open()
    scene.page.wait_for_load_state()
    assert scene.page.inner_text("h1") == PERSONALIZED
    assert [frame for frame in recorded(scene.page) if frame.visible and frame.text != PERSONALIZED] == []
    scene.page.evaluate("history.pushState({}, '', '/elsewhere')")
    assert scene.page.inner_text("h1") == ORIGINAL, "both pieces are the page's own text"


def test_no_transition_keeps_the_original_visible(scene: Scene) -> None:
    """On a route change, an element that is there already is hidden at once."""
    scene.runs(decision(text()), pattern="/second$")
    scene.edge.decide_gate.close()
    scene.open("<style>h1 { transition: all 10s }</style>" + BODY)
    scene.page.evaluate("history.pushState({}, '', '/second')")
    assert not visible(scene.page, "h1")
    scene.edge.decide_gate.open()
    scene.seen()
    # The page's own transition begins now; in its first instant the element still counts as hidden.
    expect(scene.page.locator("h1")).to_be_visible()


def stop_the_clock(page: Page) -> None:
    page.clock.install(time=0)
    page.clock.pause_at(3_600_000)  # It runs until this call, however long a busy machine takes to come here.


def visible(page: Page, selector: str) -> bool:
    found: bool = page.evaluate(
        "(selector) => document.querySelector(selector).checkVisibility({ visibilityProperty: true })", selector
    )
    return found
