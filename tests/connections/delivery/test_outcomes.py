"""What becomes of a message by what its destination answers: statements 67 to 74, and when it is tried again."""

from __future__ import annotations

import asyncio
import itertools
from email.utils import formatdate

import pytest
from django.conf import settings
from django.db import connections

from connections.delivery.target import Answer, Trouble
from connections.delivery.world import HOUR, MINUTE, NOON, DeliveryWorld
from pipeline.world import track
from pitcairn.connections import queries_delivery, services, services_delivery
from pitcairn.connections.models import Destination, WaitingDelivery

pytestmark = pytest.mark.django_db(transaction=True, databases=list(settings.DATABASES))


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_statement_67_delivered(world: DeliveryWorld, status: int) -> None:
    hook = world.target(lambda asked: Answer(status, body=b""))
    world.queue(hook, ["m1"])
    assert world.settle() is None
    assert [(row.outcome, row.status) for row in world.log(hook)] == [("delivered", status)]


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        *((Answer(status), str(status)) for status in (500, 502, 503, 504, 429, 408)),
        ("hang", "ETIMEDOUT"),
        ("reset", "ECONNRESET"),
        ("garbage", "INVALID_RESPONSE"),
        ("cut", "ECONNRESET"),
    ],
)
def test_statement_68_retried_with_growing_delay_for_four_hours(
    world: DeliveryWorld, trouble: Answer | Trouble, reason: str
) -> None:
    hook = world.target(lambda asked: trouble, pace={"timeout": 0.05 if trouble == "hang" else 30})
    world.queue(hook, ["m1"])
    world.pass_time(5 * HOUR, step=1)
    rows = world.log(hook)
    assert [row.outcome for row in rows] == ["retried"] * (len(rows) - 1) + ["failed"]
    assert {row.reason for row in rows} == {reason}
    assert [row.attempts for row in rows] == [[number] for number in range(1, len(rows) + 1)]
    times = [int(row.at.timestamp() * 1000) for row in rows]
    waits = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert 12 <= len(rows) <= 40
    assert waits[:8] == sorted(waits[:8])
    assert waits[0] < 4_000
    assert times[-1] - times[0] == 4 * HOUR
    [dead] = queries_delivery.dead_letters(hook)
    assert (dead.message_id, dead.reason, dead.attempts) == ("m1", reason, len(rows))
    assert dead.detail.startswith("Given up 4 h after it was queued.")
    assert queries_delivery.queue_of(hook).retrying == 0


@pytest.mark.parametrize("status", [400, 401, 403, 404, 301, 501])
def test_statement_69_and_70_not_retried(world: DeliveryWorld, status: int) -> None:
    hook = world.target(lambda asked: Answer(status))
    world.queue(hook, ["m1"])
    world.pass_time(5 * HOUR)
    assert len(world.targets[hook].asked) == 1
    assert [(row.outcome, row.reason) for row in world.log(hook)] == [("failed", str(status))]
    assert [dead.reason for dead in queries_delivery.dead_letters(hook)] == [str(status)]


def test_statement_71_the_answers_message_is_in_the_log(world: DeliveryWorld) -> None:
    hook = world.target(
        lambda asked: Answer(400, body=b'{"message":"email is missing"}'),
        sharedSecret="a-secret",
        authorization="Bearer s3cr3t",
    )
    world.queue(hook, ["m1"], properties={"note": "s3cr3t is here: Bearer s3cr3t"})
    world.settle()
    [row] = world.log(hook)
    assert (row.status, row.detail) == (400, "email is missing")
    assert row.request.startswith(f"POST {world.targets[hook].url}\n")
    assert '"messageId":"m1"' in row.request
    assert row.response.endswith('{"message":"email is missing"}')
    assert "Bearer s3cr3t" not in row.request
    assert world.targets[hook].asked[0].headers["authorization"] == "Bearer s3cr3t"


def test_statement_72_a_disabled_destination_gets_nothing_and_nothing_later(world: DeliveryWorld) -> None:
    hook = world.target()
    world.process(track("m1"))
    world.enable(hook, enabled=False)
    world.process(track("m2"))
    world.settle()
    assert world.targets[hook].taken == []
    world.enable(hook)
    world.process(track("m3"))
    world.settle()
    assert world.targets[hook].taken == ["m1", "m3"]


