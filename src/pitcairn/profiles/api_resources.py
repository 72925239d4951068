"""What the Profile API answers, resource by resource."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from pitcairn.dashboard.stores import event_store
from pitcairn.dashboard.times import from_ms
from pitcairn.engage.queries import memberships_of
from pitcairn.eventstore import EventStoreError
from pitcairn.eventstore.records import StoredMessage, iso, to_ms
from pitcairn.profiles import queries, queries_accounts
from pitcairn.profiles.api_arguments import APIError, Arguments, cursor
from pitcairn.profiles.identity_rules import EMAIL, GROUP_ID
from pitcairn.profiles.queries import IdentifierItem

if TYPE_CHECKING:
    from pitcairn.profiles.api import Found

TRAITS, MOST_TRAITS = 10, 200
EXTERNAL_IDS, MOST_EXTERNAL_IDS = 25, 200
EVENTS, MOST_EVENTS = 10, 200
LINKS = 20
EVENT_DAYS = 14

AUDIENCE = "audience"
COMPUTED_TRAIT = "computed_trait"

_DAY_MS = 24 * 3600 * 1000


class Trait(NamedTuple):
    """A trait of any kind. `kind` is "" for one that messages set."""

    name: str
    value: Any
    source_id: str
    updated_at: datetime
    kind: str = ""


def find(workspace_id: int, collection: str, kind: str, value: str) -> int | None:
    """The profile or the account that the identifier names. Emails are looked up in lower case, as they are kept."""
    if "\0" in value or "\0" in kind:
        return None
    if collection == "accounts":
        return queries_accounts.account_of(workspace_id, value) if kind == GROUP_ID else None
    return queries.profile_of(workspace_id, kind, value.strip().lower() if kind == EMAIL else value)


def traits(found: Found, arguments: Arguments) -> dict[str, Any]:
    """By name. What an audience or a computed trait says is a trait with its key, and hides a trait that messages set."""
    detail = _person(found)
    known = {
        item.key: Trait(item.key, item.value, "", from_ms(item.since), item.kind)
        for item in memberships_of(found.profile_id)
        if not item.deleted and item.value is not None
    }
    own = {one.name: Trait(one.name, one.value, str(one.source_id), one.set_at) for one in detail.traits}
    return _traits(found, arguments, list({**own, **known}.values()))


def account_traits(found: Found, arguments: Arguments) -> dict[str, Any]:
    detail = _account(found)
    own = [Trait(one.name, one.value, str(one.source_id), one.set_at) for one in detail.traits]
    return _traits(found, arguments, own)


def _traits(found: Found, arguments: Arguments, known: Sequence[Trait]) -> dict[str, Any]:
    limit = arguments.limit(TRAITS, MOST_TRAITS)
    kind = arguments.one_of("class", (AUDIENCE, COMPUTED_TRAIT))
    names = arguments.names("include")
    after = arguments.after(str) or ""
    wanted = [
        one
        for one in sorted(known)
        if one.name > after and (not kind or one.kind == kind) and (not names or one.name in names)
    ]
    page = wanted[:limit]
    verbose = arguments.switch("verbose")
    return {
        "traits": {
            one.name: {"value": one.value, "source_id": one.source_id, "updated_at": iso(one.updated_at)}
            if verbose
            else one.value
            for one in page
        },
        "cursor": cursor(found.url, limit, page[-1].name if len(wanted) > limit else None),
    }


def external_ids(found: Found, arguments: Arguments) -> dict[str, Any]:
    limit = arguments.limit(EXTERNAL_IDS, MOST_EXTERNAL_IDS)
    names = arguments.names("include")
    start = arguments.after(int) or 0
    items = [item for item in _person(found).item.identifiers if not names or item.type in names]
    page = items[start : start + limit]
    return {
        "data": [_external_id(item) for item in page],
        "cursor": cursor(found.url, limit, start + limit if len(items) > start + limit else None),
    }


def account_external_ids(found: Found, arguments: Arguments) -> dict[str, Any]:
    limit = arguments.limit(EXTERNAL_IDS, MOST_EXTERNAL_IDS)
    item = _account(found).item
    return {
        "data": [
            {
                "collection": "accounts",
                "id": item.group_id,
                "type": GROUP_ID,
                "created_at": iso(item.created_at),
                "encoding": "none",
            }
        ],
        "cursor": cursor(found.url, limit, None),
    }


def _external_id(item: IdentifierItem) -> dict[str, Any]:
    return {
        "source_id": str(item.source_id),
        "collection": "users",
        "id": item.value,
        "type": item.type,
        "created_at": iso(item.created_at),
        "encoding": "none",
        "first_message_id": item.message_id,
    }


def events(found: Found, arguments: Arguments) -> dict[str, Any]:
    """Track events of the last 14 days, newest first unless `sort=asc`."""
    limit = arguments.limit(EVENTS, MOST_EVENTS)
    ascending = arguments.one_of("sort", ("asc", "desc")) == "asc"
    after = arguments.after(tuple[int, str])
    now = time.time_ns() // 1_000_000
    start = max(arguments.time("start") or 0, now - EVENT_DAYS * _DAY_MS)
    end = arguments.time("end")
    include, exclude = arguments.names("include"), arguments.names("exclude")
    detail = _person(found)
    store = event_store()
    if store is None:
        raise APIError("unavailable", "This process has no event store. Ask the one with the dashboard role.", 10)
    try:
        rows = store.profile_events(
            found.workspace_id,
            detail.ids,
            start,
            now + _DAY_MS if end is None else end,
            limit + 1,
            include=include,
            exclude=exclude,
            ascending=ascending,
            after=after,
        )
    except EventStoreError:
        raise APIError("unavailable", "The event store does not answer now. Come again in a few seconds.", 10) from None
    page = rows[:limit]
    last = (to_ms(page[-1].timestamp), page[-1].message_id) if len(rows) > limit else None
    return {"data": [_event(row) for row in page], "cursor": cursor(found.url, limit, last)}


def _event(message: StoredMessage) -> dict[str, Any]:
    ids = (("user_id", message.user_id), ("anonymous_id", message.anonymous_id))
    return {
        "external_ids": [
            {"collection": "users", "type": kind, "id": value, "encoding": "none"} for kind, value in ids if value
        ],
        "context": message.context or {},
        "type": message.type,
        "message_id": message.message_id,
        "source_id": str(message.source_id),
        "timestamp": iso(message.timestamp),
        "properties": message.properties or {},
        "event": message.event,
        "related": {"users": []},
    }


def metadata(found: Found, arguments: Arguments) -> dict[str, Any]:
    """`updated_at` is when a message last came, to the minute.

    The first and the last message are those that brought an identifier.
    """
    arguments.switch("verbose")
    item = _person(found).item
    links = sorted(item.identifiers, key=lambda one: one.created_at)
    ends = {"first": links[0], "last": links[-1]} if links else {}
    return {
        "metadata": {
            "created_at": iso(item.created_at),
            "updated_at": iso(item.last_seen_at),
            "expires_at": None,
            **{f"{end}_message_id": one.message_id for end, one in ends.items()},
            **{f"{end}_source_id": str(one.source_id) for end, one in ends.items()},
        }
    }


def account_metadata(found: Found, arguments: Arguments) -> dict[str, Any]:
    arguments.switch("verbose")
    item = _account(found).item
    return {
        "metadata": {
            "created_at": iso(item.created_at),
            "updated_at": iso(item.last_seen_at),
            "expires_at": None,
        }
    }


def links(found: Found, arguments: Arguments) -> dict[str, Any]:
    """The accounts that the person belongs to."""
    limit, start = arguments.limit(LINKS, LINKS), arguments.after(int) or 0
    joined = queries_accounts.accounts_of(found.workspace_id, _person(found).item.id)
    return {
        "data": [
            {
                "to_collection": "accounts",
                "external_ids": [
                    {
                        "collection": "accounts",
                        "id": item.group_id,
                        "type": GROUP_ID,
                        "created_at": iso(item.created_at),
                        "encoding": "none",
                    }
                ],
            }
            for item in joined[start : start + limit]
        ],
        "cursor": cursor(found.url, limit, start + limit if len(joined) > start + limit else None),
    }


def account_links(found: Found, arguments: Arguments) -> dict[str, Any]:
    """The people who belong to the account."""
    limit, after = arguments.limit(LINKS, LINKS), arguments.after(int) or 0
    people = queries_accounts.account_people(found.workspace_id, found.profile_id, limit=limit + 1, after=after)
    return {
        "data": [
            {"to_collection": "users", "external_ids": [_external_id(one) for one in item.identifiers]}
            for item in people[:limit]
        ],
        "cursor": cursor(found.url, limit, people[limit - 1].id if len(people) > limit else None),
    }


def _person(found: Found) -> queries.ProfileDetail:
    detail = queries.profile(found.workspace_id, found.profile_id)
    if detail is None:  # Deleted since it was looked up.
        raise APIError("not_found", "Profile was not found.")
    return detail


def _account(found: Found) -> queries_accounts.AccountDetail:
    detail = queries_accounts.account(found.workspace_id, found.profile_id)
    if detail is None:
        raise APIError("not_found", "Profile was not found.")
    return detail
