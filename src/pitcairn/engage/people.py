"""What telling needs to know of people: the identifiers that point to them, with plain SQL on the worker's own connection."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import connection

from pitcairn.profiles.identity import ANONYMOUS_ID, EMAIL, USER_ID
from pitcairn.profiles.store import groups

_FIRST = {USER_ID: 0, EMAIL: 1, ANONYMOUS_ID: 3}

Identifiers = list[tuple[str, str]]

KNOWN_TYPES = (USER_ID, EMAIL, "android.idfa", "ios.idfa")
"""Who has none of these is anonymous (facts §6.2)."""


def identifiers_of_profiles(profile_ids: Iterable[int]) -> dict[int, Identifiers]:
    """(type, value) of everything that points to each of the profiles: user ids, emails, others, anonymous ids; oldest first."""
    found: dict[int, list[tuple[int, int, str, str]]] = {}
    with connection.cursor() as cursor:
        for group in groups(list(profile_ids)):
            cursor.execute(
                "SELECT i.profile_id, i.id, i.type, i.value FROM profiles_identifier AS i "  # noqa: S608 - placeholders
                f"WHERE i.profile_id IN ({', '.join(['%s'] * len(group))})",
                list(group),
            )
            for profile_id, row_id, kind, value in cursor.fetchall():
                found.setdefault(profile_id, []).append((_FIRST.get(kind, 2), row_id, kind, value))
    return {key: [(kind, value) for _, _, kind, value in sorted(rows)] for key, rows in found.items()}


def is_known(identifiers: Iterable[tuple[str, str]]) -> bool:
    return any(kind in KNOWN_TYPES for kind, _ in identifiers)


def known_profiles(workspace_id: int) -> set[int]:
    """Everybody in the workspace who is not anonymous."""
    marks = ", ".join(["%s"] * len(KNOWN_TYPES))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT i.profile_id FROM profiles_identifier AS i "  # noqa: S608
            f"WHERE i.workspace_id = %s AND i.type IN ({marks})",
            [workspace_id, *KNOWN_TYPES],
        )
        return {row[0] for row in cursor.fetchall()}


def people_by_account(account_ids: Sequence[int]) -> dict[int, list[int]]:
    """The profiles of each account's people, as they are now."""
    found: dict[int, list[int]] = {}
    with connection.cursor() as cursor:
        for group in groups(account_ids):
            cursor.execute(
                "SELECT a.account_id, COALESCE(p.merged_into, p.id) FROM profiles_accountperson AS a "  # noqa: S608
                "JOIN profiles_profile AS p ON p.id = a.profile_id "
                f"WHERE a.account_id IN ({', '.join(['%s'] * len(group))}) ORDER BY a.account_id, a.profile_id",
                list(group),
            )
            for account_id, profile_id in cursor.fetchall():
                found.setdefault(account_id, []).append(profile_id)
    return found


def on_list(workspace_id: int, computation_id: int, profile_ids: Sequence[int] | None = None) -> set[int]:
    """Of these profiles, or of all in the workspace, those whom an entry of the list names, or whose email's domain it names."""
    found: set[int] = set()
    wanted: list[Sequence[int] | None] = [None] if profile_ids is None else list(groups(list(profile_ids)))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.value FROM engage_listentry AS e WHERE e.computation_id = %s AND e.type = 'domain'",
            [computation_id],
        )
        domains = {row[0] for row in cursor.fetchall()}
        for group in wanted:
            # Some people are asked for by their ids alone: SQLite would look through the whole workspace instead.
            among = "i.workspace_id = %s" if group is None else f"i.profile_id IN ({', '.join(['%s'] * len(group))})"
            own = [workspace_id] if group is None else list(group)
            cursor.execute(
                "SELECT i.profile_id FROM profiles_identifier AS i JOIN engage_listentry AS e "  # noqa: S608
                f"ON e.type = i.type AND e.value = i.value WHERE {among} AND e.computation_id = %s",
                [*own, computation_id],
            )
            found.update(row[0] for row in cursor.fetchall())
            if domains:
                cursor.execute(
                    f"SELECT i.profile_id, i.value FROM profiles_identifier AS i WHERE {among} AND i.type = %s",  # noqa: S608
                    [*own, EMAIL],
                )
                found.update(row[0] for row in cursor.fetchall() if row[1].rpartition("@")[2].lower() in domains)
    return found
