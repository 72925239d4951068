"""The parts of a leaf, checked: names, operators and the values they compare with."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeGuard, TypeVar

from pitcairn.conditions.errors import ConditionError, shown
from pitcairn.conditions.moments import moment_of
from pitcairn.conditions.numbers import number_of
from pitcairn.conditions.tree import (
    DEVICE_TYPES,
    LISTS,
    LONGEST_SPAN_MS,
    MAX_INTEGER,
    MAX_NAME,
    MAX_TEXT,
    MAX_VALUES,
    MOMENTS,
    NAMES,
    ORDERING,
    PRESENCE,
    QUERY_PREFIX,
    REFERABLE,
    SPANS,
    WEEKDAYS,
    Fact,
    Operator,
    Reference,
    Scalar,
    Span,
    Unit,
    Value,
)

_EXAMPLES = {
    Fact.TRAIT: "name the trait, such as plan or company.employee_count",
    Fact.ACCOUNT: "name the account's trait, such as plan or industry",
    Fact.AUDIENCE: "name the audience by its key, such as cart_abandoners",
    Fact.PROPERTY: "name the property, such as price or product.sku",
    Fact.CONTEXT: "name the part of the context, such as page.url",
    Fact.COMPANY: "name what the IP data says of companies, such as name or domain",
}

_Word = TypeVar("_Word", bound=StrEnum)


def member(kind: type[_Word], value: object, path: str, noun: str) -> _Word:
    choices = ", ".join(word.value for word in kind)
    if value is None:
        raise ConditionError(path, f"is missing; use one of {choices}")
    if isinstance(value, str) and value in kind.__members__.values():
        return kind(value)
    raise ConditionError(path, f"{shown(value)} is not {noun}; use one of {choices}")


def short_name(value: object, path: str) -> str:
    """A name of at most `MAX_NAME` characters; what is left out is an empty one."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ConditionError(path, f"{shown(value)} is not a name; write a text")
    if len(value) > MAX_NAME:
        raise ConditionError(path, f"{shown(value)} has {len(value)} characters; a name has at most {MAX_NAME}")
    return value


def name_of(fact: Fact, value: object, path: str) -> str:
    name = short_name(value, path)
    if fact not in NAMES:
        if not name:
            raise ConditionError(path, f"is missing; {_EXAMPLES[fact]}")
        return name
    names = NAMES[fact]
    if not names:
        if name:
            raise ConditionError(path, f"{shown(name)} is one name too many; {fact} has no parts, leave it out")
        return ""
    if name in names:
        return name
    if fact is Fact.PAGE and name.startswith(QUERY_PREFIX) and name != QUERY_PREFIX:
        return name
    choices = ", ".join(names) + (", query.<parameter>" if fact is Fact.PAGE else "")
    if not name:
        raise ConditionError(path, f"is missing; use one of {choices}")
    raise ConditionError(path, f"{shown(name)} is not a part of {fact}; use one of {choices}")


def value_of(operator: Operator, value: object, path: str) -> Value:
    """The value as the tree keeps it; `path` is the place errors name."""
    if operator in PRESENCE:
        if value is not None:
            raise ConditionError(path, f"{shown(value)} is one value too many; {operator} takes none, leave it out")
        return None
    if value is None:
        raise ConditionError(path, f"is missing; {operator} compares with one")
    if operator in SPANS:
        return span_of(value, path)
    if isinstance(value, Mapping) and value.keys() & {"trait", "parent"}:
        if operator not in REFERABLE:
            allowed = ", ".join(word for word in Operator if word in REFERABLE)
            raise ConditionError(path, f"{operator} does not compare with another value of the person; use {allowed}")
        return _reference(value, path)
    if operator in ORDERING:
        number = value if isinstance(value, int) and not isinstance(value, bool) else number_of(value)
        if number is None:
            raise ConditionError(path, f"{shown(value)} is not a number; {operator} compares numbers")
        return _scalar(number, path)
    if operator in MOMENTS:
        if moment_of(value) is None or not isinstance(value, str):
            example = "write it with time and offset, such as 2026-03-01T09:00:00Z"
            raise ConditionError(path, f"{shown(value)} is not a moment between 1901 and 2298; {example}")
        return value
    if operator in LISTS:
        if not is_list(value):
            raise ConditionError(path, f"{shown(value)} is not a list; {operator} takes a list of values")
        return tuple(_scalar(item, where) for item, where in _items(value, path))
    if operator in {Operator.EQUALS, Operator.DIFFERS}:
        return _scalar(value, path)
    if operator in {Operator.CONTAINS, Operator.OMITS} and is_list(value):
        return tuple(_text(operator, item, where) for item, where in _items(value, path))
    return _text(operator, value, path)


