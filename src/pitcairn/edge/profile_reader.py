"""Reads what a decision needs of a profile: one query by the visitor's anonymous ids, on a connection of the loop's own.

On SQLite the read is done in the event loop itself: a lookup by index in the page cache takes some 20 µs, a thread would cost
more. Reads that come close together share one transaction, which spares each the taking and giving back of a file lock, half of
its time. On PostgreSQL the read is awaited on an asynchronous pool.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

import msgspec
from django.conf import settings
from psycopg_pool import AsyncConnectionPool

from pitcairn.edge.computed import VALUES, Asked, members_and_traits
from pitcairn.experiences.decisions import Assignment

_BY_TWO = """
SELECT i.value, p.personalization, p.assignments, p.id
FROM profiles_identifier AS i JOIN profiles_profile AS p ON p.id = i.profile_id
WHERE i.workspace_id = ? AND i.type = 'anonymous_id' AND i.value IN (?, ?)
"""
_BY_ONE = _BY_TWO.replace("IN (?, ?)", "= ?")
"""Nearly every visitor: the cookie and analytics.js say the same. Half the work."""
_POSTGRESQL = _BY_TWO.replace("?", "%s")
_POSTGRESQL_VALUES = VALUES.replace("?", "%s")

_decode_traits = msgspec.json.Decoder(dict[str, Any]).decode
_decode_assignments = msgspec.json.Decoder(dict[str, Assignment]).decode

_Row = tuple[str, str, str, int]


class VisitorProfile(msgspec.Struct, frozen=True):
    """What is known of a visitor; empty for an unknown one."""

    traits: Mapping[str, Any] = {}
    assignments: Mapping[str, Assignment] = {}
    audiences: frozenset[str] = frozenset()
    """Keys of those asked for that they are in."""


UNKNOWN = VisitorProfile()
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
            values = self._connection.execute(VALUES, (_current(rows, visitor, anonymous_id),)).fetchall()
            return _with_values(profile, values, asked)
        return profile

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
            if not asked.any:
                return profile
            cursor = await connection.execute(_POSTGRESQL_VALUES, (_current(rows, visitor, anonymous_id),))
            return _with_values(profile, await cursor.fetchall(), asked)


def profile_reader() -> ProfileReader:
    """The reader for the SQL store in use."""
    database = settings.DATABASES["default"]
    if str(database["ENGINE"]).endswith("sqlite3"):
        return SQLiteProfileReader(str(database["NAME"]))
    return PostgreSQLProfileReader(database)


def _profile(rows: list[_Row], visitor: str, anonymous_id: str) -> VisitorProfile:
    by_id = {value: (traits, assignments) for value, traits, assignments, _ in rows}
    current = by_id.get(anonymous_id) or by_id[visitor]
    traits = _decode_traits(current[0]) if current[0] != "{}" else {}
    assignments: dict[str, Assignment] = {}
    for text in {text for _, text in by_id.values() if text != "{}"}:
        assignments.update(_decode_assignments(text))
    first = by_id.get(visitor)
    if first is not None and first[1] != "{}":
        assignments.update(_decode_assignments(first[1]))
    return VisitorProfile(traits, assignments)


def _current(rows: list[_Row], visitor: str, anonymous_id: str) -> int:
    """The profile whose traits count."""
    by_id = {value: profile_id for value, _, _, profile_id in rows}
    return by_id.get(anonymous_id) or by_id[visitor]


def _with_values(profile: VisitorProfile, rows: Iterable[tuple[int, str]], asked: Asked) -> VisitorProfile:
    audiences, traits = members_and_traits(rows, asked)
    return VisitorProfile({**profile.traits, **traits} if traits else profile.traits, profile.assignments, audiences)
