"""Conditions compiled to SQL, for everybody at once: one query over the event store answers many questions.

The rules are those of `evaluation`, `history` and `measures`, to the last bit. What is made here is text in ClickHouse's
dialect over tables and columns that the event store names (`Tables`); it runs nothing.

A query is built in stages, each a select over the one before (`sql_stages`): rows of people and of accounts as they are now;
events, one row each, with what questions ask of them; totals of each person's events; and at last one row for each person,
on which every question is one boolean expression.
"""

# ruff: noqa: S608 - everything put into the texts here is made by this package: numbers, and texts as literals

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from pitcairn.conditions.places import check_measure, check_place
from pitcairn.conditions.sql_events import EventStages, Measured, constant_test
from pitcairn.conditions.sql_stages import Stage, StageValue
from pitcairn.conditions.sql_values import OPPOSITES, is_there, moment_test, plain_test, raw_of, reference_test
from pitcairn.conditions.tree import (
    All,
    AnyOf,
    Condition,
    Events,
    Fact,
    Leaf,
    Measure,
    Not,
    Operator,
    Reference,
    Span,
    Users,
)

PEOPLE = ("profile_id", "batch", "alive", "identified", "accounts", "traits")
ACCOUNTS = ("account_id", "batch", "traits")
EVENTS = ("person", "type", "event", "ts", "received_ms", "message_id", "properties", "context")

_BITS = 64
_FEW = 6
"""Bits that are added up quicker than an array of them is made."""

