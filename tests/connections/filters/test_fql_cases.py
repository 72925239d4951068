"""The cases of spec/fql.json: Segment's own examples, its null rules, what errors say, and what filters do (79 to 83)."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from pitcairn.connections.filters import (
    FILTERED_BY_RULES,
    FilterRule,
    FQLError,
    compile_expression,
    compile_filters,
    parse,
)
from pitcairn.connections.filters.fql_functions import FUNCTIONS

SPEC = json.loads((Path(__file__).parents[3] / "spec" / "fql.json").read_text("utf-8"))
MESSAGES = SPEC["messages"]


def name(case: dict[str, Any]) -> str:
    number = f"{case['statement']} " if "statement" in case else ""
    return f"{number}{case.get('case') or case['fql']}"[:80]


@pytest.mark.parametrize("case", SPEC["evaluations"], ids=name)
def test_fql_is_true_of_the_messages_it_should_be_true_of(case: dict[str, Any]) -> None:
    holds = compile_expression(parse(case["fql"]))
    for message in case.get("true_for", ()):
        assert holds(MESSAGES[message]) is True, message
    for message in case.get("false_for", ()):
        assert holds(MESSAGES[message]) is False, message


@pytest.mark.parametrize("case", SPEC["errors"], ids=name)
def test_an_error_says_where_and_what(case: dict[str, Any]) -> None:
    with pytest.raises(FQLError) as raised:
        parse(case["fql"])
    error = raised.value
    assert str(error) == case["error"]
    line = case["fql"].split("\n")[error.line - 1]
    assert "".join(error.parts) == line
    assert len(error.parts[0]) == error.column - 1


@pytest.mark.parametrize("case", SPEC["filters"], ids=name)
def test_filters_do_what_they_should(case: dict[str, Any]) -> None:
    message = copy.deepcopy(MESSAGES[case["message"]])
    result = compile_filters([FilterRule(**rule) for rule in case["rules"]])(message, case.get("source", 1))
    assert message == MESSAGES[case["message"]], "the message that was given is changed"
    if case.get("dropped"):
        assert result == FILTERED_BY_RULES
    else:
        assert result == (message if case.get("same") else case["result"])


def test_every_function_and_every_statement_has_a_case() -> None:
    text = json.dumps(SPEC)
    assert [function for function in FUNCTIONS if f"{function}( " not in text] == []
    cases = [*SPEC["evaluations"], *SPEC["errors"], *SPEC["filters"]]
    assert {case["statement"] for case in cases if "statement" in case} == {79, 80, 81, 82, 83}
