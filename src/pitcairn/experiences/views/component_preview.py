"""A component as visitors will see it, beside the form it is made in.

It is shown in a frame that may run our script and nothing else: it has no origin of its own, so that neither the member's
session nor the form is within its reach. The form's page asks what is to be shown and hands it into the frame.
"""

import msgspec
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_POST

from pitcairn.dashboard.requests import MemberRequest
from pitcairn.experiences.components import (
    COMPONENTS,
    ContentCopy,
    content_problems,
    settings_problems,
    whole_content,
    whole_settings,
)
from pitcairn.experiences.forms import ExperienceForm

FRAME_POLICY = "; ".join(
    [
        "sandbox allow-scripts",
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src https: http: data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'self'",
    ]
)
"""Images come from where the member says; nothing else comes from anywhere."""


@require_GET
@xframe_options_sameorigin
def frame(request: HttpRequest) -> HttpResponse:
    response = render(request, "experiences/preview_frame.html")
    response["Content-Security-Policy"] = FRAME_POLICY
    return response


@require_POST
def preview(request: MemberRequest) -> HttpResponse:
    """What the form's component says as it stands, for a visitor of whom nothing is known; as far as it can be shown."""
    form = ExperienceForm.posted(request.POST.dict(), ())
    try:
        segment, variation = (int(number) for number in request.POST.get("at", "").split())
        content = form.segments[segment].variations[variation].content.as_json(form.type)
    except (ValueError, IndexError):
        return HttpResponse()
    settings = form.settings.as_json(form.type, {})
    if form.type not in COMPONENTS:
        return HttpResponse()
    problems = {
        path
        for path, _ in (*settings_problems(form.type, settings), *content_problems(form.type, content, settings, ""))
    }
    # What is wrong stands beside its field when it is saved; the rest is shown meanwhile.
    settings = {name: value for name, value in settings.items() if name not in problems}
    content = {
        name: value for name, value in content.items() if not any(path.split("[")[0] == name for path in problems)
    }
    said = ContentCopy(whole_content(form.type, content), frozenset()).filled()
    if "button_url" in said:
        said["button_url"] = said["button_url"] or "#"  # A button is seen before it leads anywhere.
    shown = {"type": form.type, "config": {**whole_settings(form.type, settings), **said}}
    return render(request, "experiences/parts/preview.html", {"shown": msgspec.json.encode(shown).decode()})
