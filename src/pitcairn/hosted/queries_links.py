"""The links of a page with their recipients, and what became of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Literal

import msgspec
from django.db.models import Q
from django.utils import timezone

from pitcairn.eventstore import EventStore
from pitcairn.eventstore.hosted import LinkVisits
from pitcairn.hosted.models import HostedLink
from pitcairn.hosted.queries import HostedOutline, page_names
from pitcairn.hosted.tokens import GENERAL, reference
from pitcairn.profiles.identity import EMAIL, USER_ID
from pitcairn.profiles.queries import ProfileItem, living, profile_items, survivor_of
from pitcairn.profiles.queries_accounts import accounts_by_ids

PAGE = 50
_AT_ONCE = 500
LinkState = Literal["works", "ended", "revoked"]


class LinkItem(msgspec.Struct, frozen=True, kw_only=True):
    """A link as its page shows it. `recipient` is empty for a person who was deleted; then it opens nothing."""

    id: int
    path: str
    recipient: str
    email: str
    user_id: str
    group_id: str
    profile_id: int | None
    account_id: int | None
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    state: LinkState
    visits: LinkVisits | None
    """None when it was never opened, or nobody can tell just now."""


class LinkPage(msgspec.Struct, frozen=True, kw_only=True):
    links: list[LinkItem]
    next: int | None
    """Give it as `before` for the following page; None at the end."""
    total: int


def link_page(
    page: HostedOutline, store: EventStore | None, workspace_id: int, *, before: int | None = None, ended: bool = False
) -> LinkPage:
    """The links that work, the newest first; with `ended` those that do not any more."""
    rows = HostedLink.objects.filter(page_id=page.id).filter(_ended() if ended else ~_ended()).order_by("-id")
    shown = list((rows.filter(id__lt=before) if before is not None else rows)[: PAGE + 1])
    visits = visits_of(page, store, workspace_id, [reference(link.token) for link in shown[:PAGE]])
    return LinkPage(
        links=_items(page, workspace_id, shown[:PAGE], visits),
        next=shown[PAGE - 1].id if len(shown) > PAGE else None,
        total=rows.count(),
    )


def visits_of(
    page: HostedOutline, store: EventStore | None, workspace_id: int, references: Sequence[str] = ()
) -> dict[str, LinkVisits]:
    """By reference; without any, of all links and the general one."""
    return {} if store is None else store.hosted_visits(workspace_id, page.id, page_names(page.id), references)


def general_visits(page: HostedOutline, store: EventStore | None, workspace_id: int) -> LinkVisits | None:
    return visits_of(page, store, workspace_id, [GENERAL]).get(GENERAL)


def links_csv(page: HostedOutline, workspace_id: int, base: str) -> Iterator[str]:
    """The links that work as CSV for a mail merge, in parts: whose each is, and its address under `base`."""
    yield _line(["name", "email", "user_id", "group_id", "link", "expires_at"])
    rows = HostedLink.objects.filter(page_id=page.id).filter(~_ended()).order_by("id")
    after = 0
    while part := list(rows.filter(id__gt=after)[:_AT_ONCE]):
        after = part[-1].id
        for link in _items(page, workspace_id, part, {}):
            if link.recipient:
                ends = link.expires_at.isoformat() if link.expires_at else ""
                cells = [link.recipient, link.email, link.user_id, link.group_id, f"{base}{link.path}", ends]
                yield _line([_as_text(cell) for cell in cells])


def _ended() -> Q:
    return Q(revoked_at__isnull=False) | Q(expires_at__isnull=False, expires_at__lte=timezone.now())


def _items(
    page: HostedOutline, workspace_id: int, links: Sequence[HostedLink], visits: dict[str, LinkVisits]
) -> list[LinkItem]:
    people = _people(workspace_id, [link.profile_id for link in links if link.profile_id is not None])
    accounts = accounts_by_ids(workspace_id, [link.account_id for link in links if link.account_id is not None])
    now = timezone.now()
    found = []
    for link in links:
        person = people.get(link.profile_id or 0)
        account = accounts.get(link.account_id or 0)
        known = {one.type: one.value for one in reversed(person.identifiers)} if person else {}
        ended = link.expires_at is not None and link.expires_at <= now
        found.append(
            LinkItem(
                id=link.id,
                path=f"/p/{page.slug}/{link.token}",
                recipient=person.title if person else account.title if account else "",
                email=known.get(EMAIL, ""),
                user_id=known.get(USER_ID, ""),
                group_id=account.group_id if account else "",
                profile_id=person.id if person else None,
                account_id=account.id if account else None,
                created_at=link.created_at,
                created_by=link.created_by,
                expires_at=link.expires_at,
                state="ended" if ended else "revoked" if link.revoked_at is not None else "works",
                visits=visits.get(reference(link.token)),
            )
        )
    return found


def _people(workspace_id: int, ids: Sequence[int]) -> dict[int, ProfileItem]:
    """By the id that a link was made for; of those who were merged since, the whole person."""
    found = {item.id: item for item in profile_items(living(workspace_id, ids))}
    for profile_id in ids:
        if profile_id not in found and (survivor := survivor_of(workspace_id, profile_id)) is not None:
            found.update((profile_id, item) for item in profile_items(living(workspace_id, [survivor])))
    return found


def _line(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue()


def _as_text(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell[:1] in {"=", "+", "-", "@", "\t", "\r"} else cell
