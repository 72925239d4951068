"""Conditions from and to JSON: strict about every key and value, with errors that name the place."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeGuard, TypeVar

from pitcairn.conditions.numbers import number_of
from pitcairn.conditions.tree import (
    DEVICE_TYPES,
    LISTS,
    MAX_DEPTH,
    MAX_INTEGER,
    MAX_NAME,
    MAX_NODES,
    MAX_TEXT,
    MAX_VALUES,
    NAMES,
    ORDERING,
    PRESENCE,
    QUERY_PREFIX,
    All,
    AnyOf,
    Condition,
    Fact,
    Leaf,
    Not,
    Operator,
    Scalar,
    Value,
)

_LEAF_KEYS = ("fact", "name", "operator", "value")
_SHOWN = 60

_Word = TypeVar("_Word", bound=StrEnum)


class ConditionError(ValueError):
    """A condition that cannot be read. `path` is the place in the tree ("" is its root); the text begins with it."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path or 'condition'}: {problem}")
        self.path = path
        self.problem = problem


def parse(value: object) -> Condition:
    """The condition that a JSON value stands for; `{}` is always true.

    Raises `ConditionError`, and nothing else, when the value is not a condition or exceeds a limit of `tree`.
    """
    return _Parser().node(value, "", 1)


def to_json(condition: Condition) -> dict[str, Any]:
    """The JSON value of a condition; `parse` gives the same condition back."""
    match condition:
        case All(conditions):
            return {"all": [to_json(inner) for inner in conditions]}
        case AnyOf(conditions):
            return {"any": [to_json(inner) for inner in conditions]}
        case Not(inner):
            return {"not": to_json(inner)}
        case Leaf():
            leaf: dict[str, Any] = {"fact": condition.fact.value}
            if condition.name:
                leaf["name"] = condition.name
            leaf["operator"] = condition.operator.value
            if condition.value is not None:
                leaf["value"] = list(condition.value) if isinstance(condition.value, tuple) else condition.value
            return leaf


class _Parser:
    """One run over a tree, counting its nodes."""

    def __init__(self) -> None:
        self.nodes = 0

    def node(self, value: object, path: str, depth: int) -> Condition:
        if not isinstance(value, Mapping):
            raise ConditionError(path, f"{_shown(value)} is not a condition; write an object")
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
                    other = next(_shown(name) for name in value if name != key)
                    raise ConditionError(path, f"{other} cannot stand beside '{key}'; put it inside or leave it out")
                return self.joined(key, value[key], f"{path}.{key}" if path else key, depth)
        return _leaf(value, path)

    def joined(self, key: str, value: object, path: str, depth: int) -> Condition:
        if key == "not":
            return Not(self.node(value, path, depth + 1))
        if not _is_list(value):
            raise ConditionError(path, f"{_shown(value)} is not a list of conditions; write a list")
        inner = tuple(self.node(item, f"{path}[{index}]", depth + 1) for index, item in enumerate(value))
        if key == "all":
            return All(inner)
        if not inner:
            raise ConditionError(path, "an empty list is never true; add a condition or remove 'any'")
        return AnyOf(inner)


def _leaf(value: Mapping[Any, Any], path: str) -> Leaf:
    prefix = f"{path}." if path else ""
    for key in value:
        if key not in _LEAF_KEYS:
            allowed = "all, any, not, fact, name, operator, value"
            raise ConditionError(path, f"{_shown(key)} is not a key of a condition; use {allowed}")
    fact = _member(Fact, value.get("fact"), f"{prefix}fact", "a fact")
    name = _name(fact, value.get("name"), f"{prefix}name")
    operator = _member(Operator, value.get("operator"), f"{prefix}operator", "an operator")
    checked = _value(operator, value.get("value"), f"{prefix}value")
    if operator in LISTS or operator in {Operator.EQUALS, Operator.DIFFERS}:
        _check_code(fact, name, checked, f"{prefix}value")
    return Leaf(fact=fact, name=name, operator=operator, value=checked)


def _member(kind: type[_Word], value: object, path: str, noun: str) -> _Word:
    choices = ", ".join(member.value for member in kind)
    if value is None:
        raise ConditionError(path, f"is missing; use one of {choices}")
    if isinstance(value, str) and value in kind.__members__.values():
        return kind(value)
    raise ConditionError(path, f"{_shown(value)} is not {noun}; use one of {choices}")


