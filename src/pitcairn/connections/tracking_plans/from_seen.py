"""A plan made from what a source was seen to send: a place to begin. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from pitcairn.connections.schema.shapes import SeenProperty
from pitcairn.connections.tracking_plans.rules import DRAFT_7, Rule


class Event(Protocol):
    """An event as it was seen."""

    @property
    def type(self) -> str: ...
    @property
    def event(self) -> str: ...
    @property
    def looked_into(self) -> int: ...
    @property
    def seen(self) -> dict[str, SeenProperty]: ...


def rules_from(events: Iterable[Event], *, require: bool, close: bool) -> list[Rule]:
    """A rule for each event: the types its properties had.

    `require` asks for the properties that every message had; `close` lets a message break the rule that has others. The
    traits of a person come a few at a time, so no trait is ever required.
    """
    return [
        Rule(type=event.type, event=event.event, schema=_schema(event, require=require, close=close))
        for event in events
    ]


def _schema(event: Event, *, require: bool, close: bool) -> dict[str, Any]:
    about_traits = event.type in {"identify", "group"}
    fields = "traits" if about_traits else "properties"
    described = _object(event.seen, event.looked_into, require=require and not about_traits, close=close)
    return {"$schema": DRAFT_7, "type": "object", "properties": {fields: described}}


def _object(seen: dict[str, SeenProperty], count: int, *, require: bool, close: bool) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {name: _property(one, require=require, close=close) for name, one in seen.items()},
    }
    always = [name for name, one in seen.items() if one.count >= count]
    if require and always:
        schema["required"] = always
    if close:
        schema["additionalProperties"] = False
    return schema


def _property(seen: SeenProperty, *, require: bool, close: bool) -> dict[str, Any]:
    kinds = [kind for kind in seen.kinds if kind != "integer" or "number" not in seen.kinds]
    schema: dict[str, Any] = {"type": kinds[0] if len(kinds) == 1 else kinds}
    if seen.properties:
        inside = _object(seen.properties, seen.kinds["object"][0], require=require, close=close)
        schema |= {key: value for key, value in inside.items() if key != "type"}
    if seen.items is not None:
        # Only first items were looked at, so what they always had is no promise of the others.
        schema["items"] = _property(seen.items, require=False, close=close)
    return schema
