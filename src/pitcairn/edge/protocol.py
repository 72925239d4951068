"""HTTP/1.1 as uvicorn speaks it with httptools, with four differences.

What is not HTTP is answered in JSON, as every answer here is: Segment's libraries parse the body of errors, and Ruby's retries
for ever when it cannot. The head of a request has a limit, without which anyone could fill the memory with headers. And a
request that asks to go on in another protocol is answered in this one, as HTTP says a server may: Java's HttpClient asks for
HTTP/2 on its first request, and httptools alone would lose that request's body. And the head of an answer leaves together with
its body: each write is a call into the system, the most expensive part of a short answer.
"""

from __future__ import annotations

import asyncio
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from pitcairn.edge.responses import CORS, error_body

HELD_BYTES = 64 * 1024
"""What is written beyond this in one turn of the event loop leaves at once, so that a long answer does not fill the memory."""

HEAD_BYTES = 64 * 1024
"""Request line and headers. Browsers and proxies send a few KB; cookies make the most of it."""

NOT_HTTP = "The request is not HTTP/1.1"
HEAD_TOO_LARGE = f"The request's headers are larger than {HEAD_BYTES:,} bytes"


class JoiningTransport:
    """A transport that sends what is written in one turn of the event loop as one, when the turn ends."""

    __slots__ = ("_held", "_loop", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held = b""

    def write(self, data: bytes) -> None:
        if self._held:
            self._held += data
            if len(self._held) > HELD_BYTES:
                self._flush()
        elif data:
            self._held = data
            self._loop.call_soon(self._flush)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._held:
            held, self._held = self._held, b""
            self._transport.write(held)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class Protocol(HttpToolsProtocol):
    """One connection."""

    _in_head = False
    _head_bytes = 0
    _upgrade_asked = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(JoiningTransport(transport, self.loop))  # type: ignore[arg-type]

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        while True:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                if self._upgrade_asked:
                    data = self._without_upgrade(data[upgrade.args[0] :])
                    continue
                self._refuse(400, "not_http", NOT_HTTP)  # CONNECT
            except httptools.HttpParserError:
                self._refuse(400, "not_http", NOT_HTTP)
            break
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES and not self.transport.is_closing():
                self._refuse(431, "headers_too_large", HEAD_TOO_LARGE)

    def on_message_begin(self) -> None:
        self._in_head = True
        self._head_bytes = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        if self.parser.should_upgrade():
            self._upgrade_asked = self.parser.get_method() != b"CONNECT"
        else:
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        if not self.parser.should_upgrade():
            super().on_message_complete()

    def _without_upgrade(self, rest: bytes) -> bytes:
        """The request whose head was just read, as if it had not asked, for a new parser to read."""
        method, version = self.parser.get_method(), self.parser.get_http_version().encode()
        headers = b"".join(b"%s: %s\r\n" % header for header in self.headers if header[0] != b"upgrade")
        self._upgrade_asked = False
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn has it
        return b"%s %s HTTP/%s\r\n%s\r\n%s" % (method, self.url, version, headers, rest)

    def _refuse(self, status: int, code: str, message: str) -> None:
        body = error_body(code, message)
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (b"connection", b"close"),
            *CORS,
        ]
        head = b"".join(b"%s: %s\r\n" % header for header in headers)
        self.transport.write(STATUS_LINE[status] + head + b"\r\n" + body)
        self.transport.close()
