"""Identity as a function of values: flat matching, merging, and what a profile learns, against a naive model."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pitcairn.profiles.identifiers import identifiers_of
from pitcairn.profiles.identity import (
    IdentityGraph,
    Person,
    StoredAssignment,
    current_traits,
    learn_traits,
    remember_assignment,
    survivor,
)
from profiles.naive import WORKSPACE, Call, apply, calls, naive


def run(*calls: Call) -> tuple[IdentityGraph, list[Person]]:
    """The graph after the calls, and the survivor of each call's person."""
    graph = IdentityGraph({}, 1)
    people = [apply(graph, call, number) for number, call in enumerate(calls)]
    return graph, [survivor(person) for person in people if person is not None]


def user_id(person: Person) -> str:
    return next((value for kind, value in survivor(person).identifiers if kind == "user_id"), "")


def traits_of(person: Person) -> dict[str, Any]:
    return {name: trait.value for name, trait in current_traits(person.traits).items()}


# ── Against the naive model ──────────────────────────────────────────────────────────────────────────────────────────


@given(calls())
def test_people_are_those_of_the_naive_model(made: list[Call]) -> None:
    graph, _ = run(*made)
    expected = naive(made)
    people = [person for person in graph.changed.values() if person.merged_into is None]
    pointing: dict[int, set[tuple[str, str]]] = {person.id: set() for person in people}
    for link in graph.links:
        pointing[survivor(link.person).id].add(link.identifier)
    by_identifiers = {frozenset(pointing[person.id]): person for person in people}
    assert set(by_identifiers) == {frozenset(cluster.identifiers) for cluster in expected}
    for cluster in expected:
        person = by_identifiers[frozenset(cluster.identifiers)]
        assert traits_of(person) == cluster.traits()
        assert person.personalization == cluster.traits()
        assert set(person.identifiers) == cluster.identifiers
        assert person.created_at == cluster.born
        stored = person.assignments.get("3")
        assert (stored.arm if stored else None) == cluster.assignment()


@given(calls())
def test_survivors_are_the_oldest_and_ids_are_dense(made: list[Call]) -> None:
    graph, _ = run(*made)
    assert sorted(graph.changed) == list(range(1, graph.next_id))
    assert all(merge.winner.id < merge.loser.id for merge in graph.merges)
    assert len(graph.merges) == sum(person.merged_into is not None for person in graph.changed.values())


@given(calls())
def test_every_identifier_is_linked_once(made: list[Call]) -> None:
    graph, _ = run(*made)
    linked = [link.identifier for link in graph.links]
    assert len(linked) == len(set(linked))


# ── Matching ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_anonymous_becomes_known() -> None:
    graph, people = run(
        Call(anonymous_id="a1", traits={"plan": "free"}, at=1),
        Call(anonymous_id="a1", user_id="u1", at=2),
        Call(user_id="u1", traits={"plan": "paid"}, at=3),
    )
    assert len({person.id for person in people}) == 1
    assert traits_of(people[0]) == {"plan": "paid"}
    assert [link.identifier for link in graph.links] == [("anonymous_id", "a1"), ("user_id", "u1")]
    assert graph.merges == []


def test_a_second_browser_merges_into_the_known_person() -> None:
    graph, people = run(
        Call(anonymous_id="a1", user_id="u1", traits={"plan": "free"}, at=1),
        Call(anonymous_id="a2", traits={"theme": "dark"}, at=2),
        Call(anonymous_id="a2", user_id="u1", at=3),
    )
    assert {person.id for person in people} == {1}
    assert traits_of(people[0]) == {"plan": "free", "theme": "dark"}
    [merge] = graph.merges
    assert (merge.winner.id, merge.loser.id, merge.message_id, merge.at) == (1, 2, "m2", 2)
    assert {name: trait.value for name, trait in merge.detail.winner_traits.items()} == {"plan": "free"}


