"""Each kind of change, on elements that are in the HTML."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from browser.tag.scene import PERSONALIZED, Change, Scene, decision, text
from browser.tag.servers import ROOT


def open_with(scene: Scene, body: str, *changes: Change) -> None:
    """Opens a page with these changes on it, and waits until they were seen."""
    scene.runs(decision(*changes))
    scene.open(body)
    scene.seen()
    assert not scene.complaints


def test_text_replaces_what_the_element_says(scene: Scene) -> None:
    open_with(scene, "<h1>The <em>original</em> headline</h1>", text("h1", "a < b & <i>c</i>"))
    expect(scene.page.locator("h1")).to_be_visible()
    assert scene.page.inner_text("h1") == "a < b & <i>c</i>"
    assert scene.page.locator("h1 i").count() == 0


def test_text_of_an_element_without_text(scene: Scene) -> None:
    open_with(scene, "<h1><span>Original</span></h1>", text())
    assert scene.page.inner_text("h1") == PERSONALIZED


def test_html_replaces_the_content(scene: Scene) -> None:
    open_with(
        scene, "<h1>Original <b>headline</b></h1>", {"type": "html", "selector": "h1", "value": "Made <em>small</em>"}
    )
    assert scene.page.inner_text("h1") == "Made small"
    expect(scene.page.locator("h1 em")).to_be_visible()


def test_the_page_keeps_its_nodes_in_place(scene: Scene) -> None:
    """A framework removes the nodes that it made, and fails when one is not where it was."""
    open_with(
        scene,
        "<h1>One <b>two</b></h1><p>One <b>two</b></p>"
        "<script>nodes = [...document.querySelectorAll('h1 > *, p > *')]</script>",
        text(),
        {"type": "html", "selector": "p", "value": "<i>three</i>"},
    )
    assert scene.page.evaluate("nodes.length") == 2
    scene.page.evaluate("nodes.forEach((node) => node.parentNode.removeChild(node))")
    assert scene.page.inner_text("h1") == PERSONALIZED
    assert scene.page.inner_text("p") == "three"


def test_attribute_is_set_and_removed(scene: Scene) -> None:
    open_with(
        scene,
        "<a href='/old' target=_blank>Link</a>",
        {"type": "attribute", "selector": "a", "name": "href", "value": "/new"},
        {"type": "attribute", "selector": "a", "name": "target", "value": None},
        {"type": "attribute", "selector": "a", "name": "style", "value": "color: rgb(1, 2, 3)"},
    )
    assert scene.page.get_attribute("a", "href") == "/new"
    assert scene.page.get_attribute("a", "target") is None
    assert scene.page.evaluate("getComputedStyle(document.querySelector('a')).color") == "rgb(1, 2, 3)"


def test_style_wins_over_the_pages_own(scene: Scene) -> None:
    open_with(
        scene,
        "<style>h1 { color: red !important }</style><h1 style='color: blue'>x</h1>",
        {"type": "style", "selector": "h1", "name": "color", "value": "rgb(1, 2, 3)"},
        {"type": "style", "selector": ":root", "name": "--brand", "value": "teal"},
    )
    assert scene.page.evaluate("getComputedStyle(document.querySelector('h1')).color") == "rgb(1, 2, 3)"
    brand = "getComputedStyle(document.documentElement).getPropertyValue('--brand')"
    assert scene.page.evaluate(brand) == "teal"


def test_hide(scene: Scene) -> None:
    open_with(scene, "<h1>Gone</h1><p>Stays</p>", {"type": "hide", "selector": "h1"})
    expect(scene.page.locator("h1")).to_be_hidden()
    expect(scene.page.locator("p")).to_be_visible()


def test_insert_at_each_position(scene: Scene) -> None:
    open_with(
        scene,
        "<main><p>x</p></main>",
        *(
            {"type": "insert", "selector": "p", "position": position, "value": f"<i>{position}</i>"}
            for position in ("before", "after", "start", "end")
        ),
    )
    expected = "<i>before</i><p><i>start</i>x<i>end</i></p><i>after</i>"
    assert scene.page.evaluate("document.querySelector('main').innerHTML") == expected


def test_an_insertion_that_matches_its_own_selector_ends(scene: Scene) -> None:
    insertion = {"type": "insert", "selector": "main p", "position": "after", "value": "<p>y</p>"}
    open_with(scene, "<main><p>x</p></main>", insertion)
    scene.page.evaluate("document.body.append('more')")
    assert scene.page.locator("main p").count() == 2


def test_every_element_that_matches_is_changed(scene: Scene) -> None:
    open_with(scene, "<h2>a</h2><h2>b</h2>", text("h2", "c"))
    assert scene.page.locator("h2").all_inner_texts() == ["c", "c"]


def test_inside_one_experience_the_later_change_wins(scene: Scene) -> None:
    open_with(scene, "<h1 class=a>x</h1>", text("h1", "first"), text(".a", "second"))
    assert scene.page.inner_text("h1") == "second"


def test_between_experiences_the_earlier_one_wins(scene: Scene) -> None:
    """The other one is not on the page, and so not exposed."""
    scene.runs(
        decision(text("h1", "first"), exposure="exp-1"),
        decision(text("h1", "second"), experience=2, exposure="exp-2"),
        decision(text("p", "third"), experience=3, exposure="exp-3"),
    )
    scene.open("<h1>x</h1><p>y</p>")
    assert {exposure["messageId"] for exposure in scene.seen(2)} == {"exp-1", "exp-3"}
    scene.page.evaluate("document.body.append('more')")
    assert scene.page.inner_text("h1") == "first"
    assert len(scene.edge.exposures()) == 2
    assert not scene.complaints


def test_a_broken_selector_spoils_nothing_else(scene: Scene) -> None:
    open_with(scene, "<h1>x</h1>", text("h1:not(", "x"), text("h1"))
    expect(scene.page.locator("h1")).to_have_text(PERSONALIZED)
    expect(scene.page.locator("h1")).to_be_visible()


@pytest.mark.parametrize("install", [Scene.plain, Scene.shim])
def test_both_ways_to_install(scene: Scene, install: type[Scene]) -> None:
    scene.runs(decision(text()))
    scene.open(head=install(scene))
    scene.seen()
    expect(scene.page.locator("h1")).to_have_text(PERSONALIZED)
    assert len(scene.edge.questions()) == 1
    assert not scene.complaints


def test_a_page_without_experiences_asks_nothing(scene: Scene) -> None:
    scene.runs(decision(text()), pattern=r"/elsewhere$")
    scene.open()
    expect(scene.page.locator("h1")).to_be_visible()
    assert scene.edge.questions() == []
    assert not scene.complaints


def _refused_for_running_code() -> list[Change]:
    cases = json.loads((ROOT / "spec/changes.json").read_text())["refused"]
    running = ("runs code", "can run code", "holds a whole page")
    return [
        change
        for case in cases
        if any(words in case["error"] for words in running)
        for change in case["changes"]
        if change.get("type") in {"attribute", "html", "insert"}
    ]


def test_nothing_that_runs_code_gets_into_the_page(scene: Scene) -> None:
    """The server refuses these when they are saved; the tag does not rely on it."""
    cases = _refused_for_running_code()
    assert len(cases) > 10
    scene.runs(*(decision({**case, "selector": f"#case-{i} a"}, exposure=f"exp-{i}") for i, case in enumerate(cases)))
    links = "".join(f"<div id=case-{i}><a href='#'>x</a></div>" for i in range(len(cases)))
    scene.open(f"{links}<script>ran = 0; function go() {{ ran++ }}; alert = go</script>")
    scene.seen(len(cases))
    scene.page.evaluate("document.querySelectorAll('a').forEach((link) => link.dispatchEvent(new MouseEvent('click')))")
    left = scene.page.evaluate(
        """() => [...document.querySelectorAll('div *')].flatMap((element) =>
            [...element.attributes].map(({ name, value }) => `${name}=${value}`)
              .filter((text) => /^on|^srcdoc|^(href|src|to)=.*(script:|data:)/i.test(text)))"""
    )
    assert left == []
    assert scene.page.locator("div :is(script, iframe, set)").count() == 0
    assert scene.page.evaluate("ran") == 0
