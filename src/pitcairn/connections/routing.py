"""Sources with the destinations that are enabled for them: what routing reads, secrets included."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from pitcairn.connections.destination import CatalogEntry
from pitcairn.connections.models import Destination, Source
from pitcairn.connections.registry import catalog


class EnabledDestination(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    entry: CatalogEntry
    settings: Mapping[str, Any]


class RoutedSource(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    workspace_id: int
    write_key: str
    kind: str
    enabled: bool
    destinations: tuple[EnabledDestination, ...]


def routed_sources() -> list[RoutedSource]:
    """Every source of every workspace. A destination whose catalog folder is gone is left out."""
    entries = catalog()
    destinations: dict[int, list[EnabledDestination]] = {}
    connected = Destination.objects.filter(enabled=True).prefetch_related("sources").order_by("id")
    for destination in connected:
        entry = entries.get(destination.slug)
        if entry is None:
            continue
        enabled = EnabledDestination(
            id=destination.id, entry=entry, settings={**destination.settings, **destination.secrets}
        )
        for source in destination.sources.all():
            destinations.setdefault(source.id, []).append(enabled)
    return [
        RoutedSource(
            id=source.id,
            workspace_id=source.workspace_id,
            write_key=source.write_key,
            kind=source.kind,
            enabled=source.enabled,
            destinations=tuple(destinations.get(source.id, ())),
        )
        for source in Source.objects.order_by("id")
    ]
