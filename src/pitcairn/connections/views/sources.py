"""Sources: the list, a new one, and one source with its install code."""

import functools

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from pitcairn.connections import install_code, queries, services
from pitcairn.connections.activity import source_activity
from pitcairn.connections.forms import SourceForm, blame
from pitcairn.connections.install_platforms import platforms
from pitcairn.connections.models import SourceKind
from pitcairn.connections.queries import SourceItem
from pitcairn.connections.source_settings import new_segment_secret
from pitcairn.connections.views.segment import shown_once
from pitcairn.dashboard.addresses import public_url
from pitcairn.dashboard.requests import MemberRequest
from pitcairn.dashboard.stores import event_store
from pitcairn.edge.tag import TagFiles, TagNotBuilt


@require_GET
def overview(request: MemberRequest) -> HttpResponse:
    return redirect("connections:delivery")


@require_GET
def source_list(request: MemberRequest) -> HttpResponse:
    store = event_store()
    activity = source_activity(store, request.workspace.id)
    rows = [(source, activity.get(source.id)) for source in queries.sources(request.workspace.id)]
    return render(request, "connections/sources.html", {"rows": rows, "no_store": store is None})


@require_http_methods(["GET", "POST"])
def new(request: MemberRequest) -> HttpResponse:
    form = SourceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            source = services.create_source(workspace_id=request.workspace.id, **form.cleaned_data)
        except services.ConnectionsError as error:
            blame(form, error)
        else:
            if source.kind == SourceKind.SEGMENT:
                key = new_segment_secret(workspace_id=request.workspace.id, source_id=source.id)
                return shown_once(request, _source(request, source.id), key)
            messages.success(request, f"{source.name} is ready to take calls.")
            return redirect("connections:source", source.id)
    return render(request, "connections/source_new.html", {"form": form}, status=422 if form.errors else 200)


@require_GET
def detail(request: MemberRequest, source_id: int) -> HttpResponse:
    return _page(request, _source(request, source_id))


@require_POST
def set_enabled(request: MemberRequest, source_id: int) -> HttpResponse:
    _source(request, source_id)
    enabled = request.POST.get("enabled") == "yes"
    source = services.set_source_enabled(workspace_id=request.workspace.id, source_id=source_id, enabled=enabled)
    messages.success(
        request,
        f"{source.name} takes calls again."
        if enabled
        else f"{source.name} is disabled; its calls are refused from now on.",
    )
    return redirect("connections:source", source_id)


@require_GET
def arrived(request: MemberRequest, source_id: int) -> HttpResponse:
    """The part of the page that waits for the first message; htmx asks for it again until one came."""
    return render(request, "connections/parts/arrived.html", _arrival(request, _source(request, source_id)))


def _source(request: MemberRequest, source_id: int) -> SourceItem:
    source = queries.source(request.workspace.id, source_id)
    if source is None:
        raise Http404
    return source


def _arrival(request: MemberRequest, source: SourceItem) -> dict[str, object]:
    store = event_store()
    latest = store.messages(request.workspace.id, limit=5, source_id=source.id) if store else []
    refused = store.refusals(request.workspace.id, limit=1, source_id=source.id) if store else []
    return {
        "source": source,
        "latest": latest,
        "refused": refused[0] if refused and not latest else None,
        "no_store": store is None,
    }


@functools.cache
def _shim() -> str:
    """The code that loads the tag; "" where `browser/` is not built."""
    try:
        return TagFiles().shim.decode()
    except TagNotBuilt:
        return ""


def _page(request: MemberRequest, source: SourceItem) -> HttpResponse:
    url = public_url(request)
    examples = install_code.examples(url, source.write_key, source.kind, shim=_shim())
    context = {
        **_arrival(request, source),
        "activity": source_activity(event_store(), request.workspace.id).get(source.id),
        "examples": examples,
        "example": next((item for item in examples if item.key == request.GET.get("code")), examples[0]),
        "public_url": url,
    }
    if source.kind == SourceKind.BROWSER:
        places = platforms(url, source.write_key, inline=examples[0].code)
        context["platforms"] = places
        context["platform"] = next((one for one in places if one.key == request.GET.get("platform")), places[0])
    return render(request, "connections/source.html", context)
