"""From the dashboard's form to a visitor's page, on a real server: a redirect, a banner, and a survey whose answer is targeted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.experiences.conftest import LOGIN
from browser.tag.scene import document
from browser.tag.servers import Edge, Website, served
from browser.test_main_job import LIFT_THE_CAP
from server import WRITE_KEYS, Server, unique, wait_until

SCRIPT = "<img src=x onerror=document.title='run'>"


@pytest.fixture(scope="module")
def website(shop: Server) -> Iterator[Website]:
    """The customer's website, with the tag of the real server."""
    website = Website(Edge())
    with served(website.answer) as website.url:
        yield website


def page_on(website: Website, server: Server, path: str, body: str) -> str:
    """A page of the website. Its address."""
    head = (
        f'<script src="/shim.js" data-pitcairn-host="{server.url}" data-write-key="{WRITE_KEYS["website"]}"></script>'
    )
    website.page(path, document(head, body))
    return website.url + path


def fill(page: Page, server: Server, kind: str, name: str, address: str) -> None:
    """The form for an experience of this kind on this page, for everyone, without control."""
    page.goto(f"{server.url}/experiences/new/")
    with page.expect_response("**/experiences/new/"):
        page.get_by_label("What it is").select_option(kind)
    expect(page.get_by_label("What it is")).to_have_value(kind)
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Page", exact=True).fill(address.removeprefix("http://"))
    page.get_by_label("Control").fill("0")
    page.get_by_label("Name of the segment").fill("Everyone")
    page.get_by_role("button", name="Remove condition").click()
    expect(page.get_by_text("Everyone on this page.")).to_be_visible()
    page.get_by_label("Name of a Track event").fill(LOGIN)


def start(page: Page, name: str) -> None:
    page.get_by_role("button", name="Save and start").click()
    expect(page.get_by_role("status")).to_contain_text(f"{name} is live.")


def comes(server: Server, address: str) -> None:
    """Returns when a visitor of the page is decided something."""
    question = {"anonymousId": unique("visitor-"), "url": address, "referrer": "", "language": "en"}
    wait_until(lambda: server.post("/v1/decide", question).json()["decisions"], f"a decision on {address}")


def visiting(browser: Browser) -> Any:
    """A visitor's browser; no busy machine lets the cap pass by accident."""
    context = browser.new_context()
    context.add_init_script(LIFT_THE_CAP)
    return closing(context)


def test_a_redirect(page: Page, browser: Browser, shop: Server, website: Website) -> None:
    here = page_on(website, shop, "/plans", "<h1>Plans</h1>")
    page_on(website, shop, "/plans-for-teams", "<h1>Plans for teams</h1>")
    fill(page, shop, "redirect", "Plans", here)
    page.get_by_label("Visitors go to").fill("https://elsewhere.example/plans")
    page.get_by_role("button", name="Save and start").click()
    expect(page.get_by_text("add it to the domains it may lead to")).to_be_visible()
    expect(page.get_by_label("Visitors go to")).to_be_focused()
    page.get_by_label("Visitors go to").fill("/plans-for-teams?from=plans")
    start(page, "Plans")
    comes(shop, here)
    with visiting(browser) as context:
        visitor = context.new_page()
        visitor.goto(f"{here}?utm_source=mail&from=me#prices", wait_until="commit")
        visitor.wait_for_url(f"{website.url}/plans-for-teams?from=plans&utm_source=mail#prices")
        expect(visitor.locator("h1")).to_have_text("Plans for teams")
        visitor_id = visitor.evaluate("document.cookie.match(/ajs_anonymous_id=([^;]+)/)[1]")

        def exposures() -> list[Any]:
            found = shop.events(search=visitor_id, type="track")["messages"]
            return [one for one in found if one["event"] == "Mutiny Experience Viewed"]

        shop.wait_until(exposures, "the exposure")
        shop.settle()
        assert len(exposures()) == 1


