"""Data definition: the schema's tables written out for one server or for a cluster.

On one server a table is a MergeTree of its own name. In a cluster that name is a `Distributed` table over
`<name>_shard`, a replicated MergeTree on every shard, so that every query and every insert keeps its text.
"""

import itertools
from collections.abc import Container, Iterator

from pitcairn.eventstore.schema import TABLE_SETTINGS, TABLES, VIEWS, Table, View

SHARD_SUFFIX = "_shard"


def identifier(name: str) -> str:
    """Quote a name for SQL."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def storage_name(table: Table, cluster: str = "") -> str:
    """The table that holds the rows: what deletes and alterations go to."""
    return table.name + SHARD_SUFFIX if cluster else table.name


def _on_cluster(cluster: str) -> str:
    return f" ON CLUSTER {identifier(cluster)}" if cluster else ""


def _engine(table: Table, cluster: str) -> str:
    if not cluster:
        return table.engine
    # {shard} and {replica} are macros of each server's own configuration; {database} and {table} are built in.
    return f"Replicated{table.engine}('/clickhouse/tables/{{shard}}/{{database}}/{{table}}', '{{replica}}')"


def create_storage(table: Table, cluster: str = "") -> str:
    """The statement that makes the table holding the rows."""
    body = ",\n    ".join([column.ddl() for column in table.columns] + [index.ddl() for index in table.indexes])
    lines = [
        f"CREATE TABLE IF NOT EXISTS {identifier(storage_name(table, cluster))}{_on_cluster(cluster)}",
        f"(\n    {body}\n)",
        f"ENGINE = {_engine(table, cluster)}",
    ]
    if table.partition_by:
        lines.append(f"PARTITION BY {table.partition_by}")
    lines.append(f"ORDER BY ({table.order_by})")
    lines.append(f"SETTINGS {', '.join(TABLE_SETTINGS + table.settings)}")
    return "\n".join(lines)


def create_distributed(table: Table, cluster: str) -> str:
    """The statement that makes the cluster-wide face of a table, under the name that queries use."""
    storage = identifier(storage_name(table, cluster))
    return (
        f"CREATE TABLE IF NOT EXISTS {identifier(table.name)}{_on_cluster(cluster)} AS {storage}\n"
        f"ENGINE = Distributed({identifier(cluster)}, currentDatabase(), {storage}, {table.shard_by})"
    )


def create_view(view: View, cluster: str = "") -> str:
    """The statement that makes a view. In a cluster it works shard by shard, beside the rows it reads."""
    columns = ", ".join(f"{expression} AS {identifier(name)}" for name, expression in view.expressions)
    return (
        f"CREATE MATERIALIZED VIEW IF NOT EXISTS {identifier(view.name)}{_on_cluster(cluster)} "
        f"TO {identifier(storage_name(view.target, cluster))}\n"
        f"AS SELECT {columns}\n"
        f"FROM {identifier(storage_name(view.source, cluster))} AS {identifier(view.source.name)}\n"
        f"WHERE {view.condition}"
    )


def add_columns(table: Table, there: Container[str], cluster: str = "") -> Iterator[str]:
    """The statements that give an older table the columns it lacks, in their places. Old rows have empty values there."""
    names = [storage_name(table, cluster), table.name] if cluster else [table.name]
    for before, column in itertools.pairwise(table.columns):
        if column.name not in there:
            for name in names:
                yield (
                    f"ALTER TABLE {identifier(name)}{_on_cluster(cluster)} "
                    f"ADD COLUMN IF NOT EXISTS {column.ddl()} AFTER {identifier(before.name)}"
                )


def create_database(name: str, cluster: str = "") -> str:
    return f"CREATE DATABASE IF NOT EXISTS {identifier(name)}{_on_cluster(cluster)}"


def create_all(cluster: str = "") -> Iterator[str]:
    """Every statement that makes the schema from nothing; each may be repeated."""
    for table in TABLES:
        yield create_storage(table, cluster)
        if cluster:
            yield create_distributed(table, cluster)
    for view in VIEWS:
        yield create_view(view, cluster)


def fill_view(view: View) -> str:
    """The statement that gives a view's target the rows that came into its source before there was the view."""
    columns = ", ".join(identifier(name) for name, _ in view.expressions)
    return (
        f"INSERT INTO {identifier(view.target.name)} ({columns})\n"
        f"SELECT {', '.join(expression for _, expression in view.expressions)}\n"
        f"FROM {identifier(view.source.name)} AS {identifier(view.source.name)}\nWHERE {view.condition}"
    )


def drop(kind: str, name: str, cluster: str = "") -> str:
    return f"DROP {kind} IF EXISTS {identifier(name)}{_on_cluster(cluster)} SYNC"


def empty(table: Table, cluster: str = "") -> str:
    return f"TRUNCATE TABLE {identifier(storage_name(table, cluster))}{_on_cluster(cluster)}"


def delete_batches_after(table: Table, cluster: str = "") -> str:
    """Delete the rows of batches above the parameter `batch`."""
    place = identifier(storage_name(table, cluster)) + _on_cluster(cluster)
    return f"DELETE FROM {place} WHERE batch > {{batch:UInt64}}"  # noqa: S608 - names of our own schema


def delete_batches(table: Table, cluster: str = "") -> str:
    """Delete the rows of the batches that the parameter `batches` lists."""
    place = identifier(storage_name(table, cluster)) + _on_cluster(cluster)
    return f"DELETE FROM {place} WHERE batch IN {{batches:Array(UInt64)}}"  # noqa: S608 - names of our own schema
