"""What a source may ask of its calls, its keys, OAuth apps, and removing what is no longer wanted."""

from __future__ import annotations

import re
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from pages import mutiny, source
from pitcairn.connections import oauth_apps, queries, removal, services, source_settings
from pitcairn.connections.identity_proof import (
    end_identity_secret,
    new_identity_secret,
    proves_identity,
    set_proves_identity,
)
from pitcairn.connections.models import DeadLetter, Destination, OutboxChunk, Source
from pitcairn.connections.services import ConnectionsError
from pitcairn.edge.snapshot import EMPTY, newer_snapshot
from pitcairn.workspaces.models import Workspace
from pitcairn.workspaces.queries import configuration_revision

pytestmark = pytest.mark.django_db(databases="__all__")


def rules(workspace: Workspace, source_id: int, **given: Any) -> Source:
    unset = {"rate_limit": None, "allowed_origins": [], "requires_token": False}
    wanted = {**unset, "asks_consent": False, "honours_gpc": False, **given}
    return source_settings.set_source_rules(workspace_id=workspace.id, source_id=source_id, **wanted)


def refused(text: str, field: str = "") -> Any:
    return pytest.raises(ConnectionsError, match=re.escape(text), check=lambda error: error.field == field)


def test_statement_78_25_instances_of_a_destination_on_one_source(workspace: Workspace) -> None:
    website = source(workspace)
    made = [mutiny(workspace, website.id) for _ in range(25)]
    assert [one.name for one in made[:3]] == ["Mutiny", "Mutiny 2", "Mutiny 3"]
    routed = newer_snapshot(EMPTY).sources_by_id[website.id]
    assert [one.id for one in routed.destinations] == [one.id for one in made]
    assert routed.personalizes


def test_a_source_without_rules_has_no_guard(workspace: Workspace) -> None:
    plain, kept = source(workspace), source(workspace, "Kept")
    rules(workspace, kept.id, rate_limit=50, allowed_origins=["https://www.example.com"])
    snapshot = newer_snapshot(EMPTY)
    assert snapshot.sources_by_id[plain.id].guard is None
    guard = snapshot.sources_by_id[kept.id].guard
    assert guard is not None
    assert (guard.rate, guard.origins) == (50, {"https://www.example.com"})
    rules(workspace, kept.id)
    assert newer_snapshot(snapshot).sources_by_id[kept.id].guard is None


def test_a_website_has_two_identity_secrets_at_most(workspace: Workspace) -> None:
    website = source(workspace)
    ids = {"workspace_id": workspace.id, "source_id": website.id}
    assert not proves_identity(workspace.id)
    first, second, third = (new_identity_secret(**ids) for _ in range(3))
    assert len({first, second, third}) == 3
    assert min(map(len, (first, second, third))) >= 43
    assert newer_snapshot(EMPTY).sources_by_id[website.id].identity_secrets == (third, second)
    assert proves_identity(workspace.id)
    end_identity_secret(**ids)
    assert newer_snapshot(EMPTY).sources_by_id[website.id].identity_secrets == (third,)
    end_identity_secret(**ids, all_of_them=True)
    assert newer_snapshot(EMPTY).sources_by_id[website.id].identity_secrets == ()
    assert not proves_identity(workspace.id)
    for kind in ("server", "mobile"):
        other = source(workspace, f"A {kind}", kind)
        with refused("is no website"):
            new_identity_secret(workspace_id=workspace.id, source_id=other.id)


def test_only_a_server_with_tokens_proves_by_its_word(workspace: Workspace) -> None:
    website, backend = source(workspace), source(workspace, "Backend", "server")
    with refused("is no server"):
        set_proves_identity(workspace_id=workspace.id, source_id=website.id, proves=True)
    with refused("takes calls from whoever has its write key"):
        set_proves_identity(workspace_id=workspace.id, source_id=backend.id, proves=True)
    rules(workspace, backend.id, requires_token=True)
    set_proves_identity(workspace_id=workspace.id, source_id=backend.id, proves=True)
    snapshot = newer_snapshot(EMPTY)
    assert snapshot.sources_by_id[backend.id].proves_identity
    assert workspace.id in snapshot.proving
    assert proves_identity(workspace.id)
    # It proves nothing any more as soon as a write key is enough.
    rules(workspace, backend.id)
    snapshot = newer_snapshot(EMPTY)
    assert not snapshot.sources_by_id[backend.id].proves_identity
    assert workspace.id not in snapshot.proving
    assert not proves_identity(workspace.id)


@pytest.mark.parametrize("rate", [0, -1, 1_000_001])
def test_a_rate_is_one_or_more(workspace: Workspace, rate: int) -> None:
    with refused("messages per second is no rate", "rate_limit"):
        rules(workspace, source(workspace).id, rate_limit=rate)


def test_origins_are_kept_as_browsers_spell_them(workspace: Workspace) -> None:
    given = [
        " HTTPS://Www.Example.com/ ",
        "https://www.example.com:443",
        "http://localhost:3000",
        "https://*.example.org",
        "",
    ]
    made = rules(workspace, source(workspace).id, allowed_origins=given)
    assert made.allowed_origins == ["https://www.example.com", "http://localhost:3000", "https://*.example.org"]


@pytest.mark.parametrize(
    "origin",
    [
        "www.example.com",
        "https://",
        "https://example.com/path",
        "ftp://example.com",
        "*",
        "https://*",
        "https://a b",
        "null",
    ],
)
def test_what_is_no_origin(workspace: Workspace, origin: str) -> None:
    with refused("is no origin. Write scheme and name", "allowed_origins"):
        rules(workspace, source(workspace).id, allowed_origins=[origin])


