"""The requests of webhooks: JSON bodies, headers, signatures."""

from __future__ import annotations

import functools
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from pitcairn.connections.destination import OutgoingMessage, Request

MOST_MESSAGES = 4_000
"""Segment's own limit for a webhook's batch."""
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OURS = frozenset(
    {"host", "content-length", "content-type", "transfer-encoding", "connection", "x-signature", "authorization"}
)


class HeadersError(Exception):
    """Lines that are no headers; the text says which and why."""


def json_requests(
    messages: Sequence[OutgoingMessage], bodies: Sequence[Any], settings: Mapping[str, Any]
) -> list[Request]:
    """One request for each of `bodies`, or lists of them when `batchSize` is above 1."""
    size = min(max(1, int(settings.get("batchSize") or 1)), MOST_MESSAGES)
    texts = [msgspec.json.encode(body) for body in bodies]
    if size == 1:
        return [_request([m], text, text, settings) for m, text in zip(messages, texts, strict=True)]
    return [
        _request(messages[i : i + size], b"[" + b",".join(texts[i : i + size]) + b"]", texts[i], settings)
        for i in range(0, len(messages), size)
    ]


def _request(messages: Sequence[OutgoingMessage], body: bytes, signed: bytes, settings: Mapping[str, Any]) -> Request:
    headers = {"Content-Type": "application/json", **read_headers(str(settings.get("headers") or ""))}
    if settings.get("authorization"):
        headers["Authorization"] = str(settings["authorization"])
    if settings.get("sharedSecret"):
        headers["X-Signature"] = signature(str(settings["sharedSecret"]), signed)
    return Request(
        messages=messages,
        url=str(settings["url"]),
        method=str(settings.get("method") or "POST"),
        headers=headers,
        body=body,
    )


def signature(secret: str, text: bytes) -> str:
    """Segment's `X-Signature`: hex HMAC-SHA1, which is what receivers check."""
    return hmac.new(secret.encode(), text, hashlib.sha1).hexdigest()


@functools.lru_cache(maxsize=200)
def read_headers(text: str) -> Mapping[str, str]:
    """Headers from lines of `Name: value`. Raises `HeadersError` for a line that is none, or that Pitcairn sets itself."""
    headers: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        name, colon, value = (part.strip() for part in line.partition(":"))
        if not colon or not _HEADER_NAME.fullmatch(name) or not value.isprintable():
            raise HeadersError(f"Line {number} is no header. Write it as Name: value.")
        if name.lower() in _OURS:
            raise HeadersError(f"Line {number} sets {name}, which has a setting of its own or is set by Pitcairn.")
        headers[name] = value
    return headers
