"""What a profile holds, in words that fit a page."""

from __future__ import annotations

from typing import Any

import msgspec


def flat(name: str, value: Any) -> list[tuple[str, Any]]:
    """A trait by the names that conditions use: `company.employee_count` for what lies inside an object."""
    if not isinstance(value, dict) or not value:
        return [(name, value)]
    return [found for key, inner in value.items() for found in flat(f"{name}.{key}", inner)]


def words(value: Any) -> str:
    """A trait's value for people: text as it is, everything else as JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def in_short(values: dict[str, Any]) -> str:
    """The first few values that are one thing each, by the names conditions use."""
    single = ((name, value) for key, inner in values.items() for name, value in flat(key, inner))
    said = [f"{name}: {words(value)}" for name, value in single if not isinstance(value, dict | list)]
    return ", ".join(said[:4])
