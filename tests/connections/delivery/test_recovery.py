"""The process ends, in order or killed at any moment: what is queued then is delivered all the same."""

from __future__ import annotations

from collections import Counter

import pytest
from django.conf import settings

from connections.delivery.target import Answer, Asked, Trouble
from connections.delivery.world import HOUR, DeliveryWorld
from pipeline.world import FailingStore, track
from pitcairn.connections import queries_delivery
from pitcairn.connections.delivery import engine as engine_module
from pitcairn.eventstore import EventStoreUnavailable

pytestmark = pytest.mark.django_db(transaction=True, databases=list(settings.DATABASES))


def test_a_stop_in_the_middle_doubles_nothing(world: DeliveryWorld) -> None:
    """Of a chunk that is half done the other half is sent after the restart."""
    hook = world.target(
        lambda asked: Answer(429, {"Retry-After": "60"}) if asked.ids == ["m3"] else Answer(), pace={"concurrency": 1}
    )
    world.queue(hook, [f"m{number}" for number in range(6)])
    world.settle()
    assert world.targets[hook].taken == ["m0", "m1", "m2"]
    assert queries_delivery.queue_of(hook).messages == 2
    assert queries_delivery.queue_of(hook).retrying == 1
    world.targets[hook].script = lambda asked: Answer()
    world.restart()
    world.pass_time(HOUR)
    assert Counter(world.targets[hook].taken) == Counter(f"m{number}" for number in range(6))
    assert queries_delivery.queue_of(hook).waiting_chunks == 0


@pytest.mark.parametrize("answered", [0, 1, 7, 19])
def test_a_kill_loses_nothing_and_repeats_only_what_was_not_written_down(world: DeliveryWorld, answered: int) -> None:
    """The process is gone when the last of so many answers has arrived, before anything of it is written down."""
    ids = [f"m{number:02}" for number in range(20)]
    persons = [f"person {number % 3}" for number in range(20)]

    def script(asked: Asked) -> Answer | Trouble:
        return "hang" if len(target.taken) >= answered else Answer()

    hook = world.target(script, pace={"concurrency": 2})
    target = world.targets[hook]
    world.queue(hook, ids, persons=persons)
    world.run(_until_it_hangs(world))
    world.kill()
    target.script = lambda asked: Answer()
    world.pass_time(5 * HOUR)
    assert set(target.taken) == set(ids)
    assert max(Counter(target.taken).values()) <= 2
    last = {one: place for place, one in enumerate(target.taken)}
    for person in set(persons):
        own = [one for one, its in zip(ids, persons, strict=True) if its == person]
        assert sorted(own, key=last.__getitem__) == own
    logged = Counter(one for row in world.log(hook) if row.outcome == "delivered" for one in row.message_ids)
    assert logged.keys() == set(ids)


async def _until_it_hangs(world: DeliveryWorld) -> None:
    """Works until nothing but hanging requests is on its way, and kills the loop's work there."""
    import asyncio

    task = asyncio.create_task(world.engine.settle())
    target = next(iter(world.targets.values()))
    while not target.perhaps:
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_a_kill_between_the_log_and_the_transaction(world: DeliveryWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """The attempt is in the log, and the message still queued: it is sent again, and the log says so."""
    hook = world.target()
    world.queue(hook, ["m1"])
    monkeypatch.setattr(engine_module.ledger, "_write", _die)
    with pytest.raises(_Died):
        world.run(_settle_and_die(world))
    monkeypatch.undo()
    world.kill()
    world.settle()
    assert world.targets[hook].taken == ["m1", "m1"]
    assert [row.outcome for row in world.log(hook)] == ["delivered", "delivered"]
    assert queries_delivery.queue_of(hook).waiting_chunks == 0


class _Died(BaseException):
    pass


def _die(*_: object) -> None:
    raise _Died


async def _settle_and_die(world: DeliveryWorld) -> None:
    await world.engine.settle()


def test_an_event_store_that_fails_holds_everything_back_and_loses_nothing(
    world: DeliveryWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "RETRY_SECONDS", 0.01)
    hook = world.target()
    failing = FailingStore(world.store, EventStoreUnavailable("the server is gone"))
    failing.fails_at = 1
    world.run(world.engine.close())
    world.engine = world.new_engine(store=failing)
    world.process(track("m1"))
    world.settle()
    assert world.targets[hook].taken == ["m1"]
    assert [row.message_ids for row in world.log(hook)] == [["m1"]]
    assert queries_delivery.queue_of(hook).waiting_chunks == 0