def test_a_shared_device_never_joins_two_known_people() -> None:
    graph, people = run(
        Call(anonymous_id="a1", user_id="u1", at=1),
        Call(anonymous_id="a1", user_id="u2", at=2),
        Call(anonymous_id="a1", at=3),
    )
    assert [person.id for person in people] == [1, 2, 1]
    assert [user_id(person) for person in people] == ["u1", "u2", "u1"]
    assert graph.merges == []


def test_the_least_important_identifier_gives_way() -> None:
    """Segment's worked example: a new user id with somebody else's email makes a new profile without that email."""
    graph, people = run(
        Call(user_id="abc123", email="jane@x.example", at=1),
        Call(user_id="abc456", email="jane@x.example", at=2),
    )
    assert [person.id for person in people] == [1, 2]
    assert [(link.identifier[1], link.person.id) for link in graph.links] == [
        ("abc123", 1),
        ("jane@x.example", 1),
        ("abc456", 2),
    ]


def test_an_email_beats_a_browser() -> None:
    _, people = run(
        Call(user_id="u1", email="one@x.example", at=1),
        Call(user_id="u2", anonymous_id="a2", at=2),
        Call(email="one@x.example", anonymous_id="a2", at=3),
    )
    assert [user_id(person) for person in people] == ["u1", "u2", "u1"]


def test_two_anonymous_profiles_are_joined_by_an_email() -> None:
    _, people = run(
        Call(anonymous_id="a1", email="one@x.example", at=1),
        Call(anonymous_id="a2", at=2),
        Call(anonymous_id="a2", email="ONE@x.example ", at=3),
    )
    assert {person.id for person in people} == {1}


def test_workspaces_share_nobody() -> None:
    graph, people = run(Call(user_id="u1", at=1), Call(user_id="u1", at=2, workspace_id=8))
    assert [(person.id, person.workspace_id) for person in people] == [(1, WORKSPACE), (2, 8)]
    assert len(graph.links) == 2


def test_nobody_is_made_of_nothing() -> None:
    graph, people = run(Call(at=1, traits={"plan": "free"}))
    assert (people, graph.changed, graph.next_id) == ([], {}, 1)


# ── Identifiers ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "value", ["null", "NULL", "-1", "anonymous", "0", "0000", "---", "00000000-0000-0000-0000-000000000000"]
)
def test_blocked_values_are_no_identifiers(value: str) -> None:
    assert identifiers_of("identify", value, "", None, None) == []
    assert identifiers_of("identify", "", value, None, None) == []
    assert identifiers_of("track", value, "a1", None, None) == [("anonymous_id", "a1")]


@pytest.mark.parametrize("value", ["1", "-10", "null-7", "anonymous2", "0a"])
def test_values_that_only_look_blocked_are_identifiers(value: str) -> None:
    assert identifiers_of("track", value, value, None, None) == [("user_id", value), ("anonymous_id", value)]


def test_the_order_is_the_priority() -> None:
    found = identifiers_of("identify", "u1", "a1", {"email": "T@x.example"}, {"traits": {"email": "c@x.example"}})
    assert found == [
        ("user_id", "u1"),
        ("email", "t@x.example"),
        ("email", "c@x.example"),
        ("anonymous_id", "a1"),
    ]


@pytest.mark.parametrize("kind", ["track", "page", "screen", "group"])
def test_an_email_in_the_traits_counts_for_identify_alone(kind: str) -> None:
    """A group's traits are the company's. In `context.traits` the email is the person's, whatever the call."""
    assert identifiers_of(kind, "", "a1", {"email": "office@x.example"}, None) == [("anonymous_id", "a1")]
    context = {"traits": {"email": "me@x.example"}}
    assert identifiers_of(kind, "", "a1", None, context) == [("email", "me@x.example"), ("anonymous_id", "a1")]


@pytest.mark.parametrize(
    "email", [None, 5, "", "@", "nobody", "a" * 499 + "@x", "a@x\0", ["a@x.example"], "\u0130" * 300 + "@x.example"]
)
def test_what_is_no_email_is_no_identifier(email: object) -> None:
    assert identifiers_of("identify", "u1", "", {"email": email}, {"traits": {"email": email}}) == [("user_id", "u1")]


