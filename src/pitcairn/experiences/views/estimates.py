"""Whom an experience is for: its page, time and place among others, and how many visitors each segment has."""

from __future__ import annotations

from datetime import UTC, datetime

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from pitcairn.conditions import ConditionError
from pitcairn.dashboard.requests import MemberRequest
from pitcairn.dashboard.stores import event_store
from pitcairn.experiences.content import Content, SegmentInput
from pitcairn.experiences.estimates import DAYS, estimate
from pitcairn.experiences.forms import ExperienceForm
from pitcairn.experiences.page_patterns import PagePatternError
from pitcairn.experiences.pages import found, page_context
from pitcairn.experiences.queries import experience_content, experience_outlines
from pitcairn.experiments import words


@require_GET
def targeting(request: MemberRequest, experience_id: int) -> HttpResponse:
    experience = found(request, experience_id)
    content, _ = experience_content(experience_id)
    order = [one.id for one in experience_outlines(request.workspace.id)]
    context = page_context(experience, "targeting") | {
        "place": order.index(experience_id) + 1,
        "count": len(order),
        **_sizes(request, content.page_url, list(content.segments)),
    }
    return render(request, "experiences/targeting.html", context)


@require_POST
def sizes(request: MemberRequest) -> HttpResponse:
    """How many visitors the segments have that stand in the form, as it was typed so far."""
    form = ExperienceForm.posted(request.POST.dict(), request.POST.getlist("goals"))
    data = form.data()
    content = Content(name="", page_url=data["page_url"], segments=data["segments"])
    return render(request, "experiences/parts/sizes.html", _sizes(request, content.page_url, list(content.segments)))


def _sizes(request: MemberRequest, page_url: str, segments: list[SegmentInput]) -> dict[str, object]:
    store, problem, sizes = event_store(), "", []
    if store is None:
        problem = "Sizes cannot be shown: this process does not have the event store"
    else:
        try:
            size = estimate(store, request.workspace.id, page_url, segments, datetime.now(UTC))
        except (PagePatternError, ConditionError):
            problem = "Sizes are shown when the page and the conditions can be read"
        else:
            if size.visitors:
                sizes = [
                    (one.name or f"Segment {place + 1}", size.segments[place], words.share(size.share(place)))
                    for place, one in enumerate(segments)
                ]
            problem = "" if size.visitors else f"No page view of the last {DAYS} days is on this page"
            return {"sizes": sizes, "visitors": size.visitors, "problem": problem, "days": DAYS}
    return {"sizes": sizes, "visitors": 0, "problem": problem, "days": DAYS}
