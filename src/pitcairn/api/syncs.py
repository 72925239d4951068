"""Which destinations are told of an audience or a computed trait, in the management API."""

from typing import Any

from django.db import transaction
from ninja import Router, Schema, Status
from pydantic import Field

from pitcairn.api.access import APIRequest
from pitcairn.api.bodies import Given, found
from pitcairn.engage import queries, services
from pitcairn.engage.queries import ComputationDetail, SyncItem

audiences = Router(tags=["Audiences"])
computed_traits = Router(tags=["Computed traits"])

AUDIENCE = "/{int:audience_id}/destinations"
TRAIT = "/{int:trait_id}/destinations"
ONE = "/{int:destination_id}"
RESYNC = ONE + "/resync"


class SyncGiven(Given):
    """What is left out is as in a new connection."""

    send_identify: bool = True
    send_track: bool = False
    entered: str = Field(default="Audience Entered", description="Name of the event when somebody enters an audience.")
    exited: str = Field(default="Audience Exited", description="And when somebody leaves it.")
    computed: str = Field(default="Trait Computed", description="Name of the event when a trait has another value.")
    paused: bool = False


class SyncShown(Schema):
    destination_id: int
    destination: str
    send_identify: bool
    send_track: bool
    entered: str
    exited: str
    computed: str
    state: str = Field(description="live, first, again, catching_up, paused or waiting")
    total: int = Field(description="People that the pass under way looks at, and `done` of them.")
    done: int
    queued: int = Field(description="Messages since it was connected.")


class SyncList(Schema):
    items: list[SyncShown]


@audiences.get(AUDIENCE, response=SyncList)
def list_audience_destinations(request: APIRequest, audience_id: int) -> dict[str, Any]:
    return {"items": _audience(request, audience_id).syncs}


@audiences.put(AUDIENCE + ONE, response=SyncShown)
@transaction.atomic
def connect_audience(request: APIRequest, audience_id: int, destination_id: int, body: SyncGiven) -> SyncItem:
    """Tells the destination who is in it: everybody now, and from then on what changes. Again, it changes what is sent."""
    _audience(request, audience_id)
    _connect(request, audience_id, destination_id, body)
    return _sync(_audience(request, audience_id), destination_id)


@audiences.delete(AUDIENCE + ONE, response={204: None})
def disconnect_audience(request: APIRequest, audience_id: int, destination_id: int) -> Status[None]:
    """Tells the destination nothing more. What it knows stays there."""
    return _disconnect(request, _audience(request, audience_id), destination_id)


@audiences.post(AUDIENCE + RESYNC, response=SyncShown)
def resync_audience(request: APIRequest, audience_id: int, destination_id: int) -> SyncItem:
    """Tells the destination about every member again."""
    _resync(request, _audience(request, audience_id), destination_id)
    return _sync(_audience(request, audience_id), destination_id)


@computed_traits.get(TRAIT, response=SyncList)
def list_computed_trait_destinations(request: APIRequest, trait_id: int) -> dict[str, Any]:
    return {"items": _trait(request, trait_id).syncs}


@computed_traits.put(TRAIT + ONE, response=SyncShown)
@transaction.atomic
def connect_computed_trait(request: APIRequest, trait_id: int, destination_id: int, body: SyncGiven) -> SyncItem:
    """Tells the destination the values of the trait: all now, and from then on what changes. Again, it changes what is sent."""
    _trait(request, trait_id)
    _connect(request, trait_id, destination_id, body)
    return _sync(_trait(request, trait_id), destination_id)


@computed_traits.delete(TRAIT + ONE, response={204: None})
def disconnect_computed_trait(request: APIRequest, trait_id: int, destination_id: int) -> Status[None]:
    """Tells the destination nothing more. What it knows stays there."""
    return _disconnect(request, _trait(request, trait_id), destination_id)


@computed_traits.post(TRAIT + RESYNC, response=SyncShown)
def resync_computed_trait(request: APIRequest, trait_id: int, destination_id: int) -> SyncItem:
    """Tells the destination every value again."""
    _resync(request, _trait(request, trait_id), destination_id)
    return _sync(_trait(request, trait_id), destination_id)


def _connect(request: APIRequest, computation_id: int, destination_id: int, body: SyncGiven) -> None:
    workspace_id = request.key.workspace_id
    services.connect_destination(workspace_id, computation_id, destination_id, **body.model_dump(exclude={"paused"}))
    change = services.pause if body.paused else services.resume
    change(workspace_id, computation_id, destination_id)


def _disconnect(request: APIRequest, computation: ComputationDetail, destination_id: int) -> Status[None]:
    _sync(computation, destination_id)
    services.disconnect_destination(request.key.workspace_id, computation.id, destination_id)
    return Status(204, None)


def _resync(request: APIRequest, computation: ComputationDetail, destination_id: int) -> None:
    _sync(computation, destination_id)
    services.resync(request.key.workspace_id, computation.id, destination_id)


def _audience(request: APIRequest, audience_id: int) -> ComputationDetail:
    return found(queries.audience(request.key.workspace_id, audience_id), f"audience {audience_id}")


def _trait(request: APIRequest, trait_id: int) -> ComputationDetail:
    return found(queries.computed_trait(request.key.workspace_id, trait_id), f"computed trait {trait_id}")


def _sync(computation: ComputationDetail, destination_id: int) -> SyncItem:
    item = next((one for one in computation.syncs if one.destination_id == destination_id), None)
    return found(item, f"connection of {computation.name} to destination {destination_id}")
