"""What operators say of a value that is there. The rules stand in `evaluation`."""

from __future__ import annotations

import operator as compare
import re
from collections.abc import Callable
from typing import Any, TypeAlias

from pitcairn.conditions.moments import moment_of
from pitcairn.conditions.numbers import number_of
from pitcairn.conditions.tree import Operator, Scalar, Span

Test: TypeAlias = Callable[[Any], bool]
TestWithNow: TypeAlias = Callable[[Any, int], bool]
TestWithOther: TypeAlias = Callable[[Any, Any], bool]

_ORDER: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.LESS_THAN: compare.lt,
    Operator.AT_MOST: compare.le,
    Operator.GREATER_THAN: compare.gt,
    Operator.AT_LEAST: compare.ge,
    Operator.BEFORE_DATE: compare.lt,
    Operator.AFTER_DATE: compare.gt,
}

_OPPOSITES = {
    Operator.DIFFERS: Operator.EQUALS,
    Operator.NONE_OF: Operator.ONE_OF,
    Operator.OMITS: Operator.CONTAINS,
}


def plain_test(operator: Operator, values: tuple[Scalar, ...]) -> Test:
    """The test of an operator that compares with `values`, written the way the fact is read.

    It takes a value that is there and never raises.
    """
    positive = _OPPOSITES.get(operator)
    if positive is not None:
        unlike = plain_test(positive, values)
        return lambda value: not unlike(value)
    match operator:
        case Operator.EQUALS | Operator.ONE_OF:
            return _equal_to(values)
        case Operator.LESS_THAN | Operator.AT_MOST | Operator.GREATER_THAN | Operator.AT_LEAST:
            return _ordered(_ORDER[operator], values[0])
        case Operator.CONTAINS:
            return _containing(tuple(map(str, values)))
        case Operator.STARTS_WITH:
            prefix = str(values[0])
            return lambda value: isinstance(value, str) and value.startswith(prefix)
        case Operator.ENDS_WITH:
            suffix = str(values[0])
            return lambda value: isinstance(value, str) and value.endswith(suffix)
        case Operator.MATCHES:
            matches = _glob(str(values[0])).fullmatch
            return lambda value: isinstance(value, str) and matches(value) is not None
        case Operator.BEFORE_DATE | Operator.AFTER_DATE:
            return _dated(_ORDER[operator], moment_of(values[0]))
        case _:
            raise AssertionError(f"{operator} has no test of its own")


def moment_test(operator: Operator, span: Span) -> TestWithNow:
    """The test of an operator that compares a moment with now, both in milliseconds since 1970.

    The four part all moments, by their age: later than in `span`, in the next `span`, in the last `span`, long ago.
    """
    length = span.ms
    ages: dict[Operator, Callable[[int], bool]] = {
        Operator.WITHIN_LAST: lambda age: 0 <= age < length,
        Operator.BEFORE_LAST: lambda age: age >= length,
        Operator.WITHIN_NEXT: lambda age: -length <= age < 0,
        Operator.AFTER_NEXT: lambda age: age < -length,
    }
    fits = ages[operator]

    def test(value: Any, now: int) -> bool:
        moment = moment_of(value)
        return moment is not None and fits(now - moment)

    return test


def reference_test(operator: Operator) -> TestWithOther:
    """The test of an operator that compares two values which are both there. The other one must be a single value."""
    if operator in {Operator.EQUALS, Operator.DIFFERS}:
        equal = operator is Operator.EQUALS
        return lambda value, other: _equal_to((other,))(value) is equal
    order = _ORDER[operator]
    read = moment_of if operator in {Operator.BEFORE_DATE, Operator.AFTER_DATE} else number_of

    def test(value: Any, other: Any) -> bool:
        one, two = read(value), read(other)
        return one is not None and two is not None and order(one, two)

    return test


def _equal_to(values: tuple[Scalar, ...]) -> Test:
    texts = {value for value in values if isinstance(value, str)}
    numbers = {
        number for value in values if not isinstance(value, str | bool) and (number := number_of(value)) is not None
    }
    booleans = {value for value in values if isinstance(value, bool)}
    booleans |= {text == "true" for text in texts & {"true", "false"}}
    spelt = {number for text in texts if (number := number_of(text)) is not None} | numbers
    texts |= {"true" if value else "false" for value in values if isinstance(value, bool)}

    def test(value: Any) -> bool:
        if isinstance(value, str):
            return value in texts or (bool(numbers) and number_of(value) in numbers)
        if isinstance(value, bool):
            return value in booleans
        return isinstance(value, int | float) and number_of(value) in spelt

    return test


def _ordered(order: Callable[[Any, Any], bool], bound: Scalar) -> Test:
    def test(value: Any) -> bool:
        number = number_of(value)
        return number is not None and order(number, bound)

    return test


def _dated(order: Callable[[Any, Any], bool], bound: int | None) -> Test:
    def test(value: Any) -> bool:
        moment = moment_of(value)
        return moment is not None and order(moment, bound)

    return test


def _containing(parts: tuple[str, ...]) -> Test:
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
