"""Delivery: what became of the messages, of the whole workspace and of one destination, and the log of requests."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from pitcairn.connections import queries, queries_delivery
from pitcairn.connections.alerts.conditions import percent
from pitcairn.connections.delivery_chart import charts, latency_words, when_words
from pitcairn.connections.delivery_words import OUTCOMES, Meaning, StepView, meaning, steps_of
from pitcairn.connections.periods import CHOICES, Period, period_of
from pitcairn.connections.queries import DestinationItem
from pitcairn.connections.queries_alerts import firing_alerts
from pitcairn.connections.queries_delivery import QueueState
from pitcairn.connections.views.delivery_tabs import delivery_tabs
from pitcairn.dashboard.requests import MemberRequest
from pitcairn.dashboard.stores import event_store
from pitcairn.dashboard.times import from_ms
from pitcairn.eventstore import EventStore
from pitcairn.eventstore.delivery_records import DeliveryAttempt, DeliveryOverview, DeliverySample, ReasonCount
from pitcairn.eventstore.records import to_ms

SAMPLES = 10
LOG_PAGE = 50
LATEST = 8
"""How many requests a destination's page shows; the log has the rest."""


@dataclass(frozen=True, kw_only=True)
class ReasonRow:
    """A reason in words, with how often it occurred and the address that shows samples of it."""

    count: ReasonCount
    meaning: Meaning
    chosen: bool


@dataclass(frozen=True, kw_only=True)
class DestinationRow:
    item: DestinationItem
    overview: DeliveryOverview
    queue: QueueState
    share: str
    """Of what ended, how much arrived; "" when nothing did."""
    p95: str


@dataclass(frozen=True, kw_only=True)
class SampleRow:
    sample: DeliverySample
    source: str
    destination: str
    meaning: Meaning
    debugger: str
    """The address of the message in the debugger; "" for a refused one."""
    message: str
    """Indented, when it is JSON."""


@dataclass(frozen=True, kw_only=True)
class AttemptRow:
    """One request of the log. `first` names what it carried: the first message, and how many more."""

    attempt: DeliveryAttempt
    destination: str
    outcome: str
    meaning: Meaning | None
    first: str
    more: int
    tries: int
    p95: str


@require_GET
def overview(request: MemberRequest) -> HttpResponse:
    workspace_id = request.workspace.id
    store = event_store()
    sources = queries.sources(workspace_id)
    source_id = _chosen(request.GET.get("source", ""), {source.id for source in sources})
    context: dict[str, Any] = {
        "tabs": delivery_tabs("overview"),
        "sources": sources,
        "source_id": source_id,
        "firing": firing_alerts(workspace_id),
        **_what_became(request, store, source_id=source_id),
    }
    if store is not None:
        context["destination_rows"] = _destination_rows(store, workspace_id, context["period"], source_id)
    return render(request, "connections/delivery.html", context)


@require_GET
def destination(request: MemberRequest, destination_id: int) -> HttpResponse:
    workspace_id = request.workspace.id
    item = queries.destination(workspace_id, destination_id)
    if item is None:
        raise Http404
    store = event_store()
    queue = queries_delivery.queue_of(destination_id)
    source_id = _chosen(request.GET.get("source", ""), {source.id for source in item.sources})
    context: dict[str, Any] = {
        "item": item,
        "sources": item.sources,
        "source_id": source_id,
        "queue": queue,
        "circuit_meaning": circuit_meaning(queue),
        **_what_became(request, store, source_id=source_id, destination_id=destination_id),
    }
    if store is not None:
        found = queries_delivery.attempts(store, workspace_id, destination_id=destination_id, limit=LATEST)
        context["attempts"] = attempt_rows(found, {destination_id: item.name})
        context["log_url"] = f"{reverse('connections:delivery-log')}?{urlencode({'destination': destination_id})}"
    return render(request, "connections/destination_delivery.html", context)


