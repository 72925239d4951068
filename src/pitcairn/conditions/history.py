"""Conditions over histories, evaluated in memory: the reference for SQL, and what *why* is answered with.

The rules of `evaluation` hold, and these beside them:

- Events count that have the type and, unless it is empty, the name; that are in the window; for which `where` holds; and
  after which everything in `then` happened, or did not.
- An event's age is now minus its timestamp. It is in a window when newest <= age < oldest. Without `newest`, events of the
  future are in it too.
- What follows an event comes later than it, and at most `within` later. That it did not come counts once now is later
  than that.
- A session reaches back from the newest event that would count without it, as long as each came less than the span after
  the one before; once the newest is as old as the span, nothing counts.
- Properties and context of an event read as traits do. A reference to the parent reads its properties.
- Of several accounts of a person, one for which a leaf is true is enough; `absent` is true where none of them has the trait,
  so also without any account.
- All users of an account means all of at least one; none of them also holds without any.

What is measured: `measures`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ParamSpec, TypeAlias

from pitcairn.conditions.comparisons import moment_test, plain_test, reference_test
from pitcairn.conditions.facts import path_reader
from pitcairn.conditions.measures import measure_of
from pitcairn.conditions.places import check_place
from pitcairn.conditions.records import AccountHistory, Event, History
from pitcairn.conditions.tree import (
    All,
    AnyOf,
    Condition,
    Events,
    Fact,
    Follow,
    Leaf,
    Not,
    Operator,
    Reference,
    Span,
    Users,
    Value,
    Window,
)

__all__ = [
    "AccountHistory",
    "Event",
    "History",
    "compile_account",
    "compile_history",
    "counted",
    "measured",
]

_P = ParamSpec("_P")
_Now: TypeAlias = int
_Traits: TypeAlias = Mapping[str, Any]
_Person: TypeAlias = Callable[[History, _Now], bool]
_Account: TypeAlias = Callable[[AccountHistory, _Now], bool]
_Where: TypeAlias = Callable[[Event, Event | None, _Traits], bool]
_Counted: TypeAlias = Callable[[History, _Now], list[Event]]
_Compare: TypeAlias = Callable[[Any, Callable[[Reference], Any], _Now], bool]


def compile_history(condition: Condition) -> Callable[[History, int], bool]:
    """A function that says whether the condition of a person holds for a history at a moment (ms since 1970). It never
    raises.

    Raises `ConditionError` for a condition that cannot be asked of a person.
    """
    check_place(condition, "person")
    return _person(condition)


def compile_account(condition: Condition) -> Callable[[AccountHistory, int], bool]:
    """The same for the condition of an account."""
    check_place(condition, "account")
    return _account(condition)


def measured(events: Events, history: History, now: int) -> Any | None:
    """The value of the measure at a moment, which is what a computed trait is; None where there is none.

    A computed trait of an account is measured over one history that holds the events of all its users.
    """
    return measure_of(events.measure, events.property, counted(events, history, now))


def counted(events: Events, history: History, now: int) -> list[Event]:
    """The events that count at a moment, oldest first."""
    return _counter(events)(history, now)


def _person(condition: Condition) -> _Person:
    match condition:
        case All(conditions):
            return _all([_person(inner) for inner in conditions])
        case AnyOf(conditions):
            return _any([_person(inner) for inner in conditions])
        case Not(inner):
            return _not(_person(inner))
        case Events():
            return _did(condition)
        case Leaf():
            return _person_leaf(condition)
        case Users():
            raise AssertionError("a person has no users")


def _account(condition: Condition) -> _Account:
    match condition:
        case All(conditions):
            return _all([_account(inner) for inner in conditions])
        case AnyOf(conditions):
            return _any([_account(inner) for inner in conditions])
        case Not(inner):
            return _not(_account(inner))
        case Users(quantifier, inner):
            holds = _person(inner)
            match quantifier:
                case "any":
                    return lambda account, now: any(holds(user, now) for user in account.users)
                case "all":
                    return lambda account, now: bool(account.users) and all(holds(user, now) for user in account.users)
                case "none":
                    return lambda account, now: not any(holds(user, now) for user in account.users)
        case Leaf():
            read, compare = path_reader(condition.name), _comparison(condition.operator, condition.value)
            return lambda account, now: compare(read(account.traits), _nothing, now)
        case Events():
            raise AssertionError("an account has no events of its own")


def _where(condition: Condition) -> _Where:
    match condition:
        case All(conditions):
            return _all([_where(inner) for inner in conditions])
        case AnyOf(conditions):
            return _any([_where(inner) for inner in conditions])
        case Not(inner):
            return _not(_where(inner))
        case Leaf():
            return _where_leaf(condition)
        case Events() | Users():
            raise AssertionError("an event knows nothing of others")


def _all(tests: Sequence[Callable[_P, bool]]) -> Callable[_P, bool]:
    return lambda *args, **kwargs: all(test(*args, **kwargs) for test in tests)


def _any(tests: Sequence[Callable[_P, bool]]) -> Callable[_P, bool]:
    return lambda *args, **kwargs: any(test(*args, **kwargs) for test in tests)


def _not(test: Callable[_P, bool]) -> Callable[_P, bool]:
    return lambda *args, **kwargs: not test(*args, **kwargs)


def _person_leaf(leaf: Leaf) -> _Person:
    name = leaf.name
    if leaf.fact is Fact.AUDIENCE:
        return lambda history, now: (name in history.audiences) is leaf.value
    read, compare = path_reader(name), _comparison(leaf.operator, leaf.value)
    if leaf.fact is Fact.TRAIT:
        return lambda history, now: compare(read(history.traits), _referred(history.traits), now)
    if leaf.operator is Operator.ABSENT:
        return lambda history, now: all(read(account) is None for account in history.accounts)
    return lambda history, now: any(
        compare(read(account), _referred(history.traits), now) for account in history.accounts
    )


def _where_leaf(leaf: Leaf) -> _Where:
    read, compare = path_reader(leaf.name), _comparison(leaf.operator, leaf.value)
    if leaf.fact is Fact.CONTEXT:
        return lambda event, parent, traits: compare(read(event.context), _referred(traits, parent), 0)
    return lambda event, parent, traits: compare(read(event.properties), _referred(traits, parent), 0)


def _comparison(operator: Operator, value: Value) -> _Compare:
    """How a value that was read compares: with a constant, with now, or with what a reference leads to."""
    if operator is Operator.EXISTS:
        return lambda found, referred, now: found is not None
    if operator is Operator.ABSENT:
        return lambda found, referred, now: found is None
    if isinstance(value, Span):
        in_time = moment_test(operator, value)
        return lambda found, referred, now: in_time(found, now)
    if isinstance(value, Reference):
        return _referring(value, reference_test(operator))
    test = plain_test(operator, value if isinstance(value, tuple) else () if value is None else (value,))
    return lambda found, referred, now: found is not None and test(found)


def _referring(reference: Reference, test: Callable[[Any, Any], bool]) -> _Compare:
    def compare(found: Any, referred: Callable[[Reference], Any], now: _Now) -> bool:
        other = referred(reference)
        return found is not None and isinstance(other, str | int | float) and test(found, other)

    return compare


def _nothing(reference: Reference) -> None:
    return None


def _referred(traits: _Traits, parent: Event | None = None) -> Callable[[Reference], Any]:
    def find(reference: Reference) -> Any:
        if reference.kind == "trait":
            return path_reader(reference.name)(traits)
        return None if parent is None else path_reader(reference.name)(parent.properties)

    return find


def _did(events: Events) -> _Person:
    find, compare = _counter(events), _comparison(events.operator, events.value)

    def holds(history: History, now: _Now) -> bool:
        value = measure_of(events.measure, events.property, find(history, now))
        return compare(value, _referred(history.traits), now)

    return holds


def _counter(events: Events) -> _Counted:
    where, window = _where(events.where), events.window
    follows = tuple(_follows(follow) for follow in events.then)

    def find(history: History, now: _Now) -> list[Event]:
        found = [
            event
            for event in history.events
            if _is_named(event, events)
            and _is_in(window, now - event.timestamp)
            and where(event, None, history.traits)
            and all(follows_it(event, history, now) for follows_it in follows)
        ]
        found.sort(key=lambda event: (event.timestamp, event.message_id))
        return found if window.session is None else _session(found, window.session.ms, now)

    return find


def _is_named(event: Event, named: Events | Follow) -> bool:
    return event.type == named.type and (not named.event or event.event == named.event)


def _is_in(window: Window, age: int) -> bool:
    if window.oldest is not None and age >= window.oldest.ms:
        return False
    return window.newest is None or age >= window.newest.ms


def _follows(follow: Follow) -> Callable[[Event, History, _Now], bool]:
    where, within = _where(follow.where), follow.within.ms

    def holds(parent: Event, history: History, now: _Now) -> bool:
        if not follow.did and now <= parent.timestamp + within:
            return False
        came = any(
            _is_named(event, follow)
            and parent.timestamp < event.timestamp <= parent.timestamp + within
            and where(event, parent, history.traits)
            for event in history.events
        )
        return came is follow.did

    return holds


def _session(events: list[Event], span: int, now: _Now) -> list[Event]:
    """The end of a run of events, oldest first, that is one session; nothing when that is over."""
    if not events or now - events[-1].timestamp >= span:
        return []
    start = len(events) - 1
    while start and events[start].timestamp - events[start - 1].timestamp < span:
        start -= 1
    return events[start:]
