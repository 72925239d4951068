"""Websites of frameworks whose visitors the demo's server decides for, and what the editor does on them."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from browser.editor.editing import DEMO, Demo
from browser.tag.servers import BUILT, Answer, Asked, Gate
from browser.tag.websites import website_files

ORIGINAL = "The original headline 0"
HEADLINE = "Made in the editor"
AGAIN = "Made after a re-render"
MADE_LINK = "Made link"
MADE_IMAGE = "/made.gif"
COLOUR = "rgb(1, 2, 3)"
_GIF = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")
HOP_BY_HOP = {"connection", "content-length", "date", "server", "transfer-encoding"}
_FRAMES = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


class FrameworkSite:
    """A website that a framework renders. Its scripts come once `takes_over` is open.

    With `own_path`, everything of Pitcairn comes through that path of the website, as `docs/tag.md` says.
    """

    def __init__(self, demo: Demo, framework: str, *, own_path: str = "") -> None:
        (source,) = demo.server.run("source", "list", "--workspace", DEMO)["sources"]
        own = "document.currentScript.dataset."
        install = f"{own}pitcairnHost='{own_path or demo.server.url}';{own}writeKey='{source['writeKey']}';"
        self._install = (install + (BUILT / "shim.js").read_text()).encode()
        self._server = demo.server
        self._own_path = own_path
        self.url = ""
        self.framework = framework
        self.takes_over = Gate()

    def answer(self, asked: Asked) -> Answer:
        path = asked.path.partition("?")[0]
        if path == "/install.js":
            return Answer(self._install, headers={"content-type": "text/javascript"})
        if path == MADE_IMAGE:
            return Answer(_GIF, headers={"content-type": "image/gif"})
        if self._own_path and path.startswith(f"{self._own_path}/"):
            return self._handed_on(asked)
        if path == "/favicon.ico":
            return Answer(status=204)
        file = website_files(self.framework).get(path)
        if file is None:
            return Answer(b"not found", 404)
        if file.takes_over:
            self.takes_over.passes()
        return Answer(file.body, headers={"content-type": file.content_type, "cache-control": "no-store"})

    def _handed_on(self, asked: Asked) -> Answer:
        """As nginx does with `proxy_pass` and no more: the path is taken off, and the host is Pitcairn's."""
        kept = {name: value for name, value in asked.headers.items() if name not in {"host", "connection"}}
        path = asked.path.removeprefix(self._own_path)
        found = self._server.request(asked.method, path, asked.body, kept)
        headers = {name: value for name, value in found.headers.items() if name not in HOP_BY_HOP}
        return Answer(found.body, found.status, headers)

    def take_over(self, page: Page) -> None:
        self.takes_over.open()
        page.wait_for_function("window.hydrated")


def edit_everything(page: Page, panel: Locator) -> None:
    """A link, an image, a style, and what is hidden, put in and moved: all but the headline."""
    page.locator(".cta").click()
    panel.get_by_label("Link address").fill("/made")
    panel.get_by_label("Link address").press("Tab")
    panel.get_by_role("textbox", name="Text").fill(MADE_LINK)
    page.locator(".photo").click()
    panel.get_by_label("Image address").fill(MADE_IMAGE)
    panel.get_by_label("Image address").press("Tab")
    page.locator("main section > button").click()
    panel.get_by_text("Hide, move, insert").click()
    panel.get_by_role("button", name="Hide").click()
    page.locator(".lead").click()
    panel.get_by_text("Hide, move, insert").click()
    panel.get_by_label("Insert HTML").fill("<p>Made before</p>")
    panel.get_by_role("button", name="Insert", exact=True).last.click()
    page.locator(".clicks").click()
    panel.get_by_text("Style", exact=True).click()
    panel.get_by_label("Text colour").fill(COLOUR)
    panel.get_by_text("Hide, move, insert").click()
    panel.get_by_role("button", name="Move…").click()
    page.locator(".lead").click()
    panel.get_by_role("button", name="Move it there").click()


def shows_everything(page: Page, headline: str, clicks: int = 0) -> None:
    """What `edit_everything` made, and the headline."""
    expect(page.locator("h1")).to_have_text(headline, use_inner_text=True)
    section = page.locator("main section")
    lines = [headline, "Made before", f"Clicks: {clicks}", "The original lead", MADE_LINK]
    expect(section).to_have_text(re.compile(r"\s+".join(lines)), use_inner_text=True)
    expect(page.locator(".cta")).to_have_attribute("href", "/made")
    expect(page.locator(".photo")).to_have_attribute("src", MADE_IMAGE)
    expect(page.locator("main section > button")).to_be_hidden()
    expect(page.locator(".clicks:visible")).to_have_css("color", COLOUR)


def rerender(page: Page) -> None:
    """The framework writes its texts anew, takes the headline away and makes another one."""
    for step in ("setName('original next')", "setName('original')", "setShown(false)", "setShown(true)"):
        page.evaluate(f"void app.{step}")
        page.evaluate(_FRAMES)
