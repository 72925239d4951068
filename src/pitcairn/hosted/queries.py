"""What the pages, and others, may know of hosted pages."""

from __future__ import annotations

from datetime import datetime

import msgspec
from django.db.models import Count, Q
from django.utils import timezone

from pitcairn.experiences.tokens import TokenError
from pitcairn.hosted.content import Content, Problem, read_content
from pitcairn.hosted.models import HostedPage, HostedState, HostedVersion
from pitcairn.hosted.rendering import CompiledPage
from pitcairn.hosted.services import missing_for_start
from pitcairn.workspaces.queries import public_traits

STATES: dict[str, tuple[str, str]] = {
    HostedState.DRAFT: ("off", "Draft"),
    HostedState.LIVE: ("on", "Live"),
    HostedState.ARCHIVED: ("none", "Archived"),
}
"""The dot and the word of a state."""


class HostedOutline(msgspec.Struct, frozen=True, kw_only=True):
    """A page as lists show it. `links` are those that work."""

    id: int
    name: str
    slug: str
    state: str
    state_dot: str
    state_words: str
    version: int
    links: int
    general: bool
    source_id: int | None
    started_at: datetime | None
    updated_at: datetime


class VersionItem(msgspec.Struct, frozen=True, kw_only=True):
    number: int
    content: Content
    made_at: datetime
    made_by: str
    restores: int | None


def hosted_pages(workspace_id: int) -> list[HostedOutline]:
    """Every page of the workspace, by name; archived ones last."""
    rows = [_outline(page) for page in _counted(workspace_id).order_by("name")]
    return sorted(rows, key=lambda one: one.state == HostedState.ARCHIVED)


def hosted_page(workspace_id: int, page_id: int) -> HostedOutline | None:
    page = _counted(workspace_id).filter(id=page_id).first()
    return None if page is None else _outline(page)


def page_content(workspace_id: int, page_id: int) -> Content:
    return read_content(HostedPage.objects.values_list("content", flat=True).get(workspace_id=workspace_id, id=page_id))


def page_versions(page_id: int) -> list[VersionItem]:
    """The newest first."""
    return [
        VersionItem(
            number=row.number,
            content=read_content(row.content),
            made_at=row.made_at,
            made_by=row.made_by,
            restores=row.restores,
        )
        for row in HostedVersion.objects.filter(page_id=page_id).order_by("-number")
    ]


def page_names(page_id: int) -> list[str]:
    """Every name that the page ever had: events were sent with them."""
    contents = HostedVersion.objects.filter(page_id=page_id).values_list("content", flat=True)
    return sorted({str(content["name"]) for content in contents})


def missing(workspace_id: int, page_id: int) -> list[Problem]:
    """What the page still lacks to be live."""
    return missing_for_start(HostedPage.objects.get(workspace_id=workspace_id, id=page_id))


def said_traits(workspace_id: int, content: Content) -> tuple[list[str], list[str]]:
    """The traits that the page says, and those of them that are not public: its recipients alone should see these."""
    try:
        names = CompiledPage(content).names
    except (TokenError, KeyError):
        return [], []
    return sorted(names), sorted(names - public_traits(workspace_id))


def _counted(workspace_id: int):  # type: ignore[no-untyped-def]  # an annotated query set has no type to be written
    working = Q(links__revoked_at__isnull=True) & (
        Q(links__expires_at__isnull=True) | Q(links__expires_at__gt=timezone.now())
    )
    pages = HostedPage.objects.filter(workspace_id=workspace_id)
    return pages.annotate(working=Count("links", filter=working & Q(links__id__isnull=False)))


def _outline(page: HostedPage) -> HostedOutline:
    dot, words = STATES[page.state]
    return HostedOutline(
        id=page.id,
        name=page.name,
        slug=page.slug,
        state=page.state,
        state_dot=dot,
        state_words=words,
        version=page.version,
        links=page.working,  # type: ignore[attr-defined]  # counted by the query
        general=page.general,
        source_id=page.source_id,
        started_at=page.started_at,
        updated_at=page.updated_at,
    )
