"""An audience from nothing to members with the keyboard alone, and what the pages look like on the way."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
import segment.analytics as segment_analytics
from playwright.sync_api import Browser, Page, expect

from browser.conftest import Complaints
from browser.dashboard.test_keyboard import choose, enter, tab_to
from browser.engage.conftest import PEOPLE
from server import WRITE_KEYS, Server

NAME = "Order Completed last 30days"
RAW = """{"all": [
  {"event": "Order Completed", "type": "track", "window": {"oldest": {"amount": 30, "unit": "days"}},
   "where": {"all": [{"fact": "property", "name": "total", "operator": "at_least", "value": 10}]},
   "then": [{"did": false, "event": "Order Refunded", "within": {"amount": 1, "unit": "days"}}]},
  {"any": [{"fact": "trait", "name": "plan", "operator": "equals", "value": "pro"},
           {"fact": "trait", "name": "renews_at", "operator": "within_next", "value": {"amount": 7, "unit": "days"}}]},
  {"event": "A", "where": {"not": {"fact": "property", "name": "b", "operator": "exists"}}, "operator": "equals", "value": 0}
]}"""
SCREENS = [(360, "light"), (360, "dark"), (1440, "light"), (1440, "dark")]


@pytest.fixture
def python_client(shop: Server) -> Any:
    return segment_analytics.Client(WRITE_KEYS["backend"], host=shop.url, sync_mode=True, max_retries=0)


def size(page: Page) -> Any:
    return page.locator("#preview .big")


def test_an_audience_is_built_with_the_keyboard_alone(
    page: Page, shop: Server, complaints: Complaints, python_client: Any
) -> None:
    page.goto(f"{shop.url}/audiences/new/")
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    page.keyboard.type(NAME)
    expect(size(page)).to_have_text("3 people")
    expect(page.locator("#preview")).to_contain_text("order_completed_last_30days")

    tab_to(page, "Event")
    page.keyboard.type("Order Completed")
    expect(page.locator("#preview")).to_contain_text("Did Order Completed in the last 30 days.")

    # The size follows the conditions while they are edited.
    tab_to(page, "Where")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Name of the property")).to_be_focused()
    expect(page.locator("#preview")).to_contain_text("name the property")
    page.keyboard.type("total")
    tab_to(page, "How it compares")
    choose(page, "is at least")
    tab_to(page, "Value")
    page.keyboard.type("20")
    expect(size(page)).to_have_text("2 people")
    page.keyboard.press("Backspace")
    page.keyboard.press("Backspace")
    page.keyboard.type("x")
    expect(page.locator("#preview")).to_contain_text("is not a number")
    page.keyboard.press("Backspace")
    page.keyboard.type("40")
    expect(size(page)).to_have_text("1 person")
    expect(page.locator("#preview")).to_contain_text("Person 2")

    # A wrong condition is refused at its place, and what was typed is still there.
    tab_to(page, "Trait")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Name of the trait")).to_be_focused()
    tab_to(page, "Create audience")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Name of the trait")).to_be_focused()
    expect(page.locator("#c-nodes-1-error")).to_contain_text("name the trait")
    expect(page.get_by_label("Name", exact=True)).to_have_value(NAME)
    tab_to(page, "Remove condition")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Name of the trait")).to_have_count(0)
    tab_to(page, "Create audience")
    enter(page)

    expect(page.get_by_role("heading", level=1)).to_have_text(NAME)
    expect(page.locator(".head .state")).to_have_text("Live")
    expect(page.locator(".answer")).to_have_text(re.compile("^1 person"))

    # Who calls through a client library is in it without anybody doing anything here.
    python_client.track("u7", "Order Completed", {"total": 99})
    expect(page.locator(".answer")).to_have_text(re.compile("^2 people"))
    tab_to(page, "People")
    assert [text for text in complaints.console if "422" not in text] == []
    assert not complaints.thrown


def test_conditions_as_json_and_back(page: Page, shop: Server) -> None:
    page.goto(f"{shop.url}/audiences/new/")
    page.get_by_role("button", name="Edit as JSON").click()
    page.get_by_label("Condition as JSON").fill(
        '{"fact": "trait", "name": "plan", "operator": "equals", "value": "pro"}'
    )
    expect(size(page)).to_have_text("4 people")
    page.get_by_label("Condition as JSON").fill('{"fact": "trait"')
    expect(page.locator("#preview")).to_contain_text("This is not JSON")
    page.get_by_label("Condition as JSON").fill(RAW)
    page.get_by_role("button", name="Show as rows").click()
    expect(page.get_by_role("group", name="Condition 1").first.get_by_label("Event", exact=True).first).to_have_value(
        "Order Completed"
    )
    # Only what the sentence has a use for is there to be filled in.
    group = page.get_by_role("group", name="Group 2")
    expect(group.get_by_label("How many").first).to_be_hidden()
    expect(group.get_by_label("How many").last).to_be_visible()
    expect(page.get_by_label("From how long ago").first).to_be_hidden()


def test_without_script(browser: Browser, shop: Server, session: Any) -> None:
    with closing(browser.new_context(java_script_enabled=False, storage_state=session)) as context:
        page = context.new_page()
        page.goto(f"{shop.url}/audiences/new/")
        page.get_by_label("Name", exact=True).fill("Free plan")
        page.get_by_role("button", name="Trait", exact=True).click()
        page.get_by_label("Name of the trait").fill("plan")
        page.get_by_label("Value", exact=True).last.fill("free")
        page.locator("#c-nodes-0-remove").click()
        page.get_by_role("button", name="Show size").click()
        expect(size(page)).to_have_text(f"{PEOPLE - 4} people")
        page.get_by_role("button", name="Create audience").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Free plan")


def test_pages_fit_and_are_accessible(
    browser: Browser, shop: Server, session: Any, violations: Callable[[Page], list[str]]
) -> None:
    with closing(browser.new_context(storage_state=session)) as context:
        audience, trait = furnish(context.new_page(), shop)
    pages = {
        "list": "/audiences/",
        "nothing found": "/audiences/?q=nothing",
        "new": "/audiences/new/",
        "new, of accounts": "/audiences/new/?of=account",
        "templates": "/audiences/templates/",
        "one": audience,
        "edit": f"{audience}edit/",
        "its people": f"{audience}people/",
        "why": f"{audience}people/1/",
        "destinations": f"{audience}destinations/",
        "connect": f"{audience}destinations/new/",
        "overlap": f"{audience}overlap/",
        "delete": f"{audience}delete/",
        "upload a list": "/audiences/lists/new/",
        "computed traits": "/audiences/traits/",
        "a new computed trait": "/audiences/traits/new/",
        "a computed trait": trait,
    }
    failures: dict[str, list[str]] = {}
    for width, scheme in SCREENS:
        viewport: Any = {"width": width, "height": 900}
        dyed: Any = scheme
        with closing(browser.new_context(viewport=viewport, color_scheme=dyed, storage_state=session)) as context:
            page = context.new_page()
            for name, address in pages.items():
                page.goto(shop.url + address)
                found = violations(page)
                excess = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
                if excess > 0:
                    found.append(f"scrolls sideways by {excess} px")
                if found:
                    failures[f"{name}, {width}, {scheme}"] = found
    assert not failures, "\n".join(f"{name}:\n  " + "\n  ".join(found) for name, found in failures.items())


def furnish(page: Page, shop: Server) -> tuple[str, str]:
    """An audience with everything that rows can say, a second one, and a computed trait; gives the addresses of two."""
    addresses = []
    for name, raw in (("Buyers", RAW), ("Pro", '{"fact": "trait", "name": "plan", "operator": "exists"}')):
        page.goto(f"{shop.url}/audiences/new/")
        page.get_by_label("Name", exact=True).fill(name)
        page.get_by_role("button", name="Edit as JSON").click()
        page.get_by_label("Condition as JSON").fill(raw)
        page.get_by_role("button", name="Create audience").click()
        page.wait_for_url(re.compile(r"/audiences/\d+/$"))
        addresses.append(page.url.removeprefix(shop.url))
    page.goto(f"{shop.url}/audiences/traits/new/")
    page.get_by_label("Name", exact=True).fill("Total spent")
    page.get_by_label("Sum").check()
    page.get_by_label("Event", exact=True).fill("Order Completed")
    page.get_by_label("Property", exact=True).fill("total")
    page.get_by_role("button", name="Create computed trait").click()
    page.wait_for_url(re.compile(r"/traits/\d+/$"))
    return addresses[0], page.url.removeprefix(shop.url)
