"""Alert rules on real stores, told to a real mail server and a real webhook."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import LazySettings

from connections.deliveries import attempt, outgoing, queue, webhook, world
from connections.outside import MailServer, WebServer, web_server
from pages import message, source
from pitcairn.connections import services, services_alerts, services_delivery
from pitcairn.connections.alerts.checking import check_alerts, send_test
from pitcairn.connections.alerts.telling import Told
from pitcairn.connections.models import AlertRule, Source
from pitcairn.connections.queries_alerts import alert, firing_alerts
from pitcairn.connections.services import ConnectionsError
from pitcairn.eventstore import EventStore
from pitcairn.settings import _mail as mail_settings
from pitcairn.workspaces.models import Workspace

pytestmark = pytest.mark.django_db(databases="__all__")

MINUTE = timedelta(minutes=1)


def rule(workspace: Workspace, kind: str = "lag", threshold: float = 600, **fields: Any) -> AlertRule:
    values: dict[str, Any] = {"name": "Deliveries are late", "emails": ["ops@acme.example"]}
    return services_alerts.create_alert(workspace_id=workspace.id, kind=kind, threshold=threshold, **values | fields)


def ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def late(destination: Any, now: datetime, minutes: int = 20) -> None:
    """Something has waited for this destination for so long."""
    queue(destination, [outgoing(1)], at=ms(now - timedelta(minutes=minutes)))


def test_people_are_told_once_when_it_starts_and_once_when_it_is_over(
    workspace: Workspace, store: EventStore, mail: MailServer, web: WebServer
) -> None:
    _, destination = world(workspace)
    now = datetime.now(UTC)
    made = rule(workspace, webhook_url=f"{web.url}/T0/secret", destination_id=destination.id)
    check_alerts(store, now)
    assert not mail.got

    late(destination, now)
    for minute in range(1, 4):
        check_alerts(store, now + minute * MINUTE)
    assert firing_alerts(workspace.id) == ["Deliveries are late"]
    ((recipients, first),) = mail.got
    assert recipients == ["ops@acme.example"]
    assert first["Subject"] == "Firing: Deliveries are late (Acme)"
    said = first.get_payload()
    assert "waits longer than 10 minutes" in said
    assert "the oldest message waits 21 minutes" in said
    assert f"https://pitcairn.acme.example/connections/delivery/alerts/{made.id}/" in said
    ((path, headers, _),) = web.got
    assert (path, headers["content-type"]) == ("/T0/secret", "application/json")
    (body,) = web.bodies
    assert (body["state"], body["alert"], body["workspace"]) == ("firing", "Deliveries are late", "Acme")
    assert "waits longer than 10 minutes" in body["text"]

    services_delivery.discard_queue(None, workspace_id=workspace.id, destination_id=destination.id)
    for minute in range(4, 7):
        check_alerts(store, now + minute * MINUTE)
    assert firing_alerts(workspace.id) == []
    assert [one["Subject"].split(":")[0] for _, one in mail.got] == ["Firing", "Resolved"]
    assert [body["state"] for body in web.bodies] == ["firing", "resolved"]


def test_what_could_not_be_told_is_told_with_the_next_look(
    workspace: Workspace, store: EventStore, settings: LazySettings
) -> None:
    _, destination = world(workspace)
    now = datetime.now(UTC)
    late(destination, now)
    made = rule(workspace)
    settings.EMAIL_HOST = ""
    check_alerts(store, now)
    item = alert(workspace.id, made.id)
    assert item is not None
    assert item.firing_since == now
    assert item.last_told_at is None
    assert "PITCAIRN_SMTP_URL" in item.problem

    told: list[str] = []
    check_alerts(store, now + MINUTE, lambda notice, *_: told.append(notice.state) or Told(anyone=True))
    check_alerts(store, now + 2 * MINUTE, lambda notice, *_: told.append(notice.state) or Told(anyone=True))
    item = alert(workspace.id, made.id)
    assert told == ["firing"]
    assert item is not None
    assert (item.problem, item.last_told_at, item.firing_since) == ("", now + MINUTE, now)


def test_who_could_be_told_is_not_told_again_for_those_who_could_not(
    workspace: Workspace, store: EventStore, mail: MailServer, web: WebServer
) -> None:
    _, destination = world(workspace)
    now = datetime.now(UTC)
    late(destination, now)
    made = rule(workspace, webhook_url=web.url)
    web.status = 500
    check_alerts(store, now)
    check_alerts(store, now + MINUTE)
    assert (len(mail.got), len(web.got)) == (1, 1)
    item = alert(workspace.id, made.id)
    assert item is not None
    assert item.problem == "The webhook answered with status 500."


def test_refused_addresses_are_named(workspace: Workspace, store: EventStore, mail: MailServer) -> None:
    made = rule(workspace)
    mail.refuses = {"ops@acme.example"}
    told = send_test(workspace.id, made.id, datetime.now(UTC))
    assert told == Told(anyone=False, problems=("The mail server refused ops@acme.example.",))


def test_a_private_address_is_no_webhook(workspace: Workspace, store: EventStore) -> None:
    with web_server() as server:
        made = rule(workspace, emails=[], webhook_url=f"{server.url}/token-7")
        told = send_test(workspace.id, made.id, datetime.now(UTC))
        assert told is not None
        assert not told.anyone
        assert "token-7" not in told.problems[0]
        assert not server.got


def test_two_who_look_at_once_judge_a_rule_once(workspace: Workspace, store: EventStore) -> None:
    rule(workspace)
    now = datetime.now(UTC)
    assert check_alerts(store, now) == 1
    assert check_alerts(store, now + timedelta(seconds=2)) == 0
    assert check_alerts(store, now + MINUTE) == 1


def test_a_disabled_rule_is_not_looked_at(workspace: Workspace, store: EventStore) -> None:
    _, destination = world(workspace)
    now = datetime.now(UTC)
    late(destination, now)
    made = rule(workspace)
    services_alerts.set_alert_enabled(workspace_id=workspace.id, rule_id=made.id, enabled=False)
    assert check_alerts(store, now) == 0
    assert firing_alerts(workspace.id) == []


def test_a_rule_stops_when_it_is_asked_to(workspace: Workspace, store: EventStore) -> None:
    rule(workspace)
    assert check_alerts(store, datetime.now(UTC), stopping=lambda: True) == 0


# ── What the kinds look at ────────────────────────────────────────────────────────────────────────────────────────────────


def measured(store: EventStore, made: AlertRule, now: datetime) -> tuple[bool, str]:
    check_alerts(store, now, lambda *_: Told(anyone=True))
    item = alert(made.workspace_id, made.id)
    assert item is not None
    return item.firing_since is not None, item.measured


def test_what_waits_for_a_disabled_destination_is_no_lag(workspace: Workspace, store: EventStore) -> None:
    website, destination = world(workspace)
    other = webhook(workspace, website.id, name="Other")
    now = datetime.now(UTC)
    late(destination, now)
    services.set_destination_enabled(workspace_id=workspace.id, destination_id=destination.id, enabled=False)
    everywhere, there = rule(workspace), rule(workspace, destination_id=destination.id)
    assert measured(store, everywhere, now)[0] is False
    assert measured(store, there, now + MINUTE) == (False, "the destination is disabled")
    late(other, now)
    assert measured(store, everywhere, now + 2 * MINUTE)[0] is True


def test_success_rate_of_one_destination(workspace: Workspace, store: EventStore) -> None:
    website, destination = world(workspace)
    other = webhook(workspace, website.id, name="Other")
    now = datetime.now(UTC)
    attempt(store, destination, [outgoing(website.id, f"ok-{i}") for i in range(80)], at=ms(now) - 60_000)
    attempt(
        store,
        destination,
        [outgoing(website.id, f"no-{i}") for i in range(20)],
        "failed",
        reason="400",
        at=ms(now) - 60_000,
    )
    attempt(store, other, [outgoing(website.id, f"other-{i}") for i in range(900)], at=ms(now) - 60_000)
    long_ago = ms(now - timedelta(hours=3))
    attempt(
        store, destination, [outgoing(website.id, f"old-{i}") for i in range(500)], "failed", reason="400", at=long_ago
    )
    one = rule(workspace, "success_rate", 95, destination_id=destination.id)
    every = rule(workspace, "success_rate", 95)
    assert measured(store, one, now) == (True, "80.0 % of 100 arrived in 1 hour (20 failed)")
    assert measured(store, every, now + MINUTE) == (False, "98.0 % of 1,000 arrived in 1 hour (20 failed)")


def test_what_the_built_in_personalization_took_does_not_hide_failures(workspace: Workspace, store: EventStore) -> None:
    website, destination = world(workspace)
    now = datetime.now(UTC)
    taken = [message(workspace, website.id, message_id=f"t-{i}", delivered_to=["mutiny"]) for i in range(1000)]
    store.insert("messages", taken)
    attempt(
        store,
        destination,
        [outgoing(website.id, f"no-{i}") for i in range(20)],
        "failed",
        reason="400",
        at=ms(now) - 60_000,
    )
    made = rule(workspace, "success_rate", 95)
    assert measured(store, made, now) == (True, "0 % of 20 arrived in 1 hour (20 failed)")


def test_volume_of_a_source(workspace: Workspace, store: EventStore) -> None:
    website, other = source(workspace), source(workspace, "Backend", "server")
    now = datetime.now(UTC)
    Source.objects.filter(workspace=workspace).update(created_at=now - timedelta(days=4, hours=2))
    rows = []
    for day in range(1, 8):
        at = (now - timedelta(days=day, minutes=20)).timestamp()
        rows += [message(workspace, website.id, message_id=f"d{day}-{i}", received_at=at) for i in range(60)]
    recent = (now - timedelta(minutes=20)).timestamp()
    rows += [message(workspace, website.id, message_id=f"now-{i}", received_at=recent) for i in range(20)]
    rows += [message(workspace, other.id, message_id=f"other-{i}", received_at=recent) for i in range(400)]
    store.insert("messages", rows)
    falls = rule(workspace, "volume_falls", 50, source_id=website.id)
    assert measured(store, falls, now) == (True, "20 messages in 1 hour, 67 % less than usual (usually 60)")
    rises = rule(workspace, "volume_rises", 200)
    assert measured(store, rises, now + MINUTE) == (True, "420 messages in 1 hour, 600 % more than usual (usually 60)")
    new = rule(workspace, "volume_falls", 50, source_id=source(workspace, "New").id)
    assert measured(store, new, now + 2 * MINUTE) == (
        False,
        "0 messages in 1 hour: there is no earlier day to compare with",
    )


# ── What is refused ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("kind", {"kind": "weather"}),
        ("name", {"name": " "}),
        ("name", {"name": "x" * 101}),
        ("emails", {"emails": []}),
        ("emails", {"emails": ["nobody"]}),
        ("emails", {"emails": [f"a{i}@acme.example" for i in range(21)]}),
        ("webhook_url", {"webhook_url": "ftp://acme.example"}),
        ("webhook_url", {"webhook_url": "https://"}),
        ("threshold", {"threshold": 30}),
        ("threshold", {"threshold": float("nan")}),
        ("threshold", {"kind": "success_rate", "threshold": 101}),
        ("threshold", {"kind": "volume_falls", "threshold": 0}),
        ("window_minutes", {"kind": "success_rate", "threshold": 90, "window_minutes": 7}),
        ("destination_id", {"destination_id": 999_999}),
        ("source_id", {"kind": "volume_falls", "threshold": 50, "source_id": 999_999}),
    ],
)
def test_what_cannot_be_watched_is_refused_beside_its_field(
    workspace: Workspace, field: str, changes: dict[str, Any]
) -> None:
    values: dict[str, Any] = {"kind": "lag", "threshold": 600}
    with pytest.raises(ConnectionsError) as caught:
        rule(workspace, **values | changes)
    assert caught.value.field == field
    assert not AlertRule.objects.filter(workspace=workspace).exists()


def test_a_thing_of_another_workspace_cannot_be_watched(workspace: Workspace) -> None:
    elsewhere = Workspace.objects.create(name="Elsewhere")
    theirs = webhook(elsewhere, source(elsewhere).id)
    with pytest.raises(ConnectionsError):
        rule(workspace, destination_id=theirs.id)


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("", ("", 587, "", "", False, True)),
        ("smtp://mail.acme.example", ("mail.acme.example", 587, "", "", False, True)),
        ("smtp://u%40acme:p%2Fw@mail.acme.example:2525", ("mail.acme.example", 2525, "u@acme", "p/w", False, True)),
        ("smtps://u:p@mail.acme.example", ("mail.acme.example", 465, "u", "p", True, False)),
        ("smtp://localhost:25?starttls=no", ("localhost", 25, "", "", False, False)),
    ],
)
def test_the_mail_server_is_named_by_a_url(url: str, server: tuple[Any, ...]) -> None:
    assert tuple(mail_settings(url).values()) == server


@pytest.mark.parametrize("url", ["mail.acme.example", "http://u:secret@acme.example", "smtp://"])
def test_what_names_no_mail_server_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(ValueError, match="PITCAIRN_SMTP_URL is no mail server") as caught:
        mail_settings(url)
    assert "secret" not in str(caught.value)
