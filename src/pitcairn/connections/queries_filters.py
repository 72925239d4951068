"""What pages may know of filters and mappings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pitcairn.connections.filters import ALL
from pitcairn.connections.models import Destination, DestinationFilter


@dataclass(frozen=True, kw_only=True)
class FilterItem:
    """A filter as pages show it. `source` is the name of its source, "" for every one."""

    id: int
    title: str
    condition: str
    action: Mapping[str, Any]
    source_id: int | None
    source: str
    enabled: bool

    @property
    def everything(self) -> bool:
        """It looks at every message, whatever it is."""
        return self.condition == ALL

    @property
    def action_words(self) -> str:
        return action_words(self.action)


def filters(workspace_id: int, destination_id: int) -> list[FilterItem]:
    """The filters of a destination, in the order in which their kinds apply, then by age."""
    found = (
        DestinationFilter.objects.filter(destination__workspace_id=workspace_id, destination_id=destination_id)
        .select_related("source")
        .order_by("id")
    )
    return sorted((_item(filter_) for filter_ in found), key=lambda item: _STEP.get(item.action.get("type", ""), 0))


def filter_(workspace_id: int, destination_id: int, filter_id: int) -> FilterItem | None:
    return next((item for item in filters(workspace_id, destination_id) if item.id == filter_id), None)


def mapping(workspace_id: int, destination_id: int) -> list[dict[str, Any]]:
    """The rules of a destination's mapping; empty when there is no such destination."""
    found = Destination.objects.filter(workspace_id=workspace_id, id=destination_id).values_list("mapping", flat=True)
    rules: list[dict[str, Any]] = found[0] if found else []
    return rules


def action_words(action: Mapping[str, Any]) -> str:
    """`Sends 25 % of them, by userId`."""
    match action.get("type"):
        case "drop":
            return "Drops them"
        case "only_send":
            return "Sends only these"
        case "sample":
            by = f", chosen by {action['path']}" if action.get("path") else ""
            return f"Sends {100 * action['percent']:g} % of them{by}"
        case "drop_properties":
            return f"Takes out {', '.join(field_paths(action))}"
        case "allow_properties":
            return f"Keeps only {', '.join(field_paths(action))}"
        case _:
            return "Has no action that is known"


_STEP = {"sample": 0, "drop": 1, "only_send": 1, "drop_properties": 2, "allow_properties": 3}


def field_paths(action: Mapping[str, Any]) -> list[str]:
    """The fields that an action names, as paths. By object, since PostgreSQL keeps no order of keys; the message's own last."""
    fields: Mapping[str, list[str]] = action.get("fields") or {}
    return [
        f"{name}.{inner}" if name else inner
        for name in sorted(fields, key=lambda name: (not name, name))
        for inner in fields[name]
    ]


def _item(found: DestinationFilter) -> FilterItem:
    return FilterItem(
        id=found.id,
        title=found.title,
        condition=found.condition,
        action=found.action,
        source_id=found.source_id,
        source=found.source.name if found.source else "",
        enabled=found.enabled,
    )
