"""What audiences and computed traits say of a visitor, as decisions use it: the SQL of the edge's own connections.

`asked` is, by computation, the key of everything that a running experience asks for: the few rows of a visitor that count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from django.db import connection

VALUES = "SELECT v.computation_id, v.value FROM engage_value AS v WHERE v.profile_id = ?"

_decode = msgspec.json.Decoder().decode


class ComputedKey(msgspec.Struct, frozen=True):
    """An audience or computed trait that can be asked for. `is_trait`: Mutiny is told of it, so it is a trait of visitors."""

    id: int
    workspace_id: int
    key: str
    audience: bool
    is_trait: bool


class Asked(msgspec.Struct, frozen=True):
    """What the running experiences of a workspace ask for, by computation."""

    audiences: Mapping[int, str] = {}
    traits: Mapping[int, str] = {}
    accounts: bool = False
    """The traits of the person's accounts."""

    @property
    def any(self) -> bool:
        return bool(self.audiences or self.traits)


def computed_keys() -> list[ComputedKey]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.id, c.workspace_id, c.key, c.kind, EXISTS (SELECT 1 FROM engage_sync AS s "
            "JOIN connections_destination AS d ON d.id = s.destination_id WHERE s.computation_id = c.id "
            "AND s.send_identify AND d.enabled AND d.slug = 'mutiny') "
            "FROM engage_computation AS c WHERE c.deleted_at IS NULL"
        )
        return [ComputedKey(row[0], row[1], row[2], row[3] == "audience", bool(row[4])) for row in cursor.fetchall()]


def asked_of(
    keys: Iterable[ComputedKey], audiences: frozenset[str], traits: frozenset[str], *, accounts: bool = False
) -> Asked:
    """Which of the workspace's keys are asked for, given the audiences and traits that its experiences name."""
    keys = list(keys)
    return Asked(
        {one.id: one.key for one in keys if one.audience and one.key in audiences},
        {one.id: one.key for one in keys if one.is_trait and one.key in traits},
        accounts,
    )


def members_and_traits(rows: Iterable[tuple[int, str]], asked: Asked) -> tuple[frozenset[str], dict[str, Any]]:
    """The audiences that the visitor is in, and their computed traits, out of all their values."""
    audiences = []
    traits = {}
    for computation_id, value in rows:
        if value == "true" and computation_id in asked.audiences:
            audiences.append(asked.audiences[computation_id])
        if value != "null" and computation_id in asked.traits:
            traits[asked.traits[computation_id]] = _decode(value)
    return frozenset(audiences), traits
