"""Goals in the management API: the Track events that count as success. Which an experience has, stands in it."""

from typing import Any

from ninja import Router, Schema, Status

from pitcairn.api.access import APIRequest
from pitcairn.api.bodies import Given, found
from pitcairn.api.paging import Cursor, Limit, page
from pitcairn.experiments import queries, services

router = Router(tags=["Goals"])


class GoalGiven(Given):
    event: str


class GoalShown(Schema):
    id: int
    event: str


class GoalList(Schema):
    items: list[GoalShown]
    next_cursor: str | None


@router.get("", response=GoalList)
def list_goals(request: APIRequest, cursor: Cursor = "", limit: Limit = 50) -> dict[str, Any]:
    items, following = page(queries.workspace_goals(request.key.workspace_id), lambda one: one.id, cursor, limit)
    return {"items": [{"id": one.id, "event": one.event} for one in items], "next_cursor": following}


@router.post("", response={201: GoalShown})
def create_goal(request: APIRequest, body: GoalGiven) -> Status[dict[str, Any]]:
    """Makes the Track event a goal, or finds the goal that it is."""
    goal = services.create_goal(request.key.workspace_id, body.event)
    return Status(201, {"id": goal.id, "event": goal.event})


@router.delete("/{int:goal_id}", response={204: None})
def delete_goal(request: APIRequest, goal_id: int) -> Status[None]:
    """Deletes a goal that no experience is judged by."""
    known = {one.id for one in queries.workspace_goals(request.key.workspace_id)}
    found(goal_id if goal_id in known else None, f"goal {goal_id}")
    services.delete_goal(request.key.workspace_id, goal_id)
    return Status(204, None)
