"""A sync that goes through everybody: the first time, after a pause, or because somebody asked for it again.

By profile id, a slice at a time, each with its position in one transaction. Who is behind the position hears of changes at once;
who is ahead of it is told when it comes to them, if what holds then is not what the destination knows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from pitcairn.engage.first_run import MOST_WAITING, waiting_for
from pitcairn.engage.models import EVERYBODY
from pitcairn.engage.people import identifiers_of_profiles
from pitcairn.engage.plan import Telling
from pitcairn.engage.telling import News, tell
from pitcairn.engage.values import NOBODY
from pitcairn.profiles.store import groups

SLICE = 2_000


class Slice(msgspec.Struct, frozen=True):
    destinations: set[int]


class _Row(msgspec.Struct, frozen=True):
    profile_id: int
    value: str
    since: int


def next_slice(workspace_id: int, telling: Telling, moment: Callable[[], int]) -> Slice | None:
    """The next slice; None when there is none to be had now."""
    if telling.paused or telling.position == EVERYBODY or waiting_for(telling) > MOST_WAITING:
        return None
    now = moment()
    with transaction.atomic(), connection.cursor() as cursor:
        if not telling.started_at:
            _begin(cursor, telling, now)
        rows = _rows(cursor, telling)
        news = _news(cursor, telling, rows)
        outcome = tell(cursor, workspace_id, news, now)
        done = len(rows) < SLICE
        telling.position = EVERYBODY if done else rows[-1].profile_id
        telling.done += len(rows)
        if done:
            telling.known, telling.resend = [], False
        cursor.execute(
            "UPDATE engage_sync SET position = %s, done = %s, known = %s, resend = %s, started_at = %s, finished_at = %s "
            "WHERE id = %s",
            [
                telling.position, telling.done, msgspec.json.encode(telling.known).decode(), telling.resend,
                telling.started_at, now if done else 0, telling.id,
            ],
        )  # fmt: skip
    return Slice(outcome.destinations)


def _begin(cursor: CursorWrapper, telling: Telling, now: int) -> None:
    cursor.execute("SELECT COUNT(*) FROM engage_value AS v WHERE v.computation_id = %s", [telling.computation_id])
    telling.started_at = now
    telling.done = 0
    cursor.execute("UPDATE engage_sync SET total = %s WHERE id = %s", [cursor.fetchone()[0], telling.id])


def _rows(cursor: CursorWrapper, telling: Telling) -> list[_Row]:
    cursor.execute(
        "SELECT v.profile_id, v.value, v.since FROM engage_value AS v "
        "WHERE v.computation_id = %s AND v.profile_id > %s ORDER BY v.profile_id LIMIT %s",
        [telling.computation_id, telling.position, SLICE],
    )
    return [_Row(*row) for row in cursor.fetchall()]


def _news(cursor: CursorWrapper, telling: Telling, rows: Sequence[_Row]) -> list[News]:
    told = _told(cursor, telling, rows)
    wanted = [row for row in rows if _is_news(row.value, told.get(row.profile_id)) or _again(telling, row)]
    named = identifiers_of_profiles([row.profile_id for row in wanted])
    again = telling.started_at if telling.resend else 0
    return [
        News(telling, row.profile_id, named.get(row.profile_id, ()), row.value, row.since, again=again)
        for row in wanted
    ]


def _again(telling: Telling, row: _Row) -> bool:
    return telling.resend and row.value not in NOBODY


def _is_news(value: str, told: str | None) -> bool:
    """Whether the value says something to who was told `told`. That somebody is still in no audience is no news."""
    return value != told and not (value in NOBODY and (told is None or told in NOBODY))


def _told(cursor: CursorWrapper, telling: Telling, rows: Sequence[_Row]) -> dict[int, str]:
    """What the destination knows of each of them: their value when it was last told."""
    found: dict[int, str] = {}
    asked: dict[int, int] = {}
    for row in rows:
        at = telling.told_at(row.profile_id)
        if at is None:
            continue
        if row.since <= at:
            found[row.profile_id] = row.value
        else:
            asked[row.profile_id] = at
    for group in groups(list(asked)):
        cursor.execute(
            "SELECT p.profile_id, p.value, p.since, p.until FROM engage_pastvalue AS p "  # noqa: S608 - placeholders
            f"WHERE p.computation_id = %s AND p.profile_id IN ({', '.join(['%s'] * len(group))})",
            [telling.computation_id, *group],
        )
        rows_then = cursor.fetchall()
        found.update({key: value for key, value, since, until in rows_then if since <= asked[key] < until})
    return found
