"""What is computed about somebody who was deleted, and the lists that name them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db.backends.utils import CursorWrapper

from pitcairn.profiles.store import groups


def forget_values(cursor: CursorWrapper, profile_ids: Sequence[int]) -> None:
    """Removes what audiences and computed traits say, and ever said, of the profiles."""
    for group in groups(profile_ids):
        marks = ", ".join(["%s"] * len(group))
        cursor.execute(
            "SELECT v.computation_id, COUNT(*) FROM engage_value AS v "  # noqa: S608
            f"WHERE v.profile_id IN ({marks}) AND v.value NOT IN ('false', 'null') GROUP BY v.computation_id",
            list(group),
        )
        for computation_id, number in cursor.fetchall():
            cursor.execute("UPDATE engage_computation SET size = size - %s WHERE id = %s", [number, computation_id])
        for table in ("engage_value", "engage_pastvalue"):
            cursor.execute(f"DELETE FROM {table} WHERE profile_id IN ({marks})", list(group))  # noqa: S608


def forget_entries(cursor: CursorWrapper, workspace_id: int, identifiers: Mapping[str, Sequence[str]]) -> None:
    """Removes the entries of lists that name somebody by one of these identifiers."""
    for kind, values in identifiers.items():
        for group in groups(values):
            marks = ", ".join(["%s"] * len(group))
            cursor.execute(
                "DELETE FROM engage_listentry WHERE type = %s AND computation_id IN "  # noqa: S608
                f"(SELECT c.id FROM engage_computation AS c WHERE c.workspace_id = %s) AND value IN ({marks})",
                [kind, workspace_id, *group],
            )
