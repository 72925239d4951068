"""What the debugger lists: accepted messages and refused ones as one sequence, newest first."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from pitcairn.connections.queries import destination_names
from pitcairn.connections.registry import catalog
from pitcairn.eventstore.records import from_ms, to_ms
from pitcairn.wire.reasons import DropReason

if TYPE_CHECKING:
    from pitcairn.eventstore import EventStore
    from pitcairn.eventstore.records import Refusal, StoredMessage

ACCEPTED, REFUSED = "accepted", "refused"

DELETED = "a deleted destination"

FILTERED_WORDS = {
    "FILTERED_BY_INTEGRATIONS_OBJECT": "the message's integrations object leaves it out",
    "MESSAGE_SENT_CLIENT_SIDE": "the browser sent it there itself",
    "UNSUPPORTED_EVENT_TYPE": "it does not take this type of call",
    "INVALID_SETTINGS": "a required setting is missing",
    "FILTERED_BY_RULES": "its filters leave it out",
    "FILTERED_AT_MAPPING": "its mapping cannot be read",
    "NO_MATCHING_MAPPING": "it is set to send other messages",
}


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What the reader wants to see; every part of it stands in the address of the page."""

    search: str = ""
    source_id: int | None = None
    type: str = ""
    result: str = ""

    @property
    def any(self) -> bool:
        return bool(self.search or self.source_id or self.type or self.result)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a message at one destination, in words; `kind` is ok, quiet or bad."""

    words: str
    kind: str
    explanation: str = ""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A message as a row of the debugger. `key` finds it again; `raw` is what came when it was refused."""

    key: str
    received_at: datetime
    type: str
    event: str
    user_id: str
    anonymous_id: str
    source_id: int
    refused: bool
    outcomes: tuple[Outcome, ...]
    message_id: str
    profile_id: int
    content: Any
    raw: str
    violation: str = ""
    """How it breaks the tracking plan, though it was taken."""

    @property
    def pretty(self) -> str:
        """The message as indented JSON; as it came, when it is no JSON."""
        return self.raw if self.content is None else json.dumps(self.content, indent=2, ensure_ascii=False)

    @property
    def title(self) -> str:
        """The event or the name; the path of a page without one; the type where there is nothing to tell."""
        return self.event or (self.type == "page" and self._path) or self.type.capitalize() or "Unreadable"

    @property
    def _path(self) -> str:
        found: Any = self.content
        for name in ("properties", "path"):
            found = found.get(name) if isinstance(found, dict) else None
        return found if isinstance(found, str) else ""

    @property
    def dom_id(self) -> str:
        return f"m-{hashlib.sha256(self.key.encode()).hexdigest()[:16]}"


def latest(
    store: EventStore,
    workspace_id: int,
    filters: Filters,
    *,
    destinations: Mapping[int, str],
    limit: int,
    before: datetime | None = None,
    after: datetime | None = None,
) -> list[Entry]:
    """At most `limit` entries with `after` <= receivedAt < `before`, newest first.

    `destinations` are the names of the workspace's, by id. Asks the event store alone, so that any thread may call it.
    """
    window: dict[str, Any] = {"limit": limit, "before": before, "after": after}
    wanted: dict[str, Any] = {
        "search": filters.search, "source_id": filters.source_id, "type": filters.type or None,
    }  # fmt: skip
    entries: list[Entry] = []
    if filters.result != REFUSED:
        entries += [
            accepted_entry(message, destinations) for message in store.messages(workspace_id, **window, **wanted)
        ]
    if filters.result != ACCEPTED:
        entries += [refused_entry(refusal) for refusal in store.refusals(workspace_id, **window, **wanted)]
    return sorted(entries, key=lambda entry: entry.received_at, reverse=True)[:limit]


def find(store: EventStore, workspace_id: int, key: str) -> Entry | None:
    """The entry with this key, or None."""
    kind, _, rest = key.partition(":")
    if kind == ACCEPTED:
        found = store.messages(workspace_id, limit=1, message_id=rest)
        return accepted_entry(found[0], destination_names(workspace_id)) if found else None
    moment, _, digest = rest.partition(":")
    if kind != REFUSED or not moment.isdigit():
        return None
    at = from_ms(int(moment))
    around = store.refusals(workspace_id, limit=5000, after=at, before=at + timedelta(milliseconds=1))
    return next((refused_entry(refusal) for refusal in around if _digest(refusal) == digest), None)


