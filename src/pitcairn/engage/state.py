"""What the live engine remembers across restarts, and what it asks the SQL store after one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import connection, transaction

from pitcairn.engage.models import EngageState, Freshness
from pitcairn.profiles.store import groups


def load_state() -> EngageState:
    return EngageState.objects.filter(id=1).first() or EngageState(id=1)


def committed_batch() -> int:
    """The last batch of the pipeline that is committed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT s.batch FROM pipeline_pipelinestate AS s WHERE s.id = 1")
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def last_received() -> dict[int, int]:
    """By workspace, receivedAt of the last message that counts."""
    return dict(Freshness.objects.values_list("workspace_id", "last_received_at"))


@transaction.atomic
def save_state(batch: int, evaluated_at: int, mirrored_at: int, received: Mapping[int, int]) -> None:
    """Everything of batches up to `batch`, and what time changed until `evaluated_at`, is in the values.

    What changed up to `mirrored_at` is in the event store.

    `received` is, by workspace, when the last message came that counts now.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO engage_engagestate (id, evaluated_batch, evaluated_at, mirrored_at) VALUES (1, %s, %s, %s) "
            "ON CONFLICT (id) DO UPDATE SET evaluated_batch = excluded.evaluated_batch, "
            "evaluated_at = excluded.evaluated_at, mirrored_at = excluded.mirrored_at",
            [batch, evaluated_at, mirrored_at],
        )
        for workspace_id, at in sorted(received.items()):
            cursor.execute(
                "INSERT INTO engage_freshness (workspace_id, evaluated_at, last_received_at) VALUES (%s, %s, %s) "
                "ON CONFLICT (workspace_id) DO UPDATE SET evaluated_at = excluded.evaluated_at, last_received_at = "
                "CASE WHEN excluded.last_received_at > engage_freshness.last_received_at "
                "THEN excluded.last_received_at ELSE engage_freshness.last_received_at END",
                [workspace_id, mirrored_at, at],
            )


def survivors(profile_ids: Sequence[int]) -> dict[int, int]:
    """Those of the profiles that were merged, each with the profile it is part of now."""
    found: dict[int, int] = {}
    with connection.cursor() as cursor:
        for group in groups(profile_ids):
            cursor.execute(
                "SELECT p.id, p.merged_into FROM profiles_profile AS p "  # noqa: S608 - only placeholders are put in
                f"WHERE p.merged_into IS NOT NULL AND p.id IN ({', '.join(['%s'] * len(group))})",
                list(group),
            )
            found.update(cursor.fetchall())
    return found


def living(profile_ids: Sequence[int]) -> list[int]:
    """Those of the profiles that were neither deleted nor merged into another."""
    found: set[int] = set()
    with connection.cursor() as cursor:
        for group in groups(profile_ids):
            cursor.execute(
                # By id alone: SQLite would look through everybody who was not merged, and that is nearly everybody.
                "SELECT p.id, p.merged_into FROM profiles_profile AS p "  # noqa: S608
                f"WHERE p.id IN ({', '.join(['%s'] * len(group))})",
                list(group),
            )
            found.update(profile_id for profile_id, merged_into in cursor.fetchall() if merged_into is None)
    return [one for one in profile_ids if one in found]


def telling_identifiers(profile_ids: Sequence[int], since: int) -> dict[int, set[tuple[str, str]]]:
    """Identifiers of these profiles that are newer than the moment (ms since 1970): perhaps nobody was told under them yet."""
    found: dict[int, set[tuple[str, str]]] = {}
    with connection.cursor() as cursor:
        for group in groups(profile_ids):
            cursor.execute(
                "SELECT i.profile_id, i.type, i.value FROM profiles_identifier AS i "  # noqa: S608
                f"WHERE i.created_at >= %s AND i.profile_id IN ({', '.join(['%s'] * len(group))})",
                [since, *group],
            )
            for profile_id, kind, value in cursor.fetchall():
                found.setdefault(profile_id, set()).add((kind, value))
    return found
