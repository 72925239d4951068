"""Keeping a change true of a page that goes on living: late, rendered again, taken out, fought over."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from browser.tag.frames import record, recorded
from browser.tag.scene import ORIGINAL, PERSONALIZED, Scene, decision, text

BY_SCRIPT = "<main></main>"


def test_an_element_that_comes_late(scene: Scene) -> None:
    """Changed before its first frame, and exposed only then."""
    scene.runs(decision(text()))
    record(scene.page)
    scene.open(BY_SCRIPT, head=scene.shim())
    scene.page.evaluate("__pitcairn.answer")
    assert scene.edge.exposures() == []
    scene.page.evaluate("(html) => document.querySelector('main').innerHTML = html", f"<h1>{ORIGINAL}</h1>")
    scene.seen()
    shown = {frame.text for frame in recorded(scene.page) if frame.visible}
    assert shown == {PERSONALIZED}


def test_an_element_that_begins_to_match(scene: Scene) -> None:
    scene.runs(decision(text("h1[data-state='ready'].big")))
    scene.open(f"<h1>{ORIGINAL}</h1>")
    scene.page.evaluate("document.querySelector('h1').className = 'big'")
    scene.page.evaluate("document.querySelector('h1').dataset.state = 'ready'")
    scene.seen()
    assert scene.page.inner_text("h1") == PERSONALIZED


def test_every_way_a_framework_renders_again(scene: Scene) -> None:
    """By content, by the text node it holds, by a new element: its own text is in no frame, and it is one exposure."""
    scene.runs(decision(text()))
    record(scene.page)
    scene.open(f"<main><h1>{ORIGINAL}</h1></main><script>held = document.querySelector('h1').firstChild</script>")
    scene.seen()
    for render in (
        "document.querySelector('h1').textContent = 'Again'",
        "document.querySelector('h1').innerHTML = 'Again <b>and again</b>'",
        "document.querySelector('main').innerHTML = '<h1>Again</h1>'",
        "document.querySelector('h1').replaceWith(Object.assign(document.createElement('h1'), { textContent: 'New' }))",
        "document.querySelector('h1').firstChild.data = 'Again'",
        "document.querySelector('h1').append('more')",
        "held.data = 'Gone already'",
    ):
        scene.page.evaluate(render)
        assert scene.page.inner_text("h1") == PERSONALIZED, render
    assert {frame.text for frame in recorded(scene.page) if frame.visible} == {PERSONALIZED}
    assert len(scene.edge.exposures()) == 1
    assert not scene.complaints


def test_attributes_styles_and_insertions_are_kept_too(scene: Scene) -> None:
    scene.runs(
        decision(
            {"type": "attribute", "selector": "a", "name": "href", "value": "/new"},
            {"type": "style", "selector": "a", "name": "color", "value": "rgb(1, 2, 3)"},
            {"type": "insert", "selector": "a", "position": "after", "value": "<i>new</i>"},
            {"type": "hide", "selector": "p"},
        )
    )
    scene.open("<main><a href='/old'>x</a><p>y</p></main>")
    scene.seen()
    for render in (
        "document.querySelector('a').href = '/old'",
        "document.querySelector('a').style.color = 'red'",
        "document.querySelector('a').removeAttribute('style')",
        "document.querySelector('i').remove()",
        "document.querySelector('p').style.display = 'block'",
        "document.querySelector('main').innerHTML = '<a href=/old>x</a><p>y</p>'",
    ):
        scene.page.evaluate(render)
        assert scene.page.get_attribute("a", "href") == "/new", render
        assert scene.page.evaluate("getComputedStyle(document.querySelector('a')).color") == "rgb(1, 2, 3)", render
        assert scene.page.locator("a + i").count() == 1, render
        expect(scene.page.locator("p")).to_be_hidden()


def test_a_page_that_insists_has_its_way(scene: Scene) -> None:
    """A script that puts its own text back at once would go on for ever. The browser stays usable, the text its own."""
    scene.runs(decision(text()))
    scene.open(
        f"<h1>{ORIGINAL}</h1><script>"
        f"rounds = 0; h1 = document.querySelector('h1'); new MutationObserver(() => {{"
        f" if (h1.innerHTML !== '{ORIGINAL}') {{ rounds++; h1.textContent = '{ORIGINAL}' }}"
        f"}}).observe(h1, {{ childList: true, characterData: true, subtree: true }})</script>"
    )
    scene.seen()
    scene.page.wait_for_function("document.readyState === 'complete'")
    assert scene.page.inner_text("h1") == ORIGINAL
    assert 1 < scene.page.evaluate("rounds") < 30
    assert scene.complaints.thrown == []
    assert [re.sub(r"\s+", " ", line) for line in scene.complaints.console] == [
        "Pitcairn leaves h1 as it is: the page keeps changing it back."
    ]


def test_a_page_that_insists_with_new_elements_has_its_way(scene: Scene) -> None:
    scene.runs(decision(text()))
    scene.open(
        f"<main><h1>{ORIGINAL}</h1></main><script>"
        f"rounds = 0; main = document.querySelector('main'); new MutationObserver(() => {{"
        f" if (main.textContent !== '{ORIGINAL}') {{ rounds++; main.innerHTML = '<h1>{ORIGINAL}</h1>' }}"
        f"}}).observe(main, {{ childList: true, characterData: true, subtree: true }})</script>"
    )
    scene.seen()
    assert scene.page.inner_text("h1") == ORIGINAL
    assert 10 < scene.page.evaluate("rounds") < 300
    assert scene.complaints.thrown == []


def test_a_change_that_cannot_be_made_is_thrown_nowhere(scene: Scene) -> None:
    scene.runs(
        decision({"type": "insert", "selector": "html", "position": "before", "value": "<p>x</p>"}, exposure="exp-1"),
        decision(text(), experience=2, exposure="exp-2"),
    )
    scene.open(f"<h1>{ORIGINAL}</h1>")
    assert [exposure["messageId"] for exposure in scene.seen()] == ["exp-2"]
    assert scene.page.inner_text("h1") == PERSONALIZED
    assert not scene.complaints


def test_a_page_that_breaks_the_browsers_own_functions(scene: Scene) -> None:
    """Whatever a page did to its globals: it stays visible, and hears no error of ours."""
    scene.runs(decision(text()))
    scene.open(
        f"<h1>{ORIGINAL}</h1>",
        head="<script>Element.prototype.append = Document.prototype.querySelectorAll = Map = undefined;"
        "window.MutationObserver = function () { throw new Error('no') }</script>" + scene.plain(),
    )
    scene.page.wait_for_load_state("networkidle")
    expect(scene.page.locator("h1")).to_be_visible()
    assert scene.complaints.thrown == []
