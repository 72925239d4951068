"""The token of a preview link: which link, until when, signed with the workspace's secret. 40 letters, digits, `-` and `_`.

That it is genuine and has not ended is known without asking the SQL store, so guessing costs the server next to nothing.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct

import msgspec

_BODY = struct.Struct(">QI")
_CODE_BYTES = 18


class PreviewToken(msgspec.Struct, frozen=True):
    link_id: int
    expires_at: int
    """Seconds since 1970."""


def write_token(secret: bytes, token: PreviewToken) -> str:
    body = _BODY.pack(token.link_id, token.expires_at)
    return base64.urlsafe_b64encode(body + _code(secret, body)).decode()


def read_token(secret: bytes, text: str) -> PreviewToken | None:
    """What the token says, whether or not its time is over; None when it was not written with this secret."""
    try:
        value = base64.b64decode(text, b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    body, code = value[: _BODY.size], value[_BODY.size :]
    if len(body) != _BODY.size or not hmac.compare_digest(code, _code(secret, body)):
        return None
    link_id, expires_at = _BODY.unpack(body)
    return PreviewToken(link_id, expires_at)


def _code(secret: bytes, body: bytes) -> bytes:
    key = hashlib.blake2b(secret, digest_size=32, person=b"pitcairn preview").digest()
    return hmac.digest(key, body, "sha256")[:_CODE_BYTES]
