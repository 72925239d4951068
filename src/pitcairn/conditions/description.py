"""Conditions in words, for pages, logs and the command line."""

from __future__ import annotations

import re

from pitcairn.conditions.numbers import number_of
from pitcairn.conditions.tree import (
    QUERY_PREFIX,
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
    Scalar,
    Span,
    Users,
    Value,
    Window,
)

_LISTED = 5
"""Values of a list that are named; the others are counted."""

_SUBJECTS: dict[tuple[Fact, str], str] = {
    (Fact.PAGE, "url"): "the page's URL",
    (Fact.PAGE, "host"): "the page's host",
    (Fact.PAGE, "path"): "the page's path",
    (Fact.REFERRER, "url"): "the referrer's URL",
    (Fact.REFERRER, "host"): "the referrer's host",
    (Fact.DEVICE, "type"): "the device",
    (Fact.DEVICE, "browser"): "the browser",
    (Fact.DEVICE, "os"): "the operating system",
    (Fact.COUNTRY, ""): "the country",
    (Fact.LANGUAGE, ""): "the language",
    (Fact.FIRST_REFERRER, "url"): "the first referrer's URL",
    (Fact.FIRST_REFERRER, "host"): "the first referrer's host",
    (Fact.LAST_REFERRER, "url"): "the last referrer's URL",
    (Fact.LAST_REFERRER, "host"): "the last referrer's host",
    (Fact.VISIT, "number"): "the number of visits",
    (Fact.VISIT, "pages"): "the number of pages seen",
    (Fact.VISIT, "returning"): "returning",
    (Fact.VISIT, "first_seen"): "the first visit",
    (Fact.TIME, "hour"): "the hour of the day",
    (Fact.TIME, "weekday"): "the weekday",
    (Fact.LOCATION, "continent"): "the continent",
    (Fact.LOCATION, "region"): "the region",
    (Fact.LOCATION, "city"): "the city",
    (Fact.LOCATION, "postal_code"): "the postal code",
    (Fact.LOCATION, "time_zone"): "the time zone",
}

_CAMPAIGNS = {Fact.UTM: "", Fact.FIRST_UTM: "first ", Fact.LAST_UTM: "last "}

_VERBS: dict[Operator, str] = {
    Operator.EQUALS: "is",
    Operator.DIFFERS: "is not",
    Operator.LESS_THAN: "is less than",
    Operator.AT_MOST: "is at most",
    Operator.GREATER_THAN: "is greater than",
    Operator.AT_LEAST: "is at least",
    Operator.CONTAINS: "contains",
    Operator.OMITS: "does not contain",
    Operator.STARTS_WITH: "starts with",
    Operator.ENDS_WITH: "ends with",
    Operator.ONE_OF: "is one of",
    Operator.NONE_OF: "is none of",
    Operator.EXISTS: "exists",
    Operator.ABSENT: "does not exist",
    Operator.MATCHES: "matches",
    Operator.BEFORE_DATE: "is before",
    Operator.AFTER_DATE: "is after",
    Operator.WITHIN_LAST: "is within the last",
    Operator.WITHIN_NEXT: "is within the next",
    Operator.BEFORE_LAST: "is at least",
    Operator.AFTER_NEXT: "is more than",
}

_FROM_NOW = {Operator.WITHIN_LAST, Operator.WITHIN_NEXT}
_SPAN_ENDS = {Operator.BEFORE_LAST: " ago", Operator.AFTER_NEXT: " ahead"}

_TIMES: dict[Operator, str] = {
    Operator.EQUALS: "exactly",
    Operator.DIFFERS: "not exactly",
    Operator.LESS_THAN: "fewer than",
    Operator.AT_MOST: "at most",
    Operator.GREATER_THAN: "more than",
    Operator.AT_LEAST: "at least",
}

_MEASURES: dict[Measure, str] = {
    Measure.COUNT: "the number of",
    Measure.SUM: "the sum of",
    Measure.AVERAGE: "the average of",
    Measure.MINIMUM: "the smallest",
    Measure.MAXIMUM: "the largest",
    Measure.MODE: "the most frequent",
    Measure.FIRST: "the first",
    Measure.LAST: "the last",
    Measure.UNIQUE: "the different values of",
    Measure.UNIQUE_COUNT: "the number of different values of",
}

