"""The home page: the first steps tick by themselves, and it says whether messages flow."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from django.test import Client

from pages import message, mutiny, source, text
from pitcairn.connections import services
from pitcairn.edge.models import InboxEntry
from pitcairn.eventstore import EventStore
from pitcairn.experiences.models import AudienceSegment, Experience, Variation
from pitcairn.workspaces.models import Workspace

pytestmark = pytest.mark.django_db(databases="__all__")


def steps(client: Client) -> dict[str, str]:
    """Each first step with what it looks like: done, next or ""."""
    page = client.get("/").content.decode()
    return {title: state for state, title in re.findall(r'<li class="(done|next|)">\s*<strong>([^<]+)', page)}


def test_an_empty_workspace_is_told_where_to_begin(client: Client, store: EventStore) -> None:
    response = client.get("/")
    assert "Get started" in text(response)
    assert list(steps(client).values()) == ["next", "", "", "", ""]
    assert b'href="/connections/sources/new/"' in response.content
    assert "No message yet" in text(response)


def test_each_step_ticks_when_it_happened(client: Client, workspace: Workspace, store: EventStore) -> None:
    website = source(workspace)
    assert steps(client)["Create a source"] == "done"
    assert steps(client)["Send the first message"] == "next"

    store.insert("messages", [message(workspace, website.id)])
    assert steps(client)["Send the first message"] == "done"

    destination = mutiny(workspace, website.id, enabled=False)
    assert steps(client)["Connect Mutiny"] == "next"
    services.set_destination_enabled(workspace_id=workspace.id, destination_id=destination.id, enabled=True)
    assert steps(client)["Connect Mutiny"] == "done"

    experience = Experience.objects.create(workspace=workspace, name="Welcome", page_url="example.com/")
    Variation.objects.create(segment=AudienceSegment.objects.create(experience=experience, name="All"), changes=[])
    assert steps(client)["Put an experience live"] == "next"
    Experience.objects.filter(id=experience.id).update(state="live")
    assert steps(client)["Put an experience live"] == "done"
    assert steps(client)["Get the first conversion"] == "next"
    assert "Welcome" in text(client.get("/"))


def test_a_step_that_is_undone_unticks(client: Client, workspace: Workspace, store: EventStore) -> None:
    website = source(workspace)
    mutiny(workspace, website.id)
    services.set_source_enabled(workspace_id=workspace.id, source_id=website.id, enabled=False)
    assert steps(client)["Connect Mutiny"] == ""
    said = text(client.get("/"))
    assert "1 source , 1 disabled" in said.replace("source,", "source ,")
    assert "Enabled, but its sources are disabled" in said


def test_it_says_when_the_worker_is_behind(client: Client, store: EventStore) -> None:
    assert "Inbox is up to date" in text(client.get("/"))
    InboxEntry.objects.create(received_at=int((time.time() - 300) * 1000), messages=1, payload=b"")
    said = text(client.get("/"))
    assert "Inbox is 5 minutes behind" in said
    assert "nothing is lost" in said


def test_it_stays_calm_without_an_event_store(client: Client, workspace: Workspace) -> None:
    mutiny(workspace, source(workspace).id)
    response = client.get("/")
    assert response.status_code == 200
    assert "Event store not reachable" in text(response)
    assert steps(client)["Create a source"] == "done"


def test_a_viewer_is_offered_nothing_that_they_cannot_do(viewer_client: Client, store: EventStore) -> None:
    assert b"Create a source</a>" not in viewer_client.get("/").content


@pytest.mark.parametrize(("chosen", "kept"), [("dark", "dark"), ("light", "light"), ("", ""), ("neon", "")])
def test_colours_are_kept_in_the_browser(client: Client, chosen: str, kept: str) -> None:
    response: Any = client.post("/theme/", {"theme": chosen, "next": "/people/"})
    assert response.headers["Location"] == "/people/"
    attribute = f'data-theme="{kept}"' if kept else "data-theme="
    assert (attribute in client.get("/people/").content.decode().split(">", 2)[1]) == bool(kept)


def test_a_page_that_is_not_there_says_so_inside_the_shell(client: Client) -> None:
    response = client.get("/nothing-here/")
    assert response.status_code == 404
    assert "There is nothing at this address" in text(response)
    assert "Sign out" in text(response)
    assert "Sign out" not in text(Client().get("/nothing-here/"))
