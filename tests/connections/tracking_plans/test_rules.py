"""Rules: what is refused when they are saved, what they say of a message, and how they travel."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitcairn.connections.schema.shapes import DEPTH, MOST_PROPERTIES, SeenProperty, Shapes, add_shapes, count_shape
from pitcairn.connections.tracking_plans.checking import CompiledPlan, Violation, body_of
from pitcairn.connections.tracking_plans.from_seen import rules_from
from pitcairn.connections.tracking_plans.rules import (
    OnUnplanned,
    OnViolation,
    PlanError,
    Rule,
    checked_rule,
    read_rules,
)
from pitcairn.connections.tracking_plans.transfer import read_plan, write_plan
from pitcairn.connections.tracking_plans.trial import try_plan
from pitcairn.wire.message import Message


def message(kind: str = "track", event: str = "Bought", **fields: Any) -> Message:
    given: dict[str, Any] = {
        "type": kind, "message_id": "m1", "user_id": "u1", "anonymous_id": "", "event": event, "timestamp": 0,
        "original_timestamp": None, "sent_at": None, "received_at": 0, "properties": None, "traits": None, "context": None,
        "integrations": None, "extra": {},
    }  # fmt: skip
    return Message(**{**given, **fields})


def check(schema: dict[str, Any], of: Message) -> Violation | None:
    rule = checked_rule(of.type, of.event, schema)
    return CompiledPlan(1, [rule], on_violation=OnViolation.WARN, on_unplanned=OnUnplanned.ALLOW).check(of)


def problems(schema: dict[str, Any], properties: Any) -> list[str]:
    found = check({"properties": {"properties": schema}}, message(properties=properties))
    return sorted(map(str, found.problems)) if found else []


@pytest.mark.parametrize(
    ("schema", "value", "said"),
    [
        ({"required": ["a"]}, {}, "properties.a is missing"),
        ({"required": ["a"]}, None, "properties.a is missing"),
        ({"properties": {"a": {"type": "number"}}}, {"a": True}, "properties.a is a boolean, not a number"),
        ({"properties": {"a": {"type": ["null", "array"]}}}, {"a": {}}, "properties.a is an object, not an array or null"),
        ({"properties": {"a": {"enum": ["x", 1]}}}, {"a": "private"}, 'properties.a is none of "x", 1'),
        ({"properties": {"a": {"const": 3}}}, {"a": 4}, "properties.a is not 3"),
        ({"properties": {"a": {"format": "email"}}}, {"a": "private"}, 'properties.a is not a "email"'),
        ({"properties": {"a": {"pattern": "^x"}}}, {"a": "private"}, 'properties.a does not match "^x"'),
        ({"properties": {"a": {"maxLength": 3}}}, {"a": "private"}, "properties.a is longer than 3 characters"),
        ({"properties": {"a": {}}, "additionalProperties": False}, {"b": 1}, "properties.b is not in the plan"),
        ({"additionalProperties": False}, {"private": 1}, "properties has properties, and none is in the plan"),
        ({"properties": {"a": {"items": {"required": ["b"]}}}}, {"a": [{"b": 1}, {}]}, "properties.a[].b is missing"),
        ({"propertyNames": {"maxLength": 1}}, {"ab": 1}, "properties has a property with a name that is not allowed"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_without_the_value(schema: dict[str, Any], value: Any, said: str) -> None:
    assert problems(schema, value) == [said]


def test_items_that_are_wrong_alike_are_one_problem() -> None:
    assert problems({"properties": {"a": {"items": {"type": "string"}}}}, {"a": [1, 2, 3]}) == [
        "properties.a[] is an integer, not a string"
    ]


def test_a_schema_sees_the_whole_message() -> None:
    everything = {"type": "object", "required": ["type", "userId", "channel", "context"], "minProperties": 5}
    assert check(everything, message(extra={"channel": "web"})) is None
    found = check({**everything, "required": ["anonymousId"]}, message())
    assert found is not None
    assert "anonymousId is missing" in found.words
    assert body_of(message("identify", "", traits={"a": 1})) == {
        "type": "identify", "userId": "u1", "messageId": "m1", "traits": {"a": 1}, "context": {},
    }  # fmt: skip


@given(st.sets(st.sampled_from(["properties", "traits", "context", "userId", "event", "type", "channel"])))
def test_handing_over_only_the_named_fields_changes_nothing(required: set[str]) -> None:
    """A schema that names its fields is checked on those alone; one more keyword at the top makes it see everything."""
    of = message(properties={"a": 1}, extra={"channel": "web"})
    named = {"required": sorted(required)}
    found, same = check(named, of), check({**named, "minProperties": 0}, of)
    assert (found and found.problems) == (same and same.problems)


@pytest.mark.parametrize(
    ("kind", "event", "schema", "field", "said"),
    [
        ("track", "", {}, "event", "needs the name of its event"),
        ("identify", "X", {}, "event", "leave 'X' out"),
        ("alias", "", {}, "type", "'alias' is not a type"),
        ("track", "X", [], "schema", "not a JSON object"),
        ("track", "X", {"type": "text"}, "schema", "at type"),
        ("track", "X", {"properties": {"a": {"pattern": "(?=x)"}}}, "schema", "look-ahead"),
        ("track", "X", {"$ref": "http://127.0.0.1:9/x"}, "schema", "would have to be fetched"),
        ("track", "X", {"$ref": "file:///etc/passwd"}, "schema", "would have to be fetched"),
        ("track", "X", {"$ref": "#/$defs/none"}, "schema", "does not exist"),
        ("track", "X", {"title": "x" * 70_000}, "schema", "at most 64,000"),
    ],
)
def test_rules_that_are_refused(kind: str, event: str, schema: Any, field: str, said: str) -> None:
    with pytest.raises(PlanError, match=re.escape(said)) as error:
        checked_rule(kind, event, schema)
    assert error.value.field == field


def test_a_schema_nested_without_end_is_refused() -> None:
    schema: dict[str, Any] = {}
    for _ in range(100_000):
        schema = {"not": schema}
    with pytest.raises(PlanError, match="nested more than"):
        checked_rule("track", "X", schema)


def test_two_rules_for_one_event_are_refused() -> None:
    one = {"type": "track", "event": "X", "schema": {}}
    with pytest.raises(PlanError, match="two rules for 'X'"):
        read_rules([one, one])


def test_what_is_exported_can_be_imported() -> None:
    rules = [
        Rule(type="track", event="Bought", schema={"type": "object"}),
        Rule(type="page", schema={}),
        Rule(type="common", schema={"required": ["context"]}),
    ]
    text = json.dumps(write_plan(name="Shop", rules=rules, on_violation="block", on_unplanned="warn"))
    file = read_plan(text)
    assert (file.name, file.rules, file.on_violation, file.on_unplanned) == ("Shop", tuple(rules), "block", "warn")


def test_plans_of_segment_can_be_imported() -> None:
    schema = {"$schema": "http://json-schema.org/draft-07/schema#", "type": "object", "labels": {"owner": "web"}}
    public = {"data": {"rules": [
        {"type": "TRACK", "key": "Bought", "jsonSchema": {"type": "object"}, "version": 1},
        {"type": "TRACK", "key": "Bought", "jsonSchema": schema, "version": 2},
        {"type": "IDENTIFY", "key": "", "jsonSchema": schema, "version": 1},
        {"type": "COMMON", "jsonSchema": schema, "version": 1},
    ]}}  # fmt: skip
    older = {"display_name": "Shop", "rules": {
        "global": schema, "identify": schema, "group": {}, "identify_traits": [],
        "events": [{"name": "Bought", "description": "", "rules": schema, "version": 1}],
    }}  # fmt: skip
    wanted = {("track", "Bought"): schema, ("identify", ""): schema, ("common", ""): schema}
    for value in (public, older):
        assert {rule.key: rule.schema for rule in read_plan(json.dumps(value)).rules} == wanted
    assert read_plan(json.dumps(older)).name == "Shop"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"{", "not JSON"),
        (b"\xff", "not JSON"),
        (b'"rules"', "holds no rules"),
        (b'{"rules": 5}', "holds no rules"),
        (b'{"rules": [5]}', "not a type that a rule can be about"),
        (b'{"rules": {"events": 1}}', "without a list of events"),
        (b'{"rules": [{"type": "track", "event": "X"}]}', "not a JSON object"),
        (b'{"rules": [{"type": ["a"], "event": "X", "schema": {}}]}', "not a type that a rule can be about"),
        (b"[" * 100_000, "not JSON"),
    ],
)
def test_files_that_are_refused(text: bytes, said: str) -> None:
    with pytest.raises(PlanError, match=re.escape(said)) as error:
        read_plan(text)
    assert error.value.field == "file"


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=3),
    max_leaves=8,
)


class Event(msgspec.Struct):
    type: str
    event: str
    looked_into: int
    seen: dict[str, SeenProperty]


@given(
    st.lists(st.dictionaries(st.sampled_from("abcde"), VALUES, max_size=4), min_size=1, max_size=5),
    st.booleans(),
    st.booleans(),
)
def test_what_was_seen_keeps_the_plan_that_is_made_of_it(
    sent: list[dict[str, Any]], require: bool, close: bool
) -> None:
    """As far as it was looked at: of a list the first item, of objects so many within each other."""
    sent = [_looked_at(one) for one in sent]
    shapes: Shapes = {}
    for one in sent:
        count_shape(shapes, one)
    seen: dict[str, SeenProperty] = {}
    add_shapes(seen, shapes, 1, 2, MOST_PROPERTIES)
    assert seen == msgspec.json.decode(msgspec.json.encode(seen), type=dict[str, SeenProperty])
    rules = rules_from([Event("track", "Bought", len(sent), seen)], require=require, close=close)
    plan = CompiledPlan(1, rules, on_violation=OnViolation.BLOCK, on_unplanned=OnUnplanned.BLOCK)
    trial = try_plan(plan, [message(properties=one) for one in sent])
    assert (trial.checked, trial.broken, trial.findings) == (len(sent), 0, [])
    names = set().union(*sent)
    assert close == bool(plan.check(message(properties={**sent[0], "never": 1})))
    assert set(seen) == names


def _looked_at(value: Any, depth: int = DEPTH) -> Any:
    if isinstance(value, dict):
        return {name: _looked_at(one, depth - 1) for name, one in value.items()} if depth >= 0 else {}
    return [_looked_at(one, depth) for one in value[:1]] if isinstance(value, list) else value


def test_a_trial_tells_what_would_be_blocked() -> None:
    plan = CompiledPlan(
        1,
        [Rule(type="track", event="Bought", schema={"properties": {"properties": {"required": ["a"]}}})],
        on_violation=OnViolation.BLOCK,
        on_unplanned=OnUnplanned.WARN,
    )
    trial = try_plan(plan, [message(), message(event="Other"), message(event="Other"), message(properties={"a": 1})])
    assert (trial.checked, trial.broken, trial.blocked) == (4, 3, 1)
    assert [(one.title, one.count, one.blocked) for one in trial.findings] == [("Other", 2, 0), ("Bought", 1, 1)]
