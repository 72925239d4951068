"""Accounts: the list, one of them, and the people who belong to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from pages import signed_in, text, user
from pipeline.world import NOON, World
from pitcairn.dashboard import stores
from pitcairn.eventstore import EventStore
from pitcairn.profiles.models import Account
from pitcairn.workspaces.models import Role, Workspace

pytestmark = pytest.mark.django_db(databases="__all__", transaction=True)


@pytest.fixture
def world(embedded_store: EventStore, transactional_db: None) -> Iterator[World]:
    stores.provide(embedded_store)
    yield World(embedded_store)
    stores.provide(None)


@pytest.fixture
def member(world: World) -> Client:
    return signed_in(user(world.workspace, Role.OWNER, "owner@acme.example"))


def group(user_id: str, group_id: str, **traits: Any) -> dict[str, Any]:
    made = f"g-{user_id}-{group_id}"
    return {"type": "group", "messageId": made, "userId": user_id, "groupId": group_id, "traits": traits}


def account_id(world: World, group_id: str) -> int:
    return int(Account.objects.get(workspace_id=world.workspace_id, group_id=group_id).id)


def test_accounts_are_listed_by_when_they_were_seen(world: World, member: Client) -> None:
    assert "No accounts yet" in text(member.get("/people/accounts/"))
    world.process(group("u1", "acorn", name="Acorn", industry="Retail", employees=40), at=NOON)
    world.process(group("u2", "birch"), at=NOON + 3_600_000)
    page = member.get("/people/accounts/")
    assert re.findall(r'<a href="/people/accounts/\d+/">([^<]+)</a>', page.content.decode()) == ["birch", "Acorn"]
    assert "industry: Retail, employees: 40" in text(page)
    assert "acorn" in text(member.get("/people/accounts/", {"q": "aco"}))
    assert "No account has this group id" in text(member.get("/people/accounts/", {"q": "Retail"}))
    Account.objects.create(
        workspace_id=Workspace.objects.create(name="Elsewhere").id, group_id="theirs", created_at=0, last_seen_at=NOON
    )
    assert "theirs" not in text(member.get("/people/accounts/"))


def test_one_account_with_its_people(world: World, member: Client) -> None:
    world.process(group("u1", "acorn", name="Acorn", address={"city": "Lisbon"}))
    world.process(group("u2", "acorn"))
    said = text(member.get(f"/people/accounts/{account_id(world, 'acorn')}/"))
    for part in ("Account with group id acorn", "address. city Lisbon", "website,", "u1", "u2"):
        assert part in said, part
    assert member.get("/people/accounts/999999999/").status_code == 404
    person = world.profile("user_id:u1").item.id
    assert "Acorn" in text(member.get(f"/people/{person}/"))


def test_pages_of_an_accounts_people(world: World, member: Client) -> None:
    world.process(*(group(f"u{index}", "acorn") for index in range(60)))
    page = member.get(f"/people/accounts/{account_id(world, 'acorn')}/")
    found = re.findall(r'href="(\?after=\d+|/people/accounts/\d+/\?after=\d+)"', page.content.decode())
    [link] = found
    first = re.findall(r"/people/(\d+)/", page.content.decode())
    rest = re.findall(r"/people/(\d+)/", member.get(link).content.decode())
    assert (len(first), len(rest)) == (50, 10)
    assert not set(first) & set(rest)


def test_pages_of_accounts(world: World, member: Client) -> None:
    for index in range(55):
        Account.objects.create(
            workspace_id=world.workspace_id,
            group_id=f"g{index}",
            created_at=NOON,
            last_seen_at=NOON - index * 60_000,
        )
    page = member.get("/people/accounts/")
    assert page.content.count(b'<tr class="to">') == 50
    link = next(part for part in page.content.decode().split('"') if "before=" in part)
    assert "g54" in text(member.get(link))
    assert "Group id" in text(member.get("/people/accounts/", {"before": "no number"}))