def accepted_entry(message: StoredMessage, names: Mapping[int, str]) -> Entry:
    """`names` are those of the workspace's destinations, by id."""
    return Entry(
        key=f"{ACCEPTED}:{message.message_id}",
        received_at=message.received_at,
        type=message.type,
        event=message.event,
        user_id=message.user_id,
        anonymous_id=message.anonymous_id,
        source_id=message.source_id,
        refused=False,
        outcomes=tuple(_outcomes(message, names)),
        message_id=message.message_id,
        profile_id=message.profile_id,
        content=message.as_segment(),
        raw="",
        violation=message.violation,
    )


def refused_entry(refusal: Refusal) -> Entry:
    return Entry(
        key=f"{REFUSED}:{to_ms(refusal.received_at)}:{_digest(refusal)}",
        received_at=refusal.received_at,
        type=refusal.type,
        event=refusal.event,
        user_id=refusal.user_id,
        anonymous_id=refusal.anonymous_id,
        source_id=refusal.source_id,
        refused=True,
        outcomes=(_refused_outcome(refusal),),
        message_id=refusal.message_id,
        profile_id=0,
        content=_json_or_none(refusal.message),
        raw=refusal.message,
    )


def reason_words(reason: str) -> str:
    """`no_user_anon_id` as words for a narrow column."""
    return REASON_WORDS.get(reason) or reason.replace("_", " ").capitalize()


REASON_WORDS: dict[str, str] = {
    DropReason.NO_USER_ANON_ID: "Names nobody",
    DropReason.ID_REQUIRED: "Id missing",
    DropReason.ID_NOT_STRING: "Id is not text",
    DropReason.EVENT_NOT_DEFINED: "No event name",
    DropReason.EVENT_NOT_STRING: "Event name is not text",
    DropReason.PROPERTIES_NOT_OBJECT: "Properties are no object",
    DropReason.TRAITS_NOT_OBJECT: "Traits are no object",
    DropReason.CONTEXT_NOT_OBJECT: "Context is no object",
    DropReason.INTEGRATIONS_NOT_OBJECT: "Integrations are no object",
    DropReason.NAME_NOT_STRING: "Name is not text",
    DropReason.CATEGORY_NOT_STRING: "Category is not text",
    DropReason.MESSAGE_ID_NOT_STRING: "Message id is not text",
    DropReason.TYPE_UNKNOWN: "Unknown type",
    DropReason.MESSAGE_NOT_OBJECT: "Not an object",
    DropReason.DUPLICATE_MESSAGE: "Duplicate",
    DropReason.MALFORMED_JSON: "Not JSON",
    DropReason.MULTI_USER_ERROR: "Part of a batch refused",
    DropReason.SCHEMA_VIOLATION: "Breaks its rule",
    DropReason.COMMON_SCHEMA_VIOLATION: "Breaks the common rule",
    DropReason.UNPLANNED: "Not planned",
    DropReason.UNPLANNED_AND_SCHEMA_VIOLATION: "Not planned, breaks the common rule",
}


def _outcomes(message: StoredMessage, names: Mapping[int, str]) -> list[Outcome]:
    entries = catalog()
    outcomes = [
        Outcome(words=f"{entries[slug].manifest.name if slug in entries else slug}", kind="ok")
        for slug in message.delivered_to
    ]
    for destination_id in message.routed_to:
        name = names.get(destination_id, DELETED)
        outcomes.append(Outcome(words=f"to {name}", kind="ok", explanation=f"Queued for {name}."))
    for destination, reason in message.filtered.items():
        name = filtered_name(destination, names)
        why = FILTERED_WORDS.get(reason) or reason.replace("_", " ").lower()
        outcomes.append(Outcome(words=f"not {name}", kind="quiet", explanation=f"Not given to {name}: {why}."))
    return outcomes


def filtered_name(destination: str, names: Mapping[int, str]) -> str:
    """The name of a destination in `StoredMessage.filtered`: an id, or in messages of earlier versions a catalog slug."""
    if destination.isdigit():
        return names.get(int(destination), DELETED)
    entry = catalog().get(destination)
    return entry.manifest.name if entry else destination


def _refused_outcome(refusal: Refusal) -> Outcome:
    # The same exposure arrives once from the tag and once through analytics.js; the second is no fault of anybody's.
    kind = "quiet" if refusal.reason == DropReason.DUPLICATE_MESSAGE else "bad"
    return Outcome(words=reason_words(refusal.reason), kind=kind, explanation=_explanation(refusal))


def _explanation(refusal: Refusal) -> str:
    try:
        text = DropReason(refusal.reason).explanation
    except ValueError:
        text = ""
    return " ".join(part for part in (text, refusal.detail) if part)


def _digest(refusal: Refusal) -> str:
    text = "\x1f".join([str(refusal.batch), refusal.reason, refusal.detail, refusal.message_id, refusal.message])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _json_or_none(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
