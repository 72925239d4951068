"""What the edge reads of a request: headers in one pass, the body up to a limit, who sent it."""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import Any

import msgspec

from pitcairn.edge.responses import Receive, Scope

_KEPT_OF_END = 1_000
"""Bytes kept of the end of a body that is too large: many libraries put the write key there."""

_GZIP_MEMBERS = 16
"""A gzip body may be several that follow each other; each costs the start of an unpacker."""


class RequestHeaders(msgspec.Struct):
    """The headers the edge looks at. Absent ones are empty."""

    authorization: bytes = b""
    content_encoding: bytes = b""
    retry_count: bytes = b""
    forwarded_for: bytes = b""
    origin: bytes = b""
    cookie: bytes = b""
    user_agent: bytes = b""
    country: bytes = b""
    host: bytes = b""
    forwarded_proto: bytes = b""
    gpc: bytes = b""


_FIELDS = {
    b"authorization": "authorization",
    b"content-encoding": "content_encoding",
    b"x-retry-count": "retry_count",
    b"x-forwarded-for": "forwarded_for",
    b"origin": "origin",
    b"cookie": "cookie",
    b"user-agent": "user_agent",
    b"host": "host",
    b"x-forwarded-proto": "forwarded_proto",
    b"sec-gpc": "gpc",
}


class HeaderReader:
    """Reads headers; knows in which header a proxy names the country."""

    def __init__(self, country_header: str) -> None:
        self._fields = {**_FIELDS, country_header.encode(): "country"}

    def read(self, scope: Scope) -> RequestHeaders:
        headers = RequestHeaders()
        fields = self._fields
        for name, value in scope["headers"]:
            field = fields.get(name)
            if field is not None:
                setattr(headers, field, value)
        return headers


class BodyTooLarge(Exception):
    """The body is over the limit. `start` is its beginning, unpacked; `end` its last bytes. Empty where unknown."""

    def __init__(self, limit: int, start: bytes = b"", end: bytes = b"") -> None:
        super().__init__(f"The body is larger than {limit:,} bytes")
        self.start = start
        self.end = end


class BodyUnreadable(Exception):
    """The body's encoding is unknown or broken."""


class ClientGone(Exception):
    """The client closed the connection before its request was whole."""


async def read_body(receive: Receive, limit: int, encoding: bytes) -> bytes:
    """The whole body, unpacked. The limit holds for both sizes, so that a small body cannot unpack into a large one.

    Raises `BodyTooLarge`, `BodyUnreadable` and `ClientGone`.
    """
    event = await receive()
    body: bytes = event.get("body", b"")
    if event["type"] == "http.disconnect":
        raise ClientGone
    if event.get("more_body"):
        body = await _read_on(receive, limit, body, packed=bool(encoding))
    elif len(body) > limit:
        raise BodyTooLarge(limit) if encoding else BodyTooLarge(limit, body[:limit], body[-_KEPT_OF_END:])
    if not encoding:
        return body
    return _unpack(body, encoding.strip().lower(), limit)


async def _read_on(receive: Receive, limit: int, body: bytes, *, packed: bool) -> bytes:
    """The whole of a body that comes in parts. What is over the limit is read, so that the answer can be sent, not kept."""
    parts, size, end = [body], len(body), body[-_KEPT_OF_END:]
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise ClientGone
        part: bytes = event.get("body", b"")
        if size <= limit:
            parts.append(part)
        size += len(part)
        end = (end + part)[-_KEPT_OF_END:]
        if not event.get("more_body"):
            break
    body = b"".join(parts)
    if size > limit:
        raise BodyTooLarge(limit) if packed else BodyTooLarge(limit, body[:limit], end)
    return body


def _unpack(body: bytes, encoding: bytes, limit: int) -> bytes:
    if encoding == b"identity":
        return body
    if encoding not in {b"gzip", b"x-gzip", b"deflate"}:
        name = encoding.decode("latin-1")
        raise BodyUnreadable(f"Content-Encoding {name!r} is not supported; send gzip, deflate or none")
    unpacked = b""
    for _ in range(_GZIP_MEMBERS):
        unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)
        try:
            unpacked += unpacker.decompress(body, limit + 1 - len(unpacked))
        except zlib.error as error:
            raise BodyUnreadable(f"Content-Encoding is {encoding.decode()}, but the body is not: {error}") from error
        if len(unpacked) > limit:
            raise BodyTooLarge(limit, unpacked[:limit])
        if not unpacker.eof:
            raise BodyUnreadable(f"Content-Encoding is {encoding.decode()}, but the body ends too early")
        body = unpacker.unused_data.lstrip(b"\0")
        if not body:
            return unpacked
    raise BodyUnreadable(f"The body has more than {_GZIP_MEMBERS} gzip members; send one")


def basic_key(authorization: bytes) -> str | None:
    """The write key from `Authorization: Basic base64("KEY:")`, with or without the colon. None when there is none."""
    scheme, _, value = authorization.partition(b" ")
    if scheme.lower() != b"basic":
        return None
    try:
        return base64.b64decode(value.strip(), validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return None


def client_ip(scope: Scope, headers: RequestHeaders, trusted_proxies: int) -> str:
    """The sender's address. Of `X-Forwarded-For` only what the trusted proxies themselves added is believed."""
    if trusted_proxies and headers.forwarded_for:
        hops = [hop.strip() for hop in headers.forwarded_for.decode("latin-1").split(",")]
        return hops[max(len(hops) - trusted_proxies, 0)]
    client: Any = scope.get("client")
    return client[0] if client else ""


def cookie_value(cookie: bytes, name: bytes) -> str:
    """The cookie's value; empty when it is not there."""
    for part in cookie.split(b";"):
        key, _, value = part.partition(b"=")
        if key.strip() == name:
            return value.strip().decode("latin-1")
    return ""
