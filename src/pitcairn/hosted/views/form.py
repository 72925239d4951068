"""The form that a hosted page is made and edited with, and the page as it stands beside it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from pitcairn.connections.queries import SourceItem, sources
from pitcairn.dashboard.middleware import CONTENT_SECURITY_POLICY
from pitcairn.dashboard.requests import MemberRequest
from pitcairn.hosted import services
from pitcairn.hosted.content import BLOCKS, FONTS, SCHEMES, HostedError
from pitcairn.hosted.forms import HostedForm, act
from pitcairn.hosted.pages import found, public_base
from pitcairn.hosted.previewing import preview
from pitcairn.hosted.queries import HostedOutline, page_content, said_traits

_WITH_IMAGES = CONTENT_SECURITY_POLICY.replace("img-src 'self' data:", "img-src 'self' data: https: http:")
"""Of the form, whose preview shows images from where the member says."""


@require_http_methods(["GET", "POST"])
def new(request: MemberRequest) -> HttpResponse:
    return _form_page(request, None)


@require_http_methods(["GET", "POST"])
def edit(request: MemberRequest, page_id: int) -> HttpResponse:
    page = found(request, page_id)
    if page.state == "archived":
        messages.error(request, f"{page.name} is archived and stays as it was. Duplicate it instead.")
        return redirect("hosted:detail", page_id)
    return _form_page(request, page)


@require_POST
def as_typed(request: MemberRequest) -> HttpResponse:
    """The page as it stands in the form, for somebody of whom nothing is known, and which traits it says."""
    content = HostedForm.posted(request.POST.dict()).content()
    html, _ = preview(request.workspace.id, content)
    said, private = said_traits(request.workspace.id, content)
    return render(request, "hosted/parts/as_typed.html", {"html": html, "said": said, "private": private})


def _form_page(request: MemberRequest, page: HostedOutline | None) -> HttpResponse:
    choices = _websites(request)
    if request.method == "GET":
        if page is None:
            form = HostedForm.new(choices[0].id if len(choices) == 1 else None)
        else:
            content = page_content(request.workspace.id, page.id)
            form = HostedForm.of(content, slug=page.slug, source_id=page.source_id, version=page.version)
        return _show(request, form, page, choices)
    form = HostedForm.posted(request.POST.dict())
    action = request.POST.get("do", "save")
    if action not in {"save", "start"}:
        act(form, action)
        return _show(request, form, page, choices)
    try:
        saved = services.save_page(
            request.workspace.id,
            form.content(),
            slug=form.slug,
            source_id=form.source_id,
            page_id=page.id if page else None,
            base_version=form.version,
            by=request.user.email,
            start=action == "start",
        )
    except HostedError as error:
        form.show(error.problems)
        return _show(request, form, page, choices, status=422)
    messages.success(request, f"{saved.name} {'is live' if action == 'start' else 'is saved'}.")
    return _go(request, reverse("hosted:detail", args=[saved.id]))


def _websites(request: MemberRequest) -> list[SourceItem]:
    return [one for one in sources(request.workspace.id) if one.kind == "browser" and one.enabled]


def _show(
    request: MemberRequest, form: HostedForm, page: HostedOutline | None, choices: list[SourceItem], status: int = 200
) -> HttpResponse:
    form.number()
    context = {
        "form": form,
        "page": page,
        "sources": [(str(one.id), one.name) for one in choices],
        "blocks": BLOCKS.values(),
        "fonts": FONTS.items(),
        "schemes": SCHEMES.items(),
        "base": public_base(request),
    }
    part = request.headers.get("HX-Request") == "true"
    response = render(request, "hosted/parts/form.html" if part else "hosted/form.html", context, status=status)
    response["Content-Security-Policy"] = _WITH_IMAGES
    return response


def _go(request: MemberRequest, address: str) -> HttpResponse:
    """Goes to another page, also when only a part of this one was asked for."""
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return redirect(address)
