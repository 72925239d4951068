"""Segment's behaviour, statement by statement (`spec/segment.json`), against the real server over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from conformance.cases import Case, Outcome, check_answer, check_rows, statements
from server import Server, Template, running

ALL = 118
"""The statements of the facts, in three files: what comes in and goes out, people, and audiences."""

CASES: dict[str, dict[str, Any]] = {
    f"{statement['number']:02} {case['name']}": case
    for statement in statements()
    for case in statement.get("cases", ())
}


@dataclass
class Ran:
    case: Case
    failure: Exception | None
    outcome: Outcome


@pytest.fixture(scope="module")
def ran(server: Server, configured_server: Server) -> Mapping[str, Ran]:
    """Every case, run once. They are all sent before any is looked at: the pipeline then has a few batches, not hundreds."""
    cases = {name: Case(case, configured_server if "settings" in case else server) for name, case in CASES.items()}
    failures: dict[str, Exception] = {}
    server.settle()
    for name, case in cases.items():
        try:
            case.run()
        except (OSError, HTTPException) as error:
            failures[name] = error
    server.settle()
    configured_server.settle()
    events = {id(its): its.events(limit=10_000) for its in (server, configured_server)}
    return {name: Ran(case, failures.get(name), case.outcome(events[id(case.server)])) for name, case in cases.items()}


@pytest.fixture(scope="module")
def configured_server(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings: dict[str, str] = {}
    for case in CASES.values():
        settings |= case.get("settings", {})
    with running(Server(template, tmp_path_factory.mktemp("server"), settings)) as server:
        yield server


@pytest.mark.parametrize("name", list(CASES))
def test_statement(name: str, ran: Mapping[str, Ran]) -> None:
    case, failure, outcome = ran[name].case, ran[name].failure, ran[name].outcome
    if failure is not None:
        raise failure
    for expected, answer in zip(case.answers, outcome.answers, strict=True):
        check_answer(expected, answer)
    check_rows("stored", case.stored, outcome.stored)
    check_rows("refused", case.refused, outcome.refused)


CASES_BY_NUMBER = {
    "test_statements",
    "test_fql_is_true_of_the_messages_it_should_be_true_of",
    "test_filters_do_what_they_should",
}
"""Tests elsewhere that take the cases of a statement from `spec/` by its number."""


def test_every_statement_is_tested_by_its_number() -> None:
    spec = Path(__file__).parents[2] / "spec"
    files = [json.loads((spec / name).read_text()) for name in ("segment.json", "identity.json", "engage.json")]
    found = sorted((one for file in files for one in file["statements"]), key=lambda one: one["number"])
    assert [statement["number"] for statement in found] == list(range(1, ALL + 1))
    for statement in found:
        number = statement["number"]
        assert statement.get("cases") or "test" in statement, f"statement {number} is not tested"
        if "test" in statement:
            file, name = statement["test"].split("::")
            text = (spec.parent / file).read_text()
            assert f"def {name}(" in text, f"statement {number} names a test that is not there"
            assert name in CASES_BY_NUMBER or str(number) in name.split("_"), f"{name} does not say statement {number}"
