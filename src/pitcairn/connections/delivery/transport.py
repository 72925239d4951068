"""Sends requests to destinations and to alert webhooks: all outgoing HTTP of Pitcairn goes through here.

What every request gets, whoever made it: only public addresses are connected to (`addresses`), redirects are not followed
(their target was chosen by the other side), certificates are verified, proxies of the environment are not used, cookies are
not kept, one time limit holds from the name's lookup to the last byte, and of the answer at most 64 KB is read.
"""

from __future__ import annotations

import asyncio
import errno
import functools
import re
import socket
import ssl
import zlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from pitcairn.connections.delivery.addresses import AddressRefused, Guard, Network
from pitcairn.connections.destination import Reply, Request

ANSWER_BYTES = 65_536
"""Of an answer this much is read; more would be memory that the other side chooses."""
USER_AGENT = "Pitcairn"
KEEP_OPEN_SECONDS = 15.0
"""How long an idle connection is kept. Many servers close at 60 s, some load balancers at 20 s."""
NAMES_KEPT_SECONDS = 10
LOOKUPS = 32
"""Names that are looked up at once."""
_FRAMING = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "expect"}
)
"""Headers that say how a request is cut out of the stream: two opinions on that are one request inside another."""
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")

Lookup = Callable[[str, int], Awaitable[Sequence[str]]]
"""Name and port to addresses. Raises `socket.gaierror` as the system's does."""


class TransportError(Exception):
    """No answer came. `reason` is one word that is counted, `retry` says whether another try may fare better."""

    def __init__(self, reason: str, detail: str, *, retry: bool) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason, self.detail, self.retry = reason, detail, retry


