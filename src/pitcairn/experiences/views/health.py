"""The health of one experience: whether its elements are found, and what it costs its visitors."""

from datetime import UTC, datetime

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from pitcairn.dashboard.requests import MemberRequest
from pitcairn.dashboard.stores import event_store
from pitcairn.edge.personalize import HIDE_CAP_MS
from pitcairn.edge.vitals import SHARE
from pitcairn.experiences.health.chart import charts
from pitcairn.experiences.health.figures import health
from pitcairn.experiences.health.rules import FEWEST_COSTS
from pitcairn.experiences.health.words import share
from pitcairn.experiences.pages import found, page_context
from pitcairn.experiences.queries import sought_selectors


@require_GET
def health_page(request: MemberRequest, experience_id: int) -> HttpResponse:
    experience = found(request, experience_id)
    store = event_store()
    context = page_context(experience, "health") | {
        "no_store": store is None,
        "told": share(SHARE),
        "fewest": FEWEST_COSTS,
    }
    if store is not None:
        shown = health(store, request.workspace.id, experience_id, sought_selectors(experience_id), datetime.now(UTC))
        context |= {"health": shown, "charts": charts(shown.days, HIDE_CAP_MS)}
    return render(request, "experiences/health.html", context)
