"""Segment seen from here: how it delivers to this server, in three steps, and whether it does."""

from urllib.parse import urlsplit

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from pitcairn.connections import queries, services, source_settings
from pitcairn.connections.activity import last_delivered, source_activity
from pitcairn.connections.models import SourceKind
from pitcairn.connections.queries import SourceItem
from pitcairn.connections.registry import catalog
from pitcairn.dashboard.addresses import public_url
from pitcairn.dashboard.requests import MemberRequest
from pitcairn.dashboard.stores import event_store

SEGMENT_DESTINATION = "mutiny"
"""The catalog entry through which Segment's messages feed personalization."""

SOURCE_NAME = "Segment"


@require_GET
def page(request: MemberRequest) -> HttpResponse:
    """The connection to Segment: is it there, and when did it last bring a message?"""
    return _show(request)


@require_POST
def connect(request: MemberRequest) -> HttpResponse:
    """Makes a Segment source, connects it to what personalizes, and shows its API key this once."""
    workspace_id = request.workspace.id
    taken = set(queries.source_names(workspace_id).values())
    name = next(
        name
        for name in (SOURCE_NAME, *(f"{SOURCE_NAME} {number}" for number in range(2, len(taken) + 3)))
        if name not in taken
    )
    made = services.create_source(workspace_id=workspace_id, name=name, kind=SourceKind.SEGMENT)
    key = source_settings.new_segment_secret(workspace_id=workspace_id, source_id=made.id)
    for item in queries.destinations(workspace_id, slug=SEGMENT_DESTINATION):
        services.update_destination(
            workspace_id=workspace_id,
            destination_id=item.id,
            source_ids=[*(source.id for source in item.sources), made.id],
        )
    source = queries.source(workspace_id, made.id)
    assert source is not None
    return shown_once(request, source, key)


@require_GET
def arrived(request: MemberRequest, source_id: int) -> HttpResponse:
    """The step that waits for the first message; htmx asks for it again until one came."""
    source = queries.source(request.workspace.id, source_id)
    if source is None:
        raise Http404
    activity = source_activity(event_store(), request.workspace.id).get(source_id)
    return render(request, "connections/parts/segment_arrived.html", {"source": source, "activity": activity})


def shown_once(request: MemberRequest, source: SourceItem, key: str) -> HttpResponse:
    """The page with a key that was made just now."""
    return _show(request, new_key=key, key_of=source.id)


def _show(request: MemberRequest, *, new_key: str = "", key_of: int = 0) -> HttpResponse:
    store = event_store()
    url = public_url(request)
    activity = source_activity(store, request.workspace.id)
    sources = [one for one in queries.sources(request.workspace.id) if one.kind == SourceKind.SEGMENT]
    parts = urlsplit(url)
    context = {
        "sources": [(one, activity.get(one.id)) for one in sources],
        "new_key": new_key,
        "key_of": key_of,
        "address": f"{url}/integrations/segment",
        "reachable": parts.scheme == "https" and parts.hostname not in {"localhost", "127.0.0.1", "::1"},
        "items": queries.destinations(request.workspace.id, slug=SEGMENT_DESTINATION),
        "manifest": catalog()[SEGMENT_DESTINATION].manifest,
        "last": last_delivered(store, request.workspace.id, SEGMENT_DESTINATION),
        "no_store": store is None,
    }
    return render(request, "connections/integration_segment.html", context)


@require_GET
def integrations(request: MemberRequest) -> HttpResponse:
    return redirect("connections:integration-segment")
