"""People: who is there, and who an identifier belongs to."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from pitcairn.dashboard.requests import MemberRequest
from pitcairn.profiles import queries

PAGE = 50


@require_GET
def people(request: MemberRequest) -> HttpResponse:
    text = request.GET.get("q", "").strip()
    before = request.GET.get("before", "")
    start = int(before) if before.isdigit() and len(before) <= 13 else None
    if text:
        found = queries.search(request.workspace.id, text, limit=PAGE)
    else:
        found = queries.recent_profiles(request.workspace.id, limit=PAGE + 1, before=start)
    older = int(found[PAGE - 1].last_seen_at.timestamp() * 1000) if len(found) > PAGE else None
    context = {"people": found[:PAGE], "q": text, "older": older, "before": start}
    return render(request, "profiles/people.html", context)
