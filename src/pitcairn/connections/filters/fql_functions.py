"""What FQL's functions do with JSON values. Each takes any value and never raises: what it cannot work with is null or false."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pitcairn.connections.filters.glob import known_glob

_NUMBER = re.compile(r"[+-]?\d{1,400}(?:\.\d{1,400})?(?:[eE][+-]?\d{1,4})?", re.ASCII)

BOOL, NUMBER, STRING, LIST = "bool", "number", "string", "list"
ANY = frozenset({BOOL, NUMBER, STRING, LIST, "null", "object"})


@dataclass(frozen=True)
class Function:
    """What the parser must know of a function, and what evaluation calls."""

    usage: str
    takes: tuple[frozenset[str], ...]
    """The types of its arguments. Every one may be null as well."""
    gives: str
    """The type of what comes out when it is not null."""
    call: Callable[..., Any]


def type_of(value: Any) -> str:
    """`string`, `number`, `bool`, `list`, `null`, or `object` for a JSON object, which Segment has no word for."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return BOOL
    if isinstance(value, str):
        return STRING
    if isinstance(value, int | float):
        return NUMBER
    return LIST if isinstance(value, list | tuple) else "object"


def contains(text: Any, part: Any) -> bool:
    return isinstance(text, str) and isinstance(part, str) and part in text


def length(value: Any) -> int | None:
    """Elements of a list, bytes of a text; 0 for null; null for anything else."""
    if value is None:
        return 0
    if isinstance(value, str):
        return len(value) if value.isascii() else len(value.encode("utf-8", "surrogatepass"))
    return len(value) if isinstance(value, list | tuple) else None


def match(text: Any, pattern: Any) -> bool:
    if not isinstance(text, str) or not isinstance(pattern, str):
        return False
    glob = known_glob(pattern)
    return glob is not None and glob.fullmatch(text) is not None


def to_bool(value: Any) -> bool:
    """False for null, false, 0, an empty text, list or object, and the texts `false` and `0`; true for everything else."""
    if isinstance(value, str):
        return value.lower() not in {"", "false", "0"}
    return bool(value)


def to_string(value: Any) -> str:
    """A text as it is, a number in its shortest form, null as an empty text, everything else as JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e16:
        return str(int(value))
    try:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    except (ValueError, TypeError, RecursionError):  # a number of thousands of digits; no JSON at all
        return ""


def to_number(value: Any) -> int | float | None:
    """A number as it is, a text that spells one as that number; null for anything else."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if not isinstance(value, str) or not _NUMBER.fullmatch(value):
        return None
    number = float(value) if set(value) & set(".eE") else int(value)
    return number if math.isfinite(number) else None


def _title(text: str) -> str:
    return " ".join(word[:1].upper() + word[1:] for word in text.split(" "))


def _of_text(change: Callable[[str], str]) -> Callable[[Any], str | None]:
    return lambda value: change(value) if isinstance(value, str) else None


_TEXT = frozenset({STRING})

FUNCTIONS = {
    "contains": Function("contains(text, part)", (_TEXT, _TEXT), BOOL, contains),
    "length": Function("length(value)", (frozenset({STRING, LIST}),), NUMBER, length),
    "lowercase": Function("lowercase(text)", (_TEXT,), STRING, _of_text(str.lower)),
    "uppercase": Function("uppercase(text)", (_TEXT,), STRING, _of_text(str.upper)),
    "snakecase": Function("snakecase(text)", (_TEXT,), STRING, _of_text(lambda text: text.replace(" ", "_"))),
    "kebabcase": Function("kebabcase(text)", (_TEXT,), STRING, _of_text(lambda text: text.replace(" ", "-"))),
    "titlecase": Function("titlecase(text)", (_TEXT,), STRING, _of_text(_title)),
    "typeof": Function("typeof(value)", (ANY,), STRING, type_of),
    "match": Function("match(text, pattern)", (_TEXT, _TEXT), BOOL, match),
    "bool": Function("bool(value)", (ANY,), BOOL, to_bool),
    "string": Function("string(value)", (ANY,), STRING, to_string),
    "number": Function("number(value)", (frozenset({NUMBER, STRING}),), NUMBER, to_number),
}
