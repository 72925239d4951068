"""Every measure, over a sliding window and over a session, of people and of accounts: kept right while time passes.

What is expected is measured in memory, over all that was done.
"""

from __future__ import annotations

from typing import Any

import pytest

from engage.world import HOUR, MINUTE, EngageWorld, iso, within
from pitcairn.conditions import parse_measure
from pitcairn.conditions.history import measured
from pitcairn.conditions.records import Event, History
from pitcairn.conditions.tree import Measure
from pitcairn.engage import services

pytestmark = pytest.mark.django_db(databases="__all__", transaction=True)

WINDOWS: dict[str, dict[str, Any]] = {
    "lately": {"window": within(3, "hours")},
    "now": {"window": {"session": {"amount": 1, "unit": "hours"}}},
}
ACCOUNTS = {"u1": "acme", "u2": "acme"}
DONE: list[tuple[int, str, Any]] = [
    (0, "u1", 10), (10, "u2", "7"), (45, "u1", 10), (70, "u1", "seven"), (5, "u2", True),
]  # fmt: skip
"""Minutes after what was done before, by whom, and the price."""
NOTHING = {Measure.COUNT: 0, Measure.UNIQUE_COUNT: 0, Measure.UNIQUE: []}
"""What is left of a value that is over; of other measures, nothing."""


@pytest.mark.slow
def test_every_measure_is_kept_right_as_things_happen_and_as_they_age(engage: EngageWorld) -> None:
    definitions = {
        f"{measure.value}_{window}_{target}": {
            "event": "Bought", **span, **({} if measure is Measure.COUNT else {"measure": measure.value, "property": "price"}),
        }
        for measure in Measure for window, span in WINDOWS.items() for target in ("person", "account")
    }  # fmt: skip
    assert len(definitions) == 40
    for person, account in ACCOUNTS.items():
        engage.send(
            {"type": "group", "messageId": f"g{person}-{engage.workspace_id}", "userId": person, "groupId": account}
        )
    for key, definition in definitions.items():
        services.create_computed_trait(engage.workspace_id, key, definition, target=key.rpartition("_")[2])
    done: dict[str, list[Event]] = {person: [] for person in ACCOUNTS}
    had: dict[tuple[str, str], Any] = {}
    changes = 0

    def check() -> None:
        nonlocal changes
        for person, account in ACCOUNTS.items():
            traits = engage.traits(f"user_id:{person}")
            everyone = [event for one, events in done.items() if ACCOUNTS[one] == account for event in events]
            for key, definition in definitions.items():
                events = parse_measure(definition)
                their = History(done[person] if key.endswith("person") else everyone)
                value = measured(events, their, engage.now)
                if value is None or ((person, key) not in had and value in (0, [])):
                    value = NOTHING.get(events.measure) if (person, key) in had else None
                assert traits.get(key) == value, (person, key, iso(engage.now))
                if value is not None:
                    changes += had.get((person, key)) != value
                    had[person, key] = value

    for minutes, person, price in DONE:
        engage.now += minutes * MINUTE
        properties = {} if price is None else {"price": price}
        message_id = f"{len(done[person])}{person}-{engage.workspace_id}"
        done[person].append(Event("track", "Bought", engage.now, properties, {}, message_id))
        engage.send({
            "type": "track", "event": "Bought", "messageId": message_id, "userId": person, "properties": properties,
            "timestamp": iso(engage.now),
        })  # fmt: skip
        check()
    # Nothing happens any more: sessions end, and then the windows are empty.
    for hours in (1, 2):
        engage.pass_time(hours * HOUR + MINUTE)
        check()
    assert changes > 100
