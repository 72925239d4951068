"""Who may use the management API: whoever shows a key of a workspace, for what the key's scope allows."""

from __future__ import annotations

from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from ninja.security import HttpBearer

from pitcairn.api.envelope import failure
from pitcairn.edge.rates import RateLimits
from pitcairn.workspaces.api_keys import known_key
from pitcairn.workspaces.models import APIKey, APIScope

NAMESPACE = "api"
OPEN = frozenset({"api:openapi-json"})
"""What needs no key: the description of the API, which is the same for everyone."""

REQUESTS_PER_SECOND = 50
"""For one key in one process: enough for a program that works, too few for one that runs wild."""

_READING = frozenset({"GET", "HEAD", "OPTIONS"})

_limits = RateLimits()


def use_limits(limits: RateLimits) -> RateLimits:
    """Puts other buckets in force, with another clock say. Returns those that were."""
    global _limits
    before, _limits = _limits, limits
    return before


class APIRequest(HttpRequest):
    """A request with a key. `DashboardMiddleware` sets `key`, by `admit`, before any operation runs."""

    key: APIKey


def by(request: APIRequest) -> str:
    """Who makes a change, as versions keep it."""
    return f"API key {request.key.name}"


def admit(request: HttpRequest) -> HttpResponse | None:
    """None lets the operation run; a response keeps it from running."""
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    key = known_key(text.strip()) if scheme.lower() == "bearer" else None
    if key is None:
        return failure(
            401,
            "The API key is missing, or it is unknown or revoked. Send it as `Authorization: Bearer KEY`; keys are made in "
            "the dashboard, under Settings.",
        )
    if wait := _limits.seconds_to_wait(key.id, REQUESTS_PER_SECOND, 1):
        text = f"More than {REQUESTS_PER_SECOND} requests came within a second. Come again in {wait} s."
        return failure(429, text, wait=wait)
    if request.method not in _READING and key.scope != APIScope.WRITE:
        return failure(403, f"The key “{key.name}” may only read. Make one that may write as well, under Settings.")
    cast("APIRequest", request).key = key
    return None


class BearerKey(HttpBearer):
    """Tells OpenAPI that operations need a key. Whether it opens the door was decided by `admit` before."""

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        return getattr(request, "key", None)
