"""What the edge answers: bytes made once, and the few headers that differ."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

import msgspec

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers: TypeAlias = list[tuple[bytes, bytes]]

CORS: Headers = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"Retry-After, X-RateLimit-Reset"),
]
_PREFLIGHT = [
    (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
    # The star is for RudderStack's library, which has many of its own; it never stands for Authorization.
    (b"access-control-allow-headers", b"Authorization, Content-Type, Content-Encoding, X-Retry-Count, *"),
    (b"access-control-max-age", b"86400"),
    (b"content-length", b"0"),
]
_SUCCESS = b'{"success":true}'
_SUCCESS_START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(_SUCCESS)), *CORS],
}
_SUCCESS_BODY = {"type": "http.response.body", "body": _SUCCESS}


async def send_success(send: Send) -> None:
    """Segment's `200 {"success":true}`."""
    await send(_SUCCESS_START)
    await send(_SUCCESS_BODY)


async def send_json(send: Send, status: int, body: bytes, headers: Headers) -> None:
    await send({
        "type": "http.response.start",
        "status": status,
        "headers": [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)), *headers],
    })  # fmt: skip
    await send({"type": "http.response.body", "body": body})


async def send_error(send: Send, status: int, code: str, message: str, headers: Headers | None = None) -> None:
    await send_json(send, status, error_body(code, message), headers if headers is not None else CORS)


def error_body(code: str, message: str) -> bytes:
    """The shape that Segment's libraries read: Python's wants `code` and `message`, Ruby's `error`."""
    return msgspec.json.encode({"success": False, "code": code, "message": message, "error": message})


async def send_bytes(send: Send, body: bytes, headers: Headers, status: int = 200) -> None:
    await send({
        "type": "http.response.start",
        "status": status,
        "headers": [(b"content-length", b"%d" % len(body)), *headers],
    })  # fmt: skip
    await send({"type": "http.response.body", "body": body})


async def send_preflight(send: Send, origin: bytes, *, credentials: bool) -> None:
    """Answers OPTIONS, for anyone and without authentication."""
    allowed = credentialed(origin) if credentials else CORS
    await send({"type": "http.response.start", "status": 200, "headers": [*allowed, *_PREFLIGHT]})
    await send({"type": "http.response.body", "body": b""})


def credentialed(origin: bytes) -> Headers:
    """CORS for requests with the visitor's cookie. It is `SameSite=Lax`, so other sites' pages do not send it."""
    if not origin:
        return []
    return [
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-credentials", b"true"),
        (b"vary", b"Origin"),
    ]
