"""Counting how messages break their plans, inside the pipeline's transaction."""

from __future__ import annotations

from typing import Any, Final

from django.db.backends.utils import CursorWrapper

from pitcairn.connections.schema.recording import LONGEST_EVENT, hash_of
from pitcairn.connections.tracking_plans.checking import Violation
from pitcairn.wire.message import Message

MOST_VIOLATIONS: Final = 1_000
"""Different violations kept of one source: names of events and properties are the sender's, and could be any number."""

_Key = tuple[int, int, int, str, str, str, str, str]
"""(workspace, plan, source, type, event, reason, place, problem)"""


class Violations:
    """The violations of a batch, counted."""

    def __init__(self) -> None:
        self._counted: dict[_Key, list[Any]] = {}
        """[messages, blocked ones, first received, last received, latest message id]"""

    def add(self, workspace_id: int, source_id: int, message: Message, violation: Violation) -> None:
        event = _kept(message.event)[:LONGEST_EVENT]
        at = message.received_at
        for problem in violation.problems:
            key = (
                workspace_id, violation.plan_id, source_id, message.type, event, violation.reason.value,
                _kept(problem.place), _kept(problem.words),
            )  # fmt: skip
            counted = self._counted.setdefault(key, [0, 0, at, at, ""])
            counted[0] += 1
            counted[1] += violation.blocked
            counted[2] = min(counted[2], at)
            counted[3] = max(counted[3], at)
            counted[4] = message.message_id

    def save(self, cursor: CursorWrapper) -> None:
        """Adds to what is stored. A new violation is left out when its source already has `MOST_VIOLATIONS`."""
        if not self._counted:
            return
        new: list[tuple[_Key, bytes, list[Any]]] = []
        for key, counted in self._counted.items():
            digest = hash_of(*key[1:])
            count, blocked, _, last, message_id = counted
            cursor.execute(
                "UPDATE connections_planviolation SET count = count + %s, blocked = blocked + %s, last_seen_at = %s, "
                "message_id = %s WHERE key = %s",
                [count, blocked, last, message_id, digest],
            )
            if cursor.rowcount == 0:
                new.append((key, digest, counted))
        if new:
            _insert(cursor, new)


def _insert(cursor: CursorWrapper, new: list[tuple[_Key, bytes, list[Any]]]) -> None:
    sources = sorted({key[2] for key, _, _ in new})
    cursor.execute(
        "SELECT v.source_id, COUNT(*) FROM connections_planviolation AS v "  # noqa: S608 - only placeholders are put in
        f"WHERE v.source_id IN ({', '.join(['%s'] * len(sources))}) GROUP BY v.source_id",
        sources,
    )
    taken = dict.fromkeys(sources, 0) | dict(cursor.fetchall())
    rows = []
    for key, digest, counted in new:
        if taken[key[2]] < MOST_VIOLATIONS:
            taken[key[2]] += 1
            rows.append([digest, *key, *counted])
    cursor.executemany(
        "INSERT INTO connections_planviolation (key, workspace_id, plan_id, source_id, type, event, reason, place, problem, "
        "count, blocked, first_seen_at, last_seen_at, message_id) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        rows,
    )


def _kept(text: str) -> str:
    """PostgreSQL cannot keep a NUL in text."""
    return text.replace("\0", "")
