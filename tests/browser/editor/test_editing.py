"""From an idea to a live change through the real editor, on the demo website under its strict content policy."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.conftest import Complaints
from browser.editor.editing import EMAIL, Demo, make_experience, open_editor
from browser.editor.frameworks import (
    AGAIN,
    ORIGINAL,
    FrameworkSite,
    edit_everything,
    rerender,
    shows_everything,
)
from browser.editor.frameworks import HEADLINE as MADE_HEADLINE
from browser.tag.servers import OWN_PATH, served

HEADLINE = "Rosters in an afternoon"

LOOKS = """() => [...document.querySelectorAll("*")].filter(one => one.localName !== "pitcairn-editor" && !one.closest("head"))
  .map(one => { const style = getComputedStyle(one); return one.localName + "#" + one.id + ":" + [...style].map(name => style.getPropertyValue(name)).join(";") })"""
"""How every element of the page looks, to the last property."""


def shown_to_a_visitor(browser: Browser, demo: Demo, headline: str) -> Page:
    """The home page in a browser that nobody has edited in, as soon as one shows the headline.

    On a busy machine an answer may come after the cap on hiding; then a visitor keeps the original, as they should.
    """
    for _ in range(20):
        page = browser.new_context().new_page()
        page.goto(demo.site)
        with contextlib.suppress(AssertionError):
            expect(page.locator("#headline")).to_have_text(headline, timeout=8_000)
            return page
        page.context.close()
    raise AssertionError(f"No visitor of twenty saw {headline!r}")


def test_from_the_dashboard_to_a_live_change(page: Page, browser: Browser, demo: Demo, complaints: Complaints) -> None:
    """Counted from the dashboard's first page: what is typed, pressed and opened is under sixty steps, waiting included."""
    experience = make_experience(page, demo, "Rosters", f"{demo.site}/")
    panel = open_editor(page, demo, experience)
    assert "pitcairn-editor" not in page.url

    page.locator("#headline").click()
    expect(panel.get_by_label("Selector")).to_have_value("#headline")
    expect(panel).to_contain_text("Sure: matches 1 element")
    panel.get_by_role("textbox", name="Text").fill(HEADLINE)
    expect(page.locator("#headline")).to_have_text(HEADLINE)
    panel.get_by_text("Style", exact=True).click()
    panel.get_by_label("Text colour").fill("rgb(1, 2, 3)")

    # A link: clicking selects it and does not follow it.
    page.locator("#start").click()
    assert page.url == f"{demo.site}/"
    panel.get_by_label("Link address").fill("/pricing.html?plan=team")
    panel.get_by_label("Link address").press("Tab")
    panel.get_by_role("textbox", name="Text").fill("Start today")

    page.locator("#fit").click(position={"x": 5, "y": 5})
    panel.get_by_text("Hide, move, insert").click()
    panel.get_by_role("button", name="Hide").click()
    expect(page.locator("#fit")).to_be_hidden()
    expect(panel).to_contain_text("5 changes")

    panel.get_by_label("Version").select_option("Original")
    expect(page.locator("#headline")).to_have_text("Shift planning for the whole organization")
    expect(page.locator("#fit")).to_be_visible()
    panel.get_by_label("Version").select_option("Everybody")
    panel.get_by_role("button", name="Save", exact=True).click()
    expect(panel.get_by_role("status").last).to_have_text("Saved.")

    page.goto(experience)
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("status")).to_contain_text("is live")

    visitor = shown_to_a_visitor(browser, demo, HEADLINE)
    expect(visitor.locator("#headline")).to_have_text(HEADLINE)
    expect(visitor.locator("#headline")).to_have_css("color", "rgb(1, 2, 3)")
    expect(visitor.locator("#start")).to_have_text("Start today")
    expect(visitor.locator("#start")).to_have_attribute("href", "/pricing.html?plan=team")
    expect(visitor.locator("#fit")).to_be_hidden()
    expect(visitor.locator("pitcairn-editor")).to_have_count(0)
    visitor.context.close()
    assert not complaints, complaints


