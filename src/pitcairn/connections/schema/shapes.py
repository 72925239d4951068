"""The shapes of JSON objects: the names and types in them, without the values. Pure.

Messages of one event have few shapes, so the shapes of a batch are counted, which is cheap, and only what was counted is taken
apart. Of a list only the first item is looked at; what is nested deeper than `DEPTH` objects is counted as an object and no
more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import msgspec

DEPTH: Final = 3
"""Objects within an object that are still looked into."""

MOST_PROPERTIES: Final = 300
"""Properties kept of one event, nested ones included; as many as Segment shows."""

LONGEST_NAME: Final = 200
"""Characters of a property's name. Longer ones are data that was used as a name."""

KINDS: Final[Mapping[type, str]] = {
    str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null", dict: "object", list: "array",
}  # fmt: skip
"""JSON Schema's names of the types that a JSON decoder makes."""

Shape: TypeAlias = tuple[tuple[str, ...], tuple[type, ...]]
"""(names, types), in the order of the message."""

KindCount: TypeAlias = tuple[int, int, int]
"""How many messages, and when the first and the last came."""


class SeenProperty(msgspec.Struct, array_like=True):
    """A property of an event. A property may have had several types; `items` is what was seen in it as a list."""

    count: int = 0
    kinds: dict[str, KindCount] = {}
    properties: dict[str, SeenProperty] = {}
    items: SeenProperty | None = None


class Counted:
    """How many objects had a shape, and what was in the objects and lists within them."""

    __slots__ = ("count", "inner")

    def __init__(self, shape: Shape, depth: int) -> None:
        self.count = 0
        self.inner: list[tuple[str, bool, Shapes, dict[type, int]]] = [
            (name, kind is list, {}, {})
            for name, kind in zip(*shape, strict=True)
            if depth and (kind is dict or kind is list)
        ]
        """Of each object or list: its name, whether it is a list, the shapes, and for lists the types of first items."""


Shapes: TypeAlias = dict[Shape, Counted]


def count_shape(shapes: Shapes, value: dict[str, Any], depth: int = DEPTH) -> None:
    """Counts one object. On the hot path: one of these for each message, and for each object in it."""
    shape = (tuple(value), tuple(map(type, value.values())))
    counted = shapes.get(shape)
    if counted is None:
        counted = shapes[shape] = Counted(shape, depth)
    counted.count += 1
    for name, is_list, within, items in counted.inner:
        part = value[name]
        if is_list:
            if not part:
                continue
            part = part[0]
            kind = type(part)
            items[kind] = items.get(kind, 0) + 1
            if kind is not dict:
                continue
        count_shape(within, part, depth - 1)


def add_shapes(properties: dict[str, SeenProperty], shapes: Shapes, first: int, last: int, room: int) -> int:
    """Adds what was counted of objects received between `first` and `last`; returns what is left of the room.

    What there is no room for, and names that are too long, are left out.
    """
    for shape, counted in shapes.items():
        for name, kind in zip(*shape, strict=True):
            seen = properties.get(name)
            if seen is None:
                if room < 1 or len(name) > LONGEST_NAME:
                    continue
                room -= 1
                seen = properties[name] = SeenProperty()
            _count(seen, kind, counted.count, first, last)
        for name, is_list, within, items in counted.inner:
            seen = properties.get(name)
            if seen is None or (is_list and not items):
                continue
            if is_list:
                if seen.items is None:
                    if room < 1:
                        continue
                    room -= 1
                    seen.items = SeenProperty()
                seen = seen.items
                for kind, count in items.items():
                    _count(seen, kind, count, first, last)
            room = add_shapes(seen.properties, within, first, last, room)
    return room


def size(properties: Mapping[str, SeenProperty]) -> int:
    """How many properties there are, at every depth."""
    return sum(
        1 + size(one.properties) + (1 + size(one.items.properties) if one.items else 0) for one in properties.values()
    )


def _count(seen: SeenProperty, kind: type, count: int, first: int, last: int) -> None:
    seen.count += count
    name = KINDS[kind]
    before = seen.kinds.get(name)
    seen.kinds[name] = (
        (count, first, last) if before is None else (before[0] + count, min(before[1], first), max(before[2], last))
    )
