"""The accounts that a batch's group calls name."""

from __future__ import annotations

from django.db.backends.utils import CursorWrapper

from pitcairn.pipeline.batch import Batch, Traveller
from pitcairn.profiles.accounts import AccountRecord, Joining, load_accounts, save_accounts, save_joinings
from pitcairn.profiles.identity import Person


class Accounts:
    """The accounts of a batch, loaded or made. A batch without group calls costs one look at each message's type."""

    def __init__(self, batch: Batch, cursor: CursorWrapper) -> None:
        self._batch = batch
        self._joinings: list[Joining] = []
        self._changed: dict[int, AccountRecord] = {}
        self._by_key: dict[tuple[int, str], AccountRecord] = {}
        named: dict[tuple[int, str], int] = {}
        for traveller in batch.travellers:
            if traveller.message.type == "group" and traveller.identifiers and (key := _key(traveller)):
                named.setdefault(key, traveller.message.received_at)
        if named:
            self._by_key = load_accounts(cursor, named)
            made = [AccountRecord(0, *key, at, at) for key, at in named.items() if key not in self._by_key]
            save_accounts(cursor, made)
            self._by_key.update(((one.workspace_id, one.group_id), one) for one in made)
            self._changed = {one.id: one for one in made}

    def join(self, traveller: Traveller, person: Person) -> bool:
        """Puts the person into the account of a group call, and its traits into the account. True when they were not in it."""
        message, source_id = traveller.message, traveller.source.id
        key = _key(traveller)
        if key is None:
            return False
        account = self._by_key[key]
        at = min(message.timestamp, message.received_at)
        learned = bool(message.traits) and account.learn(message.traits or {}, at=at, source_id=source_id)
        if account.see(message.received_at) or learned:
            self._changed[account.id] = account
        if account.id in person.accounts:
            return False
        person.accounts.append(account.id)
        self._joinings.append(Joining(account, person, message.received_at, source_id, message.message_id))
        return True

    def save(self, cursor: CursorWrapper) -> None:
        """Stores what the group calls changed, and notes it for the event store."""
        if not self._by_key:
            return
        save_accounts(cursor, list(self._changed.values()))
        save_joinings(cursor, self._joinings)
        self._batch.changed_accounts += [
            (one.workspace_id, one.id, one.group_id, one.values()) for one in self._changed.values()
        ]


def _key(traveller: Traveller) -> tuple[int, str] | None:
    group_id = traveller.message.extra.get("groupId")
    return (traveller.source.workspace_id, str(group_id)) if group_id is not None and group_id != "" else None
