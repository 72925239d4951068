"""People who were deleted: their profiles in the SQL store at once, their events in the event store right after.

The pipeline alone calls what writes here, inside its transaction and from its own thread.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.backends.utils import CursorWrapper

from pitcairn.edge.deletions import Deletion
from pitcairn.profiles.identity import USER_ID
from pitcairn.profiles.models import Deletion as DeletionRow
from pitcairn.profiles.store import groups

ERASED_AT_ONCE = 500
"""Deletions whose events are erased together: what an erasure costs does not depend on how many people it is for."""


def any_suppressed(cursor: CursorWrapper) -> bool:
    """Whether anyone at all is suppressed: a look that every batch can afford."""
    cursor.execute("SELECT 1 FROM profiles_deletion AS d LIMIT 1")
    return cursor.fetchone() is not None


def suppressed(cursor: CursorWrapper, keys: Iterable[tuple[int, str]]) -> set[tuple[int, str]]:
    """Those of the (workspace, user id) pairs whose messages are refused."""
    by_workspace: dict[int, list[str]] = {}
    for workspace_id, user_id in keys:
        by_workspace.setdefault(workspace_id, []).append(user_id)
    found: set[tuple[int, str]] = set()
    for workspace_id, user_ids in by_workspace.items():
        for group in groups(sorted(user_ids)):
            marks = ", ".join(["%s"] * len(group))
            cursor.execute(
                "SELECT d.user_id FROM profiles_deletion AS d "  # noqa: S608 - only placeholders are put in
                f"WHERE d.workspace_id = %s AND d.suppressed AND d.user_id IN ({marks})",
                [workspace_id, *group],
            )
            found.update((workspace_id, row[0]) for row in cursor.fetchall())
    return found


def delete(cursor: CursorWrapper, deletion: Deletion, requested_at: int) -> None:
    """Removes the person's profile, what was merged into it, every identifier and the record of the merges."""
    workspace_id = deletion.workspace_id
    profile_id = deletion.profile_id or _profile_of(cursor, workspace_id, deletion.user_id)
    ids = _with_merged(cursor, workspace_id, profile_id) if profile_id else []
    user_ids = {deletion.user_id} if deletion.user_id else set()
    for group in groups(ids):
        marks = ", ".join(["%s"] * len(group))
        cursor.execute(
            f"SELECT i.value FROM profiles_identifier AS i WHERE i.type = '{USER_ID}' AND i.profile_id IN ({marks})",  # noqa: S608
            list(group),
        )
        user_ids.update(row[0] for row in cursor.fetchall())
        for table, column in (
            ("profiles_identifier", "profile_id"),
            ("profiles_merge", "winner_id"),
            ("profiles_merge", "loser_id"),
            ("profiles_profile", "id"),
        ):
            cursor.execute(f"DELETE FROM {table} WHERE {column} IN ({marks})", list(group))  # noqa: S608
    if not ids and not user_ids:
        return
    for user_id in sorted(user_ids) or [""]:
        cursor.execute(
            "INSERT INTO profiles_deletion (workspace_id, user_id, profile_ids, suppressed, requested_at, erased_at) "
            "VALUES (%s, %s, %s, %s, %s, NULL)",
            [workspace_id, user_id, json.dumps(ids), bool(deletion.suppress and user_id), requested_at],
        )


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
    """What is to be taken out of the event store."""

    workspace_id: int
    profile_ids: Sequence[int]
    user_ids: Sequence[str]
    until: int
    """ms since 1970: what was received later is not meant."""
    rows: Sequence[int]


def waiting() -> list[Erasure]:
    """The erasures that are not done yet.

    Those of people who are refused from then on go together, one for each workspace: they have nothing later to keep.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT d.id, d.workspace_id, d.user_id, d.profile_ids, d.suppressed, d.requested_at "
            "FROM profiles_deletion AS d WHERE d.erased_at IS NULL ORDER BY d.id LIMIT %s",
            [ERASED_AT_ONCE],
        )
        rows = cursor.fetchall()
    together: dict[tuple[int, int], list[tuple[int, str, str, int]]] = {}
    for row_id, workspace_id, user_id, profile_ids, suppressed, requested_at in rows:
        key = (workspace_id, 0 if suppressed else row_id)
        together.setdefault(key, []).append((row_id, user_id, profile_ids, requested_at))
    return [
        Erasure(
            workspace_id=workspace_id,
            profile_ids=sorted({number for _, _, numbers, _ in found for number in json.loads(numbers)}),
            user_ids=sorted({user_id for _, user_id, _, _ in found if user_id}),
            until=max(requested_at for *_, requested_at in found),
            rows=[row_id for row_id, *_ in found],
        )
        for (workspace_id, _), found in together.items()
    ]


def done(erasure: Erasure) -> None:
    """Notes that the event store has nothing of these people any more. The profile numbers are then of no use."""
    now = int(time.time() * 1000)
    DeletionRow.objects.filter(id__in=erasure.rows).update(erased_at=now, profile_ids="[]")
