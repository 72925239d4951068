"""What a filter does with the messages that its condition is true of, as Segment names it.

    {"type": "drop"}
    {"type": "only_send"}                                    drops everything but these
    {"type": "sample", "percent": 0.25, "path": "userId"}    sends this part of them; with a path, always the same people
    {"type": "drop_properties", "fields": {"context": ["ip"], "properties": ["card.number"], "": ["userId"]}}
    {"type": "allow_properties", "fields": {"properties": ["total", "currency"]}}

`fields` names objects of the message (`""` is the message itself), and what is taken out of each, or is all that stays in
each. A path that meets a list goes on in each object of it.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from pitcairn.connections.filters.paths import Keys, PathError, reader, split_path

NEEDED = frozenset({"type", "messageId", "timestamp", "receivedAt"})
"""Fields of a message that no filter takes away: without them it could not be delivered."""

Change: TypeAlias = Callable[[dict[str, Any]], dict[str, Any]]


class ActionError(ValueError):
    """An action that cannot be read. The text says why and what to do."""


@dataclass(frozen=True)
class Drop:
    pass


@dataclass(frozen=True)
class OnlySend:
    pass


@dataclass(frozen=True)
class Sample:
    percent: float
    """The part that is sent, from 0 to 1."""
    path: Keys | None = None


@dataclass(frozen=True)
class DropProperties:
    paths: tuple[Keys, ...]


@dataclass(frozen=True)
class AllowProperties:
    objects: tuple[tuple[Keys, tuple[Keys, ...]], ...]
    """Each object, () for the message itself, with the paths inside it that stay."""


Action: TypeAlias = Drop | OnlySend | Sample | DropProperties | AllowProperties

TYPES = ("drop", "only_send", "sample", "drop_properties", "allow_properties")


def parse_action(action: Any) -> Action:
    """Raises `ActionError` for anything but the forms above."""
    if not isinstance(action, Mapping) or action.get("type") not in TYPES:
        found = action.get("type") if isinstance(action, Mapping) else action
        raise ActionError(f"{str(found)[:40]!r} is not an action; use one of {', '.join(TYPES)}.")
    known = {"sample": {"type", "percent", "path"}, "drop": {"type"}, "only_send": {"type"}}
    extra = set(action) - known.get(action["type"], {"type", "fields"})
    if extra:
        raise ActionError(f"The action {action['type']} has no {min(map(str, extra))[:40]!r}; take it out.")
    match action["type"]:
        case "drop":
            return Drop()
        case "only_send":
            return OnlySend()
        case "sample":
            return _sample(action)
        case "drop_properties":
            return _drop_properties(_fields(action))
        case _:
            return _allow_properties(_fields(action))


def is_kept(sample: Sample, body: Mapping[str, Any], salt: str) -> bool:
    """Whether a message belongs to the part that is sent: always the same answer for the same message.

    With a path it is decided by the value there, alike for every destination; messages that have none there, and all
    without a path, by their messageId and `salt`.
    """
    value = reader(sample.path)(body) if sample.path else None
    key = ["", value] if value is not None else [salt, body.get("messageId")]
    try:
        text = json.dumps(key, sort_keys=True)
    except (TypeError, ValueError, RecursionError):  # no JSON, or a number of thousands of digits
        text = salt
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest) < sample.percent * 2**64


def dropping(action: DropProperties) -> Change:
    """Takes the paths out of a message. What comes out shares what did not change with what went in."""

    def change(body: dict[str, Any]) -> dict[str, Any]:
        for path in action.paths:
            body = _without(body, path)
        return body

    return change


def allowing(action: AllowProperties) -> Change:
    """Takes everything else out of the named objects. Other objects stay as they are."""
    trees = [(keys, _tree(stays)) for keys, stays in action.objects]

    def change(body: dict[str, Any]) -> dict[str, Any]:
        for keys, tree in trees:
            body = _changed_at(body, keys, functools.partial(_only, tree))
        return body

    return change


def _sample(action: Mapping[str, Any]) -> Sample:
    percent = action.get("percent")
    if not isinstance(percent, int | float) or isinstance(percent, bool) or not 0 <= percent <= 1:
        raise ActionError(f"The part to send is {str(percent)[:40]!r}; give a number from 0 to 1, such as 0.25.")
    path = action.get("path", "")
    if path is None or path == "":
        return Sample(percent)
    if not isinstance(path, str):
        raise ActionError("The path to sample by is no text; write it as userId or properties.plan.")
    return Sample(percent, _path(path))


def _drop_properties(fields: list[tuple[str, list[str]]]) -> DropProperties:
    paths = [(*_object(name), *_path(inner)) for name, inners in fields for inner in inners]
    for path in paths:
        if len(path) == 1 and path[0] in NEEDED:
            raise ActionError(f"{path[0]} cannot be dropped: without it a message cannot be delivered.")
    return DropProperties(tuple(paths))


def _allow_properties(fields: list[tuple[str, list[str]]]) -> AllowProperties:
    objects = [(_object(name), tuple(_path(inner) for inner in inners)) for name, inners in fields]
    named = tuple(keys for keys, _ in objects if keys)
    # What other entries say about an object inside of this one means that it stays; so does what delivery needs.
    always = tuple((name,) for name in sorted(NEEDED))
    return AllowProperties(
        tuple(
            (keys, (*stays, *always, *named) if not keys else (*stays, *_inside(named, keys)))
            for keys, stays in objects
        )
    )


def _inside(named: tuple[Keys, ...], keys: Keys) -> tuple[Keys, ...]:
    size = len(keys)
    return tuple(other[size:] for other in named if len(other) > size and other[:size] == keys)


def _fields(action: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    fields = action.get("fields")
    if not isinstance(fields, Mapping) or not fields:
        raise ActionError('The fields are missing; give them as {"properties": ["name", …]}.')
    for name, inners in fields.items():
        if (
            not isinstance(name, str)
            or not isinstance(inners, list | tuple)
            or not inners
            or not all(isinstance(inner, str) for inner in inners)
        ):
            raise ActionError(f"The fields of {str(name)[:40]!r} are no list of names; give at least one name.")
    return [(name, list(inners)) for name, inners in fields.items()]


def _object(name: str) -> Keys:
    return _path(name) if name else ()


def _path(text: str) -> Keys:
    try:
        return split_path(text)
    except PathError as error:
        raise ActionError(str(error)) from None


def _changed_at(value: Any, keys: Keys, change: Callable[[Any], Any]) -> Any:
    """The value with what stands at the place changed; the place is looked for in each object of a list."""
    if isinstance(value, list):
        return [_changed_at(element, keys, change) for element in value]
    if not keys:
        return change(value) if isinstance(value, dict) else value
    if not isinstance(value, dict) or keys[0] not in value:
        return value
    return {**value, keys[0]: _changed_at(value[keys[0]], keys[1:], change)}


def _without(value: Any, keys: Keys) -> Any:
    def take_out(found: dict[str, Any]) -> dict[str, Any]:
        return {key: kept for key, kept in found.items() if key != keys[-1]} if keys[-1] in found else found

    return _changed_at(value, keys[:-1], take_out)


_Tree: TypeAlias = dict[str, Any]
"""Names that stay; each with True when all of it does, else with the names inside that stay."""


def _tree(paths: tuple[Keys, ...]) -> _Tree:
    tree: _Tree = {}
    for path in paths:
        inner = tree
        for key in path[:-1]:
            inner = inner.setdefault(key, {})
            if inner is True:
                break
        else:
            inner[path[-1]] = True
    return tree


def _only(tree: _Tree, value: Any) -> Any:
    if isinstance(value, list):
        return [_only(tree, element) for element in value if isinstance(element, dict | list)]
    return {
        key: inner if tree[key] is True else _only(tree[key], inner)
        for key, inner in value.items()
        if key in tree and (tree[key] is True or isinstance(inner, dict | list))
    }
