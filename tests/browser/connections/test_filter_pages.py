"""Filters and mapping in a browser: what they make of a message shows while it is typed, and holds once it is saved."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.dashboard.conftest import session, violations  # noqa: F401 - fixtures
from server import Server, Template, running, unique

SCREENS = [(360, "light"), (360, "dark"), (1440, "light"), (1440, "dark")]
DESTINATION = "/connections/destinations/1"
BODY = {
    "context": {"ip": "203.0.113.7"},
    "properties": {"total": 49.9, "email": "ana@acme.example", "note": "long " * 40},
}


@pytest.fixture(scope="module")
def server(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of its own: filters change what a destination gets."""
    with running(Server(template, tmp_path_factory.mktemp("server"))) as server:
        server.send("/v1/track", {"userId": "usr_1", "event": "Order Completed", **BODY})
        server.settle()
        yield server


@pytest.fixture(scope="module")
def made(browser: Browser, server: Server, session: Any) -> str:  # noqa: F811
    """Makes two filters and a mapping as a person would; returns the address of one of the filters."""
    context = browser.new_context(storage_state=session)
    page = context.new_page()
    page.goto(f"{server.url}{DESTINATION}/filters/")
    page.get_by_role("link", name="New filter").click()
    status = page.get_by_role("status")
    page.get_by_label("Title").fill("No tests")
    condition = page.get_by_label("Condition in FQL")
    condition.fill("event = 'Order Completed'\nand properties.total > 'a'")
    expect(status).to_contain_text("Line 2, column 24: > compares numbers; this is a text.")
    condition.fill("properties.total > 40")
    expect(status).to_contain_text("Matches: not sent")
    condition.fill("event = 'Test'")
    expect(status).to_contain_text("Does not match: sent as it came")
    page.get_by_role("button", name="Save and enable").click()
    expect(page.get_by_text("No tests is saved")).to_be_visible()

    page.get_by_role("link", name="New filter").click()
    page.get_by_label("Title").fill("No addresses")
    page.get_by_label("All of them").check()
    expect(page.get_by_label("Condition in FQL")).to_be_hidden()
    page.get_by_label("Take fields out").check()
    page.get_by_label("Fields to take out").fill("context.ip")
    expect(page.locator("del")).to_have_text('    "ip": "203.0.113.7"')
    page.get_by_role("button", name="Save and enable").click()
    address = page.get_by_role("link", name="No addresses").get_attribute("href")

    page.goto(f"{server.url}{DESTINATION}/mapping/")
    page.get_by_role("button", name="Add rule").click()
    page.get_by_label("Place", exact=True).fill("traits.email")
    page.get_by_label("Place it comes from").fill("properties.email")
    expect(page.locator("ins")).to_contain_text(['"email": "ana@acme.example"'])
    page.get_by_role("button", name="Save mapping").click()
    expect(page.get_by_text("The mapping is saved")).to_be_visible()
    context.close()
    assert address
    return address


def test_what_was_saved_holds(server: Server, made: str) -> None:
    stopped, sent = unique("m-"), unique("m-")
    server.send("/v1/track", {"userId": "usr_1", "event": "Test", "messageId": stopped})
    server.send("/v1/track", {"userId": "usr_1", "event": "Order Completed", "messageId": sent})
    assert "FILTERED_BY_RULES" in server.message(stopped)["pitcairn"]["filtered"].values()
    assert server.message(sent)["pitcairn"]["filtered"] == {}


@pytest.mark.parametrize(("width", "scheme"), SCREENS, ids=str)
def test_the_pages_fit_and_are_accessible(
    browser: Browser,
    server: Server,
    session: Any,  # noqa: F811
    violations: Callable[[Page], list[str]],  # noqa: F811
    made: str,
    width: int,
    scheme: Any,
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, storage_state=session)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    failures = {}
    for address in (
        f"{DESTINATION}/filters/",
        f"{DESTINATION}/filters/new/",
        made,
        f"{DESTINATION}/mapping/",
        "an error",
    ):
        said.clear()
        if address == "an error":
            page.goto(f"{server.url}{DESTINATION}/filters/new/")
            page.get_by_label("Condition in FQL").fill("event = 'Order Completed' and " + "a" * 200 + " b")
            page.get_by_role("button", name="Save and enable").click()
            page.locator("#condition-error").wait_for()
        else:
            page.goto(server.url + address)
        found = violations(page)
        excess = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        found += [f"scrolls sideways by {excess} px"] if excess > 0 else []
        found += [text for text in said if "422" not in text]
        if found:
            failures[address] = found
    context.close()
    assert not failures, "\n".join(f"{name}:\n  " + "\n  ".join(found) for name, found in failures.items())
