"""The debugger: messages as they come in, the refused ones with the reason, and each one as JSON."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.http import require_GET

from pitcairn.connections import queries
from pitcairn.connections.entries import ACCEPTED, REFUSED, Entry, Filters, find, latest
from pitcairn.dashboard import live
from pitcairn.dashboard.requests import MemberRequest
from pitcairn.dashboard.stores import event_store
from pitcairn.dashboard.times import from_ms
from pitcairn.eventstore.records import to_ms
from pitcairn.wire.message import TYPES

PAGE = 50
BURST = 50
"""At most so many rows at once: a live sample that can be read, not a copy of the stream."""
STEP_SECONDS = 1.0
OVERLAP = timedelta(seconds=30)
"""Messages become visible in the order they are processed, which is not quite the order they came in."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """An entry with the name of its source and the address that shows it beside the list."""

    entry: Entry
    source: str
    link: str
    known: bool


@require_GET
def page(request: MemberRequest) -> HttpResponse:
    store = event_store()
    filters = _filters(request)
    names = queries.source_names(request.workspace.id)
    before = _moment(request.GET.get("before", ""))
    entries: list[Entry] = []
    if store is not None:
        destinations = queries.destination_names(request.workspace.id)
        entries = latest(store, request.workspace.id, filters, destinations=destinations, limit=PAGE + 1, before=before)
    chosen = find(store, request.workspace.id, request.GET["message"]) if store and request.GET.get("message") else None
    context: dict[str, Any] = {
        "no_store": store is None,
        "filters": filters,
        "rows": _rows(entries[:PAGE], names, _query(request, "message", "paused")),
        "sources": sorted(names.items(), key=lambda item: item[1]),
        "types": sorted(TYPES),
        "results": [("", "Everything"), (ACCEPTED, "Accepted"), (REFUSED, "Refused")],
        "paused": "paused" in request.GET,
        "live": store is not None and before is None and "paused" not in request.GET,
        "before": before,
        "older": to_ms(entries[PAGE - 1].received_at) if len(entries) > PAGE else None,
        "stream_query": _stream_query(request, entries),
        "chosen": _row(chosen, names, "") if chosen else None,
        "asked": bool(request.GET.get("message")),
    }
    if request.headers.get("HX-Request") == "true" and request.headers.get("HX-Target", "").endswith("detail"):
        return render(request, "connections/parts/message.html", context)
    return render(request, "connections/debugger.html", context)


@require_GET
def stream(request: MemberRequest) -> HttpResponseBase:
    """Rows of the messages that come in after `since`, as server-sent events.

    The view itself is synchronous, so that it may ask the SQL store; only the body it returns runs in the event loop.
    """
    store = event_store()
    if store is None:
        return HttpResponse(status=204)  # tells the browser not to come back
    since = _moment(request.headers.get("Last-Event-ID", "")) or _moment(request.GET.get("since", ""))
    workspace_id, filters = request.workspace.id, _filters(request)
    names, destinations = queries.source_names(workspace_id), queries.destination_names(workspace_id)
    query = _query(request, "since", "before", "message", "paused")

    def rows(entries: list[Entry]) -> list[Row]:
        return _rows(entries, names, query)

    def ask(after: datetime) -> list[Entry]:
        return latest(store, workspace_id, filters, destinations=destinations, limit=BURST, after=after)

    return live.stream(_arriving(ask, since or datetime.now(UTC), rows))


async def _arriving(
    ask: Callable[[datetime], list[Entry]], since: datetime, rows: Callable[[list[Entry]], list[Row]]
) -> AsyncIterator[live.Event | None]:
    """The rows of new messages, newest first; None when nothing came in a step.

    `ask` runs in a thread of the event loop's pool, which nothing would ever take a SQL connection back from.
    """
    seen: dict[str, datetime] = {}
    first = True
    while True:
        entries = await asyncio.to_thread(ask, since - OVERLAP)
        # The page already shows what came up to `since`.
        fresh = [entry for entry in entries if entry.key not in seen and (not first or entry.received_at > since)]
        first = False
        seen.update((entry.key, entry.received_at) for entry in entries)
        since = max([since, *(entry.received_at for entry in entries)])
        seen = {key: at for key, at in seen.items() if at >= since - 2 * OVERLAP}
        yield _event(rows(fresh), since) if fresh else None
        await live.pause(STEP_SECONDS)


def _event(rows: list[Row], since: datetime) -> live.Event:
    html = render_to_string("connections/parts/rows.html", {"rows": rows, "fresh": True})
    return live.Event(html=html, id=str(to_ms(since)))


def _filters(request: MemberRequest) -> Filters:
    source = request.GET.get("source", "")
    kind = request.GET.get("type", "")
    result = request.GET.get("result", "")
    return Filters(
        search=request.GET.get("q", "").strip(),
        source_id=int(source) if source.isdigit() and len(source) < 10 else None,
        type=kind if kind in TYPES else "",
        result=result if result in {ACCEPTED, REFUSED} else "",
    )


def _stream_query(request: MemberRequest, entries: list[Entry]) -> str:
    """The reader's filters, and from when on rows are new."""
    since = str(to_ms(entries[0].received_at if entries else datetime.now(UTC)))
    return "&".join(filter(None, [_query(request, "before", "paused", "message"), f"since={since}"]))


def _query(request: MemberRequest, *without: str) -> str:
    query = request.GET.copy()
    for name in without:
        query.pop(name, None)
    return query.urlencode()


def _moment(text: str) -> datetime | None:
    return from_ms(int(text)) if text.isdigit() and len(text) <= 13 else None


def _row(entry: Entry, names: dict[int, str], query: str) -> Row:
    link = "&".join(filter(None, [query, urlencode({"message": entry.key})]))
    source = names.get(entry.source_id, "Unknown source")
    return Row(entry=entry, source=source, link=f"?{link}", known=entry.source_id in names)


def _rows(entries: list[Entry], names: dict[int, str], query: str) -> list[Row]:
    return [_row(entry, names, query) for entry in entries]
