"""The pages of audiences and computed traits."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from django.test import Client

from engage.world import EngageWorld
from pages import mutiny, signed_in, text, user
from pitcairn.dashboard import stores
from pitcairn.engage import services
from pitcairn.engage.models import Audience, ComputedTrait, SizePoint, Status, Sync
from pitcairn.eventstore import EventStore
from pitcairn.workspaces.models import Role, Workspace

pytestmark = pytest.mark.django_db(databases="__all__")

ROWS = {
    "c-kind": "group",
    "c-join": "all",
    "c-nodes-0-kind": "event",
    "c-nodes-0-verb": "track",
    "c-nodes-0-event": "Order Completed",
    "c-nodes-0-operator": "at_least",
    "c-nodes-0-value": "1",
    "c-nodes-0-measure": "count",
    "c-nodes-0-window": "last",
    "c-nodes-0-oldest": "30",
    "c-nodes-0-oldest_unit": "days",
}
NEW = {"name": "Order Completed last 30days", "historical": "on", "target": "person", **ROWS}
PRO = {"fact": "trait", "name": "plan", "operator": "equals", "value": "pro"}


def made(workspace: Workspace, name: str = "Pro customers", condition: Any = PRO, **options: Any) -> Audience:
    return services.create_audience(workspace.id, name, condition, **options)


def test_an_audience_is_made_of_rows(client: Client, workspace: Workspace, store: EventStore) -> None:
    assert "No audience yet" in text(client.get("/audiences/"))
    page = client.post("/audiences/new/", NEW, follow=True)
    audience = Audience.objects.get(workspace=workspace)
    assert page.redirect_chain == [(f"/audiences/{audience.id}/", 302)]
    said = text(page)
    assert "order_completed_last_30days" in said
    assert "Did Order Completed in the last 30 days" in said
    assert audience.definition["all"][0]["window"] == {"oldest": {"amount": 30, "unit": "days"}}
    assert "Order Completed last 30days" in text(client.get("/audiences/"))


def test_what_was_typed_is_still_there_beside_the_error(
    client: Client, workspace: Workspace, store: EventStore
) -> None:
    page = client.post("/audiences/new/", NEW | {"c-nodes-0-oldest": "many", "name": "Kept"})
    assert page.status_code == 422
    said = page.content.decode()
    assert 'value="Kept"' in said
    assert 'value="many"' in said
    assert 'aria-invalid="true" aria-describedby="c-nodes-0-error"' in said
    assert "is not a whole number of at least 1" in text(page)
    assert not Audience.objects.filter(workspace=workspace).exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"c-nodes-0-value": "often"}, "is not a number"),
        ({"name": ""}, "An audience needs a name"),
        ({"raw": '{"fact": "trait", "name": "plan", "operator": "at_least", "value": "pro"}'}, "is not a number"),
        ({"raw": '{"event": 5}'}, "is not the name of an event"),
        ({"raw": '{"fact": "page", "name": "path", "operator": "exists"}'}, "cannot be asked of a person"),
        ({"raw": "{"}, "This is not JSON"),
        ({"raw": "[]"}, "This is not a condition"),
        (
            {"raw": '{"fact": "audience", "name": "gone", "operator": "equals", "value": true}'},
            "There is no audience 'gone'",
        ),
    ],
    ids=["text for number", "no name", "number of text", "event", "wrong place", "json", "list", "no such audience"],
)
def test_a_definition_that_is_refused(
    client: Client, workspace: Workspace, store: EventStore, change: dict[str, str], said: str
) -> None:
    page = client.post("/audiences/new/", NEW | change)
    assert page.status_code == 422
    assert said in text(page)
    assert not Audience.objects.filter(workspace=workspace).exists()


def test_a_circle_is_refused_at_the_place(client: Client, workspace: Workspace, store: EventStore) -> None:
    first = made(workspace, "First")
    made(workspace, "Second", {"fact": "audience", "name": first.key, "operator": "equals", "value": True})
    fields = {
        "name": "First",
        "c-kind": "group",
        "c-nodes-0-kind": "audience",
        "c-nodes-0-member": "true",
        "c-nodes-0-key": "second",
    }
    page = client.post(f"/audiences/{first.id}/edit/", fields)
    assert page.status_code == 422
    assert "This would go in a circle" in text(page)
    first.refresh_from_db()
    assert first.definition == PRO


def test_a_deleted_audience_is_named_where_it_is_asked_for(
    client: Client, workspace: Workspace, store: EventStore
) -> None:
    gone = made(workspace, "Gone")
    services.delete_audience(workspace.id, gone.id)
    fields = {"name": "New", "c-kind": "group", "c-nodes-0-kind": "audience", "c-nodes-0-key": "gone"}
    page = client.post("/audiences/new/", fields)
    assert page.status_code == 422
    assert "The audience 'gone' was deleted" in text(page)


def test_rows_are_added_without_script(client: Client, workspace: Workspace, store: EventStore) -> None:
    page = client.post("/audiences/new/", NEW | {"do": "trait-add c"})
    assert page.status_code == 200
    assert b'id="c-nodes-1-name"' in page.content
    assert b"<h1>" in page.content
    part = client.post("/audiences/new/", NEW | {"do": "trait-add c"}, headers={"HX-Request": "true"})
    assert b"<h1>" not in part.content
    assert part.headers["HX-Trigger"] == "condition-changed"
    shown = client.post("/audiences/new/", NEW | {"do": "show-raw"})
    assert b'id="raw"' in shown.content


def test_the_preview_counts_and_names_people(engage: EngageWorld) -> None:
    owner_client = _owner(engage)
    engage.identify("u1", {"email": "ana@example.com", "name": "Ana Lima", "plan": "pro"})
    engage.identify("u2", {"plan": "free"})
    engage.settle()
    try:
        stores.provide(engage.store)
        fields = {
            "name": "Pro",
            "do": "preview",
            "c-kind": "group",
            "c-nodes-0-kind": "fact",
            "c-nodes-0-subject": "trait",
            "c-nodes-0-name": "plan",
            "c-nodes-0-operator": "equals",
            "c-nodes-0-value": "pro",
        }
        part = text(owner_client.post("/audiences/new/", fields, headers={"HX-Request": "true"}))
        assert "person, 50.0 % of all" in part
        assert "Ana Lima" in part
        assert "Trait plan is pro." in part
        assert "Destinations will know it as pro" in part
        broken = owner_client.post("/audiences/new/", fields | {"c-nodes-0-name": ""}, headers={"HX-Request": "true"})
        assert "Is missing; name the trait" in text(broken)
        assert b'href="#c-nodes-0-name"' in broken.content
    finally:
        stores.provide(None)


def test_one_audience_and_why_somebody_is_in_it(engage: EngageWorld) -> None:
    client = _owner(engage)
    engage.identify("u1", {"email": "ana@example.com", "name": "Ana Lima", "plan": "pro"})
    engage.identify("u2", {"name": "Li Wei", "plan": "pro"})
    engage.did("Order Completed", "u1", total=50)
    both = {"all": [PRO, {"event": "Order Completed"}]}
    audience = services.create_audience(engage.workspace_id, "Pro buyers", both)
    services.create_audience(engage.workspace_id, "Pro customers", PRO)
    engage.settle()
    try:
        stores.provide(engage.store)
        said = text(client.get(f"/audiences/{audience.id}/"))
        assert "1 person, 50.0 % of all" in said
        assert "Live" in said
        people = client.get(f"/audiences/{audience.id}/people/")
        assert "Ana Lima" in text(people)
        assert "Li Wei" not in text(people)
        ana, li = (engage.profile_id(f"user_id:{one}") for one in ("u1", "u2"))
        why = text(client.get(f"/audiences/{audience.id}/people/{ana}/"))
        assert "Ana Lima is in this audience" in why
        assert "found: pro" in why
        assert "Order Completed" in why
        assert "counts" in why
        assert "Li Wei is not in this audience" in text(client.get(f"/audiences/{audience.id}/people/{li}/"))
        overlap = text(client.get(f"/audiences/{audience.id}/overlap/"))
        assert "Pro customers 2 1" in overlap
        assert "100.0 %" in overlap
    finally:
        stores.provide(None)


def test_the_page_of_an_audience_is_made_again_only_when_it_has_news(engage: EngageWorld) -> None:
    client = _owner(engage)
    audience = services.create_audience(engage.workspace_id, "Pro customers", PRO)
    engage.identify("u1", {"plan": "pro"})
    page = client.get(f"/audiences/{audience.id}/").content.decode()
    (address,) = re.findall(r'hx-get="([^"]+)" hx-select="#overview"', page)
    assert client.get(address).status_code == 204
    engage.identify("u2", {"plan": "pro"})
    assert "2 people" in text(client.get(address))


def _owner(engage: EngageWorld) -> Client:
    workspace = Workspace.objects.get(id=engage.workspace_id)
    return signed_in(user(workspace, Role.OWNER, "owner@acme.example"))


def test_destinations_are_connected_paused_and_removed(client: Client, workspace: Workspace) -> None:
    audience = made(workspace)
    address = f"/audiences/{audience.id}/destinations/"
    assert "There is no destination in this workspace" in text(client.get(address))
    destination = mutiny(workspace)
    assert "Connect destination" in text(client.get(address))
    refused = client.post(f"{address}new/", {"destination": destination.id, "entered": "A", "exited": "B"})
    assert refused.status_code == 422
    assert "Choose Identify, Track or both" in text(refused)
    fields = {"destination": destination.id, "send_identify": "on", "entered": "In", "exited": "Out"}
    tried = client.post(f"{address}new/", fields | {"do": "try"})
    assert "nothing was sent" in text(tried)
    assert not Sync.objects.exists()
    page = client.post(f"{address}new/", fields, follow=True)
    assert "is told about Pro customers" in text(page)
    sync = Sync.objects.get(computation_id=audience.id)
    assert (sync.send_identify, sync.send_track, sync.entered) == (True, False, "In")
    client.post(f"{address}{destination.id}/", {"send_track": "on", "entered": "In", "exited": "Out"})
    sync.refresh_from_db()
    assert (sync.send_identify, sync.send_track) == (False, True)
    assert "is paused" in text(client.post(f"{address}{destination.id}/pause/", follow=True))
    assert "Paused" in text(client.get(address))
    assert "The sync is paused. Resume it first." in text(
        client.post(f"{address}{destination.id}/resync/", follow=True)
    )
    client.post(f"{address}{destination.id}/resume/")
    assert "told about everybody again" in text(client.post(f"{address}{destination.id}/resync/", follow=True))
    assert "is told nothing more" in text(client.get(f"{address}{destination.id}/remove/"))
    client.post(f"{address}{destination.id}/remove/")
    assert not Sync.objects.exists()


def test_disabling_enabling_and_deleting(client: Client, workspace: Workspace) -> None:
    audience = made(workspace)
    address = f"/audiences/{audience.id}/"
    client.post(f"{address}disable/")
    assert "Disabled" in text(client.get(address))
    client.post(f"{address}enable/")
    audience.refresh_from_db()
    assert audience.status == Status.PREPARING
    assert client.post(f"{address}delete/", {"name": "Pro"}).status_code == 422
    other = made(workspace, "Other", {"fact": "audience", "name": audience.key, "operator": "equals", "value": True})
    used = client.post(f"{address}delete/", {"name": "Pro customers"})
    assert used.status_code == 422
    assert "Other asks for the members of Pro customers" in text(used)
    assert "Used by Other" in text(client.get(address))
    services.delete_audience(workspace.id, other.id)
    assert "Pro customers is deleted" in text(client.post(f"{address}delete/", {"name": "Pro customers"}, follow=True))
    assert client.get(address).status_code == 404


def test_a_computed_trait_is_made_changed_and_deleted(client: Client, workspace: Workspace) -> None:
    assert "No computed trait yet" in text(client.get("/audiences/traits/"))
    fields = {
        "name": "Total revenue",
        "historical": "on",
        "target": "person",
        "c-kind": "group",
        "c-nodes-0-kind": "event",
        "c-nodes-0-event": "Order Completed",
        "c-nodes-0-measure": "sum",
    }
    missing = client.post("/audiences/traits/new/", fields)
    assert missing.status_code == 422
    assert "name the property whose sum is meant" in text(missing)
    page = client.post("/audiences/traits/new/", fields | {"c-nodes-0-property": "revenue"}, follow=True)
    trait = ComputedTrait.objects.get(workspace=workspace)
    assert page.redirect_chain == [(f"/audiences/traits/{trait.id}/", 302)]
    assert "total_revenue" in text(page)
    assert "Order Completed" in text(client.get("/audiences/traits/"))
    added = client.post(f"/audiences/traits/{trait.id}/edit/", fields | {"do": "where-add c-nodes-0"})
    assert b'id="c-nodes-0-where-0-name"' in added.content
    windowed = fields | {"c-nodes-0-property": "revenue", "c-nodes-0-window": "session", "c-nodes-0-oldest": "1"}
    client.post(f"/audiences/traits/{trait.id}/edit/", windowed | {"c-nodes-0-oldest_unit": "hours"})
    trait.refresh_from_db()
    assert trait.definition["window"] == {"session": {"amount": 1, "unit": "hours"}}
    assert b'value="sum" checked' in client.get(f"/audiences/traits/{trait.id}/edit/").content
    client.post(f"/audiences/traits/{trait.id}/delete/", {"name": "Total revenue"})
    assert client.get(f"/audiences/traits/{trait.id}/").status_code == 404


def test_a_template_fills_the_builder(client: Client, workspace: Workspace) -> None:
    gallery = client.get("/audiences/templates/").content.decode()
    slugs = [part.split('"')[0] for part in gallery.split("?template=")[1:]]
    assert len(slugs) >= 16
    for slug in slugs:
        page = client.get("/audiences/new/", {"template": slug})
        assert page.status_code == 200
        assert b"c-nodes-0-kind" in page.content
    assert client.get("/audiences/new/", {"template": "nothing"}).status_code == 404


def test_viewers_look_and_change_nothing(viewer_client: Client, workspace: Workspace) -> None:
    audience = made(workspace)
    for address in ("/audiences/", f"/audiences/{audience.id}/", f"/audiences/{audience.id}/destinations/"):
        page = viewer_client.get(address)
        assert page.status_code == 200
        assert "Edit" not in text(page)
    assert viewer_client.post("/audiences/new/", NEW).status_code == 403
    assert viewer_client.post(f"/audiences/{audience.id}/disable/").status_code == 403


def test_nothing_of_another_workspace(client: Client, workspace: Workspace) -> None:
    elsewhere = Workspace.objects.create(name="Elsewhere")
    theirs = made(elsewhere)
    for address in ("", "edit/", "people/", "destinations/", "overlap/", "delete/", "people/1/"):
        assert client.get(f"/audiences/{theirs.id}/{address}").status_code == 404
    for address in ("disable/", "enable/", "recompute/", "destinations/1/pause/"):
        assert client.post(f"/audiences/{theirs.id}/{address}").status_code == 404


def test_the_list_is_searched_filtered_and_sorted(client: Client, workspace: Workspace) -> None:
    made(workspace, "Pro customers")
    small = made(workspace, "Free", {"fact": "trait", "name": "plan", "operator": "equals", "value": "free"})
    Audience.objects.filter(id=small.id).update(size=7, status=Status.LIVE)
    assert "1 audience" in text(client.get("/audiences/", {"q": "is free"}))
    assert "Pro customers" not in text(client.get("/audiences/", {"state": "live"}))
    ordered = text(client.get("/audiences/", {"sort": "-size"}))
    assert ordered.index("Free") < ordered.index("Pro customers")
    assert "Nothing matches" in text(client.get("/audiences/", {"q": "moon"}))


def test_the_size_over_time_is_drawn(client: Client, workspace: Workspace) -> None:
    audience = made(workspace)
    hour = 3_600_000
    start = time.time() * 1000 // hour * hour - 5 * hour
    for index, size in enumerate((3, 5, 4)):
        SizePoint.objects.create(computation_id=audience.id, hour=int(start + index * hour), size=size)
    page = client.get(f"/audiences/{audience.id}/").content.decode()
    assert page.count('class="chart ') == 3
    assert ": 5, +2" in page
    assert ": 4, \N{MINUS SIGN}1" in page
