"""People and accounts of the SQL store that the event store does not know: those from before it kept them.

The pipeline writes rows of both with each batch. What is missing is written here, before the worker begins: with batch 0,
so that whatever the pipeline writes later holds instead.
"""

from __future__ import annotations

from typing import Any

import msgspec
from django.db import connection

from pitcairn.eventstore import EventStore
from pitcairn.pipeline.event_rows import person_row
from pitcairn.profiles.accounts import AccountRecord, accounts_after, count_accounts
from pitcairn.profiles.store import count_profiles, load_people, profiles_after

AT_ONCE = 5_000
"""Rows of one insert."""


def fill(store: EventStore) -> None:
    """Writes what is missing. May be repeated, and goes on where it was cut off; costs two counts when nothing is."""
    known_people, known_accounts = store.known_people()
    with connection.cursor() as cursor:
        people, accounts = count_profiles(cursor), count_accounts(cursor)
    if people > known_people:
        _fill_people(store)
    if accounts > known_accounts:
        _fill_accounts(store)


def _fill_people(store: EventStore) -> None:
    last = 0
    while True:
        with connection.cursor() as cursor:
            merged = profiles_after(cursor, last, AT_ONCE)
        if not merged:
            return
        last = max(merged)
        missing = sorted(merged.keys() - store.known_among("people", list(merged)))
        with connection.cursor() as cursor:
            people = load_people(cursor, missing)
        rows = [{**person_row(person, 0), "alive": merged[person.id] is None} for person in people.values()]
        store.insert("people", rows)


def _fill_accounts(store: EventStore) -> None:
    last = 0
    while True:
        with connection.cursor() as cursor:
            found = accounts_after(cursor, last, AT_ONCE)
        if not found:
            return
        last = found[-1].id
        known = store.known_among("accounts", [account.id for account in found])
        store.insert("accounts", [_account_row(account) for account in found if account.id not in known])


def _account_row(account: AccountRecord) -> dict[str, Any]:
    return {
        "workspace_id": account.workspace_id,
        "account_id": account.id,
        "batch": 0,
        "group_id": account.group_id,
        "traits": msgspec.json.encode(account.values()).decode(),
    }
