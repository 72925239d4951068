"""The audiences a person is and was in, and what was computed of them."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest
from django.test import Client

from pages import *  # noqa: F403 - the fixtures that tests of pages share
from pages import person, text
from pitcairn.engage.models import Computation, PastValue, Value
from pitcairn.workspaces.models import Workspace

pytestmark = pytest.mark.django_db(databases="__all__")

DAY_MS = 86_400_000


def computed(workspace: Workspace, profile_id: int, kind: str, name: str, *values: tuple[Any, int]) -> Computation:
    """A computation with what it says of the person: (value, days ago) pairs, newest first."""
    now = int(time.time() * 1000)
    made: Computation = Computation.objects.create(
        workspace=workspace, kind=kind, name=name, key=name.lower().replace(" ", "_"), status="live"
    )
    (value, days), *past = values
    since = now - days * DAY_MS
    Value.objects.create(
        workspace_id=workspace.id, computation_id=made.id, profile_id=profile_id, value=json.dumps(value), since=since
    )
    for value, days in past:
        PastValue.objects.create(
            workspace_id=workspace.id,
            computation_id=made.id,
            profile_id=profile_id,
            value=json.dumps(value),
            since=now - days * DAY_MS,
            until=since,
        )
        since = now - days * DAY_MS
    return made


def test_memberships_with_their_history(client: Client, workspace: Workspace) -> None:
    one = person(workspace, {"user_id": ["u1"]})
    computed(workspace, one, "audience", "Big spenders", (True, 2), (False, 5), (True, 20))
    computed(workspace, one, "audience", "Free riders", (False, 1), (True, 4))
    computed(workspace, one, "computed_trait", "Orders", (12, 1), (11, 3))
    computed(workspace, person(workspace, {"user_id": ["u2"]}), "audience", "Somebody else's", (True, 1))
    said = text(client.get(f"/people/{one}/audiences/"))
    for part in (
        "Big spenders big_spenders In 2 days ago 2 changes Out from",
        "Free riders free_riders Out 1 day ago 1 change In from",
        "Orders orders 12 1 day ago 1 change 11 from",
    ):
        assert part in said, part
    assert "Somebody else" not in said


def test_the_overview_has_the_audiences_of_now(client: Client, workspace: Workspace) -> None:
    one = person(workspace, {"user_id": ["u1"]})
    assert "In none now." in text(client.get(f"/people/{one}/"))
    computed(workspace, one, "audience", "Free riders", (False, 1), (True, 4))
    assert "The history has those they left." in text(client.get(f"/people/{one}/"))
    computed(workspace, one, "audience", "Big spenders", (True, 2))
    said = text(client.get(f"/people/{one}/"))
    assert "Big spenders since 2 days ago" in said
    assert "Free riders" not in said


def test_times_in_an_audience_are_drawn_to_scale(client: Client, workspace: Workspace) -> None:
    one = person(workspace, {"user_id": ["u1"]})
    computed(workspace, one, "audience", "Big spenders", (True, 2), (False, 5), (True, 10))
    page = client.get(f"/people/{one}/audiences/").content.decode()
    bars = [(float(x), float(width)) for x, width in re.findall(r'class="in" x="([\d.]+)" width="([\d.]+)"', page)]
    assert bars == [(128.0, 32.0), (0.0, 80.0)]


def test_who_entered_just_now_was_not_always_there(client: Client, workspace: Workspace) -> None:
    one = person(workspace, {"user_id": ["u1"]})
    computed(workspace, one, "audience", "Big spenders", (True, 0))
    page = client.get(f"/people/{one}/audiences/").content.decode()
    [(x, width)] = re.findall(r'class="in" x="([\d.]+)" width="([\d.]+)"', page)
    assert float(x) >= 150
    assert float(width) <= 10


def test_a_deleted_audience_leads_nowhere(client: Client, workspace: Workspace) -> None:
    one = person(workspace, {"user_id": ["u1"]})
    made = computed(workspace, one, "audience", "Big spenders", (True, 2))
    Computation.objects.filter(id=made.id).update(deleted_at="2026-01-01T00:00:00Z")
    page = client.get(f"/people/{one}/audiences/")
    assert "Big spenders deleted" in text(page)
    assert f"/audiences/{made.id}/".encode() not in page.content


def test_never_in_an_audience(client: Client, workspace: Workspace) -> None:
    one = person(workspace, {"user_id": ["u1"]})
    assert "Never in an audience" in text(client.get(f"/people/{one}/audiences/"))


def test_traits_are_searched(client: Client, workspace: Workspace) -> None:
    one = person(workspace, {"user_id": ["u1"]}, {"company": {"name": "Acorn"}, "plan": "team"})
    page = text(client.get(f"/people/{one}/traits/"))
    assert "2 traits" in page
    for find in ("ACORN", "company.n"):
        page = text(client.get(f"/people/{one}/traits/", {"find": find}))
        assert "1 of 2 traits" in page, find
        assert "company. name Acorn" in page, find
    assert "Nothing matches" in text(client.get(f"/people/{one}/traits/", {"find": "zzz"}))
    assert "No traits yet" in text(client.get(f"/people/{person(workspace, {'user_id': ['u2']})}/traits/"))
