"""The Profile API: one person's or account's traits, identifiers, events, metadata and links, for servers that hold a token.

Segment's paths, arguments and bodies (segment.com/docs/unify/profile-api). A workspace's id is its space id. No CORS headers,
on purpose: a token in a browser would be everyone's. Every answer is JSON and carries a `Request-Id`; so does every error:
`{"error": {"code", "message"}}`.
"""

from __future__ import annotations

import base64
import binascii
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from pitcairn.edge.rates import RateLimits
from pitcairn.profiles import api_resources
from pitcairn.profiles.api_arguments import APIError, Arguments
from pitcairn.profiles.models import ProfileToken
from pitcairn.workspaces.tokens import token_digest

REQUESTS_PER_SECOND = 100
"""For one workspace in one process, as Segment's."""

USED_STEP_MS = 60_000
"""`last_used_at` of a token is exact to a minute."""

STATUSES = {
    "authentication_error": 401,
    "not_found": 404,
    "method_not_allowed": 405,
    "rate_limit_error": 429,
    "unavailable": 503,
}
"""Every other code is a 400."""

_encode = msgspec.json.Encoder().encode
_limits = RateLimits()


def use_limits(limits: RateLimits) -> RateLimits:
    """Puts other buckets in force, with another clock say. Returns those that were."""
    global _limits
    before, _limits = _limits, limits
    return before


@dataclass(frozen=True, kw_only=True)
class Found:
    """Whom a request asks about: `profile_id` is the person's or the account's."""

    workspace_id: int
    profile_id: int
    url: str
    """The path, for cursors."""


@csrf_exempt
def resource(request: HttpRequest, space: str, collection: str, identifier: str, name: str) -> HttpResponse:
    """GET …/collections/<users|accounts>/profiles/<type>:<value>/<resource>."""
    try:
        workspace_id = _authenticate(request, space)
        _take_turn(workspace_id)
        if request.method not in {"GET", "HEAD"}:
            raise APIError("method_not_allowed", f"{request.method} is not known here; use GET")
        answers = _ANSWERS.get((collection, name))
        if answers is None:
            raise APIError("not_found", f"There is no resource {collection}/{name}.")
        kind, colon, value = identifier.partition(":")
        if not colon or not kind or not value:
            raise APIError(
                "invalid_request_error", f"{identifier!r} names nobody; write its type and value, such as user_id:42"
            )
        profile_id = api_resources.find(workspace_id, collection, kind, value)
        if profile_id is None:
            raise APIError("not_found", "Profile was not found.")
        found = Found(workspace_id=workspace_id, profile_id=profile_id, url=request.get_full_path())
        body = answers(found, Arguments(request.GET))
    except APIError as error:
        return _answer(
            {"error": {"code": error.code, "message": error.text}}, STATUSES.get(error.code, 400), error.wait
        )
    return _answer(body)


@csrf_exempt
def unknown(request: HttpRequest, rest: str) -> HttpResponse:
    """Every other path below a space."""
    return _answer({"error": {"code": "not_found", "message": f"Nothing answers {request.path}."}}, 404)


def _answer(body: Mapping[str, Any], status: int = 200, wait: int = 0) -> HttpResponse:
    headers = {"Request-Id": secrets.token_hex(16), "Cache-Control": "no-store"}
    if status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="Profile API"'
    if wait:
        headers["Retry-After"] = str(wait)
        headers["X-RateLimit-Reset"] = str(int(time.time()) + wait)
    return HttpResponse(_encode(body), content_type="application/json", status=status, headers=headers)


def _authenticate(request: HttpRequest, space: str) -> int:
    """The workspace that the token is for. Raises `APIError` when it is not the one that the path names."""
    token = _token_of(request.headers.get("Authorization", ""))
    row = ProfileToken.objects.filter(digest=token_digest(token)).first() if token else None
    if row is None or str(row.workspace_id) != space:
        raise APIError(
            "authentication_error",
            "The access token is missing, or not one of this space. Send it as the user name of Basic authentication.",
        )
    now = time.time_ns() // 1_000_000
    if row.last_used_at is None or now >= row.last_used_at + USED_STEP_MS:
        ProfileToken.objects.filter(id=row.id).update(last_used_at=now)
    return row.workspace_id


def _token_of(authorization: str) -> str:
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(credentials.strip(), validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _take_turn(workspace_id: int) -> None:
    wait = _limits.seconds_to_wait(workspace_id, REQUESTS_PER_SECOND, 1)
    if wait:
        raise APIError(
            "rate_limit_error",
            f"More than {REQUESTS_PER_SECOND} requests came within a second. Come again in {wait} s.",
            wait,
        )


_ANSWERS: Mapping[tuple[str, str], Callable[[Found, Arguments], Mapping[str, Any]]] = {
    ("users", "traits"): api_resources.traits,
    ("users", "external_ids"): api_resources.external_ids,
    ("users", "events"): api_resources.events,
    ("users", "metadata"): api_resources.metadata,
    ("users", "links"): api_resources.links,
    ("accounts", "traits"): api_resources.account_traits,
    ("accounts", "external_ids"): api_resources.account_external_ids,
    ("accounts", "metadata"): api_resources.account_metadata,
    ("accounts", "links"): api_resources.account_links,
}
