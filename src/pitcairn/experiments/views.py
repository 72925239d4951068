"""The pages of an experience's goals and results."""

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.text import slugify
from django.views.decorators.http import require_GET, require_http_methods

from pitcairn.dashboard import live
from pitcairn.dashboard.requests import MemberRequest
from pitcairn.dashboard.stores import event_store
from pitcairn.eventstore import EventStore
from pitcairn.experiences.pages import found, page_context
from pitcairn.experiences.queries import ExperienceOutline
from pitcairn.experiences.services import ExperienceError, choose_goals
from pitcairn.experiments.page import fingerprint, results_context
from pitcairn.experiments.queries import ChosenGoal, goal_choices, goal_events, goals_of
from pitcairn.experiments.results import ExperienceResults, count, results
from pitcairn.experiments.results_json import COLUMNS, rows

# Between two looks at the counts while somebody has the page open.
REFRESH_SECONDS = 4.0


@require_http_methods(["GET", "POST"])
def goals(request: MemberRequest, experience_id: int) -> HttpResponse:
    """The goals an experience is judged by, and the choice of others."""
    experience = found(request, experience_id)
    error, typed = "", ""
    chosen = goal_events(experience_id)
    primary = next(iter(chosen), "")
    if request.method == "POST":
        chosen = list(dict.fromkeys(goal.strip() for goal in request.POST.getlist("goals") if goal.strip()))
        typed, primary = request.POST.get("new_goal", "").strip(), request.POST.get("primary", "")
        if typed and typed not in chosen:
            chosen.append(typed)
        try:
            choose_goals(request.workspace.id, experience_id, chosen, primary if primary in chosen else None)
        except ExperienceError as refused:
            error = "; ".join(problem.text for problem in refused.problems)
        else:
            messages.success(request, "The goals are saved.")
            return redirect("experiences:goals", experience_id)
    store = event_store()
    seen = [] if store is None else [(name.event, name.count) for name in store.event_names(request.workspace.id, 200)]
    context = page_context(experience, "goals") | {
        "chosen_goals": goals_of(experience_id),
        "goals": goal_choices(request.workspace.id, chosen, seen),
        "primary": primary,
        "seen": [event for event, _ in seen],
        "new_goal": typed if error else "",
        "error": error,
    }
    return render(request, "experiments/goals.html", context, status=422 if error else 200)


@require_GET
def results_page(request: MemberRequest, experience_id: int) -> HttpResponse:
    experience = found(request, experience_id)
    store = event_store()
    context = page_context(experience, "results")
    if store is None:
        return render(request, "experiments/results.html", context | {"no_store": True})
    context |= results_context(results(experience_id, store, datetime.now(UTC)), request.GET.get("goal", ""))
    return render(request, "experiments/results.html", context)


@require_GET
def results_stream(request: MemberRequest, experience_id: int) -> HttpResponseBase:
    """The body of the results page anew, whenever the counts have changed, as server-sent events.

    The view is synchronous, so that it may ask the SQL store; the body it returns asks the event store alone.
    """
    experience = found(request, experience_id)
    store = event_store()
    if store is None:
        return HttpResponse(status=204)  # tells the browser not to come back
    chosen = goals_of(experience_id)
    return live.stream(_changes(experience, chosen, store, request.GET.get("goal", ""), request.GET.get("seen", "")))


@require_GET
def results_json(request: MemberRequest, experience_id: int) -> HttpResponse:
    experience, counted = _results(request, experience_id)
    text = json.dumps(counted.as_json(), indent=2, ensure_ascii=False)
    return _download(text, "application/json", experience, "json")


@require_GET
def results_csv(request: MemberRequest, experience_id: int) -> HttpResponse:
    experience, counted = _results(request, experience_id)
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    writer.writerows({key: _harmless(value) for key, value in row.items()} for row in rows(counted))
    return _download(text.getvalue(), "text/csv; charset=utf-8", experience, "csv")


def _results(request: MemberRequest, experience_id: int) -> tuple[ExperienceOutline, ExperienceResults]:
    experience = found(request, experience_id)
    store = event_store()
    if store is None:
        raise Http404
    return experience, results(experience_id, store, datetime.now(UTC))


def _harmless(value: Any) -> Any:
    """Text that a spreadsheet would run as a formula is kept from it: names come from whoever may send events."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value


def _download(text: str, content_type: str, experience: ExperienceOutline, suffix: str) -> HttpResponse:
    name = slugify(experience.name) or f"experience-{experience.id}"
    response = HttpResponse(text, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}-results.{suffix}"'
    return response


async def _changes(
    experience: ExperienceOutline, chosen: list[ChosenGoal], store: EventStore, goal: str, seen: str
) -> AsyncIterator[live.Event | None]:
    """`seen` is the fingerprint of what the page shows."""
    while True:
        counted = await asyncio.to_thread(count, experience, chosen, store, datetime.now(UTC))
        changed = fingerprint(counted) != seen
        seen = fingerprint(counted)
        yield live.Event(html=_body(counted, goal)) if changed else None
        await live.pause(REFRESH_SECONDS)


def _body(counted: ExperienceResults, goal: str) -> str:
    return render_to_string("experiments/parts/results.html", results_context(counted, goal))
