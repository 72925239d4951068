"""Load that a server is killed under: client libraries and plain HTTP, each of which sends again what was not answered.

Every message belongs to a user; what a profile must say at the end follows from how many messages its user sent. All of them
are sent until they are acknowledged, so in the end every message of `sent` is in `acknowledged` as well.
"""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from segment.analytics import request as library_request
from segment.analytics.client import Client

from server import WRITE_KEYS, Server, basic_authorization

SOURCE = "backend"
FIRST = datetime.now(UTC) - timedelta(days=10)
STEP = timedelta(seconds=10)
"""Between one user's messages, so that the few ms by which the server corrects clocks never change their order."""


@dataclass
class Record:
    """What was sent and what the server has answered for with 200."""

    sent: dict[str, str] = field(default_factory=dict)
    """The user of each message id."""
    steps: dict[str, int] = field(default_factory=dict)
    """How many messages each user has sent."""
    acknowledged: set[str] = field(default_factory=set)
    failed: list[str] = field(default_factory=list)
    """What a client gave up on."""
    again: int = 0
    """How often something was sent again."""


def message(user: str, step: int) -> dict[str, Any]:
    """The user's message number `step`: first anonymous in two browsers, then known in both, then more and more traits."""
    made: dict[str, Any] = {
        "messageId": f"{user}-{step}",
        "timestamp": (FIRST + step * STEP).isoformat(timespec="milliseconds"),
    }
    if step in {0, 4}:
        return {**made, "type": "track", "event": "Looked", "anonymousId": f"{user}-browser{step}"}
    if step in {1, 5}:
        made["anonymousId"] = f"{user}-browser{step - 1}"
    made["userId"] = user
    if step % 3 == 2 and step != 5:
        return {**made, "type": "track", "event": "Clicked", "properties": {"step": step}}
    return {**made, "type": "identify", "traits": traits(step)}


def traits(step: int) -> dict[str, Any]:
    return {"step": step, f"t{step % 5}": step, "odd": step if step % 2 else None}


def expected(user: str, steps: int) -> dict[str, Any]:
    """What the profile of a user who sent so many messages must be."""
    known: dict[str, Any] = {}
    identifiers = set()
    for step in range(steps):
        made = message(user, step)
        known.update(made.get("traits", {}))
        identifiers |= {f"{kind}:{made[key]}" for kind, key in _IDENTIFIERS if key in made}
    return {
        "traits": {name: value for name, value in known.items() if value is not None},
        "identifiers": sorted(identifiers),
    }


_IDENTIFIERS = (("user_id", "userId"), ("anonymous_id", "anonymousId"))


class Load:
    """Clients that send until they are stopped, each in threads of its own."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.record = Record()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._clients: list[Client] = []

    # ── Segment's own library ────────────────────────────────────────────────────────────────────────────────────────

    def add_library(self, name: str, *, users: int = 5) -> None:
        """One `segment-analytics-python` client with two uploading threads."""
        hooks = library_request._session.hooks["response"]
        if self._answered not in hooks:
            hooks.append(self._answered)
        client = Client(
            WRITE_KEYS[SOURCE],
            host=self.server.url,
            thread=2,
            upload_size=40,
            upload_interval=0.05,
            max_retries=30,
            max_queue_size=2_000,
            on_error=self._gave_up,
        )
        self._clients.append(client)
        self._run(self._tell_library, client, [f"{name}-{number}" for number in range(users)])

    def _tell_library(self, client: Client, users: list[str]) -> None:
        for user, made in self._messages(users):
            arguments = {
                "user_id": made.get("userId"),
                "anonymous_id": made.get("anonymousId"),
                "message_id": made["messageId"],
                "timestamp": datetime.fromisoformat(made["timestamp"]),
            }
            self.record.sent[made["messageId"]] = user
            if made["type"] == "identify":
                client.identify(traits=made["traits"], **arguments)
            else:
                client.track(event=made["event"], properties=made.get("properties"), **arguments)
            # The library's queue throws away what does not fit; its owner must not outrun it.
            while client.queue.qsize() > 200 and not self._stopping.wait(0.01):
                pass

    def _answered(self, response: requests.Response, *_: Any, **__: Any) -> None:
        if response.status_code == 200:
            batch = json.loads(response.request.body or "{}")["batch"]
            self.record.acknowledged.update(made["messageId"] for made in batch)
        self.record.again += "X-Retry-Count" in response.request.headers

    def _gave_up(self, error: Exception, batch: list[dict[str, Any]]) -> None:
        self.record.failed += [f"{made['messageId']}: {error}" for made in batch]

    # ── Plain HTTP ───────────────────────────────────────────────────────────────────────────────────────────────────

    def add_plain(self, name: str, *, users: int = 5) -> None:
        """One thread that sends single calls and small batches on a connection that it keeps."""
        self._run(self._send_plainly, [f"{name}-{number}" for number in range(users)])

    def _send_plainly(self, users: list[str]) -> None:
        connection = self._connect()
        gathered: list[dict[str, Any]] = []
        for user, made in self._messages(users):
            self.record.sent[made["messageId"]] = user
            if not gathered and made["messageId"].endswith(("1", "4", "8")):
                connection = self._deliver(connection, f"/v1/{made['type']}", made, [made])
                continue
            gathered.append(made)
            if len(gathered) == 3:
                connection = self._deliver(connection, "/v1/batch", {"batch": gathered}, gathered)
                gathered = []
        if gathered:
            connection = self._deliver(connection, "/v1/batch", {"batch": gathered}, gathered)
        connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self.server.host, self.server.port, timeout=10)

    def _deliver(
        self, connection: http.client.HTTPConnection, path: str, body: dict[str, Any], messages: list[dict[str, Any]]
    ) -> http.client.HTTPConnection:
        """Sends until the server answers 200; returns the connection to go on with."""
        headers = {"Authorization": basic_authorization(WRITE_KEYS[SOURCE]), "Content-Type": "application/json"}
        while True:
            try:
                sent_at = datetime.now(UTC).isoformat(timespec="milliseconds")
                connection.request("POST", path, json.dumps({**body, "sentAt": sent_at}), headers)
                with connection.getresponse() as response:
                    response.read()
                    if response.status == 200:
                        self.record.acknowledged.update(made["messageId"] for made in messages)
                        return connection
            except (OSError, http.client.HTTPException):
                connection.close()
                connection = self._connect()
            self.record.again += 1
            threading.Event().wait(0.05)

    # ── Both ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _messages(self, users: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
        """One user's message after the other's, until the load is stopped; some 1,000 a second at most."""
        step = 0
        while True:
            for user in users:
                yield user, message(user, step)
                self.record.steps[user] = step + 1
            step += 1
            if self._stopping.wait(0.005):
                return

    def _run(self, function: Any, *arguments: Any) -> None:
        thread = threading.Thread(target=function, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def finish(self) -> Record:
        """Stops making messages, and returns when every one has been acknowledged."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        for client in self._clients:
            client.shutdown()
        if self._clients:
            library_request._session.hooks["response"].remove(self._answered)
            library_request._session.close()
        return self.record