def _name(fact: Fact, value: object, path: str) -> str:
    if value is None:
        value = ""
    if not isinstance(value, str):
        raise ConditionError(path, f"{_shown(value)} is not a name; write a text")
    if len(value) > MAX_NAME:
        raise ConditionError(path, f"{_shown(value)} has {len(value)} characters; a name has at most {MAX_NAME}")
    if fact is Fact.TRAIT:
        if not value:
            raise ConditionError(path, "is missing; name the trait, such as plan or company.employee_count")
        return value
    names = NAMES[fact]
    if not names:
        if value:
            raise ConditionError(path, f"{_shown(value)} is one name too many; {fact} has no parts, leave it out")
        return ""
    if value in names:
        return value
    if fact is Fact.PAGE and value.startswith(QUERY_PREFIX) and value != QUERY_PREFIX:
        return value
    choices = ", ".join(names) + (", query.<parameter>" if fact is Fact.PAGE else "")
    if not value:
        raise ConditionError(path, f"is missing; use one of {choices}")
    raise ConditionError(path, f"{_shown(value)} is not a part of {fact}; use one of {choices}")


def _value(operator: Operator, value: object, path: str) -> Value:
    if operator in PRESENCE:
        if value is not None:
            raise ConditionError(path, f"{_shown(value)} is one value too many; {operator} takes none, leave it out")
        return None
    if value is None:
        raise ConditionError(path, f"is missing; {operator} compares with one")
    if operator in ORDERING:
        number = number_of(value)
        if number is None:
            raise ConditionError(path, f"{_shown(value)} is not a number; {operator} compares numbers")
        return _scalar(number, path)
    if operator in LISTS:
        if not _is_list(value):
            raise ConditionError(path, f"{_shown(value)} is not a list; {operator} takes a list of values")
        return tuple(_scalar(item, where) for item, where in _items(value, path))
    if operator in {Operator.EQUALS, Operator.DIFFERS}:
        return _scalar(value, path)
    if operator in {Operator.CONTAINS, Operator.OMITS} and _is_list(value):
        return tuple(_text(operator, item, where) for item, where in _items(value, path))
    return _text(operator, value, path)


def _items(value: Sequence[object], path: str) -> list[tuple[object, str]]:
    if not value:
        raise ConditionError(path, "an empty list compares with nothing; add a value")
    if len(value) > MAX_VALUES:
        raise ConditionError(path, f"has {len(value)} values; a list has at most {MAX_VALUES}")
    return [(item, f"{path}[{index}]") for index, item in enumerate(value)]


def _scalar(value: object, path: str) -> Scalar:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _short(value, path)
    if isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise ConditionError(path, f"the number is too large; whole numbers go up to {MAX_INTEGER}")
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ConditionError(path, f"{value} is not a number that can be compared")
        return value
    raise ConditionError(path, f"{_shown(value)} cannot be compared; write a text, a number, true or false")


def _text(operator: Operator, value: object, path: str) -> str:
    if not isinstance(value, str):
        raise ConditionError(path, f"{_shown(value)} is not a text; {operator} compares texts")
    if not value:
        raise ConditionError(path, f"an empty text tells nothing apart; {operator} needs at least one character")
    return _short(value, path)


def _short(value: str, path: str) -> str:
    if len(value) > MAX_TEXT:
        raise ConditionError(path, f"{_shown(value)} has {len(value)} characters; a text has at most {MAX_TEXT}")
    return value


def _check_code(fact: Fact, name: str, value: Value, path: str) -> None:
    """Refuses codes that no visitor can have: "Germany" for DE would otherwise stay silently untrue."""
    checked = [(value, path)]
    if isinstance(value, tuple):
        checked = [(item, f"{path}[{index}]") for index, item in enumerate(value)]
    for item, where in checked:
        if fact is Fact.COUNTRY and not (
            isinstance(item, str) and len(item) == 2 and item.isascii() and item.isalpha()
        ):
            raise ConditionError(where, f"{_shown(item)} is not a country code; use two letters, such as DE or US")
        if (
            fact is Fact.DEVICE
            and name == "type"
            and (not isinstance(item, str) or item.casefold() not in DEVICE_TYPES)
        ):
            choices = ", ".join(DEVICE_TYPES)
            raise ConditionError(where, f"{_shown(item)} is not a type of device; use one of {choices}")


def _is_list(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, list | tuple)


def _shown(value: object) -> str:
    """A value as errors show it: short, and never walking into something deep."""
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > MAX_INTEGER:
        return "a very large number"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        text = repr(value[: _SHOWN + 1] if isinstance(value, str) else value)
        return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…{text[0] if isinstance(value, str) else ''}"
    return f"a value of type {type(value).__name__}"
