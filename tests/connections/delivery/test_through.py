"""From a message that was accepted to the destination's server, and what is known of it afterwards."""

from __future__ import annotations

import pytest
from django.conf import settings

from connections.delivery.world import DeliveryWorld
from pipeline.world import identify, track
from pitcairn.connections import queries_delivery

pytestmark = pytest.mark.django_db(transaction=True, databases=list(settings.DATABASES))


def test_an_accepted_message_arrives_and_is_logged(world: DeliveryWorld) -> None:
    hook = world.target()
    world.process(
        identify("m1", {"plan": "pro"}, userId="u1", integrations={"Webhook": {"x": 1}}),
        track("m2", "Ordered", userId="u1", properties={"total": 7}),
    )
    state = queries_delivery.queue_of(hook)
    assert (state.waiting_chunks, state.messages, state.retrying, state.dead) == (1, 2, 0, 0)
    world.clock.ms += 250
    world.settle()
    sent = [message for asked in world.targets[hook].asked for message in asked.messages]
    assert [message["messageId"] for message in sent] == ["m1", "m2"]
    assert sent[0]["traits"] == {"plan": "pro"}
    assert (sent[1]["event"], sent[1]["properties"], sent[1]["userId"]) == ("Ordered", {"total": 7}, "u1")
    assert sent[1]["receivedAt"] == "2026-11-02T12:00:00.000Z"
    rows = world.log()
    assert [(row.outcome, row.status, row.message_ids, row.types, row.events) for row in rows] == [
        ("delivered", 200, ["m1"], ["identify"], [""]),
        ("delivered", 200, ["m2"], ["track"], ["Ordered"]),
    ]
    assert [(row.destination_id, row.source_ids, row.attempts, row.latencies_ms) for row in rows] == [
        (hook, [world.website], [1], [250])
    ] * 2
    assert queries_delivery.queue_of(hook).messages == 0
    stored = {message.message_id: message for message in world.messages()}
    assert (stored["m1"].delivered_to, stored["m1"].routed_to, stored["m1"].filtered) == (["mutiny"], [hook], {})
