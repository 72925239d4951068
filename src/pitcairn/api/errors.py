"""Every error that a service can raise, as the management API says it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from pitcairn.api.envelope import Detail, Refused, failure
from pitcairn.connections.services import ConnectionsError
from pitcairn.engage.errors import AudienceError
from pitcairn.eventstore import EventStoreError
from pitcairn.experiences.services import ExperienceError, OutdatedError
from pitcairn.experiments.results import ResultsError
from pitcairn.experiments.services import GoalError

NOT_CHANGED = "Nothing was changed."


def register(api: NinjaAPI) -> None:
    """Has the API answer them all in its one shape."""
    handlers: dict[type[Exception], Any] = {
        Refused: lambda request, error: failure(error.status, error.message, error.details),
        OutdatedError: _outdated,
        ExperienceError: _experience,
        AudienceError: _audience,
        ConnectionsError: lambda request, error: _invalid([Detail(error.field, str(error))]),
        GoalError: _goal,
        ResultsError: lambda request, error: _invalid([Detail("", str(error))]),
        EventStoreError: lambda request, error: failure(503, f"The event store cannot be read: {error}"),
        msgspec.ValidationError: _not_fitting,
        ValidationError: _unreadable,
        AuthenticationError: lambda request, error: failure(401, "The API key is missing or unknown."),
        HttpError: lambda request, error: failure(error.status_code, f"The request cannot be read: {error}."),
        Http404: lambda request, error: failure(404, "There is nothing at this address."),
    }
    for kind, handler in handlers.items():
        api.add_exception_handler(kind, handler)


def _invalid(details: Sequence[Detail]) -> HttpResponse:
    few = f"{len(details)} things are wrong." if len(details) > 1 else f"{details[0].message.rstrip('.')}."
    return failure(422, f"{few[0].upper()}{few[1:]} {NOT_CHANGED}", details)


def _experience(request: HttpRequest, error: ExperienceError) -> HttpResponse:
    return _invalid([Detail(one.path, one.text) for one in error.problems])


def _outdated(request: HttpRequest, error: OutdatedError) -> HttpResponse:
    text = error.problems[0].text
    response = failure(412, f"{text[0].upper()}{text[1:]}.", [Detail("version", f"{error.current} is in force")])
    response["ETag"] = f'"{error.current}"'
    return response


def _goal(request: HttpRequest, error: GoalError) -> HttpResponse:
    return _invalid([Detail(field, text) for field, text in error.problems.items()] or [Detail("", str(error))])


def _audience(request: HttpRequest, error: AudienceError) -> HttpResponse:
    path = f"{error.field}.{error.path}" if error.field and error.path else error.field or error.path
    return _invalid([Detail(path, error.text.removeprefix(f"{error.path}: "))])


def _not_fitting(request: HttpRequest, error: msgspec.ValidationError) -> HttpResponse:
    """msgspec ends its text with where: `Invalid enum value 'wish' - at `$.kind``."""
    problem, _, where = str(error).partition(" - at `$")
    return _invalid([Detail(where.rstrip("`").removeprefix("."), f"{problem[0].lower()}{problem[1:]}")])


def _unreadable(request: HttpRequest, error: ValidationError) -> HttpResponse:
    return _invalid([Detail(_path(one["loc"]), _problem(one)) for one in error.errors])


def _problem(one: dict[str, Any]) -> str:
    match one["type"]:
        case "missing":
            return "it is missing"
        case "extra_forbidden":
            return "it is not known here; leave it out"
    text = str(one["msg"])
    return f"{text[0].lower()}{text[1:]}"


def _path(location: Sequence[str | int]) -> str:
    """`("body", "body", "segments", 0, "name")` as `segments[0].name`: without where it was read from and its argument."""
    parts = list(location[1:])
    if location and location[0] == "body":
        parts = parts[1:]
    path = ""
    for part in parts:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
    return path