def test_a_banner(
    page: Page, browser: Browser, shop: Server, website: Website, violations: Callable[[Page], list[str]]
) -> None:
    here = page_on(website, shop, "/news", "<h1>News</h1>")
    fill(page, shop, "banner", "News", here)
    page.get_by_label("Text", exact=True).fill("We meet in Lisbon")
    preview = page.frame_locator(".as-seen iframe")
    expect(preview.get_by_text("We meet in Lisbon")).to_be_visible()
    page.get_by_label("Button", exact=True).fill("Come along")
    expect(preview.get_by_role("link", name="Come along")).to_be_visible()
    page.get_by_role("button", name="Save and start").click()
    expect(page.get_by_text("The button leads nowhere yet; write the address")).to_be_visible()
    expect(page.get_by_label("Where the button leads")).to_be_focused()
    page.get_by_label("Where the button leads").fill("javascript:alert(1)")
    page.get_by_role("button", name="Save and start").click()
    expect(page.get_by_text("is not an address to go to")).to_be_visible()
    assert violations(page) == []
    page.get_by_label("Where the button leads").fill("#lisbon")
    page.get_by_label("Push the page down").check()
    start(page, "News")
    comes(shop, here)
    with visiting(browser) as context:
        visitor = context.new_page()
        visitor.goto(here)
        banner = visitor.get_by_role("region", name="We meet in Lisbon")
        expect(banner).to_be_visible()
        expect(visitor.locator("h1")).to_be_visible()
        banner.get_by_role("link", name="Come along").click()
        banner.get_by_role("button", name="Close").click()
        expect(banner).to_have_count(0)
        visitor_id = visitor.evaluate("document.cookie.match(/ajs_anonymous_id=([^;]+)/)[1]")
        shop.wait_until(
            lambda: [
                one
                for one in shop.events(search=visitor_id, type="track")["messages"]
                if one["event"] == "Component Clicked"
            ],
            "the click",
        )


def test_a_survey_s_answer_is_targeted(page: Page, browser: Browser, shop: Server, website: Website) -> None:
    here = page_on(website, shop, "/survey", "<h1>Asked</h1>")
    then = page_on(website, shop, "/answered", "<h1>Not yet</h1>")
    fill(page, shop, "survey", "Survey", here)
    page.get_by_label("Headline").fill("Two questions")
    first = page.get_by_role("group", name="Question 1")
    first.get_by_label("Question", exact=True).fill("How large is your team?")
    first.get_by_label("Options").fill("Small\nLarge")
    page.get_by_role("button", name="Add question").click()
    second = page.get_by_role("group", name="Question 2")
    expect(second.get_by_label("Question", exact=True)).to_be_focused()
    second.get_by_label("Question", exact=True).fill("Anything else?")
    second.get_by_label("Answer", exact=True).select_option("text")
    expect(second.get_by_label("Options")).to_be_hidden()
    second.get_by_label("Trait that the answer becomes").fill("remark")
    page.get_by_role("button", name="Save and start").click()
    expect(first.get_by_text("The answer becomes a trait; name it")).to_be_visible()
    first.get_by_label("Trait that the answer becomes").fill("team")
    start(page, "Survey")
    comes(shop, here)

    page.goto(f"{shop.url}/experiences/new/")
    page.get_by_label("Name", exact=True).fill("For large teams")
    page.get_by_label("Page", exact=True).fill(then.removeprefix("http://"))
    page.get_by_label("Control").fill("0")
    page.get_by_label("Name of the segment").fill("Large")
    page.get_by_label("Name of the trait or parameter").fill("team")
    page.get_by_label("Value").fill("Large")
    page.get_by_label("CSS selector of the element").fill("h1")
    page.get_by_label("What it becomes").fill("For large teams")
    page.get_by_label("Name of a Track event").fill(LOGIN)
    start(page, "For large teams")

    with visiting(browser) as context:
        visitor = context.new_page()
        visitor.goto(here)
        survey = visitor.get_by_role("region", name="Two questions")
        survey.get_by_label("Large").check()
        survey.get_by_label("Anything else?").fill(SCRIPT)
        survey.get_by_role("button", name="Send").click()
        expect(visitor.get_by_role("status")).to_have_text("Thank you")
        visitor_id = visitor.evaluate("document.cookie.match(/ajs_anonymous_id=([^;]+)/)[1]")

        def is_known() -> bool:
            shop.settle()
            visitor.goto(then)
            return bool(visitor.locator("h1", has_text="For large teams").count())

        wait_until(is_known, "what is made for large teams")
    # What was answered is text wherever it is shown.
    person = f"{shop.url}/people/{shop.profile(f'anonymous_id:{visitor_id}')['id']}/"
    for address in (person, f"{person}traits/"):
        page.goto(address)
        expect(page.get_by_role("main")).to_contain_text("remark")
        assert page.locator("main img").count() == 0
        assert page.title() != "run"
    expect(page.get_by_role("main")).to_contain_text(SCRIPT)
