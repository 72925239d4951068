"""Preview links of an experience, made and revoked; and the script that shows what one shows."""

from pathlib import Path

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from pitcairn.dashboard.requests import MemberRequest
from pitcairn.experiences import editor_views
from pitcairn.experiences.models import ExperienceState
from pitcairn.experiences.pages import found, page_context
from pitcairn.experiences.previews import LIFETIMES, make_preview_link, preview_links, revoke_preview_link
from pitcairn.experiences.services import ExperienceError

SCRIPT = Path(editor_views.SCRIPT).with_name("preview.js")
FIELDS = ("address", "variation", "person", "account", "hours")


@require_GET
def script(request: HttpRequest) -> HttpResponse:
    """The code that shows a preview: the same for everyone, and of no use without a link."""
    return editor_views.script_answer(request, SCRIPT)


@require_http_methods(["GET", "POST"])
def links(request: MemberRequest, experience_id: int) -> HttpResponse:
    experience = found(request, experience_id)
    given = {name: request.POST.get(name, "").strip() for name in FIELDS}
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            make_preview_link(
                request.workspace.id,
                experience_id,
                address=given["address"],
                variation_id=int(given["variation"]) if _is_number(given["variation"]) else None,
                person=given["person"],
                account=given["account"],
                hours=int(given["hours"]) if _is_number(given["hours"]) else 0,
                by=request.user.email,
            )
        except ExperienceError as error:
            errors = {one.path or "all": f"{one.text[0].upper()}{one.text[1:]}." for one in error.problems}
        else:
            messages.success(request, "The link is ready. Whoever has it sees this preview, without an account.")
            return redirect("experiences:preview", experience_id)
    else:
        given |= {"address": editor_views.address_in(experience.page_url), "hours": "24"}
    context = page_context(experience, "preview") | {
        "links": preview_links(request.workspace, experience_id),
        "given": given,
        "errors": errors,
        "lifetimes": [(str(hours), words) for hours, words in LIFETIMES.items()],
        "variations": [
            (str(one.id), f"{segment.name}: {one.name}" if len(segment.variations) > 1 else segment.name)
            for segment in experience.segments
            for one in segment.variations
        ],
        "archived": experience.state is ExperienceState.ARCHIVED,
    }
    return render(request, "experiences/preview.html", context, status=422 if errors else 200)


@require_POST
def revoke(request: MemberRequest, experience_id: int, preview_id: int) -> HttpResponse:
    if not revoke_preview_link(request.workspace.id, experience_id, preview_id):
        raise Http404
    messages.success(request, "The link is revoked. Whoever opens it sees the page as visitors do.")
    return redirect("experiences:preview", experience_id)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19
