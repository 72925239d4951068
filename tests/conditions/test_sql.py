"""Conditions in SQL give the answers that they give in memory: random conditions over random people, in the event store.

Planning a query costs the engine more than running it over a few people, so the examples are gathered first, and then asked
many at a time: every condition of a group about every person of a workspace. People have merged profiles, and are asked for
in each way the live engine asks.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventstore.rows import account, fresh_workspace, membership, merge, message, person
from pitcairn.conditions import parse, parse_measure
from pitcairn.conditions.history import compile_account, compile_history, measured
from pitcairn.conditions.tree import Events, Measure
from pitcairn.eventstore import EventStore, Question

from .histories import account_of, event_of, history_of
from .history_trees import NAMES, NOW, account_trees, accounts, edges, measures, people, trees

NOW_MS = round(NOW.timestamp() * 1000)
AUDIENCES = {"one": 1, "two": 2}
TOGETHER = 25
"""Conditions in one query."""

Written = Mapping[str, Any]


def gathered(strategy: st.SearchStrategy[Any], count: int) -> list[Any]:
    """Examples of the strategy, different in every run unless hypothesis is told to repeat one."""
    found: list[Any] = []

    @settings(max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(strategy)
    def gather(example: Any) -> None:
        found.append(example)

    gather()
    assert len(found) >= count
    return found


def test_the_examples_have_what_is_hard() -> None:
    """Values of every kind and none, and events and dates that reach an age of the condition now, give or take a millisecond."""
    examples = gathered(st.tuples(trees, people), 500)
    kinds: Counter[str] = Counter()
    for _, written in examples:
        owners = [written.get("traits", {}), *(event.get("properties", {}) for event in written["events"])]
        kinds.update(type(owner[name]).__name__ if name in owner else "missing" for owner in owners for name in NAMES)
    assert all(kinds[kind] > 20 for kind in ("missing", "NoneType", "str", "int", "float", "bool", "list", "dict")), (
        kinds
    )
    assert sum(NOW in edges(tree, written) for tree, written in examples) > 100


class Stored:
    """People in a workspace of the event store. The profile of the first is 1; each may have merged ones, from 10,001 on."""

    def __init__(self, store: EventStore, some: Sequence[Written], owners: Sequence[Written] = ()) -> None:
        self.store, self.workspace_id = store, fresh_workspace()
        self._choice = random.Random(len(some))
        self._losers = 10_000
        self._accounts = 0
        self.rows: dict[str, list[Mapping[str, Any]]] = {
            name: [] for name in ("messages", "people", "accounts", "memberships", "merges")
        }
        for number, written in enumerate(some, 1):
            owned = [self._account(traits) for traits in written.get("accounts", ())]
            self._person(number, written, owned)
        self.accounts = []
        for written in owners:
            self.accounts.append(self._account(written.get("traits", {})))
            for user in written.get("users", ()):
                self._losers += 1
                more = [self._account(traits) for traits in user.get("accounts", ())]
                self._person(self._losers, user, [self.accounts[-1], *more])
        for table, rows in self.rows.items():
            store.insert(table, rows)

    def _account(self, traits: Written) -> int:
        self._accounts += 1
        found = account(self.workspace_id, self._accounts, batch=2, traits=_json(traits))
        self.rows["accounts"] += [account(self.workspace_id, self._accounts, traits='{"a": "old"}'), found]
        return self._accounts

    def _person(self, profile_id: int, written: Written, owned: list[int]) -> None:
        now = person(self.workspace_id, profile_id, batch=2, traits=_json(written.get("traits", {})), accounts=owned)
        self.rows["people"] += [person(self.workspace_id, profile_id, traits='{"a": "old", "b": 1}'), now]
        profiles = [profile_id, *(self._loser(profile_id) for _ in range(self._choice.randrange(3)))]
        for number, event in enumerate(map(event_of, written.get("events", ()))):
            row = message(
                self.workspace_id,
                type=event.type,
                event=event.event,
                profile_id=self._choice.choice(profiles),
                message_id=event.message_id,
                timestamp=event.timestamp / 1000,
                received_at=NOW_MS / 1000 + number % 3,
                properties=_json(event.properties) if event.properties else "",
                context=_json(event.context) if event.context else "",
            )
            self.rows["messages"].append(row)
        for audience_id, key in enumerate(AUDIENCES, 1):
            member = key in written.get("audiences", ())
            if not member and self._choice.random() < 0.5:
                continue
            for version, then in ((1, not member), (2, member)):
                row = membership(self.workspace_id, audience_id, profile_id, version=version, member=then)
                self.rows["memberships"].append(row)

    def _loser(self, winner: int) -> int:
        self._losers += 1
        rows = [person(self.workspace_id, self._losers, alive=False, batch=3, traits='{"a": "x"}')]
        self.rows["people"] += [person(self.workspace_id, self._losers), *rows]
        self.rows["merges"].append(merge(self.workspace_id, self._losers, winner, batch=3))
        # What another row said before, or would say if it had come later, does not matter.
        self.rows["merges"].append(
            merge(self.workspace_id, self._losers, self._choice.choice([1, self._losers]), batch=2)
        )
        return self._losers


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def in_groups(some: Sequence[Any], size: int) -> list[Sequence[Any]]:
    return [some[start : start + size] for start in range(0, len(some), size)]


@pytest.mark.parametrize("part", range(3))
def test_condition_is_answered_in_sql_as_in_memory(embedded_store: EventStore, part: int) -> None:
    examples = gathered(st.tuples(trees, people), 500)
    some = [example for _, example in examples]
    stored = Stored(embedded_store, some)
    histories = [history_of(written) for written in some]
    everyone = list(range(1, len(some) + 1))
    for number, group in enumerate(in_groups([tree for tree, _ in examples], TOGETHER)):
        asked = [None, everyone[: 200 + number], range(number, 300)][(number + part) % 3]
        among = everyone if asked is None else [one for one in everyone if one in asked]
        conditions = [parse(tree) for tree in group]
        questions = [Question(condition=condition, anonymous=True) for condition in conditions]
        answers = embedded_store.members(stored.workspace_id, questions, NOW_MS, asked, audience_ids=AUDIENCES)
        for tree, condition, answer in zip(group, conditions, answers, strict=True):
            holds = compile_history(condition)
            expected = {one for one in among if holds(histories[one - 1], NOW_MS)}
            found = set(answer.tolist())
            wrong = {one: some[one - 1] for one in sorted(found ^ expected)[:2]}
            assert not wrong, (tree, {one: one in expected for one in wrong}, wrong)


def test_condition_of_an_account_is_answered_in_sql_as_in_memory(embedded_store: EventStore) -> None:
    examples = gathered(st.tuples(account_trees, accounts), 200)
    some = [example for _, example in examples]
    stored = Stored(embedded_store, (), some)
    histories = [account_of(_with_its_users(written)) for written in some]
    for group in in_groups([tree for tree, _ in examples], TOGETHER):
        conditions = [parse(tree) for tree in group]
        questions = [Question(condition=condition, account=True) for condition in conditions]
        answers = embedded_store.members(stored.workspace_id, questions, NOW_MS, audience_ids=AUDIENCES)
        for tree, condition, answer in zip(group, conditions, answers, strict=True):
            holds = compile_account(condition)
            found = set(answer.tolist())
            for account_id, history, written in zip(stored.accounts, histories, some, strict=True):
                assert (account_id in found) is holds(history, NOW_MS), (tree, written)


def _with_its_users(written: Written) -> Written:
    """The users of an account have it among their accounts."""
    own = written.get("traits", {})
    users = [{**user, "accounts": [own, *user.get("accounts", ())]} for user in written.get("users", ())]
    return {**written, "users": users}


def test_computed_trait_is_measured_in_sql_as_in_memory(embedded_store: EventStore) -> None:
    examples = gathered(st.tuples(measures(), people), 300)
    some = [example for _, example in examples]
    stored = Stored(embedded_store, some)
    histories = [history_of(written) for written in some]
    for number, group in enumerate(in_groups([definition for definition, _ in examples], TOGETHER)):
        definitions = [parse_measure(definition) for definition in group]
        asked = [None, list(range(1, 101))][number % 2]
        found = embedded_store.measures(stored.workspace_id, definitions, NOW_MS, asked)
        for definition, events, values in zip(group, definitions, found, strict=True):
            for profile_id in asked or range(1, len(some) + 1):
                expected = _noticed(events, measured(events, histories[profile_id - 1], NOW_MS))
                value = values.get(profile_id)
                assert (value, type(value)) == (expected, type(expected)), (definition, some[profile_id - 1])


def _noticed(events: Events, value: Any) -> Any:
    """Without what is left out: who did nothing that counts."""
    counts = events.measure in {Measure.COUNT, Measure.UNIQUE_COUNT, Measure.UNIQUE}
    return None if counts and not value else value
