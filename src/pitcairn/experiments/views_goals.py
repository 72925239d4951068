"""The pages of goals: which an experience is judged by, what a goal is, and whose visits do not count."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from pitcairn.dashboard.requests import MemberRequest
from pitcairn.dashboard.stores import event_store
from pitcairn.experiences.pages import found, page_context
from pitcairn.experiences.services import ExperienceError
from pitcairn.experiences.services import choose_goals as choose_goals_of_experience
from pitcairn.experiments import services
from pitcairn.experiments.forms import OPERATORS, GoalForm, InternalTrafficForm
from pitcairn.experiments.internal_traffic import InternalTrafficError
from pitcairn.experiments.models import GoalRole
from pitcairn.experiments.queries import (
    definition_of,
    goal_choices,
    goal_names,
    goals_of,
    internal_rules_of,
    workspace_goal,
)
from pitcairn.experiments.services import GoalError


@require_http_methods(["GET", "POST"])
def goals(request: MemberRequest, experience_id: int) -> HttpResponse:
    """The goals an experience is judged by, and the choice of others."""
    experience = found(request, experience_id)
    error, typed = "", ""
    chosen_before = goals_of(experience_id)
    roles = {goal.name: goal.role for goal in chosen_before}
    chosen = list(roles)
    primary = next(iter(chosen), "")
    if request.method == "POST":
        chosen = list(dict.fromkeys(goal.strip() for goal in request.POST.getlist("goals") if goal.strip()))
        typed, primary = request.POST.get("new_goal", "").strip(), request.POST.get("primary", "")
        guardrails = request.POST.getlist("guardrails")
        if typed and typed not in chosen:
            chosen.append(typed)
        try:
            choose_goals_of_experience(
                request.workspace.id, experience_id, chosen, primary if primary in chosen else None, guardrails
            )
        except ExperienceError as refused:
            error = "; ".join(problem.text for problem in refused.problems)
            roles = dict.fromkeys(guardrails, GoalRole.GUARDRAIL)
        else:
            messages.success(request, "The goals are saved.")
            return redirect("experiences:goals", experience_id)
    seen = _seen(request)
    context = page_context(experience, "goals") | {
        "chosen_goals": chosen_before,
        "goals": goal_choices(request.workspace.id, chosen, seen, roles),
        "primary": primary,
        "seen": [event for event, _ in seen],
        "new_goal": typed if error else "",
        "error": error,
    }
    return render(request, "experiments/goals.html", context, status=422 if error else 200)


@require_http_methods(["GET", "POST"])
def new_goal(request: MemberRequest, experience_id: int) -> HttpResponse:
    """A goal with conditions, a page, an element or a number; it is chosen for the experience at once."""
    return _goal_page(request, experience_id, None)


@require_http_methods(["GET", "POST"])
def edit_goal(request: MemberRequest, experience_id: int, goal_id: int) -> HttpResponse:
    return _goal_page(request, experience_id, goal_id)


@require_POST
def delete_goal(request: MemberRequest, experience_id: int, goal_id: int) -> HttpResponse:
    found(request, experience_id)
    try:
        services.delete_goal(request.workspace.id, goal_id)
    except GoalError as error:
        text = str(error)
        messages.error(request, f"{text[0].upper()}{text[1:]}.")
    else:
        messages.success(request, "The goal is deleted.")
    return redirect("experiences:goals", experience_id)


@require_http_methods(["GET", "POST"])
def internal_traffic(request: MemberRequest) -> HttpResponse:
    """Whose visits results leave out."""
    form = InternalTrafficForm.of(internal_rules_of(request.workspace.id))
    if request.method == "POST":
        form = InternalTrafficForm(request.POST)
        if form.is_valid():
            try:
                services.set_internal_traffic(request.workspace.id, form.rules())
            except InternalTrafficError as error:
                text = str(error)
                form.add_error(None, f"{text[0].upper()}{text[1:]}.")
            else:
                messages.success(request, "Saved. It counts for what comes from now on.")
                return redirect("workspaces:internal-traffic")
    return render(request, "experiments/internal_traffic.html", {"form": form}, status=422 if form.errors else 200)


def _goal_page(request: MemberRequest, experience_id: int, goal_id: int | None) -> HttpResponse:
    experience = found(request, experience_id)
    goal = None if goal_id is None else workspace_goal(request.workspace.id, goal_id)
    if goal_id is not None and goal is None:
        raise Http404
    definition = definition_of(goal) if goal else None
    form = GoalForm.of(definition) if definition else GoalForm()
    status = 200
    if request.method == "POST":
        form = GoalForm.posted(request.POST.dict(), definition.where if definition else {})
        if request.POST.get("do") != "row" and form.is_valid():
            try:
                saved = services.save_goal(request.workspace.id, form.definition(), goal_id)
                chosen = goal_names(experience_id)
                if saved.name not in chosen:
                    choose_goals_of_experience(request.workspace.id, experience_id, [*chosen, saved.name])
            except GoalError as error:
                form.show(error.problems or {"": str(error)})
            except ExperienceError as refused:
                form.show({"": "; ".join(problem.text for problem in refused.problems)})
            else:
                messages.success(request, f"The goal {saved.name} is saved.")
                return redirect("experiences:goals", experience_id)
        if request.POST.get("do") != "row":
            status = 422
    context = page_context(experience, "goals") | {
        "form": form,
        "goal": goal,
        "operators": OPERATORS,
        "seen": [event for event, _ in _seen(request)],
        "started": experience.started_at is not None,
    }
    return render(request, "experiments/goal.html", context, status=status)


def _seen(request: MemberRequest) -> list[tuple[str, int]]:
    store = event_store()
    return [] if store is None else [(name.event, name.count) for name in store.event_names(request.workspace.id, 200)]
