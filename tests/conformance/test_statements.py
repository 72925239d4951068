"""Segment's behaviour, statement by statement (`spec/segment.json`), against the real server over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conformance.cases import LAST, Case, check_answer, check_rows, statements
from server import NewServer, Server


def _cases() -> Iterator[Any]:
    for statement in statements():
        for case in statement.get("cases", ()):
            name = f"{statement['number']:02}-{case['name'].replace(' ', '-')}"
            yield pytest.param(case, id=name)


@pytest.mark.parametrize("case", list(_cases()))
def test_statement(case: dict[str, Any], server: Server, new_server: NewServer) -> None:
    filled = Case(case, new_server(**case["settings"]) if "settings" in case else server)
    outcome = filled.run()
    assert len(outcome.answers) == len(filled.answers)
    for expected, answer in zip(filled.answers, outcome.answers, strict=True):
        check_answer(expected, answer)
    check_rows("stored", filled.stored, outcome.stored)
    check_rows("refused", filled.refused, outcome.refused)


def test_every_statement_is_tested_or_says_why_not() -> None:
    found = statements()
    assert [statement["number"] for statement in found] == list(range(1, LAST + 1))
    for statement in found:
        tested = "cases" in statement or "test" in statement
        assert tested != ("later" in statement), f"statement {statement['number']} is neither tested nor left for later"
        if "test" in statement:
            file, name = statement["test"].split("::")
            text = (Path(__file__).parents[2] / file).read_text()
            assert f"def {name}(" in text, f"statement {statement['number']} names a test that is not there"
