"""What the pipeline learns of the events and properties that sources send."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings

from pipeline.world import NOON, World, identify, track
from pitcairn.connections.schema import recording, shapes
from pitcairn.connections.schema.reading import SeenEventDetail, event_detail, events

pytestmark = pytest.mark.django_db(transaction=True, databases=list(settings.DATABASES))


def seen(world: World, event: str, source_id: int = 0, kind: str = "track") -> SeenEventDetail:
    source_id = source_id or world.website
    found = [one for one in events(world.workspace_id, source_id) if (one.type, one.event) == (kind, event)]
    assert len(found) == 1, events(world.workspace_id, source_id)
    detail = event_detail(world.workspace_id, source_id, found[0].id)
    assert detail is not None
    return detail


def rows(detail: SeenEventDetail) -> dict[str, tuple[list[str], int]]:
    """The types and the count of each property, by its place."""
    return {row.place: ([kind.name for kind in row.kinds], row.count) for row in detail.properties}


def test_names_types_and_counts(world: World) -> None:
    world.process(
        track("m1", "Bought", properties={"total": 5, "coupon": None, "gift": True, "cart": {"id": "c", "items": []}}),
        track("m2", "Bought", properties={"total": 5.5, "cart": {"id": "d", "items": [{"sku": "1"}, {"sku": 2}]}}),
        track("m3", "Bought"),
    )
    detail = seen(world, "Bought")
    assert detail.count == 3
    assert rows(detail) == {
        "total": (["number"], 2),
        "coupon": (["null"], 1),
        "gift": (["boolean"], 1),
        "cart": (["object"], 2),
        "cart.id": (["string"], 2),
        "cart.items": (["array"], 2),
        "cart.items[]": (["object"], 1),
        "cart.items[].sku": (["string"], 1),
    }


def test_first_and_last_seen_follow_the_receipt(world: World) -> None:
    world.process(track("m1", "Bought", properties={"total": "5"}), at=NOON)
    world.process(track("m2", "Bought", properties={"total": 5}), at=NOON + 60_000)
    world.process(track("m3", "Bought"), at=NOON + 120_000)
    detail = seen(world, "Bought")
    assert (detail.first_seen_at, detail.last_seen_at) == (NOON, NOON + 120_000)
    total = detail.properties[0]
    assert {kind.name: (kind.first_seen_at, kind.last_seen_at) for kind in total.kinds} == {
        "string": (NOON, NOON),
        "integer": (NOON + 60_000, NOON + 60_000),
    }
    assert (total.first_seen_at, total.last_seen_at) == (NOON, NOON + 60_000)


def test_each_source_and_type_is_counted_apart(world: World) -> None:
    world.process(track("m1", "Home"), {"type": "page", "name": "Home", "messageId": "m2", "anonymousId": "a"})
    world.process(track("m3", "Home"), source_id=world.backend)
    world.process(identify("m4", {"plan": "pro"}, userId="u"), {"type": "group", "groupId": "g", "userId": "u",
                  "messageId": "m5", "traits": {"seats": 3}})  # fmt: skip
    world.process({"type": "alias", "previousId": "a", "userId": "u", "messageId": "m6"})
    found = {(one.type, one.event): one.count for one in events(world.workspace_id, world.website)}
    assert found == {("track", "Home"): 1, ("page", "Home"): 1, ("identify", ""): 1, ("group", ""): 1}
    assert rows(seen(world, "", kind="identify")) == {"plan": (["string"], 1)}
    assert rows(seen(world, "", kind="group")) == {"seats": (["integer"], 1)}
    assert [one.count for one in events(world.workspace_id, world.backend)] == [1]


def test_duplicates_and_refusals_are_not_counted(world: World) -> None:
    world.process(track("m1", "Bought"), track("m1", "Bought"), {"type": "track", "event": "Bought", "messageId": "m2"})
    assert seen(world, "Bought").count == 1


def test_what_an_event_is_called_and_how_many_there_are_is_bounded(world: World, monkeypatch: Any) -> None:
    monkeypatch.setattr(recording, "MOST_EVENTS", 5)
    world.process(*(track(f"m{n}", f"Order {n}") for n in range(4)))
    world.process(*(track(f"n{n}", f"Order {n}") for n in range(9)))
    assert {one.event: one.count for one in events(world.workspace_id, world.website)} == {
        "Order 0": 2, "Order 1": 2, "Order 2": 2, "Order 3": 2, "Order 4": 1,
    }  # fmt: skip


def test_odd_names_stop_nothing(world: World) -> None:
    names = {"": 1, "a.b": 1, "x\0y": 1, "ü" * 300: 1, **{f"p{n}": n for n in range(400)}}
    world.process(track("m1", "E" * 2_000 + "\0", properties=names), track("m2", "nul\0l", properties={"a": 1}))
    found = {one.event: one for one in events(world.workspace_id, world.website)}
    assert set(found) == {"E" * recording.LONGEST_EVENT, "null"}
    detail = event_detail(world.workspace_id, world.website, found["E" * recording.LONGEST_EVENT].id)
    assert detail is not None
    assert len(detail.properties) == shapes.MOST_PROPERTIES
    assert detail.is_full
    assert not any("ü" in row.place for row in detail.properties)


def test_many_events_at_once(world: World) -> None:
    """More than one statement's worth of rows, new ones and known ones."""
    world.process(*(track(f"a{n}", f"Event {n}", properties={"n": n}) for n in range(700)))
    world.process(*(track(f"b{n}", f"Event {n}", properties={"n": n}) for n in range(700)))
    assert {one.count for one in events(world.workspace_id, world.website)} == {2}
    assert len(events(world.workspace_id, world.website)) == 700


def test_a_large_batch_is_counted_whole_and_looked_into_in_part(world: World) -> None:
    world.process(*(track(f"a{n}", "Looked", properties={"n": n}) for n in range(1_100)), track("b", "Bought"))
    detail = seen(world, "Looked")
    assert detail.count == 1_100
    assert detail.looked_into == recording.FIRST + (1_100 - recording.FIRST) // recording.EVERY
    assert detail.properties[0].count == detail.looked_into
    assert detail.properties[0].percent == 100
    assert seen(world, "Bought").looked_into == 1
