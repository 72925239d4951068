"""On pages that React, Next.js, Vue and Svelte rendered on the server and take over in the browser."""

from __future__ import annotations

from typing import Any

import pytest

from browser.tag.frames import record, recorded
from browser.tag.scene import Scene, decision, text
from browser.tag.servers import Gate
from browser.tag.websites import put

CHANGES = [
    text("h1", "Made for you"),
    {"type": "html", "selector": ".lead", "value": "<b>Made</b> lead"},
    {"type": "insert", "selector": ".lead", "position": "before", "value": "<p>Made before</p>"},
    {"type": "insert", "selector": "section", "position": "start", "value": "<p>Made first</p>"},
    {"type": "insert", "selector": "section", "position": "end", "value": "<p>Made last</p>"},
    text(".cta", "Made link"),
    {"type": "attribute", "selector": ".cta", "name": "href", "value": "/made"},
    {"type": "style", "selector": ".clicks", "name": "color", "value": "rgb(1, 2, 3)"},
]
MADE = ["Made first", "Made for you", "Made before", "Made lead", "Made link", "Clicks: {}", "More", "Made last"]
FRAMEWORKS = pytest.mark.parametrize("framework", ["react", "next", "vue", "svelte"])


def opened(scene: Scene, framework: str) -> Gate:
    by_path = {"/": [decision(*CHANGES)], "/second": [decision(text("main h1", "Made second"), exposure="exp-2")]}
    scene.runs(*by_path["/"], *by_path["/second"])
    scene.edge.decide = lambda question: by_path["/second" if "/second" in question["url"] else "/"]
    scene.lift_the_cap()
    record(scene.page, "main")
    return put(scene.website, framework)


def take_over(scene: Scene, gate: Gate) -> None:
    gate.open()
    scene.page.wait_for_function("window.hydrated")


def shown(scene: Scene) -> list[str]:
    return [line.strip() for line in scene.page.inner_text("section").splitlines() if line.strip()]


def made(clicks: int) -> list[str]:
    return [line.format(clicks) for line in MADE]


def settled(scene: Scene) -> None:
    """Two frames pass, in which nobody writes anything."""
    writes = scene.page.evaluate(
        """() => new Promise((done) => {
            let writes = 0;
            const all = { subtree: true, childList: true, characterData: true, attributes: true };
            new MutationObserver((records) => (writes += records.length)).observe(document, all);
            requestAnimationFrame(() => requestAnimationFrame(() => done(writes)));
        })"""
    )
    assert writes == 0


@FRAMEWORKS
def test_changed_before_the_page_is_taken_over(scene: Scene, framework: str) -> None:
    """The framework finds what it rendered, and no frame shows the original: before, meanwhile, and ever after."""
    gate = opened(scene, framework)
    scene.page.goto(scene.website.url, wait_until="commit")
    scene.seen()
    assert shown(scene) == made(0)
    assert scene.page.evaluate("document.querySelector('.lead').textContent") == "The original lead"
    take_over(scene, gate)
    assert shown(scene) == made(0)
    live_on(scene)
    assert [frame.text for frame in recorded(scene.page) if "original" in frame.text] == []
    assert len(scene.edge.exposures()) == 2
    assert not scene.complaints


@FRAMEWORKS
def test_changed_after_the_page_was_taken_over(scene: Scene, framework: str) -> None:
    gate = opened(scene, framework)
    scene.edge.decide_gate.close()
    scene.page.goto(scene.website.url, wait_until="commit")
    take_over(scene, gate)
    scene.edge.decide_gate.open()
    scene.seen()
    assert shown(scene) == made(0)
    live_on(scene)
    assert [frame.text for frame in recorded(scene.page) if "original" in frame.text] == []
    assert not scene.complaints


def live_on(scene: Scene) -> None:
    """What the page does afterwards: other values, parts that go and come, another route and back."""
    page = scene.page
    steps: list[tuple[str, Any]] = [
        ("document.querySelector('section button').click()", 1),
        ("app.setName('original next')", 1),
        ("app.setEmphasis(false)", 1),
        ("app.setName('original third')", 1),
        ("app.setEmphasis(true)", 1),
        ("app.setShown(false)", None),
        ("app.setShown(true)", 1),
    ]
    for step, clicks in steps:
        page.evaluate(f"void {step}")
        page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        expected = made(1) if clicks else [line for line in made(1) if line != "Made for you"]
        assert shown(scene) == expected, step
    settled(scene)
    page.wait_for_function(
        "document.querySelector('.lead').textContent.includes('Made')"
    )  # The way is no longer led past.
    page.get_by_role("link", name="Second").click()
    page.wait_for_url("**/second")
    page.wait_for_function("document.querySelector('main h1')?.innerText === 'Made second'")
    page.go_back()
    page.wait_for_function("document.querySelector('main h1')?.innerText === 'Made for you'")
    assert len(shown(scene)) == len(MADE)
    settled(scene)
    style = "getComputedStyle(document.querySelector('.clicks')).color"
    assert page.evaluate(style) == "rgb(1, 2, 3)"
    assert page.get_attribute(".cta", "href") == "/made"
