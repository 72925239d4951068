"""One shape for every error of the API, on every route, whoever finds it; and who is let in."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone

from api.programs import Program
from dashboard.routes import all_routes
from pages import text
from pitcairn.api.access import REQUESTS_PER_SECOND, use_limits
from pitcairn.edge.rates import RateLimits
from pitcairn.workspaces.api_keys import create_api_key
from pitcairn.workspaces.models import APIKey, Workspace

pytestmark = pytest.mark.django_db(databases="__all__")

ROUTES = [route for route in all_routes() if route.name.startswith("api:")]
OTHERWISE = {
    "experience_id": 0,
    "number": 0,
    "goal_id": 0,
    "source_id": 0,
    "destination_id": 0,
    "audience_id": 0,
    "trait_id": 0,
    "filter_id": 0,
}
METHODS = ("get", "post", "put", "patch", "delete")


def envelope(response: Any) -> dict[str, Any]:
    assert response.headers["Content-Type"] == "application/json"
    value = response.json()
    assert set(value) == {"error"}
    assert set(value["error"]) == {"code", "message", "details"}
    assert value["error"]["message"].endswith((".", "json."))
    return value["error"]  # type: ignore[no-any-return]


def test_every_error_of_every_route_has_the_shape(program: Program) -> None:
    """Things that are not there, bodies that are not meant, methods that are not known."""
    codes = set()
    for route in ROUTES:
        for method in METHODS:
            for body in (None, {"nonsense": 1}, "["):
                response = program.ask(method, route.url(OTHERWISE).removeprefix("/api/v1"), body)
                if response.status_code >= 400:
                    codes.add(envelope(response)["code"])
    assert codes >= {"not_found", "method_not_allowed", "invalid"}
    assert envelope(program.ask("get", "/nothing"))["code"] == "not_found"
    assert envelope(program.ask("post", "/experiences/1/explode"))["code"] == "not_found"
    refused = program.ask("patch", "/experiences")
    assert (envelope(refused)["code"], refused.status_code) == ("method_not_allowed", 405)
    assert "GET" in refused.headers["Allow"]


def test_a_crash_has_the_shape_too(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pitcairn.experiments.queries.workspace_goals", lambda _: 1 / 0)
    program.client.raise_request_exception = False
    response = program.ask("get", "/goals")
    assert (response.status_code, envelope(response)["code"]) == (500, "failed")
    assert b"Zero" not in response.content


def test_the_description_is_whole_and_for_everyone() -> None:
    response = Client().get("/api/v1/openapi.json")
    described = response.json()
    assert described["openapi"].startswith("3.1")
    walked = {"/" + route.path.replace("<int:", "{").replace(">", "}") for route in ROUTES}
    assert set(described["paths"]) == walked - {"/api/v1/openapi.json", "/api/v1/"}
    operations = [one for path in described["paths"].values() for one in path.values()]
    names = [one["operationId"] for one in operations]
    assert len(set(names)) == len(names) > 40
    assert all(one["security"] == [{"BearerKey": []}] for one in operations)
    references = set(json.dumps(described).split('"$ref": "#/components/schemas/')[1:])
    assert {one.partition('"')[0] for one in references} <= set(described["components"]["schemas"])
    assert not [word for word in ("cdn", "unpkg", "jsdelivr") if word in response.content.decode()]


def test_a_key_is_shown_once_used_and_revoked(client: Client, workspace: Workspace) -> None:
    page = client.post("/settings/api-keys/", {"name": "Deploys", "scope": "write"})
    saved = APIKey.objects.get(workspace=workspace)
    key = next(word for word in text(page).split() if word.startswith("pitk_"))
    assert saved.digest not in key
    assert key not in client.get("/settings/api-keys/").content.decode()
    assert saved.hint in client.get("/settings/api-keys/").content.decode()
    assert saved.last_used_at is None
    program = Program(key)
    assert program.ask("get", "/experiences").status_code == 200
    saved.refresh_from_db()
    assert saved.last_used_at is not None
    assert saved.last_used_at <= timezone.now()
    assert client.post(f"/settings/api-keys/{saved.id}/revoke/").status_code == 302
    refused = program.ask("get", "/experiences")
    assert (refused.status_code, envelope(refused)["code"]) == (401, "not_authenticated")
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")
    assert client.post("/settings/api-keys/", {"name": " ", "scope": "write"}).status_code == 422
    assert client.post("/settings/api-keys/", {"name": "x", "scope": "everything"}).status_code == 422


def test_who_asks_too_often_is_told_when_to_come_again(workspace: Workspace) -> None:
    use_limits(RateLimits(lambda: 0.0))
    program = Program.of(workspace)
    answers = [program.ask("get", "/goals") for _ in range(REQUESTS_PER_SECOND + 1)]
    assert {one.status_code for one in answers[:-1]} == {200}
    assert (answers[-1].status_code, envelope(answers[-1])["code"]) == (429, "rate_limited")
    assert answers[-1].headers["Retry-After"] == "1"
    other = create_api_key(workspace_id=workspace.id, name="Other", scope="read", by="")
    assert Program(other).ask("get", "/goals").status_code == 200


def test_a_session_opens_nothing(client: Client) -> None:
    assert get_resolver().resolve("/api/v1/goals").view_name == "api:list_goals"
    assert client.get("/api/v1/goals").status_code == 401
