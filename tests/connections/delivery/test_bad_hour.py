"""A destination that misbehaves for an hour, in every way there is: nothing is lost, nothing doubled, order is kept."""

from __future__ import annotations

import random
from collections import Counter
from email.utils import formatdate

import pytest
from django.conf import settings

from connections.delivery.target import Answer, Asked, Trouble
from connections.delivery.world import HOUR, MINUTE, NOON, Clock, DeliveryWorld
from pitcairn.connections import queries_delivery
from pitcairn.eventstore.delivery_records import DeliveryAttempt
from pitcairn.eventstore.records import to_ms

pytestmark = pytest.mark.django_db(transaction=True, databases=list(settings.DATABASES))

PERSONS = 12
PER_MINUTE = 5


class BadHour:
    """500 for ten minutes, then 429 with a pause in seconds, 503 with a pause as a date, hanging, resets, garbage; then well.

    In every other minute of the trouble, one request of three gets through all the same.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.chance = random.Random(3)

    def __call__(self, asked: Asked) -> Answer | Trouble:
        now = self.clock.ms
        minute = (now - NOON) // MINUTE
        if minute >= 60 or (minute % 2 and self.chance.random() < 1 / 3):
            return Answer()
        phase = minute // 10
        if phase == 1:
            return Answer(429, {"Retry-After": "90"}, b'{"message":"slow down"}')
        if phase == 2:
            return Answer(503, {"Retry-After": formatdate(now // 1000 + 45, usegmt=True)})
        troubles: dict[int, Answer | Trouble] = {
            0: Answer(500, body=b'{"message":"database is down"}'),
            3: "hang",
            4: "reset",
            5: "garbage",
        }
        return troubles[phase]


def pause(row: DeliveryAttempt) -> tuple[int, int]:
    """From when until when the answer of this attempt wanted nothing to come."""
    at = to_ms(row.at)
    return at, {"429": at + 90_000, "503": at // 1000 * 1000 + 45_000}.get(row.reason, at)


def spend(world: DeliveryWorld, destinations: list[int]) -> list[str]:
    """An hour in which every minute brings messages of the same persons for all of the destinations, and then four."""
    ids: list[str] = []
    chance = random.Random(5)
    for minute in range(60):
        new = [f"m{minute:02}-{number}" for number in range(PER_MINUTE)]
        persons = [f"person {chance.randrange(PERSONS)}" for _ in new]
        for destination in destinations:
            world.queue(destination, new, persons=persons)
        PERSON_OF.update(zip(new, persons, strict=True))
        ids += new
        world.pass_time(MINUTE)
    world.pass_time(4 * HOUR)
    return ids


PERSON_OF: dict[str, str] = {}


def in_order(taken: list[str]) -> bool:
    """Whether every person's messages came in the order they were queued in. Ids sort by time."""
    by_person: dict[str, list[str]] = {}
    for one in taken:
        by_person.setdefault(PERSON_OF[one], []).append(one)
    return all(ids == sorted(ids) for ids in by_person.values())


@pytest.mark.parametrize("batch", [1, 5])
def test_a_bad_hour(world: DeliveryWorld, batch: int) -> None:
    bad = world.target(BadHour(world.clock), pace={"timeout": 0.1, "concurrency": 4, "batch": batch}, batchSize=batch)
    good = world.target(pace={"timeout": 30, "concurrency": 4})
    ids = spend(world, [bad, good])
    target = world.targets[bad]

    # Nothing lost, order kept. Nothing doubled, but where no answer came in time: whether it was taken is unknowable then.
    rows = world.log(bad)
    taken = Counter(target.taken)
    unanswered = Counter(one for row in rows if row.reason == "ETIMEDOUT" for one in row.message_ids)
    assert taken.keys() == set(ids)
    assert all(times == 1 or times <= 1 + unanswered[one] for one, times in taken.items())
    assert in_order(list(dict.fromkeys(target.taken)))
    # Known are the pauses whose answer came in time. What was on its way when the first was told to wait is nobody's fault.
    asked = sorted({to_ms(row.at) for row in rows})
    assert not [(start, at) for start, end in map(pause, rows) for at in asked if start < at < end], (
        "it was asked before the pause it wanted was over"
    )
    state = queries_delivery.queue_of(bad)
    assert (state.messages, state.waiting_chunks, state.retrying, state.dead) == (0, 0, 0, 0)
    assert state.circuit.state == "closed"

    # The other one does not notice: everything once, at once, and in order.
    assert sorted(world.targets[good].taken) == sorted(ids)
    assert in_order(world.targets[good].taken)
    assert {row.outcome for row in world.log(good)} == {"delivered"}
    assert {latency for row in world.log(good) for latency in row.latencies_ms} == {0}

    # The log has every request, with its reason, and counts the tries of every message.
    assert Counter(one for row in rows if row.outcome == "delivered" for one in row.message_ids) == Counter(ids)
    assert Counter(len(row.message_ids) for row in rows) == Counter(len(asked.ids) for asked in target.asked)
    reasons = {row.reason for row in rows if row.outcome == "retried"}
    assert reasons == {"500", "429", "503", "ETIMEDOUT", "ECONNRESET", "INVALID_RESPONSE"}
    assert {row.detail for row in rows if row.reason == "500"} == {"database is down"}
    tries: dict[str, list[int]] = {}
    for row in rows:
        for one, attempt in zip(row.message_ids, row.attempts, strict=True):
            tries.setdefault(one, []).append(attempt)
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in tries.values())
    # An hour of trouble is not an hour of hammering. (On a busy machine an answer may miss its 0.1 s, and be asked for again.)
    assert len(target.asked) < len(ids) / batch + 10 * 60
