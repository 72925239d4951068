"""The form that an experience is made and edited with."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from pitcairn.dashboard.requests import MemberRequest
from pitcairn.dashboard.stores import event_store
from pitcairn.experiences import services
from pitcairn.experiences.condition_rows import NAMED_SUBJECTS, OPERATORS, SUBJECTS
from pitcairn.experiences.form_actions import act
from pitcairn.experiences.form_content import QUESTION_KINDS
from pitcairn.experiences.forms import CHANGE_LABELS, POSITIONS, ExperienceForm
from pitcairn.experiences.models import Allocation, ExperienceState, ExperienceType
from pitcairn.experiences.pages import found
from pitcairn.experiences.queries import ExperienceOutline, exclusion_group_names, experience_content
from pitcairn.experiences.services import ExperienceError
from pitcairn.experiments.queries import goal_choices, goal_names


@require_http_methods(["GET", "POST"])
def new(request: MemberRequest) -> HttpResponse:
    return _form_page(request, None)


@require_http_methods(["GET", "POST"])
def edit(request: MemberRequest, experience_id: int) -> HttpResponse:
    experience = found(request, experience_id)
    if experience.state is ExperienceState.ARCHIVED:
        messages.error(request, f"{experience.name} is archived and stays as it was. Duplicate it instead.")
        return redirect("experiences:detail", experience_id)
    return _form_page(request, experience)


def _form_page(request: MemberRequest, experience: ExperienceOutline | None) -> HttpResponse:
    if request.method == "GET":
        kind = request.GET.get("type", "")
        form = ExperienceForm.of(*experience_content(experience.id)) if experience else ExperienceForm.new(kind)
        if experience:
            form.goals = goal_names(experience.id)
            form.primary = next(iter(form.goals), "")
        return _show_form(request, form, experience)
    form = ExperienceForm.posted(request.POST.dict(), request.POST.getlist("goals"))
    action = request.POST.get("do", "save")
    if action not in {"save", "start"}:
        act(form, action)
        return _show_form(request, form, experience)
    data = form.data()
    if not form.errors:
        try:
            saved = services.save_experience(
                workspace_id=request.workspace.id,
                experience_id=experience.id if experience else None,
                base_version=form.version,
                by=request.user.email,
                start=action == "start",
                **data,
            )
        except ExperienceError as error:
            form.show(error.problems)
        else:
            messages.success(request, f"{saved.name} {'is live' if action == 'start' else 'is saved'}.")
            return _go(request, reverse("experiences:detail", args=[saved.id]))
    return _show_form(request, form, experience, status=422)


def _show_form(
    request: MemberRequest, form: ExperienceForm, experience: ExperienceOutline | None, status: int = 200
) -> HttpResponse:
    store = event_store()
    seen = [] if store is None else [(name.event, name.count) for name in store.event_names(request.workspace.id, 200)]
    form.number()
    context = {
        "form": form,
        "experience": experience,
        "subjects": SUBJECTS,
        "named_subjects": NAMED_SUBJECTS,
        "operators": OPERATORS,
        "types": ExperienceType.choices,
        "question_kinds": QUESTION_KINDS,
        "change_labels": CHANGE_LABELS,
        "positions": POSITIONS,
        "allocations": Allocation.choices,
        "exclusion_groups": exclusion_group_names(request.workspace.id),
        "goals": goal_choices(request.workspace.id, form.goals, seen),
        "seen": [event for event, _ in seen],
    }
    part = request.headers.get("HX-Request") == "true"
    return render(request, "experiences/parts/form.html" if part else "experiences/form.html", context, status=status)


def _go(request: MemberRequest, address: str) -> HttpResponse:
    """Goes to another page, also when only a part of this one was asked for."""
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return redirect(address)