class Transport:
    """Outgoing HTTP for one event loop. Connections are kept open and shared by all that is sent to the same host.

    `networks` are the private networks that may be reached all the same; `lookup` stands in for the system's name lookup.
    """

    def __init__(self, networks: Iterable[Network] = (), *, lookup: Lookup | None = None) -> None:
        self._guard = Guard(networks)
        # Apart from the loop's own threads: a name server that hangs must hold up nobody but those who wait for it.
        self._threads = ThreadPoolExecutor(LOOKUPS, "names")
        self._lookup = lookup or functools.partial(_system_lookup, self._threads)
        self._session: aiohttp.ClientSession | None = None
        self._target = functools.lru_cache(maxsize=1_000)(self._guard.target)

    async def send(self, request: Request, timeout: float) -> Reply:
        """Sends it and returns the answer, whatever its status. Raises `TransportError` when none came in time.

        `timeout` is in seconds, for everything together. The request may have been carried out although an error is
        raised: a connection can break after the other side has read it.
        """
        try:
            target = self._target(request.url)
        except AddressRefused as error:
            raise TransportError("ADDRESS_REFUSED", str(error), retry=False) from error
        headers = _headers(request)
        session = self._open()
        try:
            async with session.request(
                request.method,
                target.url,
                data=request.body,
                headers=headers,
                allow_redirects=False,
                timeout=_within(timeout),
            ) as response:
                body = await _beginning(response)
                names = {name.lower(): value for name, value in response.headers.items()}
                return Reply(status=response.status, headers=names, body=_unpacked(body, names))
        except AddressRefused as error:
            raise TransportError("ADDRESS_REFUSED", str(error), retry=False) from error
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            raise _translated(error, target.host, timeout) from error

    async def close(self) -> None:
        """Ends the connections. What is on its way fails as `ECONNRESET`. Nothing can be sent afterwards."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                resolver=_CheckedResolver(self._guard, self._lookup),
                socket_factory=self._socket,
                ssl=_trusted(),
                ttl_dns_cache=NAMES_KEPT_SECONDS,
                limit=0,  # how many requests are on their way is each destination's own matter: see `Pace.concurrency`
                keepalive_timeout=KEEP_OPEN_SECONDS,
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,  # bounded by us: a small answer can unpack to gigabytes
                trust_env=False,
                raise_for_status=False,
                skip_auto_headers=("Content-Type",),
            )
        return self._session

    def _socket(self, info: tuple[object, ...]) -> socket.socket:
        """The last gate before a connection: whatever way an address came, it is checked here."""
        family, kind, protocol, _, address = info
        assert isinstance(family, int)
        assert isinstance(kind, int)
        assert isinstance(protocol, int)
        assert isinstance(address, tuple)
        self._guard.check(address[0], address[0])
        return socket.socket(family, kind, protocol)


class _CheckedResolver(AbstractResolver):
    """Looks names up and refuses those that lead to a private address, even if only one of several does."""

    def __init__(self, guard: Guard, lookup: Lookup) -> None:
        self._guard, self._lookup = guard, lookup

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        addresses = await self._lookup(host, port)
        for address in addresses:
            self._guard.check(address, host)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        pass


async def _system_lookup(threads: ThreadPoolExecutor, host: str, port: int) -> Sequence[str]:
    """What the system's resolver says, `/etc/hosts` and search domains included, in its order."""
    ask = functools.partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    found = await asyncio.get_running_loop().run_in_executor(threads, ask)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _trusted() -> ssl.SSLContext:
    """The system's certificates, or those that `SSL_CERT_FILE` names; host names checked, TLS 1.2 at least."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


@functools.lru_cache(maxsize=100)
def _within(seconds: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=seconds, connect=None, sock_connect=None, sock_read=None, ceil_threshold=1e9)


def _headers(request: Request) -> dict[str, str]:
    """The headers to send. Raises `TransportError` for what would not arrive as the one request that it is."""
    if not _TOKEN.fullmatch(request.method):
        raise TransportError("INVALID_REQUEST", f"{request.method[:20]!r} is no method.", retry=False)
    headers = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": USER_AGENT}
    for name, value in request.headers.items():
        if not _TOKEN.fullmatch(name):
            raise TransportError("INVALID_REQUEST", f"{name[:40]!r} is no name of a header.", retry=False)
        if name.lower() in _FRAMING:
            raise TransportError("INVALID_REQUEST", f"The header {name} is set by Pitcairn itself.", retry=False)
        if "\r" in value or "\n" in value or "\0" in value:
            raise TransportError("INVALID_REQUEST", f"The header {name} has a line break in it.", retry=False)
        headers[name] = value
    return headers


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    """At most `ANSWER_BYTES` of the body. What is longer costs its connection, instead of being read to its end."""
    parts: list[bytes] = []
    missing = ANSWER_BYTES
    while missing > 0:
        part = await response.content.read(missing)
        if not part:
            return b"".join(parts)
        parts.append(part)
        missing -= len(part)
    if not response.content.at_eof():
        response.close()
    return b"".join(parts)


def _unpacked(body: bytes, headers: Mapping[str, str]) -> bytes:
    """The body unpacked, as far as `ANSWER_BYTES`; as it came when it cannot be."""
    if headers.get("content-encoding", "").lower() not in {"gzip", "deflate", "x-gzip"}:
        return body
    try:
        return zlib.decompressobj(wbits=zlib.MAX_WBITS | 32).decompress(body, ANSWER_BYTES)
    except zlib.error:
        return body


_REASONS = {
    errno.ECONNREFUSED: "ECONNREFUSED",
    errno.ECONNRESET: "ECONNRESET",
    errno.EPIPE: "ECONNRESET",
    errno.ECONNABORTED: "ECONNABORTED",
    errno.EHOSTUNREACH: "EHOSTUNREACH",
    errno.ENETUNREACH: "ENETUNREACH",
    errno.ETIMEDOUT: "ETIMEDOUT",
}
"""Segment's words for what goes wrong on the way (its list of integration error codes)."""


def _translated(error: Exception, host: str, seconds: float) -> TransportError:
    """What went wrong, in Segment's words. Texts of the libraries stay out where they could repeat what was sent."""
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(error, TimeoutError):
        return TransportError("ETIMEDOUT", f"No answer within {seconds:g} s.", retry=True)
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        said = getattr(error.certificate_error, "verify_message", "") or "it is not valid"
        return TransportError("CERTIFICATE", f"The certificate of {host} is refused: {said}.", retry=True)
    if isinstance(error, aiohttp.ClientSSLError):
        return TransportError("TLS", f"No secure connection to {host}: {cause.__class__.__name__}.", retry=True)
    if isinstance(cause, socket.gaierror):
        reason = "EAI_AGAIN" if cause.errno == socket.EAI_AGAIN else "ENOTFOUND"
        return TransportError(reason, f"The name {host} cannot be looked up: {cause.strerror}.", retry=True)
    if isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientPayloadError):
        return TransportError("ECONNRESET", f"{host} closed the connection before its answer was complete.", retry=True)
    if isinstance(error, aiohttp.ClientResponseError):
        return TransportError("INVALID_RESPONSE", f"What {host} answered is not HTTP.", retry=True)
    if isinstance(cause, OSError):
        reason = _REASONS.get(cause.errno or 0, "ECONNRESET")
        return TransportError(reason, f"No connection to {host}: {cause.strerror or 'it was reset'}.", retry=True)
    return TransportError("INVALID_REQUEST", f"The request cannot be sent: {error.__class__.__name__}.", retry=False)
