"""The results rule once more, in plain Python over plain lists: what the SQL is compared with.

It follows the wording of the rule, one visitor at a time, with merges as sets of profiles instead of rows.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from pitcairn.eventstore import ArmCount, DayCount, ResultsQuery


@dataclass(frozen=True)
class Exposure:
    visitor: str
    profile_id: int
    at_ms: int
    segment_id: int = 1
    variation_id: int = 1
    experience_id: int = 1
    batch: int = 1


@dataclass(frozen=True)
class Track:
    event: str
    anonymous_id: str
    profile_id: int
    at_ms: int
    type: str = "track"
    delivered: bool = True
    batch: int = 1


@dataclass
class History:
    """Everything that happened in one workspace; `merges` are (loser, winner) in the order they were made."""

    exposures: list[Exposure] = field(default_factory=list)
    tracks: list[Track] = field(default_factory=list)
    merges: list[tuple[int, int]] = field(default_factory=list)


def people(history: History) -> dict[int, int]:
    """Who each profile is in the end; a profile that is not here is itself."""
    members: dict[int, set[int]] = {}
    for loser, winner in history.merges:
        members.setdefault(winner, {winner}).update(members.pop(loser, {loser}))
    return {profile: survivor for survivor, profiles in members.items() for profile in profiles}


def _conversions(history: History, query: ResultsQuery) -> tuple[dict[str, Exposure], dict[str, int]]:
    """The first exposure of each visitor, and the time of the first conversion of each visitor that has one."""
    until = 2**62 if query.until is None else int(query.until.timestamp() * 1000)
    person = people(history)
    firsts: dict[str, Exposure] = {}
    for exposure in history.exposures:
        if exposure.experience_id != query.experience_id or exposure.at_ms >= until:
            continue
        first = firsts.get(exposure.visitor)
        if first is None or (exposure.at_ms, exposure.batch) < (first.at_ms, first.batch):
            firsts[exposure.visitor] = exposure
    converted: dict[str, int] = {}
    for track in history.tracks:
        if track.type != "track" or not track.delivered or track.event not in query.events or track.at_ms >= until:
            continue
        if track.anonymous_id and track.anonymous_id in firsts:
            claimants = [track.anonymous_id]
        elif track.profile_id == 0:
            claimants = []
        else:
            who = person.get(track.profile_id, track.profile_id)
            claimants = [v for v, first in firsts.items() if person.get(first.profile_id, first.profile_id) == who]
        for visitor in claimants:
            since_first = track.at_ms - firsts[visitor].at_ms
            if 0 <= since_first < query.window_seconds * 1000:
                converted[visitor] = min(track.at_ms, converted.get(visitor, track.at_ms))
    return firsts, converted


def arm_counts(history: History, query: ResultsQuery) -> list[ArmCount]:
    firsts, converted = _conversions(history, query)
    visitors = Counter((first.segment_id, first.variation_id) for first in firsts.values())
    conversions = Counter((firsts[visitor].segment_id, firsts[visitor].variation_id) for visitor in converted)
    return [
        ArmCount(segment_id=arm[0], variation_id=arm[1], visitors=visitors[arm], converted=conversions[arm])
        for arm in sorted(visitors)
    ]


def arm_counts_by_day(history: History, query: ResultsQuery) -> list[DayCount]:
    firsts, converted = _conversions(history, query)
    visitors = Counter((_day(first.at_ms), first.segment_id, first.variation_id) for first in firsts.values())
    conversions = Counter(
        (_day(at_ms), firsts[visitor].segment_id, firsts[visitor].variation_id) for visitor, at_ms in converted.items()
    )
    return [
        DayCount(day=key[0], segment_id=key[1], variation_id=key[2], visitors=visitors[key], converted=conversions[key])
        for key in sorted(visitors.keys() | conversions.keys())
    ]


def _day(milliseconds: int) -> date:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).date()
