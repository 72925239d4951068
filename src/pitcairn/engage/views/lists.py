"""Uploading a list, and uploading it again."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from pitcairn.dashboard.requests import MemberRequest
from pitcairn.engage import lists
from pitcairn.engage.errors import AudienceError
from pitcairn.engage.list_files import MAX_BYTES, MAX_ROWS, ListFile, ListFileError, read_list
from pitcairn.engage.queries import ComputationDetail
from pitcairn.engage.views.pages import audience_or_404
from pitcairn.profiles.queries_settings import identifier_types


@require_http_methods(["GET", "POST"])
def new(request: MemberRequest) -> HttpResponse:
    return _form(request, None)


@require_http_methods(["GET", "POST"])
def edit(request: MemberRequest, audience_id: int) -> HttpResponse:
    audience = audience_or_404(request, audience_id)
    if not audience.listed:
        raise Http404
    return _form(request, audience)


def _form(request: MemberRequest, audience: ComputationDetail | None) -> HttpResponse:
    types = [item.rule.name for item in identifier_types(request.workspace.id)]
    name = request.POST.get("name", audience.name if audience else "")
    description = request.POST.get("description", audience.description if audience else "")
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            return _save(request, audience, name, description, types)
        except ListFileError as error:
            errors["file"] = str(error)
        except AudienceError as error:
            errors[error.field or "form"] = error.text
    context = {
        "audience": audience,
        "name": name,
        "description": description,
        "errors": errors,
        "focus": next(iter(errors), ""),
        "types": types,
        "most": MAX_ROWS,
        "counts": lists.entry_counts(audience.id) if audience else [],
    }
    return render(request, "engage/list_form.html", context, status=422 if errors else 200)


def _save(
    request: MemberRequest, audience: ComputationDetail | None, name: str, description: str, types: list[str]
) -> HttpResponse:
    file = request.FILES.get("file")
    read = _read(file, types) if isinstance(file, UploadedFile) else None
    if audience is not None:
        saved = lists.replace_list(
            request.workspace.id, audience.id, read.entries if read else None, name=name, description=description
        )
    elif read is None:
        raise ListFileError("Choose a file first.")
    else:
        saved = lists.create_list(request.workspace.id, name, read.entries, description=description)
    messages.success(request, f"{saved.name} is saved. {_said(read)}".strip())
    return redirect("engage:audience", saved.id)


def _read(file: UploadedFile[Any], types: list[str]) -> ListFile:
    if (file.size or 0) > MAX_BYTES:
        raise ListFileError(
            f"The file has {(file.size or 0) / 1024 / 1024:,.0f} MB; at most {MAX_BYTES // 1024 // 1024} MB can be read."
        )
    stream = file.file
    assert stream is not None
    return read_list(stream, types)


def _said(read: ListFile | None) -> str:
    """What became of the rows of the file."""
    if read is None:
        return ""
    said = f"{len(read.entries):,} {'entry' if len(read.entries) == 1 else 'entries'} from {read.rows:,} rows"
    if read.repeated:
        said += f"; {read.repeated:,} were there twice"
    if read.without_value:
        said += f"; {read.without_value:,} rows named nobody"
    return f"{said}."
