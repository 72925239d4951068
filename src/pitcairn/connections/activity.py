"""What the event store says about sources and destinations, for the pages that show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pitcairn.eventstore import EventStore
    from pitcairn.eventstore.records import SourceActivity, StoredMessage

LOOK_BACK = 1000
"""How many of the latest messages are looked through for one that a destination took."""


def source_activity(store: EventStore | None, workspace_id: int) -> dict[int, SourceActivity]:
    return store.source_activity(workspace_id) if store else {}


def last_delivered(store: EventStore | None, workspace_id: int, slug: str) -> StoredMessage | None:
    """The latest message that the destination took; None when it took none of the last `LOOK_BACK`."""
    if store is None:
        return None
    before = None
    seen = 0
    while seen < LOOK_BACK:
        page = store.messages(workspace_id, limit=100, before=before)
        for message in page:
            if slug in message.delivered_to:
                return message
        if len(page) < 100:
            return None
        seen += len(page)
        before = page[-1].received_at
    return None
