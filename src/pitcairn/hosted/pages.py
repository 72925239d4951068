"""What the pages of one hosted page have in common."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import Http404
from django.urls import reverse

from pitcairn.dashboard.requests import MemberRequest
from pitcairn.hosted.queries import HostedOutline, hosted_page

_TABS = (
    ("page", "Page", "hosted:detail"),
    ("links", "Recipients", "hosted:links"),
    ("versions", "Versions", "hosted:versions"),
)


def found(request: MemberRequest, page_id: int) -> HostedOutline:
    """The page, if it is one of the member's workspace. Raises Http404 otherwise."""
    page = hosted_page(request.workspace.id, page_id)
    if page is None:
        raise Http404
    return page


def page_context(page: HostedOutline, tab: str) -> dict[str, Any]:
    """What `hosted/page.html` shows around the content of a tab."""
    return {
        "page": page,
        "tabs": [
            {"url": reverse(route, args=[page.id]), "label": label, "current": name == tab}
            for name, label, route in _TABS
        ],
    }


def public_base(request: MemberRequest) -> str:
    """This server's address as recipients know it."""
    return settings.PUBLIC_URL or f"{request.scheme}://{request.get_host()}"


def typed_number(text: str) -> int | None:
    """A number that stands in a form or an address; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def sentence(text: str) -> str:
    """A problem as a sentence of a page."""
    return f"{text[0].upper()}{text[1:]}."
