"""The cases of spec/histories.json, which every implementation of conditions must agree with."""

import json
from pathlib import Path
from typing import Any

import pytest

from pitcairn.conditions import (
    ConditionError,
    Fact,
    Operator,
    check_place,
    describe,
    describe_measure,
    measure_to_json,
    parse,
    parse_measure,
    to_json,
)
from pitcairn.conditions.history import compile_account, compile_history, measured
from pitcairn.conditions.moments import moment_of
from pitcairn.conditions.tree import Measure, Unit

from .histories import account_of, history_of

SPEC = json.loads((Path(__file__).parents[2] / "spec" / "histories.json").read_text("utf-8"))
NOW = moment_of(SPEC["now"]) or 0
PEOPLE = [pytest.param(case, id=case["case"]) for case in SPEC["people"]]
ACCOUNTS = [pytest.param(case, id=case["case"]) for case in SPEC["accounts"]]
MEASURES = [pytest.param(case, id=case["case"]) for case in SPEC["measures"]]


@pytest.mark.parametrize("case", PEOPLE)
def test_condition_holds_for_the_histories_it_should_hold_for(case: dict[str, Any]) -> None:
    holds = compile_history(parse(case["condition"]))
    for history in case["true_for"]:
        assert holds(history_of(history), NOW) is True, history
    for history in case["false_for"]:
        assert holds(history_of(history), NOW) is False, history


@pytest.mark.parametrize("case", ACCOUNTS)
def test_condition_holds_for_the_accounts_it_should_hold_for(case: dict[str, Any]) -> None:
    holds = compile_account(parse(case["condition"]))
    for account in case["true_for"]:
        assert holds(account_of(account), NOW) is True, account
    for account in case["false_for"]:
        assert holds(account_of(account), NOW) is False, account


@pytest.mark.parametrize("case", PEOPLE + ACCOUNTS)
def test_condition_over_histories_is_described(case: dict[str, Any]) -> None:
    assert describe(parse(case["condition"])) == case["sentence"]


@pytest.mark.parametrize("case", PEOPLE + ACCOUNTS)
def test_condition_over_histories_survives_the_way_to_json_and_back(case: dict[str, Any]) -> None:
    condition = parse(case["condition"])
    assert parse(json.loads(json.dumps(to_json(condition)))) == condition


@pytest.mark.parametrize("case", MEASURES)
def test_computed_trait_has_its_value(case: dict[str, Any]) -> None:
    definition = parse_measure(case["definition"])
    value = measured(definition, history_of(case["history"]), NOW)
    assert (value, type(value)) == (case["value"], type(case["value"]))
    assert describe_measure(definition) == case["sentence"]
    assert parse_measure(json.loads(json.dumps(measure_to_json(definition)))) == definition


@pytest.mark.parametrize("case", SPEC["placed"], ids=lambda case: f"{case['place']}: {case['error'][:50]}")
def test_question_that_nobody_can_answer_is_refused(case: dict[str, Any]) -> None:
    with pytest.raises(ConditionError) as raised:
        check_place(parse(case["condition"]), case["place"])
    assert str(raised.value) == case["error"]
    assert case["error"].startswith(f"{raised.value.path or 'condition'}: ")


@pytest.mark.parametrize("case", SPEC["errors"], ids=lambda case: case["error"][:60])
def test_error_in_a_question_about_events_says_where_and_what(case: dict[str, Any]) -> None:
    with pytest.raises(ConditionError) as raised:
        parse(case["condition"])
    assert str(raised.value) == case["error"]
    assert case["error"].startswith(f"{raised.value.path or 'condition'}: ")


def test_definition_of_a_computed_trait_is_not_compared() -> None:
    for key in ("operator", "value"):
        with pytest.raises(
            ConditionError, match=f"^{key}: a computed trait is not compared with anything; leave it out"
        ):
            parse_measure({"event": "Order Completed", key: 1})
    with pytest.raises(ConditionError, match="a list is not a definition; write an object"):
        parse_measure([])


def test_every_operator_fact_measure_and_unit_has_a_case() -> None:
    visits = json.loads((Path(__file__).parents[2] / "spec" / "conditions.json").read_text("utf-8"))
    text = json.dumps([visits["conditions"], SPEC])
    assert [operator for operator in Operator if f'"operator": "{operator.value}"' not in text] == []
    assert [fact for fact in Fact if f'"fact": "{fact.value}"' not in text] == []
    measures = {case["definition"].get("measure", "count") for case in SPEC["measures"]}
    assert measures == set(Measure)
    assert [unit for unit in Unit if f'"unit": "{unit.value}"' not in text] == []
