"""Places in a message, written as `context.library.name`.

A character that is not a letter, a digit, `_` or `-` may be written with a backslash before it, and a dot inside a name must be:
`properties.product\\ 1`, `traits.plan\\.name`. Where a path meets a list, a number picks from it: `properties.products.0.sku`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

Keys: TypeAlias = tuple[str, ...]

MAX_KEYS = 50
"""No message is meant to be that deep; the edge refuses those that nest deeper than 200."""


class PathError(ValueError):
    """A path that cannot be read. The text says why."""


def split_path(text: str) -> Keys:
    """The names that a path is made of, at least one. Raises `PathError`."""
    keys: list[str] = []
    name = ""
    characters = iter(text.strip())
    for character in characters:
        if character == "\\":
            escaped = next(characters, None)
            if escaped is None:
                raise PathError(f"The path {text!r} ends in a backslash with nothing behind it.")
            name += escaped
        elif character == ".":
            keys.append(name)
            name = ""
        else:
            name += character
    keys.append(name)
    if not all(keys):
        raise PathError(
            "The path is empty. Write it as properties.total."
            if keys == [""]
            else f"The path {text!r} has a dot with no name beside it. Write it as properties.total."
        )
    if len(keys) > MAX_KEYS:
        raise PathError(f"The path has {len(keys)} names; use at most {MAX_KEYS}.")
    return tuple(keys)


def join_path(keys: Keys) -> str:
    """The path as text, escaped where it has to be."""
    return ".".join("".join(c if c.isascii() and (c.isalnum() or c in "_-") else f"\\{c}" for c in key) for key in keys)


def reader(keys: Keys) -> Callable[[Mapping[str, Any]], Any]:
    """What stands at the place in a message; None where there is nothing, or null. Never raises."""
    if len(keys) == 1:
        (only,) = keys
        return lambda body: body.get(only)
    if any(key.isdecimal() for key in keys[1:]):
        return _reader_through_lists(keys)
    if len(keys) == 2:
        outer, inner = keys

        def read_two(body: Mapping[str, Any]) -> Any:
            value = body.get(outer)
            return value.get(inner) if isinstance(value, dict) else None

        return read_two
    first, *rest = keys

    def read(body: Mapping[str, Any]) -> Any:
        value = body.get(first)
        for key in rest:
            if not isinstance(value, dict):
                return None
            value = value.get(key)
        return value

    return read


def _reader_through_lists(keys: Keys) -> Callable[[Mapping[str, Any]], Any]:
    first, *rest = [(key, int(key) if key.isdecimal() and len(key) < 10 else None) for key in keys]

    def read(body: Mapping[str, Any]) -> Any:
        value = body.get(first[0])
        for key, index in rest:
            if isinstance(value, dict):
                value = value.get(key)
            elif isinstance(value, list) and index is not None and index < len(value):
                value = value[index]
            else:
                return None
        return value

    return read
