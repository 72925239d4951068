"""A program that uses the management API."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from pitcairn.api.access import use_limits
from pitcairn.edge.rates import RateLimits
from pitcairn.workspaces.api_keys import create_api_key
from pitcairn.workspaces.models import Workspace

CHANGE = {"type": "text", "selector": "h1", "value": "Rosters in an afternoon"}


@pytest.fixture(autouse=True)
def calm() -> Iterator[None]:
    """A clock that runs by a second with each request: no test meets the limit but the one about it."""
    before = use_limits(RateLimits(itertools.count(0.0).__next__))
    yield
    use_limits(before)


class Program:
    def __init__(self, key: str) -> None:
        self.client = Client(headers={"Authorization": f"Bearer {key}"} if key else {})

    @classmethod
    def of(cls, workspace: Workspace, scope: str = "write") -> Program:
        return cls(create_api_key(workspace_id=workspace.id, name="Robot", scope=scope, by="owner@acme.example"))

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The response. A body goes as JSON; text goes as it is."""
        data = body if isinstance(body, str) else json.dumps(body)
        more: dict[str, Any] = {} if body is None else {"data": data, "content_type": "application/json"}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.generic(method.upper(), f"/api/v1{path}", headers=named, **more)

    def get(self, path: str, status: int = 200) -> Any:
        return self.must("get", path, None, status)

    def must(self, method: str, path: str, body: Any = None, status: int = 200, **headers: str) -> Any:
        """What is answered, which has to be with this status."""
        response = self.ask(method, path, body, **headers)
        assert response.status_code == status, response.content
        if status == 204:
            return None
        value = response.json()
        if status >= 400:
            assert set(value) == {"error"}
            assert set(value["error"]) == {"code", "message", "details"}
            assert all(set(detail) == {"path", "message"} for detail in value["error"]["details"])
            return value["error"]
        return value


def experience(name: str = "Welcome", **more: Any) -> dict[str, Any]:
    """The body of an experience that could go live."""
    condition = {"fact": "trait", "name": "company.size", "operator": "less_than", "value": 50}
    return {
        "name": name,
        "page_url": "acme.example/",
        "control_share": 0.2,
        "segments": [{"name": "Small", "condition": condition, "variations": [{"changes": [CHANGE]}]}],
        "goals": ["Signed Up"],
        **more,
    }
