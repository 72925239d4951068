"""Profiles in the SQL store, many at a time: the pipeline's reads and writes, inside its transaction.

Plain SQL, one text for SQLite and PostgreSQL. Rows go in groups, since a statement costs more than a row.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

import msgspec
from django.db.backends.utils import CursorWrapper

from pitcairn.profiles.identity import (
    IdentityGraph,
    Key,
    Link,
    Merge,
    Person,
    StoredAssignment,
    TraitValue,
    survivor,
)
from pitcairn.profiles.visits import NO_VISITS, VisitRecord

GROUP = 500
"""Rows per statement."""

PEOPLE_KEPT = 20_000
"""People kept in memory between batches: some 30 MB."""

_T = TypeVar("_T")
_encode = msgspec.json.encode
_decode_traits = msgspec.json.Decoder(dict[str, TraitValue]).decode
_decode_object = msgspec.json.Decoder(dict[str, Any]).decode
_decode_assignments = msgspec.json.Decoder(dict[str, StoredAssignment]).decode
_decode_visits = msgspec.json.Decoder(VisitRecord).decode
_decode_ids = msgspec.json.Decoder(list[int]).decode


class People:
    """The people the pipeline has met lately, kept between batches: a visitor's messages come close together.

    Right as long as nobody else writes profiles, which the worker's lease sees to. `forget` whenever a batch did not commit.
    """

    def __init__(self) -> None:
        self._by_key: dict[Key, Person] = {}
        self._by_id: dict[int, Person] = {}
        self._generation = 0
        self.stored: dict[int, int] = {}
        """What the event store was told last of each, as a hash."""

    def forget(self) -> None:
        self.stored.clear()
        self._by_key.clear()
        self._by_id.clear()
        self._generation += 1

    def graph(self, cursor: CursorWrapper, wanted: Iterable[Key], next_id: int) -> IdentityGraph:
        """The graph of everyone the wanted keys point to."""
        if len(self._by_id) > PEOPLE_KEPT:
            self.forget()
        missing = [key for key in set(wanted) if key not in self._by_key]
        if missing:
            found = _find(cursor, missing)
            strangers = sorted({profile_id for profile_id in found.values() if profile_id not in self._by_id})
            self._by_id.update(load_people(cursor, strangers))
            self._by_key.update((key, self._by_id[profile_id]) for key, profile_id in found.items())
        return IdentityGraph(self._by_key, next_id, self._generation)

    def with_ids(self, cursor: CursorWrapper, ids: Sequence[int]) -> dict[int, Person]:
        """The people with these ids. What is changed in them is remembered: store it, or `forget`."""
        self._by_id.update(load_people(cursor, [one for one in ids if one not in self._by_id]))
        return {one: self._by_id[one] for one in ids if one in self._by_id}

    def committed(self, graph: IdentityGraph) -> None:
        """Remembers whom the batch made; nobody, when everyone was forgotten meanwhile."""
        if graph.generation == self._generation:
            self._by_id.update(graph.changed)


def _find(cursor: CursorWrapper, keys: Iterable[Key]) -> dict[Key, int]:
    """The profile ids the keys point to."""
    by_kind: dict[tuple[int, str], list[str]] = {}
    for workspace_id, (kind, value) in keys:
        by_kind.setdefault((workspace_id, kind), []).append(value)
    found: dict[Key, int] = {}
    for (workspace_id, kind), values in by_kind.items():
        for group in groups(sorted(values)):
            cursor.execute(
                "SELECT i.value, i.profile_id FROM profiles_identifier AS i "  # noqa: S608 - only placeholders are put in
                f"WHERE i.workspace_id = %s AND i.type = %s AND i.value IN ({_marks(len(group))})",
                [workspace_id, kind, *group],
            )
            for value, profile_id in cursor.fetchall():
                found[workspace_id, (kind, value)] = profile_id
    return found


def load_people(cursor: CursorWrapper, ids: Sequence[int]) -> dict[int, Person]:
    """The profiles with these ids, by id: merged ones too, as they were when they were merged."""
    people: dict[int, Person] = {}
    for group in groups(ids):
        marks = _marks(len(group))
        cursor.execute(
            "SELECT p.id, p.workspace_id, p.created_at, p.last_seen_at, p.traits, p.personalization, p.assignments, "  # noqa: S608
            f"p.accounts, p.apart, p.visits FROM profiles_profile AS p WHERE p.id IN ({marks})",
            list(group),
        )
        for row in cursor.fetchall():
            people[row[0]] = Person(
                row[0],
                row[1],
                row[2],
                row[3],
                _decode_traits(row[4]) if row[4] != "{}" else {},
                _decode_object(row[5]) if row[5] != "{}" else {},
                _decode_assignments(row[6]) if row[6] != "{}" else {},
                _decode_ids(row[7]) if row[7] != "[]" else [],
                set(_decode_ids(row[8])) if row[8] != "[]" else set(),
                visits=_decode_visits(row[9]) if row[9] != "[]" else NO_VISITS,
            )
        cursor.execute(
            "SELECT i.profile_id, i.type, i.value, i.created_at FROM profiles_identifier AS i "  # noqa: S608
            f"WHERE i.profile_id IN ({marks}) ORDER BY i.id",
            list(group),
        )
        for profile_id, kind, value, at in cursor.fetchall():
            people[profile_id].identifiers[kind, value] = at
        cursor.execute(
            f"SELECT p.merged_into, p.id FROM profiles_profile AS p WHERE p.merged_into IN ({marks})",  # noqa: S608
            list(group),
        )
        for winner_id, loser_id in cursor.fetchall():
            people[winner_id].merged.add(loser_id)
    return people


def count_profiles(cursor: CursorWrapper) -> int:
    """All profiles of all workspaces, those that were merged too."""
    cursor.execute("SELECT COUNT(*) FROM profiles_profile")
    return int(cursor.fetchone()[0])


def profiles_after(cursor: CursorWrapper, last: int, limit: int) -> dict[int, int | None]:
    """The next profiles of all workspaces by id, each with the one it went into."""
    cursor.execute(
        "SELECT p.id, p.merged_into FROM profiles_profile AS p WHERE p.id > %s ORDER BY p.id LIMIT %s", [last, limit]
    )
    return dict(cursor.fetchall())


def save_graph(cursor: CursorWrapper, graph: IdentityGraph) -> list[tuple[Merge, list[int]]]:
    """Stores what changed. Gives back each merge with the ids of all profiles that now go to its winner because of it."""
    # The links first, each to the person it was made for: a merge that followed then finds them, and says whose they were.
    _save_links(cursor, graph.links)
    merged = [(merge, _save_merge(cursor, merge)) for merge in graph.merges]
    save_people(cursor, list(graph.changed.values()))
    return merged


def save_people(cursor: CursorWrapper, people: Sequence[Person]) -> None:
    columns = "(id, workspace_id, traits, personalization, assignments, accounts, apart, visits, "
    columns += "created_at, last_seen_at, merged_into)"
    for group in groups(people):
        parameters: list[Any] = []
        for person in group:
            parameters += (
                person.id,
                person.workspace_id,
                _encode(person.traits).decode() if person.traits else "{}",
                _encode(person.personalization).decode() if person.personalization else "{}",
                _encode(person.assignments).decode() if person.assignments else "{}",
                _encode(person.accounts).decode() if person.accounts else "[]",
                _encode(sorted(person.apart)).decode() if person.apart else "[]",
                _encode(person.visits).decode() if person.visits is not NO_VISITS else "[]",
                person.created_at,
                person.last_seen_at,
                survivor(person).id if person.merged_into is not None else None,
            )
        cursor.execute(
            f"INSERT INTO profiles_profile {columns} VALUES {_rows(len(group), 11)} "  # noqa: S608
            "ON CONFLICT (id) DO UPDATE SET traits = excluded.traits, personalization = excluded.personalization, "
            "assignments = excluded.assignments, accounts = excluded.accounts, apart = excluded.apart, "
            "visits = excluded.visits, "
            "created_at = excluded.created_at, "
            "last_seen_at = excluded.last_seen_at, merged_into = excluded.merged_into",
            parameters,
        )


def _save_links(cursor: CursorWrapper, links: Sequence[Link]) -> None:
    columns = "(workspace_id, type, value, profile_id, created_at, source_id, message_id)"
    for group in groups(links):
        parameters: list[Any] = []
        for link in group:
            parameters += (
                link.workspace_id,
                *link.identifier,
                link.person.id,
                link.at,
                link.source_id,
                link.message_id,
            )
        cursor.execute(f"INSERT INTO profiles_identifier {columns} VALUES {_rows(len(group), 7)}", parameters)  # noqa: S608


def _save_merge(cursor: CursorWrapper, merge: Merge) -> list[int]:
    """Records the merge and lets everything that pointed to the loser point to the winner."""
    winner, loser = merge.winner.id, merge.loser.id
    cursor.execute("UPDATE profiles_identifier SET profile_id = %s WHERE profile_id = %s", [winner, loser])
    cursor.execute("UPDATE profiles_profile SET merged_into = %s WHERE merged_into = %s", [winner, loser])
    cursor.execute(
        "INSERT INTO profiles_merge (workspace_id, winner_id, loser_id, merged_at, message_id, merged_by, detail, undone_by) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s, '')",
        [merge.workspace_id, winner, loser, merge.at, merge.message_id, merge.by, _encode(merge.detail).decode()],
    )
    return [loser, *merge.detail.followers]


def groups(items: Sequence[_T]) -> Iterator[Sequence[_T]]:
    """The items in groups of what one statement takes."""
    iterator = iter(items)
    while group := list(itertools.islice(iterator, GROUP)):
        yield group


def _marks(count: int) -> str:
    return ", ".join(["%s"] * count)


def _rows(count: int, width: int) -> str:
    row = f"({_marks(width)})"
    return ", ".join([row] * count)
