"""The visual editor's server side: its script, what it reads and saves, and the page that opens it."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods

from pitcairn.dashboard.requests import MemberRequest
from pitcairn.experiences.editing import EditConflict, VariationEdit, edited_experience, is_editable, save_edits
from pitcairn.experiences.editor_access import EditorRequest, answer, new_token, preflight, refused
from pitcairn.experiences.editor_tokens import TOKEN_SECONDS
from pitcairn.experiences.models import ExperienceState, ExperienceType
from pitcairn.experiences.pages import found, page_context
from pitcairn.experiences.services import ExperienceError

SCRIPT = Path(__file__).parent / "built/editor.js"
FRAGMENT = "pitcairn-editor"
"""The token's name in the address: in its fragment, which no browser sends to any server."""

REQUEST_BYTES = 4_000_000
"""Fifty segments at the limit of their changes."""

ADDRESS_KEY = "editor_addresses"


class SaveRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    variations: list[VariationEdit]


_decode = msgspec.json.Decoder(SaveRequest).decode


@require_GET
def script(request: HttpRequest) -> HttpResponse:
    """The editor's code: the same for everyone, and of no use without a token."""
    return script_answer(request, SCRIPT)


def script_answer(request: HttpRequest, path: Path) -> HttpResponse:
    """A script for pages of any origin, which are told when it has not changed."""
    body, etag = _script(path)
    known = request.headers.get("If-None-Match") == etag
    # Also an answer without a body has the type: Chromium blocks another site's script that seems to be a page.
    response = HttpResponse(
        b"" if known else body, content_type="text/javascript; charset=utf-8", status=304 if known else 200
    )
    response["ETag"] = etag
    response["Cache-Control"] = "no-cache"
    response["Access-Control-Allow-Origin"] = "*"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@cache
def _script(path: Path) -> tuple[bytes, str]:
    body = path.read_bytes()
    return body, f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'


@csrf_exempt
@require_http_methods(["GET", "POST", "OPTIONS"])
def experience(request: EditorRequest) -> HttpResponse:
    """GET what can be edited, POST what was. `request.editor` says which experience; nothing in the request does."""
    if request.method == "OPTIONS":
        return preflight(request, "GET, POST")
    token, member = request.editor.token, request.editor.member
    if request.method == "GET":
        experience = edited_experience(member.workspace_id, token.experience_id)
        if experience is None:
            return refused(request, "not_found", "This experience was deleted.", 404)
        return answer(
            request,
            {
                "member": member.user.email,
                "expiresAt": token.expires_at * 1000,
                "experience": experience,
                "tokens": sorted(member.workspace.public_traits),
            },
        )
    try:
        given = _decode(request.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return refused(request, "invalid_request", f"Not a save of the editor: {error}", 400)
    try:
        saved = save_edits(member.workspace_id, token.experience_id, given.variations, by=member.user.email)
    except EditConflict as conflict:
        return refused(
            request,
            "conflict",
            f"{conflict}.",
            409,
            experience=conflict.saved,
            savedBy=conflict.by,
            savedAt=conflict.at and int(conflict.at.timestamp() * 1000),
        )
    except ExperienceError as error:
        return refused(request, "invalid_changes", f"{error}.", 422)
    return answer(request, {"experience": saved})


@require_http_methods(["GET", "POST"])
def open_editor(request: MemberRequest, experience_id: int) -> HttpResponse:
    """Asks on which page, and goes there with a token in the address."""
    experience = found(request, experience_id)
    if experience.state is ExperienceState.ARCHIVED:
        messages.error(request, f"{experience.name} is archived and stays as it was. Duplicate it instead.")
        return redirect("experiences:detail", experience_id)
    if not is_editable(experience.type):
        label = ExperienceType(experience.type).label.lower()
        messages.error(request, f"{experience.name} is a {label}: it changes nothing of a page. Its fields are here.")
        return redirect("experiences:edit", experience_id)
    addresses: dict[str, str] = request.session.get(ADDRESS_KEY, {})
    address, error = addresses.get(str(experience_id)) or address_in(experience.page_url), ""
    if request.method == "POST":
        address = request.POST.get("address", "").strip()
        try:
            token = new_token(request.member, experience_id, address)
        except ValueError as problem:
            error = f"{problem}."
        else:
            request.session[ADDRESS_KEY] = {**addresses, str(experience_id): address}
            there = f"{address}{'&' if '#' in address else '#'}{FRAGMENT}={token}"
            if request.headers.get("HX-Request") == "true":
                # By the page's script: a form may not lead to another origin, not even by way of ours (form-action).
                return HttpResponse(status=204, headers={"HX-Redirect": there})
            return _open_page(request, experience, address=address, there=there)
    return _open_page(request, experience, address=address, error=error)


def _open_page(request: MemberRequest, experience: Any, **more: Any) -> HttpResponse:
    context = page_context(experience, "") | {"minutes": TOKEN_SECONDS // 60, "error": "", "there": "", **more}
    return render(request, "experiences/open_editor.html", context, status=422 if context["error"] else 200)


def address_in(page_url: str) -> str:
    """The address that a page pattern names, if it names one: no `*`, and a host."""
    if "*" in page_url or page_url.startswith("/"):
        return ""
    if "://" in page_url:
        return page_url
    host = urlsplit(f"//{page_url}").hostname or ""
    local = host in {"localhost", "127.0.0.1"} or host.endswith(".localhost")
    return f"{'http' if local else 'https'}://{page_url}"
