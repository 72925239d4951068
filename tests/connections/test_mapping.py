"""Mapping: what each rule writes, what it leaves alone, and what errors say."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitcairn.connections.mapping import MappingError, compile_mapping
from pitcairn.connections.text_templates import TemplateError, compile_template

BODY: dict[str, Any] = {
    "type": "track",
    "event": "Order Completed",
    "messageId": "m-1",
    "userId": "usr_1",
    "properties": {
        "email": "ana@acme.example",
        "first": "Ana",
        "number": 7,
        "empty": "",
        "items": [{"sku": "a"}, {"sku": "b"}],
    },
    "traits": {"company": "Acme"},
    "context": {"ip": "203.0.113.7"},
}


def mapped(*rules: dict[str, Any], body: dict[str, Any] = BODY) -> dict[str, Any]:
    given = copy.deepcopy(body)
    result = compile_mapping(list(rules))(given)
    assert given == body, "the message that was given is changed"
    return result


def test_no_rules_change_nothing() -> None:
    assert compile_mapping([])(BODY) is BODY


@pytest.mark.parametrize(
    ("rule", "place", "value"),
    [
        ({"to": "traits.email", "from": "properties.email"}, "traits", {"company": "Acme", "email": "ana@acme.example"}),
        ({"to": "traits.company.name", "from": "traits.company"}, "traits", {"company": {"name": "Acme"}}),
        ({"to": "plan", "from": "traits.plan"}, "plan", None),
        ({"to": "sku", "from": "properties.items.1.sku"}, "sku", "b"),
        ({"to": "context.app.name", "value": "shop"}, "context", {"ip": "203.0.113.7", "app": {"name": "shop"}}),
        ({"to": "context", "value": {"a": [1]}}, "context", {"a": [1]}),
        ({"to": "traits", "from": "properties.email"}, "traits", {"company": "Acme"}),
        ({"to": "userId", "from": "properties.number"}, "userId", "7"),
        ({"to": "userId", "from": "properties.empty"}, "userId", "usr_1"),
        ({"to": "userId", "from": "properties.items"}, "userId", "usr_1"),
        ({"to": "event", "template": "{{ event | upcase }}"}, "event", "ORDER COMPLETED"),
        ({"to": "name", "template": "{{ traits.missing }} {{ properties.none }}"}, "name", None),
        ({"to": "properties.items.0.sku", "value": "x"}, "properties", {**BODY["properties"], "items": [{"sku": "x"}, {"sku": "b"}]}),
        ({"to": "properties.items.9.sku", "value": "x"}, "properties", BODY["properties"]),
        ({"remove": "context.ip"}, "context", {}),
        ({"remove": "properties.items.sku"}, "properties", {**BODY["properties"], "items": [{}, {}]}),
        ({"remove": "nothing.there"}, "context", BODY["context"]),
        ({"to": "a", "value": 1, "when": "type = 'identify'"}, "a", None),
        ({"to": "a", "value": 1, "when": "type = 'track'"}, "a", 1),
    ],
)  # fmt: skip
def test_a_rule_writes_what_it_should(rule: dict[str, Any], place: str, value: Any) -> None:
    result = mapped(rule)
    assert result.get(place) == value
    assert {key: kept for key, kept in result.items() if key != place} == {
        key: kept for key, kept in BODY.items() if key != place
    }


def test_rules_read_the_message_as_it_came() -> None:
    result = mapped(
        {"to": "userId", "from": "properties.email"},
        {"to": "properties.email", "from": "userId"},
        {"remove": "traits.company"},
        {"to": "traits.employer", "from": "traits.company"},
        {"to": "late", "value": True, "when": "traits.company = 'Acme'"},
    )
    assert (result["userId"], result["properties"]["email"]) == ("ana@acme.example", "usr_1")
    assert result["traits"] == {"employer": "Acme"}
    assert result["late"] is True


@pytest.mark.parametrize(
    ("rules", "error", "field"),
    [
        ({}, "A mapping is a list of rules.", ""),
        ([[]], "Rule 1: A rule is an object", ""),
        ([{"remove": "a"}, {}], "Rule 2: The rule does not say which place it writes.", "to"),
        ([{"to": "a"}], "Rule 1: The rule needs one of from, value and template.", "from"),
        ([{"to": "a", "from": "b", "value": 1}], "Rule 1: The rule needs one of", "from"),
        ([{"to": "a", "set": 1}], "Rule 1: 'set' has no meaning here", ""),
        ([{"to": "a..b", "value": 1}], "Rule 1: The path 'a..b' has a dot with no name beside it.", "to"),
        ([{"to": "a", "from": ""}], "Rule 1: The path is empty.", "from"),
        ([{"to": 5, "value": 1}], "Rule 1: The place is no text", "to"),
        ([{"to": "messageId", "value": "x"}], "Rule 1: messageId cannot be written: delivery goes by it.", "to"),
        ([{"remove": "type"}], "Rule 1: type cannot be removed", "remove"),
        ([{"to": "userId.x", "value": "x"}], "Rule 1: userId is a text and has no places inside.", "to"),
        ([{"remove": "a", "to": "b"}], "Rule 1: A rule that removes a place cannot write one as well.", "remove"),
        ([{"to": "a", "value": None}], "Rule 1: The value is null", "value"),
        ([{"to": "a", "template": "{{ b"}], "Rule 1: A {{ is not closed.", "template"),
        ([{"to": "a", "value": 1, "when": "x ="}], "Rule 1: Line 1, column 4: Expected a name", "when"),
        ([{"to": "a", "value": 1, "when": []}], "Rule 1: The condition is no text", "when"),
        ([{"remove": "a"}] * 101, "The mapping has 101 rules; use at most 100.", ""),
    ],
)
def test_an_error_names_the_rule(rules: Any, error: str, field: str) -> None:
    with pytest.raises(MappingError, match="^" + re.escape(error)) as raised:
        compile_mapping(rules)
    assert raised.value.field == field


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("plain", "plain"),
        ("Hello {{ properties.first }}.", "Hello Ana."),
        ("{{properties.first}} {{ properties.last }}", "Ana "),
        ('{{ properties.last | default: "there" }}', "there"),
        ("{{ properties.empty | default: 'a | b' | upcase }}", "A | B"),
        ("{{ properties.number }}{{ properties.number | json }}{{ properties.first | json }}", '77"Ana"'),
        ("{{ properties.items }}", '[{"sku":"a"},{"sku":"b"}]'),
        ("{{ event | downcase | capitalize }}", "Order completed"),
        ("{{ properties.last }}", None),
        ("} {{ properties.first }} }}", "} Ana }}"),
        ("", ""),
    ],
)
def test_a_template_writes_values(template: str, text: str | None) -> None:
    assert compile_template(template)(BODY) == text


@pytest.mark.parametrize(
    ("template", "error"),
    [
        ("{{ }}", "{{  }}: The path is empty"),
        (
            "{{ a | reverse }}",
            "There is no change 'reverse'; use upcase, downcase, capitalize, strip, json, or default",
        ),
        ("{{ a | default }}", "There is no change 'default'"),
        ("{% if a %}", "{% … %} has no meaning here"),
        ("{{ a", "A {{ is not closed"),
        ("x" * 5_001, "The template has 5,001 characters; use at most 5,000."),
    ],
)
def test_a_template_that_cannot_be_read(template: str, error: str) -> None:
    with pytest.raises(TemplateError, match=re.escape(error)):
        compile_template(template)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "0", "userId"]), inner, max_size=3)
    ),
    max_leaves=10,
)
places = st.lists(st.sampled_from(["a", "b", "0", "traits", "userId"]), min_size=1, max_size=3).map(".".join)
rules = st.one_of(
    st.fixed_dictionaries({"to": places, "from": places}),
    st.fixed_dictionaries({"to": places, "value": json_values}),
    st.fixed_dictionaries({"to": places, "template": st.text("{} ab|.", max_size=20)}),
    st.fixed_dictionaries({"remove": places}, optional={"when": st.sampled_from(["a = b", "all", "x x"])}),
    json_values,
)


@given(st.lists(rules, max_size=4), st.dictionaries(st.sampled_from(["a", "b", "traits", "userId"]), json_values))
def test_any_rules_are_refused_or_applied_to_any_message(some: list[Any], body: dict[str, Any]) -> None:
    before = copy.deepcopy(body)
    try:
        apply = compile_mapping(some)
    except MappingError:
        return
    assert isinstance(apply(body), dict)
    assert repr(body) == repr(before)
