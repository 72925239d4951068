"""The destination's side: answers 200 to every POST at once and counts the messages. `python -m benchmarks.sink PORT`.

`GET /` tells `{"messages", "requests", "first", "last"}`, the times in seconds of its clock; `POST /reset` begins anew.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

import httptools
import uvloop

_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}"


class Count:
    messages = requests = 0
    first = last = 0.0


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
            told = {name: getattr(Count, name) for name in ("messages", "requests", "first", "last")}
            body = json.dumps(told).encode()
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            return
        if self._url == b"/reset":
            Count.messages = Count.requests = 0
            Count.first = Count.last = 0.0
        else:
            Count.messages += sum(part.count(b'"messageId"') for part in self._body)
            Count.requests += 1
            Count.last = time.monotonic()
            Count.first = Count.first or Count.last
        self._body.clear()
        self._transport.write(_OK)


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
