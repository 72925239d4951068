"""One person's messages as a page shows them: filtered, one page at a time, each with the detail that tells it apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.http import QueryDict

from pitcairn.connections.entries import Entry, accepted_entry
from pitcairn.eventstore.records import to_ms
from pitcairn.profiles.views.words import in_short

if TYPE_CHECKING:
    from pitcairn.eventstore import EventStore
    from pitcairn.eventstore.records import StoredMessage

PAGE = 50
MOST_CHOICES = 100
"""How many different events the filter offers; the search finds the others."""

TITLES = {"page": "Viewed a page", "screen": "Viewed a screen", "identify": "Identified", "group": "Joined a company"}
TYPE_CHOICES = {
    "track": "Track calls",
    "page": "Page views",
    "screen": "Screen views",
    "identify": "Identify calls",
    "group": "Group calls",
    "alias": "Alias calls",
}


@dataclass(frozen=True, kw_only=True)
class TimelineFilters:
    """What the reader wants to see, as the address of the page says it."""

    search: str = ""
    type: str = ""
    event: str = ""
    before: tuple[int, int, str] | None = None

    @classmethod
    def of(cls, query: QueryDict) -> TimelineFilters:
        """`show=track` is a type, `show=track:Order Completed` one event; what cannot be read does not filter."""
        kind, _, event = query.get("show", "").partition(":")
        known = kind in TYPE_CHOICES
        return cls(
            search=query.get("find", "").strip(),
            type=kind if known else "",
            event=event if known else "",
            before=_cursor(query.get("before", "")),
        )

    @property
    def show(self) -> str:
        return f"{self.type}:{self.event}" if self.event else self.type

    @property
    def any(self) -> bool:
        return bool(self.search or self.type)


@dataclass(frozen=True, kw_only=True)
class Choice:
    value: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """One page of messages; `older` is where the next one begins, "" at the end."""

    rows: Sequence[TimelineRow]
    older: str
    filters: TimelineFilters
    choices: Sequence[Choice]


@dataclass(frozen=True, kw_only=True)
class TimelineRow:
    """One message of the timeline: when the person did it, and the one detail that tells it from others like it."""

    entry: Entry
    at: datetime
    source: str
    detail: str

    @property
    def title(self) -> str:
        return self.entry.event or TITLES.get(self.entry.type, self.entry.type.capitalize())


def read_timeline(
    store: EventStore,
    workspace_id: int,
    profile_ids: Sequence[int],
    filters: TimelineFilters,
    *,
    sources: Mapping[int, str],
    destinations: Mapping[int, str],
) -> Timeline:
    """A page of the messages of these profiles. `sources` and `destinations` are the workspace's names by id."""
    found = store.timeline(
        workspace_id,
        profile_ids,
        PAGE + 1,
        type=filters.type,
        event=filters.event,
        search=filters.search,
        before=filters.before,
    )
    shown = found[:PAGE]
    return Timeline(
        rows=[
            TimelineRow(
                entry=(entry := accepted_entry(message, destinations)),
                at=message.timestamp,
                source=sources.get(message.source_id, ""),
                detail=_detail(entry),
            )
            for message in shown
        ],
        older=_cursor_text(shown[-1]) if len(found) > PAGE else "",
        filters=filters,
        choices=_choices(store.events_of(workspace_id, profile_ids, MOST_CHOICES), filters.show),
    )


def _choices(events: Sequence[tuple[str, str, int]], chosen: str) -> list[Choice]:
    """Every type that occurs, then every event by name; what is chosen stands there even when it never happened."""
    types: dict[str, int] = {}
    for kind, _, count in events:
        types[kind] = types.get(kind, 0) + count
    choices = [
        Choice(value=kind, label=f"{words} ({types[kind]:,})") for kind, words in TYPE_CHOICES.items() if kind in types
    ]
    named = sorted((event, kind, count) for kind, event, count in events if event and ":" not in kind)
    choices += [Choice(value=f"{kind}:{event}", label=f"{event} ({count:,})") for event, kind, count in named]
    if chosen and all(choice.value != chosen for choice in choices):
        kind, _, event = chosen.partition(":")
        choices.append(Choice(value=chosen, label=f"{event or TYPE_CHOICES[kind]} (0)"))
    return choices


def _cursor_text(message: StoredMessage) -> str:
    return f"{to_ms(message.timestamp)}.{to_ms(message.received_at)}.{message.message_id}"


def _cursor(text: str) -> tuple[int, int, str] | None:
    timestamp, _, rest = text.partition(".")
    received_at, _, message_id = rest.partition(".")
    if not all(part.isascii() and part.isdigit() and len(part) <= 15 for part in (timestamp, received_at)):
        return None
    return int(timestamp), int(received_at), message_id


def _detail(entry: Entry) -> str:
    content = entry.content if isinstance(entry.content, dict) else {}
    properties = _object(content.get("properties"))
    if {"experience", "personalized"} <= properties.keys():
        side = "personalized" if properties["personalized"] else "control"
        return f"{properties['experience']}: {properties.get('audienceSegment', '')}, {side}"
    if entry.type in {"identify", "group"}:
        return in_short(_object(content.get("traits")))
    page = _object(_object(content.get("context")).get("page"))
    path = str(properties.get("path") or page.get("path") or "")
    if entry.type == "page":
        return path
    return " on ".join(part for part in (in_short(properties), path) if part)


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
