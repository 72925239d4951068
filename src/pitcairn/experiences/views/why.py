"""Why a visitor sees what they see: for one experience, for all of them, and as JSON."""

import time

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from pitcairn.connections import queries as connections
from pitcairn.dashboard.requests import MemberRequest
from pitcairn.edge.visits import Asked
from pitcairn.experiences.consent import Said
from pitcairn.experiences.pages import found, page_context
from pitcairn.experiences.why import Explanation, as_json, explain

LONGEST = 2_000
"""Characters of a field: as long as addresses are."""


@require_GET
def why(request: MemberRequest) -> HttpResponse:
    """All experiences for the visitor and the page that the address names; without them, what to ask for."""
    explanation = _explanation(request)
    return render(request, "experiences/why.html", _context(request, explanation))


@require_GET
def why_of(request: MemberRequest, experience_id: int) -> HttpResponse:
    """The same for one experience, among its pages."""
    experience = found(request, experience_id)
    explanation = _explanation(request)
    context = page_context(experience, "why") | _context(request, explanation)
    if explanation is not None:
        context["whys"] = [one for one in explanation.experiences if one.id == experience_id]
    return render(request, "experiences/why_of.html", context)


@require_GET
def why_json(request: MemberRequest) -> HttpResponse:
    explanation = _explanation(request)
    if explanation is None:
        error = {"code": "incomplete", "message": "Name a visitor and the address of a page: ?visitor=…&url=…"}
        return JsonResponse({"error": error}, status=422)
    return JsonResponse(as_json(explanation))


def _explanation(request: MemberRequest) -> Explanation | None:
    given = _given(request)
    if not (given["visitor"] and given["url"]):
        return None
    asked = Asked(
        visitor=given["visitor"],
        url=given["url"] if "://" in given["url"] else f"https://{given['url']}",
        at=now_ms(),
        referrer=given["referrer"],
        user_agent=given["user_agent"],
        language=given["language"],
        time_zone=given["time_zone"],
        country=given["country"].upper(),
        address=given["address"],
    )
    said = Said(choice=given["consent"], gpc=given["gpc"] == "1")
    return explain(request.workspace.id, asked, said=said, write_key=given["source"])


def now_ms() -> int:
    return int(time.time() * 1000)


def _given(request: MemberRequest) -> dict[str, str]:
    names = (
        "visitor", "url", "referrer", "user_agent", "language", "time_zone", "country", "address", "consent", "gpc", "source",
    )  # fmt: skip
    given = {name: request.GET.get(name, "").strip()[:LONGEST] for name in names}
    if "user_agent" not in request.GET:
        given["user_agent"] = request.headers.get("User-Agent", "")[:LONGEST]
    return given


def _context(request: MemberRequest, explanation: Explanation | None) -> dict[str, object]:
    return {
        "given": _given(request),
        "explanation": explanation,
        "whys": explanation.experiences if explanation else (),
        "websites": [
            (one.write_key, one.name)
            for one in connections.sources(request.workspace.id)
            if one.enabled and one.kind == "browser"
        ],
    }
