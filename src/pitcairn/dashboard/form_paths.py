"""Forms with rows inside rows: a field's name is its path with dashes, `segments-0-changes-1-selector`."""

from collections.abc import Iterable, Mapping
from typing import Any

MOST_PARTS = 60
"""Parts of a name that are followed; no form of ours nests deeper, and what reads them back recurses."""


def nested(items: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """`segments-0-name` as {"segments": {"0": {"name": …}}}. Names that contradict each other lose the later one."""
    tree: dict[str, Any] = {}
    for key, value in items:
        *parts, last = key.split("-", MOST_PARTS)
        node: Any = tree
        for part in parts:
            node = node.setdefault(part, {}) if isinstance(node, dict) else None
        if isinstance(node, dict):
            node.setdefault(last, value)
    return tree


def items(tree: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """The rows under a name, in the order of their numbers."""
    rows = tree.get(name)
    if not isinstance(rows, dict):
        return []
    numbered = [
        (int(key), row) for key, row in rows.items() if key.isascii() and key.isdigit() and isinstance(row, dict)
    ]
    return [row for _, row in sorted(numbered, key=lambda pair: pair[0])]


def text(tree: Mapping[str, Any], name: str, default: str = "") -> str:
    value = tree.get(name, default)
    return value if isinstance(value, str) else default
