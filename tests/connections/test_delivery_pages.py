"""The pages that show what is delivered: overview, one destination, requests, tester, queue and dead letters."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from connections.deliveries import attempt, dead, outgoing, queue, webhook, world
from connections.outside import WebServer, web_server
from pages import API_KEY, message, mutiny, refusal, source, text
from pitcairn.connections import services, services_alerts
from pitcairn.connections.models import AlertRule, DeadLetter, OutboxChunk, Replay
from pitcairn.eventstore import EventStore
from pitcairn.settings import _networks
from pitcairn.workspaces.models import Workspace

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture
def web(settings: LazySettings) -> Iterator[WebServer]:
    with web_server() as server:
        settings.DELIVERY_NETWORKS = _networks("127.0.0.0/8")
        yield server


def follow(client: Client, address: str, data: dict[str, Any]) -> Any:
    return client.post(address, data, follow=True)


def routed(
    workspace: Workspace, source_id: int, destination_id: int, count: int, name: str, **fields: Any
) -> list[Any]:
    """Messages of a quarter of an hour ago that were queued for the destination."""
    at = time.time() - 900
    return [
        message(workspace, source_id, message_id=f"{name}-{i}", received_at=at, routed_to=[destination_id], **fields)
        for i in range(count)
    ]


def filled(workspace: Workspace, store: EventStore) -> tuple[Any, Any]:
    """100 messages for a webhook: 80 arrived, 12 failed with 400, 5 wait after 503; 3 more are filtered; 7 are refused."""
    website, destination = world(workspace)
    received = int((time.time() - 900) * 1000)
    key = str(destination.id)
    rows = routed(workspace, website.id, destination.id, 97, "m")
    rows += [
        message(workspace, website.id, message_id=f"f-{i}", filtered=json.dumps({key: "FILTERED_BY_RULES"}))
        for i in range(3)
    ]
    store.insert("messages", rows)
    store.insert("refusals", [refusal(workspace, website.id) for _ in range(7)])

    def sent(start: int, end: int) -> list[Any]:
        return [outgoing(website.id, f"m-{i}", received_at=received) for i in range(start, end)]

    at = received + 1_500
    attempt(store, destination, sent(0, 80), at=at, status=200, request="POST /hook", response="ok")
    attempt(store, destination, sent(80, 92), "failed", at=at, reason="400", status=400, detail="total is no number",
            request="POST https://example.com/hook\n\n{}", response='{"error": "total is no number"}')  # fmt: skip
    attempt(store, destination, sent(92, 97), "retried", at=at, reason="503", status=503)
    return website, destination


# ── The overview ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_overview_says_what_became_of_every_message(
    client: Client, workspace: Workspace, store: EventStore
) -> None:
    filled(workspace, store)
    said = text(client.get("/connections/delivery/"))
    assert "87.0 % of deliveries arrived in the last 24 hours; 12 failed and 5 wait." in said
    assert "95 % arrived within 1.5 s of their receipt" in said
    for step in ("Received 100", "Refused 7", "Filtered 3", "Waiting 5", "Failed 12", "Delivered 80"):
        assert step in said
    # It opens with the worst loss, its reason in words, what to do, and samples with request and answer.
    for part in (
        "400 Bad Request",
        "Look at its answer",
        "The latest 10",
        "total is no number",
        "POST https://example.com/hook",
    ):
        assert part in said
    assert "Warehouse" in said
    assert "80 arrived, 12 failed" in client.get("/connections/delivery/").content.decode()


@pytest.mark.parametrize(
    ("step", "parts"),
    [
        ("ingest", ["Names nobody", "no_user_anon_id"]),
        ("filtered", ["Left out by a filter", "Filters tab", "FILTERED_BY_RULES"]),
        ("retried", ["503 Service Unavailable", "It is tried again by itself"]),
        ("delivered", ["The latest 10", "Order Completed"]),
    ],
)
def test_every_step_has_its_reasons_and_samples(
    client: Client, workspace: Workspace, store: EventStore, step: str, parts: list[str]
) -> None:
    filled(workspace, store)
    said = text(client.get("/connections/delivery/", {"step": step}))
    for part in parts:
        assert part in said
    assert "400 Bad Request" not in said


def test_samples_of_one_reason(client: Client, workspace: Workspace, store: EventStore) -> None:
    website, destination = filled(workspace, store)
    attempt(store, destination, [outgoing(website.id, "x-1", event="Signed Up")], "failed", reason="404", status=404)
    page = client.get("/connections/delivery/", {"step": "failed", "reason": "404"})
    said = text(page)
    assert "The latest: 404 Not Found" in said
    assert "Signed Up" in said
    assert "total is no number" not in said


def test_period_and_source_stand_in_the_address(client: Client, workspace: Workspace, store: EventStore) -> None:
    website, _ = filled(workspace, store)
    other = source(workspace, "Backend", "server")
    assert "Received 100" in text(client.get("/connections/delivery/", {"period": "1h", "source": website.id}))
    assert "No message in this period" in text(
        client.get("/connections/delivery/", {"period": "10m", "source": other.id})
    )
    now = datetime.now(UTC)
    hours = {"from": f"{now - timedelta(hours=2):%Y-%m-%dT%H:%M}", "to": f"{now + timedelta(hours=1):%Y-%m-%dT%H:%M}"}
    page = client.get("/connections/delivery/", hours)
    assert "Received 100" in text(page)
    assert hours["from"] in page.content.decode()
    before = {"from": "2020-01-01T00:00", "to": "2020-01-02T00:00"}
    assert "No message in this period" in text(client.get("/connections/delivery/", before))


def test_a_period_that_is_none_is_explained(client: Client, workspace: Workspace, store: EventStore) -> None:
    source(workspace)
    for query, said in (
        ({"from": "2026-02-30T00:00"}, "is no period"),
        ({"from": "2020-02-02T00:00", "to": "2020-02-01T00:00"}, "Choose an earlier beginning"),
        ({"from": "2001-01-01T00:00"}, "look at 92 at most"),
    ):
        page = client.get("/connections/delivery/", query)
        assert page.status_code == 200
        assert said in text(page)
        assert "The last 24 hours are shown" in text(page)


def test_when_everything_arrives(client: Client, workspace: Workspace, store: EventStore) -> None:
    website, destination = world(workspace)
    store.insert("messages", routed(workspace, website.id, destination.id, 3, "a"))
    attempt(
        store,
        destination,
        [outgoing(website.id, f"a-{i}", received_at=int((time.time() - 900) * 1000)) for i in range(3)],
    )
    said = text(client.get("/connections/delivery/"))
    assert "All 3 deliveries arrived in the last 24 hours." in said


def test_what_fires_is_said_on_the_overview(client: Client, workspace: Workspace, store: EventStore) -> None:
    made = services_alerts.create_alert(
        workspace_id=workspace.id, kind="lag", threshold=600, name="Too late", emails=["ops@acme.example"]
    )
    assert "alert fires" not in text(client.get("/connections/delivery/"))
    AlertRule.objects.filter(id=made.id).update(firing_since=datetime.now(UTC))
    assert "1 alert fires: Too late" in text(client.get("/connections/delivery/"))
    assert "1 alert fires" in text(client.get("/"))


def test_nothing_yet(client: Client, workspace: Workspace, store: EventStore) -> None:
    assert "Nothing to deliver yet" in text(client.get("/connections/delivery/"))
    website = source(workspace)
    assert "No message in this period" in text(client.get("/connections/delivery/"))
    destination = webhook(workspace, website.id)
    assert "No message in this period" in text(client.get(f"/connections/destinations/{destination.id}/delivery/"))
    assert "Nothing was sent yet" in text(client.get("/connections/delivery/requests/"))


def test_without_an_event_store_the_pages_say_so(client: Client, workspace: Workspace) -> None:
    website, destination = world(workspace)
    letter = dead(destination, outgoing(website.id))
    base = f"/connections/destinations/{destination.id}"
    for address in (
        "/connections/delivery/",
        "/connections/delivery/requests/",
        f"{base}/delivery/",
        f"{base}/dead-letters/{letter}/",
    ):
        page = client.get(address)
        assert page.status_code == 200, address
        assert "no connection to the event store" in text(page), address
    assert client.get(f"{base}/test/").status_code == 200
    assert client.get(f"{base}/queue/").status_code == 200


# ── One destination ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_destination_shows_its_own_deliveries(client: Client, workspace: Workspace, store: EventStore) -> None:
    website, destination = filled(workspace, store)
    other = webhook(workspace, website.id, name="Other")
    attempt(store, other, [outgoing(website.id, "z-1")], "failed", reason="404", status=404)
    page = client.get(f"/connections/destinations/{destination.id}/delivery/")
    said = text(page)
    assert "Failed 12" in said
    assert "Refused" not in said
    assert "404" not in said
    assert "Latest requests" in said
    for tab in ("Delivery", "Settings", "Filters", "Mapping", "Test", "Queue", "Dead letters"):
        assert f">{tab}</a>" in page.content.decode()


def test_the_log_finds_the_requests_of_one_message(client: Client, workspace: Workspace, store: EventStore) -> None:
    website, destination = filled(workspace, store)
    attempt(store, destination, [outgoing(website.id, "m-95", event="Alone")], attempts=[2], status=200)
    said = text(client.get("/connections/delivery/requests/", {"message": "m-95"}))
    assert "Alone" in said
    assert "attempt 2" in said
    assert "Tried again" in said
    assert "400 Bad Request" not in said
    said = text(client.get("/connections/delivery/requests/", {"outcome": "failed", "destination": destination.id}))
    assert "400 Bad Request" in said
    assert "Alone" not in said
    assert "No request matches" in text(client.get("/connections/delivery/requests/", {"message": "nothing"}))


def test_long_logs_have_pages(client: Client, workspace: Workspace, store: EventStore) -> None:
    website, destination = world(workspace)
    now = int(time.time() * 1000)
    for number in range(52):
        attempt(
            store,
            destination,
            [outgoing(website.id, f"p-{number}", event=f"Event {number:02}")],
            at=now - 1000 * number,
        )
    first = client.get("/connections/delivery/requests/")
    assert "Event 49" in text(first)
    assert "Event 50" not in text(first)
    older = text(client.get("/connections/delivery/requests/", {"before": first.context["older"]}))
    assert "Event 50" in older
    assert "Event 51" in older
    assert "Event 49" not in older


# ── The tester ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_test_is_really_sent_and_shown(
    client: Client, workspace: Workspace, store: EventStore, web: WebServer
) -> None:
    website = source(workspace)
    destination = webhook(workspace, website.id, f"{web.url}/hook")
    services.set_destination_enabled(workspace_id=workspace.id, destination_id=destination.id, enabled=False)
    address = f"/connections/destinations/{destination.id}/test/"
    body = {"type": "track", "event": "Tested", "messageId": "t-1", "userId": "usr_1"}
    page = client.post(address, {"body": json.dumps(body)})
    ((path, _, sent),) = web.got
    assert path == "/hook"
    assert b"Tested" in sent
    said = text(page)
    for part in ("Delivered.", f"POST {web.url}/hook", "status 200"):
        assert part in said

    web.status, web.answer = 400, b'{"error": "no such event"}'
    said = text(client.post(address, {"body": json.dumps(body)}))
    for part in ("Not delivered: 400 Bad Request", "no such event", "status 400"):
        assert part in said


def test_what_is_no_message_is_explained_and_kept(client: Client, workspace: Workspace) -> None:
    _, destination = world(workspace)
    address = f"/connections/destinations/{destination.id}/test/"
    for typed, said in (
        ('{"type": ', "This is not JSON: Expecting value, line 1, column 10"),
        ("[1]", "A message is a JSON object"),
        ("[" * 20_000, "nested too deeply"),
        (json.dumps({"type": "track", "event": "x" * 40_000}), "a message has 32,768 at most"),
        ('{"type": "nonsense", "userId": "u"}', "nonsense"),
    ):
        page = client.post(address, {"body": typed})
        assert page.status_code == 422, typed[:40]
        assert said in text(page), typed[:40]
    assert 'aria-invalid="true"' in page.content.decode()
    assert "{&quot;type&quot;: &quot;nonsense&quot;, &quot;userId&quot;: &quot;u&quot;}" in page.content.decode()


def test_a_test_begins_with_an_example_or_with_a_real_message(
    client: Client, workspace: Workspace, store: EventStore
) -> None:
    website, destination = world(workspace)
    address = f"/connections/destinations/{destination.id}/test/"
    assert "None of its sources has sent a message" in text(client.get(address))
    store.insert("messages", [message(workspace, website.id, message_id="real-1", event="Really Sent")])
    store.insert(
        "messages", [message(workspace, source(workspace, "Other").id, message_id="real-2", event="Elsewhere")]
    )
    said = text(client.get(address))
    assert "Really Sent" in said
    assert "Elsewhere" not in said
    page = client.get(address, {"message": "real-1"})
    shown = json.loads(page.context["text"])
    assert (shown["event"], shown["userId"]) == ("Really Sent", "usr_1")
    # Who knows the first message would not take its id again.
    assert shown["messageId"] != "real-1"
    assert json.loads(client.get(address, {"type": "group"}).context["text"])["type"] == "group"


def test_no_page_about_delivery_shows_a_secret(
    client: Client, workspace: Workspace, store: EventStore, web: WebServer
) -> None:
    website = source(workspace)
    entry = services.create_destination(
        workspace_id=workspace.id, slug="mutiny", source_ids=[website.id], enabled=True,
        settings={"apiKey": API_KEY, "endpoint": f"{web.url}/partner"},
    )  # fmt: skip
    page = client.post(
        f"/connections/destinations/{entry.id}/test/",
        {"body": json.dumps({"type": "identify", "userId": "u", "messageId": "t", "traits": {"a": 1}})},
    )
    assert page.status_code == 200
    assert len(web.got) == 1
    said = page.content.decode()
    assert API_KEY not in said
    assert base64.b64encode(f"{API_KEY}:".encode()).decode() not in said


# ── The queue ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_queue_says_what_waits_and_can_be_discarded(
    client: Client, workspace: Workspace, store: EventStore
) -> None:
    website, destination = world(workspace)
    address = f"/connections/destinations/{destination.id}/queue/"
    assert "Not tried yet 0" in text(client.get(address))
    queue(destination, [outgoing(website.id, f"q-{i}") for i in range(3)], at=int(time.time() * 1000) - 3_600_000)
    said = text(client.get(address))
    assert "Not tried yet 3" in said
    assert "1 hour ago" in said
    assert "3 messages will not be sent" in said

    said = text(follow(client, f"{address}discard/", {"name": "Warehous"}))
    assert "Nothing was discarded" in said
    assert OutboxChunk.objects.filter(destination_id=destination.id).exists()
    said = text(follow(client, f"{address}discard/", {"name": "Warehouse"}))
    assert "3 messages discarded" in said
    assert not OutboxChunk.objects.filter(destination_id=destination.id).exists()


def test_a_disabled_destination_says_that_its_queue_waits(
    client: Client, workspace: Workspace, store: EventStore
) -> None:
    website, destination = world(workspace)
    queue(destination, [outgoing(website.id)])
    services.set_destination_enabled(workspace_id=workspace.id, destination_id=destination.id, enabled=False)
    for tab in ("queue", "delivery"):
        said = text(client.get(f"/connections/destinations/{destination.id}/{tab}/"))
        assert "1 message waits until the destination is enabled again" in said


def test_replays_are_started_and_cancelled(client: Client, workspace: Workspace) -> None:
    _, destination = world(workspace)
    address = f"/connections/destinations/{destination.id}/queue/"
    for start, end, said in (
        ("2026-11-02T10:00", "2026-11-02T09:00", "The range ends before it begins"),
        ("yesterday", "2026-11-02T09:00", "'yesterday' is no day and time"),
    ):
        page = client.post(address, {"start": start, "end": end})
        assert page.status_code == 422
        assert said in text(page)
        assert f'value="{start}"' in page.content.decode()
    said = text(follow(client, address, {"start": "2026-11-02T08:00", "end": "2026-11-02T09:00"}))
    assert "The replay has begun" in said
    assert "2 Nov 2026, 08:00 to 2 Nov 2026, 09:00" in said
    made = Replay.objects.get(destination_id=destination.id)
    assert (made.end - made.start, made.state) == (3_600_000, "running")
    assert "A replay to Warehouse is running" in text(
        client.post(address, {"start": "2026-11-02T08:00", "end": "2026-11-02T09:00"})
    )
    assert "The replay has ended" in text(follow(client, f"{address}cancel/", {"replay": made.id}))
    made.refresh_from_db()
    assert made.state == "cancelled"


def test_a_replay_of_another_destination_is_not_cancelled_from_here(client: Client, workspace: Workspace) -> None:
    website, destination = world(workspace)
    other = webhook(workspace, website.id, name="Other")
    follow(
        client, f"/connections/destinations/{other.id}/queue/", {"start": "2026-11-02T08:00", "end": "2026-11-02T09:00"}
    )
    made = Replay.objects.get(destination_id=other.id)
    assert (
        client.post(f"/connections/destinations/{destination.id}/queue/cancel/", {"replay": made.id}).status_code == 404
    )
    made.refresh_from_db()
    assert made.state == "running"


# ── Dead letters ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_dead_letters_are_sent_again_or_deleted_by_reason_one_by_one_or_all(
    client: Client, workspace: Workspace, store: EventStore
) -> None:
    website, destination = world(workspace)
    address = f"/connections/destinations/{destination.id}/dead-letters/"
    assert "No dead letters" in text(client.get(address))
    for number in range(6):
        dead(destination, outgoing(website.id, f"d-{number}"), "400" if number < 4 else "503", attempts=1 + number)
    said = text(client.get(address))
    assert "6 messages were given up" in said
    for part in ("400 Bad Request", "503 Service Unavailable", "send the dead letters again"):
        assert part in said
    assert len(client.get(address, {"reason": "503"}).context["rows"]) == 2

    letters = DeadLetter.objects.filter(destination_id=destination.id)
    one = letters.filter(reason="400").first()
    assert one is not None
    assert "1 dead letter deleted" in text(follow(client, f"{address}act/", {"id": one.id, "do": "delete"}))
    assert "2 dead letters queued for Warehouse again" in text(
        follow(client, f"{address}act/", {"reason": "503", "do": "send"})
    )
    assert sorted(letters.values_list("reason", flat=True)) == ["400"] * 3
    assert client.post(f"{address}act/", {"do": "delete"}).status_code == 404
    assert letters.count() == 3
    assert "3 dead letters deleted" in text(follow(client, f"{address}act/", {"all": "yes", "do": "delete"}))
    assert letters.count() == 0


def test_one_dead_letter_with_everything_that_was_tried(
    client: Client, workspace: Workspace, store: EventStore
) -> None:
    website, destination = world(workspace)
    body = outgoing(website.id, "d-1")
    attempt(store, destination, [body], "retried", reason="503", status=503, response="overloaded")
    attempt(store, destination, [body], "failed", reason="400", status=400, attempts=[2], response="no such event")
    letter = dead(destination, body, "400", "no such event", attempts=2)
    said = text(client.get(f"/connections/destinations/{destination.id}/dead-letters/{letter}/"))
    for part in ("no such event", "after 2 attempts", "overloaded", '"event": "Order Completed"', "Website"):
        assert part in said
    other = webhook(workspace, website.id, name="Other")
    assert client.get(f"/connections/destinations/{other.id}/dead-letters/{letter}/").status_code == 404


def test_viewers_see_and_cannot_act(viewer_client: Client, workspace: Workspace, store: EventStore) -> None:
    website, destination = world(workspace)
    dead(destination, outgoing(website.id))
    queue(destination, [outgoing(website.id, "q-1")])
    base = f"/connections/destinations/{destination.id}"
    for tab, button in (("dead-letters", "Send again"), ("queue", "Discard"), ("test", "Send to Warehouse")):
        page = viewer_client.get(f"{base}/{tab}/")
        assert page.status_code == 200
        assert button not in page.content.decode(), tab
    assert viewer_client.post(f"{base}/queue/discard/", {"name": "Warehouse"}).status_code == 403


def test_a_destination_that_only_personalizes_has_the_same_pages(
    client: Client, workspace: Workspace, store: EventStore
) -> None:
    website = source(workspace)
    destination = mutiny(workspace, website.id)
    store.insert("messages", [message(workspace, website.id, message_id="g-1", delivered_to=["mutiny"])])
    said = text(client.get(f"/connections/destinations/{destination.id}/delivery/"))
    assert "The only delivery arrived in the last 24 hours." in said
    assert "taken by the built-in personalization" in said
    page = client.post(
        f"/connections/destinations/{destination.id}/test/",
        {"body": json.dumps({"type": "track", "event": "Tested", "userId": "u"})},
    )
    assert "Taken by the built-in personalization" in text(page)
