"""People who were deleted: their profiles in the SQL store at once, their events in the event store right after.

The pipeline alone calls what writes here, inside its transaction and from its own thread.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper

from pitcairn.edge.deletions import Deletion
from pitcairn.profiles.identity import ANONYMOUS_ID, EMAIL, USER_ID
from pitcairn.profiles.models import Deletion as DeletionRow
from pitcairn.profiles.store import groups

SETTLED_AFTER_MS = 120_000
"""When everything is looked through again: longer than a delivery that was under way takes to be written down."""

ERASED_AT_ONCE = 500
"""Deletions whose events are erased together: what an erasure costs does not depend on how many people it is for."""


def any_suppressed(cursor: CursorWrapper) -> bool:
    """Whether anyone at all is suppressed: a look that every batch can afford."""
    cursor.execute("SELECT 1 FROM profiles_deletion AS d LIMIT 1")
    return cursor.fetchone() is not None


def kept_user_id(workspace_id: int, user_id: str) -> str:
    """What is remembered of the user id of somebody who was deleted: itself, or a digest of it when it is an email address."""
    if "@" not in user_id:
        return user_id
    return "digest:" + hashlib.blake2b(f"{workspace_id}:{user_id}".encode(), digest_size=16).hexdigest()


def suppressed(cursor: CursorWrapper, keys: Iterable[tuple[int, str]]) -> set[tuple[int, str]]:
    """Those of the (workspace, user id) pairs whose messages are refused."""
    by_workspace: dict[int, dict[str, str]] = {}
    for workspace_id, user_id in keys:
        by_workspace.setdefault(workspace_id, {})[kept_user_id(workspace_id, user_id)] = user_id
    found: set[tuple[int, str]] = set()
    for workspace_id, user_ids in by_workspace.items():
        for group in groups(sorted(user_ids)):
            marks = ", ".join(["%s"] * len(group))
            cursor.execute(
                "SELECT d.user_id FROM profiles_deletion AS d "  # noqa: S608 - only placeholders are put in
                f"WHERE d.workspace_id = %s AND d.suppressed AND d.user_id IN ({marks})",
                [workspace_id, *group],
            )
            found.update((workspace_id, user_ids[row[0]]) for row in cursor.fetchall())
    return found


def delete(cursor: CursorWrapper, deletion: Deletion, requested_at: int) -> list[int]:
    """Removes the person's profile, what was merged into it, every identifier and the record of the merges.

    Gives back the ids of the profiles.
    """
    workspace_id = deletion.workspace_id
    profile_id = deletion.profile_id or _profile_of(cursor, workspace_id, deletion.user_id)
    ids = _with_merged(cursor, workspace_id, profile_id) if profile_id else []
    identifiers = {(USER_ID, deletion.user_id)} if deletion.user_id else set()
    for group in groups(ids):
        marks = ", ".join(["%s"] * len(group))
        cursor.execute(
            f"SELECT i.type, i.value FROM profiles_identifier AS i WHERE i.profile_id IN ({marks})",  # noqa: S608
            list(group),
        )
        identifiers.update((row[0], row[1]) for row in cursor.fetchall())
        for table, column in (
            ("profiles_identifier", "profile_id"),
            ("profiles_merge", "winner_id"),
            ("profiles_merge", "loser_id"),
            ("profiles_accountperson", "profile_id"),
            ("profiles_profile", "id"),
        ):
            cursor.execute(f"DELETE FROM {table} WHERE {column} IN ({marks})", list(group))  # noqa: S608
    if not ids and not identifiers:
        return []
    known_by = json.dumps(sorted(identifiers))
    for user_id in sorted(value for kind, value in identifiers if kind == USER_ID) or [""]:
        cursor.execute(
            "INSERT INTO profiles_deletion "
            "(workspace_id, user_id, profile_ids, identifiers, suppressed, requested_at, erased_at, settled_at) "
            "VALUES (%s, %s, %s, %s, %s, %s, NULL, NULL)",
            [
                workspace_id,
                kept_user_id(workspace_id, user_id),
                json.dumps(ids),
                known_by,
                bool(deletion.suppress and user_id),
                requested_at,
            ],
        )
    return ids


def _profile_of(cursor: CursorWrapper, workspace_id: int, user_id: str) -> int:
    cursor.execute(
        f"SELECT i.profile_id FROM profiles_identifier AS i WHERE i.workspace_id = %s AND i.type = '{USER_ID}' AND i.value = %s",  # noqa: S608
        [workspace_id, user_id],
    )
    row = cursor.fetchone()
    return int(row[0]) if row else 0


def _with_merged(cursor: CursorWrapper, workspace_id: int, profile_id: int) -> list[int]:
    """The living profile that this one is part of, and everyone in it: merged profiles point to the survivor directly."""
    cursor.execute(
        "SELECT p.id FROM profiles_profile AS p WHERE p.workspace_id = %s AND (p.id = %s OR p.merged_into = %s)",
        [workspace_id, profile_id, profile_id],
    )
    return [row[0] for row in cursor.fetchall()]


@dataclass(frozen=True, kw_only=True)
class Erasure:
    """What is to be taken out of everything but the profiles."""

    workspace_id: int
    profile_ids: Sequence[int]
    identifiers: Mapping[str, Sequence[str]]
    """By type, what they were known by."""
    until: int
    """ms since 1970: what was received later is not meant."""
    rows: Sequence[int]
    settles: bool
    """It was done once, and this looks for what was on its way then."""

    @property
    def user_ids(self) -> Sequence[str]:
        return self.identifiers.get(USER_ID, ())

    @property
    def anonymous_ids(self) -> Sequence[str]:
        return self.identifiers.get(ANONYMOUS_ID, ())

    @property
    def emails(self) -> Sequence[str]:
        """Addresses they were known by in any way, in lower case."""
        texts = {*self.identifiers.get(EMAIL, ()), *(value for value in self.user_ids if "@" in value)}
        return sorted({text.lower() for text in texts})


def waiting(now: int) -> list[Erasure]:
    """The erasures that are not done yet, and those done long enough ago to be settled.

    Those of people who are refused from then on go together, one for each workspace: they have nothing later to keep.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT d.id, d.workspace_id, d.profile_ids, d.identifiers, d.suppressed, d.requested_at, d.erased_at "
            "FROM profiles_deletion AS d WHERE d.erased_at IS NULL OR (d.settled_at IS NULL AND d.erased_at <= %s) "
            "ORDER BY d.id LIMIT %s",
            [now - SETTLED_AFTER_MS, ERASED_AT_ONCE],
        )
        rows = cursor.fetchall()
    together: dict[tuple[int, bool, int], list[tuple[Any, ...]]] = {}
    for row in rows:
        row_id, workspace_id, _, _, suppressed, _, erased_at = row
        together.setdefault((workspace_id, erased_at is not None, 0 if suppressed else row_id), []).append(row)
    return [_erasure(workspace_id, settles, found) for (workspace_id, settles, _), found in together.items()]


def _erasure(workspace_id: int, settles: bool, rows: Sequence[tuple[Any, ...]]) -> Erasure:
    identifiers: dict[str, set[str]] = {}
    for row in rows:
        for kind, value in json.loads(row[3]):
            identifiers.setdefault(kind, set()).add(value)
    return Erasure(
        workspace_id=workspace_id,
        profile_ids=sorted({number for row in rows for number in json.loads(row[2])}),
        identifiers={kind: sorted(values) for kind, values in identifiers.items()},
        until=max(row[5] for row in rows),
        rows=[row[0] for row in rows],
        settles=settles,
    )


def done(erasure: Erasure, now: int) -> None:
    """Notes that nothing is left of these people, as far as could be seen. When it settles, what named them goes as well."""
    rows = DeletionRow.objects.filter(id__in=erasure.rows)
    if erasure.settles:
        rows.update(settled_at=now, profile_ids="[]", identifiers="[]")
    else:
        rows.update(erased_at=now)