def test_neither_look_touches_the_other(page: Page, demo: Demo) -> None:
    experience = make_experience(page, demo, "Looks", "/pricing")
    # Styles as hostile as they come by, of a page that does not know what stands on it.
    hostile = (
        "* { color: red !important; font: 40px cursive !important; margin: 9px !important; display: inline !important }"
    )
    page.goto(f"{demo.site}/pricing.html")
    expect(page.locator("aside.who")).to_be_visible()
    before = page.evaluate(LOOKS)
    panel = open_editor(page, demo, experience, "/pricing.html")
    expect(page.locator("aside.who")).to_be_visible()
    page.mouse.move(0, 0)
    assert page.evaluate(LOOKS) == before
    save = panel.get_by_role("button", name="Save", exact=True)
    look = "one => [...getComputedStyle(one)].map(name => getComputedStyle(one).getPropertyValue(name)).join()"
    own = save.evaluate(look)
    page.evaluate(
        "css => { const sheet = new CSSStyleSheet(); sheet.replaceSync(css); document.adoptedStyleSheets.push(sheet) }",
        hostile,
    )
    expect(page.locator("h1").first).to_have_css("color", "rgb(255, 0, 0)")
    assert save.evaluate(look) == own


def test_by_keyboard_alone_with_undo_and_redo(page: Page, demo: Demo) -> None:
    experience = make_experience(page, demo, "Keyboard")
    panel = open_editor(page, demo, experience)
    panel.get_by_role("button", name="Parent", exact=True).focus()
    page.keyboard.press("ArrowUp")  # From nowhere: the first heading.
    expect(panel.get_by_label("Selector")).to_have_value("#headline")
    page.keyboard.press("ArrowRight")
    expect(panel.get_by_label("Selector")).to_have_value("#lead")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowDown")
    expect(panel.get_by_label("Selector")).to_have_value("#headline")

    text = panel.get_by_role("textbox", name="Text")
    text.focus()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("Made ")
    panel.get_by_role("button", name="Bold", exact=True).press("Enter")
    page.keyboard.type("by hand")
    expect(page.locator("#headline")).to_have_text("Made by hand")
    expect(page.locator("#headline b")).to_have_text("by hand")
    undo, redo = (
        panel.get_by_role("button", name="Undo", exact=True),
        panel.get_by_role("button", name="Redo", exact=True),
    )
    while undo.is_enabled():
        undo.press("Enter")
    expect(page.locator("#headline")).to_have_text("Shift planning for the whole organization")
    expect(panel).to_contain_text("Nothing is changed yet")
    while redo.is_enabled():
        redo.press("Enter")
    expect(page.locator("#headline b")).to_have_text("by hand")
    panel.get_by_role("button", name="Save", exact=True).press("Enter")
    expect(panel.get_by_role("status").last).to_have_text("Saved.")


def test_two_editors_lose_nothing(page: Page, member: Any, demo: Demo) -> None:
    experience = make_experience(page, demo, "Two at once")
    panel = open_editor(page, demo, experience)
    other = member.new_page()
    others = open_editor(other, demo, experience)

    other.locator("#lead").click()
    others.get_by_role("textbox", name="Text").fill("Theirs")
    others.get_by_role("button", name="Save", exact=True).click()
    expect(others.get_by_role("status").last).to_have_text("Saved.")

    page.locator("#headline").click()
    panel.get_by_role("textbox", name="Text").fill("Mine")
    panel.get_by_role("button", name="Save", exact=True).click()
    expect(panel.get_by_role("alert").first).to_contain_text(f"was saved by {EMAIL}")
    expect(page.locator("#headline")).to_have_text("Mine")
    panel.get_by_role("button", name="Take theirs").click()
    expect(page.locator("#lead")).to_have_text("Theirs")
    expect(page.locator("#headline")).not_to_have_text("Mine")
    panel.get_by_role("button", name="Undo", exact=True).click()
    expect(page.locator("#headline")).to_have_text("Mine")
    panel.get_by_role("button", name="Redo", exact=True).click()
    page.locator("#headline").click()
    panel.get_by_role("textbox", name="Text").fill("Mine too")
    panel.get_by_role("button", name="Save", exact=True).click()
    expect(panel.get_by_role("status").last).to_have_text("Saved.")
    page.reload()
    expect(page.locator("#headline")).to_have_text("Mine too")
    expect(page.locator("#lead")).to_have_text("Theirs")


