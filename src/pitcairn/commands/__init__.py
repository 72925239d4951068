"""The commands of `pitcairn`, one module per group.

`COMMANDS` is the whole command line. `STORE_COMMANDS` are the ones that read the event store: while a server owns the
store's folder they are run inside that server (`pitcairn.control`), with the same arguments and the same result.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pitcairn.commands import (
    audiences,
    check_install,
    demo,
    destinations,
    events,
    migrate,
    people,
    profiles,
    results,
    serve,
    sources,
    status,
    users,
)
from pitcairn.commands.command import Command, CommandError

if TYPE_CHECKING:
    from pitcairn.eventstore import EventStore

COMMANDS: tuple[Command, ...] = (
    serve.SERVE,
    migrate.MIGRATE,
    users.ADD,
    sources.ADD,
    sources.LIST,
    check_install.CHECK_INSTALL,
    destinations.ADD,
    destinations.LIST,
    audiences.ADD,
    audiences.LIST,
    audiences.SHOW,
    demo.SEED,
    demo.TRAFFIC,
    demo.SITE,
    results.RESULTS,
    events.EVENTS,
    profiles.SHOW,
    people.EXPORT,
    people.DELETE,
    status.STATUS,
)

STORE_COMMANDS: "dict[str, Callable[[dict[str, Any], EventStore], dict[str, Any]]]" = {
    "migrate": migrate.run_migrate,
    "events": events.run_events,
    "results": results.run_results,
    "profile": profiles.run_profile,
    "export": people.run_export,
    "status": status.run_status,
}

__all__ = ["COMMANDS", "STORE_COMMANDS", "Command", "CommandError"]
