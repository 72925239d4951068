"""A source's settings: what its calls must keep to, its keys, its name, and removing it. Destinations are removed alike."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from pitcairn.connections import queries, removal, services, source_settings
from pitcairn.connections.forms import RenameForm, blame
from pitcairn.connections.forms_sources import SourceRulesForm
from pitcairn.connections.models import SourceKind
from pitcairn.connections.queries import SourceItem
from pitcairn.connections.services import ConnectionsError
from pitcairn.connections.views.segment import shown_once
from pitcairn.dashboard.forms import NameAgainForm
from pitcairn.dashboard.requests import MemberRequest


def source_or_404(request: MemberRequest, source_id: int) -> SourceItem:
    source = queries.source(request.workspace.id, source_id)
    if source is None:
        raise Http404
    return source


@require_http_methods(["GET", "POST"])
def settings(request: MemberRequest, source_id: int) -> HttpResponse:
    source = source_or_404(request, source_id)
    form = SourceRulesForm(source, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            source_settings.set_source_rules(workspace_id=request.workspace.id, source_id=source_id, **form.rules)
        except ConnectionsError as error:
            blame(form, error)
        else:
            messages.success(request, f"The rules of {source.name} are saved; they hold within a second.")
            return redirect("connections:source-settings", source_id)
    return settings_page(request, source, form, status=422 if form.errors else 200)


@require_POST
def rename(request: MemberRequest, source_id: int) -> HttpResponse:
    source = source_or_404(request, source_id)
    form = RenameForm(request.POST, auto_id="id_rename_%s")
    if form.is_valid():
        name = form.cleaned_data["name"]
        try:
            services.rename_source(workspace_id=request.workspace.id, source_id=source_id, name=name)
        except ConnectionsError as error:
            blame(form, error)
        else:
            messages.success(request, f"Renamed to {name}.")
            return redirect("connections:source-settings", source_id)
    return settings_page(request, source, rename_form=form, status=422)


@require_POST
def replace_write_key(request: MemberRequest, source_id: int) -> HttpResponse:
    source = source_settings.replace_write_key(
        workspace_id=request.workspace.id, source_id=source_or_404(request, source_id).id
    )
    messages.success(request, f"{source.name} has a new write key. Put it where the old one was.")
    return redirect("connections:source", source_id)


@require_POST
def new_api_key(request: MemberRequest, source_id: int) -> HttpResponse:
    """Shows the new key in the answer itself: it is kept in no place from which a page could show it again."""
    source = source_or_404(request, source_id)
    try:
        key = source_settings.new_segment_secret(workspace_id=request.workspace.id, source_id=source_id)
    except ConnectionsError as error:
        messages.error(request, str(error))
        return redirect("connections:source-settings", source_id)
    return shown_once(request, source_or_404(request, source.id), key)


@require_http_methods(["GET", "POST"])
def delete_source(request: MemberRequest, source_id: int) -> HttpResponse:
    source = source_or_404(request, source_id)
    form = NameAgainForm(source.name, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        removal.delete_source(workspace_id=request.workspace.id, source_id=source_id)
        messages.success(request, f"{source.name} is deleted. What it sent stays with the people who did it.")
        return redirect("connections:sources")
    lost = (
        f"The write key {source.write_key} names no source any more: calls with it are dropped. Its rules and its place in "
        "destinations are lost; a new source gets another key. Messages that came are kept."
    )
    if source.kind == SourceKind.SEGMENT:
        lost = (
            "What Segment delivers with its API key is answered 401 from then on. Its place in destinations is lost; a new "
            "source gets another key. Messages that came are kept."
        )
    back = reverse("connections:source-settings", args=[source_id])
    return _ask_for_name(request, form, what="source", name=source.name, lost=lost, back=back)


@require_http_methods(["GET", "POST"])
def delete_destination(request: MemberRequest, destination_id: int) -> HttpResponse:
    item = queries.destination(request.workspace.id, destination_id)
    if item is None:
        raise Http404
    form = NameAgainForm(item.name, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        removal.delete_destination(workspace_id=request.workspace.id, destination_id=destination_id)
        messages.success(request, f"{item.name} is deleted and gets nothing any more.")
        return redirect("connections:destinations")
    lost = (
        "Its settings, filters and mapping are lost, and so is what waits for it: its queue and its dead letters. The "
        "messages themselves are kept."
    )
    back = reverse("connections:destination", args=[destination_id])
    return _ask_for_name(request, form, what="destination", name=item.name, lost=lost, back=back)


def _ask_for_name(
    request: MemberRequest, form: NameAgainForm, *, what: str, name: str, lost: str, back: str
) -> HttpResponse:
    context = {"form": form, "what": what, "name": name, "lost": lost, "back": back}
    return render(request, "connections/delete.html", context, status=422 if form.errors else 200)


def settings_page(
    request: MemberRequest,
    source: SourceItem,
    form: SourceRulesForm | None = None,
    *,
    rename_form: RenameForm | None = None,
    new_identity_secret: str = "",
    status: int = 200,
) -> HttpResponse:
    """The page of a source's settings; with a secret that was made just now, it is shown."""
    context = {
        "source": source,
        "form": form or SourceRulesForm(source),
        "new_identity_secret": new_identity_secret,
        "rename_form": rename_form or RenameForm(initial={"name": source.name}, auto_id="id_rename_%s"),
    }
    return render(request, "connections/source_settings.html", context, status=status)
