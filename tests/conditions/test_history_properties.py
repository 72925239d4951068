"""What holds for every condition over all histories: against a second, naive evaluator that reads the JSON itself."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pitcairn.conditions import (
    ConditionError,
    Facts,
    check_place,
    compile_condition,
    describe,
    describe_measure,
    measure_to_json,
    parse,
    parse_measure,
    to_json,
)
from pitcairn.conditions.crossings import account_moments, crossings, moment_traits
from pitcairn.conditions.explanation import Explanation, explain
from pitcairn.conditions.facts import path_reader
from pitcairn.conditions.history import compile_account, compile_history, measured
from pitcairn.conditions.moments import moment_of

from .histories import account_of, history_of
from .history_trees import NOW, account_trees, accounts, edges, measures, people, trees, visitor_trees
from .naive_histories import NaivePerson, naive_account, naive_moment

unhurried = settings(deadline=None, suppress_health_check=list(HealthCheck))
"""No example is judged by how long it took: the machine may be busy."""

NOW_MS = round(NOW.timestamp() * 1000)


def milliseconds(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


@settings(unhurried, max_examples=500)
@given(trees, people)
def test_condition_is_answered_as_by_the_naive_evaluator(tree: dict[str, Any], person: dict[str, Any]) -> None:
    holds, history = compile_history(parse(tree)), history_of(person)
    for now in [NOW, *edges(tree, person)]:
        assert holds(history, milliseconds(now)) is NaivePerson(person, now).holds(tree), now


@settings(unhurried, max_examples=200)
@given(visitor_trees, people)
def test_visit_and_history_are_answered_alike(tree: dict[str, Any], person: dict[str, Any]) -> None:
    condition, history = parse(tree), history_of(person)
    on_a_page, in_memory = compile_condition(condition), compile_history(condition)
    for now in [NOW, *edges(tree, person.get("traits", {}))]:
        facts = Facts(traits=history.traits, audiences=history.audiences, now=milliseconds(now))
        assert on_a_page(facts) is in_memory(history, milliseconds(now))


@settings(unhurried, max_examples=150)
@given(account_trees, accounts)
def test_condition_of_an_account_is_answered_as_by_the_naive_evaluator(
    tree: dict[str, Any], account: dict[str, Any]
) -> None:
    holds = compile_account(parse(tree))
    for now in [NOW, *edges(tree, account)[::5]]:
        assert holds(account_of(account), milliseconds(now)) is naive_account(tree, account, now), now


@settings(unhurried, max_examples=400)
@given(measures(), people)
def test_computed_trait_is_measured_as_by_the_naive_evaluator(
    definition: dict[str, Any], person: dict[str, Any]
) -> None:
    events, history = parse_measure(definition), history_of(person)
    for now in [NOW, *edges(definition, person)[::3]]:
        assert measured(events, history, milliseconds(now)) == NaivePerson(person, now).measured(definition), now


@settings(unhurried, max_examples=40)
@given(trees)
def test_tree_over_histories_survives_the_way_to_json_and_back(tree: dict[str, Any]) -> None:
    condition = parse(tree)
    assert parse(msgspec.json.decode(msgspec.json.encode(to_json(condition)))) == condition
    assert describe(condition)
    check_place(condition, "person")


@settings(unhurried, max_examples=50)
@given(measures())
def test_definition_of_a_computed_trait_survives_the_way_to_json_and_back(definition: dict[str, Any]) -> None:
    events = parse_measure(definition)
    assert parse_measure(measure_to_json(events)) == events
    assert describe_measure(events)


@settings(unhurried, max_examples=300)
@given(trees, people)
def test_time_alone_changes_an_answer_only_at_a_crossing(tree: dict[str, Any], person: dict[str, Any]) -> None:
    condition, history = parse(tree), history_of(person)
    announced = {
        event.timestamp + crossing.age_ms
        for event in history.events
        for crossing in crossings(condition)
        if crossing.type == event.type and crossing.event in {"", event.event}
    }
    dated = [(name, offset, [history.traits]) for name, offset in moment_traits(condition)]
    dated += [(name, offset, list(history.accounts)) for name, offset in account_moments(condition)]
    for name, offset, owners in dated:
        found = {moment_of(path_reader(name)(owner)) for owner in owners}
        announced |= {moment + offset for moment in found if moment is not None}
    holds = compile_history(condition)
    before = None
    for now in map(milliseconds, edges(tree, person)):
        answer = holds(history, now)
        if before is not None and now != before[0] and answer is not before[1]:
            # The moments are a millisecond apart where something may change, so the change is at this one.
            assert now in announced
        before = now, answer


@settings(unhurried, max_examples=150)
@given(trees, people)
def test_explanation_answers_as_the_condition_does_in_every_part(tree: dict[str, Any], person: dict[str, Any]) -> None:
    history = history_of(person)

    def check(part: dict[str, Any], explanation: Explanation) -> None:
        condition = parse(part)
        assert explanation.holds is compile_history(condition)(history, NOW_MS)
        assert explanation.words == describe(condition)
        inner = part.get("all", part.get("any", [part["not"]] if "not" in part else []))
        assert len(explanation.inner) == len(inner)
        for one, other in zip(inner, explanation.inner, strict=True):
            check(one, other)
        if "event" in part:
            naive = NaivePerson(person, NOW)
            assert len(explanation.evidence) == len(naive.counted(part))
            by_name = [event for event in person["events"] if naive.is_called(event, part)]
            assert len(explanation.evidence) + len(explanation.missed) == len(by_name)

    check(tree, explain(parse(tree), history, NOW_MS))


@unhurried
@given(st.datetimes(datetime(1890, 1, 1), datetime(2310, 1, 1)), st.integers(-15 * 60, 15 * 60), st.integers(0, 9))  # noqa: DTZ001
def test_moments_are_those_that_python_reads(local: datetime, offset: int, digits: int) -> None:
    sign, minutes = ("-", -offset) if offset < 0 else ("+", offset)
    fraction = f".{local.microsecond:06}000"[: digits + 1] if digits else ""
    for zone in ("Z", f"{sign}{minutes // 60:02}:{minutes % 60:02}", f"{sign}{minutes // 60:02}{minutes % 60:02}"):
        text = local.strftime("%Y-%m-%dT%H:%M:%S") + fraction + zone
        expected = naive_moment(local.replace(microsecond=int(f"{fraction[1:]:0<6.6}")).isoformat() + zone)
        moment = moment_of(text)
        if (minutes > 14 * 60 + 59 and zone != "Z") or not 1901 <= local.year <= 2298:
            assert moment is None
        else:
            assert expected is not None
            assert moment == (expected - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01",
        "2026-03-01T09:30Z",
        "2026-03-01 09:30:00Z",
        "2026-03-01T09:30:00",
        "2026-03-01t09:30:00z",
        "2026-03-01T09:30:00.Z",
        "2026-03-01T09:30:00,5Z",
        "2026-03-01T09:30:00.1234567890Z",
        "2026-03-01T09:30:60Z",
        "2026-03-01T24:00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-03-01T09:30:00+01",
        "2026-03-01T09:30:00+15:00",
        " 2026-03-01T09:30:00Z",
        "2026-03-01T09:30:00Z\n",
        "٢٠٢٦-03-01T09:30:00Z",
    ],
)
def test_what_only_looks_like_a_moment_is_none(text: str) -> None:
    assert moment_of(text) is None
    assert moment_of(1772357400) is None
    with pytest.raises(ConditionError, match="is not a moment between 1901 and 2298"):
        parse({"fact": "trait", "name": "at", "operator": "before_date", "value": text})
