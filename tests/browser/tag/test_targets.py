"""Which elements a change is made of: when its first selector does not find what it should, and where an element is moved."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from browser.tag.scene import PERSONALIZED, Scene, decision, text

LINKS = "<nav><a id=one href='#one'>One</a></nav><main><p id=lead>Lead</p><p id=end>End</p></main>"


def aimed(selector: str, *otherwise: str, matches: int = 1) -> dict[str, Any]:
    return {**text(selector), "otherwise": list(otherwise), "matches": matches}


@pytest.mark.parametrize(
    ("body", "changed"),
    [
        ("<h1 id=a>One</h1><h2 class=b>Two</h2>", "#a"),  # The first is right, whatever the others find.
        ("<h1 id=c>One</h1><h2 class=b>Two</h2>", ".b"),  # Redesigned: the second one finds it.
        ("<h1 id=a>One</h1><h1 id=a>Two</h1><h2 class=b>Three</h2>", ".b"),  # Two where one should be.
    ],
)
def test_the_first_selector_that_finds_what_it_should(scene: Scene, body: str, changed: str) -> None:
    scene.runs(decision(aimed("#a", ".b", "h4 >")))
    scene.open(body)
    scene.seen()
    texts = scene.page.locator("h1, h2").all_inner_texts()
    assert texts.count(PERSONALIZED) == 1
    expect(scene.page.locator(changed).last).to_have_text(PERSONALIZED)
    assert not scene.complaints


def test_one_element_is_not_guessed_at(scene: Scene) -> None:
    """Rather the original than the wrong element, and then nobody is counted either."""
    scene.runs(
        decision(aimed("p", "h1, h2"), exposure="exp-1"), decision(text("footer"), experience=2, exposure="exp-2")
    )
    scene.open("<p>One</p><p>Two</p><h1>Three</h1><h2>Four</h2><footer>End</footer>")
    (exposure,) = scene.seen()
    assert exposure["messageId"] == "exp-2"
    assert scene.page.locator("p, h1, h2").all_inner_texts() == ["One", "Two", "Three", "Four"]


def test_control_waits_for_the_same_element(scene: Scene) -> None:
    control = decision(text(), personalized=False)
    control["changes"] = [{"selector": "#a", "otherwise": [".b"], "matches": 1}]
    scene.runs(control)
    scene.open("<h2 class=b>Two</h2>")
    assert scene.seen()[0]["properties"]["personalized"] is False


def test_an_element_that_its_own_change_hides_from_its_selector(scene: Scene) -> None:
    """It stays the one that is meant, and is changed once."""
    change = {"type": "attribute", "selector": "a[href='#one']", "matches": 1, "name": "href", "value": "#two"}
    scene.runs(decision({**change, "otherwise": ["main a"]}))
    scene.open("<nav><a href='#one'>One</a></nav><main><a href='#three'>Three</a></main>")
    scene.seen()
    scene.page.evaluate("document.querySelector('nav').append('more')")
    assert scene.page.evaluate("[...document.links].map((link) => link.hash)") == ["#two", "#three"]


def test_a_moved_element_stands_at_its_new_place_and_works(scene: Scene) -> None:
    scene.runs(decision({"type": "move", "selector": "#one", "to": "#lead", "position": "after"}, text("#one", "Uno")))
    scene.open(LINKS + "<script>one.addEventListener('click', () => document.title = 'pressed')</script>")
    scene.seen()
    shown = scene.page.locator("main > #one")
    expect(shown).to_have_text("Uno")
    expect(scene.page.locator("nav > #one")).to_be_hidden()
    assert scene.page.evaluate("document.querySelector('#lead').nextElementSibling.id") == "one"
    shown.click()
    assert scene.page.title() == "pressed"
    # The page goes on with its own node; what stands at the new place follows.
    scene.page.evaluate("document.querySelector('nav > #one').className = 'strong'")
    expect(scene.page.locator("main > #one")).to_have_class("strong")
    # And takes it away without falling over ours.
    scene.page.evaluate("document.querySelector('nav').removeChild(document.querySelector('nav > #one'))")
    expect(scene.page.locator("main > #one")).to_have_count(0)
    assert not scene.complaints


def test_a_moved_element_goes_back_with_the_route(scene: Scene) -> None:
    scene.runs(decision({"type": "move", "selector": "#one", "to": "main", "position": "start"}), pattern=r"/$")
    scene.open(LINKS)
    scene.seen()
    expect(scene.page.locator("main > #one")).to_be_visible()
    scene.page.evaluate("history.pushState(null, '', '/elsewhere')")
    expect(scene.page.locator("main > #one")).to_have_count(0)
    expect(scene.page.locator("nav > #one")).to_be_visible()
    assert scene.page.evaluate("document.querySelector('#one').getAttribute('style')") is None
