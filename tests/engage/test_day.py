"""A day by a clock that is set by hand: what is told, message by message, is what a brute-force model says.

The model keeps every event and trait of everybody, and after each step asks every condition of everybody anew, in memory.
"""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest

from engage.world import DAY, MINUTE, EngageWorld, did, iso, member_of, trait_is, within
from pitcairn.conditions import parse
from pitcairn.conditions.history import compile_history
from pitcairn.conditions.records import Event, History

pytestmark = pytest.mark.django_db(databases="__all__", transaction=True)

PEOPLE, VISITORS = 6, 4

_numbers = itertools.count(1)

CONDITIONS: dict[str, dict[str, Any]] = {
    "active": did("Looked", window=within(1, "hours")),
    "often": did("Looked", 2, window=within(3, "hours")),
    "earlier": did("Looked", window={**within(2, "hours"), "newest": {"amount": 1, "unit": "hours"}}),
    "only_looked": {"all": [did("Looked", window=within(90, "minutes")), {"not": did("Bought", window=within(4, "hours"))}]},
    "abandoned": did(
        "Added", window=within(4, "hours"), then=[{"did": False, "event": "Bought", "within": {"amount": 30, "unit": "minutes"}}]
    ),
    "spent": {
        "event": "Bought", "window": within(6, "hours"), "measure": "sum", "property": "price", "operator": "at_least", "value": 100,
    },
    "pro": {"all": [trait_is("plan", "pro"), {"any": [did("Bought"), did("Looked", window=within(2, "hours"))]}]},
    "active_spenders": {"all": [member_of("active"), member_of("spent")]},
}  # fmt: skip
"""By key, each after those it asks for."""


class Model:
    """Everybody who is known by a user id, with what they did under it and under the anonymous ids that became theirs."""

    def __init__(self) -> None:
        self.events: dict[str, list[Event]] = {}
        self.traits: dict[str, dict[str, Any]] = {}
        self.owner: dict[str, str] = {}
        self.members: dict[str, set[str]] = {key: set() for key in CONDITIONS}
        self.holds = {key: compile_history(parse(condition)) for key, condition in CONDITIONS.items()}

    def add(self, person: str, event: Event) -> None:
        self.events.setdefault(self.owner.get(person, person), []).append(event)

    def join(self, visitor: str, person: str) -> None:
        if visitor not in self.owner:
            self.owner[visitor] = person
            self.events.setdefault(person, []).extend(self.events.pop(visitor, []))

    def changes(self, now: int) -> list[tuple[str, str, bool]]:
        found = []
        known = {person for person in self.events.keys() | self.traits.keys() if person.startswith("u")}
        for person in sorted(known):
            inside: set[str] = set()
            for key, holds in self.holds.items():
                history = History(self.events.get(person, []), self.traits.get(person, {}), frozenset(inside))
                if holds(history, now):
                    inside.add(key)
                if (key in inside) is not (person in self.members[key]):
                    found.append((person, key, key in inside))
                    self.members[key] ^= {person}
        return found


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_what_is_told_in_a_day_is_what_the_model_says(engage: EngageWorld, seed: int) -> None:
    chance, model = random.Random(seed), Model()
    for key, condition in CONDITIONS.items():
        assert engage.audience(key.replace("_", " "), condition).key == key
    end = engage.now + DAY
    told = 0
    while engage.now < end:
        for _ in range(chance.randrange(4)):
            _happens(engage, model, chance)
        if chance.random() < 0.05:
            engage.restart()
        engage.settle()
        news = engage.news()
        assert sorted(news) == sorted(model.changes(engage.now)), f"at {iso(engage.now)}"
        told += len(news)
        engage.now += chance.choice([MINUTE, 20 * MINUTE, 30 * MINUTE, 60 * MINUTE])
    assert told > 50


def _happens(engage: EngageWorld, model: Model, chance: random.Random) -> None:
    message_id = f"{next(_numbers)}-{engage.workspace_id}"
    person = f"u{chance.randrange(PEOPLE)}"
    visitor = f"a{chance.randrange(VISITORS)}"
    kind = chance.random()
    message: dict[str, Any] = {"messageId": message_id, "timestamp": iso(engage.now)}
    if kind < 0.12:
        plan = chance.choice(["pro", "free"])
        model.traits.setdefault(person, {})["plan"] = plan
        message |= {"type": "identify", "userId": person, "traits": {"plan": plan}}
    elif kind < 0.17 and model.owner.get(visitor, person) == person:
        model.traits.setdefault(person, {})
        model.join(visitor, person)
        message |= {"type": "identify", "userId": person, "anonymousId": visitor, "traits": {}}
    else:
        at = engage.now - chance.choice([0, 0, 0, 10, 59, 60, 119, 240]) * MINUTE
        event, price = chance.choice(["Looked", "Looked", "Added", "Bought"]), chance.choice([20, 60, 110])
        who = visitor if kind > 0.8 else person
        model.add(who, Event("track", event, at, {"price": price}, {}, message_id))
        named = {"anonymousId": who} if who.startswith("a") else {"userId": who}
        message |= {
            "type": "track", "event": event, "timestamp": iso(at), "properties": {"price": price}, **named,
        }  # fmt: skip
    engage.accept(message, at=engage.now)
