"""Keys of the management API: made here, shown once, ended at any time."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from pitcairn.dashboard.addresses import public_url
from pitcairn.dashboard.requests import MemberRequest
from pitcairn.workspaces import api_keys
from pitcairn.workspaces.forms import APIKeyForm


@require_http_methods(["GET", "POST"])
@sensitive_variables("key")
def keys(request: MemberRequest) -> HttpResponse:
    form = APIKeyForm(request.POST or None)
    key = ""
    if request.method == "POST" and form.is_valid():
        try:
            key = api_keys.create_api_key(workspace_id=request.workspace.id, by=request.user.email, **form.cleaned_data)
        except api_keys.APIKeyError as error:
            form.add_error(error.field, str(error))
        else:
            form = APIKeyForm()
    address = f"{public_url(request)}/api/v1"
    context = {
        "keys": api_keys.api_keys(request.workspace.id),
        "key": key,
        "form": form,
        "description": f"{address}/openapi.json",
        "example": f'curl "{address}/experiences" -H "Authorization: Bearer {key or "KEY"}"',
    }
    return render(request, "workspaces/api_keys.html", context, status=422 if form.errors else 200)


@require_POST
def revoke(request: MemberRequest, key_id: int) -> HttpResponse:
    if not api_keys.revoke_api_key(workspace_id=request.workspace.id, key_id=key_id):
        raise Http404
    messages.success(request, "The key is revoked: requests with it are answered 401.")
    return redirect("workspaces:api-keys")
