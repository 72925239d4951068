"""Deliveries for pages to show: queued messages, dead letters and rows of the delivery log, as the engine writes them."""

from __future__ import annotations

import time
from typing import Any

from django.db import connection, transaction

from pages import source
from pitcairn.connections import services
from pitcairn.connections.delivery import outbox
from pitcairn.connections.delivery.log import attempt_row
from pitcairn.connections.models import DeadLetter
from pitcairn.eventstore import EventStore
from pitcairn.workspaces.models import Workspace


def webhook(
    workspace: Workspace, source_id: int, url: str = "https://example.com/hook", name: str = "Warehouse"
) -> Any:
    """An enabled webhook destination."""
    return services.create_destination(
        workspace_id=workspace.id,
        slug="webhook",
        name=name,
        source_ids=[source_id],
        settings={"url": url},
        enabled=True,
    )


def outgoing(source_id: int, message_id: str = "m-1", **fields: Any) -> outbox.Outgoing:
    body = {"type": "track", "event": "Order Completed", "messageId": message_id, "userId": "usr_1"}
    values: dict[str, Any] = {
        "id": message_id, "type": "track", "event": "Order Completed", "person": "usr_1", "source_id": source_id,
        "received_at": int(time.time() * 1000) - 400, "body": body,
    }  # fmt: skip
    return outbox.Outgoing(**values | fields)


def queue(destination: Any, messages: list[outbox.Outgoing], *, at: int | None = None) -> None:
    """Queues the messages; `at` in ms since 1970, now unless given."""
    with transaction.atomic(), connection.cursor() as cursor:
        outbox.queue(
            cursor,
            workspace_id=destination.workspace_id,
            destination_id=destination.id,
            lines=[outbox.line(one) for one in messages],
            now=at or int(time.time() * 1000),
        )


def dead(destination: Any, message: outbox.Outgoing, reason: str = "400", detail: str = "", attempts: int = 1) -> int:
    """A dead letter; returns its id."""
    return DeadLetter.objects.create(
        destination_id=destination.id,
        workspace_id=destination.workspace_id,
        source_id=message.source_id,
        message_id=message.id,
        type=message.type,
        event=message.event,
        message=outbox.line(message),
        reason=reason,
        detail=detail,
        attempts=attempts,
        died_at=int(time.time() * 1000),
    ).id


def attempt(
    store: EventStore, destination: Any, messages: list[outbox.Outgoing], outcome: str = "delivered", **fields: Any
) -> None:
    """A row of the delivery log, of now unless `at` says another time in ms."""
    at = fields.pop("at", None) or int(time.time() * 1000)
    row = attempt_row(
        workspace_id=destination.workspace_id,
        destination_id=destination.id,
        at=at,
        outcome=outcome,
        messages=messages,
        attempts=fields.pop("attempts", [1] * len(messages)),
        **fields,
    )
    store.insert("deliveries", [row])


def world(workspace: Workspace) -> tuple[Any, Any]:
    """A source and a webhook destination of it."""
    website = source(workspace)
    return website, webhook(workspace, website.id)
