"""Conditions compiled to closures: everything that does not depend on the visitor is worked out once.

The rules, which any other implementation must share:

- A fact that is absent (not there, null, or an empty text outside traits and query parameters) makes every leaf false,
  except `absent`.
- `differs`, `none_of` and `omits` are the opposites of `equals`, `one_of` and `contains` wherever the fact is there.
- A text that spells a number equals, and orders as, that number when the other side is a number; so do "true" and
  "false" with booleans. Two texts compare as texts.
- In a list, `contains` finds a value that equals one of its elements; in a text it finds a part of the text.
- Values of other types than an operator compares make it false.
- Texts of traits compare exactly, all others without regard to case.
"""

from __future__ import annotations

import operator as compare
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias
from urllib.parse import unquote

from pitcairn.conditions.facts import Facts
from pitcairn.conditions.numbers import number_of
from pitcairn.conditions.tree import QUERY_PREFIX, All, AnyOf, Condition, Fact, Leaf, Not, Operator, Scalar

Predicate: TypeAlias = Callable[[Facts], bool]
_Read: TypeAlias = Callable[[Facts], Any]
_Test: TypeAlias = Callable[[Any], bool]

_ORDER: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.LESS_THAN: compare.lt,
    Operator.AT_MOST: compare.le,
    Operator.GREATER_THAN: compare.gt,
    Operator.AT_LEAST: compare.ge,
}

_OPPOSITES = {
    Operator.DIFFERS: Operator.EQUALS,
    Operator.NONE_OF: Operator.ONE_OF,
    Operator.OMITS: Operator.CONTAINS,
}


def compile_condition(condition: Condition) -> Predicate:
    """A function that says whether the condition holds for some facts. It never raises."""
    match condition:
        case All(conditions):
            return _all(tuple(compile_condition(inner) for inner in conditions))
        case AnyOf(conditions):
            return _any(tuple(compile_condition(inner) for inner in conditions))
        case Not(inner):
            holds = compile_condition(inner)
            return lambda facts: not holds(facts)
        case Leaf():
            return _leaf(condition)


def _all(tests: tuple[Predicate, ...]) -> Predicate:
    if len(tests) == 1:
        return tests[0]

    def holds(facts: Facts) -> bool:
        for test in tests:  # noqa: SIM110 - all() over a generator takes twice as long, and this is the hot path
            if not test(facts):
                return False
        return True

    return holds


def _any(tests: tuple[Predicate, ...]) -> Predicate:
    if len(tests) == 1:
        return tests[0]

    def holds(facts: Facts) -> bool:
        for test in tests:  # noqa: SIM110 - as in _all
            if test(facts):
                return True
        return False

    return holds


def _leaf(leaf: Leaf) -> Predicate:
    read = _reader(leaf.fact, leaf.name)
    if leaf.operator is Operator.EXISTS:
        return lambda facts: read(facts) is not None
    if leaf.operator is Operator.ABSENT:
        return lambda facts: read(facts) is None
    positive = _OPPOSITES.get(leaf.operator)
    if positive is not None:
        unlike = _test(leaf, positive)
        return lambda facts: (value := read(facts)) is not None and not unlike(value)
    test = _test(leaf, leaf.operator)
    return lambda facts: (value := read(facts)) is not None and test(value)


def _reader(fact: Fact, name: str) -> _Read:
    """How the fact is read: None where it is absent, and a case-folded text for every fact but a trait."""
    match fact:
        case Fact.TRAIT:
            return _trait_reader(name)
        case Fact.PAGE:
            part = QUERY_PREFIX + name.removeprefix(QUERY_PREFIX).casefold() if name.startswith(QUERY_PREFIX) else name
            return lambda facts: facts.page_parts.get(part)
        case Fact.UTM:
            parameter = f"{QUERY_PREFIX}utm_{name}"
            return lambda facts: facts.page_parts.get(parameter) or None
        case Fact.REFERRER:
            return lambda facts: facts.referrer_parts.get(name)
        case Fact.DEVICE:
            attribute = compare.attrgetter("device" if name == "type" else name)
            return lambda facts: _folded(attribute(facts))
        case Fact.COUNTRY:
            return lambda facts: _folded(facts.country)
        case Fact.LANGUAGE:
            return lambda facts: _folded(facts.language)


