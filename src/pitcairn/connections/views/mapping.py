"""The mapping of a destination: its rules, and what they make of a recent message."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from pitcairn.connections import queries_filters, services_filters
from pitcairn.connections.forms_mapping import KINDS, MappingForm
from pitcairn.connections.mapping import MAX_RULES, MappingError, compile_mapping
from pitcairn.connections.services import ConnectionsError
from pitcairn.connections.trials import Bench, NoMessage, Trial, try_all
from pitcairn.connections.views.filters import destination, enabled_rules, messages_to_try
from pitcairn.dashboard.requests import MemberRequest


@require_http_methods(["GET", "POST"])
def page(request: MemberRequest, destination_id: int) -> HttpResponse:
    """Each button posts the whole form: what was typed is still there, whatever was pressed."""
    item = destination(request, destination_id)
    workspace_id = request.workspace.id
    error, saving = "", False
    if request.method == "POST":
        form = MappingForm.posted(request.POST)
        action = request.POST.get("do", "save")
        saving = action == "save"
        if saving and form.check():
            try:
                services_filters.set_mapping(workspace_id=workspace_id, destination_id=destination_id, rules=form.rules)
            except ConnectionsError as problem:
                error = str(problem)
            else:
                messages.success(request, "The mapping is saved and applies to what comes from now on.")
                return redirect("connections:destination-mapping", destination_id)
        elif action != "try":
            form.do(action)
    else:
        form = MappingForm.stored(queries_filters.mapping(workspace_id, destination_id))
    on_bench = messages_to_try(request, item)
    context = {
        "item": item,
        "form": form,
        "kinds": KINDS,
        "error": error,
        "full": len(form.rows) >= MAX_RULES,
        "bench": on_bench,
        "trial": _trial(on_bench, form, workspace_id, destination_id),
    }
    return render(request, "connections/mapping.html", context, status=422 if saving else 200)


def _trial(on_bench: Bench, form: MappingForm, workspace_id: int, destination_id: int) -> Trial:
    rules = enabled_rules(queries_filters.filters(workspace_id, destination_id))
    try:
        return try_all(rules, compile_mapping(form.rules), on_bench.specimen())
    except (NoMessage, MappingError) as error:
        return Trial(kind="bad", words=str(error))
