"""Merges: previewed, made by members, undone. Both profiles come back as they were, and stay two."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from engage.world import EngageWorld, did
from pipeline.world import NOON, World, identify, track
from pitcairn.edge.identity_requests import UndoMerge
from pitcairn.eventstore import EventStore
from pitcairn.profiles import queries, queries_merges, services
from pitcairn.profiles.identity import IdentityGraph, survivor
from pitcairn.profiles.merges import undo
from pitcairn.profiles.models import Identifier, Merge, Profile
from pitcairn.profiles.store import People, save_graph
from profiles.naive import CALL, WORKSPACE, Call, apply

pytestmark = pytest.mark.django_db(databases="__all__", transaction=True)


def undone(world: World, merge: Merge | None = None) -> None:
    merge = merge or Merge.objects.get(workspace_id=world.workspace_id, undone_at__isnull=True)
    services.undo_merge(workspace_id=world.workspace_id, merge_id=merge.id, by="Kim")
    world.work()


def events(world: World, identifier: str) -> set[str]:
    """The ids of the messages that a person's timeline shows, as merges stand in the event store."""
    wanted = world.profile(identifier).item.id
    merges = world.merges()
    return {one.message_id for one in world.messages() if merges.get(one.profile_id, one.profile_id) == wanted}


def known_by(world: World, identifier: str) -> set[str]:
    return {one.value for one in world.profile(identifier).item.identifiers}


def two_and_one(world: World, *, together: bool = False) -> None:
    """A known person, a visitor, and the message that joins them."""
    calls = [
        identify(
            "k1", {"plan": "free", "name": "Kim"}, userId="kim", anonymousId="a1", timestamp="2026-11-01T10:00:00Z"
        ),
        identify("v1", {"plan": "pro", "theme": "dark"}, anonymousId="a2", timestamp="2026-11-01T11:00:00Z"),
        {"type": "group", "messageId": "v2", "groupId": "acme", "anonymousId": "a2", "traits": {"size": 9}},
        track("joined", anonymousId="a2", userId="kim"),
    ]
    if together:
        world.process(*calls)
    else:
        for call in calls:
            world.process(call)


@pytest.mark.parametrize("together", [False, True], ids=["one by one", "in one batch"])
def test_undoing_a_merge_gives_both_profiles_back(world: World, *, together: bool) -> None:
    two_and_one(world, together=together)
    assert world.traits("user_id:kim") == {"plan": "pro", "name": "Kim", "theme": "dark"}
    assert events(world, "user_id:kim") == {"k1", "v1", "v2", "joined"}
    [merge] = queries_merges.merges_of(world.workspace_id, world.profile("user_id:kim").item.id)
    preview = queries_merges.undo_preview(world.workspace_id, merge.id)
    assert preview is not None
    assert preview.winner is not None
    assert preview.loser is not None
    assert preview.problem == ""
    assert preview.winner.traits == {"plan": "free", "name": "Kim"}
    assert preview.loser.traits == {"plan": "pro", "theme": "dark"}

    undone(world)
    assert world.traits("user_id:kim") == {"plan": "free", "name": "Kim"} == preview.winner.traits
    assert world.targetable("user_id:kim") == {"plan", "name"}
    assert world.traits("anonymous_id:a2") == {"plan": "pro", "theme": "dark"} == preview.loser.traits
    assert world.targetable("anonymous_id:a2") == {"plan", "theme"}
    assert known_by(world, "user_id:kim") == {"kim", "a1"}
    assert known_by(world, "anonymous_id:a2") == {"a2"}
    assert events(world, "user_id:kim") == {"k1", "joined"}
    assert events(world, "anonymous_id:a2") == {"v1", "v2"}
    assert accounts(world, "user_id:kim") == []
    assert accounts(world, "anonymous_id:a2") == ["acme"]
    [merge] = queries_merges.merges_of(world.workspace_id, world.profile("user_id:kim").item.id)
    assert (merge.undone_by, merge.undone_at is not None) == ("Kim", True)


def accounts(world: World, identifier: str) -> list[str]:
    from pitcairn.profiles.queries_accounts import accounts_of

    return [item.group_id for item in accounts_of(world.workspace_id, world.profile(identifier).item.id)]


def test_memberships_follow_a_merge_and_its_undoing(embedded_store: EventStore, transactional_db: None) -> None:
    world = EngageWorld(embedded_store)
    buyers = world.audience("Buyers", did("Order Completed"), anonymous=True)
    world.did("Order Completed", "a2")
    world.identify("kim", anonymousId="a1")
    assert world.is_member(buyers, "anonymous_id:a2") is True
    assert world.is_member(buyers, "user_id:kim") is not True
    world.identify("kim", anonymousId="a2")
    assert world.is_member(buyers, "user_id:kim") is True
    undone(world)
    world.settle()
    assert world.is_member(buyers, "anonymous_id:a2") is True
    assert world.is_member(buyers, "user_id:kim") is False


