"""Messages to try a destination with: an example of each type, to be changed by who tests."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

from pitcairn.eventstore.records import StoredMessage, iso

_FIELDS: dict[str, dict[str, Any]] = {
    "identify": {"traits": {"email": "ana@example.com", "name": "Ana Lima", "plan": "free"}},
    "track": {"event": "Order Completed", "properties": {"order_id": "1001", "total": 49.5, "currency": "EUR"}},
    "page": {"name": "Pricing", "properties": {"path": "/pricing", "url": "https://example.com/pricing"}},
    "screen": {"name": "Pricing", "properties": {"tab": "Teams"}},
    "group": {"groupId": "company-7", "traits": {"name": "Example Company", "employees": 40}},
    "alias": {"previousId": "anonymous-7"},
}
TYPES = tuple(_FIELDS)


def example_message(kind: str, now: datetime) -> dict[str, Any]:
    """A message of this type, new each time."""
    return {"type": kind, "messageId": new_id(), "userId": "user-7", **_FIELDS[kind], "timestamp": iso(now)}


def copy_of(message: StoredMessage) -> dict[str, Any]:
    """A message that came in, under an id of its own: a destination that knows the first one would not take it again."""
    return {**message.as_segment(), "messageId": new_id()}


def new_id() -> str:
    return f"test-{uuid4()}"
