"""The filters of a destination: the list, one filter, and what they make of a recent message."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from pitcairn.connections import queries, queries_filters, services_filters
from pitcairn.connections.filters import ActionError, FilterRule, FQLError
from pitcairn.connections.forms_filters import ACTIONS, FilterForm
from pitcairn.connections.mapping import MappingError, compile_mapping
from pitcairn.connections.queries import DestinationItem
from pitcairn.connections.queries_filters import FilterItem
from pitcairn.connections.services import ConnectionsError
from pitcairn.connections.trials import Bench, NoMessage, Trial, bench, try_all, try_filter
from pitcairn.dashboard.requests import MemberRequest
from pitcairn.dashboard.stores import event_store


@require_GET
def filter_list(request: MemberRequest, destination_id: int) -> HttpResponse:
    item = destination(request, destination_id)
    filters = queries_filters.filters(request.workspace.id, destination_id)
    on_bench = messages_to_try(request, item)
    context = {
        "item": item,
        "filters": filters,
        "most": services_filters.FILTERS,
        "full": len(filters) >= services_filters.FILTERS,
        "bench": on_bench,
        "trial": _trial_of_all(on_bench, filters, request.workspace.id, destination_id),
    }
    return render(request, "connections/filters.html", context)


@require_http_methods(["GET", "POST"])
def new(request: MemberRequest, destination_id: int) -> HttpResponse:
    return _edit(request, destination(request, destination_id), None)


@require_http_methods(["GET", "POST"])
def edit(request: MemberRequest, destination_id: int, filter_id: int) -> HttpResponse:
    item = destination(request, destination_id)
    return _edit(request, item, _filter(request, destination_id, filter_id))


@require_POST
def set_enabled(request: MemberRequest, destination_id: int, filter_id: int) -> HttpResponse:
    found = _filter(request, destination_id, filter_id)
    enabled = request.POST.get("enabled") == "yes"
    services_filters.set_filter_enabled(workspace_id=request.workspace.id, filter_id=filter_id, enabled=enabled)
    messages.success(
        request,
        f"{found.title} is enabled and applies to what comes from now on."
        if enabled
        else f"{found.title} is disabled and leaves messages alone.",
    )
    return redirect("connections:destination-filters", destination_id)


@require_POST
def delete(request: MemberRequest, destination_id: int, filter_id: int) -> HttpResponse:
    found = _filter(request, destination_id, filter_id)
    services_filters.delete_filter(workspace_id=request.workspace.id, filter_id=filter_id)
    messages.success(request, f"{found.title} is deleted.")
    return redirect("connections:destination-filters", destination_id)


def destination(request: MemberRequest, destination_id: int) -> DestinationItem:
    item = queries.destination(request.workspace.id, destination_id)
    if item is None:
        raise Http404
    return item


def messages_to_try(request: MemberRequest, item: DestinationItem) -> Bench:
    """Messages of the destination's sources, and which of them the reader chose."""
    asked = request.POST if request.method == "POST" else request.GET
    return bench(
        event_store(),
        request.workspace.id,
        [source.id for source in item.sources],
        chosen=asked.get("message", ""),
        own=asked.get("own", ""),
    )


def enabled_rules(filters: list[FilterItem]) -> dict[str, FilterRule]:
    """What is enabled, by title. Two filters of one title are told apart by their number."""
    titles: dict[str, FilterRule] = {}
    for number, item in enumerate(filters, 1):
        if item.enabled:
            title = f"{item.title} ({number})" if item.title in titles else item.title
            titles[title] = FilterRule(
                id=item.id, condition=item.condition, action=item.action, source_id=item.source_id
            )
    return titles


def _edit(request: MemberRequest, item: DestinationItem, found: FilterItem | None) -> HttpResponse:
    posted = request.method == "POST"
    saving = posted and request.POST.get("do") != "try"
    form = FilterForm(queries.sources(request.workspace.id), request.POST if posted else None, item=found)
    if saving and form.is_valid():
        try:
            saved = _save(request, item, found, form)
        except ConnectionsError as error:
            form.blame(error)
        else:
            messages.success(request, f"{saved} is saved and applies to what comes from now on.")
            return redirect("connections:destination-filters", item.id)
    on_bench = messages_to_try(request, item)
    context = {
        "item": item,
        "filter": found,
        "form": form,
        "actions": ACTIONS,
        "action": form["action"].value(),
        "scope": form["scope"].value(),
        "bench": on_bench,
        "show_errors": saving,
        "trial": _trial(on_bench, form, found),
    }
    return render(request, "connections/filter.html", context, status=422 if saving else 200)


def _save(request: MemberRequest, item: DestinationItem, found: FilterItem | None, form: FilterForm) -> str:
    workspace_id = request.workspace.id
    if found is None:
        made = services_filters.create_filter(workspace_id=workspace_id, destination_id=item.id, **form.values)
    else:
        made = services_filters.update_filter(workspace_id=workspace_id, filter_id=found.id, **form.values)
    return made.title


def _trial(on_bench: Bench, form: FilterForm, found: FilterItem | None) -> Trial | None:
    """What the filter in the form would do; None for a form that nobody has filled in yet."""
    if not form.is_bound:
        if found is None:
            return None
        rule = FilterRule(id=found.id, condition=found.condition, action=found.action, source_id=found.source_id)
    else:
        form.is_valid()
        wrong = [str(text) for name, texts in form.errors.items() if name != "title" for text in texts]
        if wrong:
            return Trial(kind="bad", words=wrong[0])
        values = form.values
        rule = FilterRule(
            id=found.id if found else 0,
            condition=values["condition"],
            action=values["action"],
            source_id=values["source_id"],
        )
    try:
        return try_filter(rule, on_bench.specimen())
    except (NoMessage, FQLError, ActionError) as error:
        return Trial(kind="bad", words=str(error))


def _trial_of_all(on_bench: Bench, filters: list[FilterItem], workspace_id: int, destination_id: int) -> Trial:
    try:
        mapped = compile_mapping(queries_filters.mapping(workspace_id, destination_id))
        return try_all(enabled_rules(filters), mapped, on_bench.specimen())
    except (NoMessage, MappingError) as error:
        return Trial(kind="bad", words=str(error))


def _filter(request: MemberRequest, destination_id: int, filter_id: int) -> FilterItem:
    found = queries_filters.filter_(request.workspace.id, destination_id, filter_id)
    if found is None:
        raise Http404
    return found