def test_what_was_parted_stays_apart(world: World) -> None:
    """The same browser goes on sending both ids: the message finds the known person, and joins nobody."""
    two_and_one(world)
    undone(world)
    world.process(identify("again", {"n": 1}, anonymousId="a2", userId="kim"))
    assert world.traits("user_id:kim")["n"] == 1
    assert known_by(world, "anonymous_id:a2") == {"a2"}
    # Also by way of a third profile that one of them goes into.
    world.process(identify("e1", {"email": "a2@x.example"}, anonymousId="a2"))
    world.process(identify("e2", {"email": "a2@x.example"}, userId="kim"))
    assert known_by(world, "user_id:kim") == {"kim", "a1"}
    # A member may overrule it.
    ids = [world.profile(one).item.id for one in ("anonymous_id:a2", "user_id:kim")]
    preview = queries_merges.merge_preview(world.workspace_id, *ids)
    assert preview is not None
    assert preview.warnings == ("A merge of these profiles was undone, so they are kept apart",)
    services.join_people(workspace_id=world.workspace_id, first_id=ids[0], second_id=ids[1], by="Kim")
    world.work()
    assert known_by(world, "user_id:kim") == {"kim", "a1", "a2", "a2@x.example"}
    world.process(track("later", anonymousId="a2", userId="kim"))
    assert world.profile("anonymous_id:a2").item.id == min(ids)


def test_what_was_learned_after_the_merge_stays_with_the_winner(world: World) -> None:
    two_and_one(world)
    world.process(identify("later", {"theme": "light", "new": 1}, anonymousId="a2"), at=NOON + 1000)
    undone(world)
    assert world.traits("user_id:kim") == {"plan": "free", "name": "Kim", "theme": "light", "new": 1}
    assert world.traits("anonymous_id:a2") == {"plan": "pro", "theme": "dark"}
    assert events(world, "user_id:kim") == {"k1", "joined", "later"}


def test_an_undone_merge_in_the_same_batch_as_messages_takes_its_place(world: World) -> None:
    two_and_one(world)
    world.accept(identify("before", {"b": 1}, anonymousId="a2"))
    merge = Merge.objects.get(workspace_id=world.workspace_id)
    services.undo_merge(workspace_id=world.workspace_id, merge_id=merge.id, by="Kim")
    world.accept(identify("after", {"a": 1}, anonymousId="a2"))
    assert world.work() == 1
    assert world.traits("anonymous_id:a2") == {"plan": "pro", "theme": "dark", "a": 1}
    assert world.traits("user_id:kim") == {"plan": "free", "name": "Kim", "b": 1}
    assert events(world, "anonymous_id:a2") == {"v1", "v2", "after"}
    assert events(world, "user_id:kim") == {"k1", "joined", "before"}


def test_whoever_had_gone_into_the_loser_goes_with_it(world: World) -> None:
    world.process(identify("k", {"k": 1}, userId="kim"))
    world.process(track("b", anonymousId="b"), track("c", anonymousId="c"))
    world.process(identify("bc", {"email": "bc@x.example"}, anonymousId="b"))
    world.process(identify("cb", {"email": "bc@x.example"}, anonymousId="c"))
    world.process(identify("all", userId="kim", anonymousId="c"))
    first, second = Merge.objects.filter(workspace_id=world.workspace_id).order_by("id")
    problem = queries_merges.undo_preview(world.workspace_id, first.id)
    assert problem is not None
    assert problem.problem == "The profile it was made into went into another one later. Undo that merge first."
    undone(world, first)  # Nothing happens.
    assert known_by(world, "user_id:kim") == {"kim", "b", "c", "bc@x.example"}

    undone(world, second)
    assert known_by(world, "user_id:kim") == {"kim"}
    assert known_by(world, "anonymous_id:b") == {"b", "c", "bc@x.example"}
    assert events(world, "anonymous_id:b") == {"b", "c", "bc", "cb"}
    undone(world, first)
    assert known_by(world, "anonymous_id:c") == {"c"}
    assert events(world, "anonymous_id:c") == {"c"}
    assert events(world, "anonymous_id:b") == {"b", "bc", "cb"}
    again = queries_merges.undo_preview(world.workspace_id, first.id)
    assert again is not None
    assert again.problem == "This merge is undone already."


def test_members_join_people(world: World) -> None:
    world.process(identify("1", {"plan": "free", "a": 1}, userId="u1"), identify("2", {"b": 2, "a": 2}, userId="u2"))
    one, two = (world.profile(f"user_id:{user}").item.id for user in ("u1", "u2"))
    preview = queries_merges.merge_preview(world.workspace_id, two, one)
    assert preview is not None
    assert (preview.winner_id, preview.loser_id) == (one, two)
    assert preview.warnings == ("2 values of user_id would point to one profile; at most 1 may",)
    assert [(t.name, t.winner, t.loser, t.differs) for t in preview.traits] == [
        ("a", 1, 2, True), ("b", None, 2, False), ("plan", "free", None, False),
    ]  # fmt: skip
    services.join_people(workspace_id=world.workspace_id, first_id=two, second_id=one, by="Kim")
    world.work()
    assert known_by(world, "user_id:u2") == {"u1", "u2"}
    assert world.merges() == {two: one}
    assert Merge.objects.get(workspace_id=world.workspace_id).merged_by == "Kim"
    # The messages of both go on finding the one, although it has a user id too many.
    world.process(identify("3", {"plan": "pro"}, userId="u2"))
    assert world.traits("user_id:u1")["plan"] == "pro"
    undone(world)
    assert known_by(world, "user_id:u2") == {"u2"}
    assert queries_merges.merge_preview(world.workspace_id, one, one) is None
    assert queries_merges.merge_preview(world.workspace_id + 1, one, two) is None


