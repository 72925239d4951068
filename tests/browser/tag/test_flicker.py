"""What a visitor sees while a page loads: frame by frame, on each kind of website, however long the decision takes."""

from __future__ import annotations

import pytest

from browser.tag.frames import record, recorded
from browser.tag.scene import Scene, decision, text
from browser.tag.test_components import component, runs, shown
from browser.tag.test_hiding import stop_the_clock, visible
from browser.tag.websites import NAMES, put

WEBSITES = pytest.mark.parametrize("name", NAMES)
DELAYS = (0.0, 0.05, 0.15, 0.3)
"""Seconds that a decision takes."""
CHANGES = [text("h1", "Made for you"), text(".lead", "Made lead"), text(".cta", "Made link")]
_SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => shifts.push(...list.getEntries().map((entry) => entry.value)))
    .observe({ type: "layout-shift", buffered: true });
"""


@WEBSITES
def test_no_frame_shows_the_original_and_nothing_moves(scene: Scene, name: str) -> None:
    """Whether the page is taken over before the decision comes or after it."""
    scene.runs(decision(*CHANGES), pattern="/$")
    scene.lift_the_cap()
    record(scene.page, "main")
    scene.page.add_init_script(_SHIFTS)
    put(scene.website, name).open()
    for delay in DELAYS:
        scene.edge.delay = delay
        scene.page.goto(scene.website.url)
        scene.page.wait_for_function("window.hydrated && document.querySelector('h1').innerText === 'Made for you'")
        frames = recorded(scene.page)
        assert [frame.text for frame in frames if "original" in frame.text] == [], delay
        assert "Made lead" in frames[-1].text
        assert "Made link" in frames[-1].text
        assert scene.page.evaluate("shifts") == [], delay
    assert not scene.complaints


@WEBSITES
@pytest.mark.parametrize("blocked", ["the tag", "the decision", "both"])
def test_where_it_is_blocked_the_page_is_as_if_it_were_not_there(scene: Scene, name: str, blocked: str) -> None:
    scene.runs(decision(*CHANGES))
    scene.lift_the_cap()
    if blocked != "the decision":
        scene.page.route("**/tag/**", lambda route: route.abort("blockedbyclient"))
    if blocked != "the tag":
        scene.page.route("**/v1/**", lambda route: route.abort("blockedbyclient"))
    record(scene.page, "main")
    put(scene.website, name).open()
    scene.page.goto(scene.website.url)
    scene.page.wait_for_function("window.hydrated")
    scene.page.wait_for_function("document.querySelector('h1').checkVisibility({ visibilityProperty: true })")
    scene.page.evaluate("history.pushState({}, '', '/second')")
    texts = {frame.text for frame in recorded(scene.page)}
    assert any("original headline" in one for one in texts)
    assert not any("Made" in one for one in texts)
    assert scene.edge.exposures() == []
    assert scene.complaints.thrown == []


@WEBSITES
def test_never_hidden_for_longer_than_the_cap(scene: Scene, name: str) -> None:
    """On a clock that the test turns, also where the page is taken over meanwhile; what comes after it changes nothing."""
    scene.runs(decision(*CHANGES))
    scene.edge.decide_gate.close()
    stop_the_clock(scene.page)
    takes_over = put(scene.website, name)
    scene.page.goto(scene.website.url, wait_until="commit")
    scene.page.wait_for_function("window.__pitcairnOn && document.querySelector('.cta')")
    scene.page.clock.run_for(399)
    hidden = ("h1", ".lead", ".cta")
    assert [visible(scene.page, one) for one in hidden] == [False, False, False]
    takes_over.open()
    scene.page.wait_for_function("window.hydrated")
    assert [visible(scene.page, one) for one in hidden] == [False, False, False]
    scene.page.clock.run_for(1)
    assert [visible(scene.page, one) for one in hidden] == [True, True, True]
    scene.edge.decide_gate.open()
    scene.page.evaluate("__pitcairn.answer")
    assert "Made" not in scene.page.inner_text("main")
    assert "original headline" in scene.page.inner_text("h1")
    assert scene.edge.exposures() == []
    assert not scene.complaints


@WEBSITES
def test_a_banner_pushes_the_page_before_it_is_seen(scene: Scene, name: str) -> None:
    """It stays where it is when the framework takes the page over, renders it anew, and goes to another route."""
    runs(scene, component("banner", push=True))
    scene.lift_the_cap()
    record(scene.page, "main")
    scene.page.add_init_script(_SHIFTS)
    takes_over = put(scene.website, name)
    scene.edge.components_gate.close()
    scene.page.goto(scene.website.url, wait_until="commit")
    scene.edge.wait_for(lambda: bool(scene.edge.asked("/tag/components/")), "the components' script is asked for")
    scene.page.wait_for_function("seenInFrames.some((frame) => frame.there)")
    assert not [frame for frame in recorded(scene.page) if frame.visible], "the page waits for what pushes it"
    scene.edge.components_gate.open()
    scene.seen()
    pushed(scene)
    takes_over.open()
    scene.page.wait_for_function("window.hydrated")
    pushed(scene)
    recorded(scene.page)  # Frames in which something could have moved.
    assert scene.page.evaluate("shifts") == []
    if name != "static":
        for step in ("setName('original next')", "setShown(false)", "setShown(true)"):
            scene.page.evaluate(f"void app.{step}")
            pushed(scene)
        scene.page.get_by_role("link", name="Second").click()
        scene.page.wait_for_function("document.querySelector('main h1').innerText === 'The original second page'")
        pushed(scene)
    assert not scene.complaints


def pushed(scene: Scene) -> None:
    """The banner stands above the page, which begins below it."""
    banner, main = shown(scene).bounding_box(), scene.page.locator("main").bounding_box()
    assert banner is not None
    assert main is not None
    assert (banner["y"], main["y"] >= banner["height"]) == (0, True)
