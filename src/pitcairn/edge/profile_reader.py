"""Reads what a decision needs of a profile: one query by the visitor's anonymous ids, on a connection of the loop's own.

On SQLite the read is done in the event loop itself: a lookup by index in the page cache takes some 20 µs, a thread would cost
more. Reads that come close together share one transaction, which spares each the taking and giving back of a file lock, half of
its time. On PostgreSQL the read is awaited on an asynchronous pool.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec
from django.conf import settings
from django.db.backends.utils import CursorWrapper
from psycopg_pool import AsyncConnectionPool

from pitcairn.edge.computed import VALUES, Asked, members_and_traits
from pitcairn.experiences.decisions import Assignment
from pitcairn.profiles.visits import NO_VISITS, VisitRecord

_BY_TWO = """
SELECT i.value, p.personalization, p.assignments, p.id, p.visits, p.accounts, i.proof
FROM profiles_identifier AS i JOIN profiles_profile AS p ON p.id = i.profile_id
WHERE i.workspace_id = ? AND i.type = 'anonymous_id' AND i.value IN (?, ?)
"""
_BY_ONE = _BY_TWO.replace("IN (?, ?)", "= ?")
"""Nearly every visitor: the cookie and analytics.js say the same. Half the work."""
_POSTGRESQL = _BY_TWO.replace("?", "%s")
_POSTGRESQL_VALUES = VALUES.replace("?", "%s")
_TRAITS = "SELECT p.traits FROM profiles_profile AS p WHERE p.id = ?"
_ACCOUNTS = "SELECT a.traits FROM profiles_account AS a WHERE a.id IN ({})"

MAX_ACCOUNTS = 20
"""Accounts of one person whose traits are read: somebody who works with hundreds must not make a page wait."""

_decode_traits = msgspec.json.Decoder(dict[str, Any]).decode
_decode_assignments = msgspec.json.Decoder(dict[str, Assignment]).decode

_decode_visits = msgspec.json.Decoder(VisitRecord).decode
_decode_ids = msgspec.json.Decoder(list[int]).decode


class _Trait(msgspec.Struct, array_like=True):
    """A trait as profiles and accounts store it."""

    value: Any
    set_at: int
    source_id: int
    user_label: int = 0


_decode_stored = msgspec.json.Decoder(dict[str, _Trait]).decode

_Row = tuple[str, str, str, int, str, str, str]


class VisitorProfile(msgspec.Struct, frozen=True):
    """What is known of a visitor; empty for an unknown one."""

    traits: Mapping[str, Any] = {}
    assignments: Mapping[str, Assignment] = {}
    audiences: frozenset[str] = frozenset()
    """Keys of those asked for that they are in."""
    visits: VisitRecord = NO_VISITS
    accounts: tuple[Mapping[str, Any], ...] = ()
    """The traits of each of their accounts, if those were asked for."""
    id: int = 0
    proof: str = ""
    """Whom the website's server proved the anonymous id to be: `profiles/proofs.py`."""


UNKNOWN = VisitorProfile()
_AT_ONCE = 500
"""Ids in one statement."""
NOTHING_ASKED = Asked()

SHARED_SECONDS = 0.01
"""How long reads share a transaction: by so much a profile may be older than what the pipeline has committed."""


class ProfileReader(Protocol):
    """Finds the profile of a visitor."""

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def read(
        self, workspace_id: int, visitor: str, anonymous_id: str, asked: Asked = NOTHING_ASKED
    ) -> VisitorProfile:
        """`anonymous_id` is what analytics.js says now: its traits count. What `visitor` was first shown comes first.

        `asked` are the audiences and computed traits to look up.
        """

    async def traits_of(self, profile: VisitorProfile, label: int) -> Mapping[str, Any]:
        """The traits in the profile that the user with this label said of themself, or their own server of them.

        Of those that can be targeted: what Mutiny was not told is not said on a page either.
        """


