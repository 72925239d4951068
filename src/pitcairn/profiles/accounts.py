"""Accounts: the companies that group calls name, their traits, and who belongs to them. The pipeline writes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from django.db.backends.utils import CursorWrapper

from pitcairn.profiles.identity import LAST_SEEN_STEP_MS, Person, TraitValue, current_traits, write_traits
from pitcairn.profiles.store import groups

_encode = msgspec.json.encode
_decode_traits = msgspec.json.Decoder(dict[str, TraitValue]).decode


class AccountRecord(msgspec.Struct, eq=False):
    """An account in the pipeline's hands. Times are ms since 1970; `id` is 0 until it is stored."""

    id: int
    workspace_id: int
    group_id: str
    created_at: int
    last_seen_at: int
    traits: dict[str, TraitValue] = {}

    def learn(self, traits: Mapping[str, Any], *, at: int, source_id: int) -> bool:
        """Writes a group call's traits: the later value wins, null deletes. True when something changed."""
        return bool(write_traits(self.traits, traits, at=at, source_id=source_id))

    def see(self, at: int) -> bool:
        """Notes that the account was heard of. True when that must be stored."""
        if at < self.last_seen_at + LAST_SEEN_STEP_MS:
            return False
        self.last_seen_at = at
        return True

    def values(self) -> dict[str, Any]:
        """The traits that are set now."""
        return {name: trait.value for name, trait in current_traits(self.traits).items()}


class Joining(msgspec.Struct, frozen=True):
    """A fact: with this message the person joined the account."""

    account: AccountRecord
    person: Person
    at: int
    source_id: int
    message_id: str


def load_accounts(cursor: CursorWrapper, keys: Iterable[tuple[int, str]]) -> dict[tuple[int, str], AccountRecord]:
    """The accounts of the (workspace, group id) pairs, as far as there are any."""
    wanted: dict[int, set[str]] = {}
    for workspace_id, group_id in keys:
        wanted.setdefault(workspace_id, set()).add(group_id)
    found = {}
    for workspace_id, group_ids in wanted.items():
        for group in groups(sorted(group_ids)):
            marks = ", ".join(["%s"] * len(group))
            cursor.execute(
                "SELECT a.id, a.group_id, a.created_at, a.last_seen_at, a.traits FROM profiles_account AS a "  # noqa: S608
                f"WHERE a.workspace_id = %s AND a.group_id IN ({marks})",
                [workspace_id, *group],
            )
            for row in cursor.fetchall():
                found[workspace_id, row[1]] = AccountRecord(
                    row[0], workspace_id, row[1], row[2], row[3], _decode_traits(row[4])
                )
    return found


def count_accounts(cursor: CursorWrapper) -> int:
    """All accounts of all workspaces."""
    cursor.execute("SELECT COUNT(*) FROM profiles_account")
    return int(cursor.fetchone()[0])


def accounts_after(cursor: CursorWrapper, last: int, limit: int) -> list[AccountRecord]:
    """The next accounts of all workspaces by id."""
    cursor.execute(
        "SELECT a.id, a.workspace_id, a.group_id, a.created_at, a.last_seen_at, a.traits FROM profiles_account AS a "
        "WHERE a.id > %s ORDER BY a.id LIMIT %s",
        [last, limit],
    )
    return [AccountRecord(row[0], row[1], row[2], row[3], row[4], _decode_traits(row[5])) for row in cursor.fetchall()]


def save_accounts(cursor: CursorWrapper, accounts: Sequence[AccountRecord]) -> None:
    """Stores the accounts, and gives the new ones their ids."""
    by_key = {(account.workspace_id, account.group_id): account for account in accounts}
    for group in groups(list(by_key.values())):
        rows = ", ".join(["(%s, %s, %s, %s, %s)"] * len(group))
        cursor.execute(
            "INSERT INTO profiles_account (workspace_id, group_id, traits, created_at, last_seen_at) "  # noqa: S608
            f"VALUES {rows} ON CONFLICT (workspace_id, group_id) DO UPDATE SET traits = excluded.traits, "
            "last_seen_at = excluded.last_seen_at RETURNING id, workspace_id, group_id",
            [
                value
                for one in group
                for value in (
                    one.workspace_id,
                    one.group_id,
                    _encode(one.traits).decode(),
                    one.created_at,
                    one.last_seen_at,
                )
            ],
        )
        for account_id, workspace_id, group_id in cursor.fetchall():
            by_key[workspace_id, group_id].id = account_id


def save_joinings(cursor: CursorWrapper, joinings: Sequence[Joining]) -> None:
    """Stores who joined which account; who had joined before, did so then. After `save_accounts` and the profiles."""
    for group in groups(joinings):
        rows = ", ".join(["(%s, %s, %s, %s, %s, %s)"] * len(group))
        cursor.execute(
            "INSERT INTO profiles_accountperson (workspace_id, account_id, profile_id, joined_at, source_id, message_id) "  # noqa: S608
            f"VALUES {rows} ON CONFLICT (account_id, profile_id) DO NOTHING",
            [
                value
                for one in group
                for value in (
                    one.account.workspace_id,
                    one.account.id,
                    one.person.id,
                    one.at,
                    one.source_id,
                    one.message_id,
                )
            ],
        )
