"""Profiles in the SQL store: what one graph would know, cut into batches, is what the tables say."""

from __future__ import annotations

import itertools
import json
from typing import Any

import msgspec
import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pitcairn.profiles.identity import IdentityGraph, Person, survivor
from pitcairn.profiles.models import Identifier, Merge, Profile
from pitcairn.profiles.queries import profile, profile_of, survivor_of
from pitcairn.profiles.store import People, save_graph
from profiles.naive import WORKSPACE, Call, apply, calls, naive

pytestmark = pytest.mark.django_db


def store(made: list[Call], cuts: set[int], people: People | None = None) -> None:
    """Stores the calls; a new batch begins at each cut. Without `people` each batch knows only what is stored."""
    starts = [0, *sorted(cut for cut in cuts if 0 < cut < len(made)), len(made)]
    next_id = 1
    for start, end in itertools.pairwise(starts):
        batch = made[start:end]
        with connection.cursor() as cursor:
            kept = people or People()
            wanted = [(call.workspace_id, one) for call in batch for one in call.identifiers()]
            graph = kept.graph(cursor, wanted, next_id)
            for number, call in enumerate(batch, start):
                apply(graph, call, number)
            save_graph(cursor, graph)
            kept.committed(graph)
            next_id = graph.next_id


def stored_people() -> dict[int, dict[str, Any]]:
    """Every profile as the tables have it, by id."""
    return {
        row.id: {
            "traits": json.loads(row.traits),
            "personalization": json.loads(row.personalization),
            "assignments": json.loads(row.assignments),
            "created_at": row.created_at,
            "merged_into": row.merged_into,
            "identifiers": set(Identifier.objects.filter(profile_id=row.id).values_list("type", "value")),
        }
        for row in Profile.objects.all()
    }


def one_graph(made: list[Call]) -> dict[int, dict[str, Any]]:
    """The same of one graph that was never stored."""
    graph = IdentityGraph({}, 1)
    for number, call in enumerate(made):
        apply(graph, call, number)
    pointing: dict[int, set[tuple[str, str]]] = {}
    for link in graph.links:
        pointing.setdefault(survivor(link.person).id, set()).add(link.identifier)

    def plain(person: Person) -> dict[str, Any]:
        return {
            "traits": {name: msgspec.to_builtins(trait) for name, trait in person.traits.items()},
            "personalization": person.personalization,
            "assignments": {
                key: [one.arm, one.segment_id, one.variation_id, one.assigned_at]
                for key, one in person.assignments.items()
            },
            "created_at": person.created_at,
            "merged_into": survivor(person).id if person.merged_into else None,
            "identifiers": pointing.get(person.id, set()),
        }

    return {person.id: plain(person) for person in graph.changed.values()}


