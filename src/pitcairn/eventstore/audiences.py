"""What the event store tells about people: who fulfils conditions, what is measured of them, and what changed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from pitcairn.conditions.crossings import Crossing
from pitcairn.conditions.measures import plain_number
from pitcairn.conditions.places import walk
from pitcairn.conditions.records import Event
from pitcairn.conditions.sql import Question, Tables, compile_accounts, compile_measures, compile_people
from pitcairn.conditions.tree import NUMBER_MEASURES, Events, Measure
from pitcairn.eventstore import audience_queries
from pitcairn.eventstore.audience_queries import Profiles

QUESTIONS_AT_ONCE = 64
"""Questions that one query answers: each is a bit of a number."""

MEASURES_AT_ONCE = 16
"""Computed traits that one query measures."""

NODES_AT_ONCE = 1_000
"""Parts of conditions in one query. The engine takes long to plan a text that is longer still."""


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """How many fulfil a condition, and some of them: the newest profiles first."""

    size: int
    profile_ids: list[int]


class AudienceReads:
    """The part of `EventStore` that answers questions about people. Moments are ms since 1970."""

    def _rows(self, query: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        raise NotImplementedError

    def _numbers(self, query: str) -> NDArray[np.uint64]:
        raise NotImplementedError

    def members(
        self,
        workspace_id: int,
        questions: Sequence[Question],
        now_ms: int,
        profile_ids: Profiles = None,
        *,
        audience_ids: Mapping[str, int] | None = None,
    ) -> list[NDArray[np.uint64]]:
        """The ids of the people who fulfil each question at a moment, in no order; of accounts, for theirs.

        Only of the profiles with these ids, or ids in this range, when they are given; that does not restrict questions
        about accounts. Give the ids of survivors: a profile that was merged into another is nobody's.
        `audience_ids` says which audiences the keys in conditions mean; other keys have no members.
        """
        keys = audience_ids or {}
        found: list[NDArray[np.uint64]] = [np.empty(0, np.uint64)] * len(questions)
        for account, compiled in ((False, compile_people), (True, compile_accounts)):
            asked = [number for number, question in enumerate(questions) if question.account is account]
            if not asked:
                continue
            tables = self._tables(workspace_id, None if account else profile_ids)
            for group in _groups(asked, questions):
                rows = self._numbers(compiled([questions[number] for number in group], tables, now_ms, keys))
                for bit, number in enumerate(group):
                    found[number] = rows[(rows[:, 1] >> np.uint64(bit)) & np.uint64(1) == 1, 0]
        return found

    def preview(self, workspace_id: int, question: Question, now_ms: int, sample: int = 20, **given: Any) -> Preview:
        """How many fulfil the question at a moment, and the newest of them. `given` is as for `members`."""
        found = self.members(workspace_id, [question], now_ms, **given)[0]
        newest = np.sort(found)[::-1][:sample]
        return Preview(size=len(found), profile_ids=newest.tolist())

    def measures(
        self,
        workspace_id: int,
        definitions: Sequence[Events],
        now_ms: int,
        profile_ids: Profiles = None,
        *,
        account: bool = False,
    ) -> list[dict[int, Any]]:
        """What each definition measures of each person at a moment; or of each account, over the events of all its users.

        Who has no value is left out, and so is who did nothing that counts: a count of 0, an empty list. Restricted as
        `members` is.
        """
        if not definitions:
            return []
        if account:
            merged = self._rows(audience_queries.ANY_MERGES, {"workspace_id": workspace_id})
            tables = audience_queries.account_events(workspace_id, None if merged else {})
        else:
            tables = self._tables(workspace_id, profile_ids)
        found: list[dict[int, Any]] = [{} for _ in definitions]
        for start in range(0, len(definitions), MEASURES_AT_ONCE):
            group = definitions[start : start + MEASURES_AT_ONCE]
            for row in self._rows(compile_measures(group, tables, now_ms, {}), {}):
                for number, definition in enumerate(group):
                    if row[1 + 2 * number]:
                        found[start + number][row[0]] = _measured(definition.measure, row[2 + 2 * number])
        return found

    def changed_since(self, batch: int) -> dict[int, list[int]]:
        """By workspace, the profiles of which a batch above this one has a message, new traits or a merge.

        Of a merge both are named, the loser too. A message that came to a profile before it was merged names that one.
        """
        changed: dict[int, list[int]] = {}
        for workspace_id, profile_id in self._rows(audience_queries.CHANGED_SINCE, {"batch": batch}):
            changed.setdefault(workspace_id, []).append(profile_id)
        return changed

    def changed_accounts_since(self, batch: int) -> dict[int, list[int]]:
        """By workspace, the accounts whose traits a batch above this one changed."""
        changed: dict[int, list[int]] = {}
        for workspace_id, account_id in self._rows(audience_queries.CHANGED_ACCOUNTS_SINCE, {"batch": batch}):
            changed.setdefault(workspace_id, []).append(account_id)
        return changed

    def crossing(
        self, workspace_id: int, crossings: Collection[Crossing], from_ms: int, until_ms: int
    ) -> list[tuple[int, int]]:
        """The people whose events reach one of the ages with from <= moment < until, each with the moment. In no order."""
        reached: set[tuple[int, int]] = set()
        for one in crossings:
            text = audience_queries.crossing(workspace_id, one.type, one.event, one.age_ms, from_ms, until_ms)
            reached.update((profile_id, at) for profile_id, at in self._rows(text, {}))
        return list(reached)

    def moment_crossing(
        self,
        workspace_id: int,
        moments: Collection[tuple[str, int]],
        from_ms: int,
        until_ms: int,
        *,
        accounts: bool = False,
    ) -> list[tuple[int, int]]:
        """The people, or accounts, whose trait holds a moment that now reaches, with the offset (`moment_traits`), in the
        span of time; each with when. Every row of the workspace is read, once for each trait."""
        reached: set[tuple[int, int]] = set()
        for name, offset in moments:
            text = audience_queries.moment_crossing(workspace_id, name, offset, from_ms, until_ms, accounts=accounts)
            reached.update((found, at) for found, at in self._rows(text, {}))
        return list(reached)

    def history_of(
        self, workspace_id: int, profile_ids: Sequence[int], since_ms: int = 0, limit: int = 10_000
    ) -> dict[int, list[Event]]:
        """The newest events of these people, received from `since_ms` on, by profile and newest first.

        Events of profiles that were merged into them are theirs. `limit` counts the events of all.
        """
        losers = self._losers(workspace_id, profile_ids)
        found: dict[int, list[Event]] = {profile_id: [] for profile_id in profile_ids}
        if not found:
            return found
        text = audience_queries.history(workspace_id, [*profile_ids, *losers], since_ms, limit)
        for profile_id, kind, event, timestamp, properties, context, message_id in self._rows(text, {}):
            found[losers.get(profile_id, profile_id)].append(
                Event(kind, event, timestamp, _object(properties), _object(context), message_id)
            )
        return found

    def audience_sizes(self, workspace_id: int, audience_ids: Sequence[int]) -> dict[int, int]:
        """How many members each audience has, as stored in `memberships`."""
        parameters = {"workspace_id": workspace_id, "audience_ids": list(audience_ids)}
        sizes = dict(self._rows(audience_queries.SIZES, parameters))
        return {audience_id: sizes.get(audience_id, 0) for audience_id in audience_ids}

    def overlap(self, workspace_id: int, audience_ids: Sequence[int]) -> dict[tuple[int, int], int]:
        """How many are in both of two audiences, for each pair with the lower id first; with itself, its size."""
        parameters = {"workspace_id": workspace_id, "audience_ids": list(audience_ids)}
        return {(one, other): count for one, other, count in self._rows(audience_queries.OVERLAP, parameters)}

    def last_membership_version(self) -> int:
        """The highest version in `memberships`: what the SQL store has above it was not copied yet."""
        return int(self._rows(audience_queries.LAST_VERSION, {})[0][0])

    def known_people(self) -> tuple[int, int]:
        """How many profiles and how many accounts have rows."""
        people, accounts = self._rows(audience_queries.KNOWN, {})[0]
        return people, accounts

    def known_among(self, table: Literal["people", "accounts"], ids: Sequence[int]) -> set[int]:
        """Which of these have rows."""
        if not ids:
            return set()
        listed = ", ".join(map(str, ids))
        return {row[0] for row in self._rows(audience_queries.KNOWN_AMONG[table].format(ids=listed), {})}

    def _tables(self, workspace_id: int, profile_ids: Profiles) -> Tables:
        losers: Mapping[int, int] | None = None
        if profile_ids is None:
            losers = None if self._rows(audience_queries.ANY_MERGES, {"workspace_id": workspace_id}) else {}
        elif not isinstance(profile_ids, range):
            losers = self._losers(workspace_id, profile_ids)
        return audience_queries.tables(workspace_id, profile_ids, losers)

    def _losers(self, workspace_id: int, profile_ids: Sequence[int]) -> dict[int, int]:
        """The profiles that were merged into these, with the one they went into."""
        if not len(profile_ids):
            return {}
        text = audience_queries.LOSERS.format(workspace_id=workspace_id, winners=", ".join(map(str, profile_ids)))
        return dict(self._rows(text, {}))


def _measured(measure: Measure, found: Any) -> Any:
    if measure is Measure.UNIQUE:
        return [_single(value) for value in found]
    if measure in NUMBER_MEASURES:
        return plain_number(float(found))
    return _single(found)


def _single(value: tuple[int, float, str]) -> str | int | float | bool:
    kind, number, text = value
    return text if kind == 2 else plain_number(number) if kind == 1 else bool(number)


def _object(text: str) -> dict[str, Any]:
    return msgspec.json.decode(text, type=dict[str, Any]) if text else {}


def _groups(asked: Sequence[int], questions: Sequence[Question]) -> Iterator[list[int]]:
    """The questions in groups of what one query takes."""
    group: list[int] = []
    nodes = 0
    for number in asked:
        size = sum(1 for _ in walk(questions[number].condition))
        if group and (len(group) == QUESTIONS_AT_ONCE or nodes + size > NODES_AT_ONCE):
            yield group
            group, nodes = [], 0
        group.append(number)
        nodes += size
    if group:
        yield group
