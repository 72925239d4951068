"""What is wrong with a condition, and how errors show a value."""

from __future__ import annotations

from collections.abc import Mapping

from pitcairn.conditions.tree import MAX_INTEGER

_SHOWN = 60


class ConditionError(ValueError):
    """A condition that cannot be read. `path` is the place in the tree ("" is its root); the text begins with it."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path or 'condition'}: {problem}")
        self.path = path
        self.problem = problem


def shown(value: object) -> str:
    """A value as errors show it: short, and never walking into something deep."""
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > MAX_INTEGER:
        return "a very large number"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        text = repr(value[: _SHOWN + 1] if isinstance(value, str) else value)
        return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…{text[0] if isinstance(value, str) else ''}"
    return f"a value of type {type(value).__name__}"
