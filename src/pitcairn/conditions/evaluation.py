"""Conditions compiled to closures: everything that does not depend on the visitor is worked out once.

The rules, which any other implementation must share:

- A fact that is absent (not there, null, or an empty text outside traits, accounts, events and query parameters) makes
  every leaf false, except `absent`.
- `differs`, `none_of` and `omits` are the opposites of `equals`, `one_of` and `contains` wherever the fact is there.
- A text that spells a number equals, and orders as, that number when the other side is a number; so do "true" and
  "false" with booleans. Two texts compare as texts. What counts as a number: `numbers.number_of`.
- In a list, `contains` finds a value that equals one of its elements; in a text it finds a part of the text.
- Values of other types than an operator compares make it false.
- Texts of traits, accounts and events compare exactly, all others without regard to case.
- Dates: only what `moments.moment_of` reads is one; anything else is as if it were absent. A moment's age is now minus it.
  `within_last`: 0 <= age < span. `before_last`: age >= span. `within_next`: -span <= age < 0. `after_next`: age < -span.
- A reference leads to a text, a number or a boolean; to anything else it leads to nothing, and the leaf is false.
- Membership of an audience is true or false, never absent.

How histories are evaluated goes on in `history`.
"""

from __future__ import annotations

import operator as compare
from collections.abc import Callable
from typing import Any, TypeAlias
from urllib.parse import unquote

from pitcairn.conditions.comparisons import moment_test, plain_test, reference_test
from pitcairn.conditions.facts import Facts, path_reader
from pitcairn.conditions.places import check_place
from pitcairn.conditions.tree import (
    QUERY_PREFIX,
    All,
    AnyOf,
    Condition,
    Fact,
    Leaf,
    Not,
    Operator,
    Reference,
    Scalar,
    Span,
)

Predicate: TypeAlias = Callable[[Facts], bool]
_Read: TypeAlias = Callable[[Facts], Any]


def compile_condition(condition: Condition) -> Predicate:
    """A function that says whether the condition of a visit holds for some facts. The function never raises.

    Raises `ConditionError` for a condition that cannot be asked of a visit: one of events, accounts or users.
    """
    check_place(condition, "visit")
    return _compiled(condition)


def _compiled(condition: Condition) -> Predicate:
    match condition:
        case All(conditions):
            return _all(tuple(_compiled(inner) for inner in conditions))
        case AnyOf(conditions):
            return _any(tuple(_compiled(inner) for inner in conditions))
        case Not(inner):
            holds = _compiled(inner)
            return lambda facts: not holds(facts)
        case Leaf():
            return _leaf(condition)
        case _:
            raise AssertionError(f"{condition} is not asked of a visit")


def _all(tests: tuple[Predicate, ...]) -> Predicate:
    if len(tests) == 1:
        return tests[0]

    def holds(facts: Facts) -> bool:
        for test in tests:  # noqa: SIM110 - all() over a generator takes twice as long, and this is the hot path
            if not test(facts):
                return False
        return True

    return holds


def _any(tests: tuple[Predicate, ...]) -> Predicate:
    if len(tests) == 1:
        return tests[0]

    def holds(facts: Facts) -> bool:
        for test in tests:  # noqa: SIM110 - as in _all
            if test(facts):
                return True
        return False

    return holds


def _leaf(leaf: Leaf) -> Predicate:
    if leaf.fact is Fact.ACCOUNT:
        return _account_leaf(leaf)
    return _question(leaf, reader(leaf.fact, leaf.name))


def _account_leaf(leaf: Leaf) -> Predicate:
    """Of several accounts one that fits is enough; "absent" is asked of all."""
    read = path_reader(leaf.name)
    if leaf.operator is Operator.ABSENT:
        return lambda facts: all(read(account) is None for account in facts.accounts)
    if leaf.operator is Operator.EXISTS:
        return lambda facts: any(read(account) is not None for account in facts.accounts)
    value = leaf.value
    if isinstance(value, Span):
        in_time = moment_test(leaf.operator, value)
        return lambda facts: any(in_time(read(account), facts.now) for account in facts.accounts)
    if isinstance(value, Reference):
        read_other, compares = path_reader(value.name), reference_test(leaf.operator)

        def holds(facts: Facts) -> bool:
            other = read_other(facts.traits)
            return isinstance(other, str | int | float) and any(
                (found := read(account)) is not None and compares(found, other) for account in facts.accounts
            )

        return holds
    test = plain_test(leaf.operator, value if isinstance(value, tuple) else () if value is None else (value,))
    return lambda facts: any((found := read(account)) is not None and test(found) for account in facts.accounts)


