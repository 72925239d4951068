"""The results rule once more, in plain Python over plain lists: what the SQL is compared with.

It follows the wording of the rule, one person at a time, with merges as sets of profiles instead of rows.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from pitcairn.conditions import Condition, Leaf
from pitcairn.eventstore import GoalQuery, ResultsQuery


@dataclass(frozen=True)
class Exposure:
    visitor: str
    profile_id: int
    at_ms: int
    segment_id: int = 1
    variation_id: int = 1
    experience_id: int = 1
    batch: int = 1
    reason: str = ""
    browser: str = "Firefox"
    bot: bool = False
    internal: bool = False
    returning: bool = False


@dataclass(frozen=True)
class Event:
    event: str
    anonymous_id: str
    profile_id: int
    at_ms: int
    type: str = "track"
    delivered: bool = True
    batch: int = 1
    amount: float | None = None


@dataclass
class History:
    """Everything that happened in one workspace; `merges` are (loser, winner) in the order they were made."""

    exposures: list[Exposure] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    merges: list[tuple[int, int]] = field(default_factory=list)


@dataclass(frozen=True)
class Unit:
    """One person (or a browser of nobody) with its earliest exposure, and for each goal what came of it."""

    first: Exposure
    visitors: int
    crossed: bool
    converted_ms: tuple[int | None, ...]
    values: tuple[float, ...]
    before: tuple[float, ...]


def people(history: History) -> dict[int, int]:
    """Who each profile is in the end; a profile that is not here is itself."""
    members: dict[int, set[int]] = {}
    for loser, winner in history.merges:
        members.setdefault(winner, {winner}).update(members.pop(loser, {loser}))
    return {profile: survivor for survivor, profiles in members.items() for profile in profiles}


def units(history: History, query: ResultsQuery) -> list[Unit]:
    until = 2**62 if query.until is None else int(query.until.timestamp() * 1000)
    person = people(history)
    seen: dict[str, list[Exposure]] = {}
    for exposure in history.exposures:
        if exposure.experience_id == query.experience_id and not exposure.reason and exposure.at_ms < until:
            seen.setdefault(exposure.visitor, []).append(exposure)
    order = {id(exposure): number for number, exposure in enumerate(history.exposures)}

    def when(exposure: Exposure) -> tuple[int, int, int]:
        """Of two at one time in one batch the message id decides, by its checksum."""
        return exposure.at_ms, exposure.batch, zlib.crc32(f"{order[id(exposure)]:06}".encode())

    unit_of: dict[str, int | str] = {}
    for visitor, exposures in seen.items():
        profile = min(exposures, key=when).profile_id
        unit_of[visitor] = person.get(profile, profile) or visitor
    did: dict[int | str, list[Event]] = {unit: [] for unit in unit_of.values()}
    for event in history.events:
        if event.at_ms < until:
            owner = unit_of.get(event.anonymous_id) or person.get(event.profile_id, event.profile_id)
            if owner in did and owner != 0:
                did[owner].append(event)
    return [
        _unit(
            [one for visitor, owner in unit_of.items() if owner == unit for one in seen[visitor]],
            sum(owner == unit for owner in unit_of.values()),
            events,
            query,
            when,
        )
        for unit, events in did.items()
    ]


def _unit(
    exposures: list[Exposure],
    visitors: int,
    events: list[Event],
    query: ResultsQuery,
    when: Callable[[Exposure], tuple[int, int, int]],
) -> Unit:
    first = min(exposures, key=when)
    converted, values, before = [], [], []
    for goal in query.goals:
        named = [event for event in events if counts(goal, event)]
        inside = [e for e in named if 0 <= e.at_ms - first.at_ms < goal.window_seconds * 1000]
        earlier = [e for e in named if 0 < first.at_ms - e.at_ms <= query.before_seconds * 1000]
        converted.append(min((e.at_ms for e in inside), default=None))
        values.append(sum(e.amount or 0 for e in inside) if goal.value else float(bool(inside)))
        before.append(sum(e.amount or 0 for e in earlier) if goal.value else float(bool(earlier)))
    arms = {(one.segment_id, one.variation_id) for one in exposures}
    return Unit(first, visitors, len(arms) > 1, tuple(converted), tuple(values), tuple(before))


def counts(goal: GoalQuery, event: Event) -> bool:
    return (
        event.type == goal.type
        and (event.type == "page" or event.delivered)
        and goal.event in {"", event.event}
        and holds(goal.where, event)
    )


def holds(condition: Condition, event: Event) -> bool:
    """Of conditions on `amount` alone: it is there and at least so much."""
    if isinstance(condition, Leaf):
        return event.amount is not None and event.amount >= float(condition.value)
    return True


def day(milliseconds: int) -> date:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).date()
