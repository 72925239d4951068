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
    USER_ID,
    Identifier,
    IdentityGraph,
    Link,
    Merge,
    Person,
    StoredAssignment,
    TraitValue,
    survivor,
)

GROUP = 500
"""Rows per statement."""

_T = TypeVar("_T")
_encode = msgspec.json.encode
_decode_traits = msgspec.json.Decoder(dict[str, TraitValue]).decode
_decode_object = msgspec.json.Decoder(dict[str, Any]).decode
_decode_assignments = msgspec.json.Decoder(dict[str, StoredAssignment]).decode


def load_graph(cursor: CursorWrapper, wanted: Iterable[tuple[int, Identifier]], next_id: int) -> IdentityGraph:
    """The graph of everyone the (workspace id, identifier) pairs point to."""
    by_kind: dict[tuple[int, str], set[str]] = {}
    for workspace_id, identifier in wanted:
        by_kind.setdefault((workspace_id, identifier.type), set()).add(identifier.value)
    found: dict[tuple[int, Identifier], int] = {}
    for (workspace_id, kind), values in by_kind.items():
        for group in groups(sorted(values)):
            cursor.execute(
                "SELECT i.value, i.profile_id FROM profiles_identifier AS i "
                f"WHERE i.workspace_id = %s AND i.type = %s AND i.value IN ({_marks(len(group))})",  # noqa: S608
                [workspace_id, kind, *group],
            )
            for value, profile_id in cursor.fetchall():
                found[workspace_id, Identifier(kind, value)] = profile_id
    people = _load_people(cursor, sorted(set(found.values())))
    return IdentityGraph({key: people[profile_id] for key, profile_id in found.items()}, next_id)


def _load_people(cursor: CursorWrapper, ids: Sequence[int]) -> dict[int, Person]:
    people: dict[int, Person] = {}
    for group in groups(ids):
        cursor.execute(
            "SELECT p.id, p.workspace_id, p.created_at, p.last_seen_at, p.traits, p.personalization, p.assignments, "
            f"(SELECT i.value FROM profiles_identifier AS i WHERE i.profile_id = p.id AND i.type = '{USER_ID}' LIMIT 1) "
            f"FROM profiles_profile AS p WHERE p.id IN ({_marks(len(group))})",  # noqa: S608
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
                row[7] or "",
            )
    return people


def save_graph(cursor: CursorWrapper, graph: IdentityGraph) -> list[tuple[Merge, list[int]]]:
    """Stores what changed. Gives back each merge with the ids of all profiles that now go to its winner because of it."""
    merged = [(merge, _save_merge(cursor, merge)) for merge in graph.merges]
    _save_people(cursor, [person for person in graph.people.values() if person.changed])
    _save_links(cursor, graph.links)
    return merged


def _save_people(cursor: CursorWrapper, people: Sequence[Person]) -> None:
    columns = "(id, workspace_id, traits, personalization, assignments, created_at, last_seen_at, merged_into)"
    for group in groups(people):
        parameters: list[Any] = []
        for person in group:
            parameters += (
                person.id,
                person.workspace_id,
                _encode(person.traits).decode() if person.traits else "{}",
                _encode(person.personalization).decode() if person.personalization else "{}",
                _encode(person.assignments).decode() if person.assignments else "{}",
                person.created_at,
                person.last_seen_at,
                survivor(person).id if person.merged_into is not None else None,
            )
        cursor.execute(
            f"INSERT INTO profiles_profile {columns} VALUES {_rows(len(group), 8)} "  # noqa: S608
            "ON CONFLICT (id) DO UPDATE SET traits = excluded.traits, personalization = excluded.personalization, "
            "assignments = excluded.assignments, created_at = excluded.created_at, "
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
                link.identifier.type,
                link.identifier.value,
                survivor(link.person).id,
                link.at,
                link.source_id,
                link.message_id,
            )
        cursor.execute(f"INSERT INTO profiles_identifier {columns} VALUES {_rows(len(group), 7)}", parameters)  # noqa: S608


def _save_merge(cursor: CursorWrapper, merge: Merge) -> list[int]:
    """Records the merge and lets everything that pointed to the loser point to the winner.

    Links made earlier in the same batch are not stored yet; `_save_links` gives them the survivor at once.
    """
    winner, loser = merge.winner.id, merge.loser.id
    cursor.execute("SELECT i.type, i.value FROM profiles_identifier AS i WHERE i.profile_id = %s", [loser])
    detail = {"identifiers": cursor.fetchall(), "winnerTraits": merge.winner_before}
    cursor.execute("UPDATE profiles_identifier SET profile_id = %s WHERE profile_id = %s", [winner, loser])
    cursor.execute("SELECT p.id FROM profiles_profile AS p WHERE p.merged_into = %s", [loser])
    followers = [row[0] for row in cursor.fetchall()]
    cursor.execute("UPDATE profiles_profile SET merged_into = %s WHERE merged_into = %s", [winner, loser])
    cursor.execute(
        "INSERT INTO profiles_merge (workspace_id, winner_id, loser_id, merged_at, message_id, detail) "
        "VALUES (%s, %s, %s, %s, %s, %s)",
        [merge.workspace_id, winner, loser, merge.at, merge.message_id, _encode(detail).decode()],
    )
    return [loser, *followers]


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
