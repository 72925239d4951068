"""Stock analytics.js on a page of another origin: a website on its own port, in a real Chromium, with `cdnURL` pointed here."""

from __future__ import annotations

import contextlib
import functools
import subprocess
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page, Request

from server import PATIENCE_SECONDS, WRITE_KEYS, Server

BROWSER = Path(__file__).parents[2] / "browser"
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>A page – eine Seite</title>
<link rel="icon" href="data:,">
<script src="/analytics.js"></script>
<h1>Hello</h1>
"""
BUILD = """
import { build } from "esbuild";
const contents = 'import { AnalyticsBrowser } from "@segment/analytics-next"; window.AnalyticsBrowser = AnalyticsBrowser;';
await build({ stdin: { contents, resolveDir: "." }, bundle: true, format: "iife", outfile: process.argv[1] });
"""

# As Segment's documentation has it for npm, with both addresses ours: where settings come from and where messages go.
LOAD = """([writeKey, url, strategy, timeout]) => {
  const host = url.replace("http://", "") + "/v1";
  const segment = { apiHost: host, protocol: "http" };
  if (strategy === "batching") segment.deliveryStrategy = { strategy: "batching", config: { size: 10, timeout } };
  window.analytics = AnalyticsBrowser.load({ writeKey, cdnURL: url }, { integrations: { "Segment.io": segment } });
  return window.analytics.then(([instance]) => instance.initialized);
}"""

# Calls the method and answers the message that the library made of it.
CALL = """([method, args]) => window.analytics[method](...args).then((context) => JSON.parse(JSON.stringify(context.event)))"""


@contextlib.contextmanager
def website(folder: Path) -> Iterator[str]:
    """Serves a page with analytics.js, built from npm as a customer would; yields its address."""
    subprocess.run(
        ["node", "--input-type=module", "--eval", BUILD, str(folder / "analytics.js")],
        cwd=BROWSER, check=True, timeout=PATIENCE_SECONDS,
    )  # fmt: skip
    (folder / "index.html").write_text(PAGE)
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Files, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


class _Files(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name for it
        """The tests' output is not its log."""


class AnalyticsPage:
    """A page with analytics.js loaded for the source "website". `requests` is every request it made to the server.

    With the strategy "batching" it sends what it has after `timeout` ms, or with the tenth call.
    """

    def __init__(
        self, context: BrowserContext, address: str, server: Server, *, strategy: str = "standard", timeout: int = 300
    ) -> None:
        self.page: Page = context.new_page()
        self.requests: list[Request] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request) if server.url in request.url else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "console", lambda entry: self.complaints.append(entry.text) if entry.type in {"warning", "error"} else None
        )
        self.page.goto(address)
        assert self.page.evaluate(LOAD, [WRITE_KEYS["website"], server.url, strategy, timeout])

    def call(self, method: str, *arguments: Any) -> Any:
        return self.page.evaluate(CALL, [method, list(arguments)])

    def paths(self) -> list[str]:
        """The paths asked for, in order, without those of preflights, which Chromium does not show."""
        return ["/" + request.url.split("/", 3)[3] for request in self.requests]
