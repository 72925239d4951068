"""Erasing people from the event store, table by table: the statements, and their order.

A row of `deliveries` is about many messages and stays, for the counts; what was sent and answered goes out of it.
"""

from typing import Any

from pitcairn.eventstore.connection import Connection
from pitcairn.eventstore.ddl import identifier, storage_name
from pitcairn.eventstore.schema import (
    DELIVERIES,
    EVENTS,
    EXPOSURES,
    MEMBERSHIPS,
    MESSAGES,
    PEOPLE,
    PROFILE_EVENTS,
    REFUSALS,
    TABLES,
    Table,
)

_WORKSPACE = "workspace_id = {workspace_id:UInt32}"
_PROFILES = "profile_id IN {profile_ids:Array(UInt64)}"
# By the user id only up to the request: who may come back has later messages under the same id.
_USERS = "(user_id IN {user_ids:Array(String)} AND received_at <= fromUnixTimestamp64Milli({until:Int64}, 'UTC'))"
# A message that was given no profile is its user's, and without a user that of its anonymous id.
_BROWSERS = (
    "(user_id = '' AND anonymous_id IN {anonymous_ids:Array(String)} "
    "AND received_at <= fromUnixTimestamp64Milli({until:Int64}, 'UTC'))"
)
_THEIRS = f"({_PROFILES} OR {_USERS} OR (profile_id = 0 AND {_BROWSERS}))"
_NAMED = "arrayExists(email -> positionCaseInsensitiveUTF8(%s, email) > 0, {emails:Array(String)})"
_REFUSED = (
    f"({_USERS} OR {_BROWSERS} OR ({_NAMED % 'concat(message, detail)'} "
    "AND received_at <= fromUnixTimestamp64Milli({until:Int64}, 'UTC')))"
)
_NAMING = _NAMED % "concat(request, response, detail)"
_DELIVERED = "hasAny(message_ids, {message_ids:Array(String)}) AND (request != '' OR response != '')"

ERASED: tuple[tuple[Table, str], ...] = (
    (EVENTS, f"({_PROFILES} OR (profile_id = 0 AND message_id IN {{loose_ids:Array(String)}}))"),
    (PROFILE_EVENTS, _PROFILES),
    (PEOPLE, _PROFILES),
    (MEMBERSHIPS, _PROFILES),
    (EXPOSURES, _PROFILES),
    (REFUSALS, _REFUSED),
    (MESSAGES, _THEIRS),
)
"""The tables that say who somebody is, and which of their rows are somebody's. `merges` holds numbers alone.

Messages go last: their ids say which deliveries were theirs, also when an erasure is taken up again.
"""

IDS_AT_ONCE = 5_000
"""Message ids in one query: they travel as a parameter."""

MESSAGE_IDS = f"SELECT DISTINCT messages.message_id FROM messages WHERE messages.{_WORKSPACE} AND {_THEIRS}"  # noqa: S608
LOOSE_IDS = f"{MESSAGE_IDS} AND messages.profile_id = 0"
"""Those that were given no profile."""
DELIVERED = f"SELECT count() FROM deliveries WHERE {_WORKSPACE} AND {_DELIVERED}"  # noqa: S608 - fragments of this module


def count_rows(table: Table, condition: str) -> str:
    """How many rows an erasure would delete: where there are none, none is begun."""
    return f"SELECT count() FROM {identifier(table.name)} WHERE {_WORKSPACE} AND {condition}"  # noqa: S608


def erase_rows(table: Table, condition: str, cluster: str = "") -> str:
    """Delete what the parameters `workspace_id`, `profile_ids` and `user_ids` name."""
    return f"DELETE FROM {_place(table, cluster)} WHERE {_WORKSPACE} AND {condition}"  # noqa: S608


def blank_deliveries(cluster: str = "") -> str:
    """Take what was sent and answered out of the deliveries that carried the messages of the parameter `message_ids`."""
    place = _place(DELIVERIES, cluster)
    return f"ALTER TABLE {place} UPDATE request = '', response = '' WHERE {_WORKSPACE} AND {_DELIVERED}"


DELIVERED_NAMING = f"SELECT count() FROM deliveries WHERE {_WORKSPACE} AND {_NAMING}"  # noqa: S608


def blank_naming_deliveries(cluster: str = "") -> str:
    """The same for the deliveries that name one of the parameter `emails`: what this server sent of its own accord, say."""
    place = _place(DELIVERIES, cluster)
    return f"ALTER TABLE {place} UPDATE request = '', response = '', detail = '' WHERE {_WORKSPACE} AND {_NAMING}"


TO_CLEAN = """
SELECT parts.table FROM system.parts AS parts
WHERE parts.database = currentDatabase() AND parts.active AND parts.has_lightweight_delete
UNION DISTINCT
SELECT mutations.table FROM system.mutations AS mutations
WHERE mutations.database = currentDatabase() AND mutations.command NOT LIKE '%APPLY DELETED MASK%'
"""
"""The tables whose files still hold what was erased: rows that are only marked as deleted, or the statement that named whom."""


def forget_statements(table: Table, cluster: str = "") -> str:
    """Have the engine keep no statement that deleted something once another has followed it; by itself it keeps a hundred."""
    return f"ALTER TABLE {_place(table, cluster)} MODIFY SETTING finished_mutations_to_keep = 1"


def apply_mask(table: Table, cluster: str = "") -> str:
    """Rewrite the files of a table without the rows that are deleted. The old files go minutes later."""
    return f"ALTER TABLE {_place(table, cluster)} APPLY DELETED MASK"


def erase(connection: Connection, who: dict[str, Any]) -> None:
    """Erase everywhere what `EventStore.erase` promises of the parameters `who`.

    They are `workspace_id`, `profile_ids`, `user_ids`, `until`, `anonymous_ids` and `emails`.
    """
    cluster = connection.address.cluster
    message_ids = [row[0] for row in connection.rows(MESSAGE_IDS, who)]
    for start in range(0, len(message_ids), IDS_AT_ONCE):
        theirs = {"workspace_id": who["workspace_id"], "message_ids": message_ids[start : start + IDS_AT_ONCE]}
        _blank(connection, DELIVERED, blank_deliveries(cluster), theirs)
    if who["emails"]:
        _blank(connection, DELIVERED_NAMING, blank_naming_deliveries(cluster), who)
    who = {**who, "loose_ids": [row[0] for row in connection.rows(LOOSE_IDS, who)]}
    for table, condition in ERASED:
        if connection.rows(count_rows(table, condition), who)[0][0]:
            with connection.writing() as client:
                statement = erase_rows(table, condition, cluster)
                client.command(statement, parameters=who, settings={"lightweight_deletes_sync": "2"})


def erase_files(connection: Connection) -> None:
    """Begin to take what was erased out of the files; what `EventStore.erase_files` promises."""
    cluster = connection.address.cluster
    to_clean = {row[0] for row in connection.rows(TO_CLEAN, {})}
    for table in TABLES:
        if storage_name(table, cluster) in to_clean:
            with connection.writing() as client:
                client.command(forget_statements(table, cluster))
                client.command(apply_mask(table, cluster), settings={"mutations_sync": "0"})


def _blank(connection: Connection, count: str, statement: str, who: dict[str, Any]) -> None:
    if connection.rows(count, who)[0][0]:
        with connection.writing() as client:
            client.command(statement, parameters=who, settings={"mutations_sync": "2"})


def _place(table: Table, cluster: str) -> str:
    return identifier(storage_name(table, cluster)) + (f" ON CLUSTER {identifier(cluster)}" if cluster else "")
