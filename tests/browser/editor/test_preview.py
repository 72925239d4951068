"""A preview link in a real Chromium: made in the dashboard, opened by somebody without an account, on the demo website."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Browser, Page, Request, expect

from browser.conftest import Complaints
from browser.editor.editing import Demo, make_experience, open_editor
from server import wait_until

DRAFTED = "Only the preview says this"


def open_root(page: Page, name: str) -> None:
    """Opens the closed shadow root of this element to the tests."""
    page.context.add_init_script(
        "{ const attach = Element.prototype.attachShadow; Element.prototype.attachShadow = function (options) {"
        f" return attach.call(this, this.localName === '{name}' ? {{ ...options, mode: 'open' }} : options) }} }}"
    )


def drafted(page: Page, demo: Demo) -> str:
    """A draft of the headline, made in the editor; the address of its page in the dashboard."""
    experience = make_experience(page, demo, "Drafted", "/*")
    panel = open_editor(page, demo, experience)
    page.locator("#headline").click()
    panel.get_by_role("textbox", name="Text").fill(DRAFTED)
    panel.get_by_role("button", name="Save", exact=True).click()
    expect(panel.get_by_role("status").last).to_have_text("Saved.")
    page.goto(experience)
    return experience


def test_somebody_without_an_account_sees_the_draft_and_counts_for_nothing(
    page: Page, browser: Browser, demo: Demo, complaints: Complaints, violations: Any
) -> None:
    experience = drafted(page, demo)
    page.get_by_role("link", name="Preview", exact=True).click()
    page.get_by_label("Page", exact=True).fill(f"{demo.site}/")
    page.get_by_role("button", name="Make link").click()
    expect(page.get_by_role("status").first).to_contain_text("The link is ready")
    assert not violations(page)
    link = page.get_by_role("link", name="Open", exact=True).get_attribute("href")
    assert link is not None

    context = browser.new_context()
    guest = context.new_page()
    open_root(guest, "pitcairn-preview")
    asked: list[Request] = []
    context.on("request", lambda request: asked.append(request))  # noqa: PLW0108 - Playwright marks what it calls
    guest.goto(link)
    bar = guest.get_by_role("region", name="Pitcairn preview")
    expect(guest.locator("#headline")).to_have_text(DRAFTED)
    expect(bar).to_contain_text("Drafted, as Everybody sees it. Nothing is counted.")
    assert "pitcairn-preview" not in guest.url
    assert not violations(guest)
    # It goes on over the pages of the site, and when a page is loaded again.
    guest.goto(f"{demo.site}/pricing.html")
    expect(bar).to_contain_text("Preview.")
    guest.goto(f"{demo.site}/")
    expect(guest.locator("#headline")).to_have_text(DRAFTED)
    guest.evaluate("history.pushState({}, '', '/elsewhere')")
    expect(guest.locator("#headline")).to_have_text(DRAFTED)
    # No visitor was made, nothing is told, and no other experience is asked for by the tag.
    sent = [json.loads(one.post_data or "{}") for one in asked if one.url.endswith("/v1/decide")]
    previews = [one for one in sent if one.get("preview")]
    assert previews
    assert all("anonymousId" not in one and one["store"] is False for one in previews)
    assert not [one.url for one in asked if "Mutiny Experience Viewed" in (one.post_data or "")]
    assert not [one for one in context.cookies() if one["name"] == "pitcairn_visitor"]

    # Another tab of the same browser is nobody's preview.
    other = context.new_page()
    other.goto(f"{demo.site}/")
    expect(other.locator("#headline")).not_to_have_text(DRAFTED)
    other.close()

    # Revoked, it says so, and ends.
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_role("status").first).to_contain_text("revoked")
    guest.goto(f"{demo.site}/")
    expect(bar).to_contain_text("No preview. This preview link was revoked")
    expect(guest.locator("#headline")).not_to_have_text(DRAFTED)
    bar.get_by_role("button", name="End preview").click()
    expect(bar).to_have_count(0)
    expect(guest.locator("#headline")).to_be_visible()
    context.close()
    assert page.url.startswith(experience)
    assert not complaints, complaints


def test_a_member_sees_why_on_the_page_which_is_as_visitors_see_it(
    page: Page, demo: Demo, complaints: Complaints, violations: Any
) -> None:
    open_root(page, "pitcairn-why")
    page.goto(f"{demo.server.url}/experiences/why/")
    page.get_by_role("link", name="on your website").click()
    page.get_by_label("Page").fill(f"{demo.site}/")
    page.get_by_role("button", name="Open the page").click()
    page.wait_for_url(f"{demo.site}/")
    overlay = page.get_by_role("region", name="Pitcairn: why")
    told = overlay.get_by_role("group").filter(has_text="Corporate Website Experiment")
    expect(told).to_contain_text("None of its segments has this visitor")
    told.locator("summary").click()
    expect(told).to_contain_text("company.employee_count")
    expect(told).to_contain_text("absent")
    assert not violations(page)
    # Somebody becomes a small company, and the answer another one.
    page.get_by_role("button", name="Small company").click()
    decided = overlay.locator("details.decided")

    def asked() -> bool:
        overlay.get_by_role("button", name="Ask again").click()
        return bool(decided.count())

    wait_until(asked, "the visitor to be in a segment")
    expect(decided).to_contain_text("by the draw")
    overlay.get_by_role("button", name="Close").click()
    expect(overlay).to_have_count(0)
    page.reload()
    expect(page.locator("#headline")).to_be_visible()
    expect(overlay).to_have_count(0)
    assert not complaints, complaints
