"""What people and pages do with queues: looking, pausing, discarding, dead letters, replays; and how a dead one is kept quiet."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings

from connections.delivery.target import Answer, Asked
from connections.delivery.world import HOUR, MINUTE, NOON, DeliveryWorld
from pipeline.world import identify, track
from pitcairn.connections import queries_delivery, services, services_delivery
from pitcairn.connections.delivery.circuit import OPENS_AFTER
from pitcairn.connections.models import ChunkProgress, DeadLetter, Destination, OutboxChunk, WaitingDelivery
from pitcairn.eventstore.records import from_ms
from pitcairn.pipeline.replays import Replays

pytestmark = pytest.mark.django_db(transaction=True, databases=list(settings.DATABASES))


def broken(asked: Asked) -> Answer:
    return Answer(500)


def refusing(asked: Asked) -> Answer:
    return Answer(400)


def test_a_dead_destination_is_left_alone_and_tells_when_it_is_back(world: DeliveryWorld) -> None:
    hook = world.target(broken, pace={"concurrency": 5})
    for start in range(0, 3_000, 500):
        world.queue(hook, [f"m{number:04}" for number in range(start, start + 500)])
    world.settle()
    asked = len(world.targets[hook].asked)
    assert OPENS_AFTER <= asked <= OPENS_AFTER + 5
    state = queries_delivery.queue_of(hook)
    assert (state.circuit.state, state.circuit.reason) == ("open", "500")
    assert (state.messages, state.retrying) == (3_000 - asked, asked)
    world.pass_time(HOUR)
    # A request a minute, not thousands.
    assert len(world.targets[hook].asked) - asked < 100
    assert OutboxChunk.objects.filter(destination_id=hook).count() == 6
    world.targets[hook].script = lambda asked: Answer()
    world.pass_time(HOUR)
    assert len(world.targets[hook].taken) == len(set(world.targets[hook].taken)) == 3_000
    assert queries_delivery.queue_of(hook).circuit.state == "closed"


def test_a_person_who_waits_holds_up_nobody_else(world: DeliveryWorld) -> None:
    hook = world.target(lambda asked: Answer(500 if asked.ids[0] == "m0" and world.clock.ms < NOON + MINUTE else 200))
    world.queue(hook, ["m0", "m1", "m2", "m3"], persons=["a", "b", "a", "b"])
    world.settle()
    assert world.targets[hook].taken == ["m1", "m3"]
    world.queue(hook, ["m4", "m5"], persons=["a", "b"])
    world.settle()
    assert world.targets[hook].taken == ["m1", "m3", "m5"]
    world.pass_time(5 * MINUTE)
    assert world.targets[hook].taken == ["m1", "m3", "m5", "m0", "m2", "m4"]
    assert not WaitingDelivery.objects.exists()


def test_a_rate_is_kept(world: DeliveryWorld) -> None:
    hook = world.target(pace={"rate": 5})
    world.queue(hook, [f"m{number:02}" for number in range(30)])
    world.settle()
    assert len(world.targets[hook].asked) == 1
    world.pass_time(4_000, step=1)
    assert 19 <= len(world.targets[hook].asked) <= 21


def test_disabled_is_a_pause(world: DeliveryWorld) -> None:
    hook = world.target(broken)
    world.queue(hook, ["m1", "m2"])
    world.settle()
    world.enable(hook, enabled=False)
    world.targets[hook].script = lambda asked: Answer()
    world.pass_time(HOUR)
    assert len(world.targets[hook].asked) == 2
    assert queries_delivery.queue_of(hook).retrying == 2
    world.enable(hook)
    world.pass_time(MINUTE)
    assert sorted(world.targets[hook].taken) == ["m1", "m2"]


def test_discarding_a_queue(world: DeliveryWorld) -> None:
    hook, other = world.target(broken, pace={"concurrency": 1}), world.target(broken)
    for destination in (hook, other):
        world.queue(destination, [f"m{number}" for number in range(40)], persons=["a"] * 2 + ["b"] * 2 + ["c"] * 36)
    world.settle()
    before = queries_delivery.queue_of(hook)
    assert before.messages + before.retrying == 40
    count = services_delivery.discard_queue(world.store, workspace_id=world.workspace_id, destination_id=hook)
    assert count == 40
    asked = len(world.targets[hook].asked)
    world.pass_time(10 * MINUTE)
    assert len(world.targets[hook].asked) == asked
    after = queries_delivery.queue_of(hook)
    assert (after.messages, after.waiting_chunks, after.retrying, after.dead) == (0, 0, 0, 0)
    discarded = [one for row in world.log(hook, outcome="discarded") for one in row.message_ids]
    assert sorted(discarded) == sorted(f"m{number}" for number in range(40))
    kept = queries_delivery.queue_of(other)
    assert kept.messages + kept.retrying == 40
    world.targets[hook].script = lambda asked: Answer()
    world.queue(hook, ["new"])
    world.pass_time(MINUTE)
    assert world.targets[hook].taken == ["new"]


def test_dead_letters_are_sent_again_by_id_and_by_reason(world: DeliveryWorld) -> None:
    hook = world.target(lambda asked: Answer(400 if asked.ids[0] < "m3" else 404))
    world.queue(hook, [f"m{number}" for number in range(6)], properties={"total": 3})
    world.settle()
    letters = queries_delivery.dead_letters(hook)
    assert [(one.reason, one.count) for one in queries_delivery.dead_reasons(hook)] == [("400", 3), ("404", 3)]
    assert letters[0].message["properties"] == {"total": 3}
    assert [one.reason for one in queries_delivery.dead_letters(hook, reason="404", limit=2)] == ["404", "404"]
    assert len(queries_delivery.dead_letters(hook, before_id=letters[1].id)) == 4
    world.targets[hook].script = lambda asked: Answer()
    again = {"workspace_id": world.workspace_id, "destination_id": hook}
    first = next(letter for letter in letters if letter.message_id == "m0")
    assert services_delivery.replay_dead_letters(**again, ids=[first.id]) == 1
    world.pass_time(MINUTE)
    assert world.targets[hook].taken == ["m0"]
    assert services_delivery.replay_dead_letters(**again, reason="404") == 3
    assert services_delivery.delete_dead_letters(**again) == 2
    world.pass_time(MINUTE)
    assert sorted(world.targets[hook].taken) == ["m0", "m3", "m4", "m5"]
    assert not DeadLetter.objects.exists()
    start, end = world.day()
    overview = queries_delivery.delivery_overview(world.store, world.workspace_id, start, end, destination_id=hook)
    assert (overview.failed, overview.delivered, overview.sent_again) == (6, 0, 4)


def test_others_dead_letters_are_not_touched(world: DeliveryWorld) -> None:
    hook = world.target(refusing)
    world.queue(hook, ["m1"])
    world.settle()
    with pytest.raises(services.ConnectionsError, match="no destination"):
        services_delivery.replay_dead_letters(workspace_id=world.workspace_id + 1, destination_id=hook)
    assert queries_delivery.dead_letter(world.workspace_id + 1, DeadLetter.objects.get().id) is None


def test_a_replay_sends_what_the_destination_gets_now(world: DeliveryWorld) -> None:
    """In order, once, by its present filters and mapping, and nothing the sender kept from it."""
    world.process(*(track(f"m{number}", properties={"n": number}) for number in range(4)))
    world.process(
        track("m4", integrations={"Webhook": False}), track("m5", "Dull"), identify("m6", {"a": 1}, userId="u")
    )
    world.process(track("late"), at=NOON + HOUR)
    hook = world.target()
    destination = Destination.objects.get(id=hook)
    destination.filters.create(title="dull", condition="event = 'Dull'", action={"type": "drop"})
    destination.mapping = [{"to": "properties.number", "from": "properties.n"}]
    destination.save()
    services.rename_source(workspace_id=world.workspace_id, source_id=world.website, name="site")
    replay = services_delivery.start_replay(
        workspace_id=world.workspace_id,
        destination_id=hook,
        start=from_ms(NOON),
        end=from_ms(NOON) + timedelta(minutes=30),
    )
    with pytest.raises(services.ConnectionsError, match="is running"):
        services_delivery.start_replay(
            workspace_id=world.workspace_id, destination_id=hook, start=from_ms(NOON), end=from_ms(NOON + 1)
        )
    replays = Replays(world.store)
    while replays.work():
        world.settle()
    world.settle()
    sent = {asked.ids[0]: asked.messages[0] for asked in world.targets[hook].asked}
    assert sorted(world.targets[hook].taken) == ["m0", "m1", "m2", "m3", "m6"]
    assert sent["m2"]["properties"] == {"n": 2, "number": 2}
    [item] = queries_delivery.replays(hook)
    assert (item.id, item.state, item.queued, item.share) == (replay.id, "done", 5, 1.0)


def test_a_cancelled_replay_goes_no_further(world: DeliveryWorld) -> None:
    world.process(track("m1"))
    hook = world.target()
    replay = services_delivery.start_replay(
        workspace_id=world.workspace_id, destination_id=hook, start=from_ms(NOON), end=from_ms(NOON + HOUR)
    )
    services_delivery.cancel_replay(workspace_id=world.workspace_id, replay_id=replay.id)
    assert not Replays(world.store).work()
    assert [one.state for one in queries_delivery.replays(hook)] == ["cancelled"]


def test_what_is_left_of_a_deleted_destination_goes(world: DeliveryWorld) -> None:
    hook = world.target(broken)
    world.queue(hook, ["m1", "m2"], persons=["a", "a"])
    world.settle()
    Destination.objects.filter(id=hook).delete()
    services.rename_source(workspace_id=world.workspace_id, source_id=world.website, name="site")
    world.settle()
    for model in (OutboxChunk, WaitingDelivery, ChunkProgress, DeadLetter):
        assert not model.objects.exists()


def test_a_destination_that_cannot_make_requests_fails_its_messages_alone(
    world: DeliveryWorld, caplog: pytest.LogCaptureFixture
) -> None:
    hook = world.target(batchSize=5, template='{"a": {{ properties.a }} }', pace={"batch": 5})
    world.queue(hook, ["m1"], properties={"a": 1})
    world.settle()
    assert len(world.targets[hook].asked) == 1
    Destination.objects.filter(id=hook).update(
        settings={"url": "http://127.0.0.1:1/", "batchSize": 5, "template": "{{"}
    )
    services.rename_source(workspace_id=world.workspace_id, source_id=world.website, name="site")
    world.queue(hook, ["m2", "m3"])
    world.settle()
    assert {(dead.message_id, dead.reason) for dead in queries_delivery.dead_letters(hook)} == {
        ("m2", "INTERNAL"),
        ("m3", "INTERNAL"),
    }
