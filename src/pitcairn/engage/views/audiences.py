"""The list of audiences, and one audience: who it is about, how many there are, how fresh it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from pitcairn.dashboard.forms import NameAgainForm
from pitcairn.dashboard.requests import MemberRequest
from pitcairn.dashboard.stores import event_store
from pitcairn.dashboard.times import from_ms
from pitcairn.engage import queries, services
from pitcairn.engage.errors import AudienceError
from pitcairn.engage.overlaps import overlaps
from pitcairn.engage.previews import person_lines, share_words
from pitcairn.engage.queries import ComputationItem
from pitcairn.engage.size_chart import charts
from pitcairn.engage.uses import uses_of
from pitcairn.engage.views.pages import audience_or_404, computation_page, dot, now_ms, state_words
from pitcairn.profiles.queries import count_profiles

STATES = (
    ("", "All"),
    ("live", "Live"),
    ("computing", "Being computed"),
    ("failed", "Failed"),
    ("disabled", "Disabled"),
)
MOST_POINTS = 200
"""Rows of the table beside the chart."""
FRESH_EVERY_MS = 10_000
"""How often a page on which nothing else changes says anew how fresh it is."""
SORTS: dict[str, Callable[[ComputationItem], Any]] = {
    "": lambda one: one.name.casefold(),
    "name": lambda one: one.name.casefold(),
    "size": lambda one: one.size,
    "changed": lambda one: one.changed_at,
}


@require_GET
def audiences(request: MemberRequest) -> HttpResponse:
    every = queries.audiences(request.workspace.id)
    chosen, search = request.GET.get("state", ""), request.GET.get("q", "").strip()
    sort = request.GET.get("sort", "")
    key, backwards = sort.removeprefix("-"), sort.startswith("-")
    shown = [one for one in every if _is_in(one, chosen) and _matches(one, search)]
    shown.sort(key=SORTS.get(key, SORTS[""]), reverse=backwards)
    columns = [
        {
            "label": label,
            "sort": f"-{name}" if name == key and not backwards else name,
            "sorted": ("descending" if backwards else "ascending") if name == key else "",
            "number": name == "size",
        }
        for name, label in (("name", "Audience"), ("size", "Size"), ("changed", "Last change"))
    ]
    context = {
        "rows": [(one, dot(one), state_words(one)) for one in shown],
        "total": len(every),
        "q": search,
        "chosen": chosen,
        "filters": STATES,
        "columns": columns,
    }
    return render(request, "engage/list.html", context)


def _is_in(audience: ComputationItem, state: str) -> bool:
    return not state or audience.status == state or (state == "computing" and audience.status == "preparing")


def _matches(audience: ComputationItem, search: str) -> bool:
    said = f"{audience.name} {audience.key} {audience.sentence} {audience.description}".lower()
    return all(word in said for word in search.lower().split())


@require_GET
def audience(request: MemberRequest, audience_id: int) -> HttpResponse:
    found = audience_or_404(request, audience_id)
    seen = _seen(found)
    if request.GET.get("seen") == seen:
        return HttpResponse(status=204)
    everybody = count_profiles(request.workspace.id)
    points = queries.size_series(found.id)
    drawn = charts(points, now_ms())
    return render(
        request,
        "engage/audience.html",
        computation_page(found, "audience")
        | {
            "seen": seen,
            "share": share_words(found.size, everybody),
            "everybody": everybody,
            "charts": drawn,
            "points": [(from_ms(point.at), point.size) for point in points[: -MOST_POINTS - 1 : -1]],
            "uses": uses_of(request.workspace.id, found.key),
        },
    )


def _seen(found: ComputationItem) -> str:
    """What the page shows, as far as it changes by itself: it asks every second, and is not made again for nothing."""
    fresh = found.evaluated_at // FRESH_EVERY_MS
    return f"{state_words(found)} {found.size} {found.changed_at} {fresh}"


@require_GET
def people(request: MemberRequest, audience_id: int) -> HttpResponse:
    found = audience_or_404(request, audience_id)
    after = request.GET.get("after", "")
    page = queries.members(found.id, after=int(after) if after.isdigit() and len(after) < 19 else 0)
    lines = {line.id: line for line in person_lines(request.workspace.id, [one.profile_id for one in page.members])}
    rows = [(member, lines[member.profile_id]) for member in page.members if member.profile_id in lines]
    context = {"rows": rows, "next": page.next, "after": after}
    return render(request, "engage/people.html", computation_page(found, "people") | context)


@require_POST
def enable(request: MemberRequest, audience_id: int) -> HttpResponse:
    return _set_enabled(request, audience_id, enabled=True)


@require_POST
def disable(request: MemberRequest, audience_id: int) -> HttpResponse:
    return _set_enabled(request, audience_id, enabled=False)


def _set_enabled(request: MemberRequest, audience_id: int, *, enabled: bool) -> HttpResponse:
    found = audience_or_404(request, audience_id)
    services.set_audience_enabled(request.workspace.id, audience_id, enabled=enabled)
    messages.success(
        request,
        f"{found.name} is enabled. Who is in it is being worked out."
        if enabled
        else f"{found.name} is disabled. Its members stay as they are, and destinations are told nothing.",
    )
    return redirect("engage:audience", audience_id)


@require_POST
def recompute(request: MemberRequest, audience_id: int) -> HttpResponse:
    found = audience_or_404(request, audience_id)
    services.recompute(request.workspace.id, audience_id)
    messages.success(request, f"{found.name} is being computed over everybody again.")
    return redirect("engage:audience", audience_id)


@require_http_methods(["GET", "POST"])
def delete(request: MemberRequest, audience_id: int) -> HttpResponse:
    """Deleting cannot be undone, and the key is never given out again, so it asks for the name."""
    found = audience_or_404(request, audience_id)
    form = NameAgainForm(found.name, request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            services.delete_audience(request.workspace.id, audience_id)
        except AudienceError as refused:
            form.add_error("name", refused.text)
        else:
            messages.success(request, f"{found.name} is deleted.")
            return redirect("engage:list")
    context = {"audience": found, "form": form, "back": reverse("engage:audience", args=[audience_id])}
    return render(request, "engage/delete.html", context, status=422 if form.errors else 200)


@require_GET
def overlap(request: MemberRequest, audience_id: int) -> HttpResponse:
    found = audience_or_404(request, audience_id)
    store = event_store()
    context = {
        "no_store": store is None,
        "rows": [] if store is None else overlaps(store, request.workspace.id, audience_id),
    }
    return render(request, "engage/overlap.html", computation_page(found, "overlap") | context)
