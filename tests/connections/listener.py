"""A web server for tests to send to: real sockets, answers as told, and a record of what came."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field


@dataclass
class Received:
    """One request as it came in."""

    method: str
    path: str
    headers: dict[str, str]
    """By name in lower case."""
    body: bytes


Answer = Callable[[Received, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Listener:
    host: str
    port: int
    scheme: str
    received: list[Received] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"


def answer(status: int = 200, body: bytes = b"", headers: str = "") -> Answer:
    """Answers so, and keeps the connection."""

    async def write(received: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 {status} Said\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body)

    return write


def raw(data: bytes) -> Answer:
    """Writes this, whatever it is, and closes."""

    async def write(received: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        writer.close()

    return write


@contextlib.asynccontextmanager
async def listening(
    does: Answer | None = None, *, host: str = "127.0.0.1", port: int = 0, context: ssl.SSLContext | None = None
) -> AsyncIterator[Listener]:
    """A server that does this with each request; 200 and nothing else unless told."""
    does = does or answer()
    at = Listener(host, port, "https" if context else "http")
    ends: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        at.connections += 1
        ends.add(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while not writer.is_closing():
                received = await _read(reader)
                at.received.append(received)
                await does(received, writer)
                await writer.drain()
        ends.discard(writer)
        writer.close()

    server = await asyncio.start_server(serve, host, port, ssl=context)
    at.port = server.sockets[0].getsockname()[1]
    try:
        yield at
    finally:
        server.close()
        for writer in list(ends):
            writer.transport.abort()
        await server.wait_closed()


async def _read(reader: asyncio.StreamReader) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.split("\r\n")[:-2]
    method, path, _ = first.split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Received(method, path, headers, await reader.readexactly(int(headers.get("content-length", 0))))
