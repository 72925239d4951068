"""The pages of alert rules: made, changed, disabled, deleted, tried."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from connections.deliveries import world
from connections.outside import web_server
from pages import source, text
from pitcairn.connections.models import AlertRule
from pitcairn.settings import _networks
from pitcairn.workspaces.models import Workspace

pytestmark = pytest.mark.django_db(databases="__all__")

ALERTS = "/connections/delivery/alerts/"
WEBHOOK = "https://hooks.example.com/services/T0/secret-7Qx9"
FORM = {
    "name": "Deliveries fail",
    "about": "0",
    "threshold": "95",
    "window_minutes": "60",
    "emails": "ops@acme.example",
}


def follow(client: Client, address: str, data: dict[str, Any]) -> Any:
    return client.post(address, data, follow=True)


def test_an_empty_list_offers_every_kind(client: Client, workspace: Workspace) -> None:
    page = client.get(ALERTS)
    for kind in ("success_rate", "lag", "volume_falls", "volume_rises"):
        assert f"{ALERTS}new/?kind={kind}" in page.content.decode()
        assert client.get(f"{ALERTS}new/", {"kind": kind}).status_code == 200


def test_making_an_alert(client: Client, workspace: Workspace) -> None:
    _, destination = world(workspace)
    form = client.get(f"{ALERTS}new/?kind=success_rate")
    assert 'value="Deliveries fail"' in form.content.decode()
    # Email would go nowhere: the server has no mail server.
    assert form.context["form"].initial.get("emails", "") == ""
    assert "This server cannot send email yet" in text(form)
    said = text(
        follow(client, f"{ALERTS}new/?kind=success_rate", {**FORM, "about": destination.id, "webhook_url": WEBHOOK})
    )
    assert "Deliveries fail is looked at every minute from now on." in said
    assert "when less than 95 % arrives at Warehouse in 1 hour" in said
    assert "ops@acme.example, hooks.example.com" in said
    made = AlertRule.objects.get(workspace=workspace)
    assert (made.threshold, made.destination_id, made.webhook_url) == (95, destination.id, WEBHOOK)


def test_minutes_are_kept_as_seconds_and_shown_as_minutes(client: Client, workspace: Workspace) -> None:
    follow(client, f"{ALERTS}new/?kind=lag", {**FORM, "threshold": "7.5"})
    made = AlertRule.objects.get(workspace=workspace)
    assert made.threshold == 450
    page = client.get(f"{ALERTS}{made.id}/").content.decode()
    assert 'value="7.5"' in page
    assert "Looks at the last" not in page


def test_a_volume_alert_is_about_a_source(client: Client, workspace: Workspace) -> None:
    website = source(workspace)
    said = text(follow(client, f"{ALERTS}new/?kind=volume_falls", {**FORM, "about": website.id, "threshold": "50"}))
    assert "when the volume of Website falls by 50 % or more in 1 hour" in said


def test_what_was_typed_is_still_there_beside_the_error(client: Client, workspace: Workspace) -> None:
    for changes, said in (
        ({"emails": "nobody at home"}, "'nobody' is not an email address"),
        ({"emails": ""}, "The rule would tell nobody"),
        ({"threshold": "400"}, "400 % is not possible here"),
        ({"webhook_url": "hooks.example.com"}, "It begins with https://"),
        ({"about": "77"}, "Select a valid choice"),
    ):
        page = client.post(f"{ALERTS}new/?kind=success_rate", {**FORM, "name": "Mine", **changes})
        assert page.status_code == 422
        assert said in text(page)
        assert 'value="Mine"' in page.content.decode()
    assert not AlertRule.objects.filter(workspace=workspace).exists()


def test_a_webhook_is_never_shown_and_kept_until_it_is_removed(client: Client, workspace: Workspace) -> None:
    follow(client, f"{ALERTS}new/?kind=success_rate", {**FORM, "webhook_url": WEBHOOK})
    made = AlertRule.objects.get(workspace=workspace)
    address = f"{ALERTS}{made.id}/"
    for page in (client.get(ALERTS), client.get(address), client.post(address, {**FORM, "threshold": "x"})):
        assert b"secret-7Qx9" not in page.content
    assert "Set, at hooks.example.com; empty keeps it" in client.get(address).content.decode()
    follow(client, address, {**FORM, "threshold": "90"})
    made.refresh_from_db()
    assert (made.threshold, made.webhook_url) == (90, WEBHOOK)
    follow(client, address, {**FORM, "remove_webhook": "on"})
    made.refresh_from_db()
    assert made.webhook_url == ""


def test_disabling_and_deleting(client: Client, workspace: Workspace) -> None:
    follow(client, f"{ALERTS}new/?kind=success_rate", FORM)
    made = AlertRule.objects.get(workspace=workspace)
    said = text(follow(client, f"{ALERTS}{made.id}/enabled/", {"enabled": "no"}))
    assert "Deliveries fail is disabled and tells nobody" in said
    assert "is looked at again" in text(follow(client, f"{ALERTS}{made.id}/enabled/", {"enabled": "yes"}))
    assert "Deliveries fail is deleted" in text(follow(client, f"{ALERTS}{made.id}/delete/", {}))
    assert not AlertRule.objects.filter(workspace=workspace).exists()


def test_a_test_says_who_got_it_and_what_went_wrong(
    client: Client, workspace: Workspace, settings: LazySettings
) -> None:
    settings.DELIVERY_NETWORKS = _networks("127.0.0.0/8")
    with web_server() as web:
        follow(client, f"{ALERTS}new/?kind=success_rate", {**FORM, "webhook_url": f"{web.url}/hook"})
        made = AlertRule.objects.get(workspace=workspace)
        said = text(follow(client, f"{ALERTS}{made.id}/test/", {}))
        assert "A test went to the others" in said
        assert "Set PITCAIRN_SMTP_URL" in said
        (body,) = web.bodies
        assert (body["state"], body["alert"]) == ("test", "Deliveries fail")


def test_a_viewer_sees_alerts_without_their_forms(viewer_client: Client, client: Client, workspace: Workspace) -> None:
    assert "New alert" not in text(viewer_client.get(ALERTS))
    follow(client, f"{ALERTS}new/?kind=success_rate", FORM)
    made = AlertRule.objects.get(workspace=workspace)
    page = viewer_client.get(f"{ALERTS}{made.id}/")
    assert "Fires when less than 95 % arrives" in text(page)
    assert b'name="threshold"' not in page.content
