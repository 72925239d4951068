"""The event tester: one message, really sent to one destination, with the request and the answer."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from pitcairn.connections import queries, services_delivery
from pitcairn.connections.delivery_words import meaning
from pitcairn.connections.example_messages import TYPES, copy_of, example_message
from pitcairn.connections.queries import DestinationItem
from pitcairn.connections.services import ConnectionsError
from pitcairn.connections.services_delivery import TestResult
from pitcairn.dashboard.requests import MemberRequest
from pitcairn.dashboard.stores import event_store
from pitcairn.eventstore.records import StoredMessage

RECENT = 12
MESSAGE_BYTES = 32 * 1024
TITLES = {
    "delivered": ("Delivered", ""),
    "personalized": ("Taken by the built-in personalization", ""),
    "retry": ("Not delivered, and would be tried again", "warn"),
    "failed": ("Not delivered", "bad"),
    "rejected": ("Not sent: the destination does not take this message", "warn"),
}


@require_http_methods(["GET", "POST"])
def tester(request: MemberRequest, destination_id: int) -> HttpResponse:
    item = queries.destination(request.workspace.id, destination_id)
    if item is None:
        raise Http404
    recent = _recent(request, item)
    chosen = request.GET.get("message", "")
    kind = request.GET.get("type", "")
    kind = kind if kind in TYPES else item.manifest.methods[0]
    text, error, result = "", "", None
    if request.method == "POST":
        text = request.POST.get("body", "")
        try:
            body = _body(text)
            result = services_delivery.send_test(
                workspace_id=request.workspace.id, destination_id=destination_id, body=body
            )
        except ConnectionsError as problem:
            error = str(problem)
    else:
        text = _pretty(_start(request, chosen, kind))
    context = {
        "item": item,
        "text": text,
        "error": error,
        "outcome": _outcome(result) if result else None,
        "recent": recent,
        "chosen": chosen,
        "kind": "" if chosen else kind,
        "types": [(name, name.capitalize(), name in item.manifest.methods) for name in TYPES],
        "no_store": event_store() is None,
    }
    return render(request, "connections/destination_test.html", context, status=422 if error else 200)


def _recent(request: MemberRequest, item: DestinationItem) -> list[StoredMessage]:
    """The latest messages of the destination's sources that are of a type it takes."""
    store = event_store()
    if store is None:
        return []
    sources = {source.id for source in item.sources}
    found = store.messages(request.workspace.id, limit=200)
    fitting = [one for one in found if one.source_id in sources and one.type in item.manifest.methods]
    return fitting[:RECENT]


def _start(request: MemberRequest, message_id: str, kind: str) -> dict[str, Any]:
    """What stands in the field before anybody typed: the chosen message, or an example."""
    store = event_store()
    if store is not None and message_id:
        found = store.messages(request.workspace.id, limit=1, message_id=message_id)
        if found:
            return copy_of(found[0])
    return example_message(kind, datetime.now(UTC))


def _body(text: str) -> dict[str, Any]:
    """The typed message. Raises `ConnectionsError` for what is not a JSON object."""
    if len(text.encode()) > MESSAGE_BYTES:
        raise ConnectionsError(
            f"The message has {len(text.encode()):,} bytes; a message has {MESSAGE_BYTES:,} at most."
        )
    try:
        body = json.loads(text)
    except ValueError as error:
        said = (
            f"{error.msg}, line {error.lineno}, column {error.colno}"
            if isinstance(error, json.JSONDecodeError)
            else error
        )
        raise ConnectionsError(f"This is not JSON: {said}.") from error
    except RecursionError:
        raise ConnectionsError("The message is nested too deeply to be read.") from None
    if not isinstance(body, dict):
        raise ConnectionsError('A message is a JSON object, such as {"type": "track", "event": "Order Completed"}.')
    return body


def _outcome(result: TestResult) -> dict[str, Any]:
    """What came of the test, ready to be shown."""
    title, tone = TITLES[result.outcome]
    words = meaning("filtered" if result.outcome == "rejected" else "", result.reason) if result.reason else None
    return {
        "title": title,
        "tone": tone,
        "meaning": words,
        "detail": result.detail,
        "exchanges": [
            {
                "exchange": one,
                "request": _http(one.request_headers, _pretty_text(one.request_body)),
                "response": _http(one.response_headers, _pretty_text(one.response_body)),
            }
            for one in result.exchanges
        ],
    }


def _http(headers: Any, body: str) -> str:
    """Headers and body as they are usually written down."""
    lines = "\n".join(f"{name}: {value}" for name, value in headers.items())
    return "\n\n".join(filter(None, [lines, body]))


def _pretty(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _pretty_text(text: str) -> str:
    """JSON indented; anything else as it is."""
    try:
        return _pretty(json.loads(text))
    except (ValueError, RecursionError):
        return text
