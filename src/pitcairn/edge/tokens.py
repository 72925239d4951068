"""OAuth for servers: an app proves itself with its private key at `/token` and gets a bearer token for a while.

As Segment has it: client credentials with a signed assertion (RFC 7523, RS256), answered in the shape that its libraries read.
The token says which app got it and until when, under a code that only this installation can make; whoever checks it needs no
list of tokens. It is void as soon as its app is removed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from urllib.parse import parse_qs

import jwt
import msgspec

from pitcairn.connections.oauth_apps import ConfiguredApp
from pitcairn.edge.requests import BodyTooLarge, BodyUnreadable, ClientGone, HeaderReader, read_body
from pitcairn.edge.responses import CORS, Headers, Receive, Scope, Send, send_json

SCOPE = "tracking_api:write"
"""All that a token is good for here."""

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
FORM = b"application/x-www-form-urlencoded"
SEGMENTS_OWN = frozenset({"https://oauth2.segment.io", "https://oauth2.eu1.segmentapis.com"})
"""Segment's authorization servers: an app that names one of them, as some libraries do by themselves, means us here."""

ASSERTION_SECONDS = 60
"""Segment's longest life of an assertion."""

LEEWAY_SECONDS = 30
"""What the clocks of two servers may be apart."""

REQUEST_BYTES = 16 * 1024
SEEN_MOST = 100_000
"""Assertions remembered, so that one that was overheard gives no second token."""

_NO_STORE: Headers = [(b"cache-control", b"no-store"), *CORS]


class _Claims(msgspec.Struct, array_like=True):
    key_id: str
    workspace_id: int
    expires_at: int


_encode_claims = msgspec.json.Encoder().encode
_decode_claims = msgspec.json.Decoder(_Claims).decode


class TokenKey:
    """Makes tokens and checks them. `secret` is the installation's own."""

    def __init__(self, secret: str, clock: Callable[[], float] = time.time) -> None:
        self._key = hashlib.blake2b(secret.encode(), digest_size=32, person=b"pitcairn tokens").digest()
        self._clock = clock

    def issue(self, app: ConfiguredApp) -> str:
        claims = _encode_claims(_Claims(app.key_id, app.workspace_id, int(self._clock()) + app.token_seconds))
        return f"{_text(claims)}.{_text(self._code(claims))}"

    def problem(self, authorization: bytes, workspace_id: int, apps: frozenset[str]) -> str:
        """What is wrong with the header, for the sender; "" when it holds a token for this workspace."""
        scheme, _, token = authorization.partition(b" ")
        if scheme.lower() != b"bearer":
            return "This source takes calls with a bearer token only; get one at /token and send it as Authorization"
        claims_text, _, code_text = token.strip().partition(b".")
        try:
            claims_bytes, code = _bytes(claims_text), _bytes(code_text)
            if not hmac.compare_digest(code, self._code(claims_bytes)):
                return "The bearer token was not made here; get one at /token"
            claims = _decode_claims(claims_bytes)
        except (binascii.Error, msgspec.DecodeError):
            return "The bearer token is none; get one at /token"
        if claims.expires_at <= self._clock():
            return "The bearer token has expired; get another at /token"
        if claims.workspace_id != workspace_id:
            return "The bearer token is for another workspace"
        return "" if claims.key_id in apps else "The bearer token's app was removed"

    def _code(self, claims: bytes) -> bytes:
        return hmac.digest(self._key, claims, "sha256")


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _bytes(text: bytes) -> bytes:
    return base64.b64decode(text + b"=" * (-len(text) % 4), b"-_", validate=True)


