"""What can and cannot be done to sources and destinations."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

import pytest

from pages import API_KEY, mutiny, source
from pitcairn.connections import queries, services
from pitcairn.connections.models import Destination, Source
from pitcairn.connections.services import ConnectionsError
from pitcairn.workspaces.models import Workspace
from pitcairn.workspaces.queries import configuration_revision

pytestmark = pytest.mark.django_db


def refused(text: str, field: str = "") -> Any:
    """Expects a ConnectionsError that says `text` about `field`."""

    def about(error: ConnectionsError) -> bool:
        return error.field == field

    return pytest.raises(ConnectionsError, match=re.escape(text), check=about)


def test_a_source_gets_a_key_of_its_own(workspace: Workspace) -> None:
    one, two = source(workspace, "One"), source(workspace, "Two")
    assert re.fullmatch(r"[A-Za-z0-9]{32}", one.write_key)
    assert one.write_key != two.write_key
    assert one.enabled


def test_a_source_can_bring_its_key(workspace: Workspace) -> None:
    made = services.create_source(
        workspace_id=workspace.id, name="Moved", kind="server", write_key="from-somewhere-else"
    )
    assert made.write_key == "from-somewhere-else"
    with refused("'from-somewhere-else' is taken", "write_key"):
        services.create_source(workspace_id=workspace.id, name="Again", kind="server", write_key="from-somewhere-else")


@pytest.mark.parametrize("key", ["", "short", "with a space", "a/slash/in/it", "é" * 20, "x" * 65])
def test_a_key_must_fit_into_an_address(workspace: Workspace, key: str) -> None:
    with refused("cannot be used", "write_key"):
        services.create_source(workspace_id=workspace.id, name="Odd", kind="server", write_key=key)


def test_names_of_sources(workspace: Workspace) -> None:
    assert source(workspace, "  Website ").name == "Website"
    with refused("already a source called 'Website'", "name"):
        source(workspace, "Website")
    with refused("The name is empty", "name"):
        source(workspace, "   ")
    with refused("101 characters", "name"):
        source(workspace, "x" * 101)
    assert source(Workspace.objects.create(name="Elsewhere"), "Website").name == "Website"


def test_an_unknown_kind_of_source(workspace: Workspace) -> None:
    with refused("'toaster' is not a kind of source; use one of browser, mobile, server", "kind"):
        source(workspace, "Website", "toaster")


def test_renaming_a_source(workspace: Workspace) -> None:
    one = source(workspace, "One")
    source(workspace, "Two")
    services.rename_source(workspace_id=workspace.id, source_id=one.id, name="One")
    assert services.rename_source(workspace_id=workspace.id, source_id=one.id, name="Three").name == "Three"
    with refused("already a source called 'Two'", "name"):
        services.rename_source(workspace_id=workspace.id, source_id=one.id, name="Two")


def test_a_destination_keeps_secrets_apart(workspace: Workspace) -> None:
    made = mutiny(workspace, source(workspace).id)
    stored = Destination.objects.get(id=made.id)
    assert (stored.settings, stored.secrets) == ({}, {"apiKey": API_KEY})
    item = queries.destination(workspace.id, made.id)
    assert item is not None
    assert API_KEY not in repr(item)
    assert item.settings[0].secret == queries.SecretState(is_set=True, ends_with="7Qx9")


@pytest.mark.parametrize(
    ("secret", "is_set", "ends_with"),
    [("", False, ""), ("short", True, ""), ("x" * 11, True, ""), ("x" * 8 + "tail", True, "tail")],
)
def test_a_short_secret_is_not_half_given_away(secret: str, is_set: bool, ends_with: str) -> None:
    assert queries.secret_state(secret) == queries.SecretState(is_set=is_set, ends_with=ends_with)


def create(workspace: Workspace, **more: Any) -> Destination:
    given: dict[str, Any] = {"slug": "mutiny", "source_ids": [], "settings": {}, "enabled": False}
    return services.create_destination(workspace_id=workspace.id, **(given | more))


def test_what_the_catalog_does_not_know(workspace: Workspace) -> None:
    with refused("'braze' is not in the catalog; it has files, mutiny", "slug"):
        create(workspace, slug="braze")
    with refused("Mutiny has no setting 'token'; its settings are: apiKey", "token"):
        create(workspace, settings={"token": "x"})


def test_a_setting_of_the_wrong_type_is_named_and_a_secret_is_not_repeated(workspace: Workspace) -> None:
    with refused("The value does not fit API Key of Mutiny; it must be text", "apiKey"):
        create(workspace, settings={"apiKey": 123456})


def test_enabling_needs_the_key(workspace: Workspace) -> None:
    with refused("Mutiny cannot be enabled without API Key", "apiKey"):
        create(workspace, enabled=True)
    with refused("Mutiny cannot be enabled without API Key", "apiKey"):
        create(workspace, enabled=True, settings={"apiKey": "   "})
    made = create(workspace)
    with refused("Mutiny cannot be enabled without API Key", "apiKey"):
        services.set_destination_enabled(workspace_id=workspace.id, destination_id=made.id, enabled=True)
    services.update_destination(workspace_id=workspace.id, destination_id=made.id, settings={"apiKey": "any"})
    assert services.set_destination_enabled(workspace_id=workspace.id, destination_id=made.id, enabled=True).enabled


def test_an_empty_secret_keeps_the_old_one(workspace: Workspace) -> None:
    made = mutiny(workspace)
    services.update_destination(workspace_id=workspace.id, destination_id=made.id, settings={"apiKey": ""})
    assert Destination.objects.get(id=made.id).secrets == {"apiKey": API_KEY}
    services.update_destination(workspace_id=workspace.id, destination_id=made.id, settings={"apiKey": " another "})
    assert Destination.objects.get(id=made.id).secrets == {"apiKey": "another"}


def test_names_of_destinations(workspace: Workspace) -> None:
    assert [create(workspace).name for _ in range(3)] == ["Mutiny", "Mutiny 2", "Mutiny 3"]
    with refused("already a destination called 'Mutiny 2'", "name"):
        create(workspace, name="Mutiny 2")


def test_only_sources_of_the_workspace(workspace: Workspace) -> None:
    elsewhere = source(Workspace.objects.create(name="Elsewhere"))
    with refused(f"no source {elsewhere.id} in this workspace", "source_ids"):
        create(workspace, source_ids=[elsewhere.id])
    assert not Destination.objects.filter(workspace=workspace).exists()


def test_things_of_another_workspace_are_not_there(workspace: Workspace) -> None:
    other = Workspace.objects.create(name="Elsewhere")
    theirs, destination = source(other), create(other)
    for change in (
        lambda: services.rename_source(workspace_id=workspace.id, source_id=theirs.id, name="Mine"),
        lambda: services.set_source_enabled(workspace_id=workspace.id, source_id=theirs.id, enabled=False),
        lambda: services.update_destination(workspace_id=workspace.id, destination_id=destination.id, name="Mine"),
        lambda: services.set_destination_enabled(
            workspace_id=workspace.id, destination_id=destination.id, enabled=False
        ),
    ):
        with refused("in this workspace"):
            change()
    assert queries.source(workspace.id, theirs.id) is None
    assert queries.destination(workspace.id, destination.id) is None
    assert queries.sources(workspace.id) == queries.destinations(workspace.id) == []


def test_every_change_reaches_the_edge(workspace: Workspace) -> None:
    seen = [configuration_revision()]

    def changed(_: object) -> None:
        seen.append(configuration_revision())
        assert seen[-1] > seen[-2]

    made = source(workspace)
    changed(made)
    changed(services.rename_source(workspace_id=workspace.id, source_id=made.id, name="Other"))
    changed(services.set_source_enabled(workspace_id=workspace.id, source_id=made.id, enabled=False))
    destination = mutiny(workspace, made.id)
    changed(destination)
    changed(services.update_destination(workspace_id=workspace.id, destination_id=destination.id, source_ids=[]))
    changed(services.set_destination_enabled(workspace_id=workspace.id, destination_id=destination.id, enabled=False))


def test_a_refused_change_changes_nothing(workspace: Workspace) -> None:
    destination = mutiny(workspace, source(workspace).id)
    before = configuration_revision()
    with refused("no source 999999 in this workspace", "source_ids"):
        services.update_destination(
            workspace_id=workspace.id, destination_id=destination.id, name="Renamed", source_ids=[999999]
        )
    assert Destination.objects.get(id=destination.id).name == "Mutiny"
    assert configuration_revision() == before
    assert Source.objects.filter(workspace=workspace).count() == 1


# ── Settings of every type ───────────────────────────────────────────────────────────────────────────────────────────

WEBHOOK = {"url": "https://hooks.example/in"}


def webhook(workspace: Workspace, **settings: Any) -> Destination:
    return create(workspace, slug="webhook", settings={**WEBHOOK, **settings})


def test_settings_that_are_not_given_have_their_defaults(workspace: Workspace) -> None:
    assert webhook(workspace).settings == {**WEBHOOK, "method": "POST", "batchSize": 1}
    assert webhook(workspace, method="PUT", batchSize=50).settings == {**WEBHOOK, "method": "PUT", "batchSize": 50}


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("url", "http://169.254.169.254/latest", "is not reached: it is a link-local address"),
        ("url", "https://user:password@hooks.example/", "has a user name or password in it"),
        ("url", "hooks.example", "is no web address"),
        ("url", 7, "must be text"),
        ("method", "GET", "'GET' does not fit Method of Webhook; it must be one of: POST, PUT, PATCH."),
        ("method", "", "must be one of: POST, PUT, PATCH"),
        ("batchSize", "many", "must be a number"),
        ("batchSize", 0.5, "0.5 messages cannot go into one request"),
        ("batchSize", 4001, "4001 messages cannot go into one request"),
        ("headers", "Host: elsewhere.example", "Line 1 sets Host"),
        ("template", '{"a": }', "It is no JSON"),
        ("template", "x" * 20_001, "Template has 20,001 characters; use at most 20,000."),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused(workspace: Workspace, key: str, value: Any, said: str) -> None:
    with refused(said, key):
        webhook(workspace, **{key: value})
    made = webhook(workspace)
    with refused(said, key):
        services.update_destination(workspace_id=workspace.id, destination_id=made.id, settings={key: value})
    made.refresh_from_db()
    assert made.settings == {**WEBHOOK, "method": "POST", "batchSize": 1}


def test_an_error_about_a_url_does_not_repeat_its_password(workspace: Workspace) -> None:
    with pytest.raises(ConnectionsError) as caught:
        webhook(workspace, url="https://user:a-password@hooks.example/a-token")
    assert "a-password" not in str(caught.value)
    assert "a-token" not in str(caught.value)


def test_a_private_network_can_be_allowed(workspace: Workspace, settings: Any) -> None:
    settings.DELIVERY_NETWORKS = (*settings.DELIVERY_NETWORKS, ipaddress.ip_network("10.1.0.0/16"))
    assert webhook(workspace, url="http://10.1.2.3:8080/").settings["url"] == "http://10.1.2.3:8080/"
    with refused("is not reached", "url"):
        webhook(workspace, url="http://10.2.2.3:8080/")


def test_a_url_that_is_not_needed_may_be_empty(workspace: Workspace) -> None:
    assert create(workspace, settings={"apiKey": API_KEY, "endpoint": ""}).settings["endpoint"] == ""


def test_everything_that_is_wrong_is_said_at_once(workspace: Workspace) -> None:
    manifest = services.manifest_of("webhook")
    wrong = {"url": "ftp://hooks.example", "method": "POST", "template": "{", "headers": "x", "batchSize": 0.5}
    assert set(services.setting_problems(manifest, wrong)) == {"url", "template", "headers", "batchSize"}
    assert services.setting_problems(manifest, {**WEBHOOK, "method": "POST", "batchSize": 1}) == {}
