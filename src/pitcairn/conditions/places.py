"""Which questions may be asked where, and walking through a tree with the places of its parts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias

from pitcairn.conditions.errors import ConditionError
from pitcairn.conditions.tree import (
    SPANS,
    All,
    AnyOf,
    Condition,
    Events,
    Fact,
    Follow,
    Leaf,
    Not,
    Reference,
    Users,
)

Place: TypeAlias = Literal["visit", "person", "account"]
_Where: TypeAlias = Literal["visit", "person", "account", "event", "follow"]
Node: TypeAlias = Condition | Follow

_FACTS: dict[_Where, frozenset[Fact]] = {
    "visit": frozenset(Fact) - {Fact.PROPERTY, Fact.CONTEXT},
    "person": frozenset({Fact.TRAIT, Fact.AUDIENCE, Fact.ACCOUNT}),
    "account": frozenset({Fact.ACCOUNT}),
    "event": frozenset({Fact.PROPERTY, Fact.CONTEXT}),
    "follow": frozenset({Fact.PROPERTY, Fact.CONTEXT}),
}

_ASKED: dict[_Where, str] = {
    "visit": "a visit",
    "person": "a person",
    "account": "an account",
    "event": "an event",
    "follow": "an event",
}


def check_place(condition: Condition, kind: Place) -> None:
    """Refuses questions that nobody can answer where the condition stands.

    A visit has no events; a person is on no page; an account has traits, and users of whom everything can
    be asked that can be asked of a person. Raises `ConditionError` with the place of the first such question.
    """
    _check(condition, "", kind)


def check_measure(events: Events) -> None:
    """Refuses the definition of a computed trait that nobody can answer, as `check_place` does for conditions."""
    _check(events, "", "person")


def walk(condition: Condition) -> Iterator[tuple[str, Node]]:
    """Every part of the condition with its path ("" is the root), from the outside in: also what stands in `where`, in
    `then` and under `users`."""
    yield from _walk(condition, "")


def audiences_in(condition: Condition) -> frozenset[str]:
    """The keys of the audiences whose membership is asked for."""
    return frozenset(node.name for _, node in walk(condition) if isinstance(node, Leaf) and node.fact is Fact.AUDIENCE)


def traits_in(condition: Condition) -> frozenset[str]:
    """The names of the traits that are asked for, or compared with. A part of one, such as `company.size`, has both names."""
    found: set[str] = set()
    for _, node in walk(condition):
        if isinstance(node, Leaf) and node.fact is Fact.TRAIT:
            found.add(node.name)
        if isinstance(node, Leaf | Events) and isinstance(node.value, Reference) and node.value.kind == "trait":
            found.add(node.value.name)
    return frozenset(found | {name.partition(".")[0] for name in found})


def _walk(node: Node, path: str) -> Iterator[tuple[str, Node]]:
    yield path, node
    for key, inner in _inner(node):
        yield from _walk(inner, f"{path}.{key}" if path else key)


def _inner(node: Node) -> Iterator[tuple[str, Node]]:
    match node:
        case All(conditions):
            yield from ((f"all[{index}]", inner) for index, inner in enumerate(conditions))
        case AnyOf(conditions):
            yield from ((f"any[{index}]", inner) for index, inner in enumerate(conditions))
        case Not(inner):
            yield "not", inner
        case Users(_, inner):
            yield "condition", inner
        case Events():
            yield "where", node.where
            yield from ((f"then[{index}]", follow) for index, follow in enumerate(node.then))
        case Follow():
            yield "where", node.where
        case Leaf():
            pass


def _check(node: Node, path: str, where: _Where) -> None:
    match node:
        case Leaf():
            _check_leaf(node, path, where)
        case Events():
            if where != "person":
                raise ConditionError(path, _no_events(where))
            _check_value(node, path, where)
        case Users():
            if where != "account":
                problem = f"{_ASKED[where]} has no users; ask so in the condition of an account"
                raise ConditionError(f"{path}.users" if path else "users", problem)
        case _:
            pass
    for key, inner in _inner(node):
        _check(inner, f"{path}.{key}" if path else key, _inside(node, where))


def _inside(node: Node, where: _Where) -> _Where:
    match node:
        case Users():
            return "person"
        case Events():
            return "event"
        case Follow():
            return "follow"
        case _:
            return where


def _no_events(where: _Where) -> str:
    match where:
        case "visit":
            return "what somebody did cannot be asked of a visit; make an audience of it and ask for its membership"
        case "account":
            return (
                'what somebody did cannot be asked of an account; ask it of its users, {"users": "any", "condition": …}'
            )
        case _:
            return "what else somebody did cannot be asked of an event; use then for what came after it"


def _check_leaf(leaf: Leaf, path: str, where: _Where) -> None:
    if leaf.fact not in _FACTS[where]:
        choices = ", ".join(fact for fact in Fact if fact in _FACTS[where])
        problem = f"'{leaf.fact}' cannot be asked of {_ASKED[where]}; use one of {choices}"
        raise ConditionError(f"{path}.fact" if path else "fact", problem)
    if leaf.operator in SPANS and where in {"event", "follow"}:
        problem = f"{leaf.operator} cannot be asked of an event; use its window, or before_date and after_date"
        raise ConditionError(f"{path}.operator" if path else "operator", problem)
    if where == "visit" and isinstance(leaf.value, Reference) and leaf.fact not in {Fact.TRAIT, Fact.ACCOUNT}:
        problem = f"{leaf.fact} does not compare with a trait; only other traits do"
        raise ConditionError(f"{path}.value" if path else "value", problem)
    _check_value(leaf, path, where)


def _check_value(node: Leaf | Events, path: str, where: _Where) -> None:
    if not isinstance(node.value, Reference):
        return
    place = f"{path}.value" if path else "value"
    if node.value.kind == "parent" and where != "follow":
        raise ConditionError(place, "there is no event before this one; only what came after an event compares with it")
    if node.value.kind == "trait" and where == "account":
        raise ConditionError(place, "an account does not compare with a trait of a person; write a value")
