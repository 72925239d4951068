"""What the pages, and others, may know of accounts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from django.db.models import Count

from pitcairn.dashboard.times import from_ms
from pitcairn.profiles.identity import TraitValue, current_traits
from pitcairn.profiles.models import Account, AccountPerson, Profile
from pitcairn.profiles.queries import ProfileItem, living, profile_items

NAME_TRAITS = ("name", "company", "company_name")

_decode_traits = msgspec.json.Decoder(dict[str, TraitValue]).decode


@dataclass(frozen=True, kw_only=True)
class AccountItem:
    """An account as lists show it."""

    id: int
    group_id: str
    title: str
    traits: dict[str, TraitValue]
    people: int
    """How many profiles ever joined it; those that are one person by now count once each in `account_people` alone."""
    created_at: datetime
    last_seen_at: datetime


@dataclass(frozen=True, kw_only=True)
class AccountTraitItem:
    name: str
    value: Any
    set_at: datetime
    source_id: int


@dataclass(frozen=True, kw_only=True)
class AccountDetail:
    item: AccountItem
    traits: tuple[AccountTraitItem, ...]


def accounts(workspace_id: int, *, text: str = "", limit: int, before: int | None = None) -> list[AccountItem]:
    """The accounts seen last, newest first, whose group id begins with `text`; `before` (ms since 1970) goes on."""
    found = Account.objects.filter(workspace_id=workspace_id)
    if text:
        found = found.filter(group_id__gte=text, group_id__lt=text + "\U0010ffff")
    if before is not None:
        found = found.filter(last_seen_at__lt=before)
    return _items(found.order_by("-last_seen_at")[:limit])


def account(workspace_id: int, account_id: int) -> AccountDetail | None:
    """One account, or None when there is none with this id."""
    row = Account.objects.filter(workspace_id=workspace_id, id=account_id).first()
    if row is None:
        return None
    item = _items([row])[0]
    return AccountDetail(
        item=item,
        traits=tuple(
            AccountTraitItem(name=name, value=trait.value, set_at=from_ms(trait.set_at), source_id=trait.source_id)
            for name, trait in sorted(item.traits.items())
        ),
    )


def account_of(workspace_id: int, group_id: str) -> int | None:
    """The id of the account with this group id, or None."""
    found = Account.objects.filter(workspace_id=workspace_id, group_id=group_id)
    return found.values_list("id", flat=True).first()


def account_people(workspace_id: int, account_id: int, *, limit: int, after: int = 0) -> list[ProfileItem]:
    """The living people of an account in the order of their ids; `after` goes on from the last id of an earlier page."""
    joined = AccountPerson.objects.filter(workspace_id=workspace_id, account_id=account_id).values("profile_id")
    now = Profile.objects.filter(id__in=joined).values_list("id", "merged_into")
    ids = sorted({profile_id if survivor is None else survivor for profile_id, survivor in now})
    wanted = [profile_id for profile_id in ids if profile_id > after][:limit]
    return sorted(profile_items(living(workspace_id, wanted)), key=lambda item: item.id)


def accounts_of(workspace_id: int, profile_id: int) -> list[AccountItem]:
    """The accounts that a person belongs to, in the order in which they joined."""
    row = Profile.objects.filter(workspace_id=workspace_id, id=profile_id).values_list("accounts", flat=True).first()
    ids: list[int] = msgspec.json.decode(row) if row else []
    found = accounts_by_ids(workspace_id, ids)
    return [found[account_id] for account_id in ids if account_id in found]


def accounts_by_ids(workspace_id: int, ids: Iterable[int]) -> dict[int, AccountItem]:
    """Those of the accounts that are the workspace's."""
    return {item.id: item for item in _items(Account.objects.filter(workspace_id=workspace_id, id__in=list(ids)))}


def count_accounts(workspace_id: int) -> int:
    return Account.objects.filter(workspace_id=workspace_id).count()


def _items(rows: Iterable[Account]) -> list[AccountItem]:
    rows = list(rows)
    counts = dict(
        AccountPerson.objects.filter(account_id__in=[row.id for row in rows])
        .values_list("account_id")
        .annotate(people=Count("id"))
    )
    return [_item(row, counts.get(row.id, 0)) for row in rows]


def _item(row: Account, people: int) -> AccountItem:
    traits = current_traits(_decode_traits(row.traits))
    return AccountItem(
        id=row.id,
        group_id=row.group_id,
        title=_title(row.group_id, traits, NAME_TRAITS),
        traits=traits,
        people=people,
        created_at=from_ms(row.created_at),
        last_seen_at=from_ms(row.last_seen_at),
    )


def _title(group_id: str, traits: dict[str, TraitValue], names: Sequence[str]) -> str:
    for name in names:
        value = traits[name].value if name in traits else None
        if isinstance(value, str) and value.strip():
            return value.strip()
    return group_id
