"""Templates: JSON in which `{{ path }}` stands for a part of a message.

A placeholder that stands alone becomes the value with its type, null when the message has none. Inside a text it becomes text, as
in a mapping's templates. Whatever the values are, what comes out is JSON.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from pitcairn.connections import text_templates
from pitcairn.connections.filters.paths import PathError, reader, split_path
from pitcairn.connections.text_templates import TemplateError

Render = Callable[[Mapping[str, Any]], Any]

_DEFAULT = re.compile(r'(?P<path>[^|]+)\|\s*default\s*:\s*(?P<value>"(?:[^"\\]|\\.)*"|[-\w.]+)\s*')
# A text of JSON up to its end, or a placeholder that stands alone. Quotes inside a placeholder do not end the text.
_PARTS = re.compile(r'"(?:\{\{.*?\}\}|[^"\\]|\\.)*"|\{\{.*?\}\}', re.DOTALL)
_PLACEHOLDERS = re.compile(r"(\{\{.*?\}\})", re.DOTALL)


@functools.lru_cache(maxsize=200)
def compile_template(text: str) -> Render:
    """The template as a function of the message. Raises `TemplateError` when it is no JSON or has no proper placeholder."""
    renders: list[Render] = []
    mark = _unused(text)

    def take(found: re.Match[str]) -> str:
        part = found[0]
        if part.startswith('"') and "{{" not in part:
            return part
        renders.append(_text(part[1:-1]) if part.startswith('"') else _value(part[2:-2].strip()))
        return f'"{mark}{len(renders) - 1}"'

    try:
        tree = json.loads(_PARTS.sub(take, text))
    except json.JSONDecodeError as error:
        raise TemplateError(f"It is no JSON: {error.msg}, in line {error.lineno}.") from error
    return _compiled(tree, mark, renders)


def _unused(text: str) -> str:
    mark = "mark-"
    while mark in text:
        mark += "-"
    return mark


def _value(inside: str) -> Render:
    """A value with its type: `path`, or `path | default: JSON`. With any other change it is text."""
    found = _DEFAULT.fullmatch(inside)
    if found is None and "|" in inside:
        return _text(f"{{{{ {inside} }}}}")
    try:
        read = reader(split_path(found["path"].strip() if found else inside))
        default = json.loads(found["value"]) if found else None
    except PathError as error:
        raise TemplateError(f"{{{{ {inside} }}}}: {error}") from error
    except json.JSONDecodeError as error:
        raise TemplateError(f"The default of {{{{ {inside} }}}} is no JSON value. Put texts in quotes.") from error

    def value(message: Mapping[str, Any]) -> Any:
        here = read(message)
        return default if here is None else here

    return value


def _text(quoted: str) -> Render:
    """The inside of a JSON text with placeholders in it."""
    pieces = _PLACEHOLDERS.split(quoted)
    write = text_templates.compile_template(
        "".join(piece if piece.startswith("{{") else _unescaped(piece) for piece in pieces)
    )
    return lambda message: write(message) or ""


def _unescaped(text: str) -> str:
    try:
        read: str = json.loads(f'"{text}"')
    except json.JSONDecodeError as error:
        raise TemplateError(f'It is no JSON: {error.msg}, in "{text[:40]}".') from error
    return read


def _compiled(tree: Any, mark: str, renders: list[Render]) -> Render:
    if isinstance(tree, str) and tree.startswith(mark):
        return renders[int(tree.removeprefix(mark))]
    if isinstance(tree, dict):
        if any(key.startswith(mark) for key in tree):
            raise TemplateError("A placeholder stands where the name of a field must be. Names are fixed.")
        fields = {key: _compiled(value, mark, renders) for key, value in tree.items()}
        return lambda message: {key: field(message) for key, field in fields.items()}
    if isinstance(tree, list):
        items = [_compiled(value, mark, renders) for value in tree]
        return lambda message: [item(message) for item in items]
    return lambda message: tree