def _question(leaf: Leaf, read: _Read) -> Predicate:
    value = leaf.value
    if leaf.operator is Operator.EXISTS:
        return lambda facts: read(facts) is not None
    if leaf.operator is Operator.ABSENT:
        return lambda facts: read(facts) is None
    if isinstance(value, Span):
        in_time = moment_test(leaf.operator, value)
        return lambda facts: in_time(read(facts), facts.now)
    if isinstance(value, Reference):
        return _referring(read, path_reader(value.name), reference_test(leaf.operator))
    values = value if isinstance(value, tuple) else () if value is None else (value,)
    test = plain_test(leaf.operator, tuple(_expected(leaf, item) for item in values))
    return lambda facts: (value := read(facts)) is not None and test(value)


def _referring(read: _Read, read_other: Callable[[Any], Any], test: Callable[[Any, Any], bool]) -> Predicate:
    def holds(facts: Facts) -> bool:
        value, other = read(facts), read_other(facts.traits)
        return value is not None and isinstance(other, str | int | float) and test(value, other)

    return holds


def reader(fact: Fact, name: str) -> _Read:
    """How the fact of a visit is read: None where it is absent, and a case-folded text for every fact but a trait."""
    match fact:
        case Fact.TRAIT:
            read = path_reader(name)
            return lambda facts: read(facts.traits)
        case Fact.PAGE:
            part = QUERY_PREFIX + name.removeprefix(QUERY_PREFIX).casefold() if name.startswith(QUERY_PREFIX) else name
            return lambda facts: facts.page_parts.get(part)
        case Fact.UTM:
            parameter = f"{QUERY_PREFIX}utm_{name}"
            return lambda facts: facts.page_parts.get(parameter) or None
        case Fact.REFERRER:
            return lambda facts: facts.referrer_parts.get(name)
        case Fact.DEVICE:
            attribute = compare.attrgetter("device" if name == "type" else name)
            return lambda facts: _folded(attribute(facts))
        case Fact.COUNTRY:
            return lambda facts: _folded(facts.country)
        case Fact.LANGUAGE:
            return lambda facts: _folded(facts.language)
        case Fact.AUDIENCE:
            return lambda facts: name in facts.audiences
        case Fact.FIRST_UTM:
            return lambda facts: _folded(facts.first_utm.get(name))
        case Fact.LAST_UTM:
            return lambda facts: _folded(facts.last_utm.get(name))
        case Fact.FIRST_REFERRER:
            return lambda facts: facts.first_referrer_parts.get(name)
        case Fact.LAST_REFERRER:
            return lambda facts: facts.last_referrer_parts.get(name)
        case Fact.VISIT:
            return lambda facts: facts.visit.get(name)
        case Fact.TIME:
            return lambda facts: facts.time.get(name)
        case Fact.LOCATION:
            return lambda facts: _folded(facts.location.get(name))
        case Fact.COMPANY:
            read_company = path_reader(name)
            return lambda facts: _folded_text(read_company(facts.company))
        case _:
            raise AssertionError(f"{fact} is not asked of a visit")


def _folded(value: object) -> str | None:
    return value.casefold() if isinstance(value, str) and value else None


def _folded_text(value: object) -> object:
    return _folded(value) if isinstance(value, str) else value


def _expected(leaf: Leaf, value: Scalar) -> Scalar:
    """A value of the condition, written the way the fact is read."""
    if not isinstance(value, str) or leaf.fact in {Fact.TRAIT, Fact.VISIT}:
        return value
    if leaf.fact is Fact.PAGE and leaf.name == "path":
        value = unquote(value)
    return value.casefold()
