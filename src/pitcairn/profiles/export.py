"""Everything that is known of one person, as JSON: for them to have, or to move it elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pitcairn.connections.queries import source_names
from pitcairn.dashboard.times import from_ms
from pitcairn.engage.queries import MembershipItem, memberships_of
from pitcairn.eventstore.records import StoredMessage, iso, to_ms
from pitcairn.experiences.queries import experience_outlines
from pitcairn.profiles import queries, queries_accounts, queries_merges

if TYPE_CHECKING:
    from pitcairn.eventstore import EventStore

MESSAGES_AT_ONCE = 1_000


def export_person(workspace_id: int, profile_id: int, store: EventStore | None) -> dict[str, Any] | None:
    """The person's identifiers, traits, accounts, memberships, experiences, merges and every message; None when there is none.

    Messages are as Segment spells them, newest first; without an event store `messages` is null. Raises `EventStoreError`.
    """
    detail = queries.profile(workspace_id, profile_id)
    if detail is None:
        return None
    sources = source_names(workspace_id)
    outlines = {outline.id: outline.name for outline in experience_outlines(workspace_id)}
    memberships = memberships_of(profile_id)
    return {
        "exportedAt": iso(datetime.now(UTC)),
        "id": detail.item.id,
        "createdAt": iso(detail.item.created_at),
        "lastSeenAt": iso(detail.item.last_seen_at),
        "identifiers": [
            {
                "type": item.type,
                "value": item.value,
                "createdAt": iso(item.created_at),
                "source": sources.get(item.source_id, ""),
                "messageId": item.message_id,
            }
            for item in detail.item.identifiers
        ],
        "traits": [
            {
                "name": trait.name,
                "value": trait.value,
                "setAt": iso(trait.set_at),
                "source": sources.get(trait.source_id, ""),
            }
            for trait in detail.traits
        ],
        "accounts": [
            {"groupId": item.group_id, "traits": {name: trait.value for name, trait in item.traits.items()}}
            for item in queries_accounts.accounts_of(workspace_id, profile_id)
        ],
        "audiences": [_membership(item) for item in memberships if item.kind == "audience"],
        "computedTraits": [_membership(item) for item in memberships if item.kind != "audience"],
        "experiences": [
            {
                "name": outlines.get(one.experience_id, ""),
                "personalized": one.personalized,
                "assignedAt": iso(one.assigned_at),
            }
            for one in detail.assignments
        ],
        "merges": [
            {
                "loserId": merge.loser_id,
                "winnerId": merge.winner_id,
                "mergedAt": iso(merge.merged_at),
                "messageId": merge.message_id,
                "undoneAt": None if merge.undone_at is None else iso(merge.undone_at),
            }
            for merge in queries_merges.merges_of(workspace_id, profile_id)
        ],
        "messages": None
        if store is None
        else [message.as_segment() for message in _messages(store, workspace_id, detail.ids)],
    }


def _membership(item: MembershipItem) -> dict[str, Any]:
    return {
        "name": item.name,
        "key": item.key,
        "value": item.value,
        "since": iso(from_ms(item.since)),
        "before": [
            {"value": past.value, "since": iso(from_ms(past.since)), "until": iso(from_ms(past.until))}
            for past in item.history
        ],
    }


def _messages(store: EventStore, workspace_id: int, profile_ids: tuple[int, ...]) -> Iterator[StoredMessage]:
    before: tuple[int, int, str] | None = None
    while True:
        page = store.timeline(workspace_id, profile_ids, MESSAGES_AT_ONCE, before=before)
        yield from page
        if len(page) < MESSAGES_AT_ONCE:
            return
        last = page[-1]
        before = (to_ms(last.timestamp), to_ms(last.received_at), last.message_id)
