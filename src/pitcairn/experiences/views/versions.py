"""The versions of an experience: who saved what and when, two of them side by side, and bringing one back."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from pitcairn.dashboard.requests import MemberRequest
from pitcairn.experiences import services
from pitcairn.experiences.comparison import differences
from pitcairn.experiences.models import ExperienceState
from pitcairn.experiences.pages import found, page_context
from pitcairn.experiences.queries import experience_versions
from pitcairn.experiences.services import ExperienceError


@require_GET
def versions(request: MemberRequest, experience_id: int) -> HttpResponse:
    experience = found(request, experience_id)
    every = experience_versions(experience_id)
    context = page_context(experience, "versions") | {
        "versions": [
            (one, len(differences(before.content, one.content)) if before else None)
            for one, before in zip(every, [*every[1:], None], strict=True)
        ],
    }
    return render(request, "experiences/versions.html", context)


@require_GET
def version(request: MemberRequest, experience_id: int, number: int) -> HttpResponse:
    """One version beside another, `with`: the one before it unless said."""
    experience = found(request, experience_id)
    every = {one.number: one for one in experience_versions(experience_id)}
    chosen = every.get(number)
    if chosen is None:
        raise Http404
    typed = request.GET.get("with", "")
    other = every.get(int(typed)) if typed.isascii() and typed.isdigit() and len(typed) < 10 else None
    other = other or every.get(number - 1)
    older, newer = (None, chosen) if other is None else sorted((chosen, other), key=lambda one: one.number)
    context = page_context(experience, "versions") | {
        "chosen": chosen,
        "older": older,
        "newer": newer,
        "versions": list(every.values()),
        "differences": differences(older.content, newer.content) if older else [],
        "may_restore": number != experience.version and experience.state is not ExperienceState.ARCHIVED,
    }
    return render(request, "experiences/version.html", context)


@require_POST
def restore(request: MemberRequest, experience_id: int, number: int) -> HttpResponse:
    experience = found(request, experience_id)
    typed = request.POST.get("version", "")
    base = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else 0
    try:
        services.restore_version(request.workspace.id, experience.id, number, base_version=base, by=request.user.email)
    except ExperienceError as error:
        for problem in error.problems:
            messages.error(request, f"{problem.text[0].upper()}{problem.text[1:]}.")
    else:
        messages.success(request, f"{experience.name} is as it was in version {number} again.")
    return redirect("experiences:versions", experience.id)
