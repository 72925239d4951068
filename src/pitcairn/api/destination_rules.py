"""What a destination gets, in the management API: its filters, and its mapping."""

from typing import Any

from django.db import transaction
from ninja import Router, Schema, Status
from pydantic import Field

from pitcairn.api.access import APIRequest
from pitcairn.api.bodies import Given, found
from pitcairn.connections import queries, queries_filters, services_filters
from pitcairn.connections.queries_filters import FilterItem

router = Router(tags=["Destinations"])


class FilterGiven(Given):
    """Of a filter that is replaced, too, what is left out is as in a new one."""

    title: str
    condition: str = Field(description="FQL; `all` is every message.")
    action: dict[str, Any] = Field(
        description="drop, only_send, sample, drop_properties or allow_properties, as `type`."
    )
    source_id: int | None = Field(default=None, description="null is every source.")
    enabled: bool = True


class FilterShown(Schema):
    id: int
    title: str
    condition: str
    action: dict[str, Any]
    source_id: int | None
    enabled: bool


class FilterList(Schema):
    items: list[FilterShown]


class Mapping(Given):
    """All rules. Each writes one place of a message (`to`, with `from`, `value` or `template`) or takes it out (`remove`)."""

    rules: list[dict[str, Any]]


class MappingShown(Schema):
    rules: list[dict[str, Any]]


@router.get("/{int:destination_id}/filters", response=FilterList)
def list_filters(request: APIRequest, destination_id: int) -> dict[str, Any]:
    """The filters of a destination, in the order in which their kinds apply."""
    _destination(request, destination_id)
    return {"items": queries_filters.filters(request.key.workspace_id, destination_id)}


@router.post("/{int:destination_id}/filters", response={201: FilterShown})
def create_filter(request: APIRequest, destination_id: int, body: FilterGiven) -> Status[FilterItem]:
    _destination(request, destination_id)
    made = services_filters.create_filter(
        workspace_id=request.key.workspace_id, destination_id=destination_id, **body.model_dump()
    )
    return Status(201, _filter(request, destination_id, made.id))


@router.get("/{int:destination_id}/filters/{int:filter_id}", response=FilterShown)
def get_filter(request: APIRequest, destination_id: int, filter_id: int) -> FilterItem:
    return _filter(request, destination_id, filter_id)


@router.put("/{int:destination_id}/filters/{int:filter_id}", response=FilterShown)
@transaction.atomic
def replace_filter(request: APIRequest, destination_id: int, filter_id: int, body: FilterGiven) -> FilterItem:
    _filter(request, destination_id, filter_id)
    workspace_id = request.key.workspace_id
    services_filters.update_filter(
        workspace_id=workspace_id, filter_id=filter_id, **body.model_dump(exclude={"enabled"})
    )
    services_filters.set_filter_enabled(workspace_id=workspace_id, filter_id=filter_id, enabled=body.enabled)
    return _filter(request, destination_id, filter_id)


@router.delete("/{int:destination_id}/filters/{int:filter_id}", response={204: None})
def delete_filter(request: APIRequest, destination_id: int, filter_id: int) -> Status[None]:
    _filter(request, destination_id, filter_id)
    services_filters.delete_filter(workspace_id=request.key.workspace_id, filter_id=filter_id)
    return Status(204, None)


@router.get("/{int:destination_id}/mapping", response=MappingShown)
def get_mapping(request: APIRequest, destination_id: int) -> dict[str, Any]:
    """The rules by which messages are written anew for the destination, in order."""
    _destination(request, destination_id)
    return {"rules": queries_filters.mapping(request.key.workspace_id, destination_id)}


@router.put("/{int:destination_id}/mapping", response=MappingShown)
def replace_mapping(request: APIRequest, destination_id: int, body: Mapping) -> dict[str, Any]:
    _destination(request, destination_id)
    services_filters.set_mapping(workspace_id=request.key.workspace_id, destination_id=destination_id, rules=body.rules)
    return get_mapping(request, destination_id)


def _destination(request: APIRequest, destination_id: int) -> None:
    found(queries.destination(request.key.workspace_id, destination_id), f"destination {destination_id}")


def _filter(request: APIRequest, destination_id: int, filter_id: int) -> FilterItem:
    return found(
        queries_filters.filter_(request.key.workspace_id, destination_id, filter_id),
        f"filter {filter_id} of destination {destination_id}",
    )
