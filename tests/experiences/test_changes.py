"""What a list of page changes may hold, and what a visitor receives of it."""

import json
from pathlib import Path
from typing import Any

import pytest

from pitcairn.experiences.changes import (
    MAX_CHANGES,
    MAX_SELECTOR_LENGTH,
    MAX_TOTAL_LENGTH,
    MAX_VALUE_LENGTH,
    ChangeError,
    describe,
    for_visitor,
    parse_change,
    parse_changes,
    to_json,
)

CASES: dict[str, Any] = json.loads((Path(__file__).parents[2] / "spec" / "changes.json").read_text())


@pytest.mark.parametrize("case", CASES["accepted"], ids=lambda case: json.dumps(case["changes"])[:60])
def test_accepted_as_it_is(case: dict[str, Any]) -> None:
    changes = parse_changes(case["changes"])
    assert to_json(changes) == case["changes"]
    assert for_visitor(changes, personalized=True) == case["changes"]
    assert for_visitor(changes, personalized=False) == case["control"]


@pytest.mark.parametrize("case", CASES["refused"], ids=lambda case: json.dumps(case["changes"])[:60])
def test_refused_with_path_and_reason(case: dict[str, Any]) -> None:
    with pytest.raises(ChangeError) as caught:
        parse_changes(case["changes"])
    assert str(caught.value) == case["error"]
    assert str(caught.value).startswith(caught.value.path + ": ")


def test_control_learns_nothing_but_selectors() -> None:
    every = [change for case in CASES["accepted"] for change in case["changes"]]
    told = for_visitor(parse_changes(every), personalized=False)
    assert {key for change in told for key in change} == {"selector", "otherwise", "matches"}
    assert {change["selector"] for change in told} == {change["selector"] for change in every}


def test_what_an_element_was_like_is_for_the_editor_alone() -> None:
    look = {"tag": "h1", "text": "Old", "id": "", "classes": [], "attributes": {"role": "heading"}, "path": ["main"]}
    changes = parse_changes([{"type": "text", "selector": "h1", "matches": 1, "look": look, "value": "New"}])
    assert to_json(changes)[0]["look"] == look
    assert for_visitor(changes, personalized=True) == [{"type": "text", "selector": "h1", "matches": 1, "value": "New"}]
    assert for_visitor(changes, personalized=False) == [{"selector": "h1", "matches": 1}]


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ([{"type": "hide", "selector": "a"}] * (MAX_CHANGES + 1), "changes"),
        ([{"type": "hide", "selector": "a" * (MAX_SELECTOR_LENGTH + 1)}], "changes[0].selector"),
        ([{"type": "text", "selector": "a", "value": "x" * (MAX_VALUE_LENGTH + 1)}], "changes[0].value"),
        ([{"type": "text", "selector": "a", "value": "x" * MAX_VALUE_LENGTH}] * 4, "changes"),
    ],
)
def test_sizes_are_limited(changes: list[dict[str, Any]], path: str) -> None:
    with pytest.raises(ChangeError, match="limit") as caught:
        parse_changes(changes)
    assert caught.value.path == path


def test_the_limits_themselves_are_allowed() -> None:
    assert len(parse_changes([{"type": "hide", "selector": "a"}] * MAX_CHANGES)) == MAX_CHANGES
    full = [{"type": "text", "selector": "a", "value": "x" * MAX_VALUE_LENGTH}] * 3
    assert len(json.dumps(full)) < MAX_TOTAL_LENGTH
    assert len(parse_changes(full)) == 3


def test_selectors_and_names_are_trimmed() -> None:
    change = parse_change({"type": "attribute", "selector": " a.cta\t", "name": " href ", "value": " /x "})
    assert to_json([change]) == [{"type": "attribute", "selector": "a.cta", "name": "href", "value": " /x "}]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"type": "text", "selector": "h1", "value": "Hello  there"}, "Text of h1 becomes “Hello there”"),
        ({"type": "html", "selector": "#a", "value": "<b>x</b>"}, "Content of #a becomes <b>x</b>"),
        ({"type": "attribute", "selector": "a", "name": "href", "value": "/x"}, "href of a becomes “/x”"),
        ({"type": "attribute", "selector": "a", "name": "hidden", "value": None}, "hidden of a is removed"),
        ({"type": "style", "selector": "a", "name": "color", "value": "red"}, "color of a becomes red"),
        ({"type": "hide", "selector": ".old"}, ".old is hidden"),
        ({"type": "insert", "selector": "ul", "position": "end", "value": "<li>x"}, "<li>x is put at the end of ul"),
    ],
)
def test_a_change_in_words(change: dict[str, Any], words: str) -> None:
    assert describe(parse_change(change)) == words
