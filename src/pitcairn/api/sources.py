"""Sources in the management API."""

from datetime import datetime
from typing import Any

from django.db import transaction
from ninja import Router, Schema, Status
from pydantic import Field

from pitcairn.api.access import APIRequest
from pitcairn.api.bodies import Given, changed, found
from pitcairn.api.envelope import Detail, Refused
from pitcairn.api.paging import Cursor, Limit, page
from pitcairn.connections import queries, removal, services, source_settings
from pitcairn.connections.queries import SourceItem

router = Router(tags=["Sources"])

RULES = ("rate_limit", "allowed_origins", "requires_token", "asks_consent", "honours_gpc")
"""What a source asks of its calls, which is set as a whole."""


class SourceGiven(Given):
    name: str
    kind: str = Field(default="browser", description="browser, mobile, server or segment")
    write_key: str | None = Field(default=None, description="Made if it is left out.")


class SourceChanged(Given):
    """What is given is changed; the rest stays."""

    name: str | None = None
    enabled: bool | None = None
    rate_limit: int | None = Field(default=None, description="Messages a second; null for no limit.")
    allowed_origins: list[str] | None = None
    requires_token: bool | None = None
    asks_consent: bool | None = None
    honours_gpc: bool | None = None


class SourceShown(Schema):
    id: int
    name: str
    kind: str
    write_key: str
    enabled: bool
    created_at: datetime
    destinations: list[str]
    rate_limit: int | None
    allowed_origins: list[str]
    requires_token: bool
    asks_consent: bool
    honours_gpc: bool


class SourceMade(SourceShown):
    api_key: str | None = Field(description="Of a Segment source: what Segment shows. It can be seen this once.")


class SourceList(Schema):
    items: list[SourceShown]
    next_cursor: str | None


@router.get("", response=SourceList)
def list_sources(request: APIRequest, cursor: Cursor = "", limit: Limit = 50) -> dict[str, Any]:
    items, following = page(queries.sources(request.key.workspace_id), lambda one: one.id, cursor, limit)
    return {"items": [_shown(one) for one in items], "next_cursor": following}


@router.post("", response={201: SourceMade})
@transaction.atomic
def create_source(request: APIRequest, body: SourceGiven) -> Status[dict[str, Any]]:
    workspace_id = request.key.workspace_id
    made = services.create_source(workspace_id=workspace_id, name=body.name, kind=body.kind, write_key=body.write_key)
    key = None
    if body.kind == "segment":
        key = source_settings.new_segment_secret(workspace_id=workspace_id, source_id=made.id)
    return Status(201, {**_shown(_found(request, made.id)), "api_key": key})


@router.get("/{int:source_id}", response=SourceShown)
def get_source(request: APIRequest, source_id: int) -> dict[str, Any]:
    return _shown(_found(request, source_id))


@router.patch("/{int:source_id}", response=SourceShown)
@transaction.atomic
def update_source(request: APIRequest, source_id: int, body: SourceChanged) -> dict[str, Any]:
    workspace_id, source = request.key.workspace_id, _found(request, source_id)
    if body.name is not None:
        services.rename_source(workspace_id=workspace_id, source_id=source_id, name=body.name)
    if body.enabled is not None:
        services.set_source_enabled(workspace_id=workspace_id, source_id=source_id, enabled=body.enabled)
    if rules := changed(body) & set(RULES):
        given = {name: getattr(body if name in rules else source, name) for name in RULES}
        for name in rules - {"rate_limit"}:
            if given[name] is None:
                raise Refused(
                    422, f"{name} cannot be null. Nothing was changed.", [Detail(name, "leave it out, or set it")]
                )
        source_settings.set_source_rules(workspace_id=workspace_id, source_id=source_id, **given)
    return _shown(_found(request, source_id))


@router.delete("/{int:source_id}", response={204: None})
def delete_source(request: APIRequest, source_id: int) -> Status[None]:
    """Removes the source. Its messages stay; calls with its write key are refused from then on."""
    _found(request, source_id)
    removal.delete_source(workspace_id=request.key.workspace_id, source_id=source_id)
    return Status(204, None)


def _found(request: APIRequest, source_id: int) -> SourceItem:
    return found(queries.source(request.key.workspace_id, source_id), f"source {source_id}")


def _shown(source: SourceItem) -> dict[str, Any]:
    names = ("id", "name", "kind", "write_key", "enabled", "created_at", *RULES)
    value = {name: getattr(source, name) for name in names}
    return {**value, "destinations": list(source.destinations), "allowed_origins": list(source.allowed_origins)}
