"""The facts of a person or an account that somebody names, as decisions and texts see them. Off the hot path."""

from __future__ import annotations

from django.db import connection

from pitcairn.edge.computed import Asked
from pitcairn.edge.profile_reader import UNKNOWN, VisitorProfile, account_profile, read_profiles

_MERGES = 50


def profile_of_one(
    workspace_id: int, *, profile_id: int | None, account_id: int | None, asked: Asked
) -> VisitorProfile | None:
    """What is known of the person, with the account as their only one if one is named; nobody is `UNKNOWN`.

    Of a person who was merged it is the whole person's. None when the person is not there (any more).
    """
    profile = UNKNOWN
    with connection.cursor() as cursor:
        for _ in range(_MERGES):
            if profile_id is None:
                break
            cursor.execute(
                "SELECT p.merged_into FROM profiles_profile AS p WHERE p.workspace_id = %s AND p.id = %s",
                [workspace_id, profile_id],
            )
            row = cursor.fetchone()
            if row is None:
                return None
            if row[0] is None:
                found = read_profiles(cursor, [profile_id], asked).get(profile_id)
                if found is None:
                    return None
                profile = found
                break
            profile_id = row[0]
        if account_id is not None:
            profile = account_profile(cursor, workspace_id, account_id, profile)
    return profile
