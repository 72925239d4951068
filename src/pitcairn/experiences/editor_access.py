"""Who is behind a request of the visual editor: a token's member, on the origin and for the experience that the token names."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse

from pitcairn.experiences.editor_tokens import (
    TOKEN_SECONDS,
    EditorToken,
    claimed,
    is_genuine,
    origin_of,
    session_digest,
    write_token,
)
from pitcairn.workspaces.models import Member


class EditorRefused(Exception):
    """The request is not let in. `code` is for the editor, the text for its user."""

    def __init__(self, code: str, text: str, status: int = 401) -> None:
        super().__init__(text)
        self.code, self.status = code, status


@dataclass(frozen=True)
class EditorAccess:
    token: EditorToken
    member: Member


class EditorRequest(HttpRequest):
    """A request of the editor. `DashboardMiddleware` sets `editor` before the view runs."""

    editor: EditorAccess


def new_token(member: Member, experience_id: int, address: str, now: float | None = None) -> str:
    """A token for the page at `address`, which must be an http or https address. Raises ValueError otherwise."""
    origin = origin_of(address)
    if not origin:
        raise ValueError(
            f"{address!r} is not the address of a page; write it in full, such as https://www.example.com/pricing"
        )
    return write_token(
        member.workspace.secret,
        EditorToken(
            workspace_id=member.workspace_id,
            experience_id=experience_id,
            member_id=member.id,
            origin=origin,
            expires_at=int(time.time() if now is None else now) + TOKEN_SECONDS,
            session=session_digest(member.user.get_session_auth_hash()),
        ),
    )


def access(request: HttpRequest) -> EditorAccess:
    """Who asks. Raises EditorRefused. What a member may do with it is for the caller to decide by the member's role."""
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    token = claimed(text.strip()) if scheme.lower() == "bearer" else None
    if token is None:
        raise EditorRefused("token_missing", "Open the editor from the experience's page in the dashboard.")
    member = (
        Member.objects.select_related("workspace", "user")
        .filter(id=token.member_id, workspace_id=token.workspace_id)
        .first()
    )
    if member is None:
        raise EditorRefused("token_revoked", "You are not a member of this workspace any more.")
    if not is_genuine(member.workspace.secret, text.strip()):
        raise EditorRefused(
            "token_invalid", "This is no token of this server. Open the editor from the dashboard again."
        )
    if token.expires_at <= time.time():
        raise EditorRefused("token_expired", "The editor was open for its time. Open it from the dashboard again.")
    if not member.user.is_active or session_digest(member.user.get_session_auth_hash()) != token.session:
        raise EditorRefused(
            "token_revoked", "The member's sign-in has changed. Open the editor from the dashboard again."
        )
    # A browser names the origin with every request to another one, and with every save. Without a name the page reads through a
    # path of its own website, whose proxy may say another host here than the visitor's; whoever is no browser names any.
    origin = request.headers.get("Origin", token.origin)
    if origin_of(origin) != token.origin:
        raise EditorRefused(
            "wrong_origin",
            f"The editor was opened for {token.origin}, and this page is on {origin}. Open it for this address.",
            403,
        )
    return EditorAccess(token, member)


def answer(request: HttpRequest, body: object, status: int = 200) -> HttpResponse:
    """JSON for the page that asked, and for none but it."""
    response = HttpResponse(msgspec.json.encode(body), content_type="application/json", status=status)
    response["Cache-Control"] = "no-store"
    allow(request, response)
    return response


def allow(request: HttpRequest, response: HttpResponse) -> None:
    """Lets the asking page read the answer. No cookie goes with it: the token alone says who asks."""
    if origin := request.headers.get("Origin"):
        response["Access-Control-Allow-Origin"] = origin
    response["Vary"] = "Origin"


def preflight(request: HttpRequest, methods: str) -> HttpResponse:
    """Answers what a browser asks before it sends the token."""
    response = HttpResponse(status=204)
    allow(request, response)
    response["Access-Control-Allow-Methods"] = methods
    response["Access-Control-Allow-Headers"] = "authorization, content-type"
    response["Access-Control-Max-Age"] = "600"
    return response


def refused(request: HttpRequest, code: str, message: str, status: int, **more: Any) -> HttpResponse:
    return answer(request, {"success": False, "code": code, "message": message, **more}, status)
