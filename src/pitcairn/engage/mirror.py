"""The event store's copy of who is in which audience. The SQL store has the truth; the copy follows each of its transactions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.db import connection

from pitcairn.engage.plan import WorkspacePlan
from pitcairn.engage.values import TRUE, Change
from pitcairn.eventstore import EventStore
from pitcairn.profiles.store import groups

ROWS_AT_ONCE = 50_000


def mirror(store: EventStore, workspace: WorkspacePlan, changes: Sequence[Change], at: int) -> None:
    audiences = set(workspace.audience_ids.values())
    rows = [
        _row(workspace.id, change.computation_id, change.profile_id, change.value, at)
        for change in changes
        if change.computation_id in audiences
    ]
    if rows:
        store.insert("memberships", rows)


def mirror_since(store: EventStore, moment: int) -> None:
    """Copies what changed after the moment: a worker may have gone between storing and copying."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT v.workspace_id, v.computation_id, v.profile_id, v.value, v.since FROM engage_value AS v "
            "JOIN engage_computation AS c ON c.id = v.computation_id WHERE v.since > %s AND c.kind = 'audience'",
            [moment],
        )
        for rows in _blocks(iter(cursor.fetchone, None)):
            store.insert("memberships", rows)


def mirror_people(store: EventStore, profile_ids: Sequence[int], at: int) -> None:
    """Copies what holds for these people, whenever it changed."""
    with connection.cursor() as cursor:
        for group in groups(profile_ids):
            cursor.execute(
                "SELECT v.workspace_id, v.computation_id, v.profile_id, v.value FROM engage_value AS v "  # noqa: S608
                "JOIN engage_computation AS c ON c.id = v.computation_id WHERE c.kind = 'audience' "
                f"AND v.profile_id IN ({', '.join(['%s'] * len(group))})",
                list(group),
            )
            rows = [_row(row[0], row[1], row[2], row[3], at) for row in cursor.fetchall()]
            if rows:
                store.insert("memberships", rows)


def _blocks(found: Iterable[Any]) -> Iterator[list[Mapping[str, Any]]]:
    rows: list[Mapping[str, Any]] = []
    for workspace_id, computation_id, profile_id, value, since in found:
        rows.append(_row(workspace_id, computation_id, profile_id, value, since))
        if len(rows) == ROWS_AT_ONCE:
            yield rows
            rows = []
    if rows:
        yield rows


def _row(workspace_id: int, audience_id: int, profile_id: int, value: str, at: int) -> Mapping[str, Any]:
    return {
        "workspace_id": workspace_id,
        "audience_id": audience_id,
        "profile_id": profile_id,
        "version": at,
        "member": value == TRUE,
        "at": at / 1000,
    }
