"""Text with values of a message in it: `{{ traits.first_name | default: "there" }}`. The part of Liquid that needs no logic.

    {{ properties.total }}                        the value at a place of the message
    {{ traits.first_name | default: "there" }}    this text, where there is none or an empty one
    {{ traits.email | downcase | json }}          changed, one change after the other

The changes are `default`, `upcase`, `downcase`, `capitalize`, `strip` and `json` (quotes and escapes included). A place without
a value writes nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from pitcairn.connections.filters.fql_functions import to_string
from pitcairn.connections.filters.paths import PathError, reader, split_path

MAX_CHARACTERS: Final = 5_000

Part: TypeAlias = Callable[[Mapping[str, Any]], Any]
TextTemplate: TypeAlias = Callable[[Mapping[str, Any]], str | None]


class TemplateError(ValueError):
    """A template that cannot be read. The text says why and what to do."""


_DEFAULT = re.compile(r"default\s*:\s*(?:\"([^\"]*)\"|'([^']*)'|([+-]?\d+(?:\.\d+)?|true|false))", re.ASCII)
_PIPE = re.compile(r"""\|(?=(?:[^"']|"[^"]*"|'[^']*')*$)""")


def compile_template(template: str) -> TextTemplate:
    """A function of a message that writes the text; None when the template has places and none of them has a value.

    Raises `TemplateError`; the function it returns never does.
    """
    if len(template) > MAX_CHARACTERS:
        raise TemplateError(f"The template has {len(template):,} characters; use at most {MAX_CHARACTERS:,}.")
    if "{%" in template:
        raise TemplateError("{% … %} has no meaning here; only values in {{ … }} do.")
    parts = _parts(template)
    if not any(callable(part) for part in parts):
        return lambda body: template

    def write(body: Mapping[str, Any]) -> str | None:
        written = [part if isinstance(part, str) else part(body) for part in parts]
        if all(text is None for part, text in zip(parts, written, strict=True) if callable(part)):
            return None
        return "".join(text for text in written if text is not None)

    return write


def _parts(template: str) -> list[str | Part]:
    parts: list[str | Part] = []
    rest = template
    while rest:
        before, opening, rest = rest.partition("{{")
        if before:
            parts.append(before)
        if not opening:
            break
        inside, closing, rest = rest.partition("}}")
        if not closing:
            raise TemplateError("A {{ is not closed. Write }} behind the value.")
        parts.append(_place(inside.strip()))
    return parts


def _place(inside: str) -> Part:
    """A function that writes the value of `path | change | …`, or None without one."""
    path, *changes = (piece.strip() for piece in _PIPE.split(inside))
    try:
        read = reader(split_path(path))
    except PathError as error:
        raise TemplateError(f"{{{{ {inside} }}}}: {error}") from None
    steps = [_change(change) for change in changes]

    def write(body: Mapping[str, Any]) -> Any:
        value = read(body)
        for step in steps:
            value = step(value)
        return None if value is None else to_string(value)

    return write


def _change(text: str) -> Callable[[Any], Any]:
    if found := _DEFAULT.fullmatch(text):
        instead = next(group for group in found.groups() if group is not None)
        return lambda value: instead if value is None or value == "" else value
    change = _CHANGES.get(text)
    if change is None:
        known = ", ".join(_CHANGES)
        raise TemplateError(f'There is no change {text[:40]!r}; use {known}, or default: "a text".')
    return lambda value: None if value is None else change(value)


def _json(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except (ValueError, TypeError, RecursionError):
        return "null"


_CHANGES: Final[dict[str, Callable[[Any], str]]] = {
    "upcase": lambda value: to_string(value).upper(),
    "downcase": lambda value: to_string(value).lower(),
    "capitalize": lambda value: to_string(value)[:1].upper() + to_string(value)[1:].lower(),
    "strip": lambda value: to_string(value).strip(),
    "json": _json,
}