_COUNTS = frozenset({Measure.COUNT, Measure.UNIQUE_COUNT})
_EQUALITIES = {Operator.EQUALS: "=", Operator.DIFFERS: "!="}
_SIGNS = {
    Operator.LESS_THAN: "<",
    Operator.AT_MOST: "<=",
    Operator.GREATER_THAN: ">",
    Operator.AT_LEAST: ">=",
    **_EQUALITIES,
}


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A condition, and of whom it is asked.

    `anonymous`: also of people without user id, email or mobile advertising id. `since_ms`: only events received from then
    on count (ms since 1970). `account`: it is the condition of an account.
    """

    condition: Condition
    anonymous: bool = False
    since_ms: int = 0
    account: bool = False


class Tables(msgspec.Struct, frozen=True, kw_only=True):
    """The selects that a query reads, each in brackets, with the columns they must have.

    `people`: profile_id, batch, alive, identified, accounts, traits; several rows of one profile, of which the highest batch
    holds. `accounts`: account_id, batch, traits; likewise. `events`: person (the profile they belong to now), type, event,
    timestamp, ts and received_ms (ms since 1970), message_id, properties; `messages` the same with context. Both may contain
    `{names}`, which becomes the condition that leaves out events nobody asks for. `members`: the profiles that are members
    of the audience `{audience_id}`.
    """

    people: str
    accounts: str
    events: str
    messages: str
    members: str


class PersonQuery:
    """Collects what is asked of people and writes the query that answers it."""

    def __init__(self, tables: Tables, now_ms: int, audience_ids: Mapping[str, int]) -> None:
        self._tables = tables
        self._now_ms = now_ms
        self._audience_ids = audience_ids
        self._people = Stage("p")
        self._account_rows = Stage("c")
        self._account_totals = Stage("o")
        self._answers = Stage("a")
        self._events = EventStages(now_ms, self._trait, self._answers)
        self._joins_traits = False
        self._flags: dict[str, None] = {}
        """Columns of people that are yes or no."""

    def holds(self, condition: Condition, since_ms: int) -> str:
        """The condition as an expression over a person's row."""
        match condition:
            case All(conditions):
                return f"({' AND '.join(self.holds(inner, since_ms) for inner in conditions)})" if conditions else "1"
            case AnyOf(conditions):
                return f"({' OR '.join(self.holds(inner, since_ms) for inner in conditions)})"
            case Not(inner):
                return f"(NOT {self.holds(inner, since_ms)})"
            case Events():
                return self._did(condition, since_ms)
            case Leaf():
                return self._leaf(condition)
            case _:
                raise AssertionError(f"{condition} is not asked of a person")

    def measured(self, events: Events, since_ms: int) -> Measured:
        return self._events.measured(events, since_ms)

    def answer(self, expression: str) -> str:
        return self._answers.add(expression)

    def select(self, columns: str, condition: str = "1", *, accounts: bool = False) -> str:
        """The query over people: `columns` are made of the expressions that this gave, and `profile_id`."""
        people = self._people_now(accounts=accounts or bool(self._account_totals))
        lines = [f"WITH people_now AS ({people})" if self._uses_people_twice() else ""]
        source = "people_now" if self._uses_people_twice() else f"({people})"
        lines.append(f"SELECT {columns}")
        known = ["profile_id", "identified", *(["accounts"] if accounts else []), *self._people.given]
        totals, theirs = self._events.totals.aliases, self._account_totals.aliases
        named = [f"now.{column} AS {column}" for column in known]
        named += [f"done.{column} AS {column}" for column in totals]
        named += [f"theirs.{column} AS {column}" for column in theirs]
        joined = f"SELECT {', '.join(named)}\nFROM {source} AS now"
        if totals:
            joined += f"\nGLOBAL LEFT JOIN ({self._totals(source)}) AS done ON done.person = now.profile_id"
        if theirs:
            joined += f"\nGLOBAL LEFT JOIN ({self._accounts_joined(source)}) AS theirs ON theirs.owner = now.profile_id"
        answers = self._answers.over(f"({joined})", [*known, *totals, *theirs], f"{columns} {condition}")
        lines.append(f"FROM {answers} AS asked WHERE {condition}")
        return "\n".join(line for line in lines if line)

    def _uses_people_twice(self) -> bool:
        return self._joins_traits or bool(self._account_totals)

    def _people_now(self, *, accounts: bool) -> str:
        flags = ["alive", "identified", *self._flags]
        others = [*(["accounts"] if accounts else []), *(one for one in self._people.given if one not in self._flags)]
        latest = [
            f"argMax({as_bits(flags[start : start + _BITS])}, batch) AS flags_{start}"
            for start in range(0, len(flags), _BITS)
        ]
        latest += [f"argMax({column}, batch) AS latest_{column}" for column in others]
        unpacked = [f"bitTest(flags_{n - n % _BITS}, {n % _BITS}) AS {flag}" for n, flag in enumerate(flags) if n]
        unpacked += [f"latest_{column} AS {column}" for column in others]
        wanted = ", ".join(["profile_id", "batch", *flags, *others])
        return (
            f"SELECT profile_id, {', '.join(unpacked)} FROM (\n"
            f"SELECT profile_id, {', '.join(latest)}\n"
            f"FROM {self._people.over(self._tables.people, PEOPLE, wanted)} AS rows GROUP BY profile_id) AS states "
            f"WHERE bitTest(flags_0, 0)"
        )

    def _totals(self, people: str) -> str:
        events = self._events
        table = self._tables.messages if events.reads_context else self._tables.events
        source = table.replace("{names}", events.names.condition())
        if self._joins_traits:
            traits = "".join(f", {column}" for column in self._people.given)
            joined = f"(SELECT profile_id{traits} FROM {people}) AS known ON known.profile_id = event.person"
            source = f"(SELECT * FROM {source} AS event GLOBAL LEFT JOIN {joined})"
        totals = f"person{events.totals.columns()}"
        rows = events.rows.over(source, [*EVENTS, *self._people.given], totals)
        return f"SELECT {totals}\nFROM {rows} AS rows GROUP BY person"

    def _accounts_joined(self, people: str) -> str:
        traits = "".join(f", {column}" for column in self._people.given)
        pairs = (
            f"(SELECT * FROM (SELECT profile_id AS owner{traits}, account FROM {people} ARRAY JOIN accounts AS account) AS owned "
            f"GLOBAL INNER JOIN (SELECT account_id, argMax(traits, batch) AS account_traits FROM {self._tables.accounts} "
            "AS source GROUP BY account_id) AS latest ON latest.account_id = owned.account)"
        )
        totals = f"owner{self._account_totals.columns()}"
        rows = self._account_rows.over(pairs, ["owner", "account_traits", *self._people.given], totals)
        return f"SELECT {totals}\nFROM {rows} AS pairs GROUP BY owner"

    def _trait(self, name: str) -> str:
        """The column of a trait's raw value, for those who join people."""
        self._joins_traits = True
        return self._trait_column(name)

    def _trait_column(self, name: str) -> str:
        return self._people.give(raw_of("traits", name))

    def _leaf(self, leaf: Leaf) -> str:
        match leaf.fact:
            case Fact.AUDIENCE:
                audience_id = self._audience_ids.get(leaf.name)
                if audience_id is None:
                    return "0" if leaf.value else "1"
                members = self._tables.members.replace("{audience_id}", str(audience_id))
                member = self._answers.add(f"profile_id GLOBAL IN {members}")
                return member if leaf.value else f"(NOT {member})"
            case Fact.TRAIT:
                value = StageValue(self._people, raw_of("traits", leaf.name))
                other = None
                if isinstance(leaf.value, Reference):
                    other = StageValue(self._people, raw_of("traits", leaf.value.name))
                test = self._people.give(leaf_test(leaf, value, other, self._now_ms))
                self._flags[test] = None
                return test
            case _:
                value = StageValue(self._account_rows, raw_of("account_traits", leaf.name))
                if leaf.operator is Operator.ABSENT:
                    there = self._account_rows.add(is_there(value))
                    return f"(NOT {self._account_totals.add(f'max({there})')})"
                other = None
                if isinstance(leaf.value, Reference):
                    other = StageValue(self._account_rows, self._trait_column(leaf.value.name))
                test = self._account_rows.add(leaf_test(leaf, value, other, self._now_ms))
                return self._account_totals.add(f"max({test})")

    def _did(self, events: Events, since_ms: int) -> str:
        found = self.measured(events, since_ms)
        value = events.value
        if isinstance(value, Reference):
            other = StageValue(self._answers, self._trait_column(value.name))
            return self._answers.add(reference_test(events.operator, found.value, other))
        if events.measure in _COUNTS and type(value) is int and events.operator in _SIGNS:
            return f"({found.found} {_SIGNS[events.operator]} {value})"
        constants = value if isinstance(value, tuple) else (value,)
        test = plain_test(events.operator, constants, found.value)  # type: ignore[arg-type]
        return self._answers.add(f"({found.there} AND {test})" if events.operator in OPPOSITES else test)


