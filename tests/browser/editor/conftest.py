"""The visual editor in a real Chromium: a server with its demo, whose website is the customer's, and the editor on its pages.

Its shadow root is closed to the page. The tests look into it through the browser, which Playwright's locators do too once the
root is opened for them; `opened_roots` does that for the editor's host alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from browser.dashboard.conftest import violations
from browser.editor.editing import Demo, Redesign, opened_roots
from browser.tag.servers import served
from server import Server, Template, free_port

__all__ = ["violations"]


@pytest.fixture(scope="module")
def demo(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    port = free_port("127.0.0.1")
    server = Server(template, tmp_path_factory.mktemp("editor"), {}, ("--demo", "--demo-port", str(port)))
    try:
        yield Demo(server.start(), f"http://127.0.0.1:{port}")
        server.stop()
        assert not server.complaints(), server.log_text()
    finally:
        server.remove()


@pytest.fixture(scope="module")
def session(browser: Browser, demo: Demo) -> Any:
    """The cookies of a signed-in member."""
    with closing(browser.new_context()) as context:
        page = context.new_page()
        demo.sign_in(page)
        return context.storage_state()


@pytest.fixture
def member(context: BrowserContext, session: Any) -> BrowserContext:
    """A browser of a signed-in member in which the editor can be looked into."""
    context.add_cookies(session["cookies"])
    opened_roots(context)
    return context


@pytest.fixture
def page(member: BrowserContext) -> Page:
    return member.new_page()


@pytest.fixture
def redesign(demo: Demo) -> Iterator[Redesign]:
    redesign = Redesign(demo)
    with served(redesign.answer) as redesign.url:
        yield redesign
