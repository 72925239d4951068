"""Two local servers: a website, and a stand-in for Pitcairn's edge that can be slow, hang or die on command.

The stand-in exists because the tag's tests are about what a server does wrong, or at an exact moment. That the real
edge answers the same is for the end-to-end tests.
"""

from __future__ import annotations

import json
import mimetypes
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pitcairn.demo.site import policy
from server import PATIENCE_SECONDS

ROOT = Path(__file__).parents[3]
BUILT = ROOT / "src/pitcairn/edge/built"
PREVIEW = ROOT / "src/pitcairn/experiences/built/preview.js"
DEMO = ROOT / "demo"
WRITE_KEY = "demo-write-key"
OWN_PATH = "/pitcairn"
"""Where the website hands requests on to Pitcairn: its own proxy."""

Chunks = Iterable[bytes]


@dataclass
class Answer:
    body: bytes | Chunks = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    origin: str
    cookie: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    """All of them, names in lower case."""

    def json(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.body)
        return value


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *args: object) -> None:
        pass

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, self.path, headers.get("origin", ""), headers.get("cookie", ""), body, headers)
        answer = self.server.answer(asked)
        if answer is None:  # Hangs until the test is over, and then closes.
            self.server.over.wait()
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if isinstance(answer.body, bytes):
            self.send_header("content-length", str(len(answer.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body)
            return
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for chunk in answer.body:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    do_GET = do_HEAD = do_POST = do_OPTIONS = _answer  # noqa: N815


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, answer: Callable[[Asked], Answer | None], over: threading.Event) -> None:
        super().__init__(("localhost", 0), _Handler)
        self.answer = answer
        self.over = over

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that goes away in the middle of an answer is nothing to report."""


@contextmanager
def served(answer: Callable[[Asked], Answer | None]) -> Iterator[str]:
    """Serves on a free port; gives the address."""
    over = threading.Event()
    server = _Server(answer, over)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://localhost:{server.server_address[1]}"
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join()


class Gate:
    """Lets answers pass, or holds them until it is opened."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self._open.set()

    def close(self) -> None:
        self._open.clear()

    def open(self) -> None:
        self._open.set()

    def passes(self) -> bool:
        """Waits to be let through. False if that never happens."""
        return self._open.wait(PATIENCE_SECONDS)


class Edge:
    """Pitcairn, as far as the tag and analytics.js can tell."""

    def __init__(self) -> None:
        self.url = ""
        self.goals: list[dict[str, Any]] = []
        self.pages: list[dict[str, Any]] = []
        self.decide: Callable[[dict[str, Any]], list[dict[str, Any]]] = lambda _: []
        self.preview: Callable[[dict[str, Any]], dict[str, Any]] = lambda _: {}
        """What a preview link shows."""
        self.visitor_id: str | None = None
        """What the server's own cookie would say; None echoes the visitor id it is asked with."""
        self.cap_ms = 400
        self.asks_consent = self.honours_gpc = False
        self.vitals_share = 0.0
        self.delay = 0.0
        """Seconds before a decision is answered."""
        self.decide_hangs = False
        self.tag_hangs = False
        self.decide_gate = Gate()
        self.tag_gate = Gate()
        self.components_gate = Gate()
        self.refuse_messages = 0
        """How many of the next messages are answered with 503."""
        self._changed = threading.Condition()
        self._asked: list[Asked] = []

    # What it heard.

    def _record(self, asked: Asked) -> None:
        with self._changed:
            self._asked.append(asked)
            self._changed.notify_all()

    def questions(self) -> list[dict[str, Any]]:
        """What /v1/decide was asked, in order."""
        with self._changed:
            return [asked.json() for asked in self._asked if asked.path == "/v1/decide"]

    def asked(self, beginning: str) -> list[Asked]:
        """What was asked for at addresses that begin so, in order."""
        with self._changed:
            return [asked for asked in self._asked if asked.path.startswith(beginning)]

    def messages(self) -> list[dict[str, Any]]:
        """What the tracking API got, in order; a batch as its messages."""
        found: list[dict[str, Any]] = []
        with self._changed:
            for asked in self._asked:
                if asked.path in {"/v1/t", "/v1/i", "/v1/p", "/v1/b", "/v1/batch"} and asked.method == "POST":
                    body = asked.json()
                    found.extend(body.get("batch", [body]))
        return found

    def vitals(self) -> list[dict[str, Any]]:
        with self._changed:
            return [asked.json() for asked in self._asked if asked.path == "/v1/vitals"]

    def exposures(self, library: str | None = None) -> list[dict[str, Any]]:
        """The exposures that came: by one `library` (`pitcairn-tag`, `analytics.js`), or all."""
        return [
            message
            for message in self.messages()
            if message.get("event") == "Mutiny Experience Viewed"
            and library in {None, message["context"]["library"]["name"]}
        ]

    def wait_for(self, condition: Callable[[], bool], what: str) -> None:
        """Returns when something it heard has made the condition true."""
        with self._changed:
            if not self._changed.wait_for(condition, PATIENCE_SECONDS):
                paths = [f"{asked.method} {asked.path}" for asked in self._asked]
                raise AssertionError(f"{what} did not happen; asked were {paths}")

    # What it answers.

    def answer(self, asked: Asked) -> Answer | None:
        path = urlsplit(asked.path).path
        if path.startswith("/tag/components/"):
            self._record(asked)
            return _components(path.rpartition("/")[2].removesuffix(".js")) if self.components_gate.passes() else None
        if path.startswith("/tag/"):
            self._record(asked)
            return None if self.tag_hangs or not self.tag_gate.passes() else self._tag()
        if path == "/v1/decide":
            self._record(asked)
            if self.decide_hangs or not self.decide_gate.passes():
                return None
            if self.delay:
                threading.Event().wait(self.delay)
            return self._decision(asked)
        if path == "/editor/preview.js":
            self._record(asked)
            return Answer(PREVIEW.read_bytes(), headers={"content-type": "text/javascript; charset=utf-8"})
        if path.startswith("/v1/projects/"):
            return _json(asked, self._settings())
        if path.startswith("/v1/"):
            if self.refuse_messages:
                self.refuse_messages -= 1
                return _json(asked, {"success": False}, 503)
            self._record(asked)
            return _json(asked, {"success": True})
        return Answer(status=404)

    def configuration(self) -> dict[str, Any]:
        return {
            "writeKey": WRITE_KEY,
            "host": self.url,
            "version": json.loads((BUILT / "manifest.json").read_text())["latest"],
            "capMs": self.cap_ms,
            "asksConsent": self.asks_consent,
            "honoursGPC": self.honours_gpc,
            "vitalsShare": self.vitals_share,
            "pages": self.pages,
            "goals": self.goals,
        }

    def _tag(self) -> Answer:
        manifest = json.loads((BUILT / "manifest.json").read_text())
        code = (BUILT / manifest["versions"][manifest["latest"]]["file"]).read_bytes()
        body = code + b"\n__pitcairnTag(" + json.dumps(self.configuration()).encode() + b");\n"
        return Answer(body, headers={"content-type": "text/javascript; charset=utf-8", "cache-control": "max-age=60"})

    def _decision(self, asked: Asked) -> Answer:
        question = asked.json()
        if question.get("preview"):
            return _json(asked, self.preview(question))
        visitor = self.visitor_id or question.get("anonymousId") or "made-by-the-server"
        answer = _json(asked, {"visitorId": visitor, "decisions": self.decide(question)})
        if question["store"] and (question["consent"] == "in" or not self.asks_consent):
            answer.headers["set-cookie"] = (
                f"pitcairn_visitor={visitor}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax"
            )
        elif question["consent"] == "out":
            answer.headers["set-cookie"] = "pitcairn_visitor=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"
        return answer

    def _settings(self) -> dict[str, Any]:
        return {
            "integrations": {
                "Segment.io": {
                    "apiKey": WRITE_KEY,
                    "apiHost": self.url.removeprefix("http://") + "/v1",
                    "protocol": "http",
                }
            },
            "plan": {},
            "metrics": {"sampleRate": 0},
        }


def _components(version: str) -> Answer:
    file = json.loads((BUILT / "manifest.json").read_text())["components"][version]["file"]
    headers = {"content-type": "text/javascript; charset=utf-8", "cache-control": "max-age=31536000, immutable"}
    return Answer((BUILT / file).read_bytes(), headers=headers)


def _json(asked: Asked, value: object, status: int = 200) -> Answer:
    return Answer(
        json.dumps(value).encode(),
        status,
        {
            "content-type": "application/json",
            "access-control-allow-origin": asked.origin or "*",
            "access-control-allow-credentials": "true",
            "access-control-allow-headers": "authorization, content-type, x-retry-count",
        },
    )


class Website:
    """The customer's website: pages that a test writes, and the demo's files."""

    def __init__(self, edge: Edge) -> None:
        self.url = ""
        self._edge = edge
        self._files: dict[str, Callable[[], Answer]] = {}

    def file(
        self, path: str, body: str | bytes, content_type: str = "text/javascript", gate: Gate | None = None
    ) -> None:
        """A file of this website; with a gate, it comes when that is open."""
        content = body.encode() if isinstance(body, str) else body

        def answer() -> Answer:
            if gate is not None:
                gate.passes()
            return Answer(content, headers={"content-type": content_type})

        self._files[path] = answer

    def installs_the_shim(self) -> None:
        """At `/install.js`, for pages that were built before the servers' addresses were known."""
        own = "document.currentScript.dataset."
        shim = (BUILT / "shim.js").read_text()
        self.file("/install.js", f"{own}pitcairnHost='{self._edge.url}';{own}writeKey='{WRITE_KEY}';{shim}")

    def page(self, path: str, html: str | Callable[[], Chunks], content_policy: str = "") -> None:
        """A page of this website, with a Content-Security-Policy or none. HTML in chunks is sent as they come."""
        headers = {"content-type": "text/html; charset=utf-8", "cache-control": "no-cache"}
        if content_policy:
            headers["content-security-policy"] = content_policy
        self._files[path] = lambda: Answer(html.encode() if isinstance(html, str) else html(), headers=headers)

    def answer(self, asked: Asked) -> Answer | None:
        path = urlsplit(asked.path).path
        if path in self._files:
            return self._files[path]()
        if path.startswith(OWN_PATH + "/"):
            return self._edge.answer(replace(asked, path=asked.path.removeprefix(OWN_PATH)))
        if path == "/config.js":
            body = f"window.demo = {json.dumps({'host': self._edge.url, 'writeKey': WRITE_KEY})};"
            return Answer(body.encode(), headers={"content-type": "text/javascript"})
        if path == "/shim.js":
            return Answer((BUILT / "shim.js").read_bytes(), headers={"content-type": "text/javascript"})
        if path == "/favicon.ico":
            return Answer(status=204)
        file = DEMO / (path.lstrip("/") or "index.html")
        if not file.resolve().is_relative_to(DEMO) or not file.is_file():
            return Answer(b"not found", 404)
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        headers = {"content-type": kind, "content-security-policy": policy(self._edge.url)}
        return Answer(file.read_bytes(), headers=headers)
