"""The pages of experiences in a real Chromium, on a server that has an experience with visitors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from browser.dashboard.conftest import sign_in, violations
from server import Server, Template, unique

__all__ = ["violations"]

LOGIN = "Clicked Login Button"
EXPERIENCE = "Corporate Website Experiment"


def visit(server: Server, url: str, *, converts: bool, visitor: str = "") -> bool:
    """One visitor comes, sees what is decided, and may click. Whether they were personalized is the answer."""
    visitor = visitor or unique("visitor-")
    question = {"anonymousId": visitor, "url": url, "referrer": "", "language": "en"}
    # What was put live a moment ago is decided a moment later.
    (decision,) = server.wait_until(
        lambda: server.post("/v1/decide", question).json()["decisions"], f"A decision for {url}"
    )
    server.send(
        "/v1/t",
        {
            "type": "track",
            "event": "Mutiny Experience Viewed",
            "anonymousId": visitor,
            "messageId": decision["exposureId"],
            "properties": {
                "experience": decision["experience"]["name"],
                "audienceSegment": decision["audienceSegment"]["name"],
                "personalized": decision["personalized"],
                "experienceId": decision["experience"]["id"],
                "audienceSegmentId": decision["audienceSegment"]["id"],
                "variationId": (decision["variation"] or {}).get("id"),
                "visitorId": visitor,
                "exposureId": decision["exposureId"],
                "reason": decision["reason"],
                "pageUrl": url,
            },
        },
    )
    if converts:
        server.send("/v1/track", {"event": LOGIN, "anonymousId": visitor, "messageId": unique("click-")})
    return bool(decision["personalized"])


def measure(server: Server, page: str, experience_id: int, *, views: int) -> None:
    """So many views in control tell that they found the `h1`, and the banner not."""
    told = {
        "experienceId": experience_id, "variationId": 0, "hiddenMs": 40, "shift": 0.01, "late": False,
        "complete": True, "found": ["h1"], "missing": [".banner"],
    }  # fmt: skip
    for _ in range(views):
        server.send("/v1/vitals", {"page": page, "share": 0.2, "lcpMs": 900, "experiences": [told]})
    server.settle()


@pytest.fixture(scope="module")
def shop(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of this module's own: its tests change what is configured."""
    server = Server(template, tmp_path_factory.mktemp("shop"))
    try:
        yield server.start()
        server.stop()
        assert not server.complaints(), server.log_text()
    finally:
        server.remove()


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
