"""Random conditions over random histories, as JSON: small words, so that questions and answers meet."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from .naive_histories import naive_moment, span

NOW = datetime(2026, 3, 31, tzinfo=UTC)
NAMES = ["a", "b", "a.b"]
DATED = "at"
"""The name under which dates mostly stand, so that questions about dates meet some."""
EVENTS = ["A", "B"]
SPANS = [(1, "hours"), (60, "minutes"), (2, "hours"), (1, "days"), (24, "hours"), (7, "days"), (1, "weeks")]

spans = st.sampled_from([{"amount": amount, "unit": unit} for amount, unit in SPANS])


def spelt(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


# Where windows begin and end, what follows just in time, and a millisecond to either side.
moments = st.builds(
    lambda hours, milliseconds: NOW + timedelta(hours=hours, milliseconds=milliseconds),
    st.sampled_from([-1, -2, -24, -25, -168, -169, 0, 1, 24, -3, -3000]),
    st.sampled_from([0, 0, 0, -1, 1]),
)
dates = st.one_of(
    moments.map(spelt),
    moments.map(lambda moment: (moment + timedelta(hours=2)).isoformat(timespec="seconds")[:19] + "+02:00"),
    st.sampled_from(
        [
            "2026-03-30",
            "2026-03-30T00:00:00",
            "2026-02-30T00:00:00Z",
            "2026-03-30T24:00:00Z",
            "soon",
            "2026-03-30T00:00:00.0009Z",
        ]
    ),
)
texts = st.sampled_from(["x", "xy", "1", "1.0", "01", "2.5", "true", "false", "X", "ß"])
numbers = st.sampled_from([0, 1, 2, 2.5, -1, 0.1, 0.2, 100, 1.0, 1e12, 999999999999.5, 2**53, 123456.654321])
scalars = st.one_of(texts, numbers, st.booleans())
inside = scalars | st.none()
# One level of nesting is all that anything asks about; recursion would take most of the time of the tests.
values = st.one_of(
    scalars,
    scalars,
    dates,
    st.sampled_from([None, "", [], {}]),
    st.lists(inside, min_size=1, max_size=2),
    st.fixed_dictionaries({"b": inside}, optional={"a": inside}),
)
objects = st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, values) | {DATED: dates})

events = st.fixed_dictionaries(
    {
        "event": st.sampled_from([*EVENTS, "a"]),
        "at": moments.map(spelt),
        "message_id": st.sampled_from(["1", "2", "3"]),
    },
    optional={"type": st.sampled_from(["track", "track", "track", "page"]), "properties": objects, "context": objects},
)
people = st.fixed_dictionaries(
    {"events": st.lists(events, max_size=7)},
    optional={
        "traits": objects,
        "audiences": st.lists(st.sampled_from(["one", "two"]), max_size=2, unique=True),
        "accounts": st.lists(objects, max_size=2),
    },
)
accounts = st.fixed_dictionaries({}, optional={"traits": objects, "users": st.lists(people, max_size=2)})

ORDERING = ["less_than", "at_most", "greater_than", "at_least"]


def compared(draw: st.DrawFn, operator: str, references: list[dict[str, str]]) -> dict[str, Any]:
    """`operator` and a value that fits it."""
    fitting: dict[str, st.SearchStrategy[Any]] = {
        "one_of": st.lists(scalars, min_size=1, max_size=3),
        "none_of": st.lists(scalars, min_size=1, max_size=3),
        "contains": texts | st.lists(texts, min_size=1, max_size=2),
        "omits": texts | st.lists(texts, min_size=1, max_size=2),
        "starts_with": texts,
        "ends_with": texts,
        "matches": st.sampled_from(["x*", "*", "?", "1.?"]),
    }
    if operator in {"exists", "absent"}:
        return {"operator": operator}
    if operator in AGES:
        return {"operator": operator, "value": draw(spans)}
    if operator in fitting:
        return {"operator": operator, "value": draw(fitting[operator])}
    if references and draw(st.booleans()):
        return {"operator": operator, "value": draw(st.sampled_from(references))}
    if operator in {"before_date", "after_date"}:
        return {"operator": operator, "value": draw(moments.map(spelt))}
    return {
        "operator": operator,
        "value": draw(numbers | st.sampled_from(["1", "2.5"]) if operator in ORDERING else scalars),
    }


SINGLE = [*ORDERING, "equals", "differs", "before_date", "after_date"]
TEXTUAL = ["contains", "omits", "starts_with", "ends_with", "one_of", "none_of", "matches"]
DATES = ["before_date", "after_date", "within_last", "within_next", "before_last", "after_next"]
AGES = ["within_last", "within_next", "before_last", "after_next"]


@st.composite
def leaves(
    draw: st.DrawFn, facts: tuple[str, ...], operators: tuple[str, ...], references: tuple[str, ...] = ()
) -> dict[str, Any]:
    fact = draw(st.sampled_from(facts))
    if fact == "audience":
        name = draw(st.sampled_from(["one", "two"]))
        return {"fact": fact, "name": name, "operator": "equals", "value": draw(st.booleans())}
    found = [{kind: name} for kind in references for name in NAMES]
    return {"fact": fact, "name": draw(st.sampled_from(NAMES))} | compared(
        draw, draw(st.sampled_from(operators)), found
    )


@st.composite
def joined(draw: st.DrawFn, parts: st.SearchStrategy[dict[str, Any]], depth: int) -> dict[str, Any]:
    """The parts by themselves, and joined at most `depth` deep."""
    kind = draw(st.sampled_from(["", "", "", "all", "any", "not"])) if depth else ""
    if not kind:
        return draw(parts)
    if kind == "not":
        return {"not": draw(joined(parts, depth - 1))}
    fewest = 1 if kind == "any" else 0
    return {kind: [draw(joined(parts, depth - 1)) for _ in range(draw(st.integers(fewest, 2)))]}


ABOUT_EVENTS = (*SINGLE, *TEXTUAL, "exists", "absent")
ABOUT_PEOPLE = (*ABOUT_EVENTS, *AGES)
wheres = joined(leaves(("property", "property", "context"), ABOUT_EVENTS, ("trait",)), 1)
after = joined(leaves(("property", "property", "context"), ABOUT_EVENTS, ("trait", "parent", "parent")), 1)
named = st.fixed_dictionaries(
    {"event": st.sampled_from([*EVENTS, "A", "A", ""])},
    optional={"type": st.sampled_from(["track", "track", "page", "screen"])},
)
windows = st.one_of(
    st.fixed_dictionaries({}, optional={"oldest": spans}),
    st.fixed_dictionaries({"newest": spans}),
    st.just({"newest": {"amount": 1, "unit": "hours"}, "oldest": {"amount": 1, "unit": "weeks"}}),
    st.fixed_dictionaries({"session": spans}),
)


@st.composite
def follows(draw: st.DrawFn) -> dict[str, Any]:
    follow = draw(named) | {"did": draw(st.booleans()), "within": draw(spans)}
    return follow | ({"where": draw(after)} if draw(st.integers(0, 2)) == 0 else {})


@st.composite
def measures(draw: st.DrawFn) -> dict[str, Any]:
    """What a computed trait may be."""
    node = draw(named)
    if draw(st.integers(0, 2)) == 0:
        node["where"] = draw(wheres)
    if draw(st.booleans()):
        node["window"] = draw(windows)
    if draw(st.integers(0, 2)) == 0:
        node["then"] = draw(st.lists(follows(), min_size=1, max_size=2))
    names = ["sum", "average", "minimum", "maximum", "mode", "first", "last", "unique", "unique_count"]
    if draw(st.booleans()):
        node["measure"] = draw(st.sampled_from(names))
        node["property"] = draw(st.sampled_from(NAMES))
    return node


@st.composite
def questions(draw: st.DrawFn) -> dict[str, Any]:
    node = draw(measures())
    measure = node.get("measure", "count")
    if measure == "unique":
        measure = node["measure"] = "unique_count"
    references = [{"trait": name} for name in NAMES]
    if measure == "count" and draw(st.booleans()):
        return node
    if measure in {"mode", "first", "last"}:
        return node | compared(draw, draw(st.sampled_from([*SINGLE, *TEXTUAL])), references)
    operator = draw(st.sampled_from([*ORDERING, "equals", "differs"]))
    if draw(st.integers(0, 5)) == 0:
        return node | {"operator": operator, "value": draw(st.sampled_from(references))}
    counts = measure in {"count", "unique_count"}
    return node | {"operator": operator, "value": draw(st.integers(0, 3) if counts else numbers)}


trees = joined(
    st.one_of(leaves(("trait", "account", "audience"), ABOUT_PEOPLE, ("trait",)), questions(), questions()), 2
)
account_trees = joined(
    st.one_of(
        leaves(("account",), ABOUT_PEOPLE),
        st.builds(
            lambda which, tree: {"users": which, "condition": tree}, st.sampled_from(["any", "all", "none"]), trees
        ),
    ),
    2,
)


def edges(tree: object, history: dict[str, Any]) -> list[datetime]:
    """The moments at which the answer may change: at, just before and just after everything that a length of time in the
    tree lies before or after a moment in the history."""
    lengths = {timedelta(), *(span(inner) for inner in _objects(tree) if "amount" in inner)}
    found = {naive_moment(text) for text in _texts(history)} - {None}
    return sorted(
        moment + sign * length + timedelta(milliseconds=milliseconds)
        for moment in found
        if moment is not None
        for length in lengths
        for sign in ((1, -1) if length else (1,))
        for milliseconds in (-1, 0, 1, 2)
    )


def _objects(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _objects(inner)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _texts(inner)
