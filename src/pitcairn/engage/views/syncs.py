"""What destinations are told: one line for each, with how far it is, and what can be done about it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from pitcairn.connections import queries as connections
from pitcairn.dashboard.requests import MemberRequest
from pitcairn.engage import queries, services
from pitcairn.engage.errors import AudienceError
from pitcairn.engage.forms_syncs import SyncForm
from pitcairn.engage.models import Kind
from pitcairn.engage.queries import ComputationDetail, SyncItem
from pitcairn.engage.queries_syncs import DryRun, dry_run
from pitcairn.engage.views.pages import computation_page

MOST_EXAMPLES = 3
"""Messages that a dry run shows."""
STATE_WORDS = {
    "live": ("on", "Up to date"),
    "first": ("warn", "First sync"),
    "again": ("warn", "Telling everybody again"),
    "catching_up": ("warn", "Catching up"),
    "paused": ("off", "Paused"),
    "waiting": ("warn", "Waits until it is computed"),
}


def _found(request: MemberRequest, computation_id: int) -> ComputationDetail:
    found = queries.audience(request.workspace.id, computation_id) or queries.computed_trait(
        request.workspace.id, computation_id
    )
    if found is None:
        raise Http404
    return found


@require_GET
def syncs(request: MemberRequest, computation_id: int) -> HttpResponse:
    found = _found(request, computation_id)
    rows = [{"sync": sync, "state": STATE_WORDS[sync.state], "left": left_words(sync)} for sync in found.syncs]
    free = _free(request, found)
    context = computation_page(found, "syncs") | {"rows": rows, "free": free}
    return render(request, "engage/syncs.html", context)


@require_http_methods(["GET", "POST"])
def new(request: MemberRequest, computation_id: int) -> HttpResponse:
    found = _found(request, computation_id)
    free = _free(request, found)
    if not free:
        messages.error(request, "There is no further destination to connect. Add one under Connections first.")
        return redirect("engage:syncs", computation_id)
    form = SyncForm(
        request.POST if request.method == "POST" else None, destinations=free, audience=found.kind == Kind.AUDIENCE
    )
    return _form_page(request, found, form, None)


@require_http_methods(["GET", "POST"])
def edit(request: MemberRequest, computation_id: int, destination_id: int) -> HttpResponse:
    found = _found(request, computation_id)
    sync = _sync(found, destination_id)
    initial = {name: getattr(sync, name) for name in ("send_identify", "send_track", "entered", "exited", "computed")}
    form = SyncForm(
        request.POST if request.method == "POST" else None,
        audience=found.kind == Kind.AUDIENCE,
        initial=initial,
    )
    return _form_page(request, found, form, sync)


@require_POST
def pause(request: MemberRequest, computation_id: int, destination_id: int) -> HttpResponse:
    return _do(request, computation_id, destination_id, services.pause, "{name} is paused. What changes is told later.")


@require_POST
def resume(request: MemberRequest, computation_id: int, destination_id: int) -> HttpResponse:
    return _do(request, computation_id, destination_id, services.resume, "{name} is told what it missed, and goes on.")


@require_POST
def resync(request: MemberRequest, computation_id: int, destination_id: int) -> HttpResponse:
    return _do(request, computation_id, destination_id, services.resync, "{name} is told about everybody again.")


@require_http_methods(["GET", "POST"])
def disconnect(request: MemberRequest, computation_id: int, destination_id: int) -> HttpResponse:
    found = _found(request, computation_id)
    sync = _sync(found, destination_id)
    if request.method == "POST":
        return _do(
            request,
            computation_id,
            destination_id,
            services.disconnect_destination,
            "{name} is told nothing more. What it knows stays there.",
        )
    return render(request, "engage/sync_disconnect.html", computation_page(found, "syncs") | {"sync": sync})


def left_words(sync: SyncItem) -> str:
    """How far a pass is: `12,000 of 40,000, 900 a second, about 31 s left`; "" when there is none."""
    if sync.state not in {"first", "again", "catching_up"} or not sync.total:
        return ""
    said = f"{sync.done:,} of {sync.total:,}"
    if sync.rate:
        said += f", {sync.rate:,.0f} a second"
    if sync.seconds_left:
        said += f", about {_span(sync.seconds_left)} left"
    return said


def _span(seconds: int) -> str:
    if seconds < 100:
        return f"{seconds} s"
    return f"{round(seconds / 60)} min" if seconds < 7200 else f"{round(seconds / 3600)} h"


def _free(request: MemberRequest, found: ComputationDetail) -> list[tuple[int, str]]:
    taken = {sync.destination_id for sync in found.syncs}
    names = connections.destination_names(request.workspace.id)
    return [(key, name) for key, name in names.items() if key not in taken]


def _sync(found: ComputationDetail, destination_id: int) -> SyncItem:
    sync = next((one for one in found.syncs if one.destination_id == destination_id), None)
    if sync is None:
        raise Http404
    return sync


def _form_page(request: MemberRequest, found: ComputationDetail, form: SyncForm, sync: SyncItem | None) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        destination_id = sync.destination_id if sync else int(form.cleaned_data["destination"])
        if request.POST.get("do") == "try":
            dry = dry_run(request.workspace.id, found.id, destination_id, **form.what())
            return _shown(request, found, form, sync, dry)
        try:
            services.connect_destination(request.workspace.id, found.id, destination_id, **form.what())
        except AudienceError as error:
            form.add_error(error.field if error.field in form.fields else None, error.text)
        else:
            name = connections.destination_names(request.workspace.id)[destination_id]
            messages.success(request, f"{name} is told about {found.name}.")
            return redirect("engage:syncs", found.id)
    return _shown(request, found, form, sync, None)


def _shown(
    request: MemberRequest, found: ComputationDetail, form: SyncForm, sync: SyncItem | None, dry: DryRun | None
) -> HttpResponse:
    examples = (
        [] if dry is None else [json.dumps(body, indent=2, ensure_ascii=False) for body in dry.calls[:MOST_EXAMPLES]]
    )
    context = computation_page(found, "syncs") | {"form": form, "sync": sync, "dry": dry, "examples": examples}
    return render(request, "engage/sync_form.html", context, status=422 if form.errors else 200)


def _do(
    request: MemberRequest, computation_id: int, destination_id: int, act: Callable[[int, int, int], Any], done: str
) -> HttpResponse:
    found = _found(request, computation_id)
    sync = _sync(found, destination_id)
    try:
        act(request.workspace.id, computation_id, destination_id)
    except AudienceError as error:
        messages.error(request, error.text)
    else:
        messages.success(request, done.format(name=sync.destination))
    return redirect(reverse("engage:syncs", args=[computation_id]))
