"""The schema as data, and what is generated from it."""

from pathlib import Path

import pytest

from eventstore.rows import (
    account,
    delivery,
    exposure,
    fresh_workspace,
    membership,
    merge,
    message,
    person,
    refusal,
    vitals,
)
from pitcairn.eventstore import EventStore
from pitcairn.eventstore.browse_queries import LAST_BATCH, ROW_COUNTS, TABLES_WITH_BATCHES_AFTER
from pitcairn.eventstore.connection import Address
from pitcairn.eventstore.ddl import add_columns, create_all, create_database, delete_batches_after
from pitcairn.eventstore.schema import BATCHED, DELIVERIES, MEMBERSHIPS, TABLES, VIEWS, WRITTEN

CLUSTER = "our cluster"
# The whole schema as a cluster gets it, to be read. After a change of the schema, write it anew with
# `python -c "from pitcairn.eventstore.ddl import create_all; print(';\n\n'.join(create_all('our cluster')) + ';')"`.
CLUSTER_TEXT = Path(__file__).with_name("cluster.sql")


def statements(cluster: str) -> list[str]:
    return [
        create_database("events", cluster),
        *create_all(cluster),
        *(delete_batches_after(table, cluster).replace("{batch:UInt64}", "7") for table in BATCHED),
        *(statement for table in TABLES for statement in add_columns(table, (), cluster)),
    ]


@pytest.mark.parametrize("cluster", ["", CLUSTER])
def test_the_engine_parses_every_statement(embedded_store: EventStore, cluster: str) -> None:
    for statement in statements(cluster):
        [(parsed,)] = embedded_store._rows("SELECT formatQuerySingleLine({text:String})", {"text": statement})
        assert ("ON CLUSTER `our cluster`" in parsed) == bool(cluster)
        assert ("Replicated" in parsed) == (
            cluster != "" and statement.startswith("CREATE TABLE") and "CODEC" in parsed
        )


def test_the_cluster_text_is_the_one_that_was_read() -> None:
    assert ";\n\n".join(create_all(CLUSTER)) + ";\n" == CLUSTER_TEXT.read_text()


def test_a_cluster_has_the_same_columns_in_the_same_order_of_rows() -> None:
    plain = [statement for statement in create_all() if " VIEW " not in statement]
    shards = [statement for statement in create_all(CLUSTER) if "Replicated" in statement]
    assert len(plain) == len(shards) == len(TABLES)
    for one, other in zip(plain, shards, strict=True):
        assert one.partition("\n")[2].partition("\nENGINE")[0] == other.partition("\n")[2].partition("\nENGINE")[0]
        assert one.partition("ORDER BY")[2] == other.partition("ORDER BY")[2]
        assert one.partition("PARTITION BY")[2] == other.partition("PARTITION BY")[2]


def test_a_cluster_spreads_rows_by_profile_and_keeps_a_views_rows_beside_its_source() -> None:
    shard_by = {table.name: table.shard_by for table in TABLES}
    assert shard_by["messages"] == shard_by["events"] == "cityHash64(workspace_id, profile_id)"
    for view in VIEWS:
        assert view.source.shard_by == view.target.shard_by
        assert [name for name, _ in view.expressions] == [column.name for column in view.target.columns]


def test_every_table_can_be_recovered_and_survives_the_power_going_off() -> None:
    assert [table for table in TABLES if table not in BATCHED] == [DELIVERIES, MEMBERSHIPS]
    for table in TABLES:
        assert table.order_by.startswith("workspace_id, ")
        assert f"FROM {table.name}\n" in ROW_COUNTS
    for table in BATCHED:
        assert {column.name for column in table.columns} >= {"workspace_id", "batch"}
        for query in (TABLES_WITH_BATCHES_AFTER, LAST_BATCH):
            assert f"FROM {table.name}\n" in query or f"FROM {table.name} WHERE" in query
    for statement in create_all():
        assert " VIEW " in statement or "fsync_after_insert = 1, fsync_part_directory = 1" in statement


def test_a_forgotten_batch_is_not_taken_for_a_repetition() -> None:
    for statement in create_all(CLUSTER):
        assert ("replicated_deduplication_window = 0" in statement) == ("Replicated" in statement)


def test_the_rows_of_the_tests_have_every_column() -> None:
    made = {
        "messages": message(1),
        "refusals": refusal(1),
        "exposures": exposure(1),
        "vitals": vitals(1),
        "merges": merge(1, 1, 2),
        "deliveries": delivery(1),
        "people": person(1, 1),
        "accounts": account(1, 1),
        "memberships": membership(1, 1, 1),
    }
    assert {table.name: {column.name for column in table.columns} for table in WRITTEN} == {
        name: row.keys() for name, row in made.items()
    }


def test_the_store_has_the_schemas_types(store: EventStore) -> None:
    store.migrate()
    query = (
        "SELECT columns.table, columns.name, columns.type FROM system.columns AS columns "
        "WHERE columns.database = currentDatabase() ORDER BY columns.table, columns.position"
    )
    there: dict[str, list[tuple[str, str]]] = {}
    for table_name, name, column_type in store._rows(query, {}):
        there.setdefault(table_name, []).append((name, column_type))
    for table in TABLES:
        assert there[table.name] == [(column.name, column.type) for column in table.columns]


@pytest.mark.parametrize(
    ("url", "dsn", "database", "cluster"),
    [
        ("http://localhost:8123", "http://localhost:8123", "default", ""),
        ("https://me:p%40ss@host/events", "https://me:p%40ss@host", "events", ""),
        ("http://host/events?cluster=main&compress=lz4", "http://host?compress=lz4", "events", "main"),
    ],
)
def test_addresses_of_servers(url: str, dsn: str, database: str, cluster: str) -> None:
    address = Address.parse(url)
    assert (address.dsn, address.database, address.cluster) == (dsn, database, cluster)


def test_addresses_of_folders() -> None:
    assert Address.parse("chdb:///srv/a%20b").folder == Path("/srv/a b")
    assert Address.parse("chdb:///srv/it's").folder == Path("/srv/it's")


def test_an_older_store_gets_the_columns_it_lacks(embedded_store: EventStore) -> None:
    """A store of a version without `routed_to` keeps its rows, which are empty there."""
    workspace = fresh_workspace()
    embedded_store.insert("messages", [message(workspace)])
    with embedded_store._connection.writing() as client:
        client.command("ALTER TABLE messages DROP COLUMN routed_to")
    embedded_store.migrate()
    embedded_store.insert("messages", [message(workspace, message_id="message-2", routed_to=[3, 4])])
    found = {one.message_id: one.routed_to for one in embedded_store.messages(workspace)}
    assert found == {"message-1": [], "message-2": [3, 4]}
