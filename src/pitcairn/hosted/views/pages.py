"""The list of hosted pages, one of them as it looks, and its versions."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_POST

from pitcairn.dashboard.requests import MemberRequest
from pitcairn.dashboard.stores import event_store
from pitcairn.edge.hosted import policy
from pitcairn.hosted import services
from pitcairn.hosted.comparison import differences
from pitcairn.hosted.content import HostedError
from pitcairn.hosted.pages import found, page_context, public_base, sentence, typed_number
from pitcairn.hosted.previewing import NobodyError, preview
from pitcairn.hosted.queries import hosted_pages, missing, page_content, page_versions, said_traits
from pitcairn.hosted.queries_links import visits_of


@require_GET
def pages(request: MemberRequest) -> HttpResponse:
    store = event_store()
    rows = []
    for page in hosted_pages(request.workspace.id):
        visits = visits_of(page, store, request.workspace.id).values() if page.started_at else ()
        rows.append((page, sum(one.views for one in visits), sum(one.clicks for one in visits)))
    return render(request, "hosted/list.html", {"rows": rows, "no_store": store is None})


@require_GET
def detail(request: MemberRequest, page_id: int) -> HttpResponse:
    page = found(request, page_id)
    content = page_content(request.workspace.id, page_id)
    said, private = said_traits(request.workspace.id, content)
    recipient = request.GET.get("as", "").strip()
    problem = ""
    try:
        preview(request.workspace.id, content, recipient)
    except NobodyError as error:
        problem = f"{error}."
    context = page_context(page, "page") | {
        "content": content,
        "said": said,
        "private": private,
        "as": recipient,
        "problem": problem,
        "missing": missing(request.workspace.id, page_id) if page.state == "draft" else [],
        "base": public_base(request),
    }
    return render(request, "hosted/detail.html", context, status=422 if problem else 200)


@require_GET
@xframe_options_sameorigin
def frame(request: MemberRequest, page_id: int) -> HttpResponse:
    """The page itself, as it is saved, to be shown in a frame."""
    page = found(request, page_id)
    try:
        html, origins = preview(
            request.workspace.id, page_content(request.workspace.id, page.id), request.GET.get("as", "")
        )
    except NobodyError as error:
        raise Http404 from error
    response = HttpResponse(html)
    response["Content-Security-Policy"] = (
        f"sandbox allow-same-origin; {policy(origins, frames=chr(39) + 'self' + chr(39)).decode()}"
    )
    response["Referrer-Policy"] = "no-referrer"
    return response


@require_GET
def versions(request: MemberRequest, page_id: int) -> HttpResponse:
    page = found(request, page_id)
    every = page_versions(page_id)
    context = page_context(page, "versions") | {
        "versions": [
            (one, differences(before.content, one.content) if before else None)
            for one, before in zip(every, [*every[1:], None], strict=True)
        ],
    }
    return render(request, "hosted/versions.html", context)


@require_POST
def restore(request: MemberRequest, page_id: int, number: int) -> HttpResponse:
    page = found(request, page_id)
    base = typed_number(request.POST.get("version", "")) or 0
    try:
        services.restore_version(request.workspace.id, page.id, number, base_version=base, by=request.user.email)
    except HostedError as error:
        for problem in error.problems:
            messages.error(request, sentence(problem.text))
    else:
        messages.success(request, f"{page.name} is as it was in version {number} again.")
    return redirect("hosted:versions", page.id)
