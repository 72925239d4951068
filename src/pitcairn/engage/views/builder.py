"""The builder: conditions as rows or as JSON, and beside them who they hold for, while they are edited."""

from __future__ import annotations

from dataclasses import replace

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from pitcairn.dashboard.requests import MemberRequest
from pitcairn.dashboard.stores import event_store
from pitcairn.engage import queries, services
from pitcairn.engage.audience_templates import TEMPLATES, template_of
from pitcairn.engage.errors import AudienceError
from pitcairn.engage.forms import AudienceForm
from pitcairn.engage.keys import snake_case
from pitcairn.engage.previews import BuilderPreview, preview
from pitcairn.engage.queries import ComputationDetail
from pitcairn.engage.suggestions import suggestions
from pitcairn.engage.views.pages import audience_or_404, go, now_ms

NAME_HINT = "Destinations get it as a key in lower case, such as order_completed_last_30days"


@require_GET
def templates(request: MemberRequest) -> HttpResponse:
    return render(request, "engage/templates.html", {"groups": TEMPLATES})


@require_http_methods(["GET", "POST"])
def new(request: MemberRequest) -> HttpResponse:
    if request.method == "POST":
        return _posted(request, None)
    form = AudienceForm.new(request.GET.get("of", "person"))
    if wanted := request.GET.get("template", ""):
        found = template_of(wanted)
        if found is None:
            raise Http404
        form = AudienceForm.of_template(found.name, found.description, found.condition)
    return _page(request, form, None)


@require_http_methods(["GET", "POST"])
def edit(request: MemberRequest, audience_id: int) -> HttpResponse:
    audience = audience_or_404(request, audience_id)
    if audience.listed:
        return redirect("engage:list-edit", audience_id)
    if request.method == "POST":
        return _posted(request, audience)
    return _page(request, AudienceForm.of(audience), audience)


def _posted(request: MemberRequest, audience: ComputationDetail | None) -> HttpResponse:
    form = AudienceForm.posted(request.POST.dict())
    action = request.POST.get("do", "save")
    if audience is not None:
        form.target, form.anonymous = audience.target, audience.anonymous
    if action == "preview":
        found = _preview(request, form, audience)
        if request.headers.get("HX-Request") == "true":
            return render(request, "engage/parts/preview_body.html", {"preview": found})
        return _page(request, form, audience, shown=found)
    if action != "save":
        form.condition.act(action)
        return _page(request, form, audience)
    definition = form.definition()
    if definition is not None:
        try:
            saved = _save(request, form, definition, audience)
        except AudienceError as error:
            form.show(error)
        else:
            messages.success(request, f"{form.name.strip()} is saved. Who is in it is being worked out.")
            return go(request, reverse("engage:audience", args=[saved]))
    return _page(request, form, audience, status=422)


def _save(
    request: MemberRequest, form: AudienceForm, definition: dict[str, object], audience: ComputationDetail | None
) -> int:
    if audience is None:
        return services.create_audience(
            request.workspace.id,
            form.name,
            definition,
            target=form.target,
            anonymous=form.anonymous,
            historical=form.historical,
            description=form.description,
        ).id
    return services.update_audience(
        request.workspace.id,
        audience.id,
        name=form.name,
        condition=definition,
        description=form.description,
        historical=form.historical,
    ).id


def _preview(request: MemberRequest, form: AudienceForm, audience: ComputationDetail | None) -> BuilderPreview:
    key = audience.key if audience else snake_case(form.name)
    condition = form.parsed()
    if condition is None:
        problem, at = form.condition.first_problem()
        return BuilderPreview(problem=problem, at=at, key=key)
    found = preview(
        event_store(),
        request.workspace.id,
        condition,
        now_ms(),
        anonymous=form.anonymous,
        account=form.target == "account",
        saved_size=audience.size if audience else None,
        key="" if audience else key,
    )
    return replace(found, past=form.target == "person" and not form.historical)


def _page(
    request: MemberRequest,
    form: AudienceForm,
    audience: ComputationDetail | None,
    *,
    shown: BuilderPreview | None = None,
    status: int = 200,
) -> HttpResponse:
    part = request.headers.get("HX-Request") == "true"
    names = queries.audience_names(request.workspace.id)
    context = {
        "form": form,
        "audience": audience,
        "focus": form.focus,
        "preview": shown,
        "name_hint": "" if audience else NAME_HINT,
        "audience_choices": [(key, name) for key, name in names.items() if audience is None or key != audience.key],
        "suggestions": None if part else suggestions(request.workspace.id),
    }
    response = render(request, "engage/parts/form.html" if part else "engage/builder.html", context, status=status)
    if part:
        response["HX-Trigger"] = "condition-changed"
    return response
