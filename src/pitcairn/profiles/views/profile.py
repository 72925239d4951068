"""One person: what they did, who they are, and how they came to be one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from pitcairn.connections.queries import destination_names, source_names
from pitcairn.dashboard.requests import MemberRequest
from pitcairn.dashboard.stores import event_store
from pitcairn.engage import queries as engage
from pitcairn.experiences.queries import experience_outlines
from pitcairn.profiles import queries, queries_accounts, queries_lineage, queries_merges
from pitcairn.profiles.identity import ANONYMOUS_ID
from pitcairn.profiles.queries import AssignmentItem, ProfileDetail, TraitItem
from pitcairn.profiles.views.graph import draw
from pitcairn.profiles.views.memberships import membership
from pitcairn.profiles.views.timeline import TimelineFilters, read_timeline
from pitcairn.profiles.views.words import flat, words

SHORT = 12
"""How many identifiers and traits stand beside the timeline; their own pages have all."""


@require_GET
def profile(request: MemberRequest, profile_id: int) -> HttpResponse:
    detail = living(request, profile_id, "profiles:profile")
    if isinstance(detail, HttpResponseRedirect):
        return detail
    store = event_store()
    sources = source_names(request.workspace.id)
    merged = request.GET.get("merged", "")
    timeline = None
    if store is not None:
        timeline = read_timeline(
            store,
            request.workspace.id,
            detail.ids,
            TimelineFilters.of(request.GET),
            sources=sources,
            destinations=destination_names(request.workspace.id),
        )
    traits = trait_rows(detail, sources)
    now = datetime.now(UTC)
    memberships = [membership(item, now) for item in engage.memberships_of(detail.item.id)]
    context = {
        **about(detail, "timeline"),
        "timeline": timeline,
        "accounts": queries_accounts.accounts_of(request.workspace.id, detail.item.id),
        "memberships": [found for found in memberships if found.audience and found.item.member],
        "ever": len(memberships),
        "identifiers": [(item, sources.get(item.source_id, "")) for item in detail.item.identifiers[:SHORT]],
        "traits": traits[:SHORT],
        "all_traits": len(traits),
        "assignments": seen_experiences(request.workspace.id, detail),
        "visitor": next((one.value for one in detail.item.identifiers if one.type == ANONYMOUS_ID), ""),
        "merged": merged if merged.isdigit() else "",
    }
    return render(request, "profiles/profile.html", context)


@require_GET
def traits(request: MemberRequest, profile_id: int) -> HttpResponse:
    """Every trait with the call that set it."""
    detail = living(request, profile_id, "profiles:traits")
    if isinstance(detail, HttpResponseRedirect):
        return detail
    rows = trait_rows(detail, source_names(request.workspace.id))
    text = request.GET.get("find", "").strip()
    found = [row for row in rows if text.lower() in row.name.lower() or text.lower() in row.value.lower()]
    return render(
        request,
        "profiles/traits.html",
        {**about(detail, "traits"), "traits": found, "find": text, "all_traits": len(rows)},
    )


@require_GET
def audiences(request: MemberRequest, profile_id: int) -> HttpResponse:
    """Every audience the person was ever in, and every computed trait, with what was before."""
    detail = living(request, profile_id, "profiles:audiences")
    if isinstance(detail, HttpResponseRedirect):
        return detail
    now = datetime.now(UTC)
    found = [membership(item, now) for item in engage.memberships_of(detail.item.id)]
    context = {
        **about(detail, "audiences"),
        "memberships": [item for item in found if item.audience],
        "computed": [item for item in found if not item.audience],
    }
    return render(request, "profiles/audiences.html", context)


@require_GET
def identity(request: MemberRequest, profile_id: int) -> HttpResponse:
    """Every identifier and merge, as the lines of profiles that ran into one; and how far a change asked for just now is."""
    detail = living(request, profile_id, "profiles:identity")
    if isinstance(detail, HttpResponseRedirect):
        return detail
    workspace_id = request.workspace.id
    owners = queries_lineage.first_owners(workspace_id, detail.merges)
    undone = queries_lineage.merge(workspace_id, number(request.GET.get("undone", "")))
    joined = number(request.GET.get("joined", ""))
    context = {
        **about(detail, "identity"),
        "graph": draw(detail, owners, source_names(workspace_id)),
        "apart": [merge for merge in queries_merges.merges_of(workspace_id, detail.item.id) if merge.undone_at],
        "undone": undone,
        "joined": joined,
        "joining": joined and queries.survivor_of(workspace_id, joined) not in {detail.item.id, None},
        "joined_by": next((merge for merge in detail.merges if merge.loser_id == joined), None),
    }
    return render(request, "profiles/identity.html", context)


def living(request: MemberRequest, profile_id: int, page: str) -> ProfileDetail | HttpResponseRedirect:
    """The person, or the way to the same `page` of the one they were merged into. Raises Http404 when there is neither."""
    detail = queries.profile(request.workspace.id, profile_id)
    if detail is not None:
        return detail
    survivor = queries.survivor_of(request.workspace.id, profile_id)
    if survivor is None or survivor == profile_id:
        raise Http404
    return redirect(reverse(page, args=[survivor]) + "?" + urlencode({"merged": profile_id}))


def about(detail: ProfileDetail, tab: str) -> dict[str, Any]:
    """What every page of one person shows around its content; `tab` is where one is."""
    return {"detail": detail, "person": detail.item, "tab": tab}


def number(text: str) -> int:
    """The id in an address; 0 when it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0


@dataclass(frozen=True, kw_only=True)
class TraitRow:
    """A trait, or one value inside it, by the name conditions use."""

    name: str
    value: str
    trait: TraitItem
    source: str


def trait_rows(detail: ProfileDetail, sources: dict[int, str]) -> list[TraitRow]:
    return [
        TraitRow(name=name, value=words(value), trait=trait, source=sources.get(trait.source_id, ""))
        for trait in detail.traits
        for name, value in flat(trait.name, trait.value)
    ]


@dataclass(frozen=True, kw_only=True)
class SeenExperience:
    assignment: AssignmentItem
    experience: str
    segment: str
    variation: str
    known: bool
    """The experience is still there to be looked at."""


def seen_experiences(workspace_id: int, detail: ProfileDetail) -> list[SeenExperience]:
    """The assignments with their names; what was removed since is called by its number."""
    if not detail.assignments:
        return []
    outlines = {outline.id: outline for outline in experience_outlines(workspace_id)}
    rows = []
    for assignment in sorted(detail.assignments, key=lambda item: item.assigned_at, reverse=True):
        outline = outlines.get(assignment.experience_id)
        segments = {segment.id: segment for segment in outline.segments} if outline else {}
        segment = segments.get(assignment.segment_id)
        variations = {variation.id: variation.name for variation in segment.variations} if segment else {}
        rows.append(
            SeenExperience(
                assignment=assignment,
                experience=outline.name if outline else f"Experience {assignment.experience_id}",
                known=outline is not None,
                segment=segment.name if segment else f"Segment {assignment.segment_id}",
                variation=variations.get(assignment.variation_id, "Personalized")
                if assignment.personalized
                else "Control",
            )
        )
    return rows
