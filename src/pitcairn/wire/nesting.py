"""How deep lists and objects are in one another. What is too deep to be read everywhere later is not taken in."""

from __future__ import annotations

from typing import Any

from pitcairn.wire.limits import NESTING


def may_be_too_deep(text: bytes, limit: int = NESTING) -> bool:
    """Whether the JSON text has enough brackets for it. Quick, and false for nearly every text there is."""
    return text.count(b"{") + text.count(b"[") > limit


def too_deep(value: Any, limit: int = NESTING) -> bool:
    """Whether more than `limit` lists and objects are in one another in this decoded JSON value."""
    level = [value]
    for _ in range(limit + 1):
        level = [inner for inner in level if type(inner) is dict or type(inner) is list]
        if not level:
            return False
        level = [inner for outer in level for inner in (outer.values() if type(outer) is dict else outer)]
    return True
