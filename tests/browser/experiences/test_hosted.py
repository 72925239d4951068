"""A hosted page from the dashboard to its recipient and back, with the keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Browser, Page, expect

from browser.conftest import PATIENCE_MS, Complaints
from browser.dashboard.test_keyboard import choose, enter, tab_to
from server import Server, unique


def test_from_the_dashboard_to_the_recipient_and_back(
    page: Page, browser: Browser, shop: Server, complaints: Complaints, violations: Callable[[Page], list[str]]
) -> None:
    user_id, message_id = unique("user-"), unique("identify-")
    shop.send("/v1/identify", {"userId": user_id, "traits": {"first_name": "Ada"}, "messageId": message_id})
    shop.message(message_id)

    page.goto(f"{shop.url}/hosted-pages/new/")
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    page.keyboard.type("For Ada")
    tab_to(page, "Address")
    page.keyboard.type("for-you")
    tab_to(page, "Visits are counted by")
    choose(page, "website")
    tab_to(page, "Heading")
    page.keyboard.press("Control+A")
    page.keyboard.type('Hello {{ traits.first_name | default: "you" }}')
    as_typed = page.frame_locator("aside iframe")
    expect(as_typed.get_by_role("heading", level=1)).to_be_visible()
    page.locator("#blocks-2-button_label").focus()
    page.keyboard.type("Go on")
    page.keyboard.press("Tab")
    page.keyboard.type(f"{shop.url}/health")
    page.keyboard.press("Tab")
    expect(as_typed.get_by_role("heading", level=1)).to_have_text("Hello you")
    tab_to(page, "Save and put live")
    enter(page)
    expect(page.get_by_role("status")).to_contain_text("For Ada is live.")
    assert violations(page) == []

    page.get_by_role("link", name="Recipients").focus()
    enter(page)
    page.get_by_label("Find a recipient").focus()
    page.keyboard.type(user_id)
    enter(page)
    page.get_by_role("button", name=re.compile("^Make link for")).focus()
    enter(page)
    expect(page.get_by_role("status")).to_contain_text("1 link is made.")
    path = page.locator(".recipients .mono").inner_text()

    # The recipient has no account here, and no script runs but ours.
    for scheme, width in (("light", 360), ("dark", 1440)):
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
        visitor = context.new_page()
        sent: list[str] = []
        visitor.on("request", lambda request, sent=sent: sent.append(f"{request.url} {request.post_data or ''}"))
        visitor.goto(f"{shop.url}{path}")
        expect(visitor.get_by_role("heading", level=1)).to_have_text("Hello Ada")
        assert visitor.evaluate("document.documentElement.scrollWidth") == width
        assert violations(visitor) == []
        visitor.get_by_role("link", name="Go on").focus()
        visitor.keyboard.press("Enter")
        visitor.wait_for_url("**/health")
        token = path.rpartition("/")[2]
        assert not [one for one in sent[1:] if token in one], "the token left the page"
        context.close()

    seen = page.locator(".recipients td[data-l=Views]")

    def look() -> bool:
        page.reload()
        return seen.inner_text() == "2" and page.locator(".recipients td[data-l=Clicked]").inner_text() == "2 times"

    shop.wait_until(look, "The views and clicks of both visits")
    for width in (360, 1440):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert violations(page) == []
    page.get_by_role("button", name=re.compile("^Revoke the link")).focus()
    enter(page)
    expect(page.get_by_role("status")).to_contain_text("The link is revoked.", timeout=PATIENCE_MS)
    assert page.request.get(f"{shop.url}{path}").status == 404
    assert not complaints, complaints
