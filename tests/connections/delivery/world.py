"""Delivery on real stores, against a real server in the loop of the test, by a clock that the test moves."""

from __future__ import annotations

import asyncio
import ipaddress
import random
from collections.abc import Coroutine, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from django.db import connection, transaction

from connections.delivery.target import Script, Target, fine
from pipeline.world import World
from pitcairn.connections import services
from pitcairn.connections.delivery import outbox
from pitcairn.connections.delivery.engine import Engine
from pitcairn.connections.delivery.transport import Transport
from pitcairn.connections.models import Destination
from pitcairn.eventstore import EventStore
from pitcairn.eventstore.delivery_records import DeliveryAttempt
from pitcairn.eventstore.records import from_ms
from pitcairn.pipeline.worker import Worker

T = TypeVar("T")

NOON = 1_793_620_800_000
"""2026-11-02T12:00:00Z in ms."""
MINUTE = 60_000
HOUR = 60 * MINUTE
LOOPBACK = [ipaddress.ip_network("127.0.0.0/8")]


class Clock:
    """Shows what the test says, in ms since 1970."""

    def __init__(self, ms: int = NOON) -> None:
        self.ms = ms

    def __call__(self) -> int:
        return self.ms


class DeliveryWorld(World):
    """The pipeline's world, with destinations that send, and an engine that works when told."""

    def __init__(self, store: EventStore) -> None:
        super().__init__(store)
        self.worker = Worker(store)
        self.clock = Clock()
        self.loop = asyncio.Runner()
        self.targets: dict[int, Target] = {}
        self.engine = self.new_engine()

    def new_engine(self, *, seed: int = 7, store: EventStore | None = None) -> Engine:
        """Another engine on the same stores, as after a restart."""
        return Engine(
            store or self.store,
            lambda: Transport(LOOPBACK),
            now=self.clock,
            chance=random.Random(seed),
            write_seconds=0,
        )

    def close(self) -> None:
        self.run(self.engine.close())
        for target in self.targets.values():
            self.run(target.__aexit__())
        self.loop.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run(work)

    # ── Destinations ─────────────────────────────────────────────────────────────────────────────────────────────────

    def target(self, script: Script = fine, *, pace: Mapping[str, Any] = {}, **settings: Any) -> int:
        """A webhook destination of the website, with a server of its own behind it; returns its id."""
        target = Target(script)
        self.run(target.__aenter__())
        destination = services.create_destination(
            workspace_id=self.workspace_id,
            slug="webhook",
            source_ids=[self.website],
            settings={"url": target.url, **settings},
            enabled=True,
        )
        Destination.objects.filter(id=destination.id).update(pace={"timeout": 30, **pace})
        self.targets[destination.id] = target
        return destination.id

    def enable(self, destination_id: int, *, enabled: bool = True) -> None:
        services.set_destination_enabled(workspace_id=self.workspace_id, destination_id=destination_id, enabled=enabled)

    # ── Queues ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def queue(self, destination_id: int, ids: Sequence[str], *, persons: Sequence[str] = (), **fields: Any) -> None:
        """Queues Track calls with these ids, as the pipeline does; every message has a person of its own unless given."""
        lines = [
            outbox.line(
                outbox.Outgoing(
                    id=one,
                    type="track",
                    event="Looked",
                    person=persons[number] if persons else f"p-{one}",
                    source_id=self.website,
                    received_at=self.clock.ms,
                    body={"type": "track", "event": "Looked", "messageId": one, **fields},
                )
            )
            for number, one in enumerate(ids)
        ]
        with transaction.atomic(), connection.cursor() as cursor:
            outbox.queue(
                cursor,
                workspace_id=self.workspace_id,
                destination_id=destination_id,
                lines=lines,
                now=self.clock.ms,
            )

    # ── Time ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def settle(self) -> int | None:
        """Everything that can be done now; returns when there is more to do."""
        return self.run(self.engine.settle())

    def pass_time(self, ms: int, *, step: int = 5_000, most: int = 2_000) -> None:
        """Lets so much time pass, stopping when there is something to do, `step` after the last stop at the earliest."""
        end = self.clock.ms + ms
        for _ in range(most):
            due = self.settle()
            if due is None or due > end:
                self.clock.ms = end
                return
            self.clock.ms = min(end, max(due, self.clock.ms + step))
        raise AssertionError(f"there was something to do {most} times within {ms} ms")

    def restart(self) -> None:
        """The process ends in good order and starts again."""
        self.run(self.engine.close())
        self.engine = self.new_engine(seed=11)

    def kill(self) -> None:
        """The process ends with nothing written down any more; what is on its way is lost to it."""
        self.run(_abandon(self.engine))
        self.engine = self.new_engine(seed=13)

    # ── What is known afterwards ─────────────────────────────────────────────────────────────────────────────────────

    def log(self, destination_id: int | None = None, **wanted: Any) -> list[DeliveryAttempt]:
        """Every attempt, oldest first."""
        found = self.store.delivery_attempts(self.workspace_id, destination_id=destination_id, limit=100_000, **wanted)
        return sorted(found, key=lambda row: (row.at, row.message_ids, row.attempts))

    def day(self) -> tuple[datetime, datetime]:
        """The UTC day of the clock."""
        start = from_ms(NOON).astimezone(UTC).replace(hour=0)
        return start, start + timedelta(days=1)


async def _abandon(engine: Engine) -> None:
    for task in [*engine._tasks, *([engine._writing] if engine._writing else [])]:
        task.cancel()
    await asyncio.sleep(0)
    engine.entries = type(engine.entries)()
    engine._tasks.clear()
    await engine.close()