class SQLiteProfileReader:
    def __init__(self, path: str) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._in_transaction = False

    async def open(self) -> None:
        self._connection = sqlite3.connect(f"{Path(self._path).as_uri()}?mode=ro", uri=True, isolation_level=None)
        self._loop = asyncio.get_running_loop()

    async def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    async def read(
        self, workspace_id: int, visitor: str, anonymous_id: str, asked: Asked = NOTHING_ASKED
    ) -> VisitorProfile:
        assert self._connection is not None
        if not self._in_transaction:
            self._in_transaction = True
            self._connection.execute("BEGIN")
            # By the clock, not with the next read: a transaction left open would keep the write-ahead log from being reset.
            self._loop.call_later(SHARED_SECONDS, self._end_transaction)
        if visitor == anonymous_id:
            rows = self._connection.execute(_BY_ONE, (workspace_id, visitor)).fetchall()
        else:
            rows = self._connection.execute(_BY_TWO, (workspace_id, visitor, anonymous_id)).fetchall()
        if not rows:
            return UNKNOWN
        profile = _profile(rows, visitor, anonymous_id)
        if asked.any:
            values = self._connection.execute(VALUES, (_current(rows, visitor, anonymous_id)[3],)).fetchall()
            profile = _with_values(profile, values, asked)
        if asked.accounts and (ids := _account_ids(rows, visitor, anonymous_id)):
            found = self._connection.execute(_ACCOUNTS.format(", ".join("?" * len(ids))), ids).fetchall()
            profile = _with_accounts(profile, found)
        return profile

    async def traits_of(self, profile: VisitorProfile, label: int) -> Mapping[str, Any]:
        assert self._connection is not None
        row = self._connection.execute(_TRAITS, (profile.id,)).fetchone()
        return _labelled(row, profile, label)

    def _end_transaction(self) -> None:
        self._in_transaction = False
        if self._connection is not None:
            self._connection.execute("COMMIT")


class PostgreSQLProfileReader:
    def __init__(self, database: Mapping[str, Any]) -> None:
        parts = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
        options = {name: database[key] for name, key in parts.items() if database.get(key)}
        self._pool = AsyncConnectionPool(kwargs={**options, "autocommit": True}, min_size=1, max_size=8, open=False)

    async def open(self) -> None:
        await self._pool.open()

    async def close(self) -> None:
        await self._pool.close()

    async def read(
        self, workspace_id: int, visitor: str, anonymous_id: str, asked: Asked = NOTHING_ASKED
    ) -> VisitorProfile:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_POSTGRESQL, (workspace_id, visitor, anonymous_id))
            rows: list[_Row] = await cursor.fetchall()
            if not rows:
                return UNKNOWN
            profile = _profile(rows, visitor, anonymous_id)
            if asked.any:
                cursor = await connection.execute(_POSTGRESQL_VALUES, (_current(rows, visitor, anonymous_id)[3],))
                profile = _with_values(profile, await cursor.fetchall(), asked)
            if asked.accounts and (ids := _account_ids(rows, visitor, anonymous_id)):
                query = _ACCOUNTS.format(", ".join(["%s"] * len(ids)))
                cursor = await connection.execute(query.encode(), ids)
                profile = _with_accounts(profile, await cursor.fetchall())
            return profile

    async def traits_of(self, profile: VisitorProfile, label: int) -> Mapping[str, Any]:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_TRAITS.replace("?", "%s"), (profile.id,))
            return _labelled(await cursor.fetchone(), profile, label)


def _labelled(row: tuple[str] | None, profile: VisitorProfile, label: int) -> Mapping[str, Any]:
    if row is None or not label:
        return {}
    return {
        name: trait.value
        for name, trait in _decode_stored(row[0]).items()
        if trait.user_label == label and trait.value is not None and name in profile.traits
    }


def read_profile(
    cursor: CursorWrapper, workspace_id: int, visitor: str, anonymous_id: str, asked: Asked = NOTHING_ASKED
) -> VisitorProfile:
    """What a `ProfileReader` reads, on a connection of Django's: for pages, which are not on the hot path."""
    cursor.execute(_POSTGRESQL, [workspace_id, visitor, anonymous_id])
    rows: list[_Row] = cursor.fetchall()
    if not rows:
        return UNKNOWN
    profile = _profile(rows, visitor, anonymous_id)
    if asked.any:
        cursor.execute(_POSTGRESQL_VALUES, [_current(rows, visitor, anonymous_id)[3]])
        profile = _with_values(profile, cursor.fetchall(), asked)
    if asked.accounts and (ids := _account_ids(rows, visitor, anonymous_id)):
        cursor.execute(_ACCOUNTS.format(", ".join(["%s"] * len(ids))), ids)
        profile = _with_accounts(profile, cursor.fetchall())
    return profile


