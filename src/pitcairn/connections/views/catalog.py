"""The catalog, and connecting one of its destinations: choose sources, enter settings, enable."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from pitcairn.connections import queries, services
from pitcairn.connections.destination import CatalogEntry, SettingField
from pitcairn.connections.forms import SettingsForm, SourcesForm
from pitcairn.connections.markdown import rendered
from pitcairn.connections.registry import catalog
from pitcairn.dashboard.requests import MemberRequest


@require_GET
def catalog_list(request: MemberRequest) -> HttpResponse:
    search = request.GET.get("q", "").strip()
    category = request.GET.get("category", "")
    connected = {item.slug for item in queries.destinations(request.workspace.id)}
    found = [
        {"entry": entry, "connected": entry.manifest.slug in connected, "takes": _takes(entry)}
        for entry in catalog().values()
        if _matches(entry, search) and (not category or category in entry.manifest.categories)
    ]
    context = {"entries": found, "q": search, "category": category, "categories": queries.categories()}
    return render(request, "connections/catalog.html", context)


@require_GET
def entry(request: MemberRequest, slug: str) -> HttpResponse:
    found = _entry(slug)
    context = {
        "entry": found,
        "manifest": found.manifest,
        "docs": rendered(found.manifest.docs),
        "connected": queries.destinations(request.workspace.id, slug=slug),
        "methods": _methods(found),
        "settings": [
            {"field": field, "words": _words(field), "default": found.manifest.defaults.get(field.key, "")}
            for field in found.manifest.settings
        ],
        "sends": found.prepare is not None or found.write is not None,
    }
    return render(request, "connections/catalog_entry.html", context)


@require_GET
def choose_sources(request: MemberRequest, slug: str) -> HttpResponse:
    found = _entry(slug)
    sources = queries.sources(request.workspace.id)
    chosen = set(request.GET.getlist("source")) or ({str(sources[0].id)} if len(sources) == 1 else set())
    context = {"entry": found, "manifest": found.manifest, "sources": sources, "chosen": chosen, "errors": []}
    return render(request, "connections/connect_sources.html", context)


@require_http_methods(["GET", "POST"])
def enter_settings(request: MemberRequest, slug: str) -> HttpResponse:
    """The chosen sources stand in the address, so that going back keeps them; the settings are posted."""
    found = _entry(slug)
    sources = queries.sources(request.workspace.id)
    chosen = SourcesForm(sources, request.GET)
    if not chosen.is_valid():
        context = {
            "entry": found,
            "manifest": found.manifest,
            "sources": sources,
            "chosen": set(request.GET.getlist("source")),
            "errors": chosen.errors["source"],
        }
        return render(request, "connections/connect_sources.html", context, status=422)
    name = services.free_name(request.workspace.id, found.manifest)
    enable = request.POST.get("then") != "later"
    form = SettingsForm(found.manifest, request.POST or None, initial={"name": name})
    if request.method == "POST" and form.is_valid():
        try:
            destination = services.create_destination(
                workspace_id=request.workspace.id,
                slug=slug,
                name=form.cleaned_data["name"],
                source_ids=chosen.source_ids,
                settings=form.settings,
                enabled=enable,
            )
        except services.ConnectionsError as error:
            form.blame(error)
        else:
            messages.success(
                request,
                f"{destination.name} is enabled and takes calls from now on."
                if enable
                else f"{destination.name} is saved. It takes nothing until you enable it.",
            )
            return redirect("connections:destination", destination.id)
    context = {
        "entry": found,
        "manifest": found.manifest,
        "form": form,
        "chosen_sources": [source for source in sources if source.id in chosen.source_ids],
        "docs": rendered(found.manifest.docs),
        "new_key": services.new_api_key(),
        "back": f"{reverse('connections:connect-sources', args=[slug])}?{request.GET.urlencode()}",
    }
    return render(request, "connections/connect_settings.html", context, status=422 if form.errors else 200)


def _entry(slug: str) -> CatalogEntry:
    found = catalog().get(slug)
    if found is None:
        raise Http404
    return found


def _matches(found: CatalogEntry, search: str) -> bool:
    manifest = found.manifest
    text = " ".join(
        [manifest.name, manifest.summary, manifest.description, manifest.docs, *manifest.categories]
    ).lower()
    return all(word in text for word in search.lower().split())


METHODS = ("identify", "track", "page", "screen", "group", "alias")


def _words(field: SettingField) -> str:
    """The description, with what can be chosen."""
    *some, last = field.options or ("",)
    options = f"{', '.join(some)} or {last}." if some else ""
    return " ".join(filter(None, (field.description, options)))


def _takes(found: CatalogEntry) -> str:
    methods = found.manifest.methods
    return "All calls" if set(methods) == set(METHODS) else ", ".join(method.capitalize() for method in methods)


def _methods(found: CatalogEntry) -> list[tuple[str, bool]]:
    return [(method.capitalize(), method in found.manifest.methods) for method in METHODS]
