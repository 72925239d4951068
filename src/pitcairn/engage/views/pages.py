"""What the pages of one audience have in common."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from pitcairn.dashboard.requests import MemberRequest
from pitcairn.dashboard.times import duration_words
from pitcairn.engage import queries
from pitcairn.engage.models import Kind, Status
from pitcairn.engage.queries import ComputationDetail, ComputationItem

DOTS = {
    Status.PREPARING: "warn",
    Status.COMPUTING: "warn",
    Status.LIVE: "on",
    Status.FAILED: "bad",
    Status.DISABLED: "off",
}
LAG_WORTH_SAYING_MS = 2_000
"""Below it an audience counts as up to date: it is how long changes may take."""


def audience_or_404(request: MemberRequest, audience_id: int) -> ComputationDetail:
    found = queries.audience(request.workspace.id, audience_id)
    if found is None:
        raise Http404
    return found


def dot(item: ComputationItem) -> str:
    return DOTS.get(Status(item.status), "")


def state_words(item: ComputationItem) -> str:
    """The state in words, with what is under way and how fresh it is."""
    if item.progress is not None:
        return f"{item.status_words}, {item.progress:.0%}"
    if item.status == Status.LIVE and item.lag_ms > LAG_WORTH_SAYING_MS:
        return f"Live, {lag_words(item)}"
    return item.status_words


def lag_words(item: ComputationItem) -> str:
    """How far it is behind what was accepted, such as `3 seconds behind`; "" while that is not worth saying."""
    if item.lag_ms <= LAG_WORTH_SAYING_MS:
        return ""
    return f"{duration_words(timedelta(milliseconds=item.lag_ms))} behind"


def computation_page(found: ComputationDetail, current: str) -> dict[str, Any]:
    """The context that every page of an audience or a computed trait has."""
    if found.kind == Kind.AUDIENCE:
        places = [("audience", "Overview"), ("people", "People"), ("syncs", "Destinations"), ("overlap", "Overlap")]
    else:
        places = [("trait", "Overview"), ("syncs", "Destinations")]
    return {
        "audience": found,
        "state_dot": dot(found),
        "state_words": state_words(found),
        "lag": lag_words(found),
        "is_trait": found.kind != Kind.AUDIENCE,
        "tabs": [
            {"url": reverse(f"engage:{route}", args=[found.id]), "label": label, "current": route == current}
            for route, label in places
        ],
    }


def value_words(value: object) -> str:
    """A value of a trait as a page shows it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(map(value_words, value))
    if isinstance(value, int | float):
        return f"{value:,}" if isinstance(value, int) else f"{value:,.10g}"
    return str(value)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def go(request: MemberRequest, address: str) -> HttpResponse:
    """Goes to another page, also when only a part of this one was asked for."""
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return redirect(address)
