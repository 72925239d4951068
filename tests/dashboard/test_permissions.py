"""One place decides who sees and who changes: every route is walked, also those that are added later."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from api.programs import Program
from connections.deliveries import dead, outgoing
from dashboard.routes import Route, all_routes
from pages import API_KEY, message, mutiny, person, refusal, signed_in, source, user
from pitcairn.connections.models import OAuthApp, SeenEvent, Source, TrackingPlan
from pitcairn.connections.services_alerts import create_alert
from pitcairn.connections.services_filters import create_filter
from pitcairn.dashboard.middleware import BY_TOKEN, OWN_BUSINESS, PUBLIC, SHOWS
from pitcairn.engage.services import connect_destination, create_audience, create_computed_trait
from pitcairn.eventstore import EventStore
from pitcairn.experiences.models import AudienceSegment, Experience
from pitcairn.experiences.previews import make_preview_link
from pitcairn.experiences.services import save_experience
from pitcairn.experiments.services import create_goal
from pitcairn.experiments.sharing import make_link
from pitcairn.hosted.content import Content
from pitcairn.hosted.links import make_links
from pitcairn.hosted.models import HostedLink
from pitcairn.hosted.services import save_page
from pitcairn.profiles.models import Account, Merge, ProfileToken
from pitcairn.profiles.services import create_token
from pitcairn.workspaces.api_keys import create_api_key
from pitcairn.workspaces.models import APIKey, Role, Workspace

pytestmark = pytest.mark.django_db(databases="__all__")


def routes() -> list[Route]:
    """Every page. The APIs are none: they know tokens and keys, not members; nor is what has `BY_TOKEN`."""
    return [
        route
        for route in all_routes()
        if not route.name.startswith(("profile-api", "api:")) and route.name not in BY_TOKEN
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
    create_api_key(workspace_id=workspace.id, name="Deploys", scope="read", by="owner@acme.example")
    page = save_page(workspace.id, Content(name="For you"), slug="walked")
    make_links(workspace.id, page.id, people=[somebody])
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
        "preview_id": make_preview_link(workspace.id, experience.id, address="https://example.com/").id,
        "merge_id": merge.id,
        "token_id": token.id,
        "key_id": APIKey.objects.get(workspace=workspace).id,
        "goal_id": create_goal(workspace.id, "Signed Up").id,
        "link_id": make_link(experience.id, "owner@acme.example").id,
        "token": "none",
        "slug": "mutiny",
        "segment_id": segment.id,
        "page_id": page.id,
        "hosted_link_id": HostedLink.objects.get(page=page).id,
        "index": 0,
    }


def api_routes() -> list[Route]:
    """The management API, but for its description, which is for everyone."""
    return [route for route in all_routes() if route.name.startswith("api:") and route.name not in PUBLIC]


def test_there_are_routes_to_walk() -> None:
    names = {route.name for route in all_routes()}
    assert {"home", "connections:debugger-stream", "profiles:profile", "experiences:list"} <= names
    assert names >= PUBLIC | OWN_BUSINESS | BY_TOKEN | SHOWS


def test_nobody_sees_or_changes_anything_without_signing_in(values: dict[str, Any]) -> None:
    for route in routes():
        for method in ("get", "post", "put", "delete"):
            response = getattr(Client(), method)(route.url(values))
            if route.name in PUBLIC:
                continue
            assert response.status_code == 302, f"{method} {route.name} answered {response.status_code}"
            assert response.headers["Location"].startswith("/sign-in/"), route.name


def test_a_session_opens_nothing_that_asks_for_a_token(values: dict[str, Any], client: Client) -> None:
    walked = [route for route in all_routes() if route.name in BY_TOKEN]
    assert {route.name for route in walked} == BY_TOKEN
    for route in walked:
        for browser in (Client(), client):
            for method in ("get", "post", "put", "delete"):
                response = getattr(browser, method)(route.url(values))
                assert (response.status_code, response.json()["code"]) == (401, "token_missing"), method


METHODS = ("get", "post", "put", "patch", "delete")


def test_the_api_opens_to_a_key_alone(values: dict[str, Any], client: Client) -> None:
    assert len(api_routes()) > 20
    for route in api_routes():
        for nobody in (Program("").client, Program("pitk_guessed").client, client):
            for method in METHODS:
                response = getattr(nobody, method)(route.url(values))
                assert (response.status_code, response.json()["error"]["code"]) == (401, "not_authenticated")


def test_a_key_that_reads_changes_nothing(values: dict[str, Any], workspace: Workspace) -> None:
    reader, writer = Program.of(workspace, "read"), Program.of(workspace, "write")
    for route in api_routes():
        for method in METHODS[1:]:
            response = getattr(reader.client, method)(route.url(values))
            assert (response.status_code, response.json()["error"]["code"]) == (403, "not_allowed"), route.name
        read = [one.client.get(route.url(values)).status_code for one in (reader, writer)]
        assert read[0] == read[1], route.name
        allowed = {404} if route.name == "api:api-root" else {200, 405, 422}
        assert read[0] in allowed, f"{route.name}: {read}"


def test_a_key_finds_nothing_of_another_workspace(values: dict[str, Any]) -> None:
    elsewhere = Workspace.objects.create(name="Elsewhere")
    stranger = Program.of(elsewhere)
    bodies: dict[str, Any] = {
        "api:replace_experience": {"name": "Taken", "version": 1},
        "api:update_source": {"name": "Taken"},
        "api:update_destination": {"name": "Taken"},
        "api:update_audience": {"name": "Taken"},
        "api:update_computed_trait": {"name": "Taken"},
        "api:restore_version": {"version": 1},
    }
    walked = 0
    for route in api_routes():
        path = route.url(values).removeprefix("/api/v1")
        for method in METHODS if route.of_a_thing else ("get",):
            for body in (None, *bodies.values()) if method in {"put", "patch", "post"} else (None,):
                response = stranger.ask(method, path + "?to=1", body)
                if route.of_a_thing:
                    walked += 1
                    assert response.status_code in {404, 405, 422}, f"{method} {route.name}: {response.status_code}"
                assert b"Welcome" not in response.content
                assert API_KEY.encode() not in response.content
    assert walked > 50
    assert Experience.objects.get(id=values["experience_id"]).name == "Welcome"
    assert not any(model.objects.filter(name="Taken").exists() for model in (Experience, Source))


def test_a_viewer_changes_nothing(values: dict[str, Any], viewer_client: Client) -> None:
    for route in routes():
        if route.name in PUBLIC | OWN_BUSINESS | SHOWS:
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
