"""HTTP/1.1 as far as delivering needs it: a request with a body goes out, the beginning of the answer comes back.

On one core this sends several times as many requests as a general client library: nothing is made per request but the bytes,
and the parser is httptools', the one that the server uses. What it leaves out on purpose: redirects, cookies, proxies,
pipelining, and unpacking. Who is connected to is decided by whoever uses it.
"""

from __future__ import annotations

import asyncio
import functools
import re
import ssl
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

import httptools
import msgspec

KEEP_OPEN_SECONDS = 15.0
"""How long an idle connection is kept. Many servers close at 60 s, some load balancers at 20 s."""
HEADER_BYTES = 65_536
"""An answer with more before its body is none."""
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_METHOD = re.compile(r"[A-Z]{3,16}")

Addresses = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host and port to the addresses that may be connected to, in order."""


class Disconnected(ConnectionError):
    """The other side closed the connection before its answer was complete."""


class InvalidAnswer(Exception):
    """What came back is not HTTP."""


class Place(msgspec.Struct, frozen=True):
    """Where a request goes; requests to equal places share connections."""

    host: str
    port: int
    secure: bool


class Answer(msgspec.Struct, frozen=True):
    status: int
    headers: dict[str, str]
    """Names in lower case; values of one name are joined by commas."""
    body: bytes


class Connections:
    """Connections of one event loop, kept open between requests. Of an answer's body at most `answer_bytes` are read."""

    def __init__(self, addresses: Addresses, tls: Callable[[], ssl.SSLContext], answer_bytes: int) -> None:
        self._addresses, self._tls, self._answer_bytes = addresses, tls, answer_bytes
        self._idle: dict[Place, list[_Connection]] = {}
        self._all: set[_Connection] = set()
        self._sweeping = False

    async def exchange(
        self, place: Place, method: str, path: str, headers: Mapping[str, str], body: bytes, seconds: float
    ) -> Answer:
        """Sends the request, on an open connection where there is one. `headers` are all but `Content-Length`.

        Raises TimeoutError when `seconds` are over, `Disconnected`, `InvalidAnswer`, OSError of the connection (`ssl.SSLError`
        and `socket.gaierror` among them), and ValueError for what cannot be sent.
        """
        text = _head(method, path, headers, len(body)) + body
        async with asyncio.timeout(seconds):
            connection = self._take(place) or await self._connect(place)
            try:
                answer = await connection.ask(text, self._answer_bytes)
            except BaseException:
                connection.abort()
                raise
        if connection.reusable:
            self._put(place, connection)
        else:
            connection.abort()
        return answer

    def close(self) -> None:
        """Ends every connection. Whoever waits for an answer gets `Disconnected`."""
        for connection in list(self._all):
            connection.abort()
        self._idle.clear()

    def _take(self, place: Place) -> _Connection | None:
        idle = self._idle.get(place)
        while idle:
            connection = idle.pop()
            if connection.reusable:
                return connection
        return None

    def _put(self, place: Place, connection: _Connection) -> None:
        loop = asyncio.get_running_loop()
        connection.idle_since = loop.time()
        self._idle.setdefault(place, []).append(connection)
        if not self._sweeping:
            self._sweeping = True
            loop.call_later(KEEP_OPEN_SECONDS, self._sweep, loop)

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        """Closes what nobody used for a while."""
        self._sweeping = False
        before = loop.time() - KEEP_OPEN_SECONDS
        for place, idle in list(self._idle.items()):
            for connection in idle:
                if connection.idle_since <= before:
                    connection.abort()
            idle[:] = [connection for connection in idle if connection.reusable]
            if not idle:
                del self._idle[place]
        if self._idle:
            self._sweeping = True
            loop.call_later(KEEP_OPEN_SECONDS / 3, self._sweep, loop)

    async def _connect(self, place: Place) -> _Connection:
        loop = asyncio.get_running_loop()
        problem: OSError | None = None
        for address in await self._addresses(place.host, place.port):
            try:
                _, connection = await loop.create_connection(
                    functools.partial(_Connection, self._all),
                    address,
                    place.port,
                    ssl=self._tls() if place.secure else None,
                    server_hostname=place.host if place.secure else None,
                )
            except OSError as error:
                problem = error
                continue
            return connection
        raise problem or ConnectionError(f"{place.host} has no address")


