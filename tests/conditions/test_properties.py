"""What holds for every tree and all facts: against a second, naive evaluator that reads the JSON itself."""

from contextlib import suppress
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pitcairn.conditions import ConditionError, Facts, compile_condition, describe, parse, to_json
from pitcairn.conditions.history import compile_account, compile_history
from pitcairn.conditions.records import AccountHistory, History

from .history_trees import trees as trees_over_histories
from .naive import NAIVE, naive

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""No example is judged by how long it took: the machine may be busy."""

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)

WORDS = [
    "a",
    "A",
    "ab",
    "b.a",
    "1",
    "01",
    "1.0",
    " 1",
    "1e0",
    "150",
    "true",
    "false",
    "",
    "ß",
    "SS",
    "/a",
    "/ä",
    "%C3%A4",
    "a*",
]
words = st.sampled_from(WORDS) | st.text(max_size=3)
scalars = words | st.integers(-2, 2) | st.sampled_from([0.0, 1.0, 1.5, 150, 2**62]) | st.booleans()
trait_names = st.sampled_from(["a", "b", "a.b", "b.a", "a.b.a", "c"])
trait_values = st.recursive(
    scalars | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(trait_names, inner, max_size=3),
    max_leaves=6,
)

queries = st.lists(
    st.tuples(
        st.sampled_from(["q", "Q", "utm_source", "UTM_Source"]), st.sampled_from(["", "a", "A+b", "%C3%9F", "1"])
    ),
    max_size=3,
)
urls = st.one_of(
    st.just(""),
    st.builds(
        lambda host, path, query: f"{host}{path}" + ("?" + "&".join(f"{k}={v}" for k, v in query) if query else ""),
        st.sampled_from(["https://a", "http://A.b:80", "", "//a", "http://["]),
        st.sampled_from(["", "/", "/a", "/A/", "/%C3%A4", "/ä"]),
        queries,
    ),
    st.text(max_size=10),
)

facts = st.fixed_dictionaries(
    {},
    optional={
        "traits": st.dictionaries(trait_names, trait_values, max_size=4),
        "page_url": urls,
        "referrer": urls,
        "device": st.sampled_from(["mobile", "Desktop", ""]),
        "browser": words,
        "os": words,
        "country": st.sampled_from(["DE", "de", "", "US"]),
        "language": st.sampled_from(["en", "EN-us", ""]),
    },
)

subjects = st.one_of(
    trait_names.map(lambda name: {"fact": "trait", "name": name}),
    st.sampled_from(["url", "host", "path", "query.q", "query.Q", "query.missing"]).map(
        lambda name: {"fact": "page", "name": name}
    ),
    st.sampled_from(["source", "term"]).map(lambda name: {"fact": "utm", "name": name}),
    st.sampled_from(["url", "host"]).map(lambda name: {"fact": "referrer", "name": name}),
    st.sampled_from(["type", "browser", "os"]).map(lambda name: {"fact": "device", "name": name}),
    st.sampled_from([{"fact": "country"}, {"fact": "language"}]),
)
codes = {"country": st.sampled_from(["DE", "us"]), "type": st.sampled_from(["mobile", "desktop"])}
texts = words.filter(bool)
patterns = st.text("ab*?./ä", min_size=1, max_size=6)


@st.composite
def leaves(draw: st.DrawFn) -> dict[str, Any]:
    leaf: dict[str, Any] = dict(draw(subjects))
    value = codes.get(leaf["fact"], codes.get(leaf.get("name", ""), scalars)) if leaf["fact"] != "trait" else scalars
    operator = draw(st.sampled_from([*sorted(NAIVE), "exists", "absent"]))
    leaf["operator"] = operator
    if operator in {"equals", "differs"}:
        leaf["value"] = draw(value)
    elif operator in {"one_of", "none_of"}:
        leaf["value"] = draw(st.lists(value, min_size=1, max_size=4))
    elif operator in {"less_than", "at_most", "greater_than", "at_least"}:
        leaf["value"] = draw(st.sampled_from([0, 1, -1.5, 150, "1", "1.5", 1e300]))
    elif operator in {"contains", "omits"}:
        leaf["value"] = draw(texts | st.lists(texts, min_size=1, max_size=3))
    elif operator == "matches":
        leaf["value"] = draw(patterns)
    elif operator in {"starts_with", "ends_with"}:
        leaf["value"] = draw(texts)
    return leaf


trees = st.recursive(
    leaves() | st.just({}),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda conditions: {"all": conditions}),
        st.lists(inner, min_size=1, max_size=3).map(lambda conditions: {"any": conditions}),
        inner.map(lambda condition: {"not": condition}),
    ),
    max_leaves=5,
)


@unhurried
@given(leaves(), facts)
def test_question_is_answered_as_by_the_naive_evaluator(leaf: dict[str, Any], known: dict[str, Any]) -> None:
    assert compile_condition(parse(leaf))(Facts(**known)) is naive(leaf, known)


@unhurried
@given(trees, facts)
def test_tree_is_answered_as_by_the_naive_evaluator(tree: dict[str, Any], known: dict[str, Any]) -> None:
    assert compile_condition(parse(tree))(Facts(**known)) is naive(tree, known)


@unhurried
@given(trees)
def test_tree_survives_the_way_to_json_and_back(tree: dict[str, Any]) -> None:
    condition = parse(tree)
    assert parse(to_json(condition)) == condition
    assert parse(msgspec.json.decode(msgspec.json.encode(to_json(condition)))) == condition
    assert describe(condition)


@unhurried
@given(leaves(), facts)
def test_opposites_part_the_facts_that_are_there(leaf: dict[str, Any], known: dict[str, Any]) -> None:
    for positive, negative in (
        ("equals", "differs"),
        ("one_of", "none_of"),
        ("contains", "omits"),
        ("exists", "absent"),
    ):
        if leaf["operator"] not in {positive, negative}:
            continue
        is_so, is_not = (
            compile_condition(parse(leaf | {"operator": word}))(Facts(**known)) for word in (positive, negative)
        )
        there = compile_condition(parse({key: leaf[key] for key in leaf if key != "value"} | {"operator": "exists"}))(
            Facts(**known)
        )
        assert is_so + is_not == (1 if there or positive == "exists" else 0)


@unhurried
@given(JSON)
@example({"fact": "trait", "name": "a", "operator": "less_than", "value": 10**400})
@example({"fact": "trait", "name": "a", "operator": "equals", "value": float("nan")})
@example({"fact": ["trait"], "operator": {}})
@example({"all": [{"fact": "\ud800", "operator": "exists"}]})
def test_any_json_is_parsed_or_refused(value: object) -> None:
    try:
        condition = parse(value)
    except ConditionError:
        return
    assert parse(to_json(condition)) == condition


KEYS = st.sampled_from(
    [
        "all",
        "any",
        "not",
        "fact",
        "name",
        "operator",
        "value",
        "x",
        "event",
        "type",
        "where",
        "window",
        "then",
        "measure",
        "property",
        "users",
        "condition",
        "oldest",
        "newest",
        "session",
        "did",
        "within",
        "amount",
        "unit",
        "trait",
        "parent",
    ]
)
WORDS_OF_CONDITIONS = [
    "trait",
    "page",
    "country",
    "property",
    "account",
    "audience",
    "equals",
    "contains",
    "one_of",
    "exists",
    "before_date",
    "within_last",
    "at_least",
    "url",
    "query.a",
    "track",
    "count",
    "sum",
    "unique",
    "days",
    "minutes",
    "2026-03-01T00:00:00Z",
]
NEAR = st.recursive(
    JSON | st.sampled_from(WORDS_OF_CONDITIONS) | st.sampled_from([{"event": "A"}, {"amount": 1, "unit": "days"}]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)


def check_near(value: object) -> None:
    """Either an error with a place, or a condition for everything that is done with conditions."""
    try:
        condition = parse(value)
    except ConditionError:
        return
    assert parse(to_json(condition)) == condition
    assert describe(condition)
    for compiled in (
        lambda: compile_condition(condition)(Facts()),
        lambda: compile_history(condition)(History(), 0),
        lambda: compile_account(condition)(AccountHistory(), 0),
    ):
        with suppress(ConditionError):
            assert compiled() in {True, False}


@unhurried
@given(NEAR)
def test_what_nearly_is_a_condition_is_parsed_or_refused(value: object) -> None:
    check_near(value)


@unhurried
@given(trees_over_histories, st.randoms(use_true_random=True), JSON | NEAR)
@example({"event": "A", "window": {"oldest": {"amount": 10**400, "unit": "days"}}}, Random(0), None)
@example({"event": "A", "value": float("inf")}, Random(0), None)
@example({"event": "A", "type": ["track"]}, Random(0), None)
def test_a_condition_with_one_part_spoilt_is_parsed_or_refused(tree: object, random: Random, spoilt: object) -> None:
    def places(node: object) -> list[tuple[Any, Any]]:
        found: list[tuple[Any, Any]] = []
        for key, inner in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
            found += [(node, key), *places(inner)]
        return found

    whole = {"not": tree}
    check_near(whole)
    node, key = random.choice(places(whole))
    node[key] = spoilt
    check_near(whole)


@unhurried
@given(
    leaves(),
    st.dictionaries(st.text() | trait_names, JSON),
    st.fixed_dictionaries(
        {},
        optional={key: st.text() for key in ("page_url", "referrer", "device", "browser", "os", "country", "language")},
    ),
)
@example({"fact": "trait", "name": "a", "operator": "less_than", "value": 1.5}, {"a": 10**400}, {})
@example({"fact": "trait", "name": "a", "operator": "one_of", "value": [1]}, {"a": "1" * 5_000}, {})
@example({"fact": "page", "name": "host", "operator": "exists"}, {}, {"page_url": "https://[::1"})
@example({"fact": "page", "name": "path", "operator": "exists"}, {}, {"page_url": "https://a/\ud800%ff?%ff=\ud800"})
@example({"fact": "page", "name": "host", "operator": "exists"}, {}, {"page_url": "https://a\u2100b"})
def test_any_facts_are_answered(leaf: dict[str, Any], traits: dict[str, Any], texts: dict[str, str]) -> None:
    assert compile_condition(parse(leaf))(Facts(traits=traits, **texts)) in {True, False}


def test_facts_are_values() -> None:
    known = Facts(traits={"plan": "pro"}, page_url="https://shop.example/pricing")
    assert known.page_parts is known.page_parts
    assert known == Facts(traits={"plan": "pro"}, page_url="https://shop.example/pricing")
    with pytest.raises(AttributeError):
        known.country = "DE"  # type: ignore[misc]
