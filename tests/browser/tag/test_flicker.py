"""What a visitor sees while a page loads: frame by frame, on each kind of website, however long the decision takes."""

from __future__ import annotations

import pytest

from browser.tag.frames import record, recorded
from browser.tag.scene import Scene, decision, text
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
