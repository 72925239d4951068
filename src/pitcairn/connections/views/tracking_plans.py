"""Tracking plans: the list, making one, and one with its rules, violations, trial and settings."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.text import slugify
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from pitcairn.connections import queries
from pitcairn.connections.forms_plans import (
    EXAMPLE,
    ON_UNPLANNED,
    ON_VIOLATION,
    TYPE_WORDS,
    AddFileForm,
    EmptyPlanForm,
    FileForm,
    PlanForm,
    RuleForm,
    SeenForm,
    blame,
)
from pitcairn.connections.schema import reading
from pitcairn.connections.tracking_plans import queries as plan_queries
from pitcairn.connections.tracking_plans import services
from pitcairn.connections.tracking_plans.from_seen import rules_from
from pitcairn.connections.tracking_plans.queries import PlanItem
from pitcairn.connections.tracking_plans.rules import PlanError, Rule
from pitcairn.connections.tracking_plans.transfer import read_plan, write_plan
from pitcairn.connections.tracking_plans.trial import try_plan
from pitcairn.dashboard.context import Place
from pitcairn.dashboard.forms import NameAgainForm
from pitcairn.dashboard.requests import MemberRequest
from pitcairn.dashboard.stores import event_store

TRIED = 1_000
"""Messages that a plan is tried on."""
MOST_SHOWN = 200


@require_GET
def plan_list(request: MemberRequest) -> HttpResponse:
    totals = plan_queries.violation_totals(request.workspace.id)
    rows = [(plan, totals.get(plan.id)) for plan in plan_queries.plans(request.workspace.id)]
    return render(request, "connections/tracking_plans.html", {"rows": rows})


@require_http_methods(["GET", "POST"])
def new(request: MemberRequest) -> HttpResponse:
    """Three ways to begin, each a form of its own: from what a source sends, from a file, or empty."""
    sources = queries.sources(request.workspace.id)
    way = request.POST.get("way", "")
    wanted = request.GET.get("source", "") or next(iter(reading.sources_seen(request.workspace.id)), "")
    seen = SeenForm(sources, request.POST if way == "seen" else None, initial={"source": wanted, "require": True})
    file = FileForm(request.POST, request.FILES) if way == "file" else FileForm()
    empty = EmptyPlanForm(request.POST if way == "empty" else None)
    form = {"seen": seen, "file": file, "empty": empty}.get(way)
    if form is not None and form.is_valid():
        try:
            plan_id = _make(request, way, form.cleaned_data)
        except PlanError as error:
            blame(form, error)
        else:
            return redirect("connections:tracking-plan", plan_id)
    context = {"seen": seen, "file": file, "empty": empty, "sources": sources}
    return render(request, "connections/tracking_plan_new.html", context, status=422 if way else 200)


@require_GET
def rules(request: MemberRequest, plan_id: int) -> HttpResponse:
    plan = _plan(request, plan_id)
    broken: dict[tuple[str, str], int] = {}
    for one in plan_queries.violations(request.workspace.id, plan_id=plan_id):
        broken[one.type, one.event] = broken.get((one.type, one.event), 0) + 1
    rows = [(rule, TYPE_WORDS[rule.type], _described(rule), broken.get(rule.key, 0)) for rule in plan.rules]
    return _render(request, "tracking_plan", plan, "rules", {"rows": rows})


@require_http_methods(["GET", "POST"])
def rule(request: MemberRequest, plan_id: int) -> HttpResponse:
    """One rule, named in the address by its type and event; a new one without them."""
    plan = _plan(request, plan_id)
    key = (request.GET.get("type", ""), request.GET.get("event", ""))
    known = plan.rule(*key)
    if request.GET.get("edit") and known is None:
        raise Http404
    editing = known if request.GET.get("edit") else None
    initial = (
        {"type": editing.type, "event": editing.event, "schema": editing.pretty}
        if editing
        else {"type": key[0] or "track", "event": key[1], "schema": EXAMPLE}
    )
    form = RuleForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            saved = services.put_rule(
                workspace_id=request.workspace.id,
                plan_id=plan_id,
                instead_of=editing.key if editing else None,
                **form.cleaned_data,
            )
        except PlanError as error:
            blame(form, error)
        else:
            messages.success(request, f"The rule for {saved.title} is saved, and holds for what comes from now on.")
            return redirect("connections:tracking-plan", plan_id)
    context = {"form": form, "editing": editing}
    return _render(request, "tracking_plan_rule", plan, "rules", context, status=422 if form.errors else 200)


@require_POST
def remove_rule(request: MemberRequest, plan_id: int) -> HttpResponse:
    plan = _plan(request, plan_id)
    known = plan.rule(request.POST.get("type", ""), request.POST.get("event", ""))
    if known is None:
        raise Http404
    services.remove_rule(workspace_id=request.workspace.id, plan_id=plan_id, type=known.type, event=known.event)
    messages.success(request, f"The rule for {known.title} is removed.")
    return redirect("connections:tracking-plan", plan_id)


@require_http_methods(["GET", "POST"])
def add(request: MemberRequest, plan_id: int) -> HttpResponse:
    """More rules for a plan: from what a source sends, or from a file."""
    plan = _plan(request, plan_id)
    sources = queries.sources(request.workspace.id)
    way = request.POST.get("way", "")
    first = plan.sources[0][0] if plan.sources else ""
    seen = SeenForm(sources, request.POST if way == "seen" else None, initial={"source": first, "require": True})
    file = AddFileForm(request.POST, request.FILES) if way == "file" else AddFileForm()
    form = {"seen": seen, "file": file}.get(way)
    if form is not None and form.is_valid():
        try:
            added, changed = _add(request, plan_id, way, form.cleaned_data)
        except PlanError as error:
            blame(form, error)
        else:
            messages.success(request, _added_words(added, changed))
            return redirect("connections:tracking-plan", plan_id)
    context = {"seen": seen, "file": file, "sources": sources}
    return _render(request, "tracking_plan_add", plan, "rules", context, status=422 if way else 200)


@require_GET
def violations(request: MemberRequest, plan_id: int) -> HttpResponse:
    plan = _plan(request, plan_id)
    found = plan_queries.violations(request.workspace.id, plan_id=plan_id)
    context = {
        "violations": found[:MOST_SHOWN],
        "found": len(found),
        "names": queries.source_names(request.workspace.id),
    }
    return _render(request, "tracking_plan_violations", plan, "violations", context)


@require_POST
def clear_violations(request: MemberRequest, plan_id: int) -> HttpResponse:
    _plan(request, plan_id)
    services.clear_violations(workspace_id=request.workspace.id, plan_id=plan_id)
    messages.success(request, "The violations are cleared. What breaks the plan from now on is counted anew.")
    return redirect("connections:tracking-plan-violations", plan_id)


@require_GET
def trial(request: MemberRequest, plan_id: int) -> HttpResponse:
    """The plan on the latest messages of a source, before it is let loose on the next ones."""
    plan = _plan(request, plan_id)
    sources = queries.sources(request.workspace.id)
    wanted = request.GET.get("source", "")
    ids = [source.id for source in sources]
    followers = [source_id for source_id, _ in plan.sources]
    first = next((one for one in [*followers, *reading.sources_seen(request.workspace.id), *ids] if one in ids), None)
    source_id = int(wanted) if wanted.isdigit() and int(wanted) in ids else first
    store, checker = event_store(), plan_queries.checker(request.workspace.id, plan_id)
    result = None
    if store is not None and checker is not None and source_id is not None:
        result = try_plan(checker, store.messages(request.workspace.id, source_id=source_id, limit=TRIED))
    context = {"sources": sources, "source_id": source_id, "trial": result, "no_store": store is None, "tried": TRIED}
    return _render(request, "tracking_plan_trial", plan, "trial", context)


@require_http_methods(["GET", "POST"])
def settings(request: MemberRequest, plan_id: int) -> HttpResponse:
    plan = _plan(request, plan_id)
    sources = queries.sources(request.workspace.id)
    initial = {
        "name": plan.name,
        "on_violation": plan.on_violation,
        "on_unplanned": plan.on_unplanned,
        "source": [source_id for source_id, _ in plan.sources],
    }
    form = PlanForm(sources, request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            services.update_plan(
                workspace_id=request.workspace.id,
                plan_id=plan_id,
                name=form.cleaned_data["name"],
                on_violation=form.cleaned_data["on_violation"],
                on_unplanned=form.cleaned_data["on_unplanned"],
                source_ids=form.cleaned_data["source"],
            )
        except PlanError as error:
            blame(form, error)
        else:
            messages.success(request, f"{form.cleaned_data['name']} is saved, and holds for what comes from now on.")
            return redirect("connections:tracking-plan-settings", plan_id)
    others = {
        source_id: other.name
        for other in plan_queries.plans(request.workspace.id)
        if other.id != plan_id
        for source_id, _ in other.sources
    }
    context = {
        "form": form,
        "sources": [(source, others.get(source.id)) for source in sources],
        "chosen": [str(value) for value in form["source"].value() or ()],
        "on_violation": ON_VIOLATION,
        "on_unplanned": ON_UNPLANNED,
    }
    return _render(request, "tracking_plan_settings", plan, "settings", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def delete(request: MemberRequest, plan_id: int) -> HttpResponse:
    plan = _plan(request, plan_id)
    form = NameAgainForm(plan.name, request.POST if request.method == "POST" else None)
    if form.is_valid():
        services.delete_plan(workspace_id=request.workspace.id, plan_id=plan_id)
        messages.success(request, f"{plan.name} is deleted.")
        return redirect("connections:tracking-plans")
    context = {"plan": plan, "form": form, "back": reverse("connections:tracking-plan-settings", args=[plan_id])}
    return render(request, "connections/tracking_plan_delete.html", context, status=422 if form.errors else 200)


@require_GET
def export(request: MemberRequest, plan_id: int) -> HttpResponse:
    """The plan as a file that can be kept, compared and imported."""
    plan = _plan(request, plan_id)
    value = write_plan(name=plan.name, rules=plan.rules, on_violation=plan.on_violation, on_unplanned=plan.on_unplanned)
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    name = slugify(plan.name) or "tracking-plan"
    return HttpResponse(
        text.encode(errors="replace"),
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}.json"'},
    )


def _make(request: MemberRequest, way: str, given: dict[str, Any]) -> int:
    """Makes the plan and says so. Raises `PlanError`."""
    workspace_id = request.workspace.id
    if way == "seen":
        source_id = given["source"]
        name = queries.source_names(workspace_id)[source_id]
        found = _seen_rules(request, given)
        plan = services.create_plan(
            workspace_id=workspace_id, name=services.free_plan_name(workspace_id, f"{name} plan"), rules=found
        )
        told = (
            f"{plan.name} has {_rules(len(found))}. Try it on recent messages, then choose the sources that follow it."
        )
    elif way == "file":
        file = read_plan(given["file"])
        plan = services.import_plan(
            workspace_id=workspace_id,
            name=services.free_plan_name(workspace_id, file.name or "Imported plan"),
            file=file,
        )
        told = f"{plan.name} is imported with {_rules(len(file.rules))}. No source follows it yet."
    else:
        plan = services.create_plan(workspace_id=workspace_id, name=given["name"])
        told = f"{plan.name} is made. Add its first rule."
    messages.success(request, told)
    return plan.id


def _add(request: MemberRequest, plan_id: int, way: str, given: dict[str, Any]) -> tuple[int, int]:
    found = _seen_rules(request, given) if way == "seen" else read_plan(given["file"]).rules
    return services.add_rules(
        workspace_id=request.workspace.id, plan_id=plan_id, rules=found, replace=bool(given.get("replace"))
    )


def _seen_rules(request: MemberRequest, given: dict[str, Any]) -> list[Rule]:
    events = reading.event_details(request.workspace.id, given["source"])
    if not events:
        raise PlanError("Nothing was seen of this source yet, so there is nothing to make rules of.", field="source")
    return rules_from(events, require=given["require"], close=given["close"])


def _rules(count: int) -> str:
    return "1 rule" if count == 1 else f"{count:,} rules"


def _added_words(added: int, changed: int) -> str:
    words = f"{added:,} {'rule is' if added == 1 else 'rules are'} added" if added else "No rule is added"
    return (
        f"{words}, {changed:,} changed."
        if changed
        else f"{words}; the others were there already."
        if not added
        else f"{words}."
    )


def _described(rule: Rule) -> str:
    """`5 properties, 2 required`, as far as the schema says it where Segment's schemas do."""
    top = rule.schema.get("properties")
    parts = []
    for name, one, many in (("properties", "property", "properties"), ("traits", "trait", "traits")):
        inside = top.get(name) if isinstance(top, dict) else None
        if not isinstance(inside, dict):
            continue
        fields, required = inside.get("properties"), inside.get("required")
        if isinstance(fields, dict) and fields:
            words = f"{len(fields):,} {one if len(fields) == 1 else many}"
            if isinstance(required, list) and required:
                words += f", {len(required):,} required"
            if inside.get("additionalProperties") is False:
                words += ", no others"
            parts.append(words)
    return "; ".join(parts) or "Its own schema"


def _plan(request: MemberRequest, plan_id: int) -> PlanItem:
    plan = plan_queries.plan(request.workspace.id, plan_id)
    if plan is None:
        raise Http404
    return plan


def _render(
    request: MemberRequest, template: str, plan: PlanItem, tab: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    tabs = [
        Place(label=label, url=reverse(route, args=[plan.id]), current=key == tab)
        for key, label, route in (
            ("rules", "Rules", "connections:tracking-plan"),
            ("violations", "Violations", "connections:tracking-plan-violations"),
            ("trial", "Try it", "connections:tracking-plan-trial"),
            ("settings", "Settings", "connections:tracking-plan-settings"),
        )
    ]
    return render(request, f"connections/{template}.html", {"plan": plan, "tabs": tabs, **context}, status=status)
