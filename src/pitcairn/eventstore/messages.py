"""What the event store tells about single messages and refusals, and about what comes from sources."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from pitcairn.eventstore import browse_queries, delivery_queries, profile_queries
from pitcairn.eventstore.records import (
    EventDay,
    EventName,
    Refusal,
    SourceActivity,
    StoredMessage,
    from_ms,
    maybe_from_ms,
    to_ms,
)

_FOREVER_MS = 253_402_300_800_000
# How far back a newest-first query looks before it looks further.
_SPANS = (timedelta(hours=1), timedelta(days=1), timedelta(days=31))


class MessageReads:
    """The part of `EventStore` that reads messages and refusals, and counts them by source and name."""

    def _rows(self, query: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        raise NotImplementedError

    def messages(
        self,
        workspace_id: int,
        *,
        limit: int = 100,
        before: datetime | None = None,
        after: datetime | None = None,
        search: str = "",
        source_id: int | None = None,
        message_id: str | None = None,
        type: str | None = None,  # noqa: A002 - Segment's word, given by name
    ) -> list[StoredMessage]:
        """Accepted messages, newest received first, with `after` <= receivedAt < `before`.

        `search` is looked for, whatever its case, in names, ids, properties, traits and context.
        """
        parameters = {
            "workspace_id": workspace_id,
            "search": search,
            "source_id": source_id or 0,
            "message_id": message_id or "",
            "type": type or "",
        }
        return [_message(row) for row in self._newest(browse_queries.MESSAGES, parameters, limit, before, after)]

    def refusals(
        self,
        workspace_id: int,
        *,
        limit: int = 100,
        before: datetime | None = None,
        after: datetime | None = None,
        search: str = "",
        source_id: int | None = None,
        message_id: str | None = None,
        type: str | None = None,  # noqa: A002
        reason: str | None = None,
    ) -> list[Refusal]:
        """Messages that were not accepted, newest first; the filters are those of `messages`, and the reason."""
        parameters = {
            "workspace_id": workspace_id,
            "search": search,
            "source_id": source_id or 0,
            "message_id": message_id or "",
            "type": type or "",
            "reason": reason or "",
        }
        return [_refusal(row) for row in self._newest(browse_queries.REFUSALS, parameters, limit, before, after)]

    def timeline(
        self,
        workspace_id: int,
        profile_ids: Sequence[int],
        limit: int = 100,
        *,
        type: str = "",  # noqa: A002 - the wire's word
        event: str = "",
        search: str = "",
        before: tuple[int, int, str] | None = None,
    ) -> list[StoredMessage]:
        """The messages of these profiles, newest by their own timestamp first.

        `before` goes on after the last message of an earlier page: its timestamp and receipt (ms since 1970) and its id.
        """
        timestamp, received_at, message_id = before or (_FOREVER_MS, _FOREVER_MS, "")
        parameters = {
            "workspace_id": workspace_id,
            "profile_ids": list(profile_ids),
            "limit": limit,
            "type": type,
            "event": event,
            "search": search,
            "before": timestamp,
            "before_received": received_at,
            "before_id": message_id,
        }
        return [_message(row) for row in self._rows(browse_queries.TIMELINE, parameters)]

    def profile_events(
        self,
        workspace_id: int,
        profile_ids: Sequence[int],
        start: int,
        end: int,
        limit: int,
        *,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        ascending: bool = False,
        after: tuple[int, str] | None = None,
    ) -> list[StoredMessage]:
        """The Track messages of these profiles with `start` <= timestamp < `end` (ms since 1970), newest first or oldest.

        `include` and `exclude` are event names; `after` goes on after the timestamp and id of the last one seen.
        """
        beyond = (-1, "") if ascending else (_FOREVER_MS, "")
        at, message_id = after or beyond
        parameters = {
            "workspace_id": workspace_id,
            "profile_ids": list(profile_ids),
            "start": start,
            "end": end,
            "include": list(include),
            "exclude": list(exclude),
            "at": at,
            "message_id": message_id,
            "limit": limit,
        }
        text = profile_queries.EVENTS_OLDEST_FIRST if ascending else profile_queries.EVENTS_NEWEST_FIRST
        return [_message(row) for row in self._rows(text, parameters)]

    def events_of(self, workspace_id: int, profile_ids: Sequence[int], limit: int = 200) -> list[tuple[str, str, int]]:
        """What these profiles did: type, event and how often, the most frequent first."""
        parameters = {"workspace_id": workspace_id, "profile_ids": list(profile_ids), "limit": limit}
        return [(row[0], row[1], row[2]) for row in self._rows(browse_queries.EVENTS_OF_PROFILES, parameters)]

    def replayed(
        self, workspace_id: int, source_ids: Sequence[int], start: datetime, end: datetime, limit: int
    ) -> tuple[list[StoredMessage], datetime]:
        """The next messages received from `start` on, oldest first, and from where to go on; that is `end` at the end.

        A few more than `limit`: messages of one receipt stay together.
        """
        until = to_ms(end)
        parameters = {"workspace_id": workspace_id, "source_ids": list(source_ids), "start": to_ms(start)}
        found = self._rows(delivery_queries.REPLAY_PAGE_END, {**parameters, "end": until, "limit": limit})
        if found:
            until = max(found[0][0], to_ms(start) + 1)
        rows = self._rows(browse_queries.REPLAYED, {**parameters, "end": until})
        return [_message(row) for row in rows], from_ms(until)

    def source_activity(self, workspace_id: int) -> dict[int, SourceActivity]:
        """Each source from which anything ever came; the counts are of the last 24 hours."""
        parameters = {"workspace_id": workspace_id, "since": to_ms(datetime.now(UTC) - timedelta(hours=24))}
        accepted = {row[0]: row[1:] for row in self._rows(browse_queries.SOURCE_MESSAGES, parameters)}
        refused = {row[0]: row[1:] for row in self._rows(browse_queries.SOURCE_REFUSALS, parameters)}
        nothing = (None, 0)
        activity = {}
        for source_id in accepted.keys() | refused.keys():
            last_accepted, messages_24h = accepted.get(source_id, nothing)
            last_refused, refused_24h = refused.get(source_id, nothing)
            last = max(ms for ms in (last_accepted, last_refused) if ms is not None)
            activity[source_id] = SourceActivity(
                last_received_at=from_ms(last), messages_24h=messages_24h, refused_24h=refused_24h
            )
        return activity

    def event_names(self, workspace_id: int, limit: int = 1000) -> list[EventName]:
        """The Track events seen, most frequent first."""
        rows = self._rows(browse_queries.EVENT_NAMES, {"workspace_id": workspace_id, "limit": limit})
        return [EventName(event=event, count=count) for event, count in rows]

    def event_days(
        self, workspace_id: int, source_id: int, since: datetime, only: tuple[str, str] | None = None
    ) -> list[EventDay]:
        """How many messages the source sent on each UTC day since, by type and name; `only` one (type, name). In no order."""
        kind, event = only or ("", "")
        parameters = {
            "workspace_id": workspace_id,
            "source_id": source_id,
            "since": to_ms(since),
            "all": only is None,
            "type": kind,
            "event": event,
        }
        return [
            EventDay(type=kind, event=event, day=day, count=count)
            for kind, event, day, count in self._rows(browse_queries.EVENT_DAYS, parameters)
        ]

    def _newest(
        self,
        query: str,
        parameters: dict[str, Any],
        limit: int,
        before: datetime | None,
        after: datetime | None,
    ) -> list[tuple[Any, ...]]:
        """Run a newest-first query over a short span first and over longer ones only while rows are missing.

        Rows lie in order of person, not of time, but each part of a table knows its earliest and latest receipt: a
        short span opens the few newest parts, where everything at once would read a column of the whole workspace.
        """
        end = _FOREVER_MS if before is None else to_ms(before)
        floor = 0 if after is None else max(0, to_ms(after))
        now = min(end, to_ms(datetime.now(UTC)))
        rows: list[tuple[Any, ...]] = []
        for span in (*_SPANS, None):
            start = floor if span is None else max(floor, now - span // timedelta(milliseconds=1))
            if start < end:
                bounds = {"after": start, "before": end, "limit": limit - len(rows)}
                rows += self._rows(query, {**parameters, **bounds})
            if len(rows) >= limit or start <= floor:
                break
            end = min(end, start)
        return rows


def _json(text: str) -> Any:
    return msgspec.json.decode(text) if text else None


def _message(row: tuple[Any, ...]) -> StoredMessage:
    return StoredMessage(
        workspace_id=row[0],
        source_id=row[1],
        profile_id=row[2],
        batch=row[3],
        type=row[4],
        event=row[5],
        message_id=row[6],
        user_id=row[7],
        anonymous_id=row[8],
        timestamp=from_ms(row[9]),
        original_timestamp=maybe_from_ms(row[10]),
        sent_at=maybe_from_ms(row[11]),
        received_at=from_ms(row[12]),
        delivered_to=list(row[13]),
        filtered=_json(row[14]) or {},
        context=_json(row[15]),
        integrations=_json(row[16]),
        properties=_json(row[17]),
        traits=_json(row[18]),
        extra=_json(row[19]) or {},
        retry_count=row[20],
        routed_to=list(row[21]),
        violation=row[22],
    )


def _refusal(row: tuple[Any, ...]) -> Refusal:
    return Refusal(
        workspace_id=row[0],
        source_id=row[1],
        batch=row[2],
        received_at=from_ms(row[3]),
        reason=row[4],
        detail=row[5],
        type=row[6],
        event=row[7],
        message_id=row[8],
        user_id=row[9],
        anonymous_id=row[10],
        message=row[11],
    )
