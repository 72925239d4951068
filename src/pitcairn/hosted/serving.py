"""What the edge needs to answer `/p/…`, read from the SQL store when it is asked for: a draft is shown to nobody."""

from __future__ import annotations

import functools
from datetime import datetime

import msgspec

from pitcairn.hosted.content import read_content
from pitcairn.hosted.models import HostedLink, HostedPage, HostedState, HostedVersion
from pitcairn.hosted.rendering import CompiledPage
from pitcairn.hosted.tokens import GENERAL, is_token, reference

_KEPT = 256
"""Compiled pages: of each, the version in force."""


class OpenedPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page that may be shown. Both ids are None behind the general link. `reference` names the link in events."""

    workspace_id: int
    page_id: int
    version: int
    name: str
    slug: str
    source_id: int | None
    profile_id: int | None = None
    account_id: int | None = None
    reference: str = GENERAL
    indexed: bool = False

    @property
    def personal(self) -> bool:
        return self.reference != GENERAL


def opened_by_link(slug: str, token: str, now: datetime) -> OpenedPage | None:
    """What a personal link opens; None for an unknown, revoked or ended one, and for a page that is not live."""
    if not is_token(token):
        return None
    link = HostedLink.objects.select_related("page").filter(token=token, revoked_at__isnull=True).first()
    if link is None or (link.expires_at is not None and link.expires_at <= now):
        return None
    page = link.page
    if page.state != HostedState.LIVE or page.slug != slug or page.workspace_id != link.workspace_id:
        return None
    opened = _opened(page)
    return msgspec.structs.replace(
        opened, profile_id=link.profile_id, account_id=link.account_id, reference=reference(token), indexed=False
    )


def opened_by_all(slug: str) -> OpenedPage | None:
    """What the general link opens; None where there is none."""
    page = HostedPage.objects.filter(slug=slug, state=HostedState.LIVE, general=True).first()
    return None if page is None else _opened(page)


def _opened(page: HostedPage) -> OpenedPage:
    return OpenedPage(
        workspace_id=page.workspace_id,
        page_id=page.id,
        version=page.version,
        name=page.name,
        slug=page.slug,
        source_id=page.source_id,
        indexed=bool(page.content.get("indexed", False)),
    )


@functools.lru_cache(_KEPT)
def compiled_page(page_id: int, version: int) -> CompiledPage:
    """The page of this version, which never changes. Raises msgspec.ValidationError and TokenError for what newer rules
    refuse."""
    content = HostedVersion.objects.values_list("content", flat=True).get(page_id=page_id, number=version)
    return CompiledPage(read_content(content))
