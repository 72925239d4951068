"""The event store of this process.

chDB's folder belongs to one process and is opened once, by whoever starts the server; pages borrow what was opened. A
process without one (a dashboard role that cannot reach the store) still shows everything that lies in the SQL store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pitcairn.eventstore import EventStore

_provided: EventStore | None = None


def provide(store: EventStore | None) -> None:
    """Gives the pages of this process their event store, or takes it away. Called where the process is composed."""
    global _provided  # noqa: PLW0603
    _provided = store


def event_store() -> EventStore | None:
    """The store that was provided, or None."""
    return _provided
