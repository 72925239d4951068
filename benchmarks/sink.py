"""The destination's side: answers 200 to every POST at once and counts the messages. `python -m benchmarks.sink PORT`.

`GET /` tells `{"messages", "requests", "first", "last", "latencies_ms"}`, the times in seconds of its clock; `POST /reset`
begins anew. A latency is known of a message whose user id says when it was sent: `at-<nanoseconds>-<number>`.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from typing import ClassVar

import httptools
import uvloop

_SENT = re.compile(rb'"userId":"at-(\d+)-')
_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}"


class Count:
    messages = requests = 0
    first = last = 0.0
    latencies_ms: ClassVar[list[float]] = []


class Sink(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._parser = httptools.HttpRequestParser(self)
        self._body: list[bytes] = []

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self._url = url

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        if self._parser.get_method() == b"GET":
            told = {name: getattr(Count, name) for name in ("messages", "requests", "first", "last", "latencies_ms")}
            body = json.dumps(told).encode()
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            return
        if self._url == b"/reset":
            Count.messages = Count.requests = 0
            Count.first = Count.last = 0.0
            Count.latencies_ms.clear()
        else:
            Count.messages += sum(part.count(b'"messageId"') for part in self._body)
            Count.requests += 1
            Count.last = time.monotonic()
            Count.first = Count.first or Count.last
            now = time.monotonic_ns()
            Count.latencies_ms += [(now - int(sent)) / 1e6 for part in self._body for sent in _SENT.findall(part)]
        self._body.clear()
        self._transport.write(_OK)


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
