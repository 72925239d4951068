"""Deleting people: everything of them goes, nothing of anyone else, and who asked not to be known is not known again."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.world import NOON, World
from pitcairn.edge.deletions import DELETE, deletion_text
from pitcairn.eventstore import EventStoreError
from pitcairn.experiences.exposures import EVENT
from pitcairn.profiles import services
from pitcairn.profiles.models import Deletion, Identifier, Merge, Profile

pytestmark = pytest.mark.django_db(databases="__all__", transaction=True)


def identify(message_id: str, **fields: Any) -> dict[str, Any]:
    return {"type": "identify", "messageId": message_id, "traits": {"plan": "pro"}, **fields}


def track(message_id: str, **fields: Any) -> dict[str, Any]:
    return {"type": "track", "messageId": message_id, "event": "Order Completed", **fields}


def ask(world: World, user_id: str, *, suppress: bool = True) -> None:
    """As Segment's `delete` comes in: in its place among the messages."""
    text = deletion_text(world.workspace_id, user_id=user_id, suppress=suppress)
    world.accept(text, source_id=0, type=DELETE)


def stored(world: World, table: str) -> int:
    return int(world.rows(f"SELECT count() FROM {table} WHERE workspace_id = {{workspace}}")[0][0])


def people(world: World) -> set[str]:
    return set(Identifier.objects.filter(workspace_id=world.workspace_id).values_list("value", flat=True))


def test_everything_of_the_person_goes_and_nothing_of_anyone_else(world: World) -> None:
    world.process(
        identify("1", userId="ana", anonymousId="a1", traits={"email": "ana@example.com"}),
        track("2", userId="ana", anonymousId="a2"),
        track("3", anonymousId="a3"),
        track("4", userId="ben", anonymousId="b1"),
        {"type": "track", "messageId": "5", "userId": "ana"},
    )
    # A visitor who is found to be Ana: one profile more goes into hers.
    world.process(identify("6", userId="ana", anonymousId="a3"))
    assert Merge.objects.filter(workspace_id=world.workspace_id).count() == 1
    assert "5" in world.reasons()

    ask(world, "ana")
    world.work()
    assert people(world) == {"ben", "b1"}
    assert Profile.objects.filter(workspace_id=world.workspace_id).count() == 1
    assert not Merge.objects.filter(workspace_id=world.workspace_id).exists()
    assert world.message_ids() == ["4"]
    assert stored(world, "events") == 1
    assert [refusal.reason for refusal in world.refusals()] == ["multi_user_error"]  # which names nobody
    row = Deletion.objects.get(workspace_id=world.workspace_id)
    assert (row.user_id, row.suppressed) == ("ana", True)
    assert row.erased_at is not None


def test_what_comes_before_goes_and_what_comes_after_is_refused_in_one_batch(world: World) -> None:
    world.accept(identify("before", userId="ana", anonymousId="a1"))
    ask(world, "ana")
    world.accept(identify("after", userId="ana", anonymousId="a1"), track("ben", userId="ben"))
    world.work()
    assert world.message_ids() == ["ben"]
    assert people(world) == {"ben"}
    [refusal] = [one for one in world.refusals() if one.reason == "user_suppressed"]
    assert (refusal.user_id, refusal.message_id, refusal.message, refusal.type) == ("", "", "", "identify")

    world.process(track("later", userId="ana"), track("anonymous", anonymousId="a1"))
    assert world.message_ids() == ["anonymous", "ben"]
    assert people(world) == {"ben", "a1"}


def test_a_person_may_be_deleted_and_known_again(world: World) -> None:
    world.process(identify("1", userId="ana", traits={"plan": "pro", "old": 1}))
    world.accept(identify("2", userId="ana", anonymousId="a1", traits={"older": 1}))
    ask(world, "ana", suppress=False)
    world.process(identify("3", userId="ana", traits={"plan": "free"}), track("4", userId="ben"), at=NOON + 1)
    assert world.message_ids() == ["3", "4"]
    assert world.traits("user_id:ana") == {"plan": "free"}
    assert people(world) == {"ana", "ben"}


def test_a_user_who_was_suppressed_is_taken_again_when_allowed(world: World) -> None:
    ask(world, "ana")
    world.process(track("1", userId="ana"))
    assert world.message_ids() == []
    services.allow_again(workspace_id=world.workspace_id, user_id="ana")
    world.process(track("2", userId="ana"))
    assert world.message_ids() == ["2"]


def test_another_workspace_has_its_own_people(world: World) -> None:
    world.process(identify("1", userId="ana"))
    world.accept(deletion_text(world.workspace_id + 1, user_id="ana"), type=DELETE)
    world.process(track("2", userId="ana"))
    assert world.message_ids() == ["1", "2"]


def test_deleting_by_profile_from_the_pages(world: World) -> None:
    world.process(track("1", anonymousId="a1"), track("2", anonymousId="b1"))
    profile_id = Identifier.objects.get(workspace_id=world.workspace_id, value="a1").profile_id
    services.delete_person(workspace_id=world.workspace_id, profile_id=profile_id)
    world.work()
    assert world.message_ids() == ["2"]
    assert people(world) == {"b1"}
    world.process(track("3", anonymousId="a1"))
    assert world.message_ids() == ["2", "3"]


def test_an_erasure_that_failed_is_taken_up_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.process(identify("1", userId="ana"))
    ask(world, "ana")

    def fail(*_: object, **__: object) -> None:
        raise EventStoreError("the store has gone away")

    with monkeypatch.context() as broken:
        broken.setattr(world.store, "erase", fail)
        with pytest.raises(EventStoreError):
            world.work()
    assert people(world) == set()
    assert world.message_ids() == ["1"]
    world.process(track("2", userId="ben"))
    assert world.message_ids() == ["2"]


def test_exposures_go_with_the_person(world: World) -> None:
    """What the event store knows of who saw what."""
    world.process(identify("1", userId="ana", anonymousId="a1"))
    profile_id = Identifier.objects.get(workspace_id=world.workspace_id, value="ana").profile_id
    exposure = {
        "workspace_id": world.workspace_id, "batch": world.store.last_batch(), "experience_id": 1, "segment_id": 1,
        "variation_id": 1, "personalized": True, "visitor": "a1", "profile_id": profile_id, "message_id": EVENT,
        "timestamp": 1.7e9, "received_at": 1.7e9, "page_url": "https://example.com/",
    }  # fmt: skip
    world.store.insert("exposures", [exposure, {**exposure, "profile_id": profile_id + 10**9, "visitor": "b1"}])
    ask(world, "ana")
    world.work()
    assert [row[4] for row in world.exposures()] == ["b1"]


def test_statement_61_personas_false_keeps_a_message_out_of_profiles(world: World) -> None:
    world.process(
        identify("1", userId="ana", integrations={"Personas": False}),
        identify("2", userId="ben", integrations={"Personas": True}),
    )
    assert world.message_ids() == ["1", "2"]
    assert people(world) == {"ben"}
