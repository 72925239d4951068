"""Goals in the management API: the events that count as success. Which an experience is judged by, stands in it."""

from typing import Any

import msgspec
from ninja import Router, Schema, Status
from pydantic import Field

from pitcairn.api.access import APIRequest
from pitcairn.api.bodies import Given, found
from pitcairn.api.paging import Cursor, Limit, page
from pitcairn.experiments import queries, services
from pitcairn.experiments.goal_definitions import GoalDefinition

router = Router(tags=["Goals"])


class GoalGiven(Given):
    name: str
    kind: str = Field(default="track", description="track, page, click or submit")
    event: str = Field(default="", description="Of a Track event: its name, unless that is the goal's.")
    page: str = ""
    selector: str = ""
    where: dict[str, Any] = Field(default={}, description="A condition on the event's properties.")
    value: str = Field(default="", description="The property whose numbers are added up; empty counts who did it.")
    window_days: float = 7.0
    unit: str = Field(default="visitor", description="visitor or account")


class GoalShown(Schema):
    id: int
    name: str
    kind: str
    event: str
    page: str
    selector: str
    where: dict[str, Any]
    value: str
    window_days: float
    unit: str


class GoalList(Schema):
    items: list[GoalShown]
    next_cursor: str | None


@router.get("", response=GoalList)
def list_goals(request: APIRequest, cursor: Cursor = "", limit: Limit = 50) -> dict[str, Any]:
    items, following = page(queries.workspace_goals(request.key.workspace_id), lambda one: one.id, cursor, limit)
    return {"items": [_shown(one.id, queries.definition_of(one)) for one in items], "next_cursor": following}


@router.post("", response={201: GoalShown})
def create_goal(request: APIRequest, body: GoalGiven) -> Status[dict[str, Any]]:
    made = services.save_goal(request.key.workspace_id, _definition(body))
    return Status(201, _shown(made.id, queries.definition_of(made)))


@router.get("/{int:goal_id}", response=GoalShown)
def get_goal(request: APIRequest, goal_id: int) -> dict[str, Any]:
    return _shown(goal_id, _found(request, goal_id))


@router.put("/{int:goal_id}", response=GoalShown)
def replace_goal(request: APIRequest, goal_id: int, body: GoalGiven) -> dict[str, Any]:
    """Says anew what counts. Results know when a goal was changed after an experience was started."""
    _found(request, goal_id)
    saved = services.save_goal(request.key.workspace_id, _definition(body), goal_id)
    return _shown(goal_id, queries.definition_of(saved))


@router.delete("/{int:goal_id}", response={204: None})
def delete_goal(request: APIRequest, goal_id: int) -> Status[None]:
    """Deletes a goal that no experience is judged by."""
    _found(request, goal_id)
    services.delete_goal(request.key.workspace_id, goal_id)
    return Status(204, None)


def _found(request: APIRequest, goal_id: int) -> GoalDefinition:
    return queries.definition_of(found(queries.workspace_goal(request.key.workspace_id, goal_id), f"goal {goal_id}"))


def _definition(body: GoalGiven) -> GoalDefinition:
    """Raises msgspec.ValidationError for a kind or a unit that there is not."""
    given = body.model_dump()
    if body.kind == "track" and not body.event:
        given["event"] = body.name
    return msgspec.convert(given, GoalDefinition)


def _shown(goal_id: int, definition: GoalDefinition) -> dict[str, Any]:
    return {"id": goal_id, **msgspec.to_builtins(definition)}
