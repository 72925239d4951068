"""Experiences in the management API: read, made, replaced, brought from state to state, their versions and results."""

from datetime import UTC, datetime
from typing import Any

from django.http import HttpResponse
from ninja import Router, Status

from pitcairn.api.access import APIRequest, by
from pitcairn.api.bodies import found
from pitcairn.api.envelope import Detail, Refused
from pitcairn.api.experience_bodies import (
    BasedOn,
    Comparison,
    ExperienceGiven,
    ExperienceList,
    ExperienceReplaced,
    ExperienceShown,
    Order,
    VersionList,
    VersionShown,
    arguments,
    content_shown,
    shown,
    summary,
)
from pitcairn.api.paging import Cursor, Limit, page
from pitcairn.dashboard.stores import event_store
from pitcairn.experiences import queries, services
from pitcairn.experiences.comparison import differences
from pitcairn.experiences.queries import ExperienceOutline, VersionOutline
from pitcairn.experiments.queries import goals_of
from pitcairn.experiments.results import results

router = Router(tags=["Experiences"])

IF_MATCH = {"parameters": [{"in": "header", "name": "If-Match", "schema": {"type": "string"}, "required": False}]}


@router.get("", response=ExperienceList)
def list_experiences(request: APIRequest, cursor: Cursor = "", limit: Limit = 50, state: str = "") -> dict[str, Any]:
    """Every experience, or those in one state: draft, live, promoted, paused or archived."""
    every = [one for one in queries.experience_outlines(request.key.workspace_id) if state in {"", one.state}]
    items, following = page(every, lambda one: one.id, cursor, limit)
    return {"items": [summary(one) for one in items], "next_cursor": following}


@router.post("", response={201: ExperienceShown})
def create_experience(request: APIRequest, response: HttpResponse, body: ExperienceGiven) -> Status[dict[str, Any]]:
    """Makes a draft."""
    made = services.save_experience(workspace_id=request.key.workspace_id, by=by(request), **arguments(body))
    return Status(201, _shown(request, response, made.id))


@router.put("/order", response=ExperienceList)
def order_experiences(request: APIRequest, body: Order) -> dict[str, Any]:
    """Sets which experience comes first where two want the same place of a page."""
    services.reorder_experiences(request.key.workspace_id, body.ids)
    every = queries.experience_outlines(request.key.workspace_id)
    return {"items": [summary(one) for one in every], "next_cursor": None}


@router.get("/{int:experience_id}", response=ExperienceShown)
def get_experience(request: APIRequest, response: HttpResponse, experience_id: int) -> dict[str, Any]:
    """The experience whole. Its ETag is the version in force."""
    return _shown(request, response, experience_id)


@router.put("/{int:experience_id}", response=ExperienceShown, openapi_extra=IF_MATCH)
def replace_experience(
    request: APIRequest, response: HttpResponse, experience_id: int, body: ExperienceReplaced
) -> dict[str, Any]:
    """Replaces what the experience holds, if the version it was made from is still the one in force."""
    _found(request, experience_id)
    services.save_experience(
        workspace_id=request.key.workspace_id,
        experience_id=experience_id,
        base_version=_base(request, body.version),
        by=by(request),
        **arguments(body),
    )
    return _shown(request, response, experience_id)


@router.delete("/{int:experience_id}", response={204: None})
def delete_experience(request: APIRequest, experience_id: int) -> Status[None]:
    """Deletes a draft. What was live is archived instead, so that its results stay readable."""
    _found(request, experience_id)
    services.delete_draft(request.key.workspace_id, experience_id)
    return Status(204, None)


@router.post("/{int:experience_id}/start", response=ExperienceShown)
def start_experience(request: APIRequest, response: HttpResponse, experience_id: int) -> dict[str, Any]:
    """Puts a draft live, shows a paused experience again, and gives a promoted one its control group back."""
    if _found(request, experience_id).state == "paused":
        services.resume_experience(request.key.workspace_id, experience_id)
    else:
        services.start_experience(request.key.workspace_id, experience_id)
    return _shown(request, response, experience_id)


@router.post("/{int:experience_id}/pause", response=ExperienceShown)
def pause_experience(request: APIRequest, response: HttpResponse, experience_id: int) -> dict[str, Any]:
    """Shows visitors the original until it is started again."""
    _found(request, experience_id)
    services.pause_experience(request.key.workspace_id, experience_id)
    return _shown(request, response, experience_id)


@router.post("/{int:experience_id}/promote", response=ExperienceShown)
def promote_experience(request: APIRequest, response: HttpResponse, experience_id: int) -> dict[str, Any]:
    """Shows it to everyone it is for: nobody is in control, and its results stand still."""
    _found(request, experience_id)
    services.promote_experience(request.key.workspace_id, experience_id)
    return _shown(request, response, experience_id)