@require_GET
def log(request: MemberRequest) -> HttpResponse:
    """Every request with what came of it, newest first."""
    workspace_id = request.workspace.id
    store = event_store()
    items = queries.destinations(workspace_id)
    destination_id = _chosen(request.GET.get("destination", ""), {item.id for item in items})
    outcome = request.GET.get("outcome", "")
    before = request.GET.get("before", "")
    found: list[DeliveryAttempt] = []
    if store is not None:
        found = queries_delivery.attempts(
            store,
            workspace_id,
            message_id=request.GET.get("message", "").strip() or None,
            destination_id=destination_id,
            outcome=outcome if outcome in OUTCOMES else None,
            limit=LOG_PAGE + 1,
            before=from_ms(int(before)) if before.isdigit() and len(before) <= 13 else None,
        )
    names = {item.id: item.name for item in items}
    context = {
        "tabs": delivery_tabs("log"),
        "no_store": store is None,
        "items": items,
        "destination_id": destination_id,
        "outcome": outcome,
        "outcomes": OUTCOMES.items(),
        "message": request.GET.get("message", "").strip(),
        "before": before,
        "attempts": attempt_rows(found[:LOG_PAGE], names),
        "older": to_ms(found[LOG_PAGE - 1].at) if len(found) > LOG_PAGE else None,
        "filtered": bool(request.GET),
    }
    return render(request, "connections/delivery_log.html", context)


def _what_became(
    request: MemberRequest,
    store: EventStore | None,
    *,
    source_id: int | None,
    destination_id: int | None = None,
) -> dict[str, Any]:
    """The overview, the chosen step with its reasons and samples, and the chart: what both pages share."""
    now = datetime.now(UTC)
    period = period_of(request.GET, now)
    context: dict[str, Any] = {"no_store": store is None, "period": period, "periods": CHOICES, "now": now}
    if store is None:
        return context
    workspace_id = request.workspace.id
    about = {"source_id": source_id, "destination_id": destination_id}
    found = queries_delivery.delivery_overview(store, workspace_id, period.start, period.end, **about)
    steps = steps_of(found, with_ingest=destination_id is None)
    step = _chosen_step(steps, request.GET.get("step", ""))
    reason = request.GET.get("reason", "") or None
    points = queries_delivery.delivery_series(
        store, workspace_id, period.start, period.end, step_seconds=period.step_seconds, **about
    )
    samples = queries_delivery.delivery_samples(
        store, workspace_id, period.start, period.end, step.key, reason=reason, limit=SAMPLES, **about
    )
    names = queries.source_names(workspace_id)
    destinations = {item.id: item.name for item in queries.destinations(workspace_id)}
    return context | {
        "found": found,
        "anything": bool(found.received or found.ingest_failed),
        "answer": _answer(found, period),
        "took": latency_words(found.p95_ms) if found.p95_ms is not None else "",
        "steps": steps,
        "step": step,
        "step_chosen": bool(request.GET.get("step")),
        "reason": reason,
        "reason_title": meaning(step.key, reason).title if reason else "",
        "reasons": [
            ReasonRow(count=one, meaning=meaning(step.key, one.reason), chosen=one.reason == reason)
            for one in step.reasons
        ],
        "samples": [_sample_row(one, step, names, destinations) for one in samples],
        "charts": charts(points, period.step_seconds),
        "points": [(point, when_words(point.at, period.step_seconds), latency_words(point.p95_ms)) for point in points],
    }