def as_bits(answers: Sequence[str]) -> str:
    """Boolean expressions as one UInt64, the first as its lowest bit."""
    if len(answers) <= _FEW:
        return f"toUInt64({' + '.join(f'toUInt8({answer}) * {1 << index}' for index, answer in enumerate(answers))})"
    # A sum of fifty terms is a tree fifty deep, which takes the engine long to plan.
    bits = ", ".join(str(1 << index) for index in range(len(answers)))
    return (
        f"toUInt64(arrayDotProduct([{', '.join(f'toUInt8({answer})' for answer in answers)}], [{bits}]::Array(UInt64)))"
    )


def leaf_test(leaf: Leaf, value: StageValue, other: StageValue | None, now_ms: int) -> str:
    """A leaf as an expression over the stage that its values are in."""
    if other is not None:
        return reference_test(leaf.operator, value, other)
    if isinstance(leaf.value, Span):
        return moment_test(leaf.operator, leaf.value, value, now_ms)
    return constant_test(leaf, value)


def compile_people(questions: Sequence[Question], tables: Tables, now_ms: int, audience_ids: Mapping[str, int]) -> str:
    """The query that answers questions about people: rows (profile_id, answers), of those for whom any answer is yes.

    `answers` is a UInt64 with the bit of each question, so there are at most 64.
    """
    query = PersonQuery(tables, now_ms, audience_ids)
    answers = []
    for question in questions:
        check_place(question.condition, "person")
        holds = query.holds(question.condition, question.since_ms)
        asked = holds if question.anonymous else f"identified AND {holds}"
        answers.append(asked)
    mask = query.answer(as_bits(answers))
    return query.select(f"profile_id, {mask}", f"{mask} != 0")