@router.post("/{int:experience_id}/archive", response=ExperienceShown)
def archive_experience(request: APIRequest, response: HttpResponse, experience_id: int) -> dict[str, Any]:
    """Takes it away for good. Its results stay."""
    _found(request, experience_id)
    services.archive_experience(request.key.workspace_id, experience_id)
    return _shown(request, response, experience_id)


@router.post("/{int:experience_id}/duplicate", response={201: ExperienceShown})
def duplicate_experience(request: APIRequest, response: HttpResponse, experience_id: int) -> Status[dict[str, Any]]:
    """Makes a draft that holds what the experience holds."""
    _found(request, experience_id)
    made = services.duplicate_experience(request.key.workspace_id, experience_id, by=by(request))
    return Status(201, _shown(request, response, made.id))


@router.get("/{int:experience_id}/results", response=dict[str, Any])
def experience_results(request: APIRequest, experience_id: int) -> dict[str, Any]:
    """What the experience changed: the document that `pitcairn results --json` prints."""
    _found(request, experience_id)
    store = event_store()
    if store is None:
        raise Refused(503, "This process has no event store, so it cannot count. Ask one whose role reads events.")
    return results(experience_id, store, datetime.now(UTC)).as_json()


@router.get("/{int:experience_id}/versions", response=VersionList)
def list_versions(request: APIRequest, experience_id: int, cursor: Cursor = "", limit: Limit = 50) -> dict[str, Any]:
    """Its versions, the newest first."""
    _found(request, experience_id)
    every = queries.experience_versions(experience_id)
    items, following = page(every, lambda one: one.number, cursor, limit, falling=True)
    return {"items": [_version(one) for one in items], "next_cursor": following}


@router.get("/{int:experience_id}/versions/{int:number}", response=VersionShown)
def get_version(request: APIRequest, experience_id: int, number: int) -> dict[str, Any]:
    """One version whole."""
    version = _version_found(request, experience_id, number)
    return {**_version(version), "content": content_shown(version.content)}


@router.get("/{int:experience_id}/versions/{int:number}/differences", response=Comparison)
def compare_versions(request: APIRequest, experience_id: int, number: int, to: int) -> dict[str, Any]:
    """What is different between this version and the version `to`, in words: from the older to the newer."""
    both = [_version_found(request, experience_id, one) for one in (number, to)]
    older, newer = sorted(both, key=lambda one: one.number)
    return {
        "older": older.number,
        "newer": newer.number,
        "differences": [
            {"where": one.where, "before": list(one.before), "after": list(one.after)}
            for one in differences(older.content, newer.content)
        ],
    }


@router.post("/{int:experience_id}/versions/{int:number}/restore", response=ExperienceShown, openapi_extra=IF_MATCH)
def restore_version(
    request: APIRequest, response: HttpResponse, experience_id: int, number: int, body: BasedOn
) -> dict[str, Any]:
    """Makes an older version the one in force again, as a new version."""
    _version_found(request, experience_id, number)
    base = _base(request, body.version)
    services.restore_version(request.key.workspace_id, experience_id, number, base_version=base, by=by(request))
    return _shown(request, response, experience_id)


def _found(request: APIRequest, experience_id: int) -> ExperienceOutline:
    return found(queries.experience_outline(experience_id, request.key.workspace_id), f"experience {experience_id}")


def _version_found(request: APIRequest, experience_id: int, number: int) -> VersionOutline:
    experience = _found(request, experience_id)
    version = next((one for one in queries.experience_versions(experience_id) if one.number == number), None)
    return found(version, f"version {number} of “{experience.name}”")


def _shown(request: APIRequest, response: HttpResponse, experience_id: int) -> dict[str, Any]:
    outline = _found(request, experience_id)
    content, version = queries.experience_content(experience_id)
    response["ETag"] = f'"{version}"'
    return shown(outline, content, goals_of(experience_id))


def _version(version: VersionOutline) -> dict[str, Any]:
    return {
        "number": version.number,
        "made_at": version.made_at,
        "made_by": version.made_by,
        "restores": version.restores,
    }


def _base(request: APIRequest, version: int | None) -> int:
    """The version that a change was made from. Raises Refused when neither If-Match nor the body says it."""
    text = request.headers.get("If-Match", "").strip()
    if not text:
        if version is None:
            raise Refused(
                428,
                "Say which version the change was made from: in If-Match, as the ETag said it, or as `version`.",
                [Detail("version", "it is missing")],
            )
        return version
    number = text.removeprefix("W/").strip('"')
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        raise Refused(422, f"If-Match is {text!r}; give the number of a version, as the ETag said it.")
    return int(number)