def _folded(value: object) -> str | None:
    return value.casefold() if isinstance(value, str) and value else None


def _trait_reader(name: str) -> _Read:
    if "." not in name:
        return lambda facts: facts.traits.get(name)
    # "a.b.c" is looked up as itself, then as "b.c" inside "a", then as "c" inside "b" inside that.
    parts = name.split(".")
    steps = tuple((parts[index], ".".join(parts[index:])) for index in range(len(parts)))

    def read(facts: Facts) -> Any:
        inner: Any = facts.traits
        for head, rest in steps:
            if not isinstance(inner, dict) and not isinstance(inner, Mapping):
                return None
            if rest in inner:
                return inner[rest]
            inner = inner.get(head)
        return None

    return read


def _test(leaf: Leaf, operator: Operator) -> _Test:
    value = leaf.value
    values = value if isinstance(value, tuple) else () if value is None else (value,)
    match operator:
        case Operator.EQUALS | Operator.ONE_OF:
            return _equal_to(tuple(_expected(leaf, item) for item in values))
        case Operator.LESS_THAN | Operator.AT_MOST | Operator.GREATER_THAN | Operator.AT_LEAST:
            return _ordered(_ORDER[operator], values[0])
        case Operator.CONTAINS:
            return _containing(tuple(str(_expected(leaf, item)) for item in values))
        case Operator.STARTS_WITH:
            prefix = str(_expected(leaf, values[0]))
            return lambda value: isinstance(value, str) and value.startswith(prefix)
        case Operator.ENDS_WITH:
            suffix = str(_expected(leaf, values[0]))
            return lambda value: isinstance(value, str) and value.endswith(suffix)
        case Operator.MATCHES:
            matches = _glob(str(_expected(leaf, values[0]))).fullmatch
            return lambda value: isinstance(value, str) and matches(value) is not None
        case _:
            raise AssertionError(f"{operator} has no test of its own")


def _expected(leaf: Leaf, value: Scalar) -> Scalar:
    """A value of the condition, written the way the fact is read."""
    if not isinstance(value, str) or leaf.fact is Fact.TRAIT:
        return value
    if leaf.fact is Fact.PAGE and leaf.name == "path":
        value = unquote(value)
    return value.casefold()


def _equal_to(values: tuple[Scalar, ...]) -> _Test:
    texts = {value for value in values if isinstance(value, str)}
    numbers = {value for value in values if isinstance(value, int | float) and not isinstance(value, bool)}
    booleans = {value for value in values if isinstance(value, bool)}
    booleans |= {text == "true" for text in texts & {"true", "false"}}
    spelt = {number for text in texts if (number := number_of(text)) is not None} | numbers
    texts |= {"true" if value else "false" for value in values if isinstance(value, bool)}

    def test(value: Any) -> bool:
        if isinstance(value, str):
            return value in texts or (bool(numbers) and number_of(value) in numbers)
        if isinstance(value, bool):
            return value in booleans
        return isinstance(value, int | float) and value in spelt

    return test


def _ordered(order: Callable[[Any, Any], bool], bound: Scalar) -> _Test:
    def test(value: Any) -> bool:
        number = value if type(value) is int else number_of(value)
        return number is not None and order(number, bound)

    return test


def _containing(parts: tuple[str, ...]) -> _Test:
    is_element = _equal_to(parts)

    def test(value: Any) -> bool:
        if isinstance(value, str):
            return any(part in value for part in parts)
        return isinstance(value, list | tuple) and any(is_element(element) for element in value)

    return test


def _glob(pattern: str) -> re.Pattern[str]:
    """`*` is any run of characters, `?` any single one; matched over the whole text.

    Every piece between two stars is fixed where it is found first, in an atomic group: that is always right for such
    patterns, and an address made of one repeated letter cannot make the search explode.
    """
    first, *rest = (
        "".join("." if character == "?" else re.escape(character) for character in piece)
        for piece in re.sub(r"\*+", "*", pattern).split("*")
    )
    if not rest:
        return re.compile(first, re.DOTALL)
    *middle, last = rest
    return re.compile(first + "".join(f"(?>.*?{piece})" for piece in middle) + f".*{last}", re.DOTALL)
