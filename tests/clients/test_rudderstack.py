"""`@rudderstack/analytics-js`, unmodified, in Chromium: its calls arrive as Segment's do."""

from __future__ import annotations

import contextlib
import functools
import subprocess
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from clients.analytics_js import BROWSER, _Files
from server import PATIENCE_SECONDS, WRITE_KEYS, Server, unique

pytestmark = pytest.mark.browser

# The build for npm that carries its plug-ins with it: nothing is fetched from anybody else's server.
BUILD = """
import { build } from "esbuild";
await build({
  stdin: {
    contents: 'import { RudderAnalytics } from "@rudderstack/analytics-js/bundled"; window.RudderAnalytics = RudderAnalytics;',
    resolveDir: process.cwd(),
  },
  bundle: true, format: "iife", logLevel: "error", outfile: process.argv[1],
});
"""
LOAD = """([writeKey, url, options]) => new Promise((resolve) => {
  window.rudder = new RudderAnalytics();
  window.rudder.load(writeKey, url, { configUrl: url, sendAdblockPage: false, ...options });
  window.rudder.ready(() => resolve(true));
})"""


@pytest.fixture(scope="module")
def website(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("rudderstack")
    subprocess.run(
        ["node", "--input-type=module", "--eval", BUILD, str(folder / "rudder.js")],
        cwd=BROWSER,
        check=True,
        timeout=PATIENCE_SECONDS,
    )
    (folder / "index.html").write_text(
        "<!doctype html><title>Shop</title><link rel='icon' href='data:,'><script src='rudder.js'></script><h1>Shop</h1>"
    )
    with serving(folder) as address:
        yield address


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Files, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


class Loaded:
    """A page with the library loaded for the source "website"; what it asked our server and others for."""

    def __init__(self, context: BrowserContext, address: str, server: Server, **options: Any) -> None:
        self.page: Page = context.new_page()
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "console", lambda said: self.complaints.append(said.text) if said.type in {"warning", "error"} else None
        )
        self.page.goto(address)
        assert self.page.evaluate(LOAD, [WRITE_KEYS["website"], server.url, options])

    def call(self, method: str, *arguments: Any) -> None:
        self.page.evaluate("([method, args]) => { window.rudder[method](...args); }", [method, list(arguments)])


def test_every_kind_of_call_arrives(context: BrowserContext, website: str, server: Server) -> None:
    mark, user = unique("mark-"), unique("user-")
    loaded = Loaded(context, website, server)
    loaded.call("track", f"Before {mark}", {"n": 1})
    loaded.call("page", "Docs", f"Prices {mark}", {"plan": "pro"})
    loaded.call("identify", user, {"email": f"{user}@example.com", "company": {"employee_count": 40}})
    loaded.call("group", f"group-{mark}", {"plan": "enterprise"})
    loaded.call("track", f"After {mark}")
    loaded.call("alias", f"new-{user}", user)

    def all_there() -> Any:
        found = [*server.events(search=mark)["messages"], *server.events(search=user)["messages"]]
        by_id = {message["messageId"]: message for message in found}
        return by_id if len(by_id) >= 6 else None

    by_id = server.wait_until(all_there, "the six calls")
    by_type = {message["type"]: message for message in by_id.values()}
    assert sorted(message["type"] for message in by_id.values()) == [
        "alias",
        "group",
        "identify",
        "page",
        "track",
        "track",
    ]
    tracks = {message["event"]: message for message in by_id.values() if message["type"] == "track"}
    before, after = tracks[f"Before {mark}"], tracks[f"After {mark}"]
    assert before["properties"]["n"] == 1
    assert "userId" not in before
    assert after["userId"] == user
    assert before["anonymousId"] == after["anonymousId"]
    assert before["originalTimestamp"]
    assert before["context"]["library"]["name"].startswith("RudderLabs")
    assert before["context"]["ip"] == "127.0.0.1"
    assert by_type["page"]["name"] == f"Prices {mark}"
    assert by_type["group"]["groupId"] == f"group-{mark}"
    assert by_type["alias"]["previousId"] == user
    assert {message["pitcairn"]["source"] for message in by_id.values()} == {"website"}
    assert not server.events(search=mark, refused=True)["refused"]

    # The library has Identify's traits in the context alone.
    profile = server.profile(f"user_id:{user}")
    assert {"user_id", "anonymous_id", "email"} == {item["type"] for item in profile["identifiers"]}
    assert profile["traits"]["company"] == {"employee_count": 40}
    assert [url for url in loaded.asked if not url.startswith((server.url, website))] == []
    assert loaded.complaints == []


def test_beacons_arrive(context: BrowserContext, website: str, server: Server) -> None:
    mark = unique("mark-")
    loaded = Loaded(context, website, server, useBeacon=True, beaconQueueOptions={"maxItems": 1})
    loaded.call("track", f"Beacon {mark}")
    loaded.page.goto("about:blank")
    found = server.wait_until(lambda: server.events(search=mark)["messages"], "the beacon's message")
    assert found[0]["event"] == f"Beacon {mark}"
