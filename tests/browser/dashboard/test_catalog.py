"""The catalog in Chromium: every entry and its form, narrow and wide, light and dark; connecting a webhook by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from pitcairn.connections.registry import catalog
from server import Server

SCREENS = [(360, "light"), (360, "dark"), (1440, "light"), (1440, "dark")]
SOURCES = "source=1&source=2"


def addresses(slugs: Iterable[str]) -> dict[str, str]:
    pages = {"the catalog": "/connections/catalog/"}
    for slug in slugs:
        pages[slug] = f"/connections/catalog/{slug}/"
        pages[f"{slug}, its form"] = f"/connections/catalog/{slug}/settings/?{SOURCES}"
    return pages


def excess(page: Page) -> int:
    pixels: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return pixels


@pytest.mark.parametrize(("width", "scheme"), SCREENS, ids=str)
def test_the_catalog_fits_and_is_accessible(
    browser: Browser,
    server: Server,
    session: Any,
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
    # One template makes them all: the one with settings of every type on every screen, the others once.
    slugs = catalog() if (width, scheme) == SCREENS[0] else ["webhook"]
    for name, address in addresses(slugs).items():
        wrong.clear()
        page.goto(server.url + address)
        found = violations(page) + list(wrong)
        if excess(page) > 0:
            found.append(f"scrolls sideways by {excess(page)} px")
        if found:
            failures[name] = found
    context.close()
    assert not failures, "\n".join(f"{name}:\n  " + "\n  ".join(found) for name, found in failures.items())


def test_connecting_a_webhook(member: BrowserContext, server: Server, violations: Callable[[Page], list[str]]) -> None:
    server.run("source", "add", "Newsroom")  # its own: what others send on this server must not reach the webhook
    page = member.new_page()
    page.goto(f"{server.url}/connections/catalog/?q=signed+JSON")
    page.get_by_role("link", name="Webhook", exact=True).click()
    page.get_by_role("link", name="Connect Webhook").click()
    page.get_by_role("checkbox", name="Newsroom").check()
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("Address").fill("http://169.254.169.254/latest/")
    page.get_by_label("Template").fill('{"text": }')
    page.get_by_role("button", name="Make a random key").click()
    secret = page.get_by_label("Shared secret").input_value()
    assert len(secret) >= 32
    page.get_by_role("button", name="Save and enable").click()
    # Everything that is wrong stands beside its field, and what was typed is still there.
    page.get_by_text("it is a link-local address").wait_for()
    assert page.get_by_text("It is no JSON").is_visible()
    assert page.get_by_label("Address").input_value() == "http://169.254.169.254/latest/"
    assert not violations(page)
    page.get_by_label("Address").fill("https://hooks.example/in")
    page.get_by_label("Template").fill("")
    page.get_by_role("button", name="Save and enable").click()
    page.get_by_text("is enabled and takes calls from now on").wait_for()
    assert secret not in page.content()
    assert f"Set, ends in {secret[-4:]}" in page.inner_text("main")
    assert not violations(page)
