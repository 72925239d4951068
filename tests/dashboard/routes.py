"""Every route there is, to be walked by the tests of who may do what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver


@dataclass(frozen=True)
class Route:
    name: str
    path: str
    """As Django writes it: `connections/sources/<int:source_id>/`."""

    def url(self, values: dict[str, Any]) -> str:
        return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(values[found.group(1)]), self.path)

    @property
    def of_a_thing(self) -> bool:
        """It names something that belongs to one workspace."""
        return bool(re.search(r"<int:", self.path))


def _routes(patterns: list[Any], prefix: str = "", space: str = "") -> Iterator[Route]:
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from _routes(pattern.url_patterns, path, inner)
        elif isinstance(pattern, URLPattern):
            assert pattern.name, f"/{path} has no name; permissions are decided by name"
            yield Route(space + pattern.name, path)


def all_routes() -> list[Route]:
    return list(_routes(get_resolver().url_patterns))
