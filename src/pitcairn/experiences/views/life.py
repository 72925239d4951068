"""What brings an experience from state to state: start, pause, promote, archive; and duplicate and delete."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from pitcairn.dashboard.forms import NameAgainForm
from pitcairn.dashboard.requests import MemberRequest
from pitcairn.experiences import services
from pitcairn.experiences.models import ExperienceState
from pitcairn.experiences.pages import found
from pitcairn.experiences.queries import ExperienceOutline
from pitcairn.experiences.services import ExperienceError


@require_POST
def start(request: MemberRequest, experience_id: int) -> HttpResponse:
    experience = found(request, experience_id)
    if experience.state is ExperienceState.PAUSED:
        return _bring(request, experience, services.resume_experience, f"{experience.name} is shown again.")
    return _bring(request, experience, services.start_experience, f"{experience.name} is live.")


@require_POST
def pause(request: MemberRequest, experience_id: int) -> HttpResponse:
    experience = found(request, experience_id)
    return _bring(
        request, experience, services.pause_experience, f"{experience.name} is paused. Visitors see the original."
    )


@require_POST
def promote(request: MemberRequest, experience_id: int) -> HttpResponse:
    experience = found(request, experience_id)
    done = f"{experience.name} is promoted. Everyone it is for sees it, and its results stand still."
    return _bring(request, experience, services.promote_experience, done)


@require_POST
def duplicate(request: MemberRequest, experience_id: int) -> HttpResponse:
    experience = found(request, experience_id)
    made = services.duplicate_experience(request.workspace.id, experience.id, by=request.user.email)
    messages.success(request, f"{made.name} is a draft that holds what {experience.name} holds.")
    return redirect("experiences:edit", made.id)


@require_http_methods(["GET", "POST"])
def archive(request: MemberRequest, experience_id: int) -> HttpResponse:
    """What is archived cannot be started again, so it asks for the name."""
    experience = found(request, experience_id)
    return _ask_for_name(
        request,
        experience,
        template="experiences/archive.html",
        act=services.archive_experience,
        done=f"{experience.name} is archived. Its results stay.",
        then=reverse("experiences:detail", args=[experience_id]),
    )


@require_http_methods(["GET", "POST"])
def delete(request: MemberRequest, experience_id: int) -> HttpResponse:
    experience = found(request, experience_id)
    return _ask_for_name(
        request,
        experience,
        template="experiences/delete.html",
        act=services.delete_draft,
        done=f"The draft {experience.name} is deleted.",
        then=reverse("experiences:list"),
    )


def _bring(
    request: MemberRequest, experience: ExperienceOutline, act: Callable[[int, int], object], done: str
) -> HttpResponse:
    try:
        act(request.workspace.id, experience.id)
    except ExperienceError as error:
        for problem in error.problems:
            messages.error(request, f"{problem.text[0].upper()}{problem.text[1:]}.")
    else:
        messages.success(request, done)
    return redirect("experiences:detail", experience.id)


def _ask_for_name(
    request: MemberRequest,
    experience: ExperienceOutline,
    *,
    template: str,
    act: Callable[[int, int], object],
    done: str,
    then: str,
) -> HttpResponse:
    form = NameAgainForm(experience.name, request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            act(request.workspace.id, experience.id)
        except ExperienceError as refused:
            form.add_error("name", str(refused))
        else:
            messages.success(request, done)
            return redirect(then)
    context = {"experience": experience, "form": form, "back": reverse("experiences:detail", args=[experience.id])}
    return render(request, template, context, status=422 if form.errors else 200)
