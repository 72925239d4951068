"""Destinations: the list, and the settings of one."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from pitcairn.connections import queries, services
from pitcairn.connections.activity import last_delivered
from pitcairn.connections.forms import SettingsForm, SourcesForm
from pitcairn.connections.queries import DestinationItem
from pitcairn.connections.registry import catalog
from pitcairn.dashboard.requests import MemberRequest
from pitcairn.dashboard.stores import event_store


@require_GET
def destination_list(request: MemberRequest) -> HttpResponse:
    store = event_store()
    items = queries.destinations(request.workspace.id)
    last = {slug: last_delivered(store, request.workspace.id, slug) for slug in {item.slug for item in items}}
    return render(
        request,
        "connections/destinations.html",
        {"rows": [(item, last[item.slug]) for item in items], "no_store": store is None},
    )


@require_http_methods(["GET", "POST"])
def detail(request: MemberRequest, destination_id: int) -> HttpResponse:
    item = _destination(request, destination_id)
    sources = queries.sources(request.workspace.id)
    editing = request.method == "POST"
    form = SettingsForm.editing(item, request.POST if editing else None)
    chosen = SourcesForm(sources, request.POST) if editing else None
    if chosen is not None:
        form_valid, chosen_valid = form.is_valid(), chosen.is_valid()
        if form_valid and chosen_valid:
            try:
                services.update_destination(
                    workspace_id=request.workspace.id,
                    destination_id=destination_id,
                    name=form.cleaned_data["name"],
                    source_ids=chosen.source_ids,
                    settings=form.settings,
                )
            except services.ConnectionsError as error:
                form.blame(error)
            else:
                messages.success(request, f"{form.cleaned_data['name']} is saved.")
                return redirect("connections:destination", destination_id)
    store = event_store()
    context = {
        "item": item,
        "entry": catalog()[item.slug],
        "form": form,
        "sources": sources,
        "chosen": set(request.POST.getlist("source")) if editing else {str(source.id) for source in item.sources},
        "errors": chosen.errors.get("source", []) if chosen else [],
        "new_key": services.new_api_key(),
        "last": last_delivered(store, request.workspace.id, item.slug),
        "no_store": store is None,
    }
    return render(request, "connections/destination.html", context, status=422 if editing else 200)


@require_POST
def set_enabled(request: MemberRequest, destination_id: int) -> HttpResponse:
    item = _destination(request, destination_id)
    enabled = request.POST.get("enabled") == "yes"
    try:
        services.set_destination_enabled(
            workspace_id=request.workspace.id, destination_id=destination_id, enabled=enabled
        )
    except services.ConnectionsError as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request,
            f"{item.name} is enabled and takes calls from now on."
            if enabled
            else f"{item.name} is disabled and takes nothing.",
        )
    return redirect("connections:destination", destination_id)


def _destination(request: MemberRequest, destination_id: int) -> DestinationItem:
    item = queries.destination(request.workspace.id, destination_id)
    if item is None:
        raise Http404
    return item
