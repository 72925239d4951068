"""Everything known of a person, as a file to take away."""

import msgspec
from django.http import Http404, HttpResponse
from django.views.decorators.http import require_GET

from pitcairn.dashboard.requests import MemberRequest
from pitcairn.dashboard.stores import event_store
from pitcairn.profiles.export import export_person


@require_GET
def export(request: MemberRequest, profile_id: int) -> HttpResponse:
    found = export_person(request.workspace.id, profile_id, event_store())
    if found is None:
        raise Http404
    return HttpResponse(
        msgspec.json.format(msgspec.json.encode(found), indent=2),
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="person-{profile_id}.json"'},
    )
