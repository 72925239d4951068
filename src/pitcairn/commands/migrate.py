"""`pitcairn migrate`: brings both stores up to date."""

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from rich.console import Console

from pitcairn.commands.command import Command, Result

if TYPE_CHECKING:
    from pitcairn.eventstore import EventStore


def migrate_sql() -> list[str]:
    """Applies what the SQL store lacks; returns the names of the migrations applied."""
    from django.core.management import call_command
    from django.db import connections
    from django.db.migrations.executor import MigrationExecutor

    applied: list[str] = []
    for alias in connections:
        executor = MigrationExecutor(connections[alias])
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if plan:  # the command itself takes its time to find out that there is nothing to do
            call_command("migrate", database=alias, verbosity=0, interactive=False)
        applied += [f"{migration.app_label}.{migration.name}" for migration, _ in plan]
    # With a second SQLite file, every migration is recorded in both.
    return list(dict.fromkeys(applied))


def run_migrate(_arguments: dict[str, Any], store: "EventStore") -> Result:
    store.migrate()
    return {"eventStoreVersion": store.version()}


def _run(_arguments: Namespace) -> Result:
    from pitcairn import control

    applied = migrate_sql()
    return {"applied": applied, **control.call("migrate", {})}


def _show(result: Result, console: Console) -> None:
    applied = result["applied"]
    console.print(f"SQL store: {len(applied)} migrations applied" if applied else "SQL store: up to date")
    console.print(f"Event store: up to date (ClickHouse {result['eventStoreVersion']})")


MIGRATE = Command(
    words="migrate",
    summary="create or update the tables of both stores; safe to run at any time",
    run=_run,
    show=_show,
)
