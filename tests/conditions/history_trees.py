"""Random conditions over random histories, as JSON: small words, so that questions and answers meet.

They are drawn with Python's own generator from a seed that Hypothesis chooses: its own draws prefer the ends of every choice
and take many times as long, and what these tests need is many different trees of which most say something.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, TypeAlias

from hypothesis import strategies as st

from .naive_histories import naive_moment, span

JSONObject: TypeAlias = dict[str, Any]

NOW = datetime(2026, 3, 31, tzinfo=UTC)
NAMES = ["a", "b", "a.b"]
DATED = "at"
"""The name under which dates mostly stand, so that questions about dates meet some."""
SPANS = [(1, "hours"), (60, "minutes"), (2, "hours"), (1, "days"), (24, "hours"), (7, "days"), (1, "weeks")]
# Where windows begin and end, what follows just in time, and a millisecond to either side.
HOURS = [-1, -2, -24, -25, -168, -169, 0, 1, 24, -3, -3000]

TEXTS = ["x", "xy", "1", "1.0", "01", "2.5", "true", "false", "X", "ß"]
NUMBERS = [0, 1, 2, 2.5, -1, 0.1, 0.2, 100, 1.0, 1e12, 999999999999.5, 2**53, 123456.654321]
NO_DATES = ["2026-03-30", "2026-03-30T00:00:00", "2026-02-30T00:00:00Z", "2026-03-30T24:00:00Z", "soon", 1774828800000]

ORDERING = ["less_than", "at_most", "greater_than", "at_least"]
DATES = ["before_date", "after_date"]
AGES = ["within_last", "within_next", "before_last", "after_next"]
SINGLE = [*ORDERING, "equals", "differs"]
TEXTUAL = ["contains", "omits", "starts_with", "ends_with", "one_of", "none_of", "matches"]
PRESENCE = ["exists", "absent"]
MEASURES = ["sum", "average", "minimum", "maximum", "mode", "first", "last", "unique_count"]


def spelt(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def a_moment(random: Random) -> datetime:
    return NOW + timedelta(hours=random.choice(HOURS), milliseconds=random.choice([0, 0, 0, -1, 1]))


def a_date(random: Random) -> object:
    moment = a_moment(random)
    match random.randrange(8):
        case 0:
            return random.choice(NO_DATES)
        case 1:
            return (moment + timedelta(hours=2)).isoformat(timespec="seconds")[:19] + "+02:00"
        case 2:
            return spelt(moment)[:-1] + "9Z"
        case _:
            return spelt(moment)


def a_span(random: Random) -> JSONObject:
    amount, unit = random.choice(SPANS)
    return {"amount": amount, "unit": unit}


def a_scalar(random: Random) -> Any:
    return random.choice([random.choice(TEXTS), random.choice(NUMBERS), random.random() < 0.5])


def a_value(random: Random) -> Any:
    match random.randrange(10):
        case 0:
            return random.choice([None, "", [], {}])
        case 1:
            return [a_scalar(random) for _ in range(random.randrange(1, 3))]
        case 2:
            return {"b": random.choice([a_scalar(random), None])}
        case 3:
            return a_date(random)
        case _:
            return a_scalar(random)


def an_object(random: Random) -> JSONObject:
    found = {name: a_value(random) for name in NAMES if random.random() < 0.5}
    return found | ({DATED: a_date(random)} if random.random() < 0.6 else {})


def an_event(random: Random) -> JSONObject:
    event: JSONObject = {
        "event": random.choice(["A", "A", "A", "B", "B", "a"]),
        "at": spelt(a_moment(random)),
        "message_id": random.choice(["1", "2", "3"]),
    }
    if random.random() < 0.2:
        event["type"] = random.choice(["track", "page", "screen"])
    if random.random() < 0.7:
        event["properties"] = an_object(random)
    if random.random() < 0.3:
        event["context"] = an_object(random)
    return event


def a_person(random: Random) -> JSONObject:
    person: JSONObject = {"events": [an_event(random) for _ in range(random.choice([0, 1, 2, 2, 3, 4, 6]))]}
    for event, before in zip(person["events"][1:], person["events"], strict=False):
        # Just a span after another one: where what follows is still in time, and sessions still go on.
        moment = naive_moment(before["at"])
        if moment is not None and random.random() < 0.4:
            event["at"] = spelt(moment + span(a_span(random)))
    if random.random() < 0.7:
        person["traits"] = an_object(random)
    if random.random() < 0.5:
        person["audiences"] = random.sample(["one", "two"], random.randrange(3))
    if random.random() < 0.5:
        person["accounts"] = [an_object(random) for _ in range(random.randrange(3))]
    return person


def an_account(random: Random) -> JSONObject:
    return {"traits": an_object(random), "users": [a_person(random) for _ in range(random.randrange(3))]}


def compared(random: Random, operator: str, references: Sequence[JSONObject]) -> JSONObject:
    """`operator` and a value that fits it."""
    if operator in PRESENCE:
        return {"operator": operator}
    if operator in AGES:
        return {"operator": operator, "value": a_span(random)}
    value: Any
    if operator in {"one_of", "none_of"}:
        value = [a_scalar(random) for _ in range(random.randrange(1, 4))]
    elif operator in {"contains", "omits"}:
        value = random.choice([random.choice(TEXTS), random.sample(TEXTS, 2)])
    elif operator in {"starts_with", "ends_with"}:
        value = random.choice(TEXTS)
    elif operator == "matches":
        value = random.choice(["x*", "*", "?", "1.?"])
    elif references and random.random() < 0.4:
        value = random.choice(references)
    elif operator in DATES:
        value = spelt(a_moment(random))
    elif operator in ORDERING:
        value = random.choice([*NUMBERS, "1", "2.5"])
    else:
        value = a_scalar(random)
    return {"operator": operator, "value": value}


def a_leaf(random: Random, facts: Sequence[str], dates: Sequence[str], references: Sequence[str] = ()) -> JSONObject:
    fact = random.choice(facts)
    if fact == "audience":
        name = random.choice(["one", "two"])
        return {"fact": fact, "name": name, "operator": "equals", "value": random.random() < 0.5}
    if random.random() < 0.35:
        found = [{kind: DATED} for kind in references]
        return {"fact": fact, "name": DATED} | compared(random, random.choice(dates), found)
    found = [{kind: name} for kind in references for name in NAMES]
    operator = random.choice([*SINGLE, *SINGLE, *TEXTUAL, *PRESENCE, *dates])
    return {"fact": fact, "name": random.choice(NAMES)} | compared(random, operator, found)


def joined(random: Random, part: Callable[[Random], JSONObject], depth: int) -> JSONObject:
    """Parts by themselves, and joined at most `depth` deep."""
    kind = random.choice(["", "", "", "", "all", "any", "not"]) if depth else ""
    if not kind:
        return part(random)
    if kind == "not":
        return {"not": joined(random, part, depth - 1)}
    number = random.choice([1, 2, 2] if kind == "any" else [0, 1, 2, 2])
    return {kind: [joined(random, part, depth - 1) for _ in range(number)]}


def named(random: Random) -> JSONObject:
    node: JSONObject = {"event": random.choice(["A", "A", "A", "B", "B", ""])}
    return node | ({"type": random.choice(["track", "page", "screen"])} if random.random() < 0.15 else {})


def a_window(random: Random) -> JSONObject:
    match random.randrange(4):
        case 0:
            return {"newest": a_span(random)}
        case 1:
            return {"newest": {"amount": 1, "unit": "hours"}, "oldest": {"amount": 1, "unit": "weeks"}}
        case 2:
            return {"session": a_span(random)}
        case _:
            return {"oldest": a_span(random)}


def a_follow(random: Random) -> JSONObject:
    follow = named(random) | {"did": random.random() < 0.5, "within": a_span(random)}
    if random.random() < 0.3:
        facts, references = ["property", "property", "context"], ["trait", "parent", "parent"]
        follow["where"] = joined(random, lambda random: a_leaf(random, facts, DATES, references), 1)
    return follow


def a_measure(random: Random, measure: str) -> JSONObject:
    """What a computed trait may be."""
    node = named(random)
    if random.random() < 0.25:
        facts = ["property", "property", "context"]
        node["where"] = joined(random, lambda random: a_leaf(random, facts, DATES, ["trait"]), 1)
    if random.random() < 0.6:
        node["window"] = a_window(random)
    if random.random() < 0.3:
        node["then"] = [a_follow(random) for _ in range(random.choice([1, 1, 2]))]
    return node if measure == "count" else node | {"measure": measure, "property": random.choice([*NAMES, DATED])}


def a_question(random: Random) -> JSONObject:
    measure = random.choice(["count"] * len(MEASURES) + MEASURES)
    node = a_measure(random, measure)
    if measure == "count" and random.random() < 0.5:
        return node
    references = [{"trait": name} for name in NAMES]
    if measure in {"mode", "first", "last"}:
        return node | compared(random, random.choice([*SINGLE, *TEXTUAL, *DATES]), references)
    operator = random.choice(SINGLE)
    if random.random() < 0.2:
        return node | {"operator": operator, "value": random.choice(references)}
    counts = measure in {"count", "unique_count"}
    return node | {"operator": operator, "value": random.randrange(4) if counts else random.choice(NUMBERS)}


def about_time(random: Random) -> JSONObject:
    """What hangs on time alone, so that its edges show."""
    if random.random() < 0.25:
        facts = ["trait", "trait", "account"]
        return {"fact": random.choice(facts), "name": DATED, "operator": random.choice(AGES), "value": a_span(random)}
    node: JSONObject = {"event": random.choice(["A", "A", "B", ""])}
    if random.random() < 0.7:
        node["window"] = a_window(random)
    if random.random() < 0.5:
        node["then"] = [
            {"event": random.choice(["A", "B", "B"]), "did": random.random() < 0.4, "within": a_span(random)}
        ]
    return node | random.choice([{}, {}, {"operator": "equals", "value": random.randrange(3)}])


def about_a_person(random: Random) -> JSONObject:
    if random.random() < 0.4:
        return about_time(random)
    if random.random() < 0.6:
        return a_question(random)
    return a_leaf(random, ["trait", "trait", "account", "audience"], [*DATES, *AGES], ["trait"])


def about_an_account(random: Random) -> JSONObject:
    if random.random() < 0.4:
        return a_leaf(random, ["account"], [*DATES, *AGES])
    return {"users": random.choice(["any", "all", "none"]), "condition": joined(random, about_a_person, 1)}


def drawn(make: Callable[[Random], JSONObject]) -> st.SearchStrategy[JSONObject]:
    return st.integers(0, 2**62).map(lambda seed: make(Random(seed)))


people = drawn(a_person)
accounts = drawn(an_account)
trees = drawn(lambda random: joined(random, about_a_person, 2))
visitor_trees = drawn(
    lambda random: joined(
        random, lambda random: a_leaf(random, ["trait", "trait", "audience"], [*DATES, *AGES], ["trait"]), 2
    )
)
account_trees = drawn(lambda random: joined(random, about_an_account, 2))


def measures() -> st.SearchStrategy[JSONObject]:
    return drawn(lambda random: a_measure(random, random.choice(["count", *MEASURES, "unique"])))


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
