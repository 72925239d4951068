"""`pitcairn status`: versions, stores, and how far the worker is behind the inbox."""

import importlib.metadata
import platform
import time
from argparse import Namespace
from typing import TYPE_CHECKING, Any

from rich.console import Console

from pitcairn.commands.command import Command, Result
from pitcairn.commands.output import Rows, size

if TYPE_CHECKING:
    from pitcairn.eventstore import EventStore


def _sql_store() -> Result:
    from django.db import connection, connections
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    with connection.cursor() as cursor:
        cursor.execute("SELECT sqlite_version()" if connection.vendor == "sqlite" else "SHOW server_version")
        (version,) = cursor.fetchone()
    return {
        "engine": connection.vendor,
        "version": version,
        "databases": list(connections),
        "missingMigrations": len(missing),
    }


def _inbox() -> Result:
    """Requests, not messages: what a request holds is looked into by the worker."""
    from pitcairn.pipeline.progress import lag

    waiting = lag()
    oldest = waiting.oldest_received_at
    seconds = 0.0 if oldest is None else max(0.0, time.time() - oldest / 1000)
    return {"requests": waiting.requests, "lagSeconds": round(seconds, 3), "batches": waiting.batch}


def run_status(_arguments: dict[str, Any], store: "EventStore") -> Result:
    from django.conf import settings

    from pitcairn.workspaces import queries

    return {
        "version": importlib.metadata.version("pitcairn"),
        "python": platform.python_version(),
        "dataFolder": str(settings.DATA),
        "configurationRevision": queries.configuration_revision(),
        "workspaces": [{"id": workspace.id, "name": workspace.name} for workspace in queries.workspaces()],
        "inbox": _inbox(),
        "sqlStore": _sql_store(),
        "eventStore": {
            "engine": "ClickHouse",
            "embedded": settings.EVENTS_URL.startswith("chdb:"),
            "version": store.version(),
            "tables": {total.table: {"rows": total.rows, "bytes": total.bytes} for total in store.totals()},
        },
    }


def _run(_arguments: Namespace) -> Result:
    from pitcairn import control

    return control.call("status", {})


def _show(result: Result, console: Console) -> None:
    inbox, sql, events = result["inbox"], result["sqlStore"], result["eventStore"]
    where = "embedded" if events["embedded"] else "server"
    tables = (
        "up to date"
        if not sql["missingMigrations"]
        else f"{sql['missingMigrations']} migrations missing, run `pitcairn migrate`"
    )
    waiting = (
        f"{inbox['requests']:,} requests wait, the oldest for {inbox['lagSeconds']:.1f} s"
        if inbox["requests"]
        else f"empty after {inbox['batches']:,} batches"
    )
    rows = Rows("", "")
    for name, value in (
        ("Pitcairn", f"{result['version']} on Python {result['python']}"),
        ("Data folder", result["dataFolder"]),
        ("Workspaces", ", ".join(workspace["name"] for workspace in result["workspaces"]) or "none yet"),
        ("Inbox", waiting),
        ("SQL store", f"{sql['engine']} {sql['version']}, {tables}"),
        ("Event store", f"ClickHouse {events['version']}, {where}"),
    ):
        rows.add(name, value)
    for name, total in events["tables"].items():
        rows.add(f"  {name}", f"{total['rows']:,} rows, {size(total['bytes'])}")
    console.print(rows)


STATUS = Command(
    words="status",
    summary="show versions, both stores and how far the worker is behind the inbox",
    run=_run,
    show=_show,
)
