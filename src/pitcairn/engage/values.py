"""Values in the SQL store, many at a time: the engine's reads and writes, inside its transaction.

Plain SQL, one text for SQLite and PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from django.db.backends.utils import CursorWrapper

from pitcairn.profiles.store import groups

TRUE, FALSE, NULL = "true", "false", "null"
NOBODY = (FALSE, NULL)
"""Values that make nobody a member."""


class Stored(msgspec.Struct, frozen=True):
    """What holds, as JSON text, and since when (ms since 1970)."""

    value: str
    since: int

    @property
    def member(self) -> bool:
        return self.value not in NOBODY


class Change(msgspec.Struct, frozen=True):
    """A value that is new for a profile. `before` is None when there was none."""

    computation_id: int
    profile_id: int
    value: str
    before: Stored | None

    @property
    def grows(self) -> int:
        """By how much the computation's size grows: 1, 0 or -1."""
        return int(self.value not in NOBODY) - int(self.before is not None and self.before.member)


def read(
    cursor: CursorWrapper, computation_ids: Sequence[int], profile_ids: Sequence[int]
) -> dict[tuple[int, int], Stored]:
    """What is stored, by computation and profile."""
    found: dict[tuple[int, int], Stored] = {}
    if not computation_ids:
        return found
    some = ", ".join(["%s"] * len(computation_ids))
    for group in groups(profile_ids):
        cursor.execute(
            "SELECT v.computation_id, v.profile_id, v.value, v.since FROM engage_value AS v "  # noqa: S608 - placeholders
            f"WHERE v.profile_id IN ({', '.join(['%s'] * len(group))}) AND v.computation_id IN ({some})",
            [*group, *computation_ids],
        )
        for computation_id, profile_id, value, since in cursor.fetchall():
            found[computation_id, profile_id] = Stored(value, since)
    return found


def members_of(cursor: CursorWrapper, computation_id: int) -> set[int]:
    cursor.execute(
        "SELECT v.profile_id FROM engage_value AS v WHERE v.computation_id = %s AND v.value NOT IN ('false', 'null')",
        [computation_id],
    )
    return {row[0] for row in cursor.fetchall()}


def some_of(cursor: CursorWrapper, computation_id: int, limit: int) -> list[tuple[int, str]]:
    """Some profiles with a value, and the value."""
    cursor.execute(
        "SELECT v.profile_id, v.value FROM engage_value AS v WHERE v.computation_id = %s ORDER BY v.profile_id LIMIT %s",
        [computation_id, limit],
    )
    return list(cursor.fetchall())


def remove(cursor: CursorWrapper, computation_id: int, profile_ids: Sequence[int]) -> None:
    """Removes what the computation says, and said, of the profiles."""
    for group in groups(profile_ids):
        for table in ("engage_value", "engage_pastvalue"):
            cursor.execute(
                f"DELETE FROM {table} WHERE computation_id = %s AND profile_id IN ({', '.join(['%s'] * len(group))})",  # noqa: S608
                [computation_id, *group],
            )


def write(cursor: CursorWrapper, workspace_id: int, changes: Sequence[Change], at: int) -> None:
    """Stores the new values, and what held before as past."""
    past = [change for change in changes if change.before is not None]
    for group in groups(past):
        parameters: list[int | str] = []
        for change in group:
            assert change.before is not None
            parameters += (
                change.profile_id, change.computation_id, workspace_id, change.before.value, change.before.since, at,
            )  # fmt: skip
        cursor.execute(
            "INSERT INTO engage_pastvalue (profile_id, computation_id, workspace_id, value, since, until) "  # noqa: S608
            f"VALUES {_rows(len(group), 6)}",
            parameters,
        )
    for group in groups(changes):
        parameters = []
        for change in group:
            parameters += (change.profile_id, change.computation_id, workspace_id, change.value, at)
        cursor.execute(
            "INSERT INTO engage_value (profile_id, computation_id, workspace_id, value, since) "  # noqa: S608
            f"VALUES {_rows(len(group), 5)} ON CONFLICT (profile_id, computation_id) DO UPDATE "
            "SET value = excluded.value, since = excluded.since",
            parameters,
        )


