"""The outbox: messages on their way, as the pipeline queues them and the engine takes them up.

A chunk is up to `CHUNK_MESSAGES` messages of one pipeline batch for one destination, written in the transaction of that
batch: as lines of JSON, compressed, one row. A row per message would cost the pipeline and the engine more than all the rest.
Which messages of a chunk are done stands in a small row of its own (`ChunkProgress`), so that little is sent twice when the
process dies; the chunk goes when its last message is done.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import msgspec
from django.db import connection
from django.db.backends.utils import CursorWrapper

CHUNK_MESSAGES = 500
COMPRESSION = 1
"""The fastest: JSON of one sender shrinks to a fifth all the same."""

_encode = msgspec.json.Encoder().encode


class Outgoing(msgspec.Struct, array_like=True):
    """One message for one destination. New fields go to the end, with a default: queues outlive versions."""

    id: str
    type: str
    event: str
    person: str
    """Whom it is about. Messages of one person keep their order."""
    source_id: int
    received_at: int
    body: dict[str, Any]
    """As Segment spells it, after filters and mapping."""
    options: dict[str, Any] = {}
    again: bool = False
    """Sent again by hand: counted apart."""


GONE = Outgoing("", "", "", "", 0, 0, {})
"""In the place of a message that was taken out of a chunk: done, whatever is written about it."""

_decode = msgspec.json.Decoder(Outgoing).decode
_decode_lines = msgspec.json.Decoder(Outgoing).decode_lines


class QueuedChunk(msgspec.Struct, frozen=True):
    """A chunk as the engine takes it up; `done` has one bit for each message that is done."""

    id: int
    queued_at: int
    messages: list[Outgoing]
    done: bytes


class WaitingHead(msgspec.Struct, frozen=True):
    """A person with messages in `WaitingDelivery`: how many, and when the first of them is due."""

    person: str
    rows: int
    next_attempt_at: int


class WaitingRow(msgspec.Struct, frozen=True):
    id: int
    message: Outgoing
    attempts: int
    queued_at: int


def line(message: Outgoing) -> bytes:
    return _encode(message)


def line_around(
    message_id: str, kind: str, event: str, person: str, source_id: int, received_at: int, body: bytes,
    options: dict[str, Any], *, again: bool = False,
) -> bytes:  # fmt: skip
    """The same from a body that is JSON already: it is encoded once for all destinations."""
    return _encode((message_id, kind, event, person, source_id, received_at, msgspec.Raw(body), options, again))


def read_line(text: bytes) -> Outgoing:
    return _decode(text)


def pack(lines: Sequence[bytes]) -> bytes:
    return zlib.compress(b"\n".join(lines), COMPRESSION)


def unpack(blob: bytes) -> list[Outgoing]:
    return _decode_lines(zlib.decompress(blob))


def queue(
    cursor: CursorWrapper,
    *,
    workspace_id: int,
    destination_id: int,
    lines: Sequence[bytes],
    now: int,
    packed: dict[tuple[int, ...], bytes] | None = None,
) -> None:
    """Queues the messages behind all others of the destination. Belongs into a transaction with what they follow from.

    `packed` remembers what was packed, by the lines themselves: several destinations often get the very same ones.
    """
    for start in range(0, len(lines), CHUNK_MESSAGES):
        part = lines[start : start + CHUNK_MESSAGES]
        key = tuple(map(id, part))
        blob = None if packed is None else packed.get(key)
        if blob is None:
            blob = pack(part)
            if packed is not None:
                packed[key] = blob
        cursor.execute(
            "INSERT INTO connections_outboxchunk (destination_id, workspace_id, queued_at, count, messages) "
            "VALUES (%s, %s, %s, %s, %s)",
            [destination_id, workspace_id, now, len(part), blob],
        )


def read_chunks(destination_id: int, besides: Collection[int], limit: int) -> list[QueuedChunk]:
    """The oldest chunks of the destination, but those that are in hand already.

    Ids are not compared with the last one taken: of two transactions the one with the lower id may commit later.
    """
    marks = ", ".join(["%s"] * len(besides))
    skip = f"AND c.id NOT IN ({marks}) " if besides else ""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.id, c.queued_at, c.messages, p.done FROM connections_outboxchunk AS c "  # noqa: S608
            "LEFT JOIN connections_chunkprogress AS p ON p.chunk_id = c.id "
            f"WHERE c.destination_id = %s {skip}ORDER BY c.id LIMIT %s",
            [destination_id, *besides, limit],
        )
        rows = cursor.fetchall()
    return [_chunk(row[0], row[1], unpack(bytes(row[2])), bytes(row[3] or b"")) for row in rows]


def _chunk(chunk_id: int, queued_at: int, messages: list[Outgoing], done: bytes) -> QueuedChunk:
    gone = sum(1 << place for place, message in enumerate(messages) if not message.type)
    if gone:
        done = (int.from_bytes(done, "little") | gone).to_bytes((len(messages) + 7) // 8, "little")
    return QueuedChunk(chunk_id, queued_at, messages, done)


def has_chunks(destination_id: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM connections_outboxchunk AS c WHERE c.destination_id = %s LIMIT 1", [destination_id]
        )
        return cursor.fetchone() is not None


def queued(destination_id: int) -> int:
    """Messages in the destination's chunks, those included that are done already: chunks go as a whole."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COALESCE(SUM(c.count), 0) FROM connections_outboxchunk AS c WHERE c.destination_id = %s",
            [destination_id],
        )
        return int(cursor.fetchone()[0])


def waiting_heads(destination_id: int) -> list[WaitingHead]:
    """Everybody with messages that wait, in the order of their first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT w.person, g.amount, w.next_attempt_at FROM ("
            "SELECT MIN(one.id) AS first, COUNT(*) AS amount FROM connections_waitingdelivery AS one "
            "WHERE one.destination_id = %s GROUP BY one.person"
            ") AS g JOIN connections_waitingdelivery AS w ON w.id = g.first ORDER BY w.id",
            [destination_id],
        )
        return [WaitingHead(*row) for row in cursor.fetchall()]


def waiting_rows(destination_id: int, persons: Sequence[str], each: int) -> dict[str, list[WaitingRow]]:
    """The first messages of each of these persons, in their order."""
    found: dict[str, list[WaitingRow]] = {}
    marks = ", ".join(["%s"] * len(persons))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT w.id, w.person, w.message, w.attempts, w.queued_at FROM ("  # noqa: S608
            "SELECT one.id, one.person, one.message, one.attempts, one.queued_at, "
            "ROW_NUMBER() OVER (PARTITION BY one.person ORDER BY one.id) AS place "
            "FROM connections_waitingdelivery AS one "
            f"WHERE one.destination_id = %s AND one.person IN ({marks})"
            ") AS w WHERE w.place <= %s ORDER BY w.id",
            [destination_id, *persons, each],
        )
        for row_id, person, message, attempts, queued_at in cursor.fetchall():
            found.setdefault(person, []).append(WaitingRow(row_id, read_line(bytes(message)), attempts, queued_at))
    return found


def requeue(
    cursor: CursorWrapper, *, workspace_id: int, destination_id: int, messages: Iterable[bytes], now: int
) -> int:
    """Queues messages that are lines already, marked as sent again. Returns how many."""
    lines = []
    for text in messages:
        message = read_line(text)
        message.again = True
        lines.append(line(message))
    queue(cursor, workspace_id=workspace_id, destination_id=destination_id, lines=lines, now=now)
    return len(lines)
