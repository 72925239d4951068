"""How a source proves who its visitors are, on the page of its settings."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from pitcairn.connections import identity_proof
from pitcairn.connections.services import ConnectionsError
from pitcairn.connections.views.source_settings import settings_page, source_or_404
from pitcairn.dashboard.requests import MemberRequest


@require_POST
def new_secret(request: MemberRequest, source_id: int) -> HttpResponse:
    """Shows the new secret in the answer itself: it is kept in no place from which a page could show it again."""
    source = source_or_404(request, source_id)
    try:
        secret = identity_proof.new_identity_secret(workspace_id=request.workspace.id, source_id=source.id)
    except ConnectionsError as error:
        messages.error(request, str(error))
        return redirect("connections:source-settings", source_id)
    return settings_page(request, source_or_404(request, source.id), new_identity_secret=secret)


@require_POST
def end_secret(request: MemberRequest, source_id: int) -> HttpResponse:
    """Ends the secret before the newest; with `all`, both."""
    source = source_or_404(request, source_id)
    ends_all = request.POST.get("all") == "1"
    try:
        identity_proof.end_identity_secret(workspace_id=request.workspace.id, source_id=source.id, all_of_them=ends_all)
    except ConnectionsError as error:
        messages.error(request, str(error))
    else:
        what = (
            "Identity tokens prove nobody any more."
            if ends_all
            else "The secret before the newest proves nobody any more."
        )
        messages.success(request, what)
    return redirect("connections:source-settings", source_id)


@require_POST
def set_proves(request: MemberRequest, source_id: int) -> HttpResponse:
    source = source_or_404(request, source_id)
    proves = request.POST.get("proves") == "on"
    try:
        identity_proof.set_proves_identity(workspace_id=request.workspace.id, source_id=source.id, proves=proves)
    except ConnectionsError as error:
        messages.error(request, str(error))
    else:
        said = "is a proof from now on" if proves else "is no proof any more"
        messages.success(request, f"What {source.name} says of who visitors are {said}.")
    return redirect("connections:source-settings", source_id)