def test_what_is_not_saved_outlives_the_token(page: Page, demo: Demo) -> None:
    experience = make_experience(page, demo, "Late")
    panel = open_editor(page, demo, experience)
    page.locator("#headline").click()
    panel.get_by_role("textbox", name="Text").fill("Not saved in time")
    # The server's word for a token past its time; that it says so is for tests/experiences/test_editor_access.py.
    page.route(
        "**/editor/experience",
        lambda route: route.fulfill(
            status=401,
            json={"code": "token_expired", "message": "The editor was open for its time."},
            headers={"access-control-allow-origin": demo.site},
        ),
    )
    panel.get_by_role("button", name="Save", exact=True).click()
    expect(panel.get_by_role("alert").first).to_contain_text("kept in this browser")
    page.unroute("**/editor/experience")
    panel = open_editor(page, demo, experience)
    expect(page.locator("#headline")).to_have_text("Not saved in time")
    panel.get_by_role("button", name="Save", exact=True).click()
    expect(panel.get_by_role("status").last).to_have_text("Saved.")


@pytest.fixture
def site(demo: Demo, request: pytest.FixtureRequest) -> Iterator[FrameworkSite]:
    """At an address of its own: no other test's experience is live on it."""
    framework, own_path = request.param
    site = FrameworkSite(demo, framework, own_path=own_path)
    with served(site.answer) as site.url:
        yield site


SITES = [("react", ""), ("next", ""), ("vue", OWN_PATH), ("svelte", "")]


@pytest.mark.parametrize("site", SITES, indirect=True, ids=[" under ".join(filter(None, one)) for one in SITES])
def test_on_pages_that_frameworks_render(
    page: Page, browser: Browser, demo: Demo, site: FrameworkSite, complaints: Complaints
) -> None:
    """Edited before the framework takes the page over and after it, over re-renders and routes, saved, and seen by visitors."""
    page.goto(site.url)
    site.take_over(page)
    looks = page.evaluate(LOOKS)
    site.takes_over.close()
    experience = make_experience(page, demo, f"On {site.framework}", f"{site.url}/")
    panel = open_editor(page, demo, experience, site=site.url)

    page.locator("h1").click()
    panel.get_by_role("textbox", name="Text").fill(MADE_HEADLINE)
    expect(page.locator("h1")).to_have_text(MADE_HEADLINE, use_inner_text=True)
    site.take_over(page)
    expect(page.locator("h1")).to_have_text(MADE_HEADLINE, use_inner_text=True)
    undo, redo = (panel.get_by_role("button", name=name, exact=True) for name in ("Undo", "Redo"))
    undo.click()
    expect(page.locator("h1")).to_have_text(ORIGINAL, use_inner_text=True)
    page.mouse.move(0, 0)
    assert page.evaluate(LOOKS) == looks
    redo.click()
    edit_everything(page, panel)
    shows_everything(page, MADE_HEADLINE)
    undo.click()
    redo.click()
    shows_everything(page, MADE_HEADLINE)

    page.locator("h1").click()
    rerender(page)
    shows_everything(page, MADE_HEADLINE)
    panel.get_by_role("textbox", name="Text").fill(AGAIN)
    shows_everything(page, AGAIN)
    panel.get_by_role("button", name="Save", exact=True).click()
    expect(panel.get_by_role("status").last).to_have_text("Saved.")

    panel.get_by_role("button", name="Use the page").click()
    page.get_by_role("link", name="Second").click()
    expect(page.locator("main h1")).to_have_text("The original second page")
    expect(panel.get_by_role("alert").first).to_contain_text("not among those that the experience runs on")
    page.go_back()
    shows_everything(page, AGAIN)
    expect(panel.get_by_role("alert").first).to_be_hidden()

    page.goto(experience)
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("status")).to_contain_text("is live")
    assert not complaints, complaints
    visit(browser, site)


def visit(browser: Browser, site: FrameworkSite) -> None:
    """The page as a visitor has it: changed before it is taken over, and ever after."""
    for _ in range(20):
        site.takes_over.close()
        page = browser.new_context().new_page()
        said: list[str] = []
        page.on("console", lambda message, said=said: said.append(message.text))
        page.on("pageerror", lambda error, said=said: said.append(str(error)))
        page.goto(site.url, wait_until="commit")
        with contextlib.suppress(AssertionError):
            expect(page.locator("h1")).to_have_text(AGAIN, use_inner_text=True, timeout=8_000)
            break
        page.context.close()
    shows_everything(page, AGAIN)
    site.take_over(page)
    shows_everything(page, AGAIN)
    rerender(page)
    shows_everything(page, AGAIN)
    page.get_by_role("link", name="Second").click()
    expect(page.locator("main h1")).to_have_text("The original second page")
    page.go_back()
    shows_everything(page, AGAIN)
    expect(page.locator("pitcairn-editor")).to_have_count(0)
    assert said == []
    page.context.close()
