"""Histories into the store, as the pipeline writes them, and random histories for the property tests."""

import json
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from eventstore.model import Event, Exposure, History
from eventstore.rows import exposure, merge, message
from pitcairn.eventstore import EventStore

START_MS = 1_772_323_200_000
DAY_MS = 86_400_000


def merge_rows(workspace_id: int, merges: list[tuple[int, int]], batches: list[int]) -> list[Mapping[str, Any]]:
    """One row for each merge, and one more for each earlier loser that the new survivor inherits."""
    survivors: dict[int, int] = {}
    rows: list[Mapping[str, Any]] = []
    for (loser, winner), batch in zip(merges, batches, strict=True):
        moved = [loser, *(earlier for earlier, survivor in survivors.items() if survivor == loser)]
        for profile in moved:
            survivors[profile] = winner
            rows.append(merge(workspace_id, profile, winner, batch=batch))
    return rows


def store_history(store: EventStore, workspace_id: int, history: History, merge_batches: list[int]) -> None:
    """Write a history batch by batch, so that it lies in several parts as it would."""
    batches: dict[int, dict[str, list[Mapping[str, Any]]]] = {}
    for number, seen in enumerate(history.exposures):
        row = exposure(
            workspace_id,
            batch=seen.batch,
            experience_id=seen.experience_id,
            segment_id=seen.segment_id,
            variation_id=seen.variation_id,
            personalized=seen.variation_id > 0,
            visitor=seen.visitor,
            profile_id=seen.profile_id,
            message_id=f"{number:06}",
            timestamp=seen.at_ms / 1000,
            reason=seen.reason,
            browser=seen.browser,
            bot=seen.bot,
            internal=seen.internal,
            returning=seen.returning,
        )
        batches.setdefault(seen.batch, {}).setdefault("exposures", []).append(row)
    for number, track in enumerate(history.events):
        row = message(
            workspace_id,
            batch=track.batch,
            type=track.type,
            event=track.event,
            anonymous_id=track.anonymous_id,
            profile_id=track.profile_id,
            message_id=f"{number}",
            timestamp=track.at_ms / 1000,
            delivered_to=["other", "mutiny"] if track.delivered else ["other"],
            properties="" if track.amount is None else json.dumps({"amount": track.amount}),
        )
        batches.setdefault(track.batch, {}).setdefault("messages", []).append(row)
    for merged in merge_rows(workspace_id, history.merges, merge_batches):
        batches.setdefault(merged["batch"], {}).setdefault("merges", []).append(merged)
    for batch in sorted(batches):
        for table, rows in batches[batch].items():
            store.insert(table, rows)


# Few of everything, so that people, visitors and times meet often, and times around the ends of the windows.
VISITORS = [f"v{number}" for number in range(1, 9)]
PROFILES = list(range(1, 11))
EVENTS = ["Demo Requested", "Signed Up", "Other"]
OFFSETS_MS = [0, 1, 1000, DAY_MS - 1, DAY_MS, 2 * DAY_MS - 1, 2 * DAY_MS, 2 * DAY_MS + 1, 3 * DAY_MS]
times = st.builds(lambda a, b: START_MS + a + b, st.sampled_from(OFFSETS_MS), st.sampled_from([0, 0, -1, 1, DAY_MS]))
batches = st.integers(1, 3)

exposures = st.builds(
    Exposure,
    visitor=st.sampled_from(VISITORS),
    profile_id=st.sampled_from(PROFILES),
    at_ms=times,
    segment_id=st.sampled_from([1, 2]),
    variation_id=st.sampled_from([0, 1, 2]),
    experience_id=st.sampled_from([1, 1, 1, 2]),
    batch=batches,
    reason=st.sampled_from(["", "", "", "holdout", "promoted"]),
    browser=st.sampled_from(["Firefox", "Chrome"]),
    bot=st.sampled_from([False, False, False, True]),
    internal=st.sampled_from([False, False, False, True]),
    returning=st.booleans(),
)
events = st.builds(
    Event,
    event=st.sampled_from(EVENTS),
    anonymous_id=st.sampled_from([*VISITORS, "stranger", ""]),
    profile_id=st.sampled_from([0, *PROFILES]),
    at_ms=times,
    type=st.sampled_from(["track", "track", "track", "page"]),
    delivered=st.sampled_from([True, True, True, False]),
    batch=batches,
    amount=st.sampled_from([None, 0, 2.5, 40]),
)


@st.composite
def merges(draw: st.DrawFn) -> list[tuple[int, int]]:
    """Merges as they can happen: each joins two profiles that are both still their own person."""
    alive = list(PROFILES)
    made = []
    for _ in range(draw(st.integers(0, 7))):
        loser = draw(st.sampled_from(alive))
        alive.remove(loser)
        made.append((loser, draw(st.sampled_from(alive))))
    return made


@st.composite
def histories(draw: st.DrawFn) -> tuple[History, list[int]]:
    """A random history, and the batch in which each merge was written."""
    made = draw(merges())
    history = History(
        exposures=draw(st.lists(exposures, min_size=1, max_size=20)),
        events=draw(st.lists(events, max_size=25)),
        merges=made,
    )
    return history, sorted(draw(st.lists(batches, min_size=len(made), max_size=len(made))))
