"""What the tests of the visual editor do: open it from the dashboard, as a member does, and look at the page behind it."""

from __future__ import annotations

from contextlib import closing
from http.client import HTTPConnection
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Locator, Page, expect

from browser.tag.servers import Answer, Asked
from server import Server

DEMO = "Demo"
GOAL = "Clicked Login Button"
EMAIL = "marketer@quayside.example"


class Demo:
    """A running Pitcairn with its demo website, and a member of the demo's workspace."""

    def __init__(self, server: Server, site: str) -> None:
        self.server = server
        self.site = site
        self.password = server.run("user", "add", EMAIL, "--workspace", DEMO, "--role", "editor")["password"]

    def sign_in(self, page: Page) -> None:
        """The page is on home afterwards."""
        page.goto(f"{self.server.url}/sign-in/")
        page.fill("[name=email]", EMAIL)
        page.fill("[name=password]", self.password)
        page.click("main button")
        page.wait_for_url(f"{self.server.url}/")


class Redesign:
    """The demo website at another address, with `changes` made in the HTML of its pages, and more to its policy.

    A server of its own, since Chromium lets no page that a test answers for itself load anything from this machine.
    """

    def __init__(self, demo: Demo) -> None:
        self._from = urlsplit(demo.site)
        self.url = ""
        self.changes: list[tuple[str, str]] = []
        self.policy = ""
        self.refuses_frames = True

    def answer(self, asked: Asked) -> Answer:
        connection = HTTPConnection(self._from.hostname or "", self._from.port)
        with closing(connection):
            connection.request(asked.method, asked.path)
            response = connection.getresponse()
            body = response.read()
        policy = response.headers["content-security-policy"] + self.policy
        if not self.refuses_frames:
            policy = policy.replace("frame-ancestors 'none'", "frame-ancestors 'self'")
        if response.headers["content-type"].startswith("text/html"):
            for old, new in self.changes:
                assert old.encode() in body, old
                body = body.replace(old.encode(), new.encode())
        headers = {"content-type": response.headers["content-type"], "content-security-policy": policy}
        return Answer(body, response.status, headers | {"cache-control": "no-store"})


def opened_roots(context: BrowserContext) -> None:
    """Opens the shadow root of the editor's host to the tests, and no other."""
    context.add_init_script(
        "{ const attach = Element.prototype.attachShadow; Element.prototype.attachShadow = function (options) {"
        " return attach.call(this, this.localName === 'pitcairn-editor' ? { ...options, mode: 'open' } : options) } }"
    )


def make_experience(page: Page, demo: Demo, name: str, path: str = "/", segment: str = "Everybody") -> str:
    """Makes a draft in the dashboard, for everybody and without control; the address of its page."""
    page.goto(f"{demo.server.url}/experiences/new/")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Page", exact=True).fill(path)
    page.get_by_label("Name of the segment").fill(segment)
    remove = page.get_by_role("button", name="Remove condition")
    remove.click()
    expect(remove).to_have_count(0)
    page.get_by_label("Control share").fill("0")
    page.get_by_label(GOAL).check()
    page.get_by_role("button", name="Save as draft").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    return page.url


def open_editor(page: Page, demo: Demo, experience: str, path: str = "/", site: str = "") -> Locator:
    """From the experience's page to the editor on the website, or on another one; the editor's panel.

    It does not wait for scripts of the website that are still awaited.
    """
    site = site or demo.site
    page.goto(experience)
    page.get_by_role("link", name="Edit on your website").click()
    page.get_by_label("Page to edit").fill(site + path)
    page.get_by_role("button", name="Open the editor").click()
    page.wait_for_url(site + path, wait_until="commit")
    panel = page.get_by_role("region", name="Pitcairn editor")
    expect(panel.get_by_role("button", name="Save", exact=True)).to_be_visible()
    return panel
