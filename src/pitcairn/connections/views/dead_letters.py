"""Dead letters of a destination, and its queue: what waits, what was given up, and what to do with either."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from pitcairn.connections import queries, queries_delivery, services_delivery
from pitcairn.connections.delivery_words import Meaning, meaning
from pitcairn.connections.periods import INPUT_FORMAT
from pitcairn.connections.queries import DestinationItem
from pitcairn.connections.queries_delivery import DeadLetterItem, DeadReason
from pitcairn.connections.services import ConnectionsError
from pitcairn.connections.views.delivery import attempt_rows, circuit_meaning
from pitcairn.dashboard.requests import MemberRequest
from pitcairn.dashboard.stores import event_store

PAGE = 50


@dataclass(frozen=True, kw_only=True)
class ReasonRow:
    found: DeadReason
    meaning: Meaning


@dataclass(frozen=True, kw_only=True)
class LetterRow:
    letter: DeadLetterItem
    meaning: Meaning
    source: str

    @property
    def title(self) -> str:
        return self.letter.event or self.letter.type.capitalize()


@require_GET
def dead_letters(request: MemberRequest, destination_id: int) -> HttpResponse:
    item = _destination(request, destination_id)
    reason = request.GET.get("reason") or None
    before = request.GET.get("before", "")
    reasons = queries_delivery.dead_reasons(destination_id)
    found = queries_delivery.dead_letters(
        destination_id,
        reason=reason,
        limit=PAGE + 1,
        before_id=int(before) if before.isdigit() and len(before) < 19 else None,
    )
    names = queries.source_names(request.workspace.id)
    context = {
        "item": item,
        "reasons": [ReasonRow(found=one, meaning=meaning("failed", one.reason)) for one in reasons],
        "total": sum(one.count for one in reasons),
        "reason": reason,
        "reason_title": meaning("failed", reason).title if reason else "",
        "reason_count": next((one.count for one in reasons if one.reason == reason), 0),
        "rows": [_row(letter, names) for letter in found[:PAGE]],
        "older": found[PAGE - 1].id if len(found) > PAGE else None,
        "before": before,
    }
    return render(request, "connections/destination_dead_letters.html", context)


@require_GET
def dead_letter(request: MemberRequest, destination_id: int, letter_id: int) -> HttpResponse:
    """One dead letter: the message, why it is dead, and every attempt that was made."""
    item = _destination(request, destination_id)
    letter = queries_delivery.dead_letter(request.workspace.id, letter_id)
    if letter is None or letter.destination_id != destination_id:
        raise Http404
    store = event_store()
    tries = (
        queries_delivery.attempts(
            store, request.workspace.id, message_id=letter.message_id, destination_id=destination_id, limit=PAGE
        )
        if store
        else []
    )
    context = {
        "item": item,
        "row": _row(letter, queries.source_names(request.workspace.id)),
        "pretty": json.dumps(letter.message, indent=2, ensure_ascii=False),
        "attempts": attempt_rows(tries, {item.id: item.name}),
        "no_store": store is None,
    }
    return render(request, "connections/destination_dead_letter.html", context)


@require_POST
def act(request: MemberRequest, destination_id: int) -> HttpResponse:
    """Sends dead letters again, or deletes them: the one that `id` names, those of `reason`, or all."""
    item = _destination(request, destination_id)
    letter_id = request.POST.get("id", "")
    ids = [int(letter_id)] if letter_id.isdigit() and len(letter_id) < 19 else None
    if ids is None and request.POST.get("all") != "yes" and not request.POST.get("reason"):
        raise Http404
    reason = None if ids else request.POST.get("reason") or None
    address = reverse("connections:destination-dead-letters", args=[destination_id])
    if request.POST.get("do") == "delete":
        count = services_delivery.delete_dead_letters(
            workspace_id=request.workspace.id, destination_id=destination_id, ids=ids, reason=reason
        )
        messages.success(request, f"{_letters(count)} deleted.")
    else:
        count = services_delivery.replay_dead_letters(
            workspace_id=request.workspace.id, destination_id=destination_id, ids=ids, reason=reason
        )
        messages.success(request, f"{_letters(count)} queued for {item.name} again.")
    return redirect(address)


@require_http_methods(["GET", "POST"])
def queue(request: MemberRequest, destination_id: int) -> HttpResponse:
    """What waits for the destination, and replays. A POST starts a replay."""
    item = _destination(request, destination_id)
    now = datetime.now(UTC)
    start = request.POST.get("start", (now - timedelta(hours=1)).strftime(INPUT_FORMAT))
    end = request.POST.get("end", now.strftime(INPUT_FORMAT))
    error = ""
    if request.method == "POST":
        try:
            services_delivery.start_replay(
                workspace_id=request.workspace.id,
                destination_id=destination_id,
                start=_moment(start, "beginning"),
                end=_moment(end, "end"),
            )
        except ConnectionsError as problem:
            error = str(problem)
        else:
            messages.success(request, "The replay has begun.")
            return redirect("connections:destination-queue", destination_id)
    replays = queries_delivery.replays(destination_id)
    state = queries_delivery.queue_of(destination_id)
    context = {
        "item": item,
        "queue": state,
        "circuit_meaning": circuit_meaning(state),
        "replays": replays,
        "running": any(one.state == "running" for one in replays),
        "start": start,
        "end": end,
        "error": error,
    }
    return render(request, "connections/destination_queue.html", context, status=422 if error else 200)


@require_POST
def discard(request: MemberRequest, destination_id: int) -> HttpResponse:
    """Discards everything that waits; asks for the destination's name, since it cannot be undone."""
    item = _destination(request, destination_id)
    typed = request.POST.get("name", "").strip()
    if typed != item.name:
        messages.error(request, f"Nothing was discarded: {typed!r} is not the name of the destination, {item.name}.")
    else:
        count = services_delivery.discard_queue(
            event_store(), workspace_id=request.workspace.id, destination_id=destination_id
        )
        messages.success(request, f"{'1 message' if count == 1 else f'{count:,} messages'} discarded.")
    return redirect("connections:destination-queue", destination_id)


@require_POST
def cancel_replay(request: MemberRequest, destination_id: int) -> HttpResponse:
    _destination(request, destination_id)
    chosen = request.POST.get("replay", "")
    known = {str(one.id) for one in queries_delivery.replays(destination_id)}
    if chosen not in known:
        raise Http404
    services_delivery.cancel_replay(workspace_id=request.workspace.id, replay_id=int(chosen))
    messages.success(request, "The replay has ended. What it had queued by then is still sent.")
    return redirect("connections:destination-queue", destination_id)


def _moment(text: str, which: str) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        raise ConnectionsError(f"The {which} {text!r} is no day and time. Choose both.") from None


def _letters(count: int) -> str:
    return "1 dead letter" if count == 1 else f"{count:,} dead letters"


def _row(letter: DeadLetterItem, names: dict[int, str]) -> LetterRow:
    return LetterRow(
        letter=letter,
        meaning=meaning("failed", letter.reason),
        source=names.get(letter.source_id, "Unknown source"),
    )


def _destination(request: MemberRequest, destination_id: int) -> DestinationItem:
    item = queries.destination(request.workspace.id, destination_id)
    if item is None:
        raise Http404
    return item
