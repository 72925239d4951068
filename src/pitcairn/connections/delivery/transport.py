"""Sends requests to destinations and to alert webhooks: all outgoing HTTP of Pitcairn goes through here.

What every request gets, whoever made it: only public addresses are connected to (`addresses`), redirects are not followed
(their target was chosen by the other side), certificates are verified, proxies of the environment are not used, cookies are
not kept, one time limit holds from the name's lookup to the last byte, and of the answer at most 64 KB is read.
"""

from __future__ import annotations

import asyncio
import errno
import functools
import ipaddress
import re
import socket
import ssl
import time
import zlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from pitcairn.connections.delivery.addresses import AddressRefused, Guard, Network
from pitcairn.connections.delivery.http_client import Connections, Disconnected, InvalidAnswer, Place
from pitcairn.connections.destination import Reply, Request

ANSWER_BYTES = 65_536
"""Of an answer this much is read; more would be memory that the other side chooses."""
USER_AGENT = "Pitcairn"
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
        self._tls = functools.cache(_trusted)
        self._connections = Connections(self._addresses, self._tls, ANSWER_BYTES)
        self._target = functools.lru_cache(maxsize=1_000)(self._guard.target)
        self._names: dict[tuple[str, int], tuple[float, Sequence[str]]] = {}
        self._closed = False

    async def send(self, request: Request, timeout: float) -> Reply:
        """Sends it and returns the answer, whatever its status. Raises `TransportError` when none came in time.

        `timeout` is in seconds, for everything together. The request may have been carried out although an error is
        raised: a connection can break after the other side has read it.
        """
        try:
            target = self._target(request.url)
        except AddressRefused as error:
            raise TransportError("ADDRESS_REFUSED", str(error), retry=False) from error
        headers = _headers(request, target.url.raw_authority)
        place = Place(target.host, target.port, target.url.scheme == "https")
        try:
            answer = await self._connections.exchange(
                place, request.method, target.url.raw_path_qs, headers, request.body, timeout
            )
        except AddressRefused as error:
            raise TransportError("ADDRESS_REFUSED", str(error), retry=False) from error
        except (InvalidAnswer, OSError, ValueError) as error:
            raise _translated(error, target.host, timeout) from error
        body = _unpacked(answer.body, answer.headers)
        return Reply(status=answer.status, headers=answer.headers, body=body)

    async def close(self) -> None:
        """Ends the connections. What is on its way fails as `ECONNRESET`. Nothing can be sent afterwards."""
        self._closed = True
        self._connections.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _addresses(self, host: str, port: int) -> Sequence[str]:
        """The addresses of a host, each of them checked right before it is connected to: the last gate.

        A name is refused even if only one of several addresses is private.
        """
        if self._closed:
            raise Disconnected
        if _is_address(host):
            found: Sequence[str] = (host,)
        else:
            now = time.monotonic()
            known = self._names.get((host, port))
            if known is None or known[0] < now:
                known = self._names[host, port] = now + NAMES_KEPT_SECONDS, await self._lookup(host, port)
            found = known[1]
        for address in found:
            self._guard.check(address, host)
        return found


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


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


def _headers(request: Request, authority: str) -> dict[str, str]:
    """The headers to send. Raises `TransportError` for what would not arrive as the one request that it is."""
    if not _TOKEN.fullmatch(request.method):
        raise TransportError("INVALID_REQUEST", f"{request.method[:20]!r} is no method.", retry=False)
    headers = {"Host": authority, "Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": USER_AGENT}
    for name, value in request.headers.items():
        if not _TOKEN.fullmatch(name):
            raise TransportError("INVALID_REQUEST", f"{name[:40]!r} is no name of a header.", retry=False)
        if name.lower() in _FRAMING:
            raise TransportError("INVALID_REQUEST", f"The header {name} is set by Pitcairn itself.", retry=False)
        if "\r" in value or "\n" in value or "\0" in value:
            raise TransportError("INVALID_REQUEST", f"The header {name} has a line break in it.", retry=False)
        headers[name] = value
    return headers


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
    if isinstance(error, TimeoutError):
        return TransportError("ETIMEDOUT", f"No answer within {seconds:g} s.", retry=True)
    if isinstance(error, ssl.SSLCertVerificationError):
        said = error.verify_message or "it is not valid"
        return TransportError("CERTIFICATE", f"The certificate of {host} is refused: {said}.", retry=True)
    if isinstance(error, ssl.SSLError):
        return TransportError("TLS", f"No secure connection to {host}: {type(error).__name__}.", retry=True)
    if isinstance(error, socket.gaierror):
        reason = "EAI_AGAIN" if error.errno == socket.EAI_AGAIN else "ENOTFOUND"
        return TransportError(reason, f"The name {host} cannot be looked up: {error.strerror}.", retry=True)
    if isinstance(error, Disconnected):
        return TransportError("ECONNRESET", f"{host} closed the connection before its answer was complete.", retry=True)
    if isinstance(error, InvalidAnswer):
        return TransportError("INVALID_RESPONSE", f"What {host} answered is not HTTP.", retry=True)
    if isinstance(error, OSError):
        reason = _REASONS.get(error.errno or 0, "ECONNRESET")
        return TransportError(reason, f"No connection to {host}: {error.strerror or 'it was reset'}.", retry=True)
    return TransportError("INVALID_REQUEST", f"The request cannot be sent: {type(error).__name__}.", retry=False)