def compile_accounts(
    questions: Sequence[Question], tables: Tables, now_ms: int, audience_ids: Mapping[str, int]
) -> str:
    """The same for accounts: rows (account_id, answers)."""
    people = PersonQuery(tables, now_ms, audience_ids)
    accounts, users, totals = Stage("c"), Stage("u"), Stage("w")

    def holds(condition: Condition, since_ms: int) -> str:
        match condition:
            case All(conditions):
                return f"({' AND '.join(holds(inner, since_ms) for inner in conditions)})" if conditions else "1"
            case AnyOf(conditions):
                return f"({' OR '.join(holds(inner, since_ms) for inner in conditions)})"
            case Not(inner):
                return f"(NOT {holds(inner, since_ms)})"
            case Users(quantifier, inner):
                answer = users.add(f"toUInt8({people.holds(inner, since_ms)})")
                if quantifier == "all":
                    return f"(users > 0 AND {totals.add(f'sum({answer})')} = users)"
                some = f"({totals.add(f'max({answer})')} = 1)"
                return some if quantifier == "any" else f"(NOT {some})"
            case Leaf():
                value = StageValue(accounts, raw_of("traits", condition.name))
                if isinstance(condition.value, Reference):
                    return "0"
                return accounts.give(leaf_test(condition, value, None, now_ms))
            case _:
                raise AssertionError(f"{condition} is not asked of an account")

    answers = []
    for question in questions:
        check_place(question.condition, "account")
        answers.append(holds(question.condition, question.since_ms))
    given = "".join(f", {column}" for column in accounts.given)
    unpacked = "".join(f", latest.{number + 2} AS {column}" for number, column in enumerate(accounts.given))
    lines = [
        f"SELECT account_id, answers FROM (SELECT now.account_id AS account_id, {as_bits(answers)} AS answers",
        f"FROM (SELECT account_id{unpacked} FROM (SELECT account_id, argMax(tuple(1{given}), batch) AS latest",
        f"FROM {accounts.over(tables.accounts, ACCOUNTS, f'account_id, batch{given}')} AS rows GROUP BY account_id)) AS now",
    ]
    if totals:
        asked = people.select(f"accounts{users.columns()}", accounts=True)
        lines.append(
            f"GLOBAL LEFT JOIN (SELECT account, count() AS users{totals.columns()}\nFROM (\n{asked}\n) AS person "
            f"ARRAY JOIN accounts AS account GROUP BY account) AS used ON used.account = now.account_id"
        )
    lines.append(") AS asked WHERE answers != 0")
    return "\n".join(lines)


def compile_measures(
    definitions: Sequence[Events], tables: Tables, now_ms: int, audience_ids: Mapping[str, int]
) -> str:
    """The query that measures: rows (profile_id, and for each definition whether there is a value, and the value), of those
    with any value; a count of nothing is none. The value is a number, a tuple of kind (0 boolean, 1 number, 2 text), number
    and text, or an array of such tuples.
    """
    query = PersonQuery(tables, now_ms, audience_ids)
    columns, known = [], []
    for definition in definitions:
        check_measure(definition)
        found = query.measured(definition, 0)
        there = found.there
        if definition.measure in _COUNTS:
            there = f"{found.found} > 0"
        elif definition.measure is Measure.UNIQUE:
            there = f"notEmpty({found.found})"
        known.append(query.answer(f"toUInt8({there})"))
        columns += [known[-1], query.answer(found.found)]
    return query.select(f"profile_id, {', '.join(columns)}", " OR ".join(known))
