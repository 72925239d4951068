"""Taking a deleted person's messages out of what is on its way to destinations, and out of what did not arrive.

May be repeated: what is gone is not looked for again. The engine drops what it has in hand for the destinations concerned, and
reads their queues anew; what it wrote down just before, a second time finds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import Any

from django.db import connection, transaction

from pitcairn.connections.delivery import outbox
from pitcairn.connections.delivery.discarding import have_the_engine_look
from pitcairn.connections.delivery.outbox import Outgoing
from pitcairn.connections.models import Destination
from pitcairn.connections.registry import catalog
from pitcairn.connections.theirs import Theirs

_ROWS = 200


def forget_messages(workspace_id: int, persons: Collection[str], theirs: Theirs) -> int:
    """Removes the messages of the persons (`Outgoing.person`), and what else is `theirs`, from queues and dead letters.

    Returns how many rows were touched.
    """
    waiting = _forget_waiting(workspace_id, sorted(persons), theirs.until)
    chunks = _forget_queued(workspace_id, frozenset(persons), theirs)
    for destination_id in waiting.keys() | chunks.keys():
        have_the_engine_look(workspace_id, destination_id)
    dead = _forget_dead(workspace_id, frozenset(persons), theirs)
    return sum(waiting.values()) + sum(chunks.values()) + dead


def forget_files(workspace_id: int, theirs: Theirs) -> None:
    """Takes their messages out of what the workspace's destinations keep on this server."""
    for destination in Destination.objects.filter(workspace_id=workspace_id):
        entry = catalog().get(destination.slug)
        if entry is not None and entry.forget is not None:
            entry.forget(theirs.own, destination.settings)


def _forget_waiting(workspace_id: int, persons: Sequence[str], until: int) -> dict[int, int]:
    """By destination, how many rows went."""
    gone: dict[int, int] = {}
    remaining = iter(persons)
    while group := list(islice(remaining, _ROWS)):
        marks = ", ".join(["%s"] * len(group))
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM connections_waitingdelivery WHERE workspace_id = %s AND queued_at <= %s "  # noqa: S608
                f"AND person IN ({marks}) RETURNING destination_id",
                [workspace_id, until, *group],
            )
            for (destination_id,) in cursor.fetchall():
                gone[destination_id] = gone.get(destination_id, 0) + 1
    return gone


def _forget_queued(workspace_id: int, persons: Collection[str], theirs: Theirs) -> dict[int, int]:
    """By destination, how many chunks were changed. A message that goes leaves an empty one in its place: the rest is counted."""
    changed: dict[int, int] = {}
    for chunk_id, destination_id, blob in _rows("connections_outboxchunk", "destination_id, messages", workspace_id):
        messages = outbox.unpack(bytes(blob))
        kept = [outbox.GONE if _is_theirs(one, persons, theirs) else one for one in messages]
        if all(one is not outbox.GONE for one in kept):
            continue
        packed = outbox.pack([outbox.line(one) for one in kept])
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE connections_outboxchunk SET messages = %s WHERE id = %s", [packed, chunk_id])
        changed[destination_id] = changed.get(destination_id, 0) + 1
    return changed


def _forget_dead(workspace_id: int, persons: Collection[str], theirs: Theirs) -> int:
    gone = [
        row_id
        for row_id, blob, detail in _rows("connections_deadletter", "message, detail", workspace_id)
        if _is_theirs(outbox.read_line(bytes(blob)), persons, theirs) or theirs.named_in(detail.encode())
    ]
    for start in range(0, len(gone), _ROWS):
        group = gone[start : start + _ROWS]
        with connection.cursor() as cursor:
            marks = ", ".join(["%s"] * len(group))
            cursor.execute(f"DELETE FROM connections_deadletter WHERE id IN ({marks})", group)  # noqa: S608
    return len(gone)


def _is_theirs(message: Outgoing, persons: Collection[str], theirs: Theirs) -> bool:
    if message.received_at > theirs.until or message is outbox.GONE:
        return False
    return message.person in persons or theirs.own(message.body, outbox.line(message), message.received_at)


def _rows(table: str, columns: str, workspace_id: int) -> Iterator[tuple[Any, ...]]:
    """The rows that are there, in the order of their ids, a few at a time: each may hold hundreds of messages."""
    last = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT t.id, {columns} FROM {table} AS t WHERE t.workspace_id = %s AND t.id > %s "  # noqa: S608
                "ORDER BY t.id LIMIT %s",
                [workspace_id, last, _ROWS],
            )
            rows = cursor.fetchall()
        if not rows:
            return
        yield from rows
        last = rows[-1][0]
