"""The worker's thread: the lease, being called, trouble that passes, and stopping."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings

from pipeline.world import FailingStore, World, faulty_snapshot, track
from pitcairn.edge import inbox
from pitcairn.eventstore import EventStoreUnavailable
from pitcairn.pipeline import worker as worker_module
from pitcairn.pipeline.worker import Worker
from server import wait_until

pytestmark = pytest.mark.django_db(transaction=True, databases=list(settings.DATABASES))


@pytest.fixture
def workers(world: World) -> Iterator[list[Worker]]:
    """What a test starts; stopped when it is over."""
    started: list[Worker] = []
    yield started
    for worker in started:
        worker.stop()


def start(workers: list[Worker], worker: Worker) -> Worker:
    workers.append(worker)
    worker.start()
    return worker


def land(world: World, message_id: str) -> None:
    wait_until(lambda: message_id in world.message_ids(), message_id)


def test_one_works_and_the_next_takes_over(world: World, workers: list[Worker]) -> None:
    first = start(workers, Worker(world.store))
    world.accept(track("m1"))
    first.call()
    land(world, "m1")
    second = Worker(world.store)
    assert not second._has_lease()
    assert not second._has_lease()
    workers.remove(first)
    first.stop()
    wait_until(second._has_lease, "the lease")
    assert second._has_lease()
    start(workers, third := Worker(world.store))
    world.accept(track("m2"))
    third.call()
    assert world.work(second) == 1
    assert world.message_ids() == ["m1", "m2"]
    _release(second)


def _release(worker: Worker) -> None:
    """Gives the lease back that this thread took for the worker."""
    from django.db import connections

    worker._lease.leave()
    connections.close_all()


def test_what_waited_before_the_start_is_processed(world: World, workers: list[Worker]) -> None:
    world.accept(track("m1"))
    start(workers, Worker(world.store))
    land(world, "m1")


def test_another_process_need_not_call(world: World, workers: list[Worker]) -> None:
    """An edge in another process only writes into the inbox; the worker looks by itself."""
    start(workers, Worker(world.store))
    for number in (1, 2, 3):
        world.accept(track(f"m{number}"))
        land(world, f"m{number}")


def test_stopping_leaves_the_rest_in_the_inbox(world: World) -> None:
    worker = Worker(world.store)
    worker._stopping.set()
    world.accept(track("m1"))
    worker.start()
    worker.stop()
    assert world.message_ids() == []
    assert len(inbox.read_after(0, 10)) == 1


def test_trouble_passes(
    world: World, workers: list[Worker], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A store that fails is tried again until it is well, and the log says so, without a traceback."""
    monkeypatch.setattr(worker_module, "RETRY_SECONDS", 0.01)
    store = FailingStore(world.store, EventStoreUnavailable("the server is gone"))
    store.fails_at = 1
    world.accept(track("m1"))
    start(workers, Worker(store))
    land(world, "m1")
    troubles = [record for record in caplog.records if "the server is gone" in record.getMessage()]
    assert len(troubles) == 1
    assert not troubles[0].exc_info


def test_a_fault_does_not_end_the_worker(
    world: World, workers: list[Worker], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Not even one that no refusal avoids: when it is mended, or passes, everything is processed."""
    monkeypatch.setattr(worker_module, "RETRY_SECONDS", 0.01)
    snapshot = faulty_snapshot(lambda message: False)
    calls = iter([ZeroDivisionError("for once")])

    def newer(current: object) -> object:
        for error in calls:
            raise error
        return snapshot

    monkeypatch.setattr(worker_module, "newer_snapshot", newer)
    world.accept(track("m1"))
    start(workers, Worker(world.store))
    land(world, "m1")
    assert "for once" in caplog.text
