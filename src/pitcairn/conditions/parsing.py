"""Conditions from JSON: strict about every key and value, with errors that name the place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pitcairn.conditions.errors import ConditionError, shown
from pitcairn.conditions.numbers import number_of
from pitcairn.conditions.tree import (
    EVENT_TYPES,
    LISTS,
    MAX_DEPTH,
    MAX_FOLLOWS,
    MAX_NODES,
    NUMBER_MEASURES,
    ORDERING,
    PRESENCE,
    SPANS,
    All,
    AnyOf,
    Condition,
    Events,
    Fact,
    Follow,
    Leaf,
    Measure,
    Not,
    Operator,
    Reference,
    Span,
    Users,
    Window,
)
from pitcairn.conditions.values import check_code, is_list, member, name_of, short_name, span_of, value_of

_NODE_KEYS = ("all", "any", "not", "event", "users", "fact", "name", "operator", "value")
_LEAF_KEYS = ("fact", "name", "operator", "value")
_USERS_KEYS = ("users", "condition")
_WINDOW_KEYS = ("oldest", "newest", "session")
_FOLLOW_KEYS = ("did", "event", "type", "where", "within")
_EVENTS_KEYS = ("event", "type", "where", "window", "then", "measure", "property", "operator", "value")
_QUANTIFIERS: tuple[Literal["any", "all", "none"], ...] = ("any", "all", "none")


def parse(value: object) -> Condition:
    """The condition that a JSON value stands for; `{}` is always true.

    Raises `ConditionError`, and nothing else, when the value is not a condition or exceeds a limit of `tree`. Whether it
    may stand where it is meant for is another question: `places.check_place`.
    """
    return _Parser().node(value, "", 1)


def parse_measure(value: object) -> Events:
    """The definition of a computed trait: the events and the measure of a question about them, which is not compared.

    Raises `ConditionError` as `parse` does, and for the keys `operator` and `value`, which a computed trait has not.
    """
    if not isinstance(value, Mapping):
        raise ConditionError("", f"{shown(value)} is not a definition; write an object")
    for key in ("operator", "value"):
        if key in value:
            raise ConditionError(key, "a computed trait is not compared with anything; leave it out")
    parser = _Parser()
    parser.nodes = 1
    return parser.events(value, "", 1, compared=False)


class _Parser:
    """One run over a tree, counting its nodes."""

    def __init__(self) -> None:
        self.nodes = 0

    def node(self, value: object, path: str, depth: int) -> Condition:
        if not isinstance(value, Mapping):
            raise ConditionError(path, f"{shown(value)} is not a condition; write an object")
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise ConditionError(path, f"a condition has at most {MAX_NODES} parts; this one has more")
        if depth > MAX_DEPTH:
            raise ConditionError(path, f"conditions nest at most {MAX_DEPTH} deep; this one nests deeper")
        if not value:
            return All()
        for key in ("all", "any", "not"):
            if key in value:
                if len(value) > 1:
                    other = next(shown(name) for name in value if name != key)
                    raise ConditionError(path, f"{other} cannot stand beside '{key}'; put it inside or leave it out")
                return self.joined(key, value[key], _at(path, key), depth)
        if "users" in value:
            return self.users(value, path, depth)
        return self.events(value, path, depth) if "event" in value else _leaf(value, path)

    def joined(self, key: str, value: object, path: str, depth: int) -> Condition:
        if key == "not":
            return Not(self.node(value, path, depth + 1))
        if not is_list(value):
            raise ConditionError(path, f"{shown(value)} is not a list of conditions; write a list")
        inner = tuple(self.node(item, f"{path}[{index}]", depth + 1) for index, item in enumerate(value))
        if key == "all":
            return All(inner)
        if not inner:
            raise ConditionError(path, "an empty list is never true; add a condition or remove 'any'")
        return AnyOf(inner)

    def users(self, value: Mapping[Any, Any], path: str, depth: int) -> Users:
        _check_keys(value, _USERS_KEYS, path, "a question about users")
        for quantifier in _QUANTIFIERS:
            if value["users"] == quantifier:
                condition = self.node(value.get("condition", {}), _at(path, "condition"), depth + 1)
                return Users(quantifier, condition)
        raise ConditionError(_at(path, "users"), f"{shown(value['users'])} is not a choice; use one of any, all, none")

    def events(self, value: Mapping[Any, Any], path: str, depth: int, *, compared: bool = True) -> Events:
        _check_keys(value, _EVENTS_KEYS, path, "a question about events")
        event, kind = _event(value, path)
        measure = Measure.COUNT
        if value.get("measure") is not None:
            measure = member(Measure, value["measure"], _at(path, "measure"), "a measure")
        return Events(
            event=event,
            type=kind,
            where=self.node(value.get("where", {}), _at(path, "where"), depth + 1),
            window=_window(value.get("window"), _at(path, "window")),
            then=self.follows(value.get("then"), _at(path, "then"), depth),
            measure=measure,
            property=_property(measure, value.get("property"), _at(path, "property")),
            **(_comparison(measure, value, path) if compared else {}),
        )

    def follows(self, value: object, path: str, depth: int) -> tuple[Follow, ...]:
        if value is None:
            return ()
        if not is_list(value):
            raise ConditionError(path, f"{shown(value)} is not a list of what came after; write a list")
        if len(value) > MAX_FOLLOWS:
            raise ConditionError(path, f"has {len(value)} steps; an event is followed by at most {MAX_FOLLOWS}")
        return tuple(self.follow(item, f"{path}[{index}]", depth + 1) for index, item in enumerate(value))

    def follow(self, value: object, path: str, depth: int) -> Follow:
        if not isinstance(value, Mapping):
            raise ConditionError(path, f"{shown(value)} does not say what came after; write an object")
        self.nodes += 1
        _check_keys(value, _FOLLOW_KEYS, path, "what came after an event")
        did = value.get("did", True)
        if not isinstance(did, bool):
            raise ConditionError(_at(path, "did"), f"{shown(did)} is not true or false")
        event, kind = _event(value, path)
        where = self.node(value.get("where", {}), _at(path, "where"), depth + 1)
        if value.get("within") is None:
            example = 'write how long it may take, such as {"amount": 1, "unit": "days"}'
            raise ConditionError(_at(path, "within"), f"is missing; {example}")
        return Follow(
            did=did, event=event, type=kind, where=where, within=span_of(value["within"], _at(path, "within"))
        )


def _at(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _check_keys(value: Mapping[Any, Any], keys: tuple[str, ...], path: str, noun: str) -> None:
    for key in value:
        if key not in keys:
            raise ConditionError(path, f"{shown(key)} is not a key of {noun}; use {', '.join(keys)}")


def _leaf(value: Mapping[Any, Any], path: str) -> Leaf:
    for key in value:
        if key not in _LEAF_KEYS:
            raise ConditionError(path, f"{shown(key)} is not a key of a condition; use {', '.join(_NODE_KEYS)}")
    fact = member(Fact, value.get("fact"), _at(path, "fact"), "a fact")
    name = name_of(fact, value.get("name"), _at(path, "name"))
    operator = member(Operator, value.get("operator"), _at(path, "operator"), "an operator")
    if fact is Fact.AUDIENCE:
        return _membership(name, operator, value.get("value"), path)
    checked = value_of(operator, value.get("value"), _at(path, "value"))
    if operator in LISTS or operator in {Operator.EQUALS, Operator.DIFFERS}:
        check_code(fact, name, checked, _at(path, "value"))
    return Leaf(fact=fact, name=name, operator=operator, value=checked)


def _membership(key: str, operator: Operator, value: object, path: str) -> Leaf:
    if operator is not Operator.EQUALS:
        raise ConditionError(_at(path, "operator"), f"{operator} does not fit membership of an audience; use equals")
    if not isinstance(value, bool):
        raise ConditionError(_at(path, "value"), f"{shown(value)} is not true (a member) or false (not a member)")
    return Leaf(fact=Fact.AUDIENCE, name=key, operator=operator, value=value)


def _event(value: Mapping[Any, Any], path: str) -> tuple[str, str]:
    """The name and type of the events that are meant; an empty name is every name."""
    if not isinstance(value.get("event"), str):
        problem = f"{shown(value['event'])} is not the name of an event" if "event" in value else "is missing"
        raise ConditionError(_at(path, "event"), f"{problem}; write a text, empty for every name")
    event = short_name(value["event"], _at(path, "event"))
    kind = value.get("type", "track")
    if kind not in EVENT_TYPES:
        choices = ", ".join(EVENT_TYPES)
        raise ConditionError(_at(path, "type"), f"{shown(kind)} is not a type of event; use one of {choices}")
    return event, kind


def _window(value: object, path: str) -> Window:
    if value is None:
        return Window()
    if not isinstance(value, Mapping):
        example = 'write {"oldest": {"amount": 30, "unit": "days"}}'
        raise ConditionError(path, f"{shown(value)} is not a window of time; {example}")
    _check_keys(value, _WINDOW_KEYS, path, "a window of time")
    oldest, newest, session = (
        None if value.get(key) is None else span_of(value[key], _at(path, key)) for key in _WINDOW_KEYS
    )
    if session is not None and (oldest is not None or newest is not None):
        raise ConditionError(_at(path, "session"), "a session cannot stand beside oldest or newest; leave one out")
    if oldest is not None and newest is not None and newest.ms >= oldest.ms:
        ages = f"{newest.amount} {newest.unit} is not less than {oldest.amount} {oldest.unit}"
        raise ConditionError(_at(path, "newest"), f"{ages}, so no event is ever between them; turn them round")
    return Window(oldest=oldest, newest=newest, session=session)


def _property(measure: Measure, value: object, path: str) -> str:
    name = short_name(value, path)
    if measure is Measure.COUNT and name:
        raise ConditionError(path, f"{shown(name)} is one property too many; a count takes none, use where for it")
    if measure is not Measure.COUNT and not name:
        raise ConditionError(path, f"is missing; name the property whose {measure} is meant, such as revenue")
    return name


def _comparison(measure: Measure, value: Mapping[Any, Any], path: str) -> dict[str, Any]:
    """`operator` and `value` of a question about events; left out, they are "at least 1" of a count."""
    if measure is Measure.UNIQUE:
        problem = "unique makes a list, which is for computed traits; a condition compares unique_count"
        raise ConditionError(_at(path, "measure"), problem)
    if "operator" not in value and "value" not in value and measure is Measure.COUNT:
        return {}
    place = _at(path, "operator")
    operator = member(Operator, value.get("operator"), place, "an operator")
    if operator in PRESENCE or operator in SPANS:
        raise ConditionError(place, f"{operator} does not compare what was measured; ask for it in where")
    if measure not in NUMBER_MEASURES:
        return {"operator": operator, "value": value_of(operator, value.get("value"), _at(path, "value"))}
    if operator not in ORDERING and operator not in {Operator.EQUALS, Operator.DIFFERS}:
        choices = "equals, differs, less_than, at_most, greater_than, at_least"
        raise ConditionError(
            place, f"{operator} does not compare numbers, as {measure} makes them; use one of {choices}"
        )
    place = _at(path, "value")
    checked = value_of(operator, value.get("value"), place)
    if isinstance(checked, Reference):
        return {"operator": operator, "value": checked}
    number = number_of(checked) if not isinstance(checked, tuple | Span) else None
    if number is None:
        raise ConditionError(place, f"{shown(checked)} is not a number, which is what {measure} makes")
    if measure in {Measure.COUNT, Measure.UNIQUE_COUNT} and (number < 0 or number != int(number)):
        raise ConditionError(place, f"{shown(number)} is not a number of events; write a whole number, at least 0")
    return {"operator": operator, "value": number}
