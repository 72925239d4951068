"""Questions about events in SQL: which events count, and what is measured of them, as `history` and `measures` have it.

Where counting is all, a question is one conditional aggregate. Where it matters what came after an event, or which events
are one session, the events that may count are gathered for each person in an array of tuples, and sorted out there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pitcairn.conditions.measures import TOO_LARGE_TO_ADD
from pitcairn.conditions.sql_stages import Names, Parcel, ParcelValue, Stage, StageValue
from pitcairn.conditions.sql_values import (
    NO_NUMBER_SQL,
    OPPOSITES,
    SpeltValue,
    Value,
    finite,
    is_there,
    literal,
    moment_of_text,
    nearest_of_text,
    number_of_float,
    number_of_text,
    plain_test,
    raw_of,
    reference_test,
)
from pitcairn.conditions.tree import (
    All,
    AnyOf,
    Condition,
    Events,
    Fact,
    Follow,
    Leaf,
    Measure,
    Not,
    Operator,
    Reference,
)

_NONE = 9
"""The kind of what is no single value, beside 0 (boolean), 1 (number) and 2 (text)."""


@dataclass(frozen=True)
class Measured:
    """What a question measures of a person: whether there is a value, the value, and as a value that compares."""

    there: str
    found: str
    """A number; a tuple of kind, number and text; or an array of such tuples."""
    value: Value


class EventStages:
    """Compiles questions about events into `rows` (one for each event) and `totals` (one for each person)."""

    def __init__(self, now_ms: int, trait: Callable[[str], str], answers: Stage) -> None:
        """`trait` gives the column of events and people that has a trait's raw value."""
        self.rows = Stage("v")
        self.totals = Stage("t")
        self.names = Names()
        self.reads_context = False
        self._answers = answers
        self._now_ms = now_ms
        self._trait = trait

    def measured(self, events: Events, since_ms: int) -> Measured:
        """What the question measures, as expressions over a person's row."""
        window = events.window
        after = None if window.oldest is None else self._now_ms - window.oldest.ms
        self.names.read(events.type, events.event, after)
        conditions = [_named(events.type, events.event)]
        if after is not None:
            conditions.append(f"ts > {after}")
        if window.newest is not None:
            conditions.append(f"ts <= {self._now_ms - window.newest.ms}")
        if since_ms:
            conditions.append(f"received_ms >= {since_ms}")
        conditions.append(self._where(events.where, self._at_row))
        counts = self.rows.add(" AND ".join(condition for condition in conditions if condition != "1"))
        if not events.then and window.session is None:
            return self._summed(events, _Flat(self.totals, counts, self._columns(events)))
        return self._gathered(events, counts, after, since_ms)

    def _gathered(self, events: Events, counts: str, after: int | None, since_ms: int) -> Measured:
        columns = self._columns(events)
        parcel = Parcel("ts", "message_id", *columns.values())
        filters = []
        for follow in events.then:
            self.names.read(follow.type, follow.event, after)
            filters.append(self._follow(follow, parcel, since_ms))
        gathered = self.totals.add(f"groupArrayIf({parcel.packed()}, {counts})")
        found = self._answers.add(f"arraySort(event -> event.1, {gathered})")
        for follow_filter in filters:
            found = self._answers.add(follow_filter(found))
        if events.window.session is not None:
            found = self._session(found, events.window.session.ms)
        return self._summed(events, _Gathered(self._answers, found, parcel, columns))

    def _follow(self, follow: Follow, parents: Parcel, since_ms: int) -> Callable[[str], str]:
        """A function that filters the sorted array of events by what came after them."""
        conditions = [_named(follow.type, follow.event)]
        if since_ms:
            conditions.append(f"received_ms >= {since_ms}")
        within = follow.within.ms
        if _refers_to_parent(follow.where):
            children = Parcel("ts")
            related = self._where(follow.where, lambda leaf: self._at_pair(leaf, parents, children))
            counts = self.rows.add(" AND ".join(condition for condition in conditions if condition != "1"))
            gathered = self.totals.add(f"groupArrayIf({children.packed()}, {counts})")
            came = (
                f"arrayExists(child -> child.1 > event.1 AND child.1 <= event.1 + {within} AND {related}, {gathered})"
            )
            return lambda found: f"arrayFilter(event -> {self._in_time(follow, 'event.1')}({came}), {found})"
        conditions.append(self._where(follow.where, self._at_row))
        counts = self.rows.add(" AND ".join(condition for condition in conditions if condition != "1"))
        gathered = self.totals.add(f"groupArrayIf(ts, {counts})")

        def filtered(found: str) -> str:
            # Each event, and after it the next that may follow it: of several at one time those come first, since what
            # follows is later. The answer hangs on the time alone, so the two arrays in order of time run in parallel.
            line = self._answers.add(
                f"arraySort(arrayConcat(arrayMap(event -> (event.1, toUInt8(1)), {found}), "
                f"arrayMap(at -> (at, toUInt8(0)), {gathered})))"
            )
            following = self._answers.add(f"arrayReverseFill(step -> step.2 = 0, {line})")
            came = f"next.2 = 0 AND next.1 <= step.1 + {within}"
            answers = self._answers.add(
                f"arrayMap((step, next) -> {self._in_time(follow, 'step.1')}({came}), "
                f"arrayFilter(step -> step.2 = 1, {line}), "
                f"arrayFilter((next, step) -> step.2 = 1, {following}, {line}))"
            )
            return f"arrayFilter((event, follows) -> follows, {found}, {answers})"

        return filtered

    def _in_time(self, follow: Follow, at: str) -> str:
        if follow.did:
            return ""
        return f"{at} < {self._now_ms - follow.within.ms} AND NOT "

    def _session(self, found: str, span: int) -> str:
        """The events, sorted by time, of the session that goes on."""
        times = self._answers.add(f"arrayReverse(arrayMap(event -> event.1, {found}))")
        gap = f"indexOf(arrayMap((one, before) -> one - before >= {span}, arrayPopBack({times}), arrayPopFront({times})), 1)"
        start = self._answers.add(f"if({gap} = 0, {times}[-1], {times}[{gap}])")
        goes_on = f"notEmpty({times}) AND {self._now_ms} - {times}[1] < {span}"
        return self._answers.add(f"arrayFilter(event -> {goes_on} AND event.1 >= {start}, {found})")

    def _columns(self, events: Events) -> dict[str, str]:
        """The columns of a row that the measure needs."""
        match events.measure:
            case Measure.COUNT:
                return {}
            case Measure.SUM | Measure.AVERAGE | Measure.MINIMUM | Measure.MAXIMUM:
                read = StageValue(self.rows, raw_of("properties", events.property))
                is_number = self.rows.add(f"NOT isNaN({read.nearest})")
                return {"is_number": is_number, "number": self.rows.add(f"if({is_number}, {read.nearest} + 0., 0.)")}
            case _:
                raw = StageValue(self.rows, raw_of("properties", events.property))
                kind = self.rows.add(
                    f"multiIf(startsWith({raw.raw}, '\"'), 2, {raw.raw} IN ('true', 'false'), 0, "
                    f"match({raw.raw}, '^[-0-9]'), 1, {_NONE})"
                )
                number = f"multiIf({kind} = 1, toFloat64OrZero({raw.raw}) + 0., {kind} = 0, toFloat64({raw.raw} = 'true'), 0.)"
                text = f"if({kind} = 2, {raw.text}, '')"
                return {"kind": kind, "value": self.rows.add(f"(toUInt8({kind}), {number}, {text})")}

    def _summed(self, events: Events, over: _Flat | _Gathered) -> Measured:
        answers, measure = self._answers, events.measure
        if measure is Measure.COUNT:
            return _numeric("1", over.count())
        if measure in {Measure.SUM, Measure.AVERAGE}:
            number = over.column("number")
            small = f"{over.column('is_number')} AND abs({number}) < {TOO_LARGE_TO_ADD!r}"
            millionths = (
                f"toInt128(toInt64(trunc({number})) * 1000000 + "
                f"toInt64(roundBankers(({number} - trunc({number})) * 1000000)))"
            )
            total, count = over.total("sum", millionths, small), over.count(small)
            # Wider than 64 bits only with a million people's worth of fortunes; there the last digits are the engine's.
            whole = f"if(abs({total}) < 9000000000000000000, toFloat64(toInt64({total})), toFloat64({total}))"
            result = f"{whole} / 1000000" if measure is Measure.SUM else f"{whole} / 1000000 / {count}"
            return _numeric(f"{count} > 0", answers.add(result))
        if measure in {Measure.MINIMUM, Measure.MAXIMUM}:
            number, known = over.column("number"), over.column("is_number")
            return _numeric(
                f"{over.count(known)} > 0", over.total("min" if measure is Measure.MINIMUM else "max", number, known)
            )
        value, known = over.column("value"), f"{over.column('kind')} != {_NONE}"
        if measure is Measure.UNIQUE_COUNT:
            return _numeric("1", over.total("uniqExact", value, known))
        if measure is Measure.UNIQUE:
            found = answers.add(f"arraySort({over.total('groupUniqArray', value, known)})")
            return Measured("1", found, SpeltValue("''"))
        if measure is Measure.MODE:
            found = answers.add(f"arraySort({over.total('groupArray', value, known)})")
            nth = answers.add(
                f"arrayEnumerateUniq(arrayMap(one -> one.1, {found}), arrayMap(one -> one.2, {found}), "
                f"arrayMap(one -> one.3, {found}))"
            )
            # The first value, in order, that is seen as often as any.
            best = answers.add(f"{found}[indexOf({nth}, arrayMax({nth}))]")
            return self._single(f"notEmpty({nth}) AND arrayMax({nth}) >= 2", best)
        when = f"({over.column('ts')}, {over.column('message_id')}, {value})"
        chosen = over.total("argMin" if measure is Measure.FIRST else "argMax", f"{value}, {when}", known)
        return self._single(f"{over.count(known)} > 0", chosen)

    def _single(self, there: str, found: str) -> Measured:
        """A measured value of any kind."""
        answers = self._answers
        there = answers.add(there)
        raw = answers.add(
            f"multiIf(NOT {there}, '', {found}.1 = 2, concat('\"', {found}.3, '\"'), {found}.1 = 1, '0', "
            f"{found}.2 = 1, 'true', 'false')"
        )
        text = answers.add(f"if({there} AND {found}.1 = 2, {found}.3, {raw})")
        return Measured(there, found, _SingleValue(answers, raw, text, f"{there} AND {found}.1 = 1", f"{found}.2"))

    def _where(self, condition: Condition, leaf: Callable[[Leaf], str]) -> str:
        match condition:
            case All(conditions):
                return f"({' AND '.join(self._where(inner, leaf) for inner in conditions)})" if conditions else "1"
            case AnyOf(conditions):
                return f"({' OR '.join(self._where(inner, leaf) for inner in conditions)})"
            case Not(inner):
                return f"(NOT {self._where(inner, leaf)})"
            case Leaf():
                return leaf(condition)
            case _:
                raise AssertionError(f"{condition} is not asked of an event")

    def _at_row(self, leaf: Leaf) -> str:
        value = self._read(leaf)
        if isinstance(leaf.value, Reference):
            if leaf.value.kind == "parent":
                return "0"
            return self.rows.add(
                reference_test(leaf.operator, value, StageValue(self.rows, self._trait(leaf.value.name)))
            )
        return self.rows.add(constant_test(leaf, value))

    def _at_pair(self, leaf: Leaf, parents: Parcel, children: Parcel) -> str:
        if not isinstance(leaf.value, Reference) or leaf.value.kind != "parent":
            return children.element("child", self._at_row(leaf))
        read = StageValue(self.rows, raw_of("properties", leaf.value.name))
        parent = ParcelValue(parents, "event", read)
        return reference_test(leaf.operator, ParcelValue(children, "child", self._read(leaf)), parent)

    def _read(self, leaf: Leaf) -> StageValue:
        if leaf.fact is Fact.CONTEXT:
            self.reads_context = True
            return StageValue(self.rows, raw_of("context", leaf.name))
        return StageValue(self.rows, raw_of("properties", leaf.name))


