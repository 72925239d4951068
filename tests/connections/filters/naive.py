"""A second evaluator of FQL: walks a tree of plain lists, slowly, and shares no code with the first.

A tree is `["and", …]`, `["or", …]`, `["!", x]`, `["=", x, y]` and the other comparisons, `["call", name, …]`, `["list", …]`,
`["path", key, …]` or `["value", constant]`.
"""

from __future__ import annotations

import json
import re
from fractions import Fraction
from typing import Any

Tree = list[Any]


def naive(tree: Tree, message: Any) -> bool:
    return evaluate(tree, message) is True


def evaluate(tree: Tree, message: Any) -> Any:
    word, *parts = tree
    if word == "value":
        return parts[0]
    if word == "path":
        return walk(message, parts)
    values = [evaluate(part, message) for part in (parts[1:] if word == "call" else parts)]
    if word == "list":
        return values
    if word == "call":
        return CALLS[parts[0]](*values)
    if word == "and":
        return [value for value in values if value is True] == values
    if word == "or":
        return any(value is True for value in values)
    if word == "!":
        return values[0] is not True
    left, right = values
    if word == "=":
        return exact(left) == exact(right)
    if word == "!=":
        return exact(left) != exact(right)
    if word == "in":
        return isinstance(right, list) and exact(left) in [exact(item) for item in right]
    if exact(left)[0] != "number" or exact(right)[0] != "number":
        return False
    difference = exact(left)[1] - exact(right)[1]
    return {"<": difference < 0, "<=": difference <= 0, ">": difference > 0, ">=": difference >= 0}[word]


def walk(value: Any, keys: list[str]) -> Any:
    if not keys:
        return value
    if isinstance(value, dict):
        return walk(value.get(keys[0]), keys[1:])
    if isinstance(value, list) and keys[0] in [str(index) for index in range(len(value))]:
        return walk(value[int(keys[0])], keys[1:])
    return None


def exact(value: Any) -> tuple[str, Any]:
    """The value with its type, so that equal ones are equal in Python, and no others."""
    if value is None:
        return ("null", None)
    if isinstance(value, bool):
        return ("bool", value)
    if isinstance(value, str):
        return ("string", value)
    if isinstance(value, list):
        return ("list", [exact(item) for item in value])
    if isinstance(value, dict):
        return ("object", sorted((key, exact(item)) for key, item in value.items()))
    return ("number", Fraction(value))


def glob(text: str, pattern: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == "*":
        return glob(text, pattern[1:]) or (bool(text) and glob(text[1:], pattern))
    if pattern[0] == "[":
        end = pattern.index("]")
        members = pattern[1:end]
        wanted = not members.startswith("^")
        ranges = re.findall(r"(.)-(.)|(.)", members.lstrip("^"), re.DOTALL)
        inside = bool(text) and any(low <= text[0] <= high if low else one == text[0] for low, high, one in ranges)
        return bool(text) and inside is wanted and glob(text[1:], pattern[end + 1 :])
    if pattern[0] == "\\":
        return text[:1] == pattern[1] and glob(text[1:], pattern[2:])
    return bool(text) and pattern[0] in {"?", text[0]} and glob(text[1:], pattern[1:])


def of_texts(call: Any) -> Any:
    return lambda *values: call(*values) if all(isinstance(value, str) for value in values) else None


def number(value: Any) -> Any:
    kind = exact(value)[0]
    if kind == "number":
        return value
    return float(value) if kind == "string" and re.fullmatch(r"-?\d+(\.\d+)?", value, re.ASCII) else None


def string(value: Any) -> str:
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    return {"null": "", "string": value}.get(
        exact(value)[0], json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    )


CALLS: dict[str, Any] = {
    "contains": lambda text, part: (
        of_texts(lambda text, part: text.replace(part, "") != text or not part)(text, part) is True
    ),
    "length": lambda value: (
        0
        if value is None
        else len(value.encode())
        if isinstance(value, str)
        else len(value)
        if isinstance(value, list)
        else None
    ),
    "lowercase": of_texts(lambda text: "".join(character.lower() for character in text)),
    "uppercase": of_texts(lambda text: "".join(character.upper() for character in text)),
    "snakecase": of_texts(lambda text: "_".join(text.split(" "))),
    "kebabcase": of_texts(lambda text: "-".join(text.split(" "))),
    "titlecase": of_texts(lambda text: re.sub(r"(^| )([^ ])", lambda found: found[1] + found[2].upper(), text)),
    "typeof": lambda value: exact(value)[0],
    "match": lambda text, pattern: of_texts(glob)(text, pattern) is True,
    "bool": lambda value: (
        exact(value) not in [exact(v) for v in (None, False, 0, "", "0", [], {})] and string(value).lower() != "false"
    ),
    "string": string,
    "number": number,
}
