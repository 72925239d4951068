"""The pages of a source's settings, of OAuth apps, and of the connection to Segment."""

from __future__ import annotations

import re
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client

from pages import message, mutiny, source, text
from pitcairn.connections.models import Destination, OAuthApp, Source
from pitcairn.eventstore import EventStore
from pitcairn.workspaces.models import Workspace

pytestmark = pytest.mark.django_db(databases="__all__")


def follow(client: Client, address: str, data: dict[str, Any] | None = None) -> Any:
    return client.post(address, data or {}, follow=True)


def test_rules_of_a_website(client: Client, workspace: Workspace) -> None:
    made = source(workspace)
    address = f"/connections/sources/{made.id}/settings/"
    page = text(client.get(address))
    assert "Allowed origins" in page
    assert "bearer token" not in page
    page = follow(
        client, address, {"rate_limit": "50", "allowed_origins": "https://www.example.com/\n\nhttps://*.example.org"}
    )
    assert "The rules of Website are saved" in text(page)
    made.refresh_from_db()
    assert (made.rate_limit, made.allowed_origins) == (50, ["https://www.example.com", "https://*.example.org"])
    said = text(client.get(f"/connections/sources/{made.id}/"))
    assert "at most 50 messages per second; from https://www.example.com, https://*.example.org only" in said


def test_what_was_typed_stays_beside_the_error(client: Client, workspace: Workspace) -> None:
    made = source(workspace)
    page = client.post(
        f"/connections/sources/{made.id}/settings/", {"rate_limit": "0", "allowed_origins": "example.com"}
    )
    assert page.status_code == 422
    assert b">example.com</textarea>" in page.content.replace(b"\n", b"")
    page = client.post(
        f"/connections/sources/{made.id}/settings/", {"rate_limit": "", "allowed_origins": "example.com"}
    )
    assert "'example.com' is no origin" in text(page)


def test_a_server_may_need_tokens(client: Client, workspace: Workspace) -> None:
    made = source(workspace, "Api", "server")
    address = f"/connections/sources/{made.id}/settings/"
    assert "Allowed origins" not in text(client.get(address))
    assert "saved" in text(follow(client, address, {"rate_limit": "", "requires_token": "on"}))
    made.refresh_from_db()
    assert made.requires_token
    assert "Api does" in text(client.get("/connections/oauth-apps/"))


def test_a_website_may_ask_for_consent(client: Client, workspace: Workspace) -> None:
    made = source(workspace)
    address = f"/connections/sources/{made.id}/settings/"
    page = follow(client, address, {"rate_limit": "", "asks_consent": "on"})
    assert "saved" in text(page)
    made.refresh_from_db()
    assert (made.asks_consent, made.honours_gpc) == (True, False)
    assert b'name="asks_consent" id="id_asks_consent" checked' in page.content


def test_a_website_gets_a_secret_that_is_shown_once(
    client: Client, viewer_client: Client, workspace: Workspace
) -> None:
    made = source(workspace)
    address = f"/connections/sources/{made.id}/"
    assert "The secret to sign with is not set." in text(viewer_client.get(f"{address}settings/"))
    page = client.post(f"{address}identity-secret/")
    made.refresh_from_db()
    first = made.identity_secret
    assert first in page.content.decode()
    assert page.headers["Cache-Control"] == "no-store"
    again = client.get(f"{address}settings/").content.decode()
    assert first not in again
    assert f"ends in {first[-4:]}" in again
    client.post(f"{address}identity-secret/")
    assert "The one before" in text(client.get(f"{address}settings/"))
    follow(client, f"{address}identity-secret/end/")
    assert "The one before" not in text(client.get(f"{address}settings/"))
    assert "prove nobody any more" in text(follow(client, f"{address}identity-secret/end/", {"all": "1"}))
    made.refresh_from_db()
    assert (made.identity_secret, made.identity_secret_before) == ("", "")
    backend = source(workspace, "Backend", "server")
    assert "is no website" in text(follow(client, f"/connections/sources/{backend.id}/identity-secret/"))


