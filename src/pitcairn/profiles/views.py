"""People: who is there, and everything about one of them."""

from dataclasses import dataclass
from typing import Any

import msgspec
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from pitcairn.connections.entries import Entry, accepted_entry
from pitcairn.connections.queries import destination_names, source_names
from pitcairn.dashboard.requests import MemberRequest
from pitcairn.dashboard.stores import event_store
from pitcairn.experiences.queries import experience_outlines
from pitcairn.profiles import queries, services
from pitcairn.profiles.identity import USER_ID
from pitcairn.profiles.queries import AssignmentItem, ProfileDetail

PAGE = 50
TIMELINE_PAGE = 50
TIMELINE_MOST = 1000
DELETED_MOST = 200


@require_GET
def people(request: MemberRequest) -> HttpResponse:
    text = request.GET.get("q", "").strip()
    before = request.GET.get("before", "")
    start = int(before) if before.isdigit() and len(before) <= 13 else None
    if text:
        found = queries.search(request.workspace.id, text, limit=PAGE)
    else:
        found = queries.recent_profiles(request.workspace.id, limit=PAGE + 1, before=start)
    older = int(found[PAGE - 1].last_seen_at.timestamp() * 1000) if len(found) > PAGE else None
    context = {"people": found[:PAGE], "q": text, "older": older, "before": start}
    return render(request, "profiles/people.html", context)


@require_GET
def profile(request: MemberRequest, profile_id: int) -> HttpResponse:
    detail = queries.profile(request.workspace.id, profile_id)
    if detail is None:
        survivor = queries.survivor_of(request.workspace.id, profile_id)
        if survivor is None or survivor == profile_id:
            raise Http404
        return redirect(reverse("profiles:profile", args=[survivor]) + "?" + urlencode({"merged": profile_id}))
    store = event_store()
    wanted = request.GET.get("show", "")
    show = min(int(wanted), TIMELINE_MOST) if wanted.isdigit() and len(wanted) < 5 else TIMELINE_PAGE
    found = store.timeline(request.workspace.id, detail.ids, show + 1) if store else []
    names, routes = source_names(request.workspace.id), destination_names(request.workspace.id)
    merged = request.GET.get("merged", "")
    context = {
        "detail": detail,
        "person": detail.item,
        "no_store": store is None,
        "timeline": [
            TimelineRow.of(accepted_entry(message, routes), message.timestamp, names) for message in found[:show]
        ],
        "more": show + TIMELINE_PAGE if len(found) > show and show < TIMELINE_MOST else None,
        "traits": [
            (name, words(value), trait, names.get(trait.source_id, ""))
            for trait in detail.traits
            for name, value in flat(trait.name, trait.value)
        ],
        "identifiers": [(item, names.get(item.source_id, "")) for item in detail.item.identifiers],
        "assignments": seen_experiences(request.workspace.id, detail),
        "merged": merged if merged.isdigit() else "",
    }
    return render(request, "profiles/profile.html", context)


@require_http_methods(["GET", "POST"])
def delete(request: MemberRequest, profile_id: int) -> HttpResponse:
    """Asks for the person's name, then for the person to be deleted; the pipeline does that within seconds."""
    detail = queries.profile(request.workspace.id, profile_id)
    if detail is None:
        raise Http404
    person = detail.item
    user_id = next((item.value for item in person.identifiers if item.type == USER_ID), "")
    typed = request.POST.get("name", "").strip()
    if request.method == "POST" and typed == person.title:
        suppress = bool(user_id) and request.POST.get("suppress") == "yes"
        services.delete_person(workspace_id=request.workspace.id, profile_id=profile_id, suppress=suppress)
        messages.success(
            request,
            f"{person.title} is being deleted, and refused from now on."
            if suppress
            else f"{person.title} is being deleted.",
        )
        return redirect("profiles:deleted")
    context = {
        "detail": detail,
        "person": person,
        "user_id": user_id,
        "typed": typed,
        "suppress": request.method == "GET" or request.POST.get("suppress") == "yes",
        "error": (f"{typed!r} is not the name." if typed else "The name is missing.")
        if request.method == "POST"
        else "",
    }
    return render(request, "profiles/delete.html", context, status=422 if request.method == "POST" else 200)


@require_GET
def deleted(request: MemberRequest) -> HttpResponse:
    """Who was deleted, as far as that may still be known, and who is refused."""
    return render(
        request, "profiles/deleted.html", {"rows": queries.deletions(request.workspace.id, limit=DELETED_MOST)}
    )


@require_POST
def allow_again(request: MemberRequest) -> HttpResponse:
    user_id = request.POST.get("user_id", "")
    services.allow_again(workspace_id=request.workspace.id, user_id=user_id)
    messages.success(request, f"Messages of {user_id} are taken again. What was deleted stays deleted.")
    return redirect("profiles:deleted")


@dataclass(frozen=True, kw_only=True)
class TimelineRow:
    """One message of the timeline: when the person did it, and the one detail that tells it from others like it."""

    entry: Entry
    at: Any
    source: str
    detail: str

    @classmethod
    def of(cls, entry: Entry, at: Any, names: dict[int, str]) -> "TimelineRow":
        return cls(entry=entry, at=at, source=names.get(entry.source_id, ""), detail=_detail(entry))

    @property
    def title(self) -> str:
        titles = {
            "page": "Viewed a page",
            "screen": "Viewed a screen",
            "identify": "Identified",
            "group": "Joined a company",
        }
        return self.entry.event or titles.get(self.entry.type, self.entry.type.capitalize())


def _detail(entry: Entry) -> str:
    content = entry.content if isinstance(entry.content, dict) else {}
    properties = _object(content.get("properties"))
    traits = _object(content.get("traits"))
    if {"experience", "personalized"} <= properties.keys():
        side = "personalized" if properties["personalized"] else "control"
        return f"{properties['experience']}: {properties.get('audienceSegment', '')}, {side}"
    if entry.type in {"identify", "group"}:
        return _in_short(traits)
    page = _object(_object(content.get("context")).get("page"))
    path = str(properties.get("path") or page.get("path") or "")
    if entry.type == "page":
        return path
    return " on ".join(part for part in (_in_short(properties), path) if part)


def _in_short(values: dict[str, Any]) -> str:
    """The first few values that are one thing each."""
    single = [(name, value) for name, value in values.items() if not isinstance(value, dict | list)]
    return ", ".join(f"{name}: {words(value)}" for name, value in single[:4])


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def flat(name: str, value: Any) -> list[tuple[str, Any]]:
    """A trait by the names that conditions use: `company.employee_count` for what lies inside an object."""
    if not isinstance(value, dict) or not value:
        return [(name, value)]
    return [found for key, inner in value.items() for found in flat(f"{name}.{key}", inner)]


def words(value: Any) -> str:
    """A trait's value for people: text as it is, everything else as JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


@dataclass(frozen=True, kw_only=True)
class SeenExperience:
    assignment: AssignmentItem
    experience: str
    segment: str
    variation: str


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
                segment=segment.name if segment else f"Segment {assignment.segment_id}",
                variation=variations.get(assignment.variation_id, "Personalized")
                if assignment.personalized
                else "Control",
            )
        )
    return rows
