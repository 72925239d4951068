"""The event store: every message, refusal, exposure and merge, in columns to scan.

Here it is opened, written to and forgotten from. What it tells is in the modules of its parts: messages, audiences,
deliveries, results and health.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from pitcairn.eventstore import browse_queries, erasure, migration
from pitcairn.eventstore.audiences import AudienceReads
from pitcairn.eventstore.connection import Address, Connection
from pitcairn.eventstore.ddl import delete_batches, delete_batches_after, storage_name
from pitcairn.eventstore.deliveries import DeliveryReads
from pitcairn.eventstore.errors import EventStoreError
from pitcairn.eventstore.health import HealthReads
from pitcairn.eventstore.hosted import HostedReads
from pitcairn.eventstore.messages import MessageReads
from pitcairn.eventstore.records import TableTotal
from pitcairn.eventstore.results import ResultReads
from pitcairn.eventstore.schema import TABLES, WRITTEN

_TABLES = {table.name: table for table in TABLES}
_WRITTEN = {table.name for table in WRITTEN}

# Written out, because a server's own defaults differ from version to version and from installation to installation.
INSERT_SETTINGS = {
    # The call returns when the rows are stored, not when they are queued.
    "async_insert": "0",
    "distributed_foreground_insert": "1",
    # One reader makes one block, and so one part for each month.
    "input_format_parallel_parsing": "0",
    "date_time_input_format": "best_effort",
    # A misspelt column or a null where a value must be is an error, not a silently stored default.
    "input_format_skip_unknown_fields": "0",
    "input_format_null_as_default": "0",
}
_encoder = msgspec.json.Encoder()


class EventStore(MessageReads, AudienceReads, DeliveryReads, ResultReads, HostedReads, HealthReads):
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
        """Create what the schema has and the store lacks. May be repeated, and goes on where it was cut off.

        Nothing that was written is removed.
        """
        migration.migrate(self._connection)

    @property
    def embedded(self) -> bool:
        """The engine is in this process: when a call has returned, or the process is gone, nothing of it comes later."""
        return self._connection.address.folder is not None

    def version(self) -> str:
        """ClickHouse's version, such as `26.9.2.1`."""
        with self._connection.reading() as client:
            return str(client.server_version)

    def ping(self) -> None:
        """Return when the store answers a query; raise EventStoreUnavailable otherwise."""
        self._rows("SELECT 1", {})

    def insert(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Store rows as one block: all of them are on the disk when it returns.

        When it raises, or is cut off, some may be there: those of another month, or all when only the answer was lost.
        Forget the batch before writing it again.

        Times are seconds since 1970 as a number, ISO texts, or datetimes with a zone. A column left out takes its empty
        value. Raises EventStoreError for an unknown column or a value of the wrong type.
        """
        if table not in _WRITTEN:
            names = ", ".join(sorted(_WRITTEN))
            raise EventStoreError(f"nothing can be inserted into {table!r}; the event store's tables are {names}")
        if rows:
            self._connection.insert_block(table, _encoder.encode_lines(rows), INSERT_SETTINGS)

    def forget_batches_after(self, batch: int) -> None:
        """Delete the rows of every batch above `batch` from all tables; they are gone when it returns."""
        found = {name for (name,) in self._rows(browse_queries.TABLES_WITH_BATCHES_AFTER, {"batch": batch})}
        for name in sorted(found):
            with self._connection.writing() as client:
                statement = delete_batches_after(_TABLES[name], self._connection.address.cluster)
                client.command(statement, parameters={"batch": batch}, settings={"lightweight_deletes_sync": "2"})

    def forget_batches(self, batches: Sequence[int]) -> None:
        """Delete the rows of these batches from all tables; they are gone when it returns."""
        parameters = {"batches": list(batches)}
        found = {name for (name,) in self._rows(browse_queries.TABLES_WITH_BATCHES, parameters)}
        for name in sorted(found):
            with self._connection.writing() as client:
                statement = delete_batches(_TABLES[name], self._connection.address.cluster)
                client.command(statement, parameters=parameters, settings={"lightweight_deletes_sync": "2"})

    def erase(
        self,
        workspace_id: int,
        profile_ids: Sequence[int],
        user_ids: Sequence[str],
        until: int,
        *,
        anonymous_ids: Sequence[str] = (),
        emails: Sequence[str] = (),
    ) -> None:
        """Delete everything of these profiles, and of these ids what was received until then (ms since 1970).

        What was delivered or refused and names one of the emails goes as well. Nothing of it is found when this returns;
        its bytes go with `erase_files`. May be repeated, and goes on where it was cut off.
        """
        who = {
            "workspace_id": workspace_id, "profile_ids": list(profile_ids), "user_ids": list(user_ids), "until": until,
            "anonymous_ids": list(anonymous_ids), "emails": list(emails),
        }  # fmt: skip
        erasure.erase(self._connection, who)

    def erase_files(self) -> None:
        """Have what was erased taken out of the store's files: it begins now, and is done minutes later.

        Costs what rewriting the files with deleted rows costs, so it is for now and then.
        """
        erasure.erase_files(self._connection)

    def last_batch(self) -> int:
        """The highest batch number in any table; 0 when there is none."""
        return int(self._rows(browse_queries.LAST_BATCH, {})[0][0])

    def totals(self) -> list[TableTotal]:
        """Rows and bytes of every table, in the schema's order."""
        cluster = self._connection.address.cluster
        rows = dict(self._rows(browse_queries.ROW_COUNTS, {}))
        query, parameters = (
            (browse_queries.CLUSTER_BYTES, {"cluster": cluster}) if cluster else (browse_queries.BYTES, {})
        )
        sizes = dict(self._rows(query, parameters))
        return [
            TableTotal(table=table.name, rows=rows[table.name], bytes=sizes.get(storage_name(table, cluster), 0))
            for table in TABLES
        ]

    def _rows(self, query: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        return self._connection.rows(query, parameters)

    def _numbers(self, query: str) -> NDArray[np.uint64]:
        return self._connection.numbers(query)
