"""What changes the filters and the mapping of a destination. Every change grows the configuration revision in its transaction."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from pitcairn.connections.filters import ActionError, FQLError, compile_condition, parse_action
from pitcairn.connections.mapping import MappingError, compile_mapping
from pitcairn.connections.models import Destination, DestinationFilter, Source
from pitcairn.connections.services import ConnectionsError
from pitcairn.workspaces.services import configuration_changed

FILTERS = 10
"""Filters of one destination, as Segment has it: each is asked about every message."""

TITLE_LENGTH = 64


@transaction.atomic
def create_filter(
    *,
    workspace_id: int,
    destination_id: int,
    title: str,
    condition: str,
    action: Any,
    source_id: int | None = None,
    enabled: bool = True,
) -> DestinationFilter:
    """Adds a filter; without a source it looks at the messages of every one.

    Raises `ConnectionsError` with the field it is about (`title`, `condition`, `action`, `source_id`) when it cannot be read,
    or when the destination has as many as it may have.
    """
    destination = _destination(workspace_id, destination_id)
    count = destination.filters.count()
    if count >= FILTERS:
        raise ConnectionsError(
            f"{destination.name} has {count} filters, which is the most there can be. Delete one, or put two into one."
        )
    made = destination.filters.create(
        title=_title(title),
        condition=_condition(condition),
        action=_action(action),
        source=_source(workspace_id, source_id),
        enabled=enabled,
    )
    configuration_changed()
    return made


@transaction.atomic
def update_filter(
    *, workspace_id: int, filter_id: int, title: str, condition: str, action: Any, source_id: int | None
) -> DestinationFilter:
    """Changes everything of a filter but whether it is enabled. Raises `ConnectionsError` as `create_filter` does."""
    found = _filter(workspace_id, filter_id)
    found.title = _title(title)
    found.condition = _condition(condition)
    found.action = _action(action)
    found.source = _source(workspace_id, source_id)
    found.save()
    configuration_changed()
    return found


@transaction.atomic
def set_filter_enabled(*, workspace_id: int, filter_id: int, enabled: bool) -> DestinationFilter:
    found = _filter(workspace_id, filter_id)
    found.enabled = enabled
    found.save(update_fields=["enabled"])
    configuration_changed()
    return found


@transaction.atomic
def delete_filter(*, workspace_id: int, filter_id: int) -> DestinationFilter:
    """Takes the filter away; returns what it was, so that it can be made again."""
    found = _filter(workspace_id, filter_id)
    DestinationFilter.objects.filter(id=filter_id).delete()
    configuration_changed()
    return found


@transaction.atomic
def set_mapping(*, workspace_id: int, destination_id: int, rules: Any) -> Destination:
    """Replaces the mapping of a destination. Raises `ConnectionsError` about `mapping` when it cannot be read."""
    destination = _destination(workspace_id, destination_id)
    try:
        compile_mapping(rules)
    except MappingError as error:
        raise ConnectionsError(str(error), field="mapping") from error
    destination.mapping = rules
    destination.save(update_fields=["mapping", "updated_at"])
    configuration_changed()
    return destination


def _title(title: str) -> str:
    title = title.strip()
    if not title:
        raise ConnectionsError("The title is empty. Say in a few words what the filter is for.", field="title")
    if len(title) > TITLE_LENGTH:
        raise ConnectionsError(f"The title has {len(title)} characters; use at most {TITLE_LENGTH}.", field="title")
    return title


def _condition(condition: str) -> str:
    condition = condition.strip()
    try:
        compile_condition(condition)
    except FQLError as error:
        raise ConnectionsError(str(error), field="condition") from error
    return condition


def _action(action: Any) -> Any:
    try:
        parse_action(action)
    except ActionError as error:
        raise ConnectionsError(str(error), field="action") from error
    return action


def _source(workspace_id: int, source_id: int | None) -> Source | None:
    if source_id is None:
        return None
    source = Source.objects.filter(workspace_id=workspace_id, id=source_id).first()
    if source is None:
        raise ConnectionsError(f"There is no source {source_id} in this workspace.", field="source_id")
    return source


def _destination(workspace_id: int, destination_id: int) -> Destination:
    # Locked where the store can, so that two people who add the tenth filter at once do not make eleven.
    found = Destination.objects.select_for_update().filter(workspace_id=workspace_id, id=destination_id).first()
    if found is None:
        raise ConnectionsError(f"There is no destination {destination_id} in this workspace.")
    return found


def _filter(workspace_id: int, filter_id: int) -> DestinationFilter:
    found = DestinationFilter.objects.filter(destination__workspace_id=workspace_id, id=filter_id).first()
    if found is None:
        raise ConnectionsError(f"There is no filter {filter_id} in this workspace.")
    return found
