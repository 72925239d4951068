"""One website with the tag on it: what a test of the tag sets up, and what it looks at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page

from browser.conftest import Complaints
from browser.tag.servers import DEMO, WRITE_KEY, Edge, Gate, Website

ORIGINAL = "The original headline"
PERSONALIZED = "Made for small companies"

Change = Mapping[str, object]


@dataclass
class Scene:
    page: Page
    edge: Edge
    website: Website
    complaints: Complaints

    def runs(self, *decisions: dict[str, Any], pattern: str = ".*", selectors: Sequence[str] | None = None) -> None:
        """Makes these decisions for every visitor, on every page unless a pattern is given."""
        found = [change["selector"] for one in decisions for change in one["changes"]]
        self.edge.pages = [{"pattern": pattern, "selectors": list(found if selectors is None else selectors)}]
        self.edge.decide = lambda _: list(decisions)

    def plain(self) -> str:
        """The tag as a script that the browser waits for."""
        return f'<script src="{self.edge.url}/tag/{WRITE_KEY}.js"></script>'

    def shim(self) -> str:
        """The tag by the shim, as a file of the website."""
        return f'<script src="/shim.js" data-pitcairn-host="{self.edge.url}" data-write-key="{WRITE_KEY}"></script>'

    def open(
        self,
        body: str = f"<h1>{ORIGINAL}</h1>",
        *,
        head: str | None = None,
        policy: str = "",
        wait_until: Any = "load",
        cap: bool = False,
    ) -> None:
        """Opens the website's first page; its head holds the plain tag unless it is given.

        The cap is lifted, so that no busy machine lets it pass by accident, except for the tests that are about it.
        """
        if not cap:
            self.lift_the_cap()
        self.website.page("/", document(self.plain() if head is None else head, body), policy)
        self.page.goto(self.website.url, wait_until=wait_until)

    def lift_the_cap(self) -> None:
        self.edge.cap_ms = 3_600_000
        self.page.add_init_script(  # The shim's own, which is a constant.
            "{ const own = setTimeout; window.setTimeout = (run, ms, ...all) => ms === 400 ? 0 : own(run, ms, ...all) }"
        )

    def open_before_analytics(self, open_page: Callable[[], object]) -> None:
        """Opens a page by `open_page`, which waits for nothing. analytics.js comes once the tag is there.

        The shim's tag and a deferred script run in the order in which they come: which is first, a busy machine decides.
        """
        gate = Gate()
        gate.close()
        self.website.file("/built/analytics.js", (DEMO / "built/analytics.js").read_bytes(), gate=gate)
        open_page()
        self.page.wait_for_function("() => window.__pitcairnOn")  # No eval: the demo's policy forbids it.
        gate.open()
        self.page.wait_for_load_state()

    def seen(self, exposures: int = 1) -> list[dict[str, Any]]:
        """Waits until the tag has sent so many exposures, and gives them."""
        self.edge.wait_for(
            lambda: len(self.edge.exposures("pitcairn-tag")) >= exposures, f"{exposures} exposure(s) by the tag"
        )
        return self.edge.exposures("pitcairn-tag")


def decision(
    *changes: Change, personalized: bool = True, experience: int = 1, exposure: str = "exp-1"
) -> dict[str, Any]:
    """What the server decides; a control is told the selectors and nothing else."""
    return {
        "experience": {"id": experience, "name": f"Experience {experience}"},
        "audienceSegment": {"id": 20 + experience, "name": "Small company"},
        "variation": {"id": 30 + experience, "name": "Small"} if personalized else None,
        "personalized": personalized,
        "reason": "assigned",
        "exposureId": exposure,
        "changes": list(changes) if personalized else [{"selector": change["selector"]} for change in changes],
    }


def text(selector: str = "h1", value: str = PERSONALIZED) -> Change:
    return {"type": "text", "selector": selector, "value": value}


def document(head: str, body: str) -> str:
    return f"<!doctype html><html><head><title>Test</title>{head}</head><body>{body}</body></html>"


def in_chunks(*chunks: str | Callable[[], object]) -> Iterable[bytes]:
    """HTML that comes in pieces. What is callable is called, and holds up the rest until it returns."""
    for chunk in chunks:
        if isinstance(chunk, str):
            yield chunk.encode()
        else:
            chunk()
