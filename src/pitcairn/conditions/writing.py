"""Conditions back to JSON, as `parsing` reads them."""

from __future__ import annotations

from typing import Any

from pitcairn.conditions.tree import (
    All,
    AnyOf,
    Condition,
    Events,
    Follow,
    Leaf,
    Measure,
    Not,
    Reference,
    Span,
    Users,
    Value,
    Window,
)


def to_json(condition: Condition) -> dict[str, Any]:
    """The JSON value of a condition; `parse` gives the same condition back. What is as by default is left out."""
    match condition:
        case All(conditions):
            return {"all": [to_json(inner) for inner in conditions]}
        case AnyOf(conditions):
            return {"any": [to_json(inner) for inner in conditions]}
        case Not(inner):
            return {"not": to_json(inner)}
        case Users(quantifier, inner):
            return {"users": quantifier, "condition": to_json(inner)}
        case Events():
            return _events(condition)
        case Leaf():
            leaf: dict[str, Any] = {"fact": condition.fact.value}
            if condition.name:
                leaf["name"] = condition.name
            leaf["operator"] = condition.operator.value
            if condition.value is not None:
                leaf["value"] = _value(condition.value)
            return leaf


def measure_to_json(events: Events) -> dict[str, Any]:
    """The JSON value of the definition of a computed trait, as `parse_measure` reads it."""
    found = _events(events)
    return {key: found[key] for key in found if key not in {"operator", "value"}}


def _events(events: Events) -> dict[str, Any]:
    found = _named(events)
    if events.window != Window():
        names = ("oldest", "newest", "session")
        spans = [(name, span) for name in names if (span := getattr(events.window, name)) is not None]
        found["window"] = {name: _value(span) for name, span in spans}
    if events.then:
        found["then"] = [
            _named(follow) | {"did": follow.did, "within": _value(follow.within)} for follow in events.then
        ]
    if events.measure is not Measure.COUNT:
        found["measure"] = events.measure.value
        found["property"] = events.property
    return found | {"operator": events.operator.value, "value": _value(events.value)}


def _named(node: Events | Follow) -> dict[str, Any]:
    named: dict[str, Any] = {"event": node.event}
    if node.type != "track":
        named["type"] = node.type
    if node.where != All():
        named["where"] = to_json(node.where)
    return named


def _value(value: Value) -> object:
    match value:
        case tuple():
            return list(value)
        case Span(amount, unit):
            return {"amount": amount, "unit": unit.value}
        case Reference(kind, name):
            return {kind: name}
        case _:
            return value
