"""Values as people type them: `150` is a number, `true` a boolean, and `"150"` in quotation marks a text."""

import json
import re

# A number written as a program would write it, and not so long that its last digits get lost.
_PLAIN_NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{0,8}[1-9])?", re.ASCII)
_QUOTED = re.compile(r'"([^"]*)"')
_LIST_ITEM = re.compile(r'\s*"[^"]*"\s*(?=,|$)|[^,]+')


def typed(text: str) -> str | int | float | bool:
    """The value that a text stands for."""
    if quoted := _QUOTED.fullmatch(text):
        return quoted[1]
    if text in {"true", "false"}:
        return text == "true"
    if not _PLAIN_NUMBER.fullmatch(text) or text == "-0":
        return text
    return float(text) if "." in text else int(text)


def typed_list(text: str) -> list[str | int | float | bool]:
    """The values of a list, separated by commas; one that holds a comma stands in quotation marks."""
    return [typed(item) for part in _LIST_ITEM.findall(text) if (item := part.strip())]


def spelt(value: object) -> str:
    """A value, or the values of a tuple, as they would be typed."""
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ", ".join(f'"{item}"' if isinstance(item, str) and "," in item else spelt(item) for item in value)
    if not isinstance(value, str):
        return json.dumps(value)
    return value if typed(value) == value else f'"{value}"'
