"""The pages of experiences: the list, one experience, the form, and what brings it live, pauses and ends it."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from pitcairn.connections import queries as connections
from pitcairn.dashboard.requests import MemberRequest
from pitcairn.dashboard.stores import event_store
from pitcairn.experiences import services
from pitcairn.experiences.condition_rows import NAMED_SUBJECTS, OPERATORS, SUBJECTS
from pitcairn.experiences.forms import CHANGE_LABELS, POSITIONS, ExperienceForm
from pitcairn.experiences.models import ExperienceState
from pitcairn.experiences.overview import ExperienceOverview, all_experiences
from pitcairn.experiences.pages import found, page_context
from pitcairn.experiences.queries import ExperienceOutline, experience_content
from pitcairn.experiences.services import ExperienceError
from pitcairn.experiments import words
from pitcairn.experiments.queries import goal_choices, goal_names, goals_of
from pitcairn.experiments.results import primary_segments

SORTS: dict[str, Callable[[ExperienceOverview], Any]] = {
    "": lambda one: one.position,
    "name": lambda one: one.name.casefold(),
    "place": lambda one: one.page_url,
    "state": lambda one: list(ExperienceState).index(one.state),
    "visitors": lambda one: one.visitors or 0,
}
STATE_FILTERS = (("", "All"), ("running", "Live"), ("paused", "Paused"), ("draft", "Drafts"), ("ended", "Ended"))


@require_GET
def experiences(request: MemberRequest) -> HttpResponse:
    every = all_experiences(request.workspace.id)
    chosen, search = request.GET.get("state", ""), request.GET.get("q", "").strip()
    sort = request.GET.get("sort", "")
    key, backwards = sort.removeprefix("-"), sort.startswith("-")
    shown = [
        one
        for one in every
        if (not chosen or one.state == chosen)
        and all(
            word in f"{one.name} {one.page_url} {' '.join(one.segment_names)}".lower()
            for word in search.lower().split()
        )
    ]
    shown.sort(key=SORTS.get(key, SORTS[""]), reverse=backwards)
    columns = [
        {
            "label": label,
            "sort": f"-{name}" if name == key and not backwards else name,
            "sorted": ("descending" if backwards else "ascending") if name == key else "",
            "number": name == "visitors",
        }
        for name, label in (("name", "Experience"), ("state", "State"), ("visitors", "Visitors"))
    ]
    context = {
        "experiences": shown,
        "total": len(every),
        "q": search,
        "chosen": chosen,
        "filters": STATE_FILTERS,
        "columns": columns,
        "no_store": event_store() is None,
    }
    return render(request, "experiences/list.html", context)


@require_GET
def detail(request: MemberRequest, experience_id: int) -> HttpResponse:
    experience = found(request, experience_id)
    store = event_store()
    counts = {} if store is None else primary_segments(experience, store)
    draft = experience.state is ExperienceState.DRAFT
    context = page_context(experience, "segments") | {
        "goals": goals_of(experience_id),
        "segments": [(segment, counts.get(segment.id)) for segment in experience.segments],
        "control_share": words.share(experience.control_share),
        "missing": services.missing_for_start(experience_id) if draft else (),
        "not_connected": experience.state is ExperienceState.LIVE and not _personalizes(request),
    }
    return render(request, "experiences/detail.html", context)


@require_http_methods(["GET", "POST"])
def new(request: MemberRequest) -> HttpResponse:
    return _form_page(request, None)


@require_http_methods(["GET", "POST"])
def edit(request: MemberRequest, experience_id: int) -> HttpResponse:
    experience = found(request, experience_id)
    if experience.state is ExperienceState.ARCHIVED:
        messages.error(request, f"{experience.name} has ended and stays as it was. Make a new experience instead.")
        return redirect("experiences:detail", experience_id)
    return _form_page(request, experience)


@require_POST
def start(request: MemberRequest, experience_id: int) -> HttpResponse:
    experience = found(request, experience_id)
    return _bring(request, experience, services.start_experience, f"{experience.name} is live.")


@require_POST
def pause(request: MemberRequest, experience_id: int) -> HttpResponse:
    experience = found(request, experience_id)
    return _bring(
        request, experience, services.pause_experience, f"{experience.name} is paused. Visitors see the original."
    )


@require_http_methods(["GET", "POST"])
def end(request: MemberRequest, experience_id: int) -> HttpResponse:
    """Ending cannot be undone, so it asks for the name."""
    experience = found(request, experience_id)
    return _ask_for_name(
        request,
        experience,
        template="experiences/end.html",
        act=services.end_experience,
        done=f"{experience.name} has ended. Its results stay.",
        then=reverse("experiences:detail", args=[experience_id]),
    )


@require_http_methods(["GET", "POST"])
def delete(request: MemberRequest, experience_id: int) -> HttpResponse:
    experience = found(request, experience_id)
    return _ask_for_name(
        request,
        experience,
        template="experiences/delete.html",
        act=services.delete_draft,
        done=f"The draft {experience.name} is deleted.",
        then=reverse("experiences:list"),
    )


def _personalizes(request: MemberRequest) -> bool:
    """Whether a Mutiny destination takes messages: without one nothing is personalized."""
    return any(one.state == "on" for one in connections.destinations(request.workspace.id, slug="mutiny"))


def _form_page(request: MemberRequest, experience: ExperienceOutline | None) -> HttpResponse:
    if request.method == "GET":
        form = ExperienceForm.of(*experience_content(experience.id)) if experience else ExperienceForm.new()
        if experience:
            form.goals = goal_names(experience.id)
            form.primary = next(iter(form.goals), "")
        return _show_form(request, form, experience)
    form = ExperienceForm.posted(request.POST.dict(), request.POST.getlist("goals"))
    action = request.POST.get("do", "save")
    if action not in {"save", "start"}:
        form.act(action)
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
        "change_labels": CHANGE_LABELS,
        "positions": POSITIONS,
        "goals": goal_choices(request.workspace.id, form.goals, seen),
        "seen": [event for event, _ in seen],
    }
    part = request.headers.get("HX-Request") == "true"
    return render(request, "experiences/parts/form.html" if part else "experiences/form.html", context, status=status)


def _bring(
    request: MemberRequest, experience: ExperienceOutline, act: Callable[[int, int], object], done: str
) -> HttpResponse:
    try:
        act(request.workspace.id, experience.id)
    except ExperienceError as error:
        for problem in error.problems:
            messages.error(request, f"{problem.text[0].upper()}{problem.text[1:]}.")
    else:
        messages.success(request, done)
    return redirect("experiences:detail", experience.id)


def _ask_for_name(
    request: MemberRequest,
    experience: ExperienceOutline,
    *,
    template: str,
    act: Callable[[int, int], object],
    done: str,
    then: str,
) -> HttpResponse:
    typed, error = request.POST.get("name", ""), ""
    if request.method == "POST":
        if typed.strip() == experience.name:
            try:
                act(request.workspace.id, experience.id)
            except ExperienceError as refused:
                error = str(refused)
            else:
                messages.success(request, done)
                return redirect(then)
        else:
            error = f"This is not its name. Write {experience.name} exactly."
    context = {"experience": experience, "typed": typed, "error": error}
    return render(request, template, context, status=422 if error else 200)


def _go(request: MemberRequest, address: str) -> HttpResponse:
    """Goes to another page, also when only a part of this one was asked for."""
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return redirect(address)
