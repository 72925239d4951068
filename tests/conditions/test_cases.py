"""The cases of spec/conditions.json, which every implementation of conditions must agree with."""

import json
from pathlib import Path
from typing import Any

import pytest

from pitcairn.conditions import ConditionError, Facts, compile_condition, describe, parse, to_json

SPEC = json.loads((Path(__file__).parents[2] / "spec" / "conditions.json").read_text("utf-8"))
CASES = [pytest.param(case, id=case["case"]) for case in SPEC["conditions"]]


@pytest.mark.parametrize("case", CASES)
def test_condition_holds_for_the_facts_it_should_hold_for(case: dict[str, Any]) -> None:
    holds = compile_condition(parse(case["condition"]))
    for facts in case["true_for"]:
        assert holds(Facts(**facts)) is True, facts
    for facts in case["false_for"]:
        assert holds(Facts(**facts)) is False, facts


@pytest.mark.parametrize("case", CASES)
def test_condition_is_described(case: dict[str, Any]) -> None:
    assert describe(parse(case["condition"])) == case["sentence"]


@pytest.mark.parametrize("case", CASES)
def test_condition_survives_the_way_to_json_and_back(case: dict[str, Any]) -> None:
    condition = parse(case["condition"])
    assert parse(json.loads(json.dumps(to_json(condition)))) == condition


@pytest.mark.parametrize("case", SPEC["errors"], ids=lambda case: case["error"][:60])
def test_error_says_where_and_what(case: dict[str, Any]) -> None:
    with pytest.raises(ConditionError) as raised:
        parse(case["condition"])
    assert str(raised.value) == case["error"]
    assert raised.value.path == case["error"].split(": ")[0].removeprefix("condition")
