"""One place decides who sees and who changes: every route is walked, also those that are added later."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from connections.deliveries import dead, outgoing
from pages import API_KEY, message, mutiny, person, refusal, signed_in, source, user
from pitcairn.connections.models import OAuthApp, SeenEvent, Source, TrackingPlan
from pitcairn.connections.services_alerts import create_alert
from pitcairn.connections.services_filters import create_filter
from pitcairn.dashboard.middleware import BY_TOKEN, OWN_BUSINESS, PUBLIC
from pitcairn.engage.services import connect_destination, create_audience, create_computed_trait
from pitcairn.eventstore import EventStore
from pitcairn.experiences.models import AudienceSegment
from pitcairn.experiences.services import save_experience
from pitcairn.experiments.services import create_goal
from pitcairn.experiments.sharing import make_link
from pitcairn.profiles.models import Account, Merge, ProfileToken
from pitcairn.profiles.services import create_token
from pitcairn.workspaces.models import Role, Workspace

pytestmark = pytest.mark.django_db(databases="__all__")


@dataclass(frozen=True)
class Route:
    name: str
    path: str
    """As Django writes it: `connections/sources/<int:source_id>/`."""

    def url(self, values: dict[str, Any]) -> str:
        return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(values[found.group(1)]), self.path)

    @property
    def of_a_thing(self) -> bool:
        """It names something that belongs to one workspace."""
        return bool(re.search(r"<int:", self.path))


def _routes(patterns: list[Any], prefix: str = "", space: str = "") -> Iterator[Route]:
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from _routes(pattern.url_patterns, path, inner)
        elif isinstance(pattern, URLPattern):
            assert pattern.name, f"/{path} has no name; permissions are decided by name"
            yield Route(space + pattern.name, path)


def routes() -> list[Route]:
    """Every page. The APIs are none: they know tokens, not members, and have tests of their own; nor is what has `BY_TOKEN`."""
    apis = ("profile-api", "results-api")
    return [
        route
        for route in _routes(get_resolver().url_patterns)
        if not route.name.startswith(apis) and route.name not in BY_TOKEN
    ]


@pytest.fixture
def values(workspace: Workspace, store: EventStore) -> dict[str, Any]:
    """One thing of each kind that a route can name."""
    website = source(workspace)
    destination = mutiny(workspace, website.id)
    experience = save_experience(
        workspace_id=workspace.id,
        name="Welcome",
        page_url="example.com/",
        segments=[{"name": "Everyone", "variations": [{"changes": []}]}],
    )
    segment = AudienceSegment.objects.get(experience=experience)
    store.insert("messages", [message(workspace, website.id, type="identify", event="", message_id="m-walk")])
    store.insert("refusals", [refusal(workspace, website.id)])
    letter = dead(destination, outgoing(website.id, "m-walk"))
    rule = create_alert(
        workspace_id=workspace.id,
        kind="lag",
        threshold=600,
        name="Late",
        webhook_url=f"https://hooks.example/{API_KEY}",
    )
    chosen = create_filter(
        workspace_id=workspace.id,
        destination_id=destination.id,
        title="No tests",
        condition="all",
        action={"type": "drop"},
    )
    seen = SeenEvent.objects.create(
        key=workspace.id.to_bytes(16), workspace_id=workspace.id, source_id=website.id, type="track", event="Order Completed",
        first_seen_at=0, last_seen_at=0, count=1,
    )  # fmt: skip
    plan = TrackingPlan.objects.create(workspace=workspace, name="Plan")
    segment_source = source(workspace, "Segment", "segment")
    Source.objects.filter(id=segment_source.id).update(secret=API_KEY)
    somebody = person(workspace, {"user_id": ["usr_1"]}, {"plan": "free"}, source_id=website.id)
    merged = person(workspace, {}, merged_into=somebody)
    merge = Merge.objects.create(workspace_id=workspace.id, winner_id=somebody, loser_id=merged, merged_at=1)
    account = Account.objects.create(workspace_id=workspace.id, group_id="acorn", created_at=1, last_seen_at=1)
    create_token(workspace_id=workspace.id, name="Help desk", by="owner@acme.example")
    token = ProfileToken.objects.get(workspace_id=workspace.id)
    condition = {"fact": "trait", "name": "plan", "operator": "equals", "value": "pro"}
    audience = create_audience(workspace.id, "On the pro plan", condition)
    connect_destination(workspace.id, audience.id, destination.id)
    trait = create_computed_trait(workspace.id, "Orders", {"event": "Order Completed"})
    app = OAuthApp.objects.create(workspace=workspace, name="Importer", client_id="c", key_id="k", public_key="public")
    return {
        "app_id": app.id,
        "letter_id": letter,
        "rule_id": rule.id,
        "filter_id": chosen.id,
        "event_id": seen.id,
        "plan_id": plan.id,
        "source_id": website.id,
        "destination_id": destination.id,
        "experience_id": experience.id,
        "number": experience.version,
        "profile_id": somebody,
        "account_id": account.id,
        "audience_id": audience.id,
        "computation_id": audience.id,
        "trait_id": trait.id,
        "merge_id": merge.id,
        "token_id": token.id,
        "goal_id": create_goal(workspace.id, "Signed Up").id,
        "link_id": make_link(experience.id, "owner@acme.example").id,
        "token": "none",
        "slug": "mutiny",
        "segment_id": segment.id,
        "index": 0,
    }


def test_there_are_routes_to_walk() -> None:
    names = {route.name for route in _routes(get_resolver().url_patterns)}
    assert {"home", "connections:debugger-stream", "profiles:profile", "experiences:list"} <= names
    assert names >= PUBLIC | OWN_BUSINESS | BY_TOKEN


def test_nobody_sees_or_changes_anything_without_signing_in(values: dict[str, Any]) -> None:
    for route in routes():
        for method in ("get", "post", "put", "delete"):
            response = getattr(Client(), method)(route.url(values))
            if route.name in PUBLIC:
                continue
            assert response.status_code == 302, f"{method} {route.name} answered {response.status_code}"
            assert response.headers["Location"].startswith("/sign-in/"), route.name


def test_a_session_opens_nothing_that_asks_for_a_token(values: dict[str, Any], client: Client) -> None:
    walked = [route for route in _routes(get_resolver().url_patterns) if route.name in BY_TOKEN]
    assert {route.name for route in walked} == BY_TOKEN
    for route in walked:
        for browser in (Client(), client):
            for method in ("get", "post", "put", "delete"):
                response = getattr(browser, method)(route.url(values))
                assert (response.status_code, response.json()["code"]) == (401, "token_missing"), method


def test_a_viewer_changes_nothing(values: dict[str, Any], viewer_client: Client) -> None:
    for route in routes():
        if route.name in PUBLIC | OWN_BUSINESS:
            continue
        for method in ("post", "put", "patch", "delete"):
            response = getattr(viewer_client, method)(route.url(values))
            assert response.status_code == 403, f"{method} {route.name} answered {response.status_code}"


def test_a_viewer_sees_what_an_owner_sees(values: dict[str, Any], client: Client, viewer_client: Client) -> None:
    for route in routes():
        if route.name in PUBLIC:
            continue
        seen = [browser.get(route.url(values)) for browser in (client, viewer_client)]
        assert seen[0].status_code == seen[1].status_code, route.name
        # The audience here is made by a condition, so it has no list to edit.
        allowed = {404} if route.name == "engage:list-edit" else {200, 204, 302, 405, 422}
        assert seen[0].status_code in allowed, f"{route.name} answered {seen[0].status_code}"


def test_nothing_of_another_workspace_is_found(values: dict[str, Any]) -> None:
    elsewhere = Workspace.objects.create(name="Elsewhere")
    stranger = signed_in(user(elsewhere, Role.OWNER, "stranger@elsewhere.example"))
    walked = 0
    for route in routes():
        if not route.of_a_thing:
            continue
        walked += 1
        for method in ("get", "post"):
            response = getattr(stranger, method)(route.url(values))
            assert response.status_code in {404, 405}, f"{method} {route.name} answered {response.status_code}"
    assert walked > 5


def test_pages_run_no_script_and_no_style_of_their_own(values: dict[str, Any], client: Client) -> None:
    for route in routes():
        response = client.get(route.url(values))
        policy = response.headers["Content-Security-Policy"]
        assert re.search(r"default-src '(self|none)'", policy), route.name
        assert "unsafe" not in policy, route.name
        if "text/html" in response.headers.get("Content-Type", "") and not response.streaming:
            page = response.content.decode()
            broken = re.search(r"<script(?![^>]*\bsrc=)[^>]*>|<style|\sstyle=|\son[a-z]+=|hx-on|javascript:", page)
            assert broken is None, f"{route.name} has {broken and broken.group()}, which its own policy forbids"


def test_no_page_shows_a_secret(values: dict[str, Any], client: Client, workspace: Workspace) -> None:
    assert API_KEY.encode() not in b"".join(
        response.content for route in routes() if not (response := client.get(route.url(values))).streaming
    )
    assert workspace.secret.encode() not in client.get("/settings/").content
    destination = f"/connections/destinations/{values['destination_id']}/"
    assert b"ends in 7Qx9" in client.get(destination).content
    # Nor does an error page give back what was just typed into it.
    response = client.post(destination, {"name": "", "setting-apiKey": API_KEY})
    assert response.status_code == 422


def test_pages_are_not_kept_by_the_browser(client: Client) -> None:
    assert client.get("/").headers["Cache-Control"] == "no-store"


def test_a_member_of_two_workspaces_goes_from_one_to_the_other(client: Client, workspace: Workspace) -> None:
    other = Workspace.objects.create(id=workspace.id + 100_000, name="Second world")
    member = user(other, Role.VIEWER, "owner@acme.example")
    client.force_login(member)
    assert "Go to Second world" in client.get("/settings/").content.decode()
    client.post("/switch-workspace/", {"workspace": other.id})
    assert "Second world" in client.get("/").content.decode()
    assert client.post("/connections/sources/new/", {"name": "x", "kind": "browser"}).status_code == 403
    stranger = Workspace.objects.create(name="Third world")
    client.post("/switch-workspace/", {"workspace": stranger.id})
    assert "Third world" not in client.get("/").content.decode()
