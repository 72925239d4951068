"""Alert rules: the list, a new one, one rule, and telling its people that this is a test."""

from __future__ import annotations

from datetime import UTC, datetime

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from pitcairn.connections import queries, services_alerts
from pitcairn.connections.alerts.checking import send_test
from pitcairn.connections.alerts.telling import can_mail
from pitcairn.connections.forms import blame
from pitcairn.connections.forms_alerts import ABOUT, EVERY, AlertForm
from pitcairn.connections.models import AlertKind
from pitcairn.connections.queries_alerts import AlertItem, alert, alerts
from pitcairn.connections.services import ConnectionsError
from pitcairn.connections.views.delivery_tabs import delivery_tabs
from pitcairn.dashboard.requests import MemberRequest

SERVICE_FIELDS = {"source_id": "about", "destination_id": "about"}
"""Fields that the form calls otherwise than the service."""


@require_GET
def alert_list(request: MemberRequest) -> HttpResponse:
    return render(
        request,
        "connections/alerts.html",
        {
            "items": alerts(request.workspace.id),
            "tabs": delivery_tabs("alerts"),
            "kinds": [(kind, kind.label, ABOUT[kind]) for kind in AlertKind],
        },
    )


@require_http_methods(["GET", "POST"])
def new(request: MemberRequest) -> HttpResponse:
    chosen = request.GET.get("kind", "")
    kind = AlertKind(chosen) if chosen in AlertKind.values else AlertKind.SUCCESS_RATE
    form = _form(request, kind)
    if not form.is_bound and not can_mail():
        form.initial.pop("emails", None)
    if form.is_bound and form.is_valid():
        try:
            rule = services_alerts.create_alert(
                workspace_id=request.workspace.id, kind=kind, webhook_url=form.new_webhook or "", **form.values
            )
        except ConnectionsError as error:
            _blame(form, error)
        else:
            messages.success(request, f"{rule.name} is looked at every minute from now on.")
            return redirect("connections:alerts")
    context = {
        "form": form,
        "kind": kind,
        "kinds": [(one, one.label) for one in AlertKind],
        "about": ABOUT[kind],
        "can_mail": can_mail(),
    }
    return render(request, "connections/alert_new.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def detail(request: MemberRequest, rule_id: int) -> HttpResponse:
    item = _item(request, rule_id)
    form = _form(request, item.kind, item)
    if form.is_bound and form.is_valid():
        try:
            services_alerts.update_alert(
                workspace_id=request.workspace.id, rule_id=rule_id, webhook_url=form.new_webhook, **form.values
            )
        except ConnectionsError as error:
            _blame(form, error)
        else:
            messages.success(request, f"{form.cleaned_data['name']} is saved.")
            return redirect("connections:alert", rule_id)
    context = {"item": item, "form": form, "about": ABOUT[item.kind], "can_mail": can_mail()}
    return render(request, "connections/alert.html", context, status=422 if form.errors else 200)


@require_POST
def set_enabled(request: MemberRequest, rule_id: int) -> HttpResponse:
    item = _item(request, rule_id)
    enabled = request.POST.get("enabled") == "yes"
    services_alerts.set_alert_enabled(workspace_id=request.workspace.id, rule_id=rule_id, enabled=enabled)
    messages.success(
        request, f"{item.name} is looked at again." if enabled else f"{item.name} is disabled and tells nobody."
    )
    return redirect("connections:alert", rule_id)


@require_POST
def delete(request: MemberRequest, rule_id: int) -> HttpResponse:
    _item(request, rule_id)
    name = services_alerts.delete_alert(workspace_id=request.workspace.id, rule_id=rule_id)
    messages.success(request, f"{name} is deleted.")
    return redirect("connections:alerts")


@require_POST
def test(request: MemberRequest, rule_id: int) -> HttpResponse:
    item = _item(request, rule_id)
    told = send_test(request.workspace.id, rule_id, datetime.now(UTC))
    if told is None:
        raise Http404
    for problem in told.problems:
        messages.error(request, problem)
    if told.anyone:
        messages.success(
            request, f"A test went to {item.tells}." if not told.problems else "A test went to the others."
        )
    return redirect("connections:alert", rule_id)


def _form(request: MemberRequest, kind: AlertKind, item: AlertItem | None = None) -> AlertForm:
    workspace_id = request.workspace.id
    return AlertForm(
        kind,
        request.POST if request.method == "POST" else None,
        sources=queries.sources(workspace_id),
        destinations=queries.destinations(workspace_id),
        item=item,
        initial={} if item else {"emails": request.user.email, "about": request.GET.get("about", EVERY)},
    )


def _blame(form: AlertForm, error: ConnectionsError) -> None:
    blame(form, ConnectionsError(str(error), field=SERVICE_FIELDS.get(error.field, error.field)))


def _item(request: MemberRequest, rule_id: int) -> AlertItem:
    item = alert(request.workspace.id, rule_id)
    if item is None:
        raise Http404
    return item
