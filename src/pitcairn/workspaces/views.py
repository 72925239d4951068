"""Settings: the workspace, its members, and one's own password."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from pitcairn.dashboard.requests import MemberRequest
from pitcairn.workspaces import services
from pitcairn.workspaces.forms import PasswordForm
from pitcairn.workspaces.models import Member


@require_GET
def settings(request: MemberRequest) -> HttpResponse:
    return _page(request, PasswordForm(request.user))


@require_POST
def change_password(request: MemberRequest) -> HttpResponse:
    form = PasswordForm(request.user, request.POST)
    if not form.is_valid():
        return _page(request, form)
    form.save()
    update_session_auth_hash(request, request.user)  # this browser stays signed in; all others are signed out
    messages.success(request, "Your password is changed. Other browsers are signed out.")
    return redirect("workspaces:settings")


@require_POST
def public_traits(request: MemberRequest) -> HttpResponse:
    typed = request.POST.get("traits", "")
    try:
        names = services.set_public_traits(request.workspace.id, typed.splitlines())
    except ValueError as error:
        return _page(request, PasswordForm(request.user), traits=typed, traits_error=f"{error}.")
    messages.success(request, f"Pages may say {', '.join(names)}." if names else "Pages say no trait of anybody.")
    return redirect("workspaces:settings")


def _page(
    request: MemberRequest, form: PasswordForm, *, traits: str | None = None, traits_error: str = ""
) -> HttpResponse:
    members = Member.objects.filter(workspace=request.workspace).select_related("user").order_by("user__email")
    others = Member.objects.filter(user=request.user).exclude(workspace=request.workspace).select_related("workspace")
    context = {
        "members": members,
        "other_workspaces": others,
        "form": form,
        "traits": "\n".join(request.workspace.public_traits) if traits is None else traits,
        "traits_error": traits_error,
    }
    return render(request, "workspaces/settings.html", context, status=422 if form.errors or traits_error else 200)