def test_what_cannot_be_changes_nothing(world: World) -> None:
    two_and_one(world)
    kim = world.profile("user_id:kim").item.id
    merge = Merge.objects.get(workspace_id=world.workspace_id)
    services.undo_merge(workspace_id=world.workspace_id + 1, merge_id=merge.id, by="Kim")
    services.undo_merge(workspace_id=world.workspace_id, merge_id=merge.id + 100, by="Kim")
    services.join_people(workspace_id=world.workspace_id, first_id=kim, second_id=merge.loser_id, by="Kim")
    services.join_people(workspace_id=world.workspace_id, first_id=kim, second_id=kim, by="Kim")
    world.work()
    assert known_by(world, "user_id:kim") == {"kim", "a1", "a2"}
    assert Merge.objects.get(workspace_id=world.workspace_id).undone_at is None
    services.delete_person(workspace_id=world.workspace_id, profile_id=kim)
    services.undo_merge(workspace_id=world.workspace_id, merge_id=merge.id, by="Kim")
    world.work()
    assert not Profile.objects.filter(workspace_id=world.workspace_id).exists()
    assert queries.profile_of(world.workspace_id, "anonymous_id", "a2") is None


def state() -> dict[int, Any]:
    """Every living profile: what points to it, its traits and what can be targeted, its assignments."""
    pointing: dict[int, set[tuple[str, str]]] = {}
    for row in Identifier.objects.all():
        pointing.setdefault(row.profile_id, set()).add((row.type, row.value))
    return {
        row.id: (
            pointing.get(row.id, set()),
            json.loads(row.traits),
            json.loads(row.personalization),
            json.loads(row.assignments),
            row.created_at,
        )
        for row in Profile.objects.filter(merged_into__isnull=True)
    }


def run(calls: list[Call], start: int, next_id: int) -> int:
    with connection.cursor() as cursor:
        wanted = [(WORKSPACE, one) for call in calls for one in call.identifiers()]
        graph = People().graph(cursor, wanted, next_id)
        for number, call in enumerate(calls, start):
            apply(graph, call, number)
        save_graph(cursor, graph)
    return graph.next_id


@settings(max_examples=200)
@given(st.lists(CALL, max_size=12), st.randoms(use_true_random=False))
def test_undoing_every_merge_gives_back_what_was_before_each(made: list[Call], shuffled: Any) -> None:
    """Last merge first: after each undoing the store is as it was just before that merge was made."""
    for table in (Profile, Identifier, Merge):
        table.objects.all().delete()
    for number, at in enumerate(shuffled.sample(range(100, 100 + len(made)), len(made))):
        made[number].at = at
    next_id, before = 1, {}
    for number, call in enumerate(made):
        known, merges = state(), Merge.objects.count()
        next_id = run([call], number, next_id)
        if Merge.objects.count() > merges:
            before[number] = known
            # The message that joins them says something as well; that stays with the winner, so it is left out here.
            break
    if not before:
        return
    [(number, known)] = before.items()
    for merge in Merge.objects.order_by("-id"):
        with connection.cursor() as cursor:
            assert undo(cursor, UndoMerge(WORKSPACE, merge.id, "Kim"), 1_000) is not None
    now = state()
    assert now.keys() == known.keys()
    call = made[number]
    for profile_id, (identifiers, traits, personalization, assignments, created_at) in known.items():
        got = now[profile_id]
        assert got[0] - set(call.identifiers()) == identifiers - set(call.identifiers())
        assert {name: value for name, value in got[1].items() if name not in call.traits} == {
            name: value for name, value in traits.items() if name not in call.traits
        }
        assert {name: value for name, value in got[2].items() if name not in call.traits} == {
            name: value for name, value in personalization.items() if name not in call.traits
        }
        if not call.assignment:
            assert got[3] == assignments
        assert got[4] == created_at


def test_the_graph_keeps_apart_who_was_parted() -> None:
    graph = IdentityGraph({}, 1)
    first = apply(graph, Call(user_id="u1"), 0)
    second = apply(graph, Call(anonymous_id="a1"), 1)
    assert first is not None
    assert second is not None
    first.apart.add(second.id)
    third = apply(graph, Call(anonymous_id="a1", email="a@x.example"), 2)
    assert third is second
    joined = apply(graph, Call(user_id="u1", email="a@x.example"), 3)
    assert joined is first
    assert survivor(second) is second