class TokenRefused(Exception):
    """No token is given. `error` is OAuth's word for it (RFC 6749, 5.2); the text is for people."""

    def __init__(self, error: str, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.error, self.status = error, status


class TokenEndpoint:
    """Answers `POST /token`. `apps`, by key id, is set anew whenever the configuration changes."""

    def __init__(self, headers: HeaderReader, key: TokenKey, clock: Callable[[], float] = time.time) -> None:
        self.apps: Mapping[str, ConfiguredApp] = {}
        self._headers = headers
        self._key = key
        self._clock = clock
        self._seen: dict[str, float] = {}

    async def answer(self, scope: Scope, receive: Receive, send: Send, public_url: str) -> None:
        """`public_url` is this server's address, which the assertion must be made for."""
        try:
            body = await read_body(receive, REQUEST_BYTES, self._headers.read(scope).content_encoding)
            content_type = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
            app = self.app_of(content_type, body, public_url)
        except ClientGone:
            return
        except (BodyTooLarge, BodyUnreadable) as error:
            await _refuse(send, TokenRefused("invalid_request", str(error)))
        except TokenRefused as error:
            await _refuse(send, error)
        else:
            answer = {
                "access_token": self._key.issue(app),
                "token_type": "Bearer",
                "scope": SCOPE,
                "expires_in": app.token_seconds,
            }
            await send_json(send, 200, msgspec.json.encode(answer), _NO_STORE)

    def app_of(self, content_type: bytes, body: bytes, public_url: str) -> ConfiguredApp:
        """The app that made the request. Raises `TokenRefused`."""
        if content_type.partition(b";")[0].strip().lower() != FORM:
            raise TokenRefused("invalid_request", f"Send the request as {FORM.decode()}", 415)
        try:
            form = {name: values[-1] for name, values in parse_qs(body.decode(), max_num_fields=20).items()}
        except ValueError as error:
            raise TokenRefused("invalid_request", f"The form cannot be read: {error}") from error
        if form.get("grant_type") != "client_credentials":
            raise TokenRefused("unsupported_grant_type", "grant_type must be client_credentials")
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            raise TokenRefused("invalid_request", f"client_assertion_type must be {ASSERTION_TYPE}")
        if SCOPE not in form.get("scope", SCOPE).split():
            raise TokenRefused("invalid_scope", f"scope must be {SCOPE}; nothing else is given here")
        return self._proven(form.get("client_assertion", ""), {public_url, f"{public_url}/token"} | SEGMENTS_OWN)

    def _proven(self, assertion: str, audience: set[str]) -> ConfiguredApp:
        try:
            app = self.apps.get(str(jwt.get_unverified_header(assertion).get("kid")))
            if app is None:
                raise TokenRefused("invalid_client", "No app has the key that the assertion's kid names", 401)
            claims = jwt.decode(
                assertion,
                app.public_key,
                algorithms=["RS256"],
                audience=audience,
                leeway=LEEWAY_SECONDS,
                options={"require": ["sub", "aud", "iat", "exp", "jti"]},
            )
        except jwt.PyJWTError as error:
            raise TokenRefused("invalid_client", f"The assertion is not valid: {error}", 401) from error
        if claims["sub"] != app.client_id:
            raise TokenRefused("invalid_client", "The assertion's sub is not the id of the app that signed it", 401)
        if claims["exp"] - claims["iat"] > ASSERTION_SECONDS:
            raise TokenRefused("invalid_client", f"The assertion lives longer than {ASSERTION_SECONDS} s", 401)
        self._use_once(f"{app.key_id}:{claims['jti']}", float(claims["exp"]) + LEEWAY_SECONDS)
        return app

    def _use_once(self, name: str, until: float) -> None:
        now = self._clock()
        if self._seen.get(name, 0.0) > now:
            raise TokenRefused("invalid_client", "The assertion was used before; make one with a new jti", 401)
        if len(self._seen) >= SEEN_MOST:
            self._seen = {seen: end for seen, end in self._seen.items() if end > now}
        self._seen[name] = until


async def _refuse(send: Send, refused: TokenRefused) -> None:
    """OAuth's error, and in the shape of all our errors."""
    answer = {
        "error": refused.error,
        "error_description": str(refused),
        "success": False,
        "code": refused.error,
        "message": str(refused),
    }
    await send_json(send, refused.status, msgspec.json.encode(answer), _NO_STORE)
