"""A finished batch as rows of the event store. Times are seconds since 1970."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from pitcairn.edge.device import device
from pitcairn.experiments.internal_traffic import NOBODY, Internal, text
from pitcairn.pipeline.batch import Batch, Refused, Traveller
from pitcairn.profiles.identity import Person, current_traits

_encode = msgspec.json.Encoder().encode

_NOWHERE: list[int] = []

TAG_LIBRARY = "pitcairn-tag"
MOST_OF_A_NAME = 60
"""Characters of a library's name that are kept: anyone can send any name, and the column is for few different ones."""
VISIT_MS = 30 * 60_000
"""Who was first seen so long before is back, and not on the first visit."""

Rows = dict[str, list[Mapping[str, Any]]]

IDENTIFYING = frozenset({"user_id", "email", "android.idfa", "ios.idfa"})
"""Who has one of these is in audiences that leave out anonymous people."""


def rows_of(batch: Batch, internal: Internal = NOBODY) -> Rows:
    """The rows by table; tables without rows are left out. `internal` says whose exposures are of the workspace's own."""
    rows: Rows = {
        "messages": [_message(batch.number, traveller) for traveller in batch.travellers],
        "exposures": list(_exposures(batch, internal)),
        "merges": [
            {"workspace_id": w, "batch": batch.number, "loser_id": loser, "winner_id": winner, "merged_at": at / 1000}
            for w, loser, winner, at in batch.merges
        ],
        "refusals": [_refusal(batch.number, refused) for refused in batch.refused],
        "vitals": list(_vitals(batch)),
        "people": list(_people(batch)),
        "accounts": [
            {
                "workspace_id": w,
                "account_id": account,
                "batch": batch.number,
                "group_id": group,
                "traits": _json(traits),
            }
            for w, account, group, traits in batch.changed_accounts
        ],
    }
    return {table: values for table, values in rows.items() if values}


def stored(batch: Batch, rows: Rows) -> None:
    """Remembers the rows of people that the event store has now, so that they are not written again."""
    batch.people.stored.update((row["profile_id"], _content(row)) for row in rows.get("people", ()))


def person_row(person: Person, batch: int) -> Mapping[str, Any]:
    """The person as conditions see them."""
    return {
        "workspace_id": person.workspace_id,
        "profile_id": person.id,
        "batch": batch,
        "traits": _json({name: trait.value for name, trait in current_traits(person.traits).items()}),
        "identified": any(kind in IDENTIFYING for kind, _ in person.identifiers),
        "accounts": person.accounts,
        "alive": person.merged_into is None,
    }


def _people(batch: Batch) -> Iterator[Mapping[str, Any]]:
    """Most who were seen again are as they were."""
    for person in batch.changed_people.values():
        row = person_row(person, batch.number)
        if batch.people.stored.get(person.id) != _content(row):
            yield row


def _content(row: Mapping[str, Any]) -> int:
    return hash((row["traits"], row["identified"], row["alive"], *row["accounts"]))


def _message(batch: int, traveller: Traveller) -> Mapping[str, Any]:
    message, routing = traveller.message, traveller.routing
    return {
        "workspace_id": traveller.source.workspace_id,
        "source_id": traveller.source.id,
        "profile_id": _profile_id(traveller),
        "batch": batch,
        "type": message.type,
        "event": message.event,
        "message_id": message.message_id,
        "user_id": message.user_id,
        "anonymous_id": message.anonymous_id,
        "timestamp": message.timestamp / 1000,
        "original_timestamp": None if message.original_timestamp is None else message.original_timestamp / 1000,
        "sent_at": None if message.sent_at is None else message.sent_at / 1000,
        "received_at": message.received_at / 1000,
        "delivered_to": routing.delivered_to,
        "filtered": _encode(routing.filtered).decode() if routing.filtered else "",
        "context": _json(message.context),
        "integrations": _json(message.integrations),
        "properties": _json(message.properties),
        "traits": _json(message.traits),
        "extra": _json(message.extra or None),
        "retry_count": traveller.retry_count,
        "violation": traveller.violation.words if traveller.violation is not None else "",
        "routed_to": [sending.destination_id for sending in routing.sending] if routing.sending else _NOWHERE,
    }


def _exposures(batch: Batch, internal: Internal) -> Iterator[Mapping[str, Any]]:
    for traveller in batch.travellers:
        exposure = traveller.exposure
        if exposure is None or traveller.routing.personalize is None:
            continue
        message = traveller.message
        context = message.context or {}
        agent = device(text(context.get("userAgent")))
        yield {
            "workspace_id": traveller.source.workspace_id,
            "batch": batch.number,
            "experience_id": exposure.experience_id,
            "segment_id": exposure.segment_id,
            "variation_id": exposure.variation_id,
            "personalized": exposure.personalized,
            "visitor": exposure.visitor,
            "profile_id": _profile_id(traveller),
            "message_id": message.message_id,
            "timestamp": message.timestamp / 1000,
            "received_at": message.received_at / 1000,
            "page_url": exposure.page_url,
            "browser": agent.browser,
            "device": agent.type,
            "route": _route(context),
            "returning": _returning(traveller),
            "bot": agent.type == "bot",
            "internal": internal.is_internal(
                traveller.source.workspace_id, text(context.get("ip")), _traits(traveller.person)
            ),
            "reason": exposure.reason,
        }


def _route(context: Mapping[str, Any]) -> str:
    """Who reported the exposure: `tag`, or the library by its name."""
    library = context.get("library")
    name = text(library.get("name")) if isinstance(library, dict) else ""
    return "tag" if name == TAG_LIBRARY else name[:MOST_OF_A_NAME]


def _returning(traveller: Traveller) -> bool:
    """Whether the person was known before this visit."""
    person = traveller.person
    return person is not None and person.created_at < traveller.message.timestamp - VISIT_MS


def _traits(person: Person | None) -> Mapping[str, Any]:
    return {} if person is None else {name: trait.value for name, trait in current_traits(person.traits).items()}


def _vitals(batch: Batch) -> Iterator[Mapping[str, Any]]:
    for seen in batch.vitals:
        view = seen.vitals
        for experience in view.experiences:
            yield {
                "workspace_id": seen.workspace_id,
                "batch": batch.number,
                "experience_id": experience.experience_id,
                "variation_id": experience.variation_id,
                "received_at": seen.received_at / 1000,
                "page": view.page,
                "share": view.share,
                "hidden_ms": experience.hidden_ms,
                "shift": experience.shift,
                "lcp_ms": view.lcp_ms,
                "late": experience.late,
                "complete": experience.complete and experience.found is not None,
                "found": experience.found or [],
                "missing": experience.missing,
            }


def _refusal(batch: int, refused: Refused) -> Mapping[str, Any]:
    refusal = refused.refusal
    return {
        "workspace_id": refused.source.workspace_id,
        "source_id": refused.source.id,
        "batch": batch,
        "received_at": refused.received_at / 1000,
        "reason": refusal.reason,
        "detail": refusal.detail,
        "type": refusal.type,
        "event": refusal.event,
        "message_id": refusal.message_id,
        "user_id": refusal.user_id,
        "anonymous_id": refusal.anonymous_id,
        "message": refused.text.decode("utf-8", "replace"),
    }


def _profile_id(traveller: Traveller) -> int:
    """The profile as of this message: one that went into another later is found by its merge, which may be undone.

    0 for a message about nobody: an alias, or only blocked ids.
    """
    return traveller.person.id if traveller.person is not None else 0


def _json(value: Mapping[str, Any] | None) -> str:
    """JSON text; empty when the message had no such field."""
    return "" if value is None else _encode(value).decode()
