"""Destinations in the management API. Secret settings go in and never come out."""

from datetime import datetime
from typing import Any

from django.db import transaction
from ninja import Router, Schema, Status
from pydantic import Field

from pitcairn.api.access import APIRequest
from pitcairn.api.bodies import Given, found
from pitcairn.api.paging import Cursor, Limit, page
from pitcairn.connections import queries, removal, services
from pitcairn.connections.queries import DestinationItem

router = Router(tags=["Destinations"])


class DestinationGiven(Given):
    slug: str = Field(description="The entry of the catalog.")
    name: str | None = None
    source_ids: list[int] = []
    settings: dict[str, Any] = Field(default={}, description="Secret and plain ones, by key.")
    enabled: bool = False


class DestinationChanged(Given):
    """What is given is changed; the rest stays. A secret given as "" stays what it is."""

    name: str | None = None
    source_ids: list[int] | None = None
    settings: dict[str, Any] | None = None
    enabled: bool | None = None


class SecretShown(Schema):
    is_set: bool
    ends_with: str


class DestinationShown(Schema):
    id: int
    slug: str
    name: str
    enabled: bool
    source_ids: list[int]
    settings: dict[str, Any]
    secrets: dict[str, SecretShown]
    missing: list[str] = Field(description="Required settings that are not set.")
    created_at: datetime
    updated_at: datetime


class DestinationList(Schema):
    items: list[DestinationShown]
    next_cursor: str | None


@router.get("", response=DestinationList)
def list_destinations(request: APIRequest, cursor: Cursor = "", limit: Limit = 50) -> dict[str, Any]:
    items, following = page(queries.destinations(request.key.workspace_id), lambda one: one.id, cursor, limit)
    return {"items": [_shown(one) for one in items], "next_cursor": following}


@router.post("", response={201: DestinationShown})
def create_destination(request: APIRequest, body: DestinationGiven) -> Status[dict[str, Any]]:
    made = services.create_destination(workspace_id=request.key.workspace_id, **body.model_dump())
    return Status(201, _shown(_found(request, made.id)))


@router.get("/{int:destination_id}", response=DestinationShown)
def get_destination(request: APIRequest, destination_id: int) -> dict[str, Any]:
    return _shown(_found(request, destination_id))


@router.patch("/{int:destination_id}", response=DestinationShown)
@transaction.atomic
def update_destination(request: APIRequest, destination_id: int, body: DestinationChanged) -> dict[str, Any]:
    """Raises what keeps it from being enabled; then nothing is changed."""
    _found(request, destination_id)
    workspace_id = request.key.workspace_id
    if body.enabled is False:
        services.set_destination_enabled(workspace_id=workspace_id, destination_id=destination_id, enabled=False)
    services.update_destination(
        workspace_id=workspace_id,
        destination_id=destination_id,
        name=body.name,
        source_ids=body.source_ids,
        settings=body.settings,
    )
    if body.enabled:
        services.set_destination_enabled(workspace_id=workspace_id, destination_id=destination_id, enabled=True)
    return _shown(_found(request, destination_id))


@router.delete("/{int:destination_id}", response={204: None})
def delete_destination(request: APIRequest, destination_id: int) -> Status[None]:
    """Removes the destination with its settings, filters, queue and dead letters."""
    _found(request, destination_id)
    removal.delete_destination(workspace_id=request.key.workspace_id, destination_id=destination_id)
    return Status(204, None)


def _found(request: APIRequest, destination_id: int) -> DestinationItem:
    return found(queries.destination(request.key.workspace_id, destination_id), f"destination {destination_id}")


def _shown(item: DestinationItem) -> dict[str, Any]:
    return {
        "id": item.id,
        "slug": item.slug,
        "name": item.name,
        "enabled": item.enabled,
        "source_ids": [source.id for source in item.sources],
        "settings": {one.field.key: one.value for one in item.settings if one.secret is None},
        "secrets": {
            one.field.key: {"is_set": one.secret.is_set, "ends_with": one.secret.ends_with}
            for one in item.settings
            if one.secret is not None
        },
        "missing": list(item.missing),
        "created_at": item.created_at,
        "updated_at": item.updated_at,
    }
