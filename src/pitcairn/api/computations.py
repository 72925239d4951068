"""Audiences and computed traits in the management API."""

from typing import Any

from django.db import transaction
from ninja import Router, Schema, Status
from pydantic import Field

from pitcairn.api.access import APIRequest
from pitcairn.api.bodies import Given, found
from pitcairn.api.paging import Cursor, Limit, after, cursor_after, page
from pitcairn.engage import queries, services
from pitcairn.engage.queries import ComputationDetail, ComputationItem

audiences = Router(tags=["Audiences"])
computed_traits = Router(tags=["Computed traits"])


class AudienceGiven(Given):
    name: str
    condition: dict[str, Any]
    target: str = Field(default="person", description="person or account")
    anonymous: bool = False
    historical: bool = True
    description: str = ""


class AudienceChanged(Given):
    """What is given is changed; the rest stays, the key always."""

    name: str | None = None
    condition: dict[str, Any] | None = None
    historical: bool | None = None
    description: str | None = None
    enabled: bool | None = None


class TraitGiven(Given):
    name: str
    events: dict[str, Any] = Field(description="The events that are looked at; their measure is the value.")
    target: str = Field(default="person", description="person or account")
    anonymous: bool = False
    historical: bool = True
    description: str = ""


class TraitChanged(Given):
    """What is given is changed; the rest stays, the key always."""

    name: str | None = None
    events: dict[str, Any] | None = None
    description: str | None = None
    enabled: bool | None = None


class ComputationSummary(Schema):
    id: int
    name: str
    key: str
    description: str
    sentence: str
    target: str
    anonymous: bool
    historical: bool
    listed: bool
    size: int
    status: str
    problem: str
    evaluated_at: int = Field(description="ms since 1970; 0 is never")
    destinations: list[str]


class ComputationList(Schema):
    items: list[ComputationSummary]
    next_cursor: str | None


class ComputationShown(ComputationSummary):
    definition: dict[str, Any]


class IdentifierShown(Schema):
    type: str
    value: str


class MemberShown(Schema):
    profile_id: int
    identifiers: list[IdentifierShown]
    value: Any
    since: int = Field(description="ms since 1970")


class MemberList(Schema):
    items: list[MemberShown]
    next_cursor: str | None


@audiences.get("", response=ComputationList)
def list_audiences(request: APIRequest, cursor: Cursor = "", limit: Limit = 50) -> dict[str, Any]:
    items, following = page(queries.audiences(request.key.workspace_id), lambda one: one.id, cursor, limit)
    return {"items": [_summary(one) for one in items], "next_cursor": following}


@audiences.post("", response={201: ComputationShown})
def create_audience(request: APIRequest, body: AudienceGiven) -> Status[dict[str, Any]]:
    """Makes an audience. It is computed at once, and kept right from then on."""
    made = services.create_audience(request.key.workspace_id, **body.model_dump())
    return Status(201, _shown(_audience(request, made.id)))


@audiences.get("/{int:audience_id}", response=ComputationShown)
def get_audience(request: APIRequest, audience_id: int) -> dict[str, Any]:
    return _shown(_audience(request, audience_id))


@audiences.patch("/{int:audience_id}", response=ComputationShown)
@transaction.atomic
def update_audience(request: APIRequest, audience_id: int, body: AudienceChanged) -> dict[str, Any]:
    _audience(request, audience_id)
    services.update_audience(request.key.workspace_id, audience_id, **body.model_dump(exclude={"enabled"}))
    if body.enabled is not None:
        services.set_audience_enabled(request.key.workspace_id, audience_id, enabled=body.enabled)
    return _shown(_audience(request, audience_id))


@audiences.delete("/{int:audience_id}", response={204: None})
def delete_audience(request: APIRequest, audience_id: int) -> Status[None]:
    """Deletes an audience that no other asks for. What it said of people stays with them as an ordinary trait."""
    _audience(request, audience_id)
    services.delete_audience(request.key.workspace_id, audience_id)
    return Status(204, None)


@audiences.get("/{int:audience_id}/members", response=MemberList)
def audience_members(request: APIRequest, audience_id: int, cursor: Cursor = "", limit: Limit = 50) -> dict[str, Any]:
    """Who is in the audience."""
    _audience(request, audience_id)
    members = queries.members(audience_id, after=after(cursor) or 0, limit=limit)
    return {
        "items": [
            {
                "profile_id": one.profile_id,
                "identifiers": [{"type": kind, "value": value} for kind, value in one.identifiers],
                "value": one.value,
                "since": one.since,
            }
            for one in members.members
        ],
        "next_cursor": None if members.next is None else cursor_after(members.next),
    }


@computed_traits.get("", response=ComputationList)
def list_computed_traits(request: APIRequest, cursor: Cursor = "", limit: Limit = 50) -> dict[str, Any]:
    items, following = page(queries.computed_traits(request.key.workspace_id), lambda one: one.id, cursor, limit)
    return {"items": [_summary(one) for one in items], "next_cursor": following}


@computed_traits.post("", response={201: ComputationShown})
def create_computed_trait(request: APIRequest, body: TraitGiven) -> Status[dict[str, Any]]:
    made = services.create_computed_trait(request.key.workspace_id, **body.model_dump())
    return Status(201, _shown(_trait(request, made.id)))


@computed_traits.get("/{int:trait_id}", response=ComputationShown)
def get_computed_trait(request: APIRequest, trait_id: int) -> dict[str, Any]:
    return _shown(_trait(request, trait_id))


@computed_traits.patch("/{int:trait_id}", response=ComputationShown)
@transaction.atomic
def update_computed_trait(request: APIRequest, trait_id: int, body: TraitChanged) -> dict[str, Any]:
    _trait(request, trait_id)
    services.update_computed_trait(request.key.workspace_id, trait_id, **body.model_dump(exclude={"enabled"}))
    if body.enabled is not None:
        services.set_computed_trait_enabled(request.key.workspace_id, trait_id, enabled=body.enabled)
    return _shown(_trait(request, trait_id))


@computed_traits.delete("/{int:trait_id}", response={204: None})
def delete_computed_trait(request: APIRequest, trait_id: int) -> Status[None]:
    """Deletes the trait. The values stay with the people as an ordinary trait."""
    _trait(request, trait_id)
    services.delete_computed_trait(request.key.workspace_id, trait_id)
    return Status(204, None)


def _audience(request: APIRequest, audience_id: int) -> ComputationDetail:
    return found(queries.audience(request.key.workspace_id, audience_id), f"audience {audience_id}")


def _trait(request: APIRequest, trait_id: int) -> ComputationDetail:
    return found(queries.computed_trait(request.key.workspace_id, trait_id), f"computed trait {trait_id}")


def _summary(item: ComputationItem) -> dict[str, Any]:
    names = (
        "id", "name", "key", "description", "sentence", "target", "anonymous", "historical", "listed", "size", "status",
        "problem", "evaluated_at",
    )  # fmt: skip
    return {**{name: getattr(item, name) for name in names}, "destinations": list(item.destinations)}


def _shown(detail: ComputationDetail) -> dict[str, Any]:
    return {**_summary(detail), "definition": detail.definition}