def test_a_server_with_tokens_can_prove_who_visitors_are(client: Client, workspace: Workspace) -> None:
    made = source(workspace, "Backend", "server")
    address = f"/connections/sources/{made.id}/"
    assert "a write key is no secret" in text(client.get(f"{address}settings/"))
    assert "takes calls from whoever has its write key" in text(
        follow(client, f"{address}proves-identity/", {"proves": "on"})
    )
    Source.objects.filter(id=made.id).update(requires_token=True)
    assert "is a proof from now on" in text(follow(client, f"{address}proves-identity/", {"proves": "on"}))
    made.refresh_from_db()
    assert made.proves_identity
    assert "Take it for no proof" in text(client.get(f"{address}settings/"))
    assert "is no proof any more" in text(follow(client, f"{address}proves-identity/"))
    made.refresh_from_db()
    assert not made.proves_identity


def test_replacing_a_write_key(client: Client, workspace: Workspace) -> None:
    made = source(workspace)
    page = follow(client, f"/connections/sources/{made.id}/write-key/")
    assert "has a new write key" in text(page)
    assert made.write_key not in text(page)


def test_deleting_asks_for_the_name(client: Client, workspace: Workspace) -> None:
    made = source(workspace)
    destination = mutiny(workspace, made.id)
    for address, name in (
        (f"/connections/destinations/{destination.id}/delete/", "Mutiny"),
        (f"/connections/sources/{made.id}/delete/", "Website"),
    ):
        assert "lost" in text(client.get(address))
        page = client.post(address, {"name": "something"})
        assert page.status_code == 422
        assert f"'something' is not the name. Write {name}" in text(page)
        assert f"{name} is deleted" in text(follow(client, address, {"name": name}))
    assert not Source.objects.filter(id=made.id).exists()
    assert not Destination.objects.filter(id=destination.id).exists()


def test_an_oauth_app_is_added_and_removed(client: Client, workspace: Workspace) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    page = client.post("/connections/oauth-apps/", {"name": "Importer", "public_key": "none", "days": "7"})
    assert page.status_code == 422
    assert "This is no public key in PEM form" in text(page)
    page = follow(client, "/connections/oauth-apps/", {"name": "Importer", "public_key": pem.decode(), "days": "7"})
    app = OAuthApp.objects.get(workspace=workspace)
    for said in ("Importer can get tokens now", app.client_id, app.key_id, "1 week", "oauthSettings"):
        assert said in text(page)
    page = follow(client, f"/connections/oauth-apps/{app.id}/remove/")
    assert "Importer is removed, and its tokens are void" in text(page)


def key_shown(page: Any) -> str:
    found = re.search(r"<code>([\w-]{32})</code>", page.content.decode())
    assert found, text(page)
    return found[1]


def test_connecting_segment_in_three_steps(client: Client, workspace: Workspace, store: EventStore) -> None:
    destination = mutiny(workspace, source(workspace).id)
    page = text(client.get("/integrations/segment/"))
    assert "connect it in three steps" in page
    shown = client.post("/integrations/segment/connect/")
    key = key_shown(shown)
    said = text(shown)
    for part in ("Copy it now", "http://testserver/integrations/segment", "Wait for the first message", "public HTTPS"):
        assert part in said
    made = Source.objects.get(workspace=workspace, kind="segment")
    assert (made.name, made.secret) == ("Segment", key)
    assert made in destination.sources.all()
    assert shown.headers["Cache-Control"] == "no-store"

    again = client.get("/integrations/segment/")
    assert key.encode() not in again.content
    assert f"Set, ends in {key[-4:]}" in text(again)
    assert "hx-trigger" in client.get(f"/integrations/segment/{made.id}/arrived/").content.decode()
    store.insert("messages", [message(workspace, made.id)])
    there = client.get(f"/integrations/segment/{made.id}/arrived/")
    assert "Messages come" in text(there)
    assert b"hx-trigger" not in there.content
    assert "Receiving" in text(client.get("/integrations/segment/"))


def test_a_segment_source_from_the_form(client: Client, workspace: Workspace) -> None:
    shown = client.post("/connections/sources/new/", {"name": "From Segment", "kind": "segment"})
    key = key_shown(shown)
    made = Source.objects.get(workspace=workspace)
    page = client.get(f"/connections/sources/{made.id}/")
    assert made.write_key not in text(page)
    assert "API key set, ends in" in text(page)
    other = key_shown(client.post(f"/connections/sources/{made.id}/api-key/"))
    assert other != key
    made.refresh_from_db()
    assert made.secret == other
    website = source(workspace)
    assert "is no Segment source" in text(follow(client, f"/connections/sources/{website.id}/api-key/"))