def _answer(found: DeliveryOverview, period: Period) -> tuple[str, str, str, str]:
    """The page in one sentence: before, what stands out, after, and its tone."""
    ended = found.delivered + found.failed
    if not ended and found.pending:
        return ("", "Nothing has arrived", f" {period.words}; {found.pending:,} wait to be delivered.", "warn")
    if not ended:
        return ("Nothing was delivered ", period.words, ".", "")
    share = percent(100 * found.delivered / ended)
    if not found.failed:
        waits = f"; {found.pending:,} are on their way" if found.pending else ""
        every = "The only" if found.delivered == 1 else f"All {found.delivered:,}"
        rest = "delivery" if found.delivered == 1 else "deliveries"
        return ("", every, f" {rest} arrived {period.words}{waits}.", "good")
    waits = f" and {found.pending:,} wait" if found.pending else ""
    tone = "" if found.delivered >= 99 * found.failed else "warn"
    return ("", f"{share} of deliveries", f" arrived {period.words}; {found.failed:,} failed{waits}.", tone)


def _chosen_step(steps: list[StepView], key: str) -> StepView:
    """The step that was asked for; else the worst loss there is, so that the page opens with what is wrong."""
    by_key = {step.key: step for step in steps}
    if key in by_key:
        return next(step for step in steps if step.key == key)
    order = ("failed", "retried", "ingest", "filtered")
    return next(
        (step for name in order for step in steps if step.key == name and (step.count or step.reasons)), steps[-1]
    )


def _destination_rows(
    store: EventStore, workspace_id: int, period: Period, source_id: int | None
) -> list[DestinationRow]:
    states = queries_delivery.queues(workspace_id)
    rows = []
    for item in queries.destinations(workspace_id):
        if source_id is not None and source_id not in {source.id for source in item.sources}:
            continue
        found = queries_delivery.delivery_overview(
            store, workspace_id, period.start, period.end, source_id=source_id, destination_id=item.id
        )
        ended = found.delivered + found.failed
        rows.append(
            DestinationRow(
                item=item,
                overview=found,
                queue=states.get(item.id) or queries_delivery.queue_of(item.id),
                share=percent(100 * found.delivered / ended) if ended else "",
                p95=latency_words(found.p95_ms),
            )
        )
    return rows


def _sample_row(
    sample: DeliverySample, step: StepView, sources: dict[int, str], destinations: dict[int, str]
) -> SampleRow:
    link = f"{reverse('connections:debugger')}?{urlencode({'paused': 1, 'message': f'accepted:{sample.message_id}'})}"
    return SampleRow(
        sample=sample,
        source=sources.get(sample.source_id, "Unknown source"),
        destination=destinations.get(sample.destination_id, ""),
        meaning=meaning(step.key, sample.reason),
        debugger=link if step.key != "ingest" and sample.message_id else "",
        message=_pretty(sample.message),
    )


def circuit_meaning(queue: QueueState) -> Meaning:
    """Why nothing is sent just now, in words."""
    return meaning("", queue.circuit.reason) if queue.circuit.reason else Meaning(title="")


def attempt_rows(found: Sequence[DeliveryAttempt], names: Mapping[int, str]) -> list[AttemptRow]:
    """Rows for `parts/attempts.html`; `names` are those of the destinations."""
    return [_attempt_row(one, names) for one in found]


def _attempt_row(attempt: DeliveryAttempt, names: Mapping[int, str]) -> AttemptRow:
    event = attempt.events[0] if attempt.events else ""
    kind = attempt.types[0] if attempt.types else ""
    slowest = max(attempt.latencies_ms, default=0)
    return AttemptRow(
        attempt=attempt,
        destination=names.get(attempt.destination_id, "A deleted destination"),
        outcome=OUTCOMES.get(attempt.outcome, attempt.outcome),
        meaning=meaning("", attempt.reason) if attempt.reason else None,
        first=event or kind.capitalize() or "Message",
        more=max(0, len(attempt.message_ids) - 1),
        tries=max(attempt.attempts, default=1),
        p95=latency_words(slowest) if slowest else "",
    )


def _pretty(text: str) -> str:
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


def _chosen(text: str, known: set[int]) -> int | None:
    """The id that the address names, if it is one of these."""
    return int(text) if text.isdigit() and len(text) < 10 and int(text) in known else None