_USERS = {"any": "for any user", "all": "for every user", "none": "for no user"}

_OBSERVED = frozenset({
    Fact.REFERRER, Fact.DEVICE, Fact.COUNTRY, Fact.LANGUAGE, Fact.LOCATION, Fact.FIRST_REFERRER, Fact.LAST_REFERRER,
    Fact.COMPANY, Fact.VISIT, Fact.TIME,
})  # fmt: skip
"""Facts that every visit has and that are only unknown at times, so that "exists" would sound wrong."""

_PLAIN = re.compile(r"[\w/.:@%+*?=&#~-]+")
_CONFUSING = frozenset({"and", "or", "not", "true", "false", "everyone"})


def describe(condition: Condition) -> str:
    """One sentence, without capital or full stop, that says for whom the condition is true.

    Values stand as they are where they cannot be misread, else in quotation marks; long lists are cut and counted.
    """
    match condition:
        case All(conditions):
            return _joined(conditions, " and ") if conditions else "everyone"
        case AnyOf(conditions):
            return _joined(conditions, " or ")
        case Not(inner):
            return f"not ({describe(inner)})"
        case Users(quantifier, inner):
            return f"{_USERS[quantifier]} ({describe(inner)})"
        case Events():
            return _did(condition) if condition.measure is Measure.COUNT else _compared(condition)
        case Leaf():
            return _leaf(condition)


def describe_measure(events: Events) -> str:
    """What a computed trait is, without capital or full stop: "the sum of revenue over Order Completed"."""
    over = _named(events) if events.measure is Measure.COUNT else f"{_quoted(events.property)} over {_named(events)}"
    return f"{_MEASURES[events.measure]} {over}{_when(events.window)}{_bracketed_where(events.where)}{_then(events)}"


def _joined(conditions: tuple[Condition, ...], word: str) -> str:
    if len(conditions) == 1:
        return describe(conditions[0])
    return word.join(_grouped(inner) for inner in conditions)


def _grouped(condition: Condition) -> str:
    """A part of a longer sentence, in brackets when it joins several questions itself."""
    text = describe(condition)
    inner = condition
    while isinstance(inner, All | AnyOf) and len(inner.conditions) == 1:
        inner = inner.conditions[0]
    joins = bool(inner.conditions) if isinstance(inner, All | AnyOf) else isinstance(inner, Events) and bool(inner.then)
    return f"({text})" if joins else text


def _leaf(leaf: Leaf) -> str:
    verb = _VERBS[leaf.operator]
    if leaf.fact in _OBSERVED and leaf.operator is Operator.EXISTS:
        verb = "is known"
    elif leaf.fact in _OBSERVED and leaf.operator is Operator.ABSENT:
        verb = "is unknown"
    if leaf.fact is Fact.AUDIENCE:
        return f"{'is' if leaf.value else 'is not'} in the audience {_quoted(leaf.name)}"
    if leaf.value is None:
        return f"{_subject(leaf)} {verb}"
    if leaf.operator in _FROM_NOW and isinstance(leaf.value, Span):
        return f"{_subject(leaf)} {verb} {_bare_span(leaf.value)}"
    return f"{_subject(leaf)} {verb} {_value(leaf.value)}{_SPAN_ENDS.get(leaf.operator, '')}"


def _subject(leaf: Leaf) -> str:
    if leaf.fact is Fact.TRAIT:
        return f"trait {_quoted(leaf.name)}"
    if leaf.fact is Fact.ACCOUNT:
        return f"the account's {_quoted(leaf.name)}"
    if leaf.fact is Fact.PROPERTY:
        return _quoted(leaf.name)
    if leaf.fact is Fact.CONTEXT:
        return f"context {_quoted(leaf.name)}"
    if leaf.fact is Fact.COMPANY:
        return f"the company's {_quoted(leaf.name)}"
    if leaf.fact in _CAMPAIGNS:
        return f"the {_CAMPAIGNS[leaf.fact]}UTM {leaf.name}"
    if leaf.name.startswith(QUERY_PREFIX):
        return f"the page's query parameter {_quoted(leaf.name.removeprefix(QUERY_PREFIX))}"
    return _SUBJECTS[leaf.fact, leaf.name]


