"""The builder's rows: they say what a condition says, lose nothing of it, and put errors where they were made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pitcairn import conditions
from pitcairn.conditions import ConditionError
from pitcairn.dashboard.form_paths import nested
from pitcairn.engage.audience_templates import TEMPLATES
from pitcairn.engage.condition_form import ConditionForm
from pitcairn.engage.condition_nodes import MOST_ROWS, EventNode, FactNode, GroupNode, RawNode, walk

DAYS = {"amount": 30, "unit": "days"}
ORDERED: dict[str, Any] = {"event": "Order Completed", "window": {"oldest": DAYS}}
CASES: dict[str, Any] = {
    "an event": ORDERED,
    "did not": {"event": "Order Completed", "operator": "equals", "value": 0},
    "more than twice": {"event": "A", "operator": "greater_than", "value": 2},
    "a sum": {"event": "A", "measure": "sum", "property": "revenue", "operator": "at_least", "value": 100},
    "a last value": {
        "event": "A",
        "measure": "last",
        "property": "plan",
        "operator": "one_of",
        "value": ["pro", "x, y"],
    },
    "between": {"event": "A", "window": {"oldest": DAYS, "newest": {"amount": 7, "unit": "hours"}}},
    "longer ago": {"event": "A", "type": "page", "window": {"newest": DAYS}},
    "where": {
        "event": "A",
        "where": {
            "any": [
                {"fact": "property", "name": "price", "operator": "at_least", "value": {"trait": "avg_spend"}},
                {"fact": "context", "name": "page.path", "operator": "contains", "value": ["/a", "/b"]},
            ]
        },
    },
    "a funnel": {
        "event": "Product Added",
        "then": [
            {
                "did": False,
                "event": "Order Completed",
                "where": {"fact": "property", "name": "sku", "operator": "equals", "value": {"parent": "sku"}},
                "within": {"amount": 1, "unit": "days"},
            }
        ],
    },
    "trait dates": {
        "any": [
            {"fact": "trait", "name": "renews_at", "operator": "within_next", "value": DAYS},
            {"fact": "trait", "name": "signed_up_at", "operator": "before_date", "value": "2026-03-01T09:00:00+01:00"},
        ]
    },
    "texts that look like numbers": {"fact": "trait", "name": "zip", "operator": "equals", "value": "01234"},
    "a quoted number": {"fact": "trait", "name": "zip", "operator": "equals", "value": "150"},
    "memberships": {
        "all": [
            {"fact": "audience", "name": "buyers", "operator": "equals", "value": True},
            {"fact": "audience", "name": "staff", "operator": "equals", "value": False},
        ]
    },
    "groups in groups": {
        "all": [{"any": [ORDERED, {"all": [ORDERED, {"not": {"any": [ORDERED, ORDERED]}}]}]}, ORDERED]
    },
    "not one thing": {"not": ORDERED},
    "users": {
        "all": [
            {"fact": "account", "name": "plan", "operator": "exists"},
            {"users": "none", "condition": {"all": [ORDERED, {"fact": "trait", "name": "a", "operator": "absent"}]}},
        ]
    },
    "everyone": {},
    "a not inside where": {"event": "A", "where": {"not": {"fact": "property", "name": "a", "operator": "exists"}}},
    "a text with quotes": {"fact": "trait", "name": "a", "operator": "equals", "value": 'say "hi"'},
}


def fields(form: ConditionForm) -> dict[str, str]:
    """What a browser would send of the rows."""
    sent: dict[str, str] = {}
    for row in walk(form.root):
        sent[f"{row.prefix}-kind"] = row.kind
        for name, value in vars(row).items():
            if isinstance(value, str) and name != "prefix":
                sent[f"{row.prefix}-{name}"] = value
    return sent


def simplified(condition: Any) -> Any:
    """The condition without brackets around one thing, which rows do not keep."""
    if isinstance(condition, dict):
        inner = {key: simplified(value) for key, value in condition.items()}
        for key in ("all", "any"):
            if key in inner and len(inner[key]) == 1:
                return inner[key][0]
        return inner
    return [simplified(one) for one in condition] if isinstance(condition, list) else condition


def plain(value: object) -> Any:
    return simplified(conditions.to_json(conditions.parse(value)))


@pytest.mark.parametrize("name", CASES)
def test_rows_say_what_the_condition_says(name: str) -> None:
    form = ConditionForm.of(CASES[name])
    sent = ConditionForm.posted(nested(fields(form).items())) if form.raw is None else form
    assert plain(sent.json()) == plain(CASES[name])


@pytest.mark.parametrize("slug", [one.slug for group in TEMPLATES for one in group.templates])
def test_every_template_fits_into_rows(slug: str) -> None:
    (condition,) = [one.condition for group in TEMPLATES for one in group.templates if one.slug == slug]
    form = ConditionForm.of(condition)
    assert form.raw is None
    assert not [row for row in walk(form.root) if isinstance(row, RawNode)]
    assert plain(form.json()) == plain(condition)


def test_every_case_of_the_specification_survives_the_form() -> None:
    cases = json.loads((Path(__file__).parents[2] / "spec/conditions.json").read_text())
    found = [one for one in _conditions_in(cases) if _parses(one)]
    assert len(found) > 20
    for condition in found:
        made = ConditionForm.of(condition).json()
        assert plain(made) == plain(condition)


def _conditions_in(value: Any) -> list[Any]:
    if isinstance(value, list):
        return [found for one in value for found in _conditions_in(one)]
    if not isinstance(value, dict):
        return []
    own = [value["condition"]] if "condition" in value and "users" not in value else []
    return own + [found for one in value.values() for found in _conditions_in(one)]


def _parses(condition: object) -> bool:
    try:
        conditions.parse(condition)
    except ConditionError:
        return False
    return True


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"c-nodes-0-oldest": "many"}, "c-nodes-0-oldest"),
        ({"c-nodes-0-value": "x"}, "c-nodes-0-value"),
        ({"c-nodes-0-where-0-value": "x", "c-nodes-0-where-0-operator": "at_least"}, "c-nodes-0-where-0-value"),
        ({"c-nodes-0-where-0-name": ""}, "c-nodes-0-where-0-name"),
        ({"c-nodes-0-then-0-amount": "0"}, "c-nodes-0-then-0-amount"),
        ({"c-nodes-1-nodes-0-name": ""}, "c-nodes-1-nodes-0-name"),
        ({"c-nodes-2-key": ""}, "c-nodes-2-key"),
        ({"c-nodes-3-json": "{"}, "c-nodes-3-json"),
        ({"c-nodes-3-json": '{"fact": "moon"}'}, "c-nodes-3-json"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_error_stands_at_its_field(change: dict[str, str], field: str) -> None:
    where = {"fact": "property", "name": "total", "operator": "equals", "value": 5}
    then = {"did": True, "event": "B", "within": {"amount": 1, "unit": "days"}}
    form = ConditionForm.of(
        {
            "all": [
                {**ORDERED, "where": where, "then": [then]},
                {"any": [{"fact": "trait", "name": "plan", "operator": "equals", "value": "pro"}]},
                {"fact": "audience", "name": "buyers", "operator": "equals", "value": True},
                {"not": {"event": "A", "where": {"not": where}}},
            ]
        }
    )
    sent = fields(form) | {"c-nodes-3-kind": "raw", "c-nodes-3-json": "{}"}
    form = ConditionForm.posted(nested((sent | change).items()))
    made = form.json()
    if made is not None:
        with pytest.raises(ConditionError) as caught:
            conditions.parse(made)
        assert form.show(caught.value.path, caught.value.problem) == field
    assert form.first_problem()[1] == field
    assert form.focus == field


def test_buttons_add_and_remove() -> None:
    form = ConditionForm(GroupNode())
    form.act("event-add c")
    assert form.focus == "c-nodes-0-event"
    form.act("where-add c-nodes-0")
    assert form.focus == "c-nodes-0-where-0-name"
    form.act("then-add c-nodes-0")
    form.act("where-add c-nodes-0-then-0")
    assert form.focus == "c-nodes-0-then-0-where-0-name"
    form.act("group-add c")
    form.act("trait-add c-nodes-1")
    assert form.focus == "c-nodes-1-nodes-0-name"
    form.act("remove c-nodes-0")
    assert [row.kind for row in walk(form.root)] == ["group", "group", "fact"]
    assert form.focus == "c-nodes-0-join"
    form.act("remove c-nodes-0-nodes-0")
    assert form.focus == "c-nodes-0-add"
    for nothing in ("", "remove", "remove c", "remove c-nodes-9", "moon-add c", "where-add c", "add c"):
        form.act(nothing)
    assert [row.kind for row in walk(form.root)] == ["group", "group"]


def test_rows_end_where_a_request_would() -> None:
    form = ConditionForm(GroupNode(nodes=[FactNode(name="a", value="1") for _ in range(MOST_ROWS - 1)]))
    form.act("trait-add c")
    assert len(form.root.nodes) == MOST_ROWS - 1
    assert "JSON" in form.root.errors["join"]
    assert len(fields(form)) < 900
    longer = {"all": [{"fact": "trait", "name": "a", "operator": "exists"}] * MOST_ROWS}
    assert ConditionForm.of(longer).raw is not None


def test_json_and_rows_and_back() -> None:
    form = ConditionForm(GroupNode(nodes=[EventNode(event="A")]))
    form.act("show-raw")
    assert form.raw is not None
    assert form.focus == "raw"
    form.act("show-rows")
    assert form.raw is None
    assert plain(form.json()) == plain({"event": "A"})
    form.raw = "{"
    form.act("show-rows")
    assert form.error.startswith("This is not JSON")
    assert form.raw == "{"


def test_names_without_end_make_no_deep_tree() -> None:
    deep = nested([("c" + "-nodes-0" * 5_000 + "-name", "x"), ("c-kind", "group")])
    assert ConditionForm.posted(deep).json() is not None
