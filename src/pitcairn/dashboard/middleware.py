"""The one place that decides who may see a page and who may change something."""

from collections.abc import Callable
from typing import Any, cast
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse

from pitcairn.api import access as api_access
from pitcairn.dashboard.requests import MemberRequest
from pitcairn.experiences import editor_access
from pitcairn.workspaces.models import Member, Role, User
from pitcairn.workspaces.queries import membership

PUBLIC = api_access.OPEN | {
    "sign-in",
    "profile-api",
    "profile-api-unknown",
    "editor:script",
    "editor:preview",
    "editor:why-script",
    "shared-results",
}
"""Names of the routes that need no sign-in: the Profile API and the results API ask for a token, shared results have one in
their address. Static files and `/health` never get here."""

BY_TOKEN = frozenset({"editor:experience", "editor:why"})
"""Routes that a customer's page calls for a member, who is named by a token and by no cookie."""

OWN_BUSINESS = frozenset({"sign-in", "sign-out", "theme", "switch-workspace", "workspaces:password"})
"""Routes that change nothing in a workspace; viewers may post to them too."""

SHOWS = frozenset({"experiences:open-why", "editor:why"})
"""Routes that ask by POST or by token and only show what viewers see on the pages too."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
WORKSPACE_SESSION_KEY = "workspace_id"

CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)
"""Scripts and styles come from our own files: no inline script, no style attribute, no eval."""


class DashboardMiddleware:
    """Lets members in, keeps others out, and keeps viewers from changing anything.

    A request without a session goes to the sign-in page and comes back afterwards. A signed-in user without a workspace
    gets 403. Views find `request.member` and `request.workspace`, and may rely on both.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "no-store"  # what a member saw is not for the next user of this browser
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """None lets the view run; a response keeps it from running."""
        route = request.resolver_match.view_name if request.resolver_match else ""
        if route in PUBLIC:
            return None
        if route in BY_TOKEN:
            return _admit_by_token(request, route)
        if route.startswith(f"{api_access.NAMESPACE}:"):
            return api_access.admit(request)
        if not request.user.is_authenticated:
            return _to_sign_in(request)
        return _admit(request, route)


def recognize(request: HttpRequest) -> Member | None:
    """Sets who is asking and in which workspace; None when it is nobody's member.

    The workspace is the one the session names, or the user's first one when that is none of theirs (any more).
    """
    if not isinstance(request.user, User):
        return None
    wanted = request.session.get(WORKSPACE_SESSION_KEY)
    member = (membership(request.user, wanted) if isinstance(wanted, int) else None) or membership(request.user)
    if member is not None:
        known = cast("MemberRequest", request)
        known.member, known.workspace = member, member.workspace
    return member


def _admit(request: HttpRequest, route: str) -> HttpResponse | None:
    member = recognize(request)
    if member is None:
        if route in OWN_BUSINESS:
            return None
        return _refusal(request, "You are not a member of any workspace", "Ask an owner of the workspace to add you.")
    if request.method not in SAFE_METHODS and member.role == Role.VIEWER and route not in OWN_BUSINESS | SHOWS:
        return _refusal(
            request,
            "You can look at this workspace, and not change it",
            f"Your role in {member.workspace.name} is Viewer. Ask an owner to make you an Editor.",
        )
    return None


def _admit_by_token(request: HttpRequest, route: str) -> HttpResponse | None:
    if request.method == "OPTIONS":
        return None  # A browser asks before it sends the token; the answer tells nothing.
    try:
        who = editor_access.access(request)
    except editor_access.EditorRefused as refusal:
        return editor_access.refused(request, refusal.code, str(refusal), refusal.status)
    if who.member.role == Role.VIEWER and route not in SHOWS:
        text = f"Your role in {who.member.workspace.name} is Viewer. Ask an owner to make you an Editor."
        return editor_access.refused(request, "not_allowed", text, 403)
    cast("editor_access.EditorRequest", request).editor = who
    return None


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    address = reverse("sign-in")
    if request.headers.get("HX-Request") == "true":
        # A part of a page cannot show the sign-in page: the whole page goes there.
        return HttpResponse(status=401, headers={"HX-Redirect": address})
    if request.method in SAFE_METHODS and request.path != "/":
        address += "?" + urlencode({"next": request.get_full_path()})
    return redirect(address)


def _refusal(request: HttpRequest, title: str, text: str) -> HttpResponse:
    return render(request, "dashboard/refusal.html", {"refusal_title": title, "refusal_text": text}, status=403)
