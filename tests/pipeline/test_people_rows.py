"""People and accounts as the event store knows them: what conditions are asked of."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipeline.world import World
from pitcairn.pipeline.mirror import fill
from pitcairn.profiles.models import Account, Profile

pytestmark = pytest.mark.django_db(databases="__all__", transaction=True)

NOW = (
    "SELECT profile_id, argMax((traits, identified, alive, accounts), batch) FROM people "
    "WHERE workspace_id = {workspace} GROUP BY profile_id ORDER BY profile_id"
)


def identify(message_id: str, **fields: Any) -> dict[str, Any]:
    return {"type": "identify", "messageId": message_id, **fields}


def people(world: World) -> list[tuple[dict[str, Any], bool, bool, int]]:
    return [(json.loads(now[0]), now[1], now[2], len(now[3])) for _, now in world.rows(NOW)]


def test_people_are_told_of_as_they_become_known(world: World) -> None:
    world.process({"type": "page", "messageId": "1", "anonymousId": "a"})
    assert people(world) == [({}, False, True, 0)]
    world.process(identify("2", anonymousId="a", traits={"plan": "pro", "old": 1}))
    assert people(world) == [({"plan": "pro", "old": 1}, False, True, 0)]
    world.process(identify("3", anonymousId="a", userId="ana", traits={"old": None}))
    assert people(world) == [({"plan": "pro"}, True, True, 0)]
    world.process({"type": "group", "messageId": "4", "userId": "ana", "groupId": "acme", "traits": {"seats": 5}})
    assert people(world) == [({"plan": "pro"}, True, True, 1)]
    assert world.rows("SELECT group_id, traits FROM accounts WHERE workspace_id = {workspace}") == [
        ("acme", '{"seats":5}')
    ]


def test_merged_profile_is_alive_no_more(world: World) -> None:
    world.process(identify("1", userId="ana", traits={"plan": "pro"}))
    world.process({"type": "page", "messageId": "2", "anonymousId": "a"})
    world.process(identify("3", userId="ana", anonymousId="a"))
    assert people(world) == [({"plan": "pro"}, True, True, 0), ({}, False, False, 0)]


def test_who_did_not_change_is_not_written_again(world: World) -> None:
    world.process(identify("1", userId="ana", traits={"plan": "pro"}))
    world.process(
        {"type": "page", "messageId": "2", "userId": "ana"}, identify("3", userId="ana", traits={"plan": "pro"})
    )
    assert world.rows("SELECT count() FROM people WHERE workspace_id = {workspace}") == [(1,)]


def test_what_the_event_store_lacks_is_filled_in(world: World) -> None:
    world.process(
        identify("1", userId="ana", traits={"plan": "pro"}),
        {"type": "group", "messageId": "2", "userId": "ana", "groupId": "acme", "traits": {"seats": 5}},
        {"type": "page", "messageId": "3", "anonymousId": "a"},
    )
    before = people(world)
    with world.store._connection.writing() as client:
        client.command("TRUNCATE TABLE people")
        client.command("TRUNCATE TABLE accounts")
    fill(world.store)
    assert people(world) == before
    assert world.rows("SELECT traits FROM accounts WHERE workspace_id = {workspace}") == [('{"seats":5}',)]
    fill(world.store)
    assert world.store.known_people() == (Profile.objects.count(), Account.objects.count())
