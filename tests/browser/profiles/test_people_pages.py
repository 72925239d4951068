"""People in a browser: narrow and wide, light and dark, WCAG 2.2 AA; and two profiles joined and parted by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.dashboard.conftest import session, violations  # noqa: F401 - fixtures
from server import Server, Template, running, unique

SCREENS = [(360, "light"), (360, "dark"), (1440, "light"), (1440, "dark")]
LONG = "a-rather-long-name-without-a-space-" * 4


@pytest.fixture(scope="module")
def server(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of its own, with somebody who has everything that a page can show."""
    with running(Server(template, tmp_path_factory.mktemp("server"))) as server:
        traits = {
            "name": "Ana Lima",
            "email": "ana@acme.example",
            "company": {"name": "A" * 60, LONG: 40},
            "plan": "team",
        }
        server.send("/v1/identify", {"userId": "ana", "anonymousId": "phone", "traits": traits})
        for device in ("laptop", f"tablet-{LONG}"):
            server.send(
                "/v1/track", {"anonymousId": device, "event": f"Looked Around {LONG}", "properties": {"of": LONG}}
            )
            server.send("/v1/identify", {"userId": "ana", "anonymousId": device, "traits": {"plan": "free"}})
        server.send("/v1/group", {"userId": "ana", "groupId": LONG, "traits": {"name": "Acme", "industry": "Retail"}})
        for number in range(60):
            server.send(
                "/v1/track", {"userId": "ana", "event": f"Event {number % 7}", "properties": {"number": number}}
            )
        server.send(
            "/v1/identify", {"userId": "bruno", "anonymousId": "desk", "traits": {"name": "Bruno Sato", "plan": "x"}}
        )
        server.settle()
        yield server


def address_of(server: Server, identifier: str) -> str:
    return f"/people/{server.profile(identifier)['id']}/"


@pytest.mark.parametrize(("width", "scheme"), SCREENS, ids=str)
def test_people_pages_fit_and_are_accessible(
    browser: Browser,
    server: Server,
    session: Any,  # noqa: F811
    violations: Callable[[Page], list[str]],  # noqa: F811
    width: int,
    scheme: Any,
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, storage_state=session)
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda said: wrong.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    ana = address_of(server, "user_id:ana")
    bruno = address_of(server, "user_id:bruno").split("/")[2]
    failures = {}
    for address in (
        ana,
        f"{ana}traits/",
        f"{ana}audiences/",
        f"{ana}identity/",
        f"{ana}merge/?q=bruno&other={bruno}",
        f"{ana}delete/",
        "/people/accounts/",
        "/people/accounts/1/",
        "/people/identity/?try=null",
        "/people/identity/merges/",
        "/people/identity/merges/1/undo/",
        "/people/identity/tokens/",
        "/people/identity/deleted/",
    ):
        wrong.clear()
        page.goto(server.url + address)
        found = violations(page)
        excess = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if excess > 0:
            found.append(f"scrolls sideways by {excess} px")
        found += wrong
        if found:
            failures[address] = found
    context.close()
    assert not failures, "\n".join(f"{name}:\n  " + "\n  ".join(found) for name, found in failures.items())


def test_rules_that_cannot_be_are_told_in_place(
    browser: Browser,
    server: Server,
    session: Any,  # noqa: F811
    violations: Callable[[Page], list[str]],  # noqa: F811
) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 900}, storage_state=session)
    page = context.new_page()
    page.goto(f"{server.url}/people/identity/")
    page.get_by_label("Limit of email", exact=True).fill("many")
    page.get_by_label("Values that identify nobody").fill("null\n(a+)+")
    page.get_by_role("button", name="Save rules").click()
    expect(page.get_by_text("'many' is no whole number")).to_be_visible()
    expect(page.get_by_label("Limit of email", exact=True)).to_have_attribute("aria-invalid", "true")
    assert not violations(page)
    page.get_by_label("Limit of email", exact=True).fill("4")
    page.get_by_role("button", name="Save rules").click()
    expect(page.get_by_text("Line 2: '(a+)+' repeats a group")).to_be_visible()
    assert not violations(page)
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    context.close()


def test_two_people_are_joined_and_parted_with_the_keyboard_alone(
    browser: Browser,
    server: Server,
    session: Any,  # noqa: F811
) -> None:
    one, other = unique("user-"), unique("user-")
    server.send("/v1/identify", {"userId": one, "traits": {"name": "Chiara Rossi"}})
    server.send("/v1/identify", {"userId": other, "traits": {"name": "C. Rossi"}})
    server.send("/v1/track", {"userId": other, "event": "Only Hers"})
    server.settle()
    context = browser.new_context(viewport={"width": 1280, "height": 800}, storage_state=session)
    page = context.new_page()
    page.goto(f"{server.url}{address_of(server, f'user_id:{one}')}identity/")
    press(page, page.get_by_role("link", name="Merge with another person"))
    search = page.get_by_role("searchbox", name="Search the other person by any identifier")
    expect(search).to_be_focused()
    page.keyboard.type(other)
    page.keyboard.press("Enter")
    press(page, page.get_by_role("link", name="C. Rossi"))
    press(page, page.get_by_role("button", name="Merge the two"))
    # The page looks again by itself until the pipeline has done it.
    expect(page.get_by_text("is part of this one now")).to_be_visible()
    assert server.profile(f"user_id:{other}")["id"] == server.profile(f"user_id:{one}")["id"]
    press(page, page.get_by_role("status").get_by_role("link", name="Undo"))
    expect(page.get_by_text("There will be two people again")).to_be_visible()
    press(page, page.get_by_role("button", name="Undo the merge"))
    expect(page.get_by_text("is a person of its own again")).to_be_visible()
    press(page, page.get_by_role("status").get_by_role("link"))
    expect(page.get_by_role("heading", level=1)).to_have_text("C. Rossi")
    press(page, page.get_by_role("link", name="Timeline"))
    expect(page.locator(".timeline").get_by_text("Only Hers", exact=True)).to_be_visible()
    context.close()


def press(page: Page, place: Any) -> None:
    """Goes to the place with Tab, then presses Enter."""
    expect(place).to_be_visible()
    for _ in range(80):
        if place.evaluate("place => place === document.activeElement"):
            page.keyboard.press("Enter")
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not lead to {place}")
