"""A message as it is sent on: field for field in Segment's spelling."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pitcairn.wire.message import Message


def segment_body(message: Message) -> dict[str, Any]:
    """The message field for field in Segment's spelling; what the sender did not give is not there."""
    body: dict[str, Any] = {**message.extra, "type": message.type, "messageId": message.message_id}
    if message.event:
        body["event" if message.type == "track" else "name"] = message.event
    if message.user_id:
        body["userId"] = message.user_id
    if message.anonymous_id:
        body["anonymousId"] = message.anonymous_id
    if message.context is not None:
        body["context"] = message.context
    if message.integrations is not None:
        body["integrations"] = message.integrations
    if message.properties is not None:
        body["properties"] = message.properties
    if message.traits is not None:
        body["traits"] = message.traits
    body["timestamp"] = _iso(message.timestamp)
    body["receivedAt"] = _iso(message.received_at)
    if message.original_timestamp is not None:
        body["originalTimestamp"] = _iso(message.original_timestamp)
    if message.sent_at is not None:
        body["sentAt"] = _iso(message.sent_at)
    return body


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03d}Z"
