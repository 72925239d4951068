"""The one shape of every error of the management API, whoever finds it: `{"error": {"code", "message", "details"}}`.

`details` is a list of `{"path", "message"}`: where in what was sent, and what to do about it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

PREFIX = "/api/"
TYPE = "application/json"

CODES = {
    400: "invalid_request",
    401: "not_authenticated",
    403: "not_allowed",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    412: "outdated",
    422: "invalid",
    428: "version_required",
    429: "rate_limited",
    500: "failed",
    503: "unavailable",
}


class Detail(msgspec.Struct, frozen=True):
    """One thing that is wrong: where (`segments[0].name`; empty for the whole), and what to do."""

    path: str
    message: str


class Refused(Exception):
    """A request that gets an error: a status of `CODES`, a sentence, and what is wrong in detail."""

    def __init__(self, status: int, message: str, details: Iterable[Detail] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.details = tuple(details)


def failure(status: int, message: str, details: Iterable[Detail] = (), wait: int = 0) -> HttpResponse:
    """The error as an answer. `wait` is in how many seconds to come again."""
    body = {"error": {"code": CODES.get(status, "failed"), "message": message, "details": list(details)}}
    response = HttpResponse(msgspec.json.encode(body), content_type=TYPE, status=status)
    response["Cache-Control"] = "no-store"
    if status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="Pitcairn management API"'
    if wait:
        response["Retry-After"] = str(wait)
    return response


class EnvelopeMiddleware:
    """Gives errors under `/api/` that were made elsewhere (no such address, another method, a crash) the same shape."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        foreign = response.status_code >= 400 and response.headers.get("Content-Type") != TYPE
        if not foreign or not request.path.startswith(PREFIX):
            return response
        answer = failure(response.status_code, _words(request, response))
        if response.has_header("Allow"):
            answer["Allow"] = response["Allow"]
        return answer


def _words(request: HttpRequest, response: HttpResponseBase) -> str:
    if response.status_code == 404:
        return f"Nothing answers {request.path}. What there is stands in /api/v1/openapi.json."
    if response.status_code == 405:
        return (
            f"{request.method} is not known at {request.path}; use {response.headers.get('Allow', 'another method')}."
        )
    if response.status_code >= 500:
        return "The server failed. Its log says why; the request may be sent again."
    return "The request cannot be read. Check its address and its headers."
