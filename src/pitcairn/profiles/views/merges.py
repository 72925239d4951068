"""Merges: what was joined lately, joining two people by hand, and taking a merge back. Each shows first what would come of it."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_http_methods

from pitcairn.dashboard.requests import MemberRequest
from pitcairn.profiles import queries, queries_accounts, queries_lineage, queries_merges, services
from pitcairn.profiles.queries import ProfileItem, type_words
from pitcairn.profiles.views.profile import about, living, number
from pitcairn.profiles.views.words import words

PAGE = 50
MOST_FOUND = 10


@require_GET
def merges(request: MemberRequest) -> HttpResponse:
    before = request.GET.get("before", "")
    start = int(before) if before.isdigit() and before.isascii() and len(before) <= 18 else None
    found = queries_lineage.recent_merges(request.workspace.id, limit=PAGE + 1, before=start)
    shown = found[:PAGE]
    people = queries_lineage.survivors(request.workspace.id, [merge.winner_id for merge in shown])
    context = {
        "merges": [(merge, people.get(merge.winner_id)) for merge in shown],
        "older": shown[-1].id if len(found) > PAGE else None,
        "before": start,
    }
    return render(request, "profiles/merges.html", context)


@require_http_methods(["GET", "POST"])
def join(request: MemberRequest, profile_id: int) -> HttpResponse:
    """Finds the other person by an identifier, shows what joining the two makes, and asks for it."""
    detail = living(request, profile_id, "profiles:join")
    if isinstance(detail, HttpResponseRedirect):
        return detail
    text = request.GET.get("q", "").strip()
    found = _others(request.workspace.id, profile_id, text)
    chosen = number(request.POST.get("other", "") or request.GET.get("other", ""))
    other = next((one for one in found if one.id == chosen), None) or _person(request.workspace.id, chosen)
    preview = queries_merges.merge_preview(request.workspace.id, profile_id, other.id) if other else None
    if request.method == "POST":
        if other is None or preview is None:
            messages.error(request, "The other person is not there any more. Look for them again.")
            return redirect("profiles:join", profile_id)
        services.join_people(
            workspace_id=request.workspace.id, first_id=profile_id, second_id=other.id, by=request.user.email
        )
        return redirect(_waiting(preview.winner_id, joined=preview.loser_id))
    context = {
        **about(detail, "identity"),
        "q": text,
        "found": found,
        "other": other if preview else None,
        "preview": preview,
        "identifiers": [(type_words(kind), value) for kind, value in preview.identifiers] if preview else [],
        "differing": _differing(preview.traits) if preview else [],
        "agreeing": [(change.name, words(change.result)) for change in preview.traits if not change.differs]
        if preview
        else [],
        "accounts": _accounts(request.workspace.id, preview.accounts) if preview else [],
    }
    return render(request, "profiles/join.html", context)


@require_http_methods(["GET", "POST"])
def undo(request: MemberRequest, merge_id: int) -> HttpResponse:
    """Shows both profiles as they would be again, and asks for the merge to be undone."""
    preview = queries_merges.undo_preview(request.workspace.id, merge_id)
    if preview is None:
        raise Http404
    merge = preview.merge
    if request.method == "POST" and not preview.problem:
        services.undo_merge(workspace_id=request.workspace.id, merge_id=merge_id, by=request.user.email)
        return redirect(_waiting(merge.winner_id, undone=merge.id))
    sides = [
        {
            "id": side.id,
            "identifiers": [(type_words(kind), value) for kind, value in side.identifiers],
            "traits": [(name, words(value)) for name, value in sorted(side.traits.items())],
            "accounts": _accounts(request.workspace.id, side.accounts),
        }
        for side in (preview.winner, preview.loser)
        if side is not None
    ]
    context = {
        "merge": merge,
        "problem": preview.problem,
        "sides": sides,
        "now": queries_lineage.survivors(request.workspace.id, [merge.winner_id]).get(merge.winner_id),
    }
    return render(request, "profiles/undo.html", context, status=422 if request.method == "POST" else 200)


def _waiting(profile_id: int, **what: int) -> str:
    """The page that says how far the pipeline is with it."""
    return reverse("profiles:identity", args=[profile_id]) + "?" + urlencode(what)


def _others(workspace_id: int, profile_id: int, text: str) -> list[ProfileItem]:
    found = queries.search(workspace_id, text, limit=MOST_FOUND + 1) if text else []
    return [person for person in found if person.id != profile_id][:MOST_FOUND]


def _person(workspace_id: int, profile_id: int) -> ProfileItem | None:
    detail = queries.profile(workspace_id, profile_id) if profile_id else None
    return detail.item if detail else None


def _differing(traits: Iterable[queries_merges.TraitChange]) -> list[tuple[str, str, str]]:
    """Name, the value that is kept and the one that is given up, of every trait of which the two know different things."""
    return [
        (change.name, words(change.result), words(change.loser if change.result == change.winner else change.winner))
        for change in traits
        if change.differs
    ]


def _accounts(workspace_id: int, ids: tuple[int, ...]) -> list[str]:
    details = (queries_accounts.account(workspace_id, account_id) for account_id in ids)
    return [detail.item.title for detail in details if detail is not None]