@pytest.mark.parametrize("remember", [True, False], ids=["people-kept", "people-read"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(calls(), st.sets(st.integers(1, 24), max_size=6))
@example([Call(user_id="u1"), Call(anonymous_id="a1"), Call(user_id="u1", anonymous_id="a1")], {2})
def test_batches_change_nothing(remember: bool, made: list[Call], cuts: set[int]) -> None:
    with transaction.atomic():
        store(made, cuts, People() if remember else None)
        found = stored_people()
        survivors = {one.id: survivor_of(WORKSPACE, one.id) for one in Profile.objects.all()}
        merges = Merge.objects.count()
        transaction.set_rollback(True)
    assert found == one_graph(made)
    living = [person for person in found.values() if person["merged_into"] is None]
    assert len(living) == len(naive(made))
    assert merges == len(found) - len(living)
    assert survivors == {id_: person["merged_into"] or id_ for id_, person in found.items()}


MERGING = [
    Call(anonymous_id="a1", traits={"plan": "free"}, at=1),
    Call(anonymous_id="a2", traits={"plan": "paid"}, at=2, assignment="control"),
    Call(anonymous_id="a3", traits={"name": "Jo", "plan": None}, at=3),
    Call(anonymous_id="a3", email="jo@x.example", at=4),
    Call(anonymous_id="a2", email="jo@x.example", at=5),
    Call(anonymous_id="a1", email="jo@x.example", at=6),
]


@pytest.mark.parametrize("cuts", [set(), {3}, {4}, {5}, {3, 5}, {1, 2, 3, 4, 5}], ids=str)
def test_a_merge_says_what_undoing_it_needs(cuts: set[int]) -> None:
    """Who pointed to the one that went, and what the other knew before; however new all that was."""
    store(MERGING, cuts)
    first, second = Merge.objects.order_by("id")
    assert (first.loser_id, first.winner_id, first.message_id, first.merged_at) == (3, 2, "m4", 4)
    assert (second.loser_id, second.winner_id, second.message_id, second.merged_at) == (2, 1, "m5", 5)
    details = [json.loads(merge.detail) for merge in (first, second)]
    assert [sorted(detail["identifiers"]) for detail in details] == [
        [["anonymous_id", "a3"], ["email", "jo@x.example"]],
        [["anonymous_id", "a2"], ["anonymous_id", "a3"], ["email", "jo@x.example"]],
    ]
    assert [{name: trait[0] for name, trait in detail["winnerTraits"].items()} for detail in details] == [
        {"plan": "paid"},
        {"plan": "free"},
    ]


def test_what_the_pages_see_of_a_merged_profile() -> None:
    store(MERGING, {3})
    found = profile_of(WORKSPACE, "anonymous_id", "a3")
    assert found == profile_of(WORKSPACE, "email", "jo@x.example") == 1
    detail = profile(WORKSPACE, 1)
    assert detail is not None
    assert {trait.name: trait.value for trait in detail.traits} == {"name": "Jo"}
    assert set(detail.ids) == {1, 2, 3}
    assert [one.personalized for one in detail.assignments] == [False]
    assert profile(WORKSPACE, 2) is None


def test_more_rows_than_one_statement_takes() -> None:
    made = [
        Call(user_id=f"u{number}", email=f"{number}@x.example", traits={"n": number}, at=1) for number in range(1_203)
    ]
    store(made, {600})
    assert Profile.objects.count() == 1_203
    assert Identifier.objects.count() == 2_406
    store_again = People()
    with connection.cursor() as cursor:
        graph = store_again.graph(cursor, [(WORKSPACE, one) for call in made for one in call.identifiers()], 5_000)
        ids = [graph.resolve(call.identifiers(), _occasion()) for call in made]
    assert [[value for kind, value in person.identifiers if kind == "user_id"] for person in ids if person] == [
        [f"u{number}"] for number in range(1_203)
    ]
    assert (graph.next_id, graph.links, graph.merges) == (5_000, [], [])


def _occasion() -> Any:
    from pitcairn.profiles.identity import Occasion

    return Occasion(WORKSPACE, 1, "again", 1)


@pytest.mark.parametrize(
    "text", ["'; DROP TABLE profiles_profile; --", "%s %(x)s", "a\\b", "ü€😀", "x" * 500, " u1 ", "U1"]
)
def test_identifiers_are_kept_as_they_are(text: str) -> None:
    store([Call(user_id=text, traits={text: text}, at=1), Call(user_id="u1", at=2)], {1})
    found = profile_of(WORKSPACE, "user_id", text)
    assert found == 1
    assert profile_of(WORKSPACE, "user_id", "u1") == 2
    assert json.loads(Profile.objects.get(id=1).traits)[text][0] == text


def test_a_nul_in_a_trait_is_kept() -> None:
    """PostgreSQL keeps no NUL in text; as JSON it is written out."""
    store([Call(user_id="u1", traits={"a\0": "b\0"}, at=1)], set())
    assert json.loads(Profile.objects.get().personalization) == {"a\0": "b\0"}
