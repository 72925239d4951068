"""The dashboard in a real Chromium: signed in, looked at with axe, and driven by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from server import EMAIL, PASSWORD, Server

ROOT = Path(__file__).parents[3]
AXE = ROOT / "browser/node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def sign_in(page: Page, server: Server) -> None:
    """Signs the test's owner in; the page is on home afterwards."""
    page.goto(f"{server.url}/sign-in/")
    page.fill("[name=email]", EMAIL)
    page.fill("[name=password]", PASSWORD)
    page.click("main button")
    page.wait_for_url(f"{server.url}/")


@pytest.fixture(scope="module")
def session(browser: Any, server: Server) -> Any:
    """The cookies of a signed-in owner of the shared server."""
    context = browser.new_context()
    sign_in(context.new_page(), server)
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def member(context: BrowserContext, session: Any) -> BrowserContext:
    """`context`, signed in to the shared server."""
    context.add_cookies(session["cookies"])
    return context


@pytest.fixture
def violations() -> Callable[[Page], list[str]]:
    """What axe finds wrong with a page, one line each."""
    source = AXE.read_text()

    def look(page: Page) -> list[str]:
        page.evaluate(source)
        found = page.evaluate(
            "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}}).then(result => result.violations)",
            RULES,
        )
        return [
            f"{one['id']}: {one['help']}: {node['html'][:160]} {node['failureSummary']}"
            for one in found
            for node in one["nodes"]
        ]

    return look
