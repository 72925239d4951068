"""*Why* on the page itself, for a member: the page that leads there, its script, and what the script asks."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods

from pitcairn.dashboard.requests import MemberRequest
from pitcairn.edge.personalize import VISITOR_COOKIE
from pitcairn.edge.requests import HeaderReader, client_ip
from pitcairn.edge.visits import Asked
from pitcairn.experiences import editor_views
from pitcairn.experiences.consent import Said
from pitcairn.experiences.editor_access import EditorRequest, answer, new_token, preflight, refused
from pitcairn.experiences.editor_tokens import TOKEN_SECONDS
from pitcairn.experiences.views.why import LONGEST, now_ms
from pitcairn.experiences.why import as_json, explain

SCRIPT = Path(editor_views.SCRIPT).with_name("why.js")
FRAGMENT = "pitcairn-why"
"""The token's name in the address, as the editor's."""
_ASKED = ("url", "visitor", "referrer", "language", "zone", "consent", "gpc", "refused", "writeKey")
NO_EXPERIENCE = 0
"""What the token is for instead of one experience: it opens nothing that can be changed."""


@require_GET
def script(request: HttpRequest) -> HttpResponse:
    """The overlay's code: the same for everyone, and of no use without a token."""
    return editor_views.script_answer(request, SCRIPT)


@csrf_exempt
@require_http_methods(["GET", "OPTIONS"])
def why(request: EditorRequest) -> HttpResponse:
    """Every experience for the visitor that this browser is, on the page that asks."""
    if request.method == "OPTIONS":
        response = preflight(request, "GET")
        response["Access-Control-Allow-Credentials"] = "true"
        return response
    given = {name: request.GET.get(name, "")[:LONGEST] for name in _ASKED}
    cookie = request.COOKIES.get(VISITOR_COOKIE.decode(), "")
    visitor = cookie or given["visitor"]
    if not given["url"] or not visitor:
        response = refused(request, "incomplete", "This browser is no visitor yet: nothing was stored in it.", 422)
    else:
        asked = Asked(
            visitor=visitor,
            url=given["url"],
            at=now_ms(),
            referrer=given["referrer"],
            language=given["language"],
            time_zone=given["zone"],
            **_sent(request),
        )
        said = Said(choice=given["consent"], gpc=given["gpc"] == "1", refused_by_page=given["refused"] == "1")
        told = explain(
            request.editor.member.workspace_id, asked, given["visitor"], said=said, write_key=given["writeKey"]
        )
        response = answer(request, as_json(told))
    # The visitor's cookie is this server's, and a browser brings it only where the answer allows that.
    response["Access-Control-Allow-Credentials"] = "true"
    return response


@require_http_methods(["GET", "POST"])
def open_overlay(request: MemberRequest) -> HttpResponse:
    """Asks on which page, and goes there with a token in the address."""
    address, error = "", ""
    if request.method == "POST":
        address = request.POST.get("address", "").strip()
        try:
            token = new_token(request.member, NO_EXPERIENCE, address)
        except ValueError as problem:
            error = f"{problem}."
        else:
            there = f"{address}{'&' if urlsplit(address).fragment else '#'}{FRAGMENT}={token}"
            if request.headers.get("HX-Request") == "true":
                # By the page's script: a form may not lead to another origin (form-action).
                return HttpResponse(status=204, headers={"HX-Redirect": there})
            return _page(request, address=address, there=there)
    return _page(request, address=address, error=error)


def _sent(request: HttpRequest) -> dict[str, str]:
    """What the edge would see of this request: the browser, and where it is."""
    scope: Any = getattr(request, "scope", None)
    if scope is None:
        return {"user_agent": request.headers.get("User-Agent", "")[:LONGEST]}
    headers = HeaderReader(settings.COUNTRY_HEADER).read(scope)
    return {
        "user_agent": headers.user_agent.decode("latin-1"),
        "country": headers.country.decode("latin-1"),
        "address": client_ip(scope, headers, settings.TRUSTED_PROXIES),
    }


def _page(request: MemberRequest, **more: Any) -> HttpResponse:
    context = {"minutes": TOKEN_SECONDS // 60, "error": "", "there": "", **more}
    return render(request, "experiences/open_why.html", context, status=422 if context["error"] else 200)