def read_profiles(cursor: CursorWrapper, ids: Sequence[int], asked: Asked) -> dict[int, VisitorProfile]:
    """The profiles with these ids (at most some thousands), as `read_profile` has them, without assignments."""
    found: dict[int, VisitorProfile] = {}
    for start in range(0, len(ids), _AT_ONCE):
        group = list(ids[start : start + _AT_ONCE])
        marks = ", ".join(["%s"] * len(group))
        cursor.execute(
            "SELECT '', p.personalization, '{}', p.id, p.visits, p.accounts, '' FROM profiles_profile AS p "  # noqa: S608
            f"WHERE p.id IN ({marks})",
            group,
        )
        rows: list[_Row] = cursor.fetchall()
        values: dict[int, list[tuple[int, str]]] = {}
        if asked.any:
            cursor.execute(
                "SELECT v.profile_id, v.computation_id, v.value FROM engage_value AS v "  # noqa: S608
                f"WHERE v.profile_id IN ({marks})",
                group,
            )
            for profile_id, computation_id, value in cursor.fetchall():
                values.setdefault(profile_id, []).append((computation_id, value))
        accounts = _accounts_by_id(cursor, rows) if asked.accounts else {}
        for row in rows:
            profile = _with_values(_profile([row], "", ""), values.get(row[3], ()), asked)
            theirs = [accounts[one] for one in _account_ids([row], "", "") if one in accounts]
            found[row[3]] = _with_accounts(profile, theirs) if theirs else profile
    return found


def _accounts_by_id(cursor: CursorWrapper, rows: Iterable[_Row]) -> dict[int, tuple[str]]:
    ids = list({one for row in rows for one in _account_ids([row], "", "")})[:_AT_ONCE]
    if not ids:
        return {}
    marks = ", ".join(["%s"] * len(ids))
    cursor.execute(f"SELECT a.id, a.traits FROM profiles_account AS a WHERE a.id IN ({marks})", ids)  # noqa: S608
    return {account_id: (traits,) for account_id, traits in cursor.fetchall()}


def account_profile(
    cursor: CursorWrapper, workspace_id: int, account_id: int, profile: VisitorProfile
) -> VisitorProfile:
    """The profile as somebody of this account, and of no other."""
    cursor.execute(
        "SELECT a.traits FROM profiles_account AS a WHERE a.workspace_id = %s AND a.id = %s", [workspace_id, account_id]
    )
    return _with_accounts(profile, cursor.fetchall())


def profile_reader() -> ProfileReader:
    """The reader for the SQL store in use."""
    database = settings.DATABASES["default"]
    if str(database["ENGINE"]).endswith("sqlite3"):
        return SQLiteProfileReader(str(database["NAME"]))
    return PostgreSQLProfileReader(database)


def _profile(rows: list[_Row], visitor: str, anonymous_id: str) -> VisitorProfile:
    current = _current(rows, visitor, anonymous_id)
    traits = _decode_traits(current[1]) if current[1] != "{}" else {}
    assignments: dict[str, Assignment] = {}
    for row in (current, *(row for row in rows if row[0] == visitor and row[3] != current[3])):
        if row[2] != "{}":
            assignments.update(_decode_assignments(row[2]))
    visits = _decode_visits(current[4]) if current[4] != "[]" else NO_VISITS
    # What was proven of the id in the cookie says nothing of who analytics.js says is there now.
    proof = current[6] if current[0] == anonymous_id else ""
    return VisitorProfile(traits, assignments, frozenset(), visits, id=current[3], proof=proof)


def _current(rows: list[_Row], visitor: str, anonymous_id: str) -> _Row:
    """The profile whose traits count."""
    by_id = {row[0]: row for row in rows}
    return by_id.get(anonymous_id) or by_id[visitor]


def _account_ids(rows: list[_Row], visitor: str, anonymous_id: str) -> list[int]:
    text = _current(rows, visitor, anonymous_id)[5]
    return _decode_ids(text)[:MAX_ACCOUNTS] if text != "[]" else []


def _with_values(profile: VisitorProfile, rows: Iterable[tuple[int, str]], asked: Asked) -> VisitorProfile:
    audiences, traits = members_and_traits(rows, asked)
    return msgspec.structs.replace(
        profile, traits={**profile.traits, **traits} if traits else profile.traits, audiences=audiences
    )


def _with_accounts(profile: VisitorProfile, rows: Iterable[tuple[str]]) -> VisitorProfile:
    accounts = tuple(
        {name: trait.value for name, trait in _decode_stored(traits).items() if trait.value is not None}
        for (traits,) in rows
    )
    return msgspec.structs.replace(profile, accounts=accounts)