def count(cursor: CursorWrapper, changes: Iterable[Change], at: int) -> None:
    """Keeps the sizes, and the size of each hour."""
    grown: dict[int, int] = {}
    for change in changes:
        grown[change.computation_id] = grown.get(change.computation_id, 0) + change.grows
    hour = at - at % 3_600_000
    for computation_id, amount in sorted(grown.items()):
        cursor.execute(
            "UPDATE engage_computation SET size = size + %s, changed_at = %s WHERE id = %s",
            [amount, at, computation_id],
        )
        keep_size(cursor, computation_id, hour)


def keep_size(cursor: CursorWrapper, computation_id: int, hour: int) -> None:
    cursor.execute(
        "INSERT INTO engage_sizepoint (computation_id, hour, size) "
        "SELECT c.id, %s, c.size FROM engage_computation AS c WHERE c.id = %s "
        "ON CONFLICT (computation_id, hour) DO UPDATE SET size = excluded.size",
        [hour, computation_id],
    )


def take_over(
    cursor: CursorWrapper, workspace_id: int, loser: int, winner: int, at: int
) -> tuple[list[Change], list[Change]]:
    """After a merge: what held for the loser alone holds for the winner, as long as nobody has looked again.

    So that who was told that the loser is a member is told if the winner is not. The loser's values end. Returns how the
    loser's ended, and what the winner has now of which it had no value of its own.
    """
    cursor.execute("SELECT v.computation_id, v.value, v.since FROM engage_value AS v WHERE v.profile_id = %s", [loser])
    theirs = {row[0]: Stored(row[1], row[2]) for row in cursor.fetchall()}
    held = {key: stored for key, stored in theirs.items() if stored.member}
    if not held:
        return [], []
    own = read(cursor, sorted(held), [winner])
    ended = [Change(key, loser, NULL, stored) for key, stored in sorted(held.items())]
    moved = [
        (winner, key, workspace_id, stored.value, stored.since)
        for key, stored in sorted(held.items())
        if (known := own.get((key, winner))) is None or not known.member
    ]
    taken = [Change(key, winner, held[key].value, own.get((key, winner))) for _, key, *_ in moved]
    for values in moved:
        cursor.execute(
            "INSERT INTO engage_value (profile_id, computation_id, workspace_id, value, since) VALUES (%s, %s, %s, %s, %s) "
            "ON CONFLICT (profile_id, computation_id) DO UPDATE SET value = excluded.value, since = excluded.since",
            list(values),
        )
    write(cursor, workspace_id, ended, at)
    count(cursor, [*ended, *taken], at)
    return ended, taken


def share(cursor: CursorWrapper, workspace_id: int, loser: int, at: int) -> list[Change]:
    """After a merge was undone: what held for both together holds for the loser too, as long as nobody has looked again.

    So that who was told of it under the loser's names is told if it does not hold. Returns what the loser has now.
    """
    cursor.execute(
        "SELECT m.winner_id FROM profiles_merge AS m WHERE m.loser_id = %s AND m.undone_at IS NOT NULL "
        "ORDER BY m.undone_at DESC LIMIT 1",
        [loser],
    )
    row = cursor.fetchone()
    if row is None:
        return []
    cursor.execute(
        "SELECT v.profile_id, v.computation_id, v.value, v.since FROM engage_value AS v WHERE v.profile_id IN (%s, %s)",
        [row[0], loser],
    )
    held: dict[tuple[int, int], Stored] = {(key[0], key[1]): Stored(key[2], key[3]) for key in cursor.fetchall()}
    changes = []
    for (profile_id, computation_id), stored in sorted(held.items()):
        own = held.get((loser, computation_id))
        if profile_id != loser and stored.member and (own is None or not own.member):
            changes.append(Change(computation_id, loser, stored.value, own))
    write(cursor, workspace_id, changes, at)
    count(cursor, changes, at)
    return changes


def _rows(number: int, width: int) -> str:
    row = f"({', '.join(['%s'] * width)})"
    return ", ".join([row] * number)
