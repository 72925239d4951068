"""The recipients of a hosted page: their links, what they did, and links for more of them."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.text import slugify
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from pitcairn.dashboard.requests import MemberRequest
from pitcairn.dashboard.stores import event_store
from pitcairn.engage.queries import audiences
from pitcairn.hosted import links as making
from pitcairn.hosted.content import HostedError, Problem
from pitcairn.hosted.pages import found, page_context, public_base, sentence, typed_number
from pitcairn.hosted.queries import HostedOutline, page_content, said_traits
from pitcairn.hosted.queries_links import general_visits, link_page, links_csv
from pitcairn.profiles import queries as people
from pitcairn.profiles.queries_accounts import accounts

_MOST_NAMED = 5
"""Of the recipients that are not known, so many are told by name."""
_MOST_FOUND = 8


@require_http_methods(["GET", "POST"])
def links(request: MemberRequest, page_id: int) -> HttpResponse:
    page = found(request, page_id)
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            made = _make(request, page)
        except HostedError as error:
            errors = {one.path or "all": sentence(one.text) for one in error.problems}
        else:
            _tell(request, made)
            return redirect("hosted:links", page.id)
    return render(request, "hosted/links.html", _context(request, page, errors), status=422 if errors else 200)


@require_POST
def revoke(request: MemberRequest, page_id: int, hosted_link_id: int) -> HttpResponse:
    page = found(request, page_id)
    if not making.revoke_link(request.workspace.id, page.id, hosted_link_id):
        raise Http404
    messages.success(request, "The link is revoked. Whoever opens it finds nothing.")
    return redirect("hosted:links", page.id)


@require_GET
def download(request: MemberRequest, page_id: int) -> HttpResponse:
    page = found(request, page_id)
    text = "".join(links_csv(page, request.workspace.id, public_base(request)))
    response = HttpResponse(text, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{slugify(page.slug)}-links.csv"'
    return response


def _make(request: MemberRequest, page: HostedOutline) -> making.Made:
    workspace_id, by = request.workspace.id, request.user.email
    days = typed_number(request.POST.get("days", ""))
    if days is None:
        raise HostedError(Problem("days", "choose one of the lifetimes"))
    match request.POST.get("for", ""):
        case "audience":
            audience_id = typed_number(request.POST.get("audience", "")) or 0
            return making.make_links_for_audience(workspace_id, page.id, audience_id, days=days, by=by)
        case "file":
            file = request.FILES.get("file")
            if file is None or file.file is None:
                raise HostedError(Problem("file", "choose a CSV file first"))
            return making.make_links_for_file(workspace_id, page.id, file.file, days=days, by=by)
        case _:
            recipient = request.POST.get("recipient", "").strip()
            return making.make_link_for(workspace_id, page.id, recipient, days=days, by=by)


def _tell(request: MemberRequest, made: making.Made) -> None:
    words = "1 link is made" if made.made == 1 else f"{made.made:,} links are made"
    if made.known:
        words += f"; {made.known:,} had one already"
    messages.success(request, f"{words}.")
    if made.unknown:
        named = ", ".join(made.unknown[:_MOST_NAMED])
        more = f" and {len(made.unknown) - _MOST_NAMED:,} more" if len(made.unknown) > _MOST_NAMED else ""
        messages.warning(request, f"Nobody is known as {named}{more}; they have no link.")


def _context(request: MemberRequest, page: HostedOutline, errors: dict[str, str]) -> dict[str, object]:
    workspace_id = request.workspace.id
    store = event_store()
    ended = request.GET.get("show") == "ended"
    wanted = request.GET.get("q", "").strip()
    said, private = said_traits(workspace_id, page_content(workspace_id, page.id))
    return page_context(page, "links") | {
        "shown": link_page(page, store, workspace_id, before=typed_number(request.GET.get("before", "")), ended=ended),
        "ended": ended,
        "general": general_visits(page, store, workspace_id) if page.started_at else None,
        "no_store": store is None,
        "base": public_base(request),
        "q": wanted,
        "people": people.search(workspace_id, wanted, limit=_MOST_FOUND) if wanted else [],
        "accounts": accounts(workspace_id, text=wanted, limit=_MOST_FOUND) if wanted else [],
        "audiences": [(str(one.id), f"{one.name} ({one.size:,})") for one in audiences(workspace_id)],
        "lifetimes": [(str(days), words) for days, words in making.LIFETIMES.items()],
        "days": request.POST.get("days", "0"),
        "recipient": request.POST.get("recipient", ""),
        "errors": errors,
        "said": said,
        "private": private,
    }
