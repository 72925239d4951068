"""From the catalog to an enabled Mutiny with the keyboard alone."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from server import EMAIL, PASSWORD, NewServer

MOST_STEPS = 60

WHERE = """() => {
  const at = document.activeElement;
  const style = getComputedStyle(at);
  const label = at.labels?.[0]?.innerText ?? at.getAttribute("aria-label") ?? at.innerText ?? "";
  const outline = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  return {label: label.trim().split("\\n")[0], outline};
}"""


def tab_to(page: Page, label: str) -> None:
    """Presses Tab until the focus is on what is called `label`. Wherever the focus goes on the way, it can be seen."""
    passed = []
    for _ in range(MOST_STEPS):
        page.keyboard.press("Tab")
        where = page.evaluate(WHERE)
        passed.append(where["label"])
        if where["label"] and where["label"] != "Skip to the content":
            assert where["outline"], f"The focus on {where['label']!r} cannot be seen"
        if where["label"] == label:
            return
    raise AssertionError(f"Tab never reached {label!r}; it passed {passed}")


def choose(page: Page, option: str) -> None:
    """Chooses, in the list that has the focus, the option that begins so, with the arrows.

    Not by typing it: a list forgets what was typed when a second passes between two letters, as on a busy machine it may.
    """
    chosen = "document.activeElement.selectedOptions[0].label"
    page.keyboard.press("Home")
    while not (label := page.evaluate(chosen)).startswith(option):
        page.keyboard.press("ArrowDown")
        assert page.evaluate(chosen) != label, f"The list ends with {label!r} and has no {option!r}"


def enter(page: Page) -> None:
    """Presses Enter on what leads to another page."""
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_mutiny_is_connected_without_a_mouse(page: Page, new_server: NewServer) -> None:
    server = new_server()
    page.goto(server.url)
    page.keyboard.type(EMAIL)
    tab_to(page, "Password")
    page.keyboard.type(PASSWORD)
    enter(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Get started")

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    tab_to(page, "Catalog")
    enter(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Catalog")

    page.keyboard.press("/")
    expect(page.get_by_label("Search destinations")).to_be_focused()
    page.keyboard.type("mutiny")
    enter(page)
    page.wait_for_url("**/connections/catalog/?q=mutiny")
    page.keyboard.press("/")
    tab_to(page, "Mutiny")
    enter(page)

    tab_to(page, "Connect another")
    enter(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Connect Mutiny")
    tab_to(page, "unconnected")
    page.keyboard.press("Space")
    tab_to(page, "Go on")
    enter(page)

    # Without a key it says so beside the input, and what was typed stays.
    tab_to(page, "Name")
    page.keyboard.press("End")
    page.keyboard.type(" for the blog")
    enter(page)
    expect(page.locator(".error")).to_have_text("API Key is needed before the destination can be enabled.")
    expect(page.get_by_label("Name")).to_have_value("Mutiny 2 for the blog")

    tab_to(page, "Make a random key")
    page.keyboard.press("Space")
    expect(page.get_by_label("API Key")).to_be_focused()
    key = page.get_by_label("API Key").input_value()
    assert len(key) == 32
    tab_to(page, "Save and enable")
    enter(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Mutiny 2 for the blog")
    expect(page.locator(".head .state")).to_have_text("Enabled")
    assert key not in page.content()
    assert f"ends in {key[-4:]}" in page.content()

    tab_to(page, "Segment")
    enter(page)
    expect(page.get_by_role("heading", name="Mutiny 2 for the blog")).to_be_visible()
