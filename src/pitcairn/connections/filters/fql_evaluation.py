"""FQL trees made into functions of a message, once, so that asking takes a microsecond.

Logic has two values: `and`, `or` and `!` ask whether something *is true*, and what is null, or no bool at all, is not.
Nothing here raises: a filter that failed could let through what it should have stopped.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from pitcairn.connections.filters.fql_functions import FUNCTIONS
from pitcairn.connections.filters.fql_tree import And, Call, Compare, Expression, ListOf, Literal, Not, Or, Path
from pitcairn.connections.filters.glob import compile_glob
from pitcairn.connections.filters.paths import reader

Test: TypeAlias = Callable[[Mapping[str, Any]], bool]
Value: TypeAlias = Callable[[Mapping[str, Any]], Any]

_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def compile_expression(expression: Expression) -> Test:
    """Whether a message, as Segment spells it, is what the FQL asks for. The function never raises."""
    match expression:
        case And(parts):
            return _all([compile_expression(part) for part in parts])
        case Or(parts):
            return _any([compile_expression(part) for part in parts])
        case Not(inner):
            is_true = compile_expression(inner)
            return lambda body: not is_true(body)
        case Compare():
            return _comparison(expression)
        case Call("contains", (text, Literal(str(part)))):
            return _contains(_value(text), part)
        case Call("match", (text, Literal(str(pattern)))):
            return _match(_value(text), pattern)
        case _:
            value = _value(expression)
            return lambda body: value(body) is True


def equal(left: Any, right: Any) -> bool:
    """The same type and the same value, also inside of lists and objects. 1 and 1.0 are the same number."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list | tuple):
        return isinstance(right, list | tuple) and len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, dict):
        return (
            isinstance(right, dict)
            and left.keys() == right.keys()
            and all(equal(value, right[key]) for key, value in left.items())
        )
    return bool(left == right)


def _value(expression: Expression) -> Value:
    match expression:
        case Literal(value):
            return lambda body: value
        case Path(keys):
            return reader(keys)
        case ListOf(items):
            values = [_value(item) for item in items]
            return lambda body: [value(body) for value in values]
        case Call(name, arguments):
            call = FUNCTIONS[name].call
            given = [_value(argument) for argument in arguments]
            if len(given) == 1:
                (only,) = given
                return lambda body: call(only(body))
            first, second = given
            return lambda body: call(first(body), second(body))
        case _:
            return compile_expression(expression)


def _all(tests: list[Test]) -> Test:
    if len(tests) == 2:
        one, two = tests
        return lambda body: one(body) and two(body)
    return lambda body: all(test(body) for test in tests)


def _any(tests: list[Test]) -> Test:
    if len(tests) == 2:
        one, two = tests
        return lambda body: one(body) or two(body)
    return lambda body: any(test(body) for test in tests)


def _comparison(expression: Compare) -> Test:
    left, right = _value(expression.left), _value(expression.right)
    match expression.operator:
        case "=":
            return _equals(expression) or (lambda body: equal(left(body), right(body)))
        case "!=":
            equals = _equals(expression)
            if equals is not None:
                return lambda body: not equals(body)
            return lambda body: not equal(left(body), right(body))
        case "in":
            return _membership(expression)
        case sign:
            return _ordered(_ORDER[sign], left, right)


def _equals(expression: Compare) -> Test | None:
    """The short way for what nearly every filter asks: whether a path is this constant."""
    left, right = expression.left, expression.right
    if isinstance(left, Literal):
        left, right = right, left
    if not isinstance(right, Literal):
        return None
    value, constant = _value(left), right.value
    if constant is None or isinstance(constant, bool):
        return lambda body: value(body) is constant
    if isinstance(constant, str):
        if isinstance(left, Path) and len(left.keys) == 1:
            (key,) = left.keys
            return lambda body: bool(body.get(key) == constant)
        return lambda body: bool(value(body) == constant)
    return lambda body: equal(value(body), constant)


def _membership(expression: Compare) -> Test:
    value, right = _value(expression.left), expression.right
    if isinstance(right, ListOf) and all(
        isinstance(item, Literal) and isinstance(item.value, str) for item in right.items
    ):
        texts = frozenset(item.value for item in right.items if isinstance(item, Literal))

        def among(body: Mapping[str, Any]) -> bool:
            found = value(body)
            return isinstance(found, str) and found in texts

        return among
    elements = _value(right)

    def is_in(body: Mapping[str, Any]) -> bool:
        found, those = value(body), elements(body)
        return isinstance(those, list | tuple) and any(equal(found, element) for element in those)

    return is_in


def _ordered(order: Callable[[Any, Any], bool], left: Value, right: Value) -> Test:
    def test(body: Mapping[str, Any]) -> bool:
        one, other = left(body), right(body)
        if type(one) not in _NUMBERS or type(other) not in _NUMBERS:
            return False
        return order(one, other)

    return test


_NUMBERS = frozenset({int, float})


def _contains(text: Value, part: str) -> Test:
    def test(body: Mapping[str, Any]) -> bool:
        found = text(body)
        return isinstance(found, str) and part in found

    return test


def _match(text: Value, pattern: str) -> Test:
    matches = compile_glob(pattern).fullmatch

    def test(body: Mapping[str, Any]) -> bool:
        found = text(body)
        return isinstance(found, str) and matches(found) is not None

    return test