def span_of(value: object, path: str) -> Span:
    """A length of time from `{"amount": 7, "unit": "days"}`."""
    if not isinstance(value, Mapping):
        example = 'write {"amount": 7, "unit": "days"}'
        raise ConditionError(path, f"{shown(value)} is not a length of time; {example}")
    for key in value:
        if key not in {"amount", "unit"}:
            raise ConditionError(path, f"{shown(key)} is not a key of a length of time; use amount, unit")
    amount = value.get("amount")
    if amount is None:
        raise ConditionError(f"{path}.amount", "is missing; write a whole number, at least 1")
    if isinstance(amount, bool) or not isinstance(amount, int) or amount < 1:
        raise ConditionError(f"{path}.amount", f"{shown(amount)} is not a whole number of at least 1")
    span = Span(amount, member(Unit, value.get("unit"), f"{path}.unit", "a unit of time"))
    if span.ms > LONGEST_SPAN_MS:
        raise ConditionError(f"{path}.amount", f"{shown(amount)} {span.unit} is too long; use at most ten years")
    return span


def check_code(fact: Fact, name: str, value: Value, path: str) -> None:
    """Refuses codes that no visitor can have: "Germany" for DE would otherwise stay silently untrue."""
    checked: list[tuple[object, str]] = [(value, path)]
    if isinstance(value, tuple):
        checked = [(item, f"{path}[{index}]") for index, item in enumerate(value)]
    for item, where in checked:
        if fact is Fact.COUNTRY and not (
            isinstance(item, str) and len(item) == 2 and item.isascii() and item.isalpha()
        ):
            raise ConditionError(where, f"{shown(item)} is not a country code; use two letters, such as DE or US")
        if (
            fact is Fact.DEVICE
            and name == "type"
            and (not isinstance(item, str) or item.casefold() not in DEVICE_TYPES)
        ):
            choices = ", ".join(DEVICE_TYPES)
            raise ConditionError(where, f"{shown(item)} is not a type of device; use one of {choices}")
        if fact is Fact.TIME and name == "weekday" and (not isinstance(item, str) or item.casefold() not in WEEKDAYS):
            raise ConditionError(where, f"{shown(item)} is not a weekday; use one of {', '.join(WEEKDAYS)}")


def is_list(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, list | tuple)


def _reference(value: Mapping[Any, Any], path: str) -> Reference:
    if len(value) > 1:
        other = shown(list(value)[1])
        raise ConditionError(path, f"{other} cannot stand beside another key; a reference has one, trait or parent")
    kind, name = next(iter(value.items()))
    checked = short_name(name, f"{path}.{kind}")
    if not checked:
        raise ConditionError(f"{path}.{kind}", f"is missing; name the {'trait' if kind == 'trait' else 'property'}")
    return Reference("trait" if kind == "trait" else "parent", checked)


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
    raise ConditionError(path, f"{shown(value)} cannot be compared; write a text, a number, true or false")


def _text(operator: Operator, value: object, path: str) -> str:
    if not isinstance(value, str):
        raise ConditionError(path, f"{shown(value)} is not a text; {operator} compares texts")
    if not value:
        raise ConditionError(path, f"an empty text tells nothing apart; {operator} needs at least one character")
    return _short(value, path)


def _short(value: str, path: str) -> str:
    if len(value) > MAX_TEXT:
        raise ConditionError(path, f"{shown(value)} has {len(value)} characters; a text has at most {MAX_TEXT}")
    return value
