"""Deleting a person, and who is refused since."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from pitcairn.dashboard.forms import NameAgainForm
from pitcairn.dashboard.requests import MemberRequest
from pitcairn.profiles import queries, services
from pitcairn.profiles.identity import USER_ID

DELETED_MOST = 200
DIGEST = "digest:"
"""How the user id of somebody deleted begins when it was an email address, of which nothing else is kept."""


@require_http_methods(["GET", "POST"])
def delete(request: MemberRequest, profile_id: int) -> HttpResponse:
    """Asks for the person's name, then for the person to be deleted; the pipeline does that within seconds."""
    detail = queries.profile(request.workspace.id, profile_id)
    if detail is None:
        raise Http404
    person = detail.item
    user_id = next((item.value for item in person.identifiers if item.type == USER_ID), "")
    form = NameAgainForm(person.title, request.POST if request.method == "POST" else None)
    if form.is_valid():
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
        "form": form,
        "suppress": request.method == "GET" or request.POST.get("suppress") == "yes",
        "back": reverse("profiles:profile", args=[profile_id]),
    }
    return render(request, "profiles/delete.html", context, status=422 if form.errors else 200)


@require_GET
def deleted(request: MemberRequest) -> HttpResponse:
    """Who was deleted, as far as that may still be known, and who is refused."""
    found = queries.deletions(request.workspace.id, limit=DELETED_MOST)
    rows = [(row, row.user_id.removeprefix(DIGEST)[:8] if row.user_id.startswith(DIGEST) else "") for row in found]
    return render(
        request,
        "profiles/deleted.html",
        {"rows": rows, "hidden": any(digest and row.suppressed for row, digest in rows)},
    )


@require_POST
def allow_again(request: MemberRequest) -> HttpResponse:
    user_id = request.POST.get("user_id", "").strip()
    if not user_id:
        messages.error(request, "The user id is missing. Write whose messages are to be taken again.")
        return redirect("profiles:deleted")
    services.allow_again(workspace_id=request.workspace.id, user_id=user_id)
    whose = "this person" if user_id.startswith(DIGEST) else user_id
    messages.success(request, f"Messages of {whose} are taken again. What was deleted stays deleted.")
    return redirect("profiles:deleted")
