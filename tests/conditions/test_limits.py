"""Limits of trees and values: enough at the limit, a clear error one above it."""

from typing import Any

import pytest

from pitcairn.conditions import ConditionError, Facts, compile_condition, describe, parse, to_json
from pitcairn.conditions.tree import MAX_DEPTH, MAX_INTEGER, MAX_NAME, MAX_NODES, MAX_TEXT, MAX_VALUES

LEAF = {"fact": "country", "operator": "equals", "value": "DE"}


def nested(depth: int) -> dict[str, Any]:
    tree: dict[str, Any] = LEAF
    for _ in range(depth - 1):
        tree = {"not": tree}
    return tree


def trait(operator: str, value: object, name: str = "plan") -> dict[str, Any]:
    return {"fact": "trait", "name": name, "operator": operator, "value": value}


def test_trees_at_every_limit_are_accepted() -> None:
    for tree in (
        nested(MAX_DEPTH),
        {"all": [LEAF] * (MAX_NODES - 1)},
        trait("one_of", [str(number) for number in range(MAX_VALUES)]),
        trait("equals", "x" * MAX_TEXT),
        trait("equals", MAX_INTEGER),
        trait("equals", 1, name="n" * MAX_NAME),
    ):
        condition = parse(tree)
        assert parse(to_json(condition)) == condition
        assert describe(condition)
        assert compile_condition(condition)(Facts()) in {True, False}


@pytest.mark.parametrize(
    ("tree", "error"),
    [
        (nested(MAX_DEPTH + 1), "not.not.not.*: conditions nest at most 20 deep; this one nests deeper"),
        ({"all": [LEAF] * MAX_NODES}, r"all\[499\]: a condition has at most 500 parts; this one has more"),
        ({"all": [{"any": [LEAF] * 300}] * 2}, r"all\[1\].any\[197\]: a condition has at most 500 parts"),
        (trait("one_of", ["x"] * (MAX_VALUES + 1)), "value: has 10001 values; a list has at most 10000"),
        (trait("equals", "x" * (MAX_TEXT + 1)), "value: 'xxx+….* has 2001 characters; a text has at most 2000"),
        (trait("equals", MAX_INTEGER + 1), "value: the number is too large"),
        (trait("less_than", 10**5000), "value: the number is too large"),
        (trait("less_than", "9" * 5000), "value: '999+….* is not a number"),
        (trait("equals", float("inf")), "value: inf is not a number that can be compared"),
        (trait("equals", 1, name="n" * (MAX_NAME + 1)), "name: 'nnn+….* has 501 characters; a name has at most 500"),
    ],
)
def test_trees_beyond_a_limit_are_refused(tree: object, error: str) -> None:
    with pytest.raises(ConditionError, match=f"^{error}"):
        parse(tree)


def test_nesting_far_beyond_the_limit_is_refused_like_any_other() -> None:
    with pytest.raises(ConditionError, match="nest at most 20 deep"):
        parse(nested(100_000))


def test_deeply_nested_value_is_refused() -> None:
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(ConditionError, match="value: a list cannot be compared"):
        parse(trait("equals", value))


def test_repeated_letters_do_not_make_a_pattern_explode() -> None:
    """A search that tried every way to place the pieces would not end within the age of the universe."""
    holds = compile_condition(parse(trait("matches", "*a" * 100 + "b")))
    assert holds(Facts(traits={"plan": "a" * 2_000})) is False
    assert holds(Facts(traits={"plan": "a" * 2_000 + "b"})) is True
