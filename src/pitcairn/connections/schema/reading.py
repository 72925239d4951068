"""What pages, and the maker of plans, may know of what sources send."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec
from django.db import transaction
from django.db.models import Max

from pitcairn.connections.models import PlanViolation, SeenEvent
from pitcairn.connections.schema.recording import MOST_EVENTS
from pitcairn.connections.schema.shapes import KINDS, MOST_PROPERTIES, KindCount, SeenProperty, size

_decode = msgspec.json.Decoder(dict[str, SeenProperty]).decode
_ORDER = {name: index for index, name in enumerate(KINDS.values())}


@dataclass(frozen=True, kw_only=True)
class SeenEventItem:
    """An event as the list shows it. `count` includes the `blocked` ones; its properties were counted in `looked_into` of them.

    Times are ms since 1970.
    """

    id: int
    type: str
    event: str
    count: int
    blocked: int
    looked_into: int
    first_seen_at: int
    last_seen_at: int


@dataclass(frozen=True, kw_only=True)
class SeenKind:
    """A type that a property had, and in how many messages."""

    name: str
    count: int
    first_seen_at: int
    last_seen_at: int


@dataclass(frozen=True, kw_only=True)
class PropertyRow:
    """A property as a row: `place` is `cart.items[].sku`; `of` is how many of what it stands in there were."""

    place: str
    name: str
    depth: int
    count: int
    of: int
    kinds: tuple[SeenKind, ...]

    @property
    def first_seen_at(self) -> int:
        return min(kind.first_seen_at for kind in self.kinds)

    @property
    def last_seen_at(self) -> int:
        return max(kind.last_seen_at for kind in self.kinds)

    @property
    def percent(self) -> int:
        """100 only when it was always there, 0 never."""
        if self.count >= self.of:
            return 100
        return min(99, max(1, round(100 * self.count / self.of)))

    @property
    def mixed(self) -> bool:
        """Whether it had types that do not belong together. Null goes with every other."""
        return len({kind.name for kind in self.kinds} - {"null"}) > 1


@dataclass(frozen=True, kw_only=True)
class SeenEventDetail(SeenEventItem):
    """An event with its properties, in the order in which they were first seen."""

    seen: dict[str, SeenProperty] = field(default_factory=dict)

    @property
    def properties(self) -> list[PropertyRow]:
        return list(_rows(self.seen, "", 0, self.looked_into))

    @property
    def is_full(self) -> bool:
        return size(self.seen) >= MOST_PROPERTIES


def events(workspace_id: int, source_id: int) -> list[SeenEventItem]:
    """Everything that the source was seen to send, most frequent first."""
    found = SeenEvent.objects.filter(workspace_id=workspace_id, source_id=source_id).defer("properties")
    return [_item(event) for event in found.order_by("-count", "event", "type")]


def event_detail(workspace_id: int, source_id: int, event_id: int) -> SeenEventDetail | None:
    event = SeenEvent.objects.filter(workspace_id=workspace_id, source_id=source_id, id=event_id).first()
    return _detail(event) if event else None


def event_details(workspace_id: int, source_id: int) -> list[SeenEventDetail]:
    """All of a source's events with their properties, by type and name."""
    found = SeenEvent.objects.filter(workspace_id=workspace_id, source_id=source_id)
    return [_detail(event) for event in found.order_by("type", "event")]


def sources_seen(workspace_id: int) -> list[int]:
    """The ids of the sources of which anything was seen, the latest first."""
    found = SeenEvent.objects.filter(workspace_id=workspace_id).values("source_id").annotate(last=Max("last_seen_at"))
    return [row["source_id"] for row in found.order_by("-last")]


def is_full(items: list[SeenEventItem]) -> bool:
    """Whether further events of the source would be left out."""
    return len(items) >= MOST_EVENTS


def forget_event(workspace_id: int, source_id: int, event_id: int) -> bool:
    """Takes the event out of the schema. It comes back when it is sent again. False when it is not there."""
    gone, _ = SeenEvent.objects.filter(workspace_id=workspace_id, source_id=source_id, id=event_id).delete()
    return bool(gone)


@transaction.atomic
def forget_source(source_id: int) -> None:
    """Removes what was seen of a source that goes, and how it broke its plan."""
    SeenEvent.objects.filter(source_id=source_id).delete()
    PlanViolation.objects.filter(source_id=source_id).delete()


def _item(event: SeenEvent) -> SeenEventItem:
    return SeenEventItem(
        id=event.id,
        type=event.type,
        event=event.event,
        count=event.count,
        blocked=event.blocked,
        looked_into=event.looked_into,
        first_seen_at=event.first_seen_at,
        last_seen_at=event.last_seen_at,
    )


def _detail(event: SeenEvent) -> SeenEventDetail:
    return SeenEventDetail(
        id=event.id,
        type=event.type,
        event=event.event,
        count=event.count,
        blocked=event.blocked,
        looked_into=event.looked_into,
        first_seen_at=event.first_seen_at,
        last_seen_at=event.last_seen_at,
        seen=_decode(event.properties),
    )


def _rows(seen: dict[str, SeenProperty], within: str, depth: int, of: int) -> Iterator[PropertyRow]:
    for name, one in seen.items():
        place = f"{within}.{name}" if within else name
        yield _row(place, name, depth, one, of)
        yield from _rows(one.properties, place, depth + 1, _objects(one))
        if one.items is not None:
            lists = one.kinds["array"][0]
            yield _row(f"{place}[]", f"{name}[]", depth + 1, one.items, lists)
            yield from _rows(one.items.properties, f"{place}[]", depth + 2, _objects(one.items))


def _objects(seen: SeenProperty) -> int:
    return seen.kinds["object"][0] if "object" in seen.kinds else 0


def _row(place: str, name: str, depth: int, seen: SeenProperty, of: int) -> PropertyRow:
    kinds = sorted(_merged(seen.kinds).items(), key=lambda item: _ORDER[item[0]])
    return PropertyRow(
        place=place,
        name=name,
        depth=depth,
        count=seen.count,
        of=of,
        kinds=tuple(
            SeenKind(name=kind, count=count, first_seen_at=first, last_seen_at=last)
            for kind, (count, first, last) in kinds
        ),
    )


def _merged(kinds: dict[str, KindCount]) -> dict[str, KindCount]:
    """Integers are numbers where there are other numbers: JavaScript writes 5.0 as 5."""
    if not {"integer", "number"} <= kinds.keys():
        return kinds
    one, other = kinds["integer"], kinds["number"]
    both = (one[0] + other[0], min(one[1], other[1]), max(one[2], other[2]))
    return {name: both if name == "number" else count for name, count in kinds.items() if name != "integer"}
