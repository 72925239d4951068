"""The token by which the visual editor on a customer's page speaks for a member: for one experience, one origin and a while.

It is signed with the workspace's secret, so no list of tokens is kept. `session` is a digest of what Django's session of the
member hangs on: changing the password, or leaving the workspace, ends the token too.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from urllib.parse import urlsplit

import msgspec

TOKEN_SECONDS = 30 * 60
"""How long an editor may save before it is opened anew from the dashboard."""


class EditorToken(msgspec.Struct, frozen=True, array_like=True):
    workspace_id: int
    experience_id: int
    member_id: int
    origin: str
    """Of the page, as a browser writes it: `https://www.example.com`."""
    expires_at: int
    """Seconds since 1970."""
    session: str


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(EditorToken).decode


def write_token(secret: str, token: EditorToken) -> str:
    """The token as text of letters, digits, `-`, `_` and one `.`."""
    body = _encode(token)
    return f"{_text(body)}.{_text(_code(secret, body))}"


def claimed(text: str) -> EditorToken | None:
    """What the text says of itself, not proven yet: it names the workspace whose secret proves it. None when it is no token."""
    try:
        return _decode(_bytes(text.partition(".")[0]))
    except (binascii.Error, msgspec.DecodeError, ValueError):
        return None


def is_genuine(secret: str, text: str) -> bool:
    """Whether the text was written with this secret."""
    body, _, code = text.partition(".")
    try:
        return hmac.compare_digest(_bytes(code), _code(secret, _bytes(body)))
    except (binascii.Error, ValueError):
        return False


def session_digest(auth_hash: str) -> str:
    return hashlib.blake2b(auth_hash.encode(), digest_size=8).hexdigest()


def origin_of(address: str) -> str:
    """The origin of an address as browsers write it; "" when it is no address of a web page."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return ""
    host = (parts.hostname or "").encode("idna").decode() if not (parts.hostname or "").isascii() else parts.hostname
    if parts.scheme not in {"http", "https"} or not host:
        return ""
    shown = f"[{host}]" if ":" in host else host
    default = 443 if parts.scheme == "https" else 80
    return f"{parts.scheme}://{shown}" + (f":{port}" if port and port != default else "")


def _code(secret: str, body: bytes) -> bytes:
    key = hashlib.blake2b(secret.encode(), digest_size=32, person=b"pitcairn editor").digest()
    return hmac.digest(key, body, "sha256")


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
