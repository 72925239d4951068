"""What was found of people, made true: stored, told to destinations and taught to the profiles, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from django.db import connection

from pitcairn.engage import values
from pitcairn.engage.changes import Pending, Told
from pitcairn.engage.evaluation import differences
from pitcairn.engage.people import identifiers_of_profiles, is_known
from pitcairn.engage.plan import Computed, WorkspacePlan
from pitcairn.engage.standing import Standing
from pitcairn.engage.telling import News, tell
from pitcairn.engage.values import Change


def apply(
    standing: Standing,
    workspace: WorkspacePlan,
    level: Sequence[Computed],
    found: Mapping[int, Mapping[int, str]],
    profiles: Sequence[int],
    told: Told,
    now: int,
    merges: Sequence[tuple[int, int]],
    parted: Iterable[int] = (),
) -> tuple[list[Change], set[int]]:
    """Stores and tells what is new. Within a transaction."""
    ended: list[Change] = []
    with connection.cursor() as cursor:
        for loser, winner in merges:
            gone, taken = values.take_over(cursor, workspace.id, loser, winner, now)
            ended += gone + taken
            told.took_over(
                winner,
                loser,
                [change.computation_id for change in gone],
                [change.computation_id for change in taken],
            )
        for loser in sorted(parted):
            ended += values.share(cursor, workspace.id, loser, now)
        ids = [one.id for one in level]
        stored = values.read(cursor, ids, profiles)
        changes = differences(level, {key: dict(value) for key, value in found.items()}, stored, profiles)
        changed = {(change.computation_id, change.profile_id) for change in changes}
        again = [
            (key, one)
            for key, one in stored.items()
            if told.has_news(key[1], one.since) and one.member and key not in changed and workspace.tellings.get(key[0])
        ]
        named = identifiers_of_profiles(
            sorted({change.profile_id for change in changes} | {key[1] for key, _ in again})
        )
        strict = {one.id for one in level if not one.audience and not one.anonymous}
        changes = [
            change
            for change in changes
            if change.computation_id not in strict or is_known(named.get(change.profile_id, ()))
        ]
        values.write(cursor, workspace.id, changes, now)
        values.count(cursor, changes, now)
        news = [
            News(telling, change.profile_id, named.get(change.profile_id, ()), change.value, now)
            for change in changes
            for telling in workspace.tellings.get(change.computation_id, ())
            if telling.hears(change.profile_id)
        ]
        standing.again.setdefault(workspace.id, []).extend(
            News(
                telling,
                key[1],
                named.get(key[1], ()),
                one.value,
                one.since,
                told.groups(*key, named.get(key[1], ())),
            )
            for key, one in again
            for telling in workspace.tellings.get(key[0], ())
            if telling.hears(key[1])
        )
        outcome = tell(cursor, workspace.id, news, now)
    teach(standing, workspace, level, changes, now)
    return ended + changes, outcome.destinations


def teach(
    standing: Standing, workspace: WorkspacePlan, computed: Sequence[Computed], changes: Sequence[Change], now: int
) -> None:
    """Makes computed traits traits of the people, and has whoever asks for them look again."""
    keys = {one.id: one.key for one in computed if not one.audience}
    learned: dict[int, dict[str, Any]] = {}
    for change in changes:
        if change.computation_id in keys:
            value = msgspec.json.decode(change.value)
            learned.setdefault(change.profile_id, {})[keys[change.computation_id]] = value
    if not learned or standing.learn is None:
        return
    standing.batch = standing.learn(learned, now)
    if workspace.asked_traits.intersection(keys.values()):
        standing.pending.setdefault(workspace.id, Pending()).profiles.update(learned)
