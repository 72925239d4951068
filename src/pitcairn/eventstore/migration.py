"""Bringing an event store to the schema: tables and columns that it lacks, and what an older store kept elsewhere."""

from pitcairn.eventstore import browse_queries
from pitcairn.eventstore.connection import Connection
from pitcairn.eventstore.ddl import SHARD_SUFFIX, add_columns, create_all, drop, empty, fill_view
from pitcairn.eventstore.schema import FORMER_EVENTS, TABLES, VIEWS


def migrate(connection: Connection) -> None:
    """Create what the schema has and the store lacks; what `EventStore.migrate` promises."""
    cluster = connection.address.cluster
    there: dict[str, set[str]] = {}
    for name, column in connection.rows(browse_queries.COLUMNS, {}):
        there.setdefault(name, set()).add(column)
    is_older = FORMER_EVENTS in there
    with connection.writing() as client:
        if is_older:
            client.command(drop("VIEW", f"{FORMER_EVENTS}_view", cluster))
        for statement in create_all(cluster):
            client.command(statement)
    for table in TABLES:
        for statement in add_columns(table, there.get(table.name, {one.name for one in table.columns}), cluster):
            with connection.writing() as client:
                client.command(statement)
    if is_older:
        _fill_views(connection)


def _fill_views(connection: Connection) -> None:
    """Give an older store's messages to the tables that follow them; the former one goes last, so that none is missed."""
    cluster = connection.address.cluster
    with connection.writing() as client:
        for view in VIEWS:
            client.command(empty(view.target, cluster))
            client.command(fill_view(view), settings={"max_partitions_per_insert_block": "0"})
        for name in (FORMER_EVENTS, FORMER_EVENTS + SHARD_SUFFIX):
            client.command(drop("TABLE", name, cluster))
