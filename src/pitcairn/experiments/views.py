"""The results page, live, and its numbers to take along."""

import asyncio
import csv
import io
import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.text import slugify
from django.views.decorators.http import require_GET

from pitcairn.dashboard import live
from pitcairn.dashboard.requests import MemberRequest
from pitcairn.dashboard.stores import event_store
from pitcairn.eventstore import EventStore
from pitcairn.experiences.pages import found, page_context
from pitcairn.experiences.queries import ExperienceOutline
from pitcairn.experiments.asking import Asked, asked_of
from pitcairn.experiments.page import fingerprint, results_context
from pitcairn.experiments.queries import goals_of
from pitcairn.experiments.result_values import ExperienceResults
from pitcairn.experiments.results import count, results
from pitcairn.experiments.results_json import COLUMNS, rows
from pitcairn.experiments.statements import statements

# Between two looks at whether anything came, while somebody has the page open.
REFRESH_SECONDS = 1.0
# A count is not made anew before so many times what the last one took: looking never costs more than a quarter of a core.
REST_FACTOR = 3.0
# What the line above the results counts.
NOW = timedelta(minutes=30)
_TEXTS = frozenset({"goal", "role", "audience_segment", "breakdown", "part", "arm"})
_COUNTS = frozenset({"visitors", "converted"})


@require_GET
def results_page(request: MemberRequest, experience_id: int) -> HttpResponse:
    experience = found(request, experience_id)
    store = event_store()
    context = page_context(experience, "results")
    if store is None:
        return render(request, "experiments/results.html", context | {"no_store": True})
    counted = results(experience_id, store, datetime.now(UTC))
    context |= results_context(counted, request.GET.get("goal", ""), _page(experience_id))
    if context.get("live"):
        context |= _now(experience, store, request.GET.get("goal", ""))
    return render(request, "experiments/results.html", context)


@require_GET
def results_now(request: MemberRequest, experience_id: int) -> HttpResponse:
    """What came within the last half hour, which the page asks for every second while somebody looks: results of many
    events take longer than that to count."""
    experience = found(request, experience_id)
    store = event_store()
    if store is None:
        raise Http404
    return render(request, "experiments/parts/now.html", _now(experience, store, request.GET.get("goal", "")))


@require_GET
def results_stream(request: MemberRequest, experience_id: int) -> HttpResponseBase:
    """The body of the results page anew, whenever the counts have changed, as server-sent events.

    The view is synchronous, so that it may ask the SQL store; the body it returns asks the event store alone.
    """
    experience = found(request, experience_id)
    store = event_store()
    if store is None:
        return HttpResponse(status=204)  # tells the browser not to come back
    asked = asked_of(experience, datetime.now(UTC))
    return live.stream(_changes(asked, store, request.GET.get("goal", ""), request.GET.get("seen", "")))


@require_GET
def results_json(request: MemberRequest, experience_id: int) -> HttpResponse:
    experience, counted = _results(request, experience_id)
    text = json.dumps(counted.as_json(), indent=2, ensure_ascii=False)
    return _download(text, "application/json", experience, "json")


@require_GET
def results_csv(request: MemberRequest, experience_id: int) -> HttpResponse:
    experience, counted = _results(request, experience_id)
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    writer.writerows({key: _harmless(value) for key, value in row.items()} for row in rows(counted))
    return _download(text.getvalue(), "text/csv; charset=utf-8", experience, "csv")


@require_GET
def results_parquet(request: MemberRequest, experience_id: int) -> HttpResponse:
    experience, counted = _results(request, experience_id)
    schema = pa.schema([
        (name, pa.string() if name in _TEXTS else pa.int64() if name in _COUNTS else pa.float64()) for name in COLUMNS
    ])  # fmt: skip
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(rows(counted)), schema=schema), sink)
    return _download(sink.getvalue(), "application/vnd.apache.parquet", experience, "parquet")


@require_GET
def results_sql(request: MemberRequest, experience_id: int) -> HttpResponse:
    """The queries behind every number, with their values filled in, to be run as they are."""
    experience = found(request, experience_id)
    context = page_context(experience, "results")
    return render(
        request, "experiments/sql.html", context | {"statements": statements(asked_of(experience, datetime.now(UTC)))}
    )


def _results(request: MemberRequest, experience_id: int) -> tuple[ExperienceOutline, ExperienceResults]:
    experience = found(request, experience_id)
    store = event_store()
    if store is None:
        raise Http404
    return experience, results(experience_id, store, datetime.now(UTC))


def _now(experience: ExperienceOutline, store: EventStore, goal: str) -> dict[str, Any]:
    chosen = goals_of(experience.id)
    asked = asked_of(experience, datetime.now(UTC), [one for one in chosen if one.name == goal] or chosen[:1])
    views, reached = store.results_since(asked.query, asked.now - NOW)
    return {
        "recent_views": views,
        "recent_reached": reached,
        "recent_minutes": round(NOW.total_seconds() / 60),
    }


def _harmless(value: Any) -> Any:
    """Text that a spreadsheet would run as a formula is kept from it: names come from whoever may send events."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value


def _download(body: str | bytes, content_type: str, experience: ExperienceOutline, suffix: str) -> HttpResponse:
    name = slugify(experience.name) or f"experience-{experience.id}"
    response = HttpResponse(body, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}-results.{suffix}"'
    return response


async def _changes(asked: Asked, store: EventStore, goal: str, seen: str) -> AsyncIterator[live.Event | None]:
    """`seen` is the fingerprint of what the page shows."""
    version: tuple[int, int] | None = None
    rest_until = 0.0
    while True:
        newest = await asyncio.to_thread(store.results_version, asked.query)
        event = None
        if newest != version and time.monotonic() >= rest_until:
            begun, version = time.monotonic(), newest
            counted = await asyncio.to_thread(count, asked.as_of(datetime.now(UTC)), store)
            rest_until = time.monotonic() + REST_FACTOR * (time.monotonic() - begun)
            if fingerprint(counted) != seen:
                seen = fingerprint(counted)
                event = live.Event(html=_body(counted, goal))
        yield event
        await live.pause(REFRESH_SECONDS)


def _body(counted: ExperienceResults, goal: str) -> str:
    return render_to_string(
        "experiments/parts/results.html", results_context(counted, goal, _page(counted.experience.id))
    )


def _page(experience_id: int) -> str:
    return reverse("experiences:results", args=[experience_id])
