"""What tests of pages share: a workspace with its members, browsers signed in, and an event store to show.

Each room's conftest takes these fixtures over: `from pages import *`.
"""

from __future__ import annotations

import itertools
import json
import re
import time
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client

from pitcairn.connections import services
from pitcairn.dashboard import stores
from pitcairn.eventstore import EventStore
from pitcairn.profiles.models import Identifier, Profile
from pitcairn.workspaces.models import Member, Role, User, Workspace

__all__ = ["client", "owner", "store", "viewer", "viewer_client", "workspace"]

API_KEY = "secret-key-that-ends-in-7Qx9"
"""A setting that no page may show more of than its end."""

_workspace_ids = itertools.count(10_001)


@pytest.fixture
def workspace(db: None) -> Workspace:
    """A workspace with an id that no other test had: the event store outlives a test's transaction."""
    return Workspace.objects.create(id=next(_workspace_ids), name="Acme")


def user(workspace: Workspace, role: Role, email: str) -> User:
    """A member who never types a password: making one is slow on purpose."""
    made = User.objects.filter(email=email).first() or User.objects.create_user(email, None)
    Member.objects.create(workspace=workspace, user=made, role=role)
    return made


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def owner(workspace: Workspace) -> User:
    return user(workspace, Role.OWNER, "owner@acme.example")


@pytest.fixture
def viewer(workspace: Workspace) -> User:
    return user(workspace, Role.VIEWER, "viewer@acme.example")


@pytest.fixture
def client(owner: User) -> Client:
    return signed_in(owner)


@pytest.fixture
def viewer_client(viewer: User) -> Client:
    return signed_in(viewer)


@pytest.fixture
def store(embedded_store: EventStore) -> Iterator[EventStore]:
    """The event store that pages find. Without this fixture they find none."""
    stores.provide(embedded_store)
    yield embedded_store
    stores.provide(None)


def source(workspace: Workspace, name: str = "Website", kind: str = "browser") -> Any:
    return services.create_source(workspace_id=workspace.id, name=name, kind=kind)


def mutiny(workspace: Workspace, *source_ids: int, enabled: bool = True, key: str = API_KEY) -> Any:
    return services.create_destination(
        workspace_id=workspace.id, slug="mutiny", source_ids=source_ids, settings={"apiKey": key}, enabled=enabled
    )


def message(workspace: Workspace, source_id: int, **fields: Any) -> dict[str, Any]:
    """A row of the event store's messages."""
    now = time.time()
    row: dict[str, Any] = {
        "workspace_id": workspace.id,
        "source_id": source_id,
        "profile_id": 1,
        "batch": 1,
        "type": "track",
        "event": "Order Completed",
        "message_id": f"m-{now}",
        "user_id": "usr_1",
        "anonymous_id": "anon-1",
        "timestamp": now,
        "received_at": now,
        "delivered_to": [],
        "filtered": "",
        "context": json.dumps({"page": {"path": "/pricing"}}),
        "integrations": "",
        "properties": "{}",
        "traits": "",
        "extra": "{}",
    }
    return row | fields


def refusal(workspace: Workspace, source_id: int, **fields: Any) -> dict[str, Any]:
    """A row of the event store's refusals."""
    row: dict[str, Any] = {
        "workspace_id": workspace.id,
        "source_id": source_id,
        "batch": 1,
        "received_at": time.time(),
        "reason": "no_user_anon_id",
        "detail": "",
        "type": "track",
        "event": "Order Completed",
        "message_id": "",
        "user_id": "",
        "anonymous_id": "",
        "message": json.dumps({"type": "track", "event": "Order Completed"}),
    }
    return row | fields


_profile_ids = itertools.count(1)


def person(
    workspace: Workspace,
    identifiers: dict[str, list[str]],
    traits: dict[str, Any] | None = None,
    *,
    source_id: int = 0,
    seen: int | None = None,
    **fields: Any,
) -> int:
    """A profile as the pipeline writes it; returns its id."""
    now = int(time.time() * 1000) if seen is None else seen
    profile_id = int(f"{workspace.id}{next(_profile_ids)}")
    Profile.objects.create(
        id=profile_id,
        workspace_id=workspace.id,
        traits=json.dumps({name: [value, now, source_id] for name, value in (traits or {}).items()}),
        created_at=now,
        last_seen_at=now,
        **fields,
    )
    for kind, values in identifiers.items():
        for value in values:
            Identifier.objects.create(
                workspace_id=workspace.id,
                type=kind,
                value=value,
                profile_id=profile_id,
                created_at=now,
                source_id=source_id,
                message_id="m-1",
            )
    return profile_id


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def text(response: Any) -> str:
    """What the page says, in one line, without its markup."""
    parser = _Text()
    parser.feed(response.content.decode())
    return re.sub(r"\s+", " ", " ".join(parser.parts))
