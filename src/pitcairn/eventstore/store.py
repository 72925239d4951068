"""The event store: every message, refusal, exposure and merge, in columns to scan."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from pitcairn.eventstore import browse_queries, delivery_queries, erasure, profile_queries
from pitcairn.eventstore.audiences import AudienceReads
from pitcairn.eventstore.connection import Address, Connection, numbers_of, rows_of
from pitcairn.eventstore.ddl import (
    SHARD_SUFFIX,
    add_columns,
    create_all,
    delete_batches,
    delete_batches_after,
    drop,
    empty,
    fill_view,
    storage_name,
)
from pitcairn.eventstore.deliveries import DeliveryReads
from pitcairn.eventstore.errors import EventStoreError
from pitcairn.eventstore.records import (
    EventDay,
    EventName,
    Refusal,
    SourceActivity,
    StoredMessage,
    TableTotal,
    from_ms,
    maybe_from_ms,
    to_ms,
)
from pitcairn.eventstore.results import ResultReads
from pitcairn.eventstore.schema import FORMER_EVENTS, TABLES, VIEWS, WRITTEN

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
_FOREVER_MS = 253_402_300_800_000
# How far back a newest-first query looks before it looks further.
_SPANS = (timedelta(hours=1), timedelta(days=1), timedelta(days=31))
_encoder = msgspec.json.Encoder()


class EventStore(AudienceReads, DeliveryReads, ResultReads):
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
        cluster = self._connection.address.cluster
        there: dict[str, set[str]] = {}
        for name, column in self._rows(browse_queries.COLUMNS, {}):
            there.setdefault(name, set()).add(column)
        is_older = FORMER_EVENTS in there
        with self._connection.writing() as client:
            if is_older:
                client.command(drop("VIEW", f"{FORMER_EVENTS}_view", cluster))
            for statement in create_all(cluster):
                client.command(statement)
        for table in TABLES:
            for statement in add_columns(table, there.get(table.name, {one.name for one in table.columns}), cluster):
                with self._connection.writing() as client:
                    client.command(statement)
        if is_older:
            self._fill_views()

    def _fill_views(self) -> None:
        """Give an older store's messages to the tables that follow them; the former one goes last, so that none is missed."""
        cluster = self._connection.address.cluster
        with self._connection.writing() as client:
            for view in VIEWS:
                client.command(empty(view.target, cluster))
                client.command(fill_view(view), settings={"max_partitions_per_insert_block": "0"})
            for name in (FORMER_EVENTS, FORMER_EVENTS + SHARD_SUFFIX):
                client.command(drop("TABLE", name, cluster))

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
        cluster = self._connection.address.cluster
        message_ids = [row[0] for row in self._rows(erasure.MESSAGE_IDS, who)]
        for start in range(0, len(message_ids), erasure.IDS_AT_ONCE):
            theirs = {"workspace_id": workspace_id, "message_ids": message_ids[start : start + erasure.IDS_AT_ONCE]}
            self._blank(erasure.DELIVERED, erasure.blank_deliveries(cluster), theirs)
        if emails:
            self._blank(erasure.DELIVERED_NAMING, erasure.blank_naming_deliveries(cluster), who)
        who["loose_ids"] = [row[0] for row in self._rows(erasure.LOOSE_IDS, who)]
        for table, condition in erasure.ERASED:
            if self._rows(erasure.count_rows(table, condition), who)[0][0]:
                with self._connection.writing() as client:
                    statement = erasure.erase_rows(table, condition, cluster)
                    client.command(statement, parameters=who, settings={"lightweight_deletes_sync": "2"})

    def _blank(self, count: str, statement: str, who: dict[str, Any]) -> None:
        if self._rows(count, who)[0][0]:
            with self._connection.writing() as client:
                client.command(statement, parameters=who, settings={"mutations_sync": "2"})

    def erase_files(self) -> None:
        """Have what was erased taken out of the store's files: it begins now, and is done minutes later.

        Costs what rewriting the files with deleted rows costs, so it is for now and then.
        """
        cluster = self._connection.address.cluster
        to_clean = {row[0] for row in self._rows(erasure.TO_CLEAN, {})}
        for table in TABLES:
            if storage_name(table, cluster) in to_clean:
                with self._connection.writing() as client:
                    client.command(erasure.forget_statements(table, cluster))
                    client.command(erasure.apply_mask(table, cluster), settings={"mutations_sync": "0"})

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
        """Accepted messages, newest received first, with `after` <= receivedAt < `before`.

        `search` is looked for, whatever its case, in names, ids, properties, traits and context.
        """
        parameters = {
            "workspace_id": workspace_id,
            "search": search,
            "source_id": source_id or 0,
            "message_id": message_id or "",
            "type": type or "",
        }
        return [_message(row) for row in self._newest(browse_queries.MESSAGES, parameters, limit, before, after)]

    def refusals(
        self,
        workspace_id: int,
        *,
        limit: int = 100,
        before: datetime | None = None,
        after: datetime | None = None,
        search: str = "",
        source_id: int | None = None,
        message_id: str | None = None,
        type: str | None = None,  # noqa: A002
        reason: str | None = None,
    ) -> list[Refusal]:
        """Messages that were not accepted, newest first; the filters are those of `messages`, and the reason."""
        parameters = {
            "workspace_id": workspace_id,
            "search": search,
            "source_id": source_id or 0,
            "message_id": message_id or "",
            "type": type or "",
            "reason": reason or "",
        }
        return [_refusal(row) for row in self._newest(browse_queries.REFUSALS, parameters, limit, before, after)]

    def timeline(
        self,
        workspace_id: int,
        profile_ids: Sequence[int],
        limit: int = 100,
        *,
        type: str = "",  # noqa: A002 - the wire's word
        event: str = "",
        search: str = "",
        before: tuple[int, int, str] | None = None,
    ) -> list[StoredMessage]:
        """The messages of these profiles, newest by their own timestamp first.

        `before` goes on after the last message of an earlier page: its timestamp and receipt (ms since 1970) and its id.
        """
        timestamp, received_at, message_id = before or (_FOREVER_MS, _FOREVER_MS, "")
        parameters = {
            "workspace_id": workspace_id,
            "profile_ids": list(profile_ids),
            "limit": limit,
            "type": type,
            "event": event,
            "search": search,
            "before": timestamp,
            "before_received": received_at,
            "before_id": message_id,
        }
        return [_message(row) for row in self._rows(browse_queries.TIMELINE, parameters)]

    def profile_events(
        self,
        workspace_id: int,
        profile_ids: Sequence[int],
        start: int,
        end: int,
        limit: int,
        *,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        ascending: bool = False,
        after: tuple[int, str] | None = None,
    ) -> list[StoredMessage]:
        """The Track messages of these profiles with `start` <= timestamp < `end` (ms since 1970), newest first or oldest.

        `include` and `exclude` are event names; `after` goes on after the timestamp and id of the last one seen.
        """
        beyond = (-1, "") if ascending else (_FOREVER_MS, "")
        at, message_id = after or beyond
        parameters = {
            "workspace_id": workspace_id,
            "profile_ids": list(profile_ids),
            "start": start,
            "end": end,
            "include": list(include),
            "exclude": list(exclude),
            "at": at,
            "message_id": message_id,
            "limit": limit,
        }
        text = profile_queries.EVENTS_OLDEST_FIRST if ascending else profile_queries.EVENTS_NEWEST_FIRST
        return [_message(row) for row in self._rows(text, parameters)]

    def events_of(self, workspace_id: int, profile_ids: Sequence[int], limit: int = 200) -> list[tuple[str, str, int]]:
        """What these profiles did: type, event and how often, the most frequent first."""
        parameters = {"workspace_id": workspace_id, "profile_ids": list(profile_ids), "limit": limit}
        return [(row[0], row[1], row[2]) for row in self._rows(browse_queries.EVENTS_OF_PROFILES, parameters)]

    def replayed(
        self, workspace_id: int, source_ids: Sequence[int], start: datetime, end: datetime, limit: int
    ) -> tuple[list[StoredMessage], datetime]:
        """The next messages received from `start` on, oldest first, and from where to go on; that is `end` at the end.

        A few more than `limit`: messages of one receipt stay together.
        """
        until = to_ms(end)
        parameters = {"workspace_id": workspace_id, "source_ids": list(source_ids), "start": to_ms(start)}
        found = self._rows(delivery_queries.REPLAY_PAGE_END, {**parameters, "end": until, "limit": limit})
        if found:
            until = max(found[0][0], to_ms(start) + 1)
        rows = self._rows(browse_queries.REPLAYED, {**parameters, "end": until})
        return [_message(row) for row in rows], from_ms(until)

    def source_activity(self, workspace_id: int) -> dict[int, SourceActivity]:
        """Each source from which anything ever came; the counts are of the last 24 hours."""
        parameters = {"workspace_id": workspace_id, "since": to_ms(datetime.now(UTC) - timedelta(hours=24))}
        accepted = {row[0]: row[1:] for row in self._rows(browse_queries.SOURCE_MESSAGES, parameters)}
        refused = {row[0]: row[1:] for row in self._rows(browse_queries.SOURCE_REFUSALS, parameters)}
        nothing = (None, 0)
        activity = {}
        for source_id in accepted.keys() | refused.keys():
            last_accepted, messages_24h = accepted.get(source_id, nothing)
            last_refused, refused_24h = refused.get(source_id, nothing)
            last = max(ms for ms in (last_accepted, last_refused) if ms is not None)
            activity[source_id] = SourceActivity(
                last_received_at=from_ms(last), messages_24h=messages_24h, refused_24h=refused_24h
            )
        return activity

    def event_names(self, workspace_id: int, limit: int = 1000) -> list[EventName]:
        """The Track events seen, most frequent first."""
        rows = self._rows(browse_queries.EVENT_NAMES, {"workspace_id": workspace_id, "limit": limit})
        return [EventName(event=event, count=count) for event, count in rows]

    def event_days(
        self, workspace_id: int, source_id: int, since: datetime, only: tuple[str, str] | None = None
    ) -> list[EventDay]:
        """How many messages the source sent on each UTC day since, by type and name; `only` one (type, name). In no order."""
        kind, event = only or ("", "")
        parameters = {
            "workspace_id": workspace_id,
            "source_id": source_id,
            "since": to_ms(since),
            "all": only is None,
            "type": kind,
            "event": event,
        }
        return [
            EventDay(type=kind, event=event, day=day, count=count)
            for kind, event, day, count in self._rows(browse_queries.EVENT_DAYS, parameters)
        ]

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

    def _newest(
        self,
        query: str,
        parameters: dict[str, Any],
        limit: int,
        before: datetime | None,
        after: datetime | None,
    ) -> list[tuple[Any, ...]]:
        """Run a newest-first query over a short span first and over longer ones only while rows are missing.

        Rows lie in order of person, not of time, but each part of a table knows its earliest and latest receipt: a
        short span opens the few newest parts, where everything at once would read a column of the whole workspace.
        """
        end = _FOREVER_MS if before is None else to_ms(before)
        floor = 0 if after is None else max(0, to_ms(after))
        now = min(end, to_ms(datetime.now(UTC)))
        rows: list[tuple[Any, ...]] = []
        for span in (*_SPANS, None):
            start = floor if span is None else max(floor, now - span // timedelta(milliseconds=1))
            if start < end:
                bounds = {"after": start, "before": end, "limit": limit - len(rows)}
                rows += self._rows(query, {**parameters, **bounds})
            if len(rows) >= limit or start <= floor:
                break
            end = min(end, start)
        return rows

    def _rows(self, query: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        with self._connection.reading() as client:
            return rows_of(client, query, parameters)

    def _numbers(self, query: str) -> NDArray[np.uint64]:
        with self._connection.reading() as client:
            return numbers_of(client, query)


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
        routed_to=list(row[21]),
        violation=row[22],
    )


def _refusal(row: tuple[Any, ...]) -> Refusal:
    return Refusal(
        workspace_id=row[0],
        source_id=row[1],
        batch=row[2],
        received_at=from_ms(row[3]),
        reason=row[4],
        detail=row[5],
        type=row[6],
        event=row[7],
        message_id=row[8],
        user_id=row[9],
        anonymous_id=row[10],
        message=row[11],
    )
