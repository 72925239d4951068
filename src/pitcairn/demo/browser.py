"""A visitor's browser, as far as the server sees it: the requests of the tag and of analytics.js, byte for byte alike.

One browser has one visitor's cookies and sends over a connection that several browsers share one after the other.
"""

import base64
import http.client
import json
import socket
import time
import uuid
from collections import Counter
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from pitcairn.demo.visitors import Visitor

TIMEOUT_SECONDS = 30
ATTEMPTS = 3
"""As often analytics.js would try a message again that met a closed connection or a 5xx."""

LIBRARY = {"name": "analytics.js", "version": "next-1.84.3"}
TAG_LIBRARY = {"name": "pitcairn-tag", "version": "demo-traffic"}


class UnreachableError(Exception):
    """The server cannot be reached, or does not answer as Pitcairn does. The text says what came instead."""


class Line:
    """One keep-alive connection to the server; counts what goes over it."""

    def __init__(self, host: str, counts: "Counter[str]") -> None:
        parts = urlsplit(host)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self.host = host.rstrip("/")
        self.counts = counts
        self._connection = kind(parts.hostname or "localhost", parts.port, timeout=TIMEOUT_SECONDS)

    def close(self) -> None:
        self._connection.close()

    def request(
        self, method: str, path: str, headers: dict[str, str], body: bytes | None = None
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """Sends once more over a fresh connection when the server has closed an idle one, and after a 503."""
        for attempt in range(1, ATTEMPTS + 1):
            retry = {"X-Retry-Count": str(attempt - 1)} if attempt > 1 and method == "POST" else {}
            try:
                self._connection.request(method, path, body, {**headers, **retry})
                if self._connection.sock is not None:
                    self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                response = self._connection.getresponse()
                content = response.read()
            except (http.client.HTTPException, OSError) as error:
                self._connection.close()
                if attempt == ATTEMPTS:
                    raise UnreachableError(f"{self.host} cannot be reached: {error or type(error).__name__}") from error
                continue
            self.counts["requests"] += 1
            if response.status != 503 or attempt == ATTEMPTS:
                return response, content
            time.sleep(float(response.headers.get("Retry-After", "1")))
        raise AssertionError  # the last attempt returns or raises

    def ok(self, method: str, path: str, headers: dict[str, str], body: bytes | None = None) -> tuple[Any, bytes]:
        response, content = self.request(method, path, headers, body)
        if response.status != 200:
            raise UnreachableError(f"{method} {self.host}{path} was answered {response.status}: {content[:200]!r}")
        return response, content


class Browser:
    """What one visitor's browser does. Every call is a request that is answered before it returns."""

    def __init__(self, visitor: Visitor, line: Line, write_key: str, site: str) -> None:
        self.visitor = visitor
        self._line = line
        self._write_key = write_key
        self._site = site.rstrip("/")
        self._cookies: dict[str, str] = {}
        self._sent_settings = False
        self._identified = False
        self.path, self.search = "/", ""

    def use(self, line: Line) -> None:
        """From now on over this connection: between two visits others use it."""
        self._line = line

    def open(self, path: str, *, campaign: bool = False) -> list[dict[str, Any]]:
        """Loads a page: the tag, its decision, analytics.js's settings once, the page call. Returns the decisions."""
        self.path = path
        self.search = self.visitor.campaign if campaign else ""
        self._line.ok("GET", f"/tag/{self._write_key}.js", self._headers())
        decisions = self.decide()
        if not self._sent_settings:
            self._sent_settings = True
            self._line.ok("GET", f"/v1/projects/{self._write_key}/settings", self._headers())
            preflight = {
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "authorization,content-type",
            }
            self._line.ok("OPTIONS", "/v1/p", {**self._headers(), **preflight})
        self._call("page", {"properties": self._page()})
        return decisions

    def identify(self) -> None:
        self._identified = True
        self._call("identify", {"traits": self.visitor.traits})

    def track(self, event: str, properties: dict[str, Any]) -> None:
        self._call("track", {"event": event, "properties": properties})

    def expose(self, decision: dict[str, Any]) -> None:
        """Reports that a decision is on the page, both ways: the tag's own request, and through analytics.js."""
        variation = decision["variation"]
        properties = {
            "experience": decision["experience"]["name"],
            "audienceSegment": decision["audienceSegment"]["name"],
            "personalized": decision["personalized"],
            "experienceId": decision["experience"]["id"],
            "audienceSegmentId": decision["audienceSegment"]["id"],
            "variation": variation["name"] if variation else None,
            "variationId": variation["id"] if variation else None,
            "unit": "visitor",
            "visitorId": self.visitor_id,
            "exposureId": decision["exposureId"],
            "dedupeKey": decision["exposureId"],
            "reason": decision["reason"],
            "pageUrl": self.url,
        }
        now = _now()
        message = {
            "writeKey": self._write_key,
            "type": "track",
            "event": "Mutiny Experience Viewed",
            "anonymousId": self.visitor.anonymous_id,
            "messageId": decision["exposureId"],
            "timestamp": now,
            "sentAt": now,
            "properties": properties,
            "context": {
                "page": self._page(),
                "library": TAG_LIBRARY,
                "userAgent": self.visitor.user_agent,
            },
        }
        self._post("/v1/t", message, authorized=False)
        self._call(
            "track",
            {"event": "Mutiny Experience Viewed", "properties": properties},
            message_id=decision["exposureId"],
        )

    @property
    def url(self) -> str:
        return f"{self._site}{self.path}{self.search}"

    @property
    def visitor_id(self) -> str:
        return self._cookies.get("pitcairn_visitor", self.visitor.anonymous_id)

    def decide(self) -> list[dict[str, Any]]:
        """Asks what this visitor is to see on the page that is open."""
        question = {
            "writeKey": self._write_key,
            "anonymousId": self.visitor.anonymous_id,
            "url": self.url,
            "referrer": "",
            "language": self.visitor.language,
        }
        headers = self._headers()
        if self._cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        response, content = self._line.ok("POST", "/v1/decide", headers, json.dumps(question).encode())
        for cookie in response.headers.get_all("Set-Cookie") or ():
            name, _, value = cookie.partition(";")[0].partition("=")
            self._cookies[name.strip()] = value.strip()
        decisions: list[dict[str, Any]] = json.loads(content)["decisions"]
        return decisions

    def _call(self, kind: str, fields: dict[str, Any], *, message_id: str = "") -> None:
        now = _now()
        message = {
            "timestamp": now,
            "integrations": {},
            "userId": self.visitor.user_id if self._identified else None,
            "anonymousId": self.visitor.anonymous_id,
            "type": kind,
            **fields,
            "context": {
                "page": self._page(),
                "userAgent": self.visitor.user_agent,
                "locale": self.visitor.language,
                "library": LIBRARY,
                "timezone": "Etc/UTC",
            },
            "messageId": message_id or f"ajs-next-{int(time.time() * 1000)}-{uuid.uuid4()}",
            "writeKey": self._write_key,
            "sentAt": now,
            "_metadata": {"bundled": ["Segment.io"], "unbundled": [], "bundledIds": []},
        }
        self._line.counts[kind] += 1
        self._post(f"/v1/{kind[0]}", message, authorized=True)
        if self.visitor.retries():
            self._line.counts["sentAgain"] += 1
            self._post(f"/v1/{kind[0]}", {**message, "sentAt": _now()}, authorized=True, again=True)

    def _post(self, path: str, message: dict[str, Any], *, authorized: bool, again: bool = False) -> None:
        headers = self._headers()
        if authorized:
            headers["Authorization"] = "Basic " + base64.b64encode(f"{self._write_key}:".encode()).decode()
        if again:
            headers["X-Retry-Count"] = "1"
        self._line.ok("POST", path, headers, json.dumps(message, ensure_ascii=False).encode())

    def _headers(self) -> dict[str, str]:
        return {
            "User-Agent": self.visitor.user_agent,
            "Accept-Language": self.visitor.language,
            "Content-Type": "text/plain",
            "Origin": self._site,
            "Referer": f"{self._site}/",
        }

    def _page(self) -> dict[str, str]:
        return {"path": self.path, "referrer": "", "search": self.search, "title": "Demo", "url": self.url}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
