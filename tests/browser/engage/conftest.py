"""The pages of audiences in a real Chromium, on a server with people of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from browser.dashboard.conftest import sign_in, violations
from server import Server, Template, unique

__all__ = ["violations"]

PEOPLE = 12


@pytest.fixture(scope="module")
def shop(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of this module's own: twelve people, of whom four are on the pro plan and three ordered."""
    server = Server(template, tmp_path_factory.mktemp("shop"))
    try:
        server.start()
        batch = [
            {
                "type": "identify",
                "userId": f"u{number}",
                "messageId": unique(),
                "traits": {"name": f"Person {number}", "plan": "pro" if number % 3 == 0 else "free"},
            }
            for number in range(PEOPLE)
        ]
        batch += [order(f"u{number}", 20 * number) for number in range(3)]
        server.send("/v1/batch", {"batch": batch})
        server.settle()
        yield server
        server.stop()
        assert not server.complaints(), server.log_text()
    finally:
        server.remove()


def order(user_id: str, total: int) -> dict[str, Any]:
    return {
        "type": "track",
        "event": "Order Completed",
        "userId": user_id,
        "messageId": unique(),
        "properties": {"total": total},
    }


@pytest.fixture(scope="module")
def session(browser: Browser, shop: Server) -> Any:
    """The cookies of a signed-in owner."""
    with closing(browser.new_context()) as context:
        sign_in(context.new_page(), shop)
        return context.storage_state()


@pytest.fixture
def page(context: BrowserContext, session: Any) -> Page:
    """A page of a signed-in owner."""
    context.add_cookies(session["cookies"])
    return context.new_page()
