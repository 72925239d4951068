"""What brings a hosted page from state to state: live, archived; and duplicate, delete and the general link."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from pitcairn.dashboard.requests import MemberRequest
from pitcairn.hosted import services
from pitcairn.hosted.content import HostedError
from pitcairn.hosted.pages import found, sentence
from pitcairn.hosted.queries import HostedOutline


@require_POST
def start(request: MemberRequest, page_id: int) -> HttpResponse:
    page = found(request, page_id)
    try:
        services.start_page(request.workspace.id, page.id)
    except HostedError as error:
        for problem in error.problems:
            messages.error(request, sentence(problem.text))
        return redirect("hosted:edit", page.id)
    messages.success(request, f"{page.name} is live. Make a link for each recipient.")
    return redirect("hosted:links", page.id)


@require_POST
def duplicate(request: MemberRequest, page_id: int) -> HttpResponse:
    page = found(request, page_id)
    try:
        made = services.duplicate_page(request.workspace.id, page.id, by=request.user.email)
    except HostedError as error:
        for problem in error.problems:
            messages.error(request, sentence(problem.text))
        return redirect("hosted:detail", page.id)
    messages.success(request, f"{made.name} is a draft that holds what {page.name} holds, without its links.")
    return redirect("hosted:edit", made.id)


@require_POST
def general(request: MemberRequest, page_id: int) -> HttpResponse:
    page = found(request, page_id)
    on = request.POST.get("on") == "yes"
    try:
        services.set_general(request.workspace.id, page.id, on=on)
    except HostedError as error:
        messages.error(request, sentence(str(error)))
    else:
        messages.success(request, f"The general link is {'on' if on else 'off'}.")
    return redirect("hosted:links", page.id)


@require_http_methods(["GET", "POST"])
def archive(request: MemberRequest, page_id: int) -> HttpResponse:
    """What is archived cannot be brought back, so it asks for the name."""
    page = found(request, page_id)
    return _ask_for_name(
        request,
        page,
        act=services.archive_page,
        verb="Archive",
        text="Every link to it stops working from now on, and it cannot be brought back. What was counted stays.",
        done=f"{page.name} is archived. Its links open nothing any more.",
        then=reverse("hosted:detail", args=[page_id]),
    )


@require_http_methods(["GET", "POST"])
def delete(request: MemberRequest, page_id: int) -> HttpResponse:
    page = found(request, page_id)
    return _ask_for_name(
        request,
        page,
        act=services.delete_draft,
        verb="Delete",
        text="The draft, its versions and the links made for it are deleted for good.",
        done=f"{page.name} is deleted.",
        then=reverse("hosted:list"),
    )


def _ask_for_name(
    request: MemberRequest,
    page: HostedOutline,
    *,
    act: Callable[[int, int], object],
    verb: str,
    text: str,
    done: str,
    then: str,
) -> HttpResponse:
    typed = request.POST.get("name", "").strip()
    error = ""
    if request.method == "POST":
        if typed != page.name:
            error = f"This is not its name. Write {page.name} to go on."
        else:
            try:
                act(request.workspace.id, page.id)
            except HostedError as problem:
                error = sentence(str(problem))
            else:
                messages.success(request, done)
                return redirect(then)
    context = {"page": page, "verb": verb, "text": text, "typed": typed, "error": error}
    return render(request, "hosted/ask_for_name.html", context, status=422 if error else 200)
