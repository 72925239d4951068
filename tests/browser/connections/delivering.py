"""A server that has delivered: a webhook that takes orders, refuses what is wrong, and does not answer for returns."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from server import Server, unique

STATUSES = {"Order Refunded": 400, "Order Returned": 503}
"""What the webhook answers to these events; 200 to all others."""


@dataclass
class Delivering:
    server: Server
    destination_id: int
    got: list[Any]
    """Every message that came, in order."""

    @property
    def base(self) -> str:
        return f"/connections/destinations/{self.destination_id}"


@contextmanager
def webhook() -> Iterator[tuple[str, list[Any]]]:
    got: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            got.append(message)
            status = STATUSES.get(message.get("event", ""), 200)
            answer = json.dumps({"error": f"no {message.get('event')} here"} if status > 200 else {}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    with closing(server.socket):
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/hook", got
        server.shutdown()
        thread.join()


def deliver(server: Server, url: str, got: list[Any]) -> Delivering:
    """Adds the webhook, sends messages of every outcome, and waits until each had its first request."""
    made = server.run(
        "destination", "add", "webhook", "--name", "Data warehouse", "--source", "website", "--setting", f"url={url}"
    )
    # The edge and the pipeline know the new destination as soon as a message reaches it.
    server.wait_until(lambda: _reaches(server, got), "A first message at the webhook")
    for number in range(12):
        server.send(
            "/v1/track", {"userId": unique("buyer-"), "event": "Order Completed", "properties": {"total": number}}
        )
    for event in (*STATUSES, "Order Refunded"):
        server.send("/v1/track", {"userId": unique("buyer-"), "event": event})
    server.post("/v1/track", {"event": "Names nobody"})
    server.wait_until(
        lambda: {message["event"] for message in got} >= {"Order Completed", *STATUSES}, "Every event at the webhook"
    )
    return Delivering(server, made["id"], got)


def _reaches(server: Server, got: list[Any]) -> bool:
    server.send("/v1/track", {"userId": unique("first-"), "event": "Knocked"})
    return bool(got)