def test_statement_73_a_missing_required_setting(world: DeliveryWorld) -> None:
    hook = world.target()
    Destination.objects.filter(id=hook).update(settings={})
    services.rename_source(workspace_id=world.workspace_id, source_id=world.website, name="site")
    world.process(track("m1"))
    world.settle()
    [message] = world.messages()
    assert (message.routed_to, message.filtered) == ([], {str(hook): "INVALID_SETTINGS"})
    assert world.targets[hook].asked == []


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_statement_74_retry_after_is_honoured(world: DeliveryWorld, form: str) -> None:
    until = NOON + 10 * MINUTE
    value = "600" if form == "seconds" else formatdate(until / 1000, usegmt=True)
    hook = world.target(
        lambda asked: Answer() if world.clock.ms >= until else Answer(429, {"Retry-After": value}),
        pace={"concurrency": 1},
    )
    world.queue(hook, ["m1", "m2"])
    assert world.settle() == until
    assert [asked.ids for asked in world.targets[hook].asked] == [["m1"]]
    circuit = queries_delivery.queue_of(hook).circuit
    assert (circuit.state, circuit.reason) in {("paused", "429"), ("closed", "")}  # by the wall clock it may be over
    world.pass_time(10 * MINUTE - 1)
    world.settle()
    assert len(world.targets[hook].asked) == 1
    world.clock.ms = until
    world.settle()
    assert sorted(world.targets[hook].taken) == ["m1", "m2"]


def test_a_pause_outlives_a_restart(world: DeliveryWorld) -> None:
    hook = world.target(lambda asked: Answer(429, {"Retry-After": "600"}))
    world.queue(hook, ["m1"])
    world.settle()
    world.restart()
    world.clock.ms += 5 * MINUTE
    world.settle()
    assert len(world.targets[hook].asked) == 1


def test_a_pause_that_is_too_long_is_a_dead_letter(world: DeliveryWorld) -> None:
    hook = world.target(lambda asked: Answer(429, {"Retry-After": "20000"}))
    world.queue(hook, ["m1"])
    world.settle()
    [dead] = queries_delivery.dead_letters(hook)
    assert dead.detail.startswith("It asks for a longer pause than 4 h in all.")


def test_statement_75_the_tester_sends_for_real_past_filters(world: DeliveryWorld) -> None:
    hook = world.target(authorization="Bearer s3cr3t")
    destination = Destination.objects.get(id=hook)
    destination.filters.create(title="none", condition="all", action={"type": "drop"})
    world.enable(hook, enabled=False)

    def send() -> services_delivery.TestResult:
        """In a thread, as a page is: the destination's server answers in the loop."""
        try:
            return services_delivery.send_test(
                workspace_id=world.workspace_id,
                destination_id=hook,
                body={"type": "track", "event": "Tried", "userId": "u1"},
            )
        finally:
            connections.close_all()

    async def sent() -> services_delivery.TestResult:
        return await asyncio.to_thread(send)

    result = world.run(sent())
    assert result.outcome == "delivered"
    [exchange] = result.exchanges
    assert (exchange.status, exchange.method, exchange.url) == (200, "POST", world.targets[hook].url)
    assert '"Tried"' in exchange.request_body
    assert "s3cr3t" not in str(result)
    [asked] = world.targets[hook].asked
    assert (asked.messages[0]["event"], asked.headers["authorization"]) == ("Tried", "Bearer s3cr3t")
    assert world.log(hook) == []


def test_a_test_that_fails_says_why(world: DeliveryWorld) -> None:
    with pytest.raises(services.ConnectionsError, match="no_user_anon_id"):
        services_delivery.send_test(
            workspace_id=world.workspace_id, destination_id=world.target(), body={"type": "track", "event": "E"}
        )
    personalized = services_delivery.send_test(
        workspace_id=world.workspace_id, destination_id=world.mutiny, body={"type": "identify", "userId": "u"}
    )
    assert (personalized.outcome, personalized.exchanges) == ("personalized", ())


def test_statement_76_metrics(world: DeliveryWorld) -> None:
    failing = world.target(lambda asked: Answer(400 if asked.ids[0] == "m3" else 200))
    world.process(track("m1"), track("m2"), track("m3"), track("m4", integrations={"Webhook": False}))
    world.clock.ms += 2_000
    world.settle()
    start, end = world.day()
    overview = queries_delivery.delivery_overview(world.store, world.workspace_id, start, end, destination_id=failing)
    assert (overview.received, overview.filtered, overview.pending) == (4, 1, 0)
    assert (overview.delivered, overview.failed, overview.p95_ms) == (2, 1, 2_000)
    assert [(one.reason, one.count) for one in overview.failure_reasons] == [("400", 1)]
    assert [(one.reason, one.count) for one in overview.filter_reasons] == [("FILTERED_BY_INTEGRATIONS_OBJECT", 1)]


def test_the_window_counts_from_the_queue_and_not_from_the_restart(world: DeliveryWorld) -> None:
    hook = world.target(lambda asked: Answer(500))
    world.queue(hook, ["m1"])
    world.pass_time(3 * HOUR)
    world.restart()
    world.pass_time(2 * HOUR)
    assert [dead.message_id for dead in queries_delivery.dead_letters(hook)] == ["m1"]
    assert not WaitingDelivery.objects.exists()
