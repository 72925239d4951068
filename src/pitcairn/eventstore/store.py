"""The event store: every message, refusal, exposure and merge, in columns to scan."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from pitcairn.eventstore import browse_queries
from pitcairn.eventstore.connection import Address, Connection, rows_of
from pitcairn.eventstore.ddl import create_all, delete_batches_after
from pitcairn.eventstore.errors import EventStoreError
from pitcairn.eventstore.records import StoredMessage, from_ms, maybe_from_ms, to_ms
from pitcairn.eventstore.schema import TABLES

_TABLES = {table.name: table for table in TABLES}

# Written out, because a server's own defaults differ from version to version and from installation to installation.
INSERT_SETTINGS = {
    # The call returns when the rows are stored, not when they are queued.
    "async_insert": "0",
    "distributed_foreground_insert": "1",
    # A batch that is written again after its rows were deleted is the same block to the byte. A replicated table would
    # take it for a repetition and drop it.
    "insert_deduplicate": "0",
    "date_time_input_format": "best_effort",
    # A misspelt column or a null where a value must be is an error, not a silently stored default.
    "input_format_skip_unknown_fields": "0",
    "input_format_null_as_default": "0",
}
_FOREVER_MS = 253_402_300_800_000
_encoder = msgspec.json.Encoder()


class EventStore:
    """One event store, embedded or a server. Thread-safe; close it when done."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @classmethod
    def open(cls, url: str) -> "EventStore":
        """Open the store at `chdb:///folder` or `http[s]://user:password@host:port/database`.

        Raises EventStoreBusy when another process has the folder, EventStoreUnavailable when the server does not
        answer, EventStoreError for an address that is none.
        """
        return cls(Connection(Address.parse(url)))

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> "EventStore":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def migrate(self) -> None:
        """Create what the schema has and the store lacks. May be repeated; never removes anything."""
        with self._connection.writing() as client:
            for statement in create_all(self._connection.address.cluster):
                client.command(statement)

    def version(self) -> str:
        """ClickHouse's version, such as `26.9.2.1`."""
        with self._connection.reading() as client:
            return str(client.server_version)

    def ping(self) -> None:
        """Return when the store answers a query; raise EventStoreUnavailable otherwise."""
        self._rows("SELECT 1", {})

    def insert(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Store rows as one block: all of them are there when it returns, none when it raises.

        Times are seconds since 1970 as a number, ISO texts, or datetimes with a zone. A column left out takes its empty
        value. Raises EventStoreError for an unknown column or a value of the wrong type.
        """
        if table not in _TABLES:
            raise EventStoreError(f"the event store has no table {table!r}; it has {', '.join(_TABLES)}")
        if rows:
            self._connection.insert_block(table, _encoder.encode_lines(rows), INSERT_SETTINGS)

    def forget_batches_after(self, batch: int) -> None:
        """Delete the rows of every batch above `batch` from all tables; they are gone when it returns."""
        found = {name for (name,) in self._rows(browse_queries.TABLES_WITH_BATCHES_AFTER, {"batch": batch})}
        for name in sorted(found):
            with self._connection.writing() as client:
                statement = delete_batches_after(_TABLES[name], self._connection.address.cluster)
                client.command(statement, parameters={"batch": batch}, settings={"lightweight_deletes_sync": "2"})

    def last_batch(self) -> int:
        """The highest batch number in any table; 0 when there is none."""
        return int(self._rows(browse_queries.LAST_BATCH, {})[0][0])

    def messages(
        self,
        workspace_id: int,
        *,
        limit: int = 100,
        before: datetime | None = None,
        after: datetime | None = None,
        search: str = "",
        source_id: int | None = None,
        message_id: str | None = None,
        type: str | None = None,  # noqa: A002 - Segment's word, given by name
    ) -> list[StoredMessage]:
        """Accepted messages, newest received first, with `after` <= receivedAt < `before`."""
        rows = self._rows(
            browse_queries.MESSAGES,
            {
                "workspace_id": workspace_id,
                "limit": limit,
                "before": _FOREVER_MS if before is None else to_ms(before),
                "after": 0 if after is None else to_ms(after),
                "search": search,
                "source_id": source_id or 0,
                "message_id": message_id or "",
                "type": type or "",
            },
        )
        return [_message(row) for row in rows]

    def timeline(self, workspace_id: int, profile_ids: Sequence[int], limit: int = 100) -> list[StoredMessage]:
        """The messages of these profiles, newest by their own timestamp first."""
        parameters = {"workspace_id": workspace_id, "profile_ids": list(profile_ids), "limit": limit}
        return [_message(row) for row in self._rows(browse_queries.TIMELINE, parameters)]

    def _rows(self, query: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        with self._connection.reading() as client:
            return rows_of(client, query, parameters)


def _json(text: str) -> Any:
    return msgspec.json.decode(text) if text else None


def _message(row: tuple[Any, ...]) -> StoredMessage:
    return StoredMessage(
        workspace_id=row[0],
        source_id=row[1],
        profile_id=row[2],
        batch=row[3],
        type=row[4],
        event=row[5],
        message_id=row[6],
        user_id=row[7],
        anonymous_id=row[8],
        timestamp=from_ms(row[9]),
        original_timestamp=maybe_from_ms(row[10]),
        sent_at=maybe_from_ms(row[11]),
        received_at=from_ms(row[12]),
        delivered_to=list(row[13]),
        filtered=_json(row[14]) or {},
        context=_json(row[15]),
        integrations=_json(row[16]),
        properties=_json(row[17]),
        traits=_json(row[18]),
        extra=_json(row[19]) or {},
        retry_count=row[20],
    )