class _Connection(asyncio.Protocol):
    """One connection, and the answer that is being read from it."""

    def __init__(self, every: set[_Connection]) -> None:
        self._every = every
        self.idle_since = 0.0
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[Answer] | None = None
        self._keep_alive = True
        self._limit = 0

    @property
    def reusable(self) -> bool:
        return self._keep_alive and self._transport is not None and not self._transport.is_closing()

    def ask(self, text: bytes, limit: int) -> asyncio.Future[Answer]:
        """Sends the text; the future is the answer to it."""
        self._waiter = asyncio.get_running_loop().create_future()
        self._parser = httptools.HttpResponseParser(self)
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._missing, self._header_bytes, self._unread_bytes = limit, 0, 0
        self._in_body = self._until_end = False
        if self._transport is None or self._transport.is_closing():
            self._fail(Disconnected())
        else:
            self._transport.write(text)
        return self._waiter

    def abort(self) -> None:
        self._keep_alive = False
        if self._transport is not None:
            self._transport.abort()

    # ── What the transport tells ─────────────────────────────────────────────────────────────────────────────────────

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # a stream's
        self._every.add(self)

    def data_received(self, data: bytes) -> None:
        if self._waiter is None or self._waiter.done():
            # Nobody asked for this: whatever it is, it must not become the answer to the next request.
            self.abort()
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            if not self._waiter.done():
                self._fail(InvalidAnswer(type(error).__name__))
            self._keep_alive = False
        if not self._in_body and not self._waiter.done():
            # Of a header that has not ended the parser says nothing yet.
            self._unread_bytes += len(data)
            if self._unread_bytes > 2 * HEADER_BYTES:
                self._fail(InvalidAnswer("its headers do not end"))

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self._keep_alive = False
        self._every.discard(self)
        if self._waiter is None or self._waiter.done():
            return
        if error is None and self._until_end:
            self._complete()
        else:
            self._fail(error if isinstance(error, OSError) else Disconnected())

    # ── What the parser tells ────────────────────────────────────────────────────────────────────────────────────────

    def on_header(self, name: bytes, value: bytes) -> None:
        self._header_bytes += len(name) + len(value) + 4
        if self._header_bytes > HEADER_BYTES:
            self._fail(InvalidAnswer("its headers are too long"))
            return
        key, text = name.decode("latin-1").lower(), value.decode("utf-8", "surrogateescape")
        known = self._headers.get(key)
        self._headers[key] = text if known is None else f"{known}, {text}"

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200:
            self._headers.clear()
            return
        self._in_body = True
        framed = "content-length" in self._headers or "chunked" in self._headers.get("transfer-encoding", "").lower()
        self._until_end = not framed and status not in {204, 304}

    def on_body(self, data: bytes) -> None:
        if self._missing <= 0:
            return
        self._body.append(data[: self._missing])
        self._missing -= len(data)
        if self._missing < 0:
            # The rest is not waited for; that costs the connection.
            self._keep_alive = False
            self._complete()

    def on_message_complete(self) -> None:
        if self._in_body and self._waiter is not None and not self._waiter.done():
            self._keep_alive = self._keep_alive and bool(self._parser.should_keep_alive())
            self._complete()

    def _complete(self) -> None:
        assert self._waiter is not None
        if not self._waiter.done():
            self._waiter.set_result(Answer(self._parser.get_status_code(), self._headers, b"".join(self._body)))

    def _fail(self, error: Exception) -> None:
        self._keep_alive = False
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(error)


def _head(method: str, path: str, headers: Mapping[str, str], length: int) -> bytes:
    return b"".join(_lines(method, path, headers, length))


def _lines(method: str, path: str, headers: Mapping[str, str], length: int) -> Iterator[bytes]:
    if not _METHOD.fullmatch(method):
        raise ValueError(f"{method[:20]!r} is no method")
    yield f"{method} {path} HTTP/1.1\r\n".encode("ascii")
    for name, value in headers.items():
        yield _line(name, value)
    yield b"Content-Length: %d\r\n\r\n" % length


@functools.lru_cache(maxsize=4_000)
def _line(name: str, value: str) -> bytes:
    if not _NAME.fullmatch(name) or any(sign in value for sign in "\r\n\0"):
        raise ValueError(f"the header {name[:40]!r} cannot be sent")
    return f"{name}: {value}\r\n".encode()
