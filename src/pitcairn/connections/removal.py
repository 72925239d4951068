"""Removing sources and destinations. What they brought stays in the event store; what was on its way is dropped."""

from __future__ import annotations

from django.db import transaction

from pitcairn.connections.models import DeadLetter, OutboxChunk, Replay, Source, WaitingDelivery
from pitcairn.connections.schema.reading import forget_source
from pitcairn.connections.services import destination_of, source_of
from pitcairn.workspaces.services import configuration_changed


@transaction.atomic
def delete_source(*, workspace_id: int, source_id: int) -> str:
    """Removes the source; returns its name. Its messages stay, and calls with its write key are from no source.

    What waits in the inbox is from no source either, and lost. Raises `ConnectionsError` when there is no such source.
    """
    source: Source = source_of(workspace_id, source_id)
    name = source.name
    source.delete()
    forget_source(source_id)
    configuration_changed()
    return name


@transaction.atomic
def delete_destination(*, workspace_id: int, destination_id: int) -> str:
    """Removes the destination with its settings, filters, queue and dead letters; returns its name.

    Raises `ConnectionsError` when there is no such destination.
    """
    destination = destination_of(workspace_id, destination_id)
    name = destination.name
    for table in (OutboxChunk, WaitingDelivery, DeadLetter, Replay):
        table.objects.filter(destination_id=destination.id).delete()
    destination.delete()
    configuration_changed()
    return name
