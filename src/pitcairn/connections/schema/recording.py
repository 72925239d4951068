"""Counting what sources send, inside the pipeline's transaction.

Stateless from batch to batch: the rows of the batch's events are read, added to and written back, all in the transaction that
the batch is, so that a count is as exact as the messages. Measured on batches of 4,000: see `docs/schema.md`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any, Final

import msgspec
from django.db.backends.utils import CursorWrapper

from pitcairn.connections.schema.shapes import MOST_PROPERTIES, SeenProperty, Shapes, add_shapes, count_shape, size
from pitcairn.wire.message import Message

MOST_EVENTS: Final = 1_000
"""Events kept of one source. Whoever puts an id into an event's name sends a new event with every message."""

LONGEST_EVENT: Final = 500
"""Characters of an event's name that are kept."""

_GROUP = 500

_decode = msgspec.json.Decoder(dict[str, SeenProperty]).decode
_encode = msgspec.json.Encoder().encode


WHOLE: Final = 1_000
"""Messages of a batch that are all looked into. Batches are larger only at thousands of messages a second; then looking into
every message would cost what 4 to 8 % of the messages cost altogether, and tell nothing that some of them do not."""

FIRST: Final = 16
EVERY: Final = 8
"""Of a larger batch the first messages of each event are looked into, and then every eighth."""


class Observed:
    """What a batch holds of one event of one source; `first` and `last` are when it was received, in ms since 1970."""

    __slots__ = ("blocked", "count", "first", "last", "looked_into", "shapes", "workspace_id")

    def __init__(self, workspace_id: int, at: int) -> None:
        self.workspace_id = workspace_id
        self.count = self.blocked = self.looked_into = 0
        self.first = self.last = at
        self.shapes: Shapes = {}


class Observations:
    """The messages of a batch, by event: all are counted, and all or some looked into (`WHOLE`).

    A property's times are those of its event in the batch.
    """

    def __init__(self, messages: int) -> None:
        """`messages` is how many there will be."""
        self.events: dict[tuple[int, str, str], Observed] = {}
        """By source, type and event."""
        self._all_of = WHOLE if messages <= WHOLE else FIRST

    def add(self, workspace_id: int, source_id: int, message: Message, *, blocked: bool = False) -> None:
        """Alias calls carry nothing to describe, and are left out."""
        kind, at = message.type, message.received_at
        if kind == "alias":
            return
        key = (source_id, kind, message.event)
        observed = self.events.get(key)
        if observed is None:
            observed = self.events[key] = Observed(workspace_id, at)
        observed.count += 1
        if at > observed.last:  # noqa: PLR1730 - `max` costs a call for each message
            observed.last = at
        if blocked:
            observed.blocked += 1
        if observed.count > self._all_of and observed.count % EVERY:
            return
        observed.looked_into += 1
        fields = message.traits if kind == "identify" or kind == "group" else message.properties  # noqa: PLR1714
        if fields:
            count_shape(observed.shapes, fields)


class _Event(msgspec.Struct):
    """One event as the batch changes it; `id` is 0 for a new one."""

    workspace_id: int
    source_id: int
    type: str
    event: str
    id: int = 0
    count: int = 0
    blocked: int = 0
    looked_into: int = 0
    first: int = 0
    last: int = 0
    properties: dict[str, SeenProperty] = {}
    observed: list[Observed] = []


def save(cursor: CursorWrapper, observations: Observations) -> None:
    """Adds what was observed to the stored events. A new event is left out when its source already has `MOST_EVENTS`."""
    events = _grouped(observations)
    if not events:
        return
    _load(cursor, events)
    for event in events.values():
        room = MOST_PROPERTIES - size(event.properties)
        for one in event.observed:
            event.count += one.count
            event.blocked += one.blocked
            event.looked_into += one.looked_into
            event.first = min(event.first or one.first, one.first)
            event.last = max(event.last, one.last)
            room = add_shapes(event.properties, one.shapes, one.first, one.last, room)
    cursor.executemany(
        "UPDATE connections_seenevent SET count = %s, blocked = %s, looked_into = %s, first_seen_at = %s, last_seen_at = %s, "
        "properties = %s WHERE id = %s",
        [
            [e.count, e.blocked, e.looked_into, e.first, e.last, _encode(e.properties).decode(), e.id]
            for e in events.values()
            if e.id
        ],
    )
    new = [(key, event) for key, event in events.items() if not event.id]
    if new:
        _insert(cursor, new)


def _grouped(observations: Observations) -> dict[bytes, _Event]:
    """By `key`. Names that differ only in what is not kept of them are one event."""
    events: dict[bytes, _Event] = {}
    for (source_id, kind, name), observed in observations.events.items():
        # PostgreSQL cannot keep a NUL in text.
        kept = name[:LONGEST_EVENT].replace("\0", "")
        key = hash_of(source_id, kind, kept)
        event = events.get(key)
        if event is None:
            event = events[key] = _Event(observed.workspace_id, source_id, kind, kept)
        event.observed.append(observed)
    return events


def hash_of(*parts: object) -> bytes:
    """16 bytes that name the parts, as the `key` columns have them."""
    return hashlib.blake2b("\0".join(map(str, parts)).encode(errors="replace"), digest_size=16).digest()


def _load(cursor: CursorWrapper, events: dict[bytes, _Event]) -> None:
    for group in _groups(list(events)):
        cursor.execute(
            "SELECT e.key, e.id, e.count, e.blocked, e.looked_into, e.first_seen_at, e.last_seen_at, e.properties "  # noqa: S608
            f"FROM connections_seenevent AS e WHERE e.key IN ({', '.join(['%s'] * len(group))})",
            group,
        )
        for key, *stored, properties in cursor.fetchall():
            event = events[bytes(key)]
            event.id, event.count, event.blocked, event.looked_into, event.first, event.last = stored
            event.properties = _decode(properties)


def _insert(cursor: CursorWrapper, new: list[tuple[bytes, _Event]]) -> None:
    sources = sorted({event.source_id for _, event in new})
    cursor.execute(
        "SELECT e.source_id, COUNT(*) FROM connections_seenevent AS e "  # noqa: S608 - only placeholders are put in
        f"WHERE e.source_id IN ({', '.join(['%s'] * len(sources))}) GROUP BY e.source_id",
        sources,
    )
    taken = dict.fromkeys(sources, 0) | dict(cursor.fetchall())
    rows: list[list[Any]] = []
    for key, e in new:
        if taken[e.source_id] < MOST_EVENTS:
            taken[e.source_id] += 1
            rows.append([
                key, e.workspace_id, e.source_id, e.type, e.event, e.first, e.last, e.count, e.blocked, e.looked_into,
                _encode(e.properties).decode(),
            ])  # fmt: skip
    cursor.executemany(
        "INSERT INTO connections_seenevent (key, workspace_id, source_id, type, event, first_seen_at, last_seen_at, "
        "count, blocked, looked_into, properties) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        rows,
    )


def _groups(keys: list[bytes]) -> Iterable[list[bytes]]:
    return (keys[start : start + _GROUP] for start in range(0, len(keys), _GROUP))