@given(st.text(max_size=600))
@example("  ")
def test_an_identifier_fits_its_column(text: str) -> None:
    for _, value in identifiers_of("identify", "", "", {"email": f"{text}@"}, {"traits": text}):
        assert 3 <= len(value) <= 500
        assert value == value.strip()


@pytest.mark.parametrize("context", [{"traits": None}, {"traits": []}, {"traits": "x"}, {}, None])
def test_odd_contexts_carry_no_identifiers(context: dict[str, Any] | None) -> None:
    assert identifiers_of("track", "u1", "", None, context) == [("user_id", "u1")]


# ── What a profile learns ────────────────────────────────────────────────────────────────────────────────────────────


def test_null_deletes_and_an_empty_text_does_not() -> None:
    _, [*_, person] = run(
        Call(user_id="u1", traits={"plan": "free", "name": "Jo"}, at=1),
        Call(user_id="u1", traits={"plan": None, "name": ""}, at=2),
    )
    assert traits_of(person) == {"name": ""}
    assert person.personalization == {"name": ""}


def test_a_late_call_does_not_bring_back_what_was_deleted() -> None:
    _, [*_, person] = run(
        Call(user_id="u1", traits={"plan": None}, at=5),
        Call(user_id="u1", traits={"plan": "free"}, at=4),
    )
    assert traits_of(person) == person.personalization == {}


def test_the_later_value_wins_whatever_arrives_first() -> None:
    _, [*_, person] = run(
        Call(user_id="u1", traits={"plan": "paid"}, at=9),
        Call(user_id="u1", traits={"plan": "free", "seats": 3}, at=4),
    )
    assert traits_of(person) == person.personalization == {"plan": "paid", "seats": 3}


@pytest.mark.parametrize("known_at", [1, 9])
def test_the_later_value_wins_after_a_merge(known_at: int) -> None:
    """Whichever of the two profiles survives."""
    _, [*_, person] = run(
        Call(user_id="u1", traits={"plan": "known's", "old": 1}, at=known_at),
        Call(anonymous_id="a1", traits={"plan": "browser's", "old": None}, at=5),
        Call(user_id="u1", anonymous_id="a1", at=10),
    )
    later = {"plan": "known's", "old": 1} if known_at == 9 else {"plan": "browser's"}
    assert traits_of(person) == person.personalization == later


def test_only_what_the_destination_was_given_can_be_targeted() -> None:
    person = Person(1, WORKSPACE, 0, 0)
    learn_traits(person, {"plan": "free", "seats": 3}, at=1, source_id=1, personalize=True)
    learn_traits(person, {"plan": "paid", "name": "Jo"}, at=2, source_id=2, personalize=False)
    assert traits_of(person) == {"plan": "paid", "seats": 3, "name": "Jo"}
    assert person.personalization == {"plan": "free", "seats": 3}
    learn_traits(person, {"plan": None}, at=3, source_id=1, personalize=True)
    assert person.personalization == {"seats": 3}


def test_learning_nothing_new_changes_nothing() -> None:
    person = Person(1, WORKSPACE, 0, 0)
    assert learn_traits(person, {"plan": "free"}, at=5, source_id=1, personalize=True)
    assert not learn_traits(person, {"plan": "paid"}, at=4, source_id=1, personalize=True)
    assert remember_assignment(person, "3", StoredAssignment("control", 1, 0, 9))
    assert not remember_assignment(person, "3", StoredAssignment("personalized", 1, 2, 10))
    assert person.assignments["3"].arm == "control"


@pytest.mark.parametrize("earlier", ["known", "browser"])
def test_what_was_shown_first_stays_after_a_merge(earlier: str) -> None:
    known_at = 1 if earlier == "known" else 9
    _, [*_, person] = run(
        Call(user_id="u1", assignment="control", at=known_at),
        Call(anonymous_id="a1", assignment="personalized", at=5),
        Call(user_id="u1", anonymous_id="a1", at=10),
    )
    assert person.assignments["3"].arm == ("control" if earlier == "known" else "personalized")
