"""How a person came together, merges taken back and made by hand: the pages, with the pipeline behind them."""

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
from pitcairn.workspaces.models import Role

pytestmark = pytest.mark.django_db(databases="__all__", transaction=True)

MINUTE = 60_000


@pytest.fixture
def world(embedded_store: EventStore, transactional_db: None) -> Iterator[World]:
    stores.provide(embedded_store)
    yield World(embedded_store)
    stores.provide(None)


@pytest.fixture
def member(world: World) -> Client:
    return signed_in(user(world.workspace, Role.OWNER, "owner@acme.example"))


def visit(anonymous_id: str, event: str) -> dict[str, Any]:
    return {"type": "track", "event": event, "messageId": f"m-{anonymous_id}-{event}", "anonymousId": anonymous_id}


def identify(user_id: str, anonymous_id: str, **traits: Any) -> dict[str, Any]:
    made = f"m-{user_id}-{anonymous_id}"
    return {"type": "identify", "messageId": made, "userId": user_id, "anonymousId": anonymous_id, "traits": traits}


def two_devices(world: World) -> tuple[int, int]:
    """Somebody signs in on two devices, one after the other; returns the survivor's profile and the other's."""
    world.process(identify("u1", "phone", name="Ana Lima", plan="free"), at=NOON)
    world.process(visit("laptop", "Looked around"), at=NOON + MINUTE)
    survivor = world.profile("user_id:u1").item.id
    loser = world.profile("anonymous_id:laptop").item.id
    world.process(identify("u1", "laptop", plan="team"), at=NOON + 2 * MINUTE)
    return survivor, loser


def merge_id(page: Any) -> int:
    found = re.search(rb"/people/identity/merges/(\d+)/undo/", page.content)
    assert found, "the page has no way to undo a merge"
    return int(found.group(1))


def test_the_lines_of_two_profiles_run_into_one(world: World, member: Client) -> None:
    survivor, loser = two_devices(world)
    page = member.get(f"/people/{survivor}/identity/")
    said = text(page)
    rows = re.findall(r"<li>\s*<svg.*?</li>", page.content.decode(), re.DOTALL)
    assert len(rows) == 4
    assert f"Profile {loser} joined this one" in text_of(rows[0])
    assert f"laptop of profile {loser}" in text_of(rows[1])
    assert "Anonymous id phone" in text_of(rows[2]) + text_of(rows[3])
    assert "User id u1" in said
    # The line of the merged profile begins beside its identifier and ends in the dot of the merge.
    bent = [re.search(r'class="lane" d="[^"]*C', row) is not None for row in rows]
    assert bent == [True, False, False, False]


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_a_merge_is_undone_from_its_page(world: World, member: Client) -> None:
    survivor, loser = two_devices(world)
    number = merge_id(member.get(f"/people/{survivor}/identity/"))
    address = f"/people/identity/merges/{number}/undo/"
    preview = text(member.get(address))
    assert "There will be two people again" in preview
    ours, theirs = preview.split(f"Profile {loser}")[-2:]
    assert "User id u1" in ours
    assert "Anonymous id laptop" in theirs
    page = member.post(address, follow=True)
    assert f"The merge with profile {loser} is being undone" in text(page)
    assert b'hx-trigger="every 1s"' in page.content
    world.work()
    page = member.get(page.request["PATH_INFO"] + f"?undone={number}")
    assert f"profile {loser} is a person of its own again" in text(page)
    assert b"hx-trigger" not in page.content
    assert "by owner@acme.example" in text(page)
    assert "Looked around" in text(member.get(f"/people/{loser}/"))
    assert "Looked around" not in text(member.get(f"/people/{survivor}/"))


def test_what_cannot_be_undone_says_why(world: World, member: Client) -> None:
    survivor, _ = two_devices(world)
    address = f"/people/identity/merges/{merge_id(member.get(f'/people/{survivor}/identity/'))}/undo/"
    member.post(address)
    world.work()
    page = member.get(address)
    assert "undone already" in text(page)
    assert b"Undo the merge" not in page.content
    assert member.post(address).status_code == 422
    assert member.get("/people/identity/merges/999999999/undo/").status_code == 404


def test_two_people_are_joined_by_hand(world: World, member: Client) -> None:
    world.process(identify("u1", "phone", name="Ana Lima", plan="free"), at=NOON)
    world.process(identify("u2", "tablet", name="Ana Lima Duarte", city="Porto"), at=NOON + MINUTE)
    first, second = world.profile("user_id:u1").item.id, world.profile("user_id:u2").item.id
    address = f"/people/{first}/merge/"
    assert "Nobody else is known by this" in text(member.get(address, {"q": "u1"}))
    found = member.get(address, {"q": "u2"})
    assert f"other={second}".encode() in found.content
    preview = member.get(address, {"q": "u2", "other": second})
    said = text(preview)
    for part in (
        "What comes of Ana Lima and Ana Lima Duarte",
        f"profile {first} stays, {second} joins it",
        "By the rules of this workspace a message would not merge these two",
        "4 identifiers",
        "name Ana Lima Duarte instead of Ana Lima , which is older",
        "2 more traits",
    ):
        assert part in said, part
    page = member.post(address, {"other": second}, follow=True)
    assert f"Profile {second} is being merged into this one" in text(page)
    world.work()
    page = member.get(f"/people/{first}/identity/", {"joined": second})
    assert f"Profile {second} is part of this one now" in text(page)
    assert "owner@acme.example" in text(page)
    assert member.get(f"/people/{second}/").headers["Location"].startswith(f"/people/{first}/")
    assert merge_id(page)


def test_who_went_meanwhile_is_not_joined(world: World, member: Client) -> None:
    world.process(identify("u1", "phone"))
    first = world.profile("user_id:u1").item.id
    for other in ("999999999999", "", "x", str(first)):
        page = member.post(f"/people/{first}/merge/", {"other": other}, follow=True)
        assert "The other person is not there any more" in text(page), other


def test_all_merges_are_listed_with_their_causes(world: World, member: Client) -> None:
    assert "No merges yet" in text(member.get("/people/identity/merges/"))
    survivor, loser = two_devices(world)
    page = member.get("/people/identity/merges/")
    assert f"Ana Lima Profile {loser} joined {survivor} a message" in text(page)
    assert b"message=accepted:m-u1-laptop" in page.content
    assert "Holds" in text(page)
    viewer = signed_in(user(world.workspace, Role.VIEWER, "viewer@acme.example"))
    for address in ("/people/identity/merges/", f"/people/{survivor}/identity/"):
        assert b"/undo/" not in viewer.get(address).content


def test_an_undone_merge_is_still_known(world: World, member: Client) -> None:
    survivor, loser = two_devices(world)
    number = merge_id(member.get(f"/people/{survivor}/identity/"))
    member.post(f"/people/identity/merges/{number}/undo/")
    world.work()
    assert "Undone" in text(member.get("/people/identity/merges/"))
    assert f"Profile {loser} had joined this one" in text(member.get(f"/people/{survivor}/identity/"))
    assert f"This one had joined profile {survivor}" in text(member.get(f"/people/{loser}/identity/"))
