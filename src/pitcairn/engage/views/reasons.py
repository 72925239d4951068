"""Why somebody is in an audience, or is not: every condition with its answer, down to the events that decide."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from pitcairn.conditions.explanation import Explanation
from pitcairn.dashboard.requests import MemberRequest
from pitcairn.dashboard.stores import event_store
from pitcairn.dashboard.times import from_ms
from pitcairn.engage import explanations, queries
from pitcairn.engage.previews import person_lines
from pitcairn.engage.queries_syncs import sync_log
from pitcairn.engage.views.pages import audience_or_404, computation_page, now_ms, value_words

MISSED = {"window": "too old or too new", "where": "its properties do not fit", "then": "what came after does not fit"}


@require_GET
def why(request: MemberRequest, audience_id: int, profile_id: int) -> HttpResponse:
    found = audience_or_404(request, audience_id)
    people = person_lines(request.workspace.id, [profile_id])
    if not people:
        raise Http404
    person = people[0]
    store = event_store()
    found_why = [] if store is None else explanations.why(store, request.workspace.id, audience_id, person.id, now_ms())
    membership = next((one for one in queries.memberships_of(person.id) if one.computation_id == audience_id), None)
    told = (
        []
        if store is None
        else [(sync, sync_log(store, request.workspace.id, sync.id, person.id)) for sync in found.syncs]
    )
    context = {
        "person": person,
        "told": told,
        "membership": membership,
        "since": from_ms(membership.since) if membership and membership.since else None,
        "no_store": store is None,
        "explanations": [_line(one) for one in found_why],
        "history": [
            (value_words(past.value), from_ms(past.since), from_ms(past.until))
            for past in (membership.history if membership else ())
        ],
    }
    return render(request, "engage/why.html", computation_page(found, "people") | context)


def _line(one: Explanation) -> dict[str, Any]:
    """A part of the condition as the page shows it. A group of one part says nothing that the part does not say."""
    if len(one.inner) == 1 and one.inner[0].words == one.words:
        return _line(one.inner[0])
    return {
        "words": one.words,
        "holds": one.holds,
        "value": _found_words(one),
        "evidence": [(event, from_ms(event.timestamp)) for event in one.evidence],
        "missed": [(missed.event, from_ms(missed.event.timestamp), MISSED[missed.reason]) for missed in one.missed],
        "inner": [_line(inner) for inner in one.inner],
    }


def _found_words(one: Explanation) -> str:
    if one.inner:
        return ""
    return "there is none" if one.value is None else value_words(one.value)
