"""Lanes alone: whatever fails and comes back in whatever order, each person's messages go out in theirs, and each once."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from pitcairn.connections.delivery.lanes import Lanes


@dataclass(frozen=True)
class Item:
    person: str
    number: int
    in_table: bool = False


class Table:
    """The table of those that wait, as the runner uses it: what is spilled is there after the next write."""

    def __init__(self, lanes: Lanes[Item]) -> None:
        self.lanes = lanes
        self.rows: list[Item] = []
        self._then: list[object] = []
        self._new: list[Item] = []
        self._gone: list[Item] = []

    def spill(self, item: Item) -> None:
        self._new.append(Item(item.person, item.number, in_table=True))
        self._then.append(self.lanes.spill(item.person))

    def leave(self, item: Item) -> None:
        self._gone.append(item)
        self._then.append(self.lanes.leave(item.person))

    def write(self) -> None:
        self.rows = [row for row in [*self.rows, *self._new] if row not in self._gone]
        for then in self._then:
            then()  # type: ignore[operator]
        self._new, self._gone, self._then = [], [], []


@given(
    persons=st.lists(st.sampled_from("abc"), min_size=1, max_size=30),
    fails=st.lists(st.booleans(), max_size=60),
    limits=st.lists(st.integers(1, 4), min_size=1, max_size=5),
    writes=st.lists(st.booleans(), min_size=1, max_size=7),
    arrive=st.integers(1, 6),
)
def test_order_and_once(
    persons: list[str], fails: list[bool], limits: list[int], writes: list[bool], arrive: int
) -> None:
    lanes: Lanes[Item] = Lanes()
    table = Table(lanes)
    coming = [Item(person, number) for number, person in enumerate(persons)]
    sent: list[Item] = []
    now = turn = 0
    outcomes = iter(fails)
    on_their_way: list[list[Item]] = []
    while coming or lanes.in_hand or lanes.waiting_rows or on_their_way:
        turn += 1
        assert turn < 3_000
        for item in coming[:arrive]:
            if not lanes.add(item):
                table.spill(item)
        coming = coming[arrive:]
        if batch := lanes.take(limits[turn % len(limits)]):
            on_their_way.append(batch)
            assert len({(item.person, place) for place, one in enumerate(on_their_way) for item in one}) == sum(
                len({item.person for item in one}) for one in on_their_way
            )
        if on_their_way and turn % 2:
            finish(lanes, table, on_their_way.pop(0), next(outcomes, False), now, sent)
        if writes[turn % len(writes)] or turn > 1_000:
            table.write()
        now += 1
        for person in lanes.due(now, 2):
            lanes.load(person, [row for row in table.rows if row.person == person][:2])
    assert sorted(item.number for item in sent) == list(range(len(persons)))
    for person in set(persons):
        own = [item.number for item in sent if item.person == person]
        assert own == sorted(own)


def finish(lanes: Lanes[Item], table: Table, batch: list[Item], fails: bool, now: int, sent: list[Item]) -> None:
    """The request failed as a whole, or arrived."""
    for person in dict.fromkeys(item.person for item in batch):
        own = [item for item in batch if item.person == person]
        if fails:
            behind = lanes.wait(person, now + 3)
            for item in [*own, *behind]:
                if not item.in_table:
                    table.spill(item)
        else:
            sent += own
            for item in own:
                if item.in_table:
                    table.leave(item)
        lanes.finished(person)
        lanes.go_on(person, now)
