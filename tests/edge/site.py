"""A website of the tests: its experiences, and visitors who open its pages as the tag would."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

from server import PATIENCE_SECONDS, WRITE_KEYS, Answer, Server, unique

ORIGIN = "https://acme.example"
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"


class Site:
    """One server with experiences of its own. A context manager: it keeps a process that changes the configuration."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._changes = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("change.py"))],
            env=server.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Site:
        return self

    def __exit__(self, *_: object) -> None:
        self._changes.communicate(timeout=PATIENCE_SECONDS)
        assert self._changes.returncode == 0

    def change(self, name: str, /, **arguments: Any) -> Any:
        """One change of edge/change.py; returns what it made. It is in force a moment later: `wait_until` it is."""
        assert self._changes.stdin is not None
        assert self._changes.stdout is not None
        self._changes.stdin.write(json.dumps([name, arguments]) + "\n")
        self._changes.stdin.flush()
        return json.loads(self._changes.stdout.readline())

    def ask(self, body: object, *, headers: Mapping[str, str] | None = None) -> Answer:
        """Posts to `/v1/decide`; bytes as they are."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.server.request("POST", "/v1/decide", data, {"Content-Type": "text/plain", **(headers or {})})


@dataclass
class Visitor:
    """A browser: it has an anonymous id from analytics.js, and keeps the server's cookie."""

    site: Site
    anonymous_id: str = field(default_factory=lambda: unique("visitor-"))
    cookie: str = ""
    visitor_id: str = ""
    consent: str = ""

    def open(self, path: str = "/", *, source: str = "website", language: str = "en-US", **headers: str) -> list[Any]:
        """Opens a page; returns the decisions."""
        given = {
            "User-Agent": CHROME,
            "Origin": ORIGIN,
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        if self.cookie:
            given["Cookie"] = f"other=1; pitcairn_visitor={self.cookie}"
        body = {
            "writeKey": WRITE_KEYS[source],
            "anonymousId": self.anonymous_id,
            "url": f"{ORIGIN}{path}",
            "referrer": "",
            "language": language,
            "consent": self.consent,
        }
        answer = self.site.ask(body, headers=given)
        assert answer.status == 200, answer
        if "set-cookie" in answer.headers:
            self.cookie = SimpleCookie(answer.headers["set-cookie"])["pitcairn_visitor"].value
        self.visitor_id = answer.json()["visitorId"]
        decisions: list[Any] = answer.json()["decisions"]
        return decisions

    def identify(self, traits: Mapping[str, Any], *, user_id: str = "", source: str = "website") -> None:
        """Identifies, and waits until the profile has it."""
        call = {"anonymousId": self.anonymous_id, "traits": dict(traits), "messageId": unique("identify-")}
        self.site.server.send("/v1/identify", {**call, **({"userId": user_id} if user_id else {})}, source=source)
        self.site.server.message(call["messageId"])

    def see(self, decision: Mapping[str, Any], *, source: str = "website") -> None:
        """Reports the decision's exposure as the tag does when the change is on the page, and waits for it."""
        variation = decision["variation"] or {"id": None, "name": None}
        properties = {
            "experience": decision["experience"]["name"],
            "audienceSegment": decision["audienceSegment"]["name"],
            "personalized": decision["personalized"],
            "experienceId": decision["experience"]["id"],
            "audienceSegmentId": decision["audienceSegment"]["id"],
            "variation": variation["name"],
            "variationId": variation["id"],
            "visitorId": self.visitor_id,
            "exposureId": decision["exposureId"],
            "reason": decision["reason"],
            "pageUrl": f"{ORIGIN}/",
        }
        call = {
            "event": "Mutiny Experience Viewed",
            "anonymousId": self.visitor_id,
            "messageId": decision["exposureId"],
            "properties": properties,
        }
        self.site.server.send("/v1/t", call, source=source)
        self.site.server.message(decision["exposureId"])
