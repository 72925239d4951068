"""Removes what is queued for destinations that are no more."""

from __future__ import annotations

from django.db import connection

_TABLES = ("outboxchunk", "chunkprogress", "waitingdelivery", "deadletter", "deliverystate", "replay")


def forget_deleted() -> None:
    """Nobody can ask for these rows any more. Looks at each destination once, whatever the length of its queue."""
    with connection.cursor() as cursor:
        for table in _TABLES:
            cursor.execute(
                f"SELECT DISTINCT t.destination_id FROM connections_{table} AS t "  # noqa: S608 - names of our own tables
                "WHERE NOT EXISTS (SELECT 1 FROM connections_destination AS d WHERE d.id = t.destination_id)"
            )
            for (destination_id,) in cursor.fetchall():
                cursor.execute(f"DELETE FROM connections_{table} WHERE destination_id = %s", [destination_id])  # noqa: S608
