"""The list of experiences, and one experience: its segments and variations."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from pitcairn.connections import queries as connections
from pitcairn.dashboard.requests import MemberRequest
from pitcairn.dashboard.stores import event_store
from pitcairn.experiences import services
from pitcairn.experiences.health.alarms import alarms_of
from pitcairn.experiences.models import SERVED, ExperienceState
from pitcairn.experiences.overview import ExperienceOverview, all_experiences
from pitcairn.experiences.pages import found, page_context
from pitcairn.experiments import words
from pitcairn.experiments.queries import goals_of
from pitcairn.experiments.results import primary_segments

SORTS: dict[str, Callable[[ExperienceOverview], Any]] = {
    "": lambda one: one.position,
    "name": lambda one: one.name.casefold(),
    "place": lambda one: one.page_url,
    "state": lambda one: list(ExperienceState).index(one.state),
    "visitors": lambda one: one.visitors or 0,
}
STATE_FILTERS = (
    ("", "All"), ("live", "Live"), ("promoted", "Promoted"), ("paused", "Paused"), ("draft", "Drafts"), ("archived", "Archived")
)  # fmt: skip


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
    control = 0.0 if experience.promoted_at else experience.control_share
    context = page_context(experience, "segments") | {
        "goals": goals_of(experience_id),
        "segments": [
            (
                segment,
                counts.get(segment.id),
                [(one, words.share(one.share * (1 - control))) for one in segment.variations],
            )
            for segment in experience.segments
        ],
        "control_share": words.share(experience.control_share),
        "missing": services.missing_for_start(experience_id) if draft else (),
        "alarms": [one for one in alarms_of(experience_id, datetime.now(UTC)) if not one.ended],
        "not_connected": experience.state in SERVED and not _personalizes(request),
    }
    return render(request, "experiences/detail.html", context)


def _personalizes(request: MemberRequest) -> bool:
    """Whether a Mutiny destination takes messages: without one nothing is personalized."""
    return any(one.state == "on" for one in connections.destinations(request.workspace.id, slug="mutiny"))
