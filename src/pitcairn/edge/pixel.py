"""The pixel: one message in the address of an image, for emails and pages without scripts (`GET /v1/pixel/track?data=…`).

Whatever becomes of the message, the answer is 200 and a transparent image: a broken image in somebody's email helps nobody.
What was wrong is in the debugger.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from pitcairn.edge.responses import Headers, Send, send_bytes

PREFIX = "/v1/pixel/"
KINDS = frozenset({"identify", "track", "page", "screen", "group", "alias"})
_FIELDS_MOST = 200
_DEPTH_MOST = 20

GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
"""One transparent point."""

_HEADERS: Headers = [
    (b"content-type", b"image/gif"),
    # Each opening of the email is one message.
    (b"cache-control", b"no-store, max-age=0"),
    (b"access-control-allow-origin", b"*"),
    (b"cross-origin-resource-policy", b"cross-origin"),
]


class PixelUnreadable(Exception):
    """The address holds no message. The text says why."""


async def send_pixel(send: Send) -> None:
    await send_bytes(send, GIF, _HEADERS)


def message_in(query: bytes) -> bytes:
    """The message's JSON: what `data` holds in base64, or fields by name (`properties.subject=…`). Raises `PixelUnreadable`."""
    try:
        fields = parse_qsl(query.decode("ascii"), keep_blank_values=True, max_num_fields=_FIELDS_MOST, errors="strict")
    except (ValueError, UnicodeDecodeError) as error:
        raise PixelUnreadable(f"The address cannot be read: {error}") from error
    data = next((value for name, value in fields if name == "data"), None)
    if data is not None:
        return _unpacked(data)
    if not fields:
        raise PixelUnreadable("The address has no data")
    return msgspec.json.encode(_nested(fields))


def _unpacked(data: str) -> bytes:
    # A plus that was not escaped has become a space; some encoders leave the padding out or use the alphabet for addresses.
    text = data.replace(" ", "+").replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise PixelUnreadable(f"data is not base64: {error}") from error


def _nested(fields: list[tuple[str, str]]) -> dict[str, Any]:
    message: dict[str, Any] = {}
    for name, value in fields:
        *path, last = name.split(".", _DEPTH_MOST)
        place = message
        for part in path:
            inner = place.setdefault(part, {})
            if not isinstance(inner, dict):
                raise PixelUnreadable(f"{name} is inside {part}, which is a text")
            place = inner
        place[last] = value
    return message
