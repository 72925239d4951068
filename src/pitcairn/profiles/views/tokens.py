"""Tokens of the Profile API: made here, shown once, ended at any time."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from pitcairn.dashboard.addresses import public_url
from pitcairn.dashboard.requests import MemberRequest
from pitcairn.profiles import queries_settings, services
from pitcairn.profiles.forms import TokenForm


@require_http_methods(["GET", "POST"])
@sensitive_variables("token")
def tokens(request: MemberRequest) -> HttpResponse:
    form = TokenForm(request.POST or None)
    token = ""
    if request.method == "POST" and form.is_valid():
        try:
            token = services.create_token(
                workspace_id=request.workspace.id, name=form.cleaned_data["name"], by=request.user.email
            )
        except ValueError as error:
            form.add_error("name", str(error))
        else:
            form = TokenForm()
    address = f"{public_url(request)}/v1/spaces/{request.workspace.id}/collections/users/profiles"
    context = {
        "tokens": queries_settings.tokens(request.workspace.id),
        "token": token,
        "form": form,
        "address": address,
        "example": f'curl "{address}/user_id:USER_ID/traits" -u "{token or "TOKEN"}:"',
    }
    return render(request, "profiles/tokens.html", context, status=422 if form.errors else 200)


@require_POST
def revoke(request: MemberRequest, token_id: int) -> HttpResponse:
    if not services.revoke_token(workspace_id=request.workspace.id, token_id=token_id):
        raise Http404
    messages.success(request, "The token is revoked: requests with it are answered 401.")
    return redirect("profiles:tokens")
