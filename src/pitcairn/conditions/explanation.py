"""Why a condition holds or does not: the same tree again, with what was found at each question."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from pitcairn.conditions.description import describe
from pitcairn.conditions.facts import path_reader
from pitcairn.conditions.history import compile_account, compile_history, counted
from pitcairn.conditions.measures import measure_of
from pitcairn.conditions.records import AccountHistory, Event, History
from pitcairn.conditions.tree import All, AnyOf, Condition, Events, Fact, Leaf, Not, Users, Window

MAX_EVIDENCE = 20
"""Events that one question names: nobody reads more, and the newest say most."""


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a condition for one person or account.

    `words` describe the part, `holds` is its answer. `value` is what was found: the value of a trait (None when it is
    absent, a list when there are several accounts), the measure of events, whether they are a member, the number of users
    that fulfil it. `evidence` are the events that count, newest first, at most `MAX_EVIDENCE`; `missed` those of the
    right type and name that do not, for their age, their properties, or what followed. `inner` are the parts it joins.
    """

    words: str
    holds: bool
    value: Any = None
    evidence: tuple[Event, ...] = ()
    missed: tuple[Missed, ...] = ()
    inner: tuple[Explanation, ...] = ()


class Missed(msgspec.Struct, frozen=True):
    """An event that does not count, and why: `window` (its age), `where` (what it says) or `then` (what came after it)."""

    event: Event
    reason: str


def explain(condition: Condition, history: History, now: int) -> Explanation:
    """Why the condition of a person holds for a history, or not. Raises `ConditionError` as `compile_history` does."""
    holds = compile_history(condition)(history, now)
    words = describe(condition)
    match condition:
        case All(conditions) | AnyOf(conditions):
            inner = tuple(explain(part, history, now) for part in conditions)
            return Explanation(words=words, holds=holds, inner=inner)
        case Not(part):
            return Explanation(words=words, holds=holds, inner=(explain(part, history, now),))
        case Events():
            return _of_events(condition, words, history, now, holds=holds)
        case Leaf():
            return Explanation(words=words, holds=holds, value=_found(condition, history))
        case Users():
            raise AssertionError("a person has no users")


def explain_account(condition: Condition, account: AccountHistory, now: int) -> Explanation:
    """The same for the condition of an account."""
    holds = compile_account(condition)(account, now)
    words = describe(condition)
    match condition:
        case All(conditions) | AnyOf(conditions):
            inner = tuple(explain_account(part, account, now) for part in conditions)
            return Explanation(words=words, holds=holds, inner=inner)
        case Not(part):
            return Explanation(words=words, holds=holds, inner=(explain_account(part, account, now),))
        case Users(_, part):
            fulfils = compile_history(part)
            number = sum(fulfils(user, now) for user in account.users)
            return Explanation(words=words, holds=holds, value=number)
        case Leaf():
            return Explanation(words=words, holds=holds, value=path_reader(condition.name)(account.traits))
        case Events():
            raise AssertionError("an account has no events of its own")


def _found(leaf: Leaf, history: History) -> Any:
    if leaf.fact is Fact.AUDIENCE:
        return leaf.name in history.audiences
    read = path_reader(leaf.name)
    if leaf.fact is Fact.TRAIT:
        return read(history.traits)
    values = [value for account in history.accounts if (value := read(account)) is not None]
    return values[0] if len(values) == 1 else values or None


def _of_events(events: Events, words: str, history: History, now: int, *, holds: bool) -> Explanation:
    count = counted(events, history, now)
    return Explanation(
        words=words,
        holds=holds,
        value=measure_of(events.measure, events.property, count),
        evidence=tuple(reversed(count[-MAX_EVIDENCE:])),
        missed=_missed(events, count, history, now),
    )


def _missed(events: Events, count: list[Event], history: History, now: int) -> tuple[Missed, ...]:
    """Events by name that do not count, each with the first of the questions that it fails."""
    steps: Mapping[str, Events] = {
        "window": Events(
            event=events.event, type=events.type, window=Window(events.window.oldest, events.window.newest)
        ),
        "where": Events(event=events.event, type=events.type, where=events.where),
        "then": Events(event=events.event, type=events.type, then=events.then),
    }
    passed = {name: set(map(id, counted(step, history, now))) for name, step in steps.items()}
    counts = set(map(id, count))
    named = counted(Events(event=events.event, type=events.type), history, now)
    missed = [event for event in reversed(named) if id(event) not in counts][:MAX_EVIDENCE]
    return tuple(
        Missed(event, next((name for name in steps if id(event) not in passed[name]), "window")) for event in missed
    )