def constant_test(leaf: Leaf, value: Value) -> str:
    """A leaf without reference and without now."""
    if leaf.operator is Operator.EXISTS:
        return is_there(value)
    if leaf.operator is Operator.ABSENT:
        return f"{value.raw} IN ('', 'null')"
    constants = leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)
    test = plain_test(leaf.operator, constants, value)  # type: ignore[arg-type]
    # The others are false of what is not there.
    return f"({is_there(value)} AND {test})" if leaf.operator in OPPOSITES else test


class _Flat:
    """Aggregates over the rows that count."""

    def __init__(self, totals: Stage, counts: str, columns: dict[str, str]) -> None:
        self._totals, self._counts = totals, counts
        self._columns = {"ts": "ts", "message_id": "message_id"} | columns

    def column(self, name: str) -> str:
        return self._columns[name]

    def count(self, condition: str = "") -> str:
        return self._totals.add(f"countIf({self._with(condition)})")

    def total(self, function: str, expression: str, condition: str) -> str:
        return self._totals.add(f"{function}If({expression}, {self._with(condition)})")

    def _with(self, condition: str) -> str:
        return f"{self._counts} AND {condition}" if condition else self._counts


class _Gathered:
    """The same over an array of tuples."""

    def __init__(self, answers: Stage, found: str, parcel: Parcel, columns: dict[str, str]) -> None:
        self._answers, self._found, self._parcel = answers, found, parcel
        self._columns = {"ts": "ts", "message_id": "message_id"} | columns

    def column(self, name: str) -> str:
        return self._parcel.element("event", self._columns[name])

    def count(self, condition: str = "") -> str:
        return self._answers.add(f"length({self._those(condition)})")

    def total(self, function: str, expression: str, condition: str) -> str:
        those = self._those(condition)
        if function.startswith("arg"):
            sign = "arraySort" if function == "argMin" else "arrayReverseSort"
            value, _, when = expression.partition(", ")
            value, when = expression[: expression.index(", (")], expression[expression.index(", (") + 2 :]
            ordered = f"{sign}(event -> {when}, {those})[1]"
            first = self._answers.add(f"[{ordered}]")
            return self._answers.add(f"arrayMap(event -> {value}, {first})[1]")
        return self._answers.add(f"arrayReduce('{function}', arrayMap(event -> {expression}, {those}))")

    def _those(self, condition: str) -> str:
        return f"arrayFilter(event -> {condition}, {self._found})" if condition else self._found