def _did(events: Events) -> str:
    """A question about how often something happened, with its most usual forms said shortly."""
    named, rest = _named(events), f"{_when(events.window)}{_where(events.where)}{_then(events)}"
    verb, denied = ("did", "did not do") if events.type == "track" else ("viewed", "did not view")
    if isinstance(events.value, Reference):
        return f"{verb} {named} {_TIMES[events.operator]} as often as {_value(events.value)}{rest}"
    asked = (events.operator, events.value)
    if asked in {(Operator.AT_LEAST, 1), (Operator.GREATER_THAN, 0)}:
        return f"{verb} {named}{rest}"
    if asked in {(Operator.EQUALS, 0), (Operator.AT_MOST, 0), (Operator.LESS_THAN, 1)}:
        return f"{denied} {named}{rest}"
    times = "once" if events.value == 1 else f"{_value(events.value)} times"
    return f"{verb} {named} {_TIMES[events.operator]} {times}{rest}"


def _compared(events: Events) -> str:
    return f"{describe_measure(events)} {_VERBS[events.operator]} {_value(events.value)}"


def _named(node: Events | Follow) -> str:
    match node.type:
        case "track":
            return _event_name(node.event) if node.event else "any event"
        case kind:
            return f"the {kind} {_event_name(node.event)}" if node.event else f"any {kind}"


def _event_name(name: str) -> str:
    """Names of events are words with capitals, such as Order Completed: they stand as they are where that shows."""
    words = name.split(" ")
    return name if all(_PLAIN.fullmatch(word) and not word[0].islower() for word in words) else f"“{name}”"


def _when(window: Window) -> str:
    if window.session is not None:
        return f" in a session that ends after {_span(window.session)}"
    match window.oldest, window.newest:
        case Span() as oldest, Span() as newest:
            return f" between {_span(newest)} and {_span(oldest)} ago"
        case Span() as oldest, None:
            return f" in the last {_bare_span(oldest)}"
        case None, Span() as newest:
            return f" at least {_span(newest)} ago"
        case _:
            return ""


def _where(where: Condition) -> str:
    return "" if where == All() else f" where {_grouped(where)}"


def _bracketed_where(where: Condition) -> str:
    return "" if where == All() else f" (where {describe(where)})"


def _then(events: Events) -> str:
    """What came after, or did not."""
    said = ""
    for follow in events.then:
        did, denied = ("did", "did not do") if follow.type == "track" else ("viewed", "did not view")
        verb = did if follow.did else denied
        said += f" and then {verb} {_named(follow)} within {_span(follow.within)}{_where(follow.where)}"
    return said


def _value(value: Value) -> str:
    match value:
        case Span():
            return _span(value)
        case Reference("trait", name):
            return f"trait {_quoted(name)}"
        case Reference(_, name):
            return f"the {_quoted(name)} before"
        case tuple():
            return _listed(value)
        case None:
            return ""
        case _:
            return _spelt(value)


def _bare_span(span: Span) -> str:
    """A span after "the last" or "the next", where one day is said as "day"."""
    return span.unit.removesuffix("s") if span.amount == 1 else _span(span)


def _span(span: Span) -> str:
    return f"{span.amount:,} {span.unit.removesuffix('s') if span.amount == 1 else span.unit}"


def _listed(values: tuple[Scalar, ...]) -> str:
    shown = [_spelt(value) for value in values[:_LISTED]]
    more = len(values) - len(shown)
    if more:
        return f"{', '.join(shown)} or {more:,} more"
    return f"{', '.join(shown[:-1])} or {shown[-1]}" if len(shown) > 1 else shown[0]


def _spelt(value: Scalar) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return f"{value:g}" if value == float(f"{value:g}") else repr(value)
    # A text that looks like a number or a boolean is told apart from one by its quotation marks.
    return f"“{value}”" if number_of(value) is not None else _quoted(value)


def _quoted(text: str) -> str:
    return text if _PLAIN.fullmatch(text) and text not in _CONFUSING else f"“{text}”"
