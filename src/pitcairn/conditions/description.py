"""Conditions in words, for pages, logs and the command line."""

from __future__ import annotations

import re

from pitcairn.conditions.numbers import number_of
from pitcairn.conditions.tree import QUERY_PREFIX, All, AnyOf, Condition, Fact, Leaf, Not, Operator, Scalar

_LISTED = 5
"""Values of a list that are named; the others are counted."""

_SUBJECTS: dict[tuple[Fact, str], str] = {
    (Fact.PAGE, "url"): "the page's URL",
    (Fact.PAGE, "host"): "the page's host",
    (Fact.PAGE, "path"): "the page's path",
    (Fact.REFERRER, "url"): "the referrer's URL",
    (Fact.REFERRER, "host"): "the referrer's host",
    (Fact.DEVICE, "type"): "the device",
    (Fact.DEVICE, "browser"): "the browser",
    (Fact.DEVICE, "os"): "the operating system",
    (Fact.COUNTRY, ""): "the country",
    (Fact.LANGUAGE, ""): "the language",
}

_VERBS: dict[Operator, str] = {
    Operator.EQUALS: "is",
    Operator.DIFFERS: "is not",
    Operator.LESS_THAN: "is less than",
    Operator.AT_MOST: "is at most",
    Operator.GREATER_THAN: "is greater than",
    Operator.AT_LEAST: "is at least",
    Operator.CONTAINS: "contains",
    Operator.OMITS: "does not contain",
    Operator.STARTS_WITH: "starts with",
    Operator.ENDS_WITH: "ends with",
    Operator.ONE_OF: "is one of",
    Operator.NONE_OF: "is none of",
    Operator.EXISTS: "exists",
    Operator.ABSENT: "does not exist",
    Operator.MATCHES: "matches",
}

_OBSERVED = frozenset({Fact.REFERRER, Fact.DEVICE, Fact.COUNTRY, Fact.LANGUAGE})
"""Facts that every visit has and that are only unknown at times, so that "exists" would sound wrong."""

_PLAIN = re.compile(r"[\w/.:@%+*?=&#~-]+")
_CONFUSING = frozenset({"and", "or", "not", "true", "false", "everyone"})


def describe(condition: Condition) -> str:
    """One sentence, without capital or full stop, that says which visitors the condition is true for.

    Values stand as they are where they cannot be misread, else in quotation marks; long lists are cut and counted.
    """
    match condition:
        case All(conditions):
            return _joined(conditions, " and ") if conditions else "everyone"
        case AnyOf(conditions):
            return _joined(conditions, " or ")
        case Not(inner):
            return f"not ({describe(inner)})"
        case Leaf():
            return _leaf(condition)


def _joined(conditions: tuple[Condition, ...], word: str) -> str:
    if len(conditions) == 1:
        return describe(conditions[0])
    return word.join(_grouped(inner) for inner in conditions)


def _grouped(condition: Condition) -> str:
    """A part of a longer sentence, in brackets when it joins several questions itself."""
    text = describe(condition)
    inner = condition
    while isinstance(inner, All | AnyOf) and len(inner.conditions) == 1:
        inner = inner.conditions[0]
    return f"({text})" if isinstance(inner, All | AnyOf) and inner.conditions else text


def _leaf(leaf: Leaf) -> str:
    verb = _VERBS[leaf.operator]
    if leaf.fact in _OBSERVED and leaf.operator is Operator.EXISTS:
        verb = "is known"
    elif leaf.fact in _OBSERVED and leaf.operator is Operator.ABSENT:
        verb = "is unknown"
    if leaf.value is None:
        return f"{_subject(leaf)} {verb}"
    values = leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)
    return f"{_subject(leaf)} {verb} {_listed(values)}"


def _subject(leaf: Leaf) -> str:
    if leaf.fact is Fact.TRAIT:
        return f"trait {_quoted(leaf.name)}"
    if leaf.fact is Fact.UTM:
        return f"the UTM {leaf.name}"
    if leaf.name.startswith(QUERY_PREFIX):
        return f"the page's query parameter {_quoted(leaf.name.removeprefix(QUERY_PREFIX))}"
    return _SUBJECTS[leaf.fact, leaf.name]


def _listed(values: tuple[Scalar, ...]) -> str:
    shown = [_spelt(value) for value in values[:_LISTED]]
    more = len(values) - len(shown)
    if more:
        return f"{', '.join(shown)} or {more:,} more"
    return f"{', '.join(shown[:-1])} or {shown[-1]}" if len(shown) > 1 else shown[0]


def _spelt(value: Scalar) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return f"{value:g}" if value == float(f"{value:g}") else repr(value)
    # A text that looks like a number or a boolean is told apart from one by its quotation marks.
    return f"“{value}”" if number_of(value) is not None else _quoted(value)


def _quoted(text: str) -> str:
    return text if _PLAIN.fullmatch(text) and text not in _CONFUSING else f"“{text}”"
