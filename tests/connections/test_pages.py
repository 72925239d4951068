"""The pages of Connections: creating a source, connecting Mutiny, finding it again."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from pages import API_KEY, message, mutiny, refusal, source, text
from pitcairn.connections import services
from pitcairn.connections.markdown import rendered
from pitcairn.connections.models import Destination, Source
from pitcairn.connections.registry import catalog
from pitcairn.eventstore import EventStore
from pitcairn.workspaces.models import Workspace

pytestmark = pytest.mark.django_db(databases="__all__")


def follow(client: Client, address: str, data: dict[str, Any]) -> Any:
    return client.post(address, data, follow=True)


def test_creating_a_source(client: Client, workspace: Workspace, store: EventStore) -> None:
    assert "No source yet" in text(client.get("/connections/sources/"))
    page = follow(client, "/connections/sources/new/", {"name": "Company website", "kind": "browser"})
    made = Source.objects.get(workspace=workspace)
    assert page.redirect_chain == [(f"/connections/sources/{made.id}/", 302)]
    said = text(page)
    assert "Company website is ready to take calls" in said
    assert "Waiting for the first message" in said
    assert made.write_key in said
    assert "Waiting for its first message" in text(client.get("/connections/sources/"))


def test_what_was_typed_is_still_there_beside_the_error(client: Client, workspace: Workspace) -> None:
    source(workspace, "Website")
    page = client.post("/connections/sources/new/", {"name": "Website", "kind": "mobile"})
    assert page.status_code == 422
    assert b'value="Website"' in page.content
    assert b'<option value="mobile" selected>' in page.content
    assert b'aria-invalid="true"' in page.content
    assert "already a source called &#x27;Website&#x27;" in page.content.decode()


def test_the_install_code_is_complete(client: Client, workspace: Workspace) -> None:
    made = source(workspace)
    address = f"/connections/sources/{made.id}/"
    for code, parts in {
        "browser": ["http://testserver", "data-write-key="],
        "analytics": ["@segment/analytics-next", "http://testserver"],
        "node": ["@segment/analytics-node", 'host: "http://testserver"'],
        "python": ["segment.analytics", 'analytics.host = "http://testserver"'],
        "curl": ["http://testserver/v1/track"],
    }.items():
        said = text(client.get(address, {"code": code}))
        for part in [made.write_key, *parts]:
            assert part in said, f"{code} lacks {part}"
    assert "@segment/analytics-node" in text(
        client.get(f"/connections/sources/{source(workspace, 'Api', 'server').id}/")
    )


def test_the_install_code_of_each_platform(client: Client, workspace: Workspace) -> None:
    """The dashboard's guide and the document's name the same platforms; each code is for this very server and source."""
    made = source(workspace)
    document = (Path(__file__).parents[2] / "docs/tag.md").read_text("utf-8")
    guide = document.partition("### On each platform")[2].partition("\n### ")[0].lower()
    address = f"/connections/sources/{made.id}/"
    platforms = client.get(address).context["platforms"]
    assert len(platforms) == 9
    for platform in platforms:
        page = client.get(address, {"platform": platform.key})
        said = " ".join(text(page).split())
        assert platform.label.lower() in guide
        assert platform.note in said
        assert " ".join(platform.code.split()) in said
        if platform.key != "gtm":
            assert "http://testserver" in platform.code
            assert made.write_key in platform.code
    server = source(workspace, "Api", "server")
    assert "On your platform" not in text(client.get(f"/connections/sources/{server.id}/"))


def test_the_first_message_shows_by_itself(client: Client, workspace: Workspace, store: EventStore) -> None:
    made = source(workspace)
    waiting = client.get(f"/connections/sources/{made.id}/arrived/")
    assert b"hx-trigger" in waiting.content
    store.insert("refusals", [refusal(workspace, made.id)])
    assert "was refused" in text(client.get(f"/connections/sources/{made.id}/arrived/"))
    store.insert("messages", [message(workspace, made.id, event="Signed Up")])
    there = client.get(f"/connections/sources/{made.id}/arrived/")
    assert "Signed Up" in text(there)
    assert b"hx-trigger" not in there.content


def test_disabling_and_renaming_a_source(client: Client, workspace: Workspace) -> None:
    made = source(workspace)
    page = follow(client, f"/connections/sources/{made.id}/enabled/", {"enabled": "no"})
    assert "its calls are refused from now on" in text(page)
    assert "Disabled, its calls are refused" in text(page)
    page = follow(client, f"/connections/sources/{made.id}/enabled/", {"enabled": "yes"})
    assert "Enabled, takes calls" in text(page)
    page = follow(client, f"/connections/sources/{made.id}/rename/", {"name": "Shop"})
    assert "Renamed to Shop" in text(page)
    page = client.post(f"/connections/sources/{made.id}/rename/", {"name": " "})
    assert page.status_code == 422
    assert b'aria-invalid="true"' in page.content


def test_the_list_says_how_lively_each_source_is(client: Client, workspace: Workspace, store: EventStore) -> None:
    busy, off = source(workspace, "Busy"), source(workspace, "Off")
    services.set_source_enabled(workspace_id=workspace.id, source_id=off.id, enabled=False)
    store.insert("messages", [message(workspace, busy.id, message_id=f"m-{i}") for i in range(1200)])
    store.insert("refusals", [refusal(workspace, busy.id)])
    page = client.get("/connections/sources/")
    assert "Receiving" in text(page)
    assert "1,200" in text(page)
    assert "Disabled" in text(page)
    assert f"?source={busy.id}&amp;result=refused".encode() in page.content


def test_the_catalog_can_be_searched(client: Client, workspace: Workspace) -> None:
    assert "Mutiny" in text(client.get("/connections/catalog/"))
    assert "1 destination" in text(client.get("/connections/catalog/", {"q": "personalizes website"}))
    assert "1 destination" in text(client.get("/connections/catalog/", {"category": "Personalization"}))
    assert "Nothing in the catalog matches" in text(client.get("/connections/catalog/", {"q": "payroll"}))
    assert "Nothing in the catalog matches" in text(client.get("/connections/catalog/", {"category": "Email"}))
    assert client.get("/connections/catalog/braze/").status_code == 404
    page = text(client.get("/connections/catalog/mutiny/"))
    for said in (
        "Connect Mutiny",
        "API Key",
        "Required, kept secret",
        "Marketing Automation",
        "Status Public",
        "Adding the destination does not put the tag",
    ):
        assert said in page


def test_connecting_mutiny(client: Client, workspace: Workspace, store: EventStore) -> None:
    website, backend = source(workspace), source(workspace, "Backend", "server")
    assert "Backend" in text(client.get("/connections/catalog/mutiny/sources/"))

    nothing = client.get("/connections/catalog/mutiny/settings/")
    assert nothing.status_code == 422
    assert "Choose at least one source" in text(nothing)

    address = f"/connections/catalog/mutiny/settings/?source={website.id}&source={backend.id}"
    assert "Website , Backend" in text(client.get(address)) or "Backend , Website" in text(client.get(address))

    without_key = client.post(address, {"name": "Mutiny", "setting-apiKey": ""})
    assert without_key.status_code == 422
    assert "API Key is needed" in text(without_key)
    assert not Destination.objects.filter(workspace=workspace).exists()

    page = follow(client, address, {"name": "Mutiny", "setting-apiKey": API_KEY, "then": "enable"})
    said = text(page)
    assert "Mutiny is enabled and takes calls from now on" in said
    assert "Set, ends in 7Qx9" in said
    made = Destination.objects.get(workspace=workspace)
    assert made.enabled
    assert {found.id for found in made.sources.all()} == {website.id, backend.id}
    assert "Connected" in text(client.get("/connections/catalog/"))


def test_saving_now_and_enabling_later(client: Client, workspace: Workspace) -> None:
    website = source(workspace)
    address = f"/connections/catalog/mutiny/settings/?source={website.id}"
    page = follow(client, address, {"name": "Mutiny", "setting-apiKey": API_KEY, "then": "later"})
    assert "It takes nothing until you enable it" in text(page)
    made = Destination.objects.get(workspace=workspace)
    assert not made.enabled
    page = follow(client, f"/connections/destinations/{made.id}/enabled/", {"enabled": "yes"})
    assert "is enabled" in text(page)
    page = follow(client, f"/connections/destinations/{made.id}/enabled/", {"enabled": "no"})
    assert "is disabled and takes nothing" in text(page)


def test_a_source_of_another_workspace_cannot_be_connected(client: Client, workspace: Workspace) -> None:
    theirs = source(Workspace.objects.create(name="Elsewhere"))
    page = client.post(
        f"/connections/catalog/mutiny/settings/?source={theirs.id}", {"name": "Mutiny", "setting-apiKey": API_KEY}
    )
    assert page.status_code == 422
    assert not Destination.objects.exists()


def test_without_a_source_there_is_nothing_to_connect(client: Client) -> None:
    assert "There is no source to connect" in text(client.get("/connections/catalog/mutiny/sources/"))


def test_editing_a_destination_keeps_the_secret(client: Client, workspace: Workspace) -> None:
    website, backend = source(workspace), source(workspace, "Backend", "server")
    made = mutiny(workspace, website.id)
    address = f"/connections/destinations/{made.id}/"
    page = client.get(address)
    assert API_KEY.encode() not in page.content
    page = follow(client, address, {"name": "Personalization", "setting-apiKey": "", "source": [backend.id]})
    assert "Personalization is saved" in text(page)
    made.refresh_from_db()
    assert (made.secrets, [found.id for found in made.sources.all()]) == ({"apiKey": API_KEY}, [backend.id])

    page = client.post(address, {"name": "Personalization", "setting-apiKey": "typed-into-a-form"})
    assert page.status_code == 422
    assert "Choose at least one source" in text(page)
    made.refresh_from_db()
    assert made.secrets == {"apiKey": API_KEY}


def test_enabling_without_the_key_says_what_is_missing(client: Client, workspace: Workspace) -> None:
    made = services.create_destination(
        workspace_id=workspace.id, slug="mutiny", source_ids=[source(workspace).id], settings={}
    )
    page = follow(client, f"/connections/destinations/{made.id}/enabled/", {"enabled": "yes"})
    assert "Mutiny cannot be enabled without API Key. Fill it in first." in text(page)
    assert "Disabled, API Key is not set" in text(page)


def test_what_keeps_a_destination_from_working_is_said(client: Client, workspace: Workspace) -> None:
    website = source(workspace)
    made = mutiny(workspace, website.id)
    address = "/connections/destinations/"
    assert "Enabled, but" not in text(client.get(address))
    services.set_source_enabled(workspace_id=workspace.id, source_id=website.id, enabled=False)
    assert "Enabled, but its sources are disabled" in text(client.get(address))
    made.sources.clear()
    assert "Enabled, but connected to no source" in text(client.get(address))


def test_the_segment_integration_is_where_mutiny_is_found_again(
    client: Client, workspace: Workspace, store: EventStore
) -> None:
    assert client.get("/integrations/").headers["Location"] == "/integrations/segment/"
    assert "Segment is not connected" in text(client.get("/integrations/segment/"))
    website = source(workspace, "Demo website")
    made = mutiny(workspace, website.id)
    page = client.get("/integrations/segment/")
    said = text(page)
    for part in ("Enabled", "Demo website", "Set, ends in 7Qx9", "none yet"):
        assert part in said
    assert f"/connections/destinations/{made.id}/".encode() in page.content

    now = time.time()
    rows = [
        message(workspace, website.id, message_id=f"page-{i}", type="page", received_at=now - i) for i in range(150)
    ]
    delivered = message(
        workspace,
        website.id,
        message_id="given",
        event="Clicked Login Button",
        received_at=now - 500,
        delivered_to=["mutiny"],
    )
    store.insert("messages", [*rows, delivered])
    assert "Track: Clicked Login Button" in text(client.get("/integrations/segment/"))


def test_pages_say_calmly_that_there_is_no_event_store(client: Client, workspace: Workspace) -> None:
    website = source(workspace)
    made = mutiny(workspace, website.id)
    for address in (
        "/connections/sources/",
        f"/connections/sources/{website.id}/",
        "/connections/destinations/",
        f"/connections/destinations/{made.id}/",
        "/integrations/segment/",
        "/connections/debugger/",
    ):
        page = client.get(address)
        assert page.status_code == 200, address
        assert "no connection to the event store" in text(page), address
    assert client.get("/connections/debugger/stream/").status_code == 204


def test_the_pages_of_the_catalog_come_from_its_manifests(client: Client, workspace: Workspace) -> None:
    for slug, entry in catalog().items():
        page = client.get(f"/connections/catalog/{slug}/")
        said = text(page)
        assert entry.manifest.name in said
        for setting in entry.manifest.settings:
            assert setting.label in said
        assert entry.icon in page.content.decode()
        assert slug == "mutiny" or "or it is tried again for up to 4 hours" in said
    page = client.get("/connections/catalog/webhook/").content.decode()
    assert "<strong>Signature.</strong>" in page
    assert "POST, PUT or PATCH." in page
    assert "{{ properties.total }}" in page


def test_the_docs_of_a_manifest_cannot_bring_scripts() -> None:
    made = rendered("<script>alert(1)</script> [click](javascript:alert(1)) ![x](data:text/html,x) **bold** `a < b`")
    assert "<script" not in made
    assert 'href="javascript:' not in made
    assert "<strong>bold</strong>" in made
    assert "<code>a &lt; b</code>" in made


def test_a_form_says_everything_that_is_wrong_and_keeps_what_was_typed(client: Client, workspace: Workspace) -> None:
    address = f"/connections/catalog/webhook/settings/?source={source(workspace).id}"
    assert b'<option value="POST" selected>' in client.get(address).content
    typed = {
        "name": "Hook",
        "setting-url": "http://localhost:8080/in",
        "setting-method": "PUT",
        "setting-headers": "X-One 1",
        "setting-template": '{"a": }',
        "setting-batchSize": "0.5",
        "setting-sharedSecret": "typed-by-hand",
    }
    page = client.post(address, typed)
    assert page.status_code == 422
    said = text(page)
    for problem in (
        "localhost, which is 127.0.0.1, is not reached",
        "Line 1 is no header",
        "It is no JSON",
        "0.5 messages",
    ):
        assert problem in said, problem
    content = page.content.decode()
    assert "X-One 1" in content
    assert '<option value="PUT" selected>' in content
    assert not Destination.objects.filter(workspace=workspace).exists()
    fixed = {
        "setting-url": "https://hooks.example/in",
        "setting-headers": "",
        "setting-template": "",
        "setting-batchSize": "",
    }
    page = follow(client, address, {**typed, **fixed, "then": "enable"})
    assert "Hook is enabled" in text(page)
    made = Destination.objects.get(workspace=workspace)
    assert made.settings == {
        "url": "https://hooks.example/in",
        "method": "PUT",
        "headers": "",
        "template": "",
        "batchSize": 1,
    }
    assert made.secrets == {"sharedSecret": "typed-by-hand", "authorization": ""}
    assert "typed-by-hand" not in page.content.decode()
