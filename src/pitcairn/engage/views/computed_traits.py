"""Computed traits: the list, one of them, and the form."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from pitcairn.dashboard.forms import NameAgainForm
from pitcairn.dashboard.requests import MemberRequest
from pitcairn.engage import queries, services
from pitcairn.engage.errors import AudienceError
from pitcairn.engage.forms_traits import TYPES, ComputedTraitForm
from pitcairn.engage.previews import person_lines, share_words
from pitcairn.engage.queries import ComputationDetail
from pitcairn.engage.suggestions import suggestions
from pitcairn.engage.views.pages import computation_page, dot, go, state_words, value_words
from pitcairn.profiles.queries import count_profiles

WINDOWS = (("", "at any time"), ("last", "in the last"), ("session", "until a pause of"))
VERBS = (("track", "did"), ("page", "viewed the page"), ("screen", "viewed the screen"))


@require_GET
def traits(request: MemberRequest) -> HttpResponse:
    every = queries.computed_traits(request.workspace.id)
    search = request.GET.get("q", "").strip()
    words = search.lower().split()
    shown = [one for one in every if all(word in f"{one.name} {one.key} {one.sentence}".lower() for word in words)]
    context = {"rows": [(one, dot(one), state_words(one)) for one in shown], "total": len(every), "q": search}
    return render(request, "engage/traits.html", context)


@require_GET
def trait(request: MemberRequest, trait_id: int) -> HttpResponse:
    found = _found(request, trait_id)
    after = request.GET.get("after", "")
    page = queries.members(found.id, after=int(after) if after.isdigit() and len(after) < 19 else 0)
    lines = {line.id: line for line in person_lines(request.workspace.id, [one.profile_id for one in page.members])}
    context = {
        "share": share_words(found.size, count_profiles(request.workspace.id)),
        "rows": [
            (one, lines[one.profile_id], value_words(one.value)) for one in page.members if one.profile_id in lines
        ],
        "next": page.next,
        "after": after,
    }
    return render(request, "engage/trait.html", computation_page(found, "trait") | context)


@require_http_methods(["GET", "POST"])
def new(request: MemberRequest) -> HttpResponse:
    return _posted(request, None) if request.method == "POST" else _page(request, ComputedTraitForm.new(), None)


@require_http_methods(["GET", "POST"])
def edit(request: MemberRequest, trait_id: int) -> HttpResponse:
    found = _found(request, trait_id)
    if request.method == "POST":
        return _posted(request, found)
    return _page(request, ComputedTraitForm.of(found), found)


@require_POST
def enable(request: MemberRequest, trait_id: int) -> HttpResponse:
    return _set_enabled(request, trait_id, enabled=True)


@require_POST
def disable(request: MemberRequest, trait_id: int) -> HttpResponse:
    return _set_enabled(request, trait_id, enabled=False)


@require_http_methods(["GET", "POST"])
def delete(request: MemberRequest, trait_id: int) -> HttpResponse:
    found = _found(request, trait_id)
    form = NameAgainForm(found.name, request.POST if request.method == "POST" else None)
    if form.is_valid():
        services.delete_computed_trait(request.workspace.id, trait_id)
        messages.success(request, f"{found.name} is deleted. Its values stay with the people.")
        return redirect("engage:traits")
    back = reverse("engage:trait", args=[trait_id])
    context = {"audience": found, "form": form, "back": back, "is_trait": True}
    return render(request, "engage/delete.html", context, status=422 if form.errors else 200)


def _found(request: MemberRequest, trait_id: int) -> ComputationDetail:
    found = queries.computed_trait(request.workspace.id, trait_id)
    if found is None:
        raise Http404
    return found


def _set_enabled(request: MemberRequest, trait_id: int, *, enabled: bool) -> HttpResponse:
    found = _found(request, trait_id)
    services.set_computed_trait_enabled(request.workspace.id, trait_id, enabled=enabled)
    messages.success(
        request,
        f"{found.name} is enabled and being computed." if enabled else f"{found.name} is disabled. Its values stay.",
    )
    return redirect("engage:trait", trait_id)


def _posted(request: MemberRequest, found: ComputationDetail | None) -> HttpResponse:
    form = ComputedTraitForm.posted(request.POST.dict())
    action = request.POST.get("do", "save")
    if found is not None:
        form.target, form.anonymous = found.target, found.anonymous
    if action != "save":
        form.act(action)
        return _page(request, form, found)
    definition = form.definition()
    if definition is not None:
        try:
            if found is None:
                saved = services.create_computed_trait(
                    request.workspace.id,
                    form.name,
                    definition,
                    target=form.target,
                    anonymous=form.anonymous,
                    historical=form.historical,
                    description=form.description,
                )
            else:
                saved = services.update_computed_trait(
                    request.workspace.id,
                    found.id,
                    name=form.name,
                    events=definition,
                    description=form.description,
                )
        except AudienceError as error:
            form.show(error)
        else:
            messages.success(request, f"{saved.name} is saved and being computed.")
            return go(request, reverse("engage:trait", args=[saved.id]))
    return _page(request, form, found, status=422)


def _page(
    request: MemberRequest, form: ComputedTraitForm, found: ComputationDetail | None, *, status: int = 200
) -> HttpResponse:
    part = request.headers.get("HX-Request") == "true"
    context = {
        "form": form,
        "audience": found,
        "focus": form.focus,
        "types": TYPES,
        "windows": WINDOWS,
        "verbs": VERBS,
        "suggestions": None if part else suggestions(request.workspace.id),
    }
    template = "engage/parts/trait_form.html" if part else "engage/trait_form.html"
    return render(request, template, context, status=status)
