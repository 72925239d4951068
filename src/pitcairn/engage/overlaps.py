"""How many members two audiences share."""

from __future__ import annotations

from dataclasses import dataclass

from pitcairn.engage.queries import ComputationItem, audiences
from pitcairn.eventstore import EventStore


@dataclass(frozen=True, kw_only=True)
class Overlap:
    """Another audience and what it shares with this one; the percentages are of their members."""

    audience: ComputationItem
    shared: int
    percent: float
    percent_of_other: float


def overlaps(store: EventStore, workspace_id: int, audience_id: int) -> list[Overlap]:
    """Every other audience of the workspace, the one with most shared members first."""
    every = {one.id: one for one in audiences(workspace_id)}
    counted = store.overlap(workspace_id, list(every))

    def size(one: int) -> int:
        return counted.get((one, one), 0)

    found = []
    for other in every.values():
        if other.id == audience_id:
            continue
        shared = counted.get((min(other.id, audience_id), max(other.id, audience_id)), 0)
        found.append(
            Overlap(
                audience=other,
                shared=shared,
                percent=_percent(shared, size(audience_id)),
                percent_of_other=_percent(shared, size(other.id)),
            )
        )
    return sorted(found, key=lambda one: (-one.shared, one.audience.name.casefold()))


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 1) if whole else 0.0
