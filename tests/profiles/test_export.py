"""The export of one person: everything that is known, and nothing of anyone else."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from engage.world import EngageWorld, did
from pipeline.world import NOON
from pitcairn.eventstore import EventStore
from pitcairn.profiles import export
from pitcairn.profiles.export import export_person

pytestmark = pytest.mark.django_db(databases="__all__", transaction=True)


def test_everything_of_a_person_is_in_the_export(
    embedded_store: EventStore, transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = EngageWorld(embedded_store)
    world.audience("Buyers", did("Order Completed"))
    world.identify("u1", {"email": "kim@example.com", "plan": "pro", "gone": None})
    world.send({"type": "group", "messageId": "g", "userId": "u1", "groupId": "acme", "traits": {"size": 9}})
    for number in range(4):
        world.did("Order Completed", revenue=number)
    world.did("Order Completed", "u2")
    monkeypatch.setattr(export, "MESSAGES_AT_ONCE", 2)
    exported = export_person(world.workspace_id, world.profile_id("user_id:u1"), world.store)
    assert exported is not None
    assert msgspec.json.decode(msgspec.json.encode(exported)) == exported
    assert {(one["type"], one["value"]) for one in exported["identifiers"]} == {
        ("user_id", "u1"),
        ("email", "kim@example.com"),
    }
    assert [(one["name"], one["value"], one["source"]) for one in exported["traits"]] == [
        ("email", "kim@example.com", "website"),
        ("plan", "pro", "website"),
    ]
    assert exported["accounts"] == [{"groupId": "acme", "traits": {"size": 9}}]
    assert [(one["key"], one["value"]) for one in exported["audiences"]] == [("buyers", True)]
    assert sorted(revenues(exported)) == [0, 1, 2, 3]
    assert len(exported["messages"]) == 6
    assert len({message["messageId"] for message in exported["messages"]}) == 6
    assert exported["createdAt"] == "2026-11-02T12:00:00.000Z"
    assert world.now == NOON

    assert export_person(world.workspace_id + 1, world.profile_id("user_id:u1"), world.store) is None
    without_store = export_person(world.workspace_id, world.profile_id("user_id:u2"), None)
    assert without_store is not None
    assert without_store["messages"] is None


def revenues(exported: dict[str, Any]) -> list[int]:
    return [one["properties"]["revenue"] for one in exported["messages"] if one.get("event") == "Order Completed"]
