"""What holds for every FQL text and every message: against a second, naive evaluator, and against anything at all."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from pitcairn.connections.filters import (
    FILTERED_BY_RULES,
    FilterRule,
    FQLError,
    compile_expression,
    compile_filters,
    parse,
)
from pitcairn.connections.filters.paths import join_path

from .naive import Tree, naive

NAMES = ["type", "event", "a", "b", "in", "product 1", "odd.name", "0", "1", "größe", "and"]
TEXTS = [
    "",
    "a",
    "A",
    "ab",
    "abc",
    "a b",
    "1",
    "12.5",
    "-3",
    "0",
    "false",
    "FALSE",
    "true",
    "ア",
    "it's",
    'say "x"',
    "a\\*b",
    "*",
]
NUMBERS = [0, 1, -1, 2, 3, 12.5, 1.0, -0.5, 1e300, 2**53 + 1, 2**53]
PATTERNS = ["", "*", "a*", "*b", "a?c", "?", "[a-c]*", "[^a]", "a*b*c", "\\*", "**", "ア", "[x1]", "[c-a]", "[^c-a]"]

texts, numbers = st.sampled_from(TEXTS), st.sampled_from(NUMBERS)
constants = st.one_of(texts, numbers, st.booleans(), st.none())
json_values = st.recursive(
    constants,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=8,
)
messages = st.dictionaries(st.sampled_from(NAMES), json_values, max_size=6)

paths = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map(lambda keys: ["path", *keys])


def value_of(*kinds: st.SearchStrategy[Any]) -> st.SearchStrategy[Tree]:
    return st.one_of(*kinds).map(lambda value: ["value", value])


def values(depth: int) -> st.SearchStrategy[Tree]:
    """Trees that come out as anything."""
    simple = paths | value_of(constants)
    if depth == 0:
        return simple
    inner = values(depth - 1)
    text = paths | value_of(texts, st.none())
    called = st.one_of(
        *[
            text.map(lambda x, name=name: ["call", name, x])
            for name in ("lowercase", "uppercase", "snakecase", "kebabcase", "titlecase")
        ],
        (paths | value_of(texts)).map(lambda x: ["call", "length", x]),
        (paths | value_of(texts, numbers)).map(lambda x: ["call", "number", x]),
        *[inner.map(lambda x, name=name: ["call", name, x]) for name in ("typeof", "bool", "string")],
    )
    return st.one_of(simple, called, st.lists(inner, max_size=3).map(lambda items: ["list", *items]))


def conditions(depth: int) -> st.SearchStrategy[Tree]:
    """Trees that come out true or false."""
    value, text = values(1), paths | value_of(texts)
    number = paths | value_of(numbers) | text.map(lambda x: ["call", "number", x])
    simple = st.one_of(
        st.tuples(st.sampled_from(["=", "!="]), value, value).map(list),
        st.tuples(st.sampled_from(["<", "<=", ">", ">="]), number, number).map(list),
        st.tuples(st.just("in"), value, paths | st.lists(value, max_size=4).map(lambda items: ["list", *items])).map(
            list
        ),
        st.tuples(text, text).map(lambda both: ["call", "contains", *both]),
        st.tuples(text, paths | value_of(st.sampled_from(PATTERNS))).map(lambda both: ["call", "match", *both]),
        value.map(lambda x: ["call", "bool", x]),
        paths,
        value_of(st.booleans()),
    )
    if depth == 0:
        return simple
    inner = conditions(depth - 1)
    joined = st.tuples(st.sampled_from(["and", "or"]), st.lists(inner, min_size=2, max_size=4)).map(
        lambda both: [both[0], *both[1]]
    )
    return st.one_of(simple, joined, inner.map(lambda x: ["!", x]))


def written(tree: Tree, *, inside: bool = False) -> str:
    """The tree as FQL; `inside` puts parentheses round what needs them."""
    word, *parts = tree
    if word == "value":
        return constant(parts[0])
    if word == "path":
        # What would be read as a number or a word of the language needs a backslash to be a name.
        return ("\\" if parts[0] in {"0", "1"} or parts in (["and"], ["in"]) else "") + join_path(tuple(parts))
    if word == "call":
        return f"{parts[0]}( {', '.join(written(part, inside=True) for part in parts[1:])} )"
    if word == "list":
        return f"[{', '.join(written(part, inside=True) for part in parts)}]"
    if word == "!":
        return f"!{written(parts[0], inside=True)}"
    text = f" {word} ".join(written(part, inside=True) for part in parts)
    return f"({text})" if inside else text


def constant(value: Any) -> str:
    if isinstance(value, str):
        quote = '"' if "'" in value else "'"
        return f"{quote}{value}{quote}" if quote not in value else '"' + value.replace('"', '\\"') + '"'
    return (
        {True: "true", False: "false", None: "null"}[value] if value is None or isinstance(value, bool) else repr(value)
    )


@settings(max_examples=400)
@given(conditions(2), messages)
@example(["=", ["value", 2**53 + 1], ["path", "a"]], {"a": float(2**53)})
@example(["=", ["path", "a"], ["list", ["value", True]]], {"a": [1]})
@example(["call", "match", ["path", "a"], ["path", "b"]], {"a": "x", "b": "*"})
def test_fql_agrees_with_a_naive_evaluator(tree: Tree, message: dict[str, Any]) -> None:
    text = written(tree)
    try:
        expression = parse(text)
    except FQLError as error:
        raise AssertionError(f"{text} is refused: {error}") from error
    assert compile_expression(expression)(message) is naive(tree, message), text


WORDS = [
    "and", "or", "in", "!", "=", "!=", "<", "<=", ">", ">=", "(", ")", "[", "]", ",", ".", "null", "true", "false", "0", "-1",
    "1.5", "1e9", "'a'", '"b"', "'*['", "'", '"', "\\", "\\ ", "type", "event", "properties.total", "a.b.0", "contains(",
    "match(", "length(", "typeof(", "bool(", "nothing(", " ", "\n", "\t", "ア", "é", "\ud800", "\0", "&&", "9" * 400,
]  # fmt: skip
BODIES: list[dict[str, Any]] = [
    {},
    {"type": "track", "event": "E", "properties": {"total": 10**400}, "a": {"b": [None, {"c": float("nan")}]}},
    {"type": ["track"], "event": {"a": 1}, "a": "\ud800", "properties": "none"},
]
FUZZED, EACH = 100_000, 500


@settings(max_examples=FUZZED // EACH)
@given(st.integers(0, 2**64))
def test_a_hundred_thousand_texts_are_parsed_or_refused(seed: int) -> None:
    """Each is a row of words as FQL has them, some with a character changed: most are nonsense, and some are not."""
    made = random.Random(seed)
    for _ in range(EACH):
        text = made.choice(["", " "]).join(made.choices(WORDS, k=made.randrange(1, 14)))
        if made.random() < 0.2:
            at = made.randrange(len(text) + 1)
            text = text[:at] + chr(made.randrange(0x3000)) + text[at + made.randrange(2) :]
        parsed_or_refused(text)


@settings(max_examples=300)
@given(st.text() | st.lists(st.sampled_from(WORDS)).map(" ".join))
@example("(" * 5_000)
@example("!" * 5_000 + "a")
@example("[" * 5_000)
@example("bool(" * 900)
@example("a.b" * 1_000)
@example("a" + ".a" * 60)
@example("a = " + "9" * 5_000)
@example("a or " * 1_000 + "a")
@example("match( event, '" + "*a" * 2_000 + "' )")
@example("x" * 6_000)
def test_any_text_is_parsed_or_refused(text: str) -> None:
    parsed_or_refused(text)


def parsed_or_refused(text: str) -> None:
    try:
        holds = compile_expression(parse(text))
    except FQLError as error:
        refusal = error
    else:
        assert all(holds(body) in {True, False} for body in BODIES), text
        return
    assert 0 <= refusal.position <= len(text), text
    assert str(refusal).startswith(f"Line {refusal.line}, column {refusal.column}: "), text
    dropped = compile_filters([FilterRule(condition=text, action={"type": "drop_properties", "fields": {"": ["x"]}})])
    assert dropped({"type": "track"}, 1) == FILTERED_BY_RULES or text.strip() == "all", text


@given(st.text("a*?[]^-\\b", max_size=60), st.text("ab-]", max_size=200))
@example("*a" * 30 + "b", "a" * 5_000)
@example("*[a-b]?" * 20, "ab" * 5_000)
def test_any_pattern_of_a_message_is_answered(pattern: str, text: str) -> None:
    holds = compile_expression(parse("match( event, pattern )"))
    assert holds({"event": text, "pattern": pattern}) in {True, False}
