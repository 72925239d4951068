"""What a source sends: its events, and one event with its properties."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from pitcairn.connections import queries
from pitcairn.connections.event_days import Bar, day_charts, last_days, trend
from pitcairn.connections.queries import SourceItem
from pitcairn.connections.schema import reading
from pitcairn.connections.schema.reading import SeenEventItem
from pitcairn.connections.schema.recording import MOST_EVENTS
from pitcairn.connections.tracking_plans import queries as plan_queries
from pitcairn.connections.tracking_plans.queries import PlanItem, ViolationItem
from pitcairn.connections.tracking_plans.rules import title_of
from pitcairn.dashboard.requests import MemberRequest
from pitcairn.dashboard.stores import event_store

PAGE = 100
WEEK = 7
TYPES = ("track", "identify", "group", "page", "screen")


@dataclass(frozen=True, kw_only=True)
class Row:
    """An event as the list shows it: `week` are the messages of the last 7 days, `state` what the plan says of it."""

    event: SeenEventItem
    title: str
    bars: list[Bar]
    week: int
    state: str
    problems: int


_SORTS: dict[str, tuple[str, Callable[[Row], Any]]] = {
    "name": ("Event", lambda row: (row.title.casefold(), row.event.type)),
    "week": ("Last 7 days", lambda row: (-row.week, -row.event.count)),
    "count": ("In all", lambda row: -row.event.count),
    "first": ("First seen", lambda row: -row.event.first_seen_at),
    "last": ("Last seen", lambda row: -row.event.last_seen_at),
}
DEFAULT_SORT = "week"


@require_GET
def event_list(request: MemberRequest, source_id: int) -> HttpResponse:
    source = _source(request, source_id)
    seen = reading.events(request.workspace.id, source_id)
    plan = plan_queries.plan_of_source(request.workspace.id, source_id)
    search, kind = request.GET.get("q", "").strip(), request.GET.get("type", "")
    sort = request.GET.get("sort", "")
    sort = sort if sort in _SORTS else DEFAULT_SORT
    rows = _rows(request, source_id, seen, plan)
    chosen = sorted(
        (
            row
            for row in rows
            if search.casefold() in row.title.casefold() and (kind not in TYPES or row.event.type == kind)
        ),
        key=_SORTS[sort][1],
    )
    number = _page_number(request, len(chosen))
    context = {
        "source": source,
        "plan": plan,
        "rows": chosen[number * PAGE : (number + 1) * PAGE],
        "found": len(chosen),
        "total": len(rows),
        "search": search,
        "type": kind,
        "types": sorted({event.type for event in seen}, key=TYPES.index),
        "sort": sort,
        "columns": {key: words for key, (words, _) in _SORTS.items()},
        "is_full": reading.is_full(seen),
        "most": MOST_EVENTS,
        "no_store": event_store() is None,
        "previous": number or None,
        "next": number + 2 if (number + 1) * PAGE < len(chosen) else None,
        "unplanned": sum(row.state == "unplanned" for row in rows),
    }
    return render(request, "connections/schema.html", context)


@require_GET
def event(request: MemberRequest, source_id: int, event_id: int) -> HttpResponse:
    source = _source(request, source_id)
    detail = reading.event_detail(request.workspace.id, source_id, event_id)
    if detail is None:
        raise Http404
    plan = plan_queries.plan_of_source(request.workspace.id, source_id)
    counts = _days(request, source_id, only=(detail.type, detail.event)).get((detail.type, detail.event), {})
    days = last_days(datetime.now(UTC).date())
    context = {
        "source": source,
        "event": detail,
        "title": title_of(detail.type, detail.event),
        "properties": detail.properties,
        "about_traits": detail.type in {"identify", "group"},
        "plan": plan,
        "planned": plan is not None and plan.plans(detail.type, detail.event),
        "rule": plan.rule(detail.type, detail.event) if plan else None,
        "violations": _violations_of(request, source_id, plan, detail),
        "charts": day_charts(counts, days) if counts else [],
        "days": [(day, counts[day]) for day in reversed(days) if counts.get(day)],
        "recent": sum(counts.values()),
        "no_store": event_store() is None,
    }
    return render(request, "connections/schema_event.html", context)


@require_POST
def forget(request: MemberRequest, source_id: int, event_id: int) -> HttpResponse:
    _source(request, source_id)
    detail = reading.event_detail(request.workspace.id, source_id, event_id)
    if detail is None or not reading.forget_event(request.workspace.id, source_id, event_id):
        raise Http404
    title = title_of(detail.type, detail.event)
    messages.success(
        request, f"{title} is out of the schema. Its messages are kept, and it comes back when it is sent again."
    )
    return redirect("connections:source-schema", source_id)


def _rows(request: MemberRequest, source_id: int, seen: list[SeenEventItem], plan: PlanItem | None) -> list[Row]:
    days = last_days(datetime.now(UTC).date())
    counts = _days(request, source_id)
    week = days[-WEEK:]
    problems: dict[tuple[str, str], int] = defaultdict(int)
    for violation in _violations_of(request, source_id, plan):
        if violation.reason != "unplanned":
            problems[violation.type, violation.event] = max(problems[violation.type, violation.event], violation.count)
    rows = []
    for one in seen:
        key = (one.type, one.event)
        by_day = counts.get(key, {})
        state = ""
        if plan is not None:
            state = "broken" if problems[key] else "planned" if plan.plans(*key) else "unplanned"
            if state == "unplanned" and not plan.plans_type(one.type):
                state = "outside"
        rows.append(
            Row(
                event=one,
                title=title_of(*key),
                bars=trend(by_day, days),
                week=sum(by_day.get(day, 0) for day in week),
                state=state,
                problems=problems[key],
            )
        )
    return rows


def _violations_of(
    request: MemberRequest, source_id: int, plan: PlanItem | None, of: SeenEventItem | None = None
) -> list[ViolationItem]:
    """Those of the plan that the source follows now."""
    if plan is None:
        return []
    found = plan_queries.violations(request.workspace.id, plan_id=plan.id, source_id=source_id)
    return [one for one in found if of is None or (one.type, one.event) == (of.type, of.event)]


def _days(
    request: MemberRequest, source_id: int, only: tuple[str, str] | None = None
) -> dict[tuple[str, str], dict[date, int]]:
    """Messages by (type, name) and day, of the days that are shown."""
    store = event_store()
    counts: dict[tuple[str, str], dict[date, int]] = {}
    if store is not None:
        first = datetime.combine(last_days(datetime.now(UTC).date())[0], time(), UTC)
        for one in store.event_days(request.workspace.id, source_id, first, only):
            counts.setdefault((one.type, one.event), {})[one.day] = one.count
    return counts


def _page_number(request: MemberRequest, found: int) -> int:
    text = request.GET.get("page", "")
    number = int(text) - 1 if text.isdigit() and len(text) < 6 else 0
    return min(max(0, number), max(0, (found - 1) // PAGE))


def _source(request: MemberRequest, source_id: int) -> SourceItem:
    source = queries.source(request.workspace.id, source_id)
    if source is None:
        raise Http404
    return source