def test_only_a_server_can_need_tokens(workspace: Workspace) -> None:
    assert rules(workspace, source(workspace, "Api", "server").id, requires_token=True).requires_token
    with refused("Only a server", "requires_token"):
        rules(workspace, source(workspace).id, requires_token=True)


def test_consent_is_asked_for_on_a_website(workspace: Workspace) -> None:
    made = rules(workspace, source(workspace).id, asks_consent=True, honours_gpc=True)
    assert (made.asks_consent, made.honours_gpc) == (True, True)
    with refused("Visitors are asked for consent on a website", "asks_consent"):
        rules(workspace, source(workspace, "Api", "server").id, asks_consent=True)


def test_a_write_key_can_be_replaced(workspace: Workspace) -> None:
    made = source(workspace)
    before, revision = made.write_key, configuration_revision()
    after = source_settings.replace_write_key(workspace_id=workspace.id, source_id=made.id).write_key
    assert after != before
    assert configuration_revision() > revision
    assert not Source.objects.filter(write_key=before).exists()


def test_the_key_of_a_segment_source_is_given_back_once(workspace: Workspace) -> None:
    made = source(workspace, "Segment", "segment")
    first = source_settings.new_segment_secret(workspace_id=workspace.id, source_id=made.id)
    item = queries.source(workspace.id, made.id)
    assert item is not None
    assert item.secret.words == f"set, ends in {first[-4:]}"
    assert first not in repr(item)
    [(secret, routed)] = newer_snapshot(EMPTY).segment_secrets
    assert (secret, routed.id) == (first.encode(), made.id)
    assert source_settings.new_segment_secret(workspace_id=workspace.id, source_id=made.id) != first
    with refused("Website is no Segment source"):
        source_settings.new_segment_secret(workspace_id=workspace.id, source_id=source(workspace).id)


@pytest.fixture(scope="module")
def public_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def test_an_oauth_app(workspace: Workspace, public_key: str) -> None:
    app = oauth_apps.create_oauth_app(
        workspace_id=workspace.id, name=" Importer ", public_key=f"\n{public_key}\n", days=7
    )
    assert (app.name, app.token_seconds, app.public_key) == ("Importer", 7 * 86400, public_key)
    snapshot = newer_snapshot(EMPTY)
    assert snapshot.oauth_apps[app.key_id].client_id == app.client_id
    assert app.key_id in snapshot.oauth_key_ids
    with refused("already an app called 'Importer'", "name"):
        oauth_apps.create_oauth_app(workspace_id=workspace.id, name="Importer", public_key=public_key)
    oauth_apps.delete_oauth_app(workspace_id=workspace.id, app_id=app.id)
    assert app.key_id not in newer_snapshot(snapshot).oauth_key_ids
    with refused("no app"):
        oauth_apps.delete_oauth_app(workspace_id=workspace.id, app_id=app.id)


def test_a_key_that_is_none_is_refused_and_not_repeated(workspace: Workspace) -> None:
    private = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    secret = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    spki = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    short = private.public_key().public_bytes(*spki).decode()
    curve = ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(*spki).decode()
    for text, says in (
        (secret, "This is a private key"),
        (short, "this one is RSA with 1,024"),
        (curve, "of another kind"),
        ("ssh-rsa AAAAB3", "no public key in PEM form"),
        ("", "no public key in PEM form"),
        ("ü" * 20_000, "20,000 characters"),
    ):
        with refused(says, "public_key") as caught:
            oauth_apps.create_oauth_app(workspace_id=workspace.id, name="App", public_key=text)
        assert "MII" not in str(caught.value)


def test_a_source_can_be_deleted(workspace: Workspace) -> None:
    made, other = source(workspace), source(workspace, "Other")
    destination = mutiny(workspace, made.id, other.id)
    revision = configuration_revision()
    assert removal.delete_source(workspace_id=workspace.id, source_id=made.id) == "Website"
    assert [one.id for one in destination.sources.all()] == [other.id]
    assert configuration_revision() > revision
    elsewhere = Workspace.objects.create(name="Elsewhere")
    with refused("There is no source"):
        removal.delete_source(workspace_id=elsewhere.id, source_id=other.id)


def test_a_destination_is_deleted_with_what_waits_for_it(workspace: Workspace) -> None:
    website = source(workspace)
    gone, kept = mutiny(workspace, website.id), mutiny(workspace, website.id)
    for destination in (gone, kept):
        OutboxChunk.objects.create(
            destination_id=destination.id, workspace_id=workspace.id, queued_at=1, count=1, messages=b""
        )
        DeadLetter.objects.create(
            destination_id=destination.id, workspace_id=workspace.id, source_id=website.id, message_id="m", type="track",
            message=b"", reason="HTTP_400", attempts=1, died_at=1,
        )  # fmt: skip
    assert removal.delete_destination(workspace_id=workspace.id, destination_id=gone.id) == "Mutiny"
    assert [one.id for one in Destination.objects.filter(workspace=workspace)] == [kept.id]
    assert [one.destination_id for one in OutboxChunk.objects.all()] == [kept.id]
    assert [one.destination_id for one in DeadLetter.objects.all()] == [kept.id]
    with refused("There is no destination"):
        removal.delete_destination(workspace_id=workspace.id, destination_id=gone.id)


def test_a_source_of_kind_segment_is_a_kind_like_others(workspace: Workspace) -> None:
    made = services.create_source(workspace_id=workspace.id, name="Segment", kind="segment")
    item = queries.source(workspace.id, made.id)
    assert item is not None
    assert (item.kind_words, item.secret.words) == ("Segment", "not set")