class _SingleValue:
    def __init__(self, answers: Stage, raw: str, text: str, is_number: str, number: str) -> None:
        self._answers, self.raw, self.text = answers, raw, text
        self._is_number, self._number = is_number, number

    @property
    def nearest(self) -> str:
        spelt = self._answers.add(nearest_of_text(self.text))
        return self._answers.add(f"if({self._is_number}, {self._number}, {finite(spelt)})")

    @property
    def number(self) -> str:
        return self._answers.add(
            f"if({self._is_number}, {number_of_float(self._number)}, {number_of_text(self.text, self.nearest)})"
        )

    @property
    def moment(self) -> str:
        return self._answers.add(moment_of_text(self.text, self.raw))


def _numeric(there: str, found: str) -> Measured:
    """A measured number; `there` says whether there is one."""
    if there == "1":
        return Measured(there, found, SpeltValue("'0'", nearest=f"toFloat64({found})", number=number_of_float(found)))
    number = f"if({there}, {number_of_float(found)}, {NO_NUMBER_SQL})"
    value = SpeltValue(f"if({there}, '0', '')", nearest=f"if({there}, toFloat64({found}), nan)", number=number)
    return Measured(there, found, value)


def _named(kind: str, event: str) -> str:
    named = f"type = {literal(kind)}"
    return f"{named} AND event = {literal(event)}" if event else named


def _refers_to_parent(condition: Condition) -> bool:
    match condition:
        case All(conditions) | AnyOf(conditions):
            return any(map(_refers_to_parent, conditions))
        case Not(inner):
            return _refers_to_parent(inner)
        case Leaf():
            return isinstance(condition.value, Reference) and condition.value.kind == "parent"
        case _:
            return False
