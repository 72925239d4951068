"""Every page, narrow and wide, light and dark: nothing scrolls sideways, nothing complains, WCAG 2.2 AA."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from server import Server, unique

PAGES = {
    "home": "/",
    "sources": "/connections/sources/",
    "a source": "/connections/sources/1/",
    "a source that waits": "/connections/sources/3/",
    "create a source": "/connections/sources/new/",
    "catalog": "/connections/catalog/",
    "catalog, nothing found": "/connections/catalog/?q=nothing",
    "Mutiny": "/connections/catalog/mutiny/",
    "choose sources": "/connections/catalog/mutiny/sources/",
    "choose sources, with an error": "/connections/catalog/mutiny/settings/",
    "enter settings": "/connections/catalog/mutiny/settings/?source=1",
    "destinations": "/connections/destinations/",
    "a destination": "/connections/destinations/1/",
    "Segment": "/integrations/segment/",
    "settings of a website": "/connections/sources/7/settings/",
    "settings of a server": "/connections/sources/8/settings/",
    "a Segment source": "/connections/sources/9/",
    "settings of a Segment source": "/connections/sources/9/settings/",
    "delete a source": "/connections/sources/1/delete/",
    "delete a destination": "/connections/destinations/1/delete/",
    "OAuth apps": "/connections/oauth-apps/",
    "debugger": "/connections/debugger/?paused=1",
    "debugger with a message": "/connections/debugger/?paused=1&message=accepted:{message_id}",
    "debugger, refused": "/connections/debugger/?paused=1&result=refused",
    "people": "/people/",
    "nobody found": "/people/?q=nobody-has-this",
    "a person": "/people/1/",
    "delete a person": "/people/1/delete/",
    "deleted people": "/people/identity/deleted/",
    "settings": "/settings/",
    "nothing there": "/nothing-here/",
}
SCREENS = [(360, "light"), (360, "dark"), (1440, "light"), (1440, "dark")]


@pytest.fixture(scope="module")
def message_id(server: Server) -> str:
    """Fills the shared server with something to look at; returns the id of one message."""
    user, anonymous = unique("user-"), unique("anonymous-")
    wanted = unique("looks-")
    traits = {"name": "Ana Lima", "email": f"{user}@example.com", "company": {"name": "A" * 60, "employee_count": 40}}
    server.send("/v1/page", {"anonymousId": anonymous, "name": "Pricing", "properties": {"path": "/" + "long/" * 30}})
    server.send("/v1/identify", {"userId": user, "anonymousId": anonymous, "traits": traits})
    server.send(
        "/v1/track", {"userId": user, "event": "Order Completed " * 6, "messageId": wanted, "properties": {"total": 5}}
    )
    server.post("/v1/track", {"event": "Names nobody"})
    server.settle()
    return wanted


@pytest.mark.parametrize(("width", "scheme"), SCREENS, ids=str)
def test_pages_fit_and_are_accessible(
    browser: Browser,
    server: Server,
    session: Any,
    message_id: str,
    violations: Callable[[Page], list[str]],
    width: int,
    scheme: Any,
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, storage_state=session)
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda said: wrong.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    failures = {}
    for name, address in PAGES.items():
        wrong.clear()
        page.goto(server.url + address.format(message_id=message_id))
        found = violations(page)
        excess = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        rail = page.evaluate(
            "(rail => rail ? rail.scrollWidth - rail.clientWidth : 0)(document.querySelector('.rail'))"
        )
        if rail > 0:
            found.append(f"the navigation scrolls sideways by {rail} px")
        if excess > 0:
            found.append(f"scrolls sideways by {excess} px")
        found += [text for text in wrong if "404" not in text and "422" not in text]
        if found:
            failures[name] = found
    context.close()
    assert not failures, "\n".join(f"{name}:\n  " + "\n  ".join(found) for name, found in failures.items())


@pytest.mark.parametrize(("width", "scheme"), SCREENS, ids=str)
def test_the_sign_in_page(
    browser: Browser, server: Server, violations: Callable[[Page], list[str]], width: int, scheme: Any
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{server.url}/sign-in/")
    page.click("main button")
    page.wait_for_load_state()
    assert page.locator(".error").count() == 2
    assert not violations(page)
    context.close()


def test_twelve_rows_fit_on_a_laptop(browser: Browser, server: Server, session: Any, message_id: str) -> None:
    for number in range(12):
        server.send("/v1/track", {"userId": unique("rows-"), "event": f"Row {number}"})
    server.settle()
    context = browser.new_context(viewport={"width": 1440, "height": 900}, storage_state=session)
    page = context.new_page()
    for address in ("/connections/debugger/?paused=1", "/people/"):
        page.goto(server.url + address)
        seen = page.evaluate(
            "[...document.querySelectorAll('tbody tr')]"
            ".filter(row => row.getBoundingClientRect().bottom <= innerHeight).length"
        )
        assert seen >= 12, address
    context.close()


def test_the_menu_of_a_phone_opens_and_closes(browser: Browser, server: Server, session: Any) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740}, storage_state=session)
    page = context.new_page()
    page.goto(server.url)
    sources = page.get_by_role("link", name="Sources", exact=True)
    assert not sources.is_visible()
    page.get_by_role("button", name="Menu").click()
    sources.wait_for(state="visible")
    page.keyboard.press("Escape")
    sources.wait_for(state="hidden")
    context.close()
