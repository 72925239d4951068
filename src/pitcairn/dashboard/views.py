"""Sign-in, the home page, and what every installation needs beside its features."""

from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from pitcairn.dashboard.context import THEME_COOKIE, THEMES
from pitcairn.dashboard.forms import SignInForm
from pitcairn.dashboard.health import pulse
from pitcairn.dashboard.home import overview
from pitcairn.dashboard.middleware import WORKSPACE_SESSION_KEY, recognize
from pitcairn.dashboard.requests import MemberRequest
from pitcairn.workspaces.queries import membership

YEAR_SECONDS = 365 * 24 * 3600


def _next(request: HttpRequest, address: str) -> str:
    """The page to go on with: an address of this server, or home."""
    safe = url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return address if address and safe else "/"


@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    target = _next(request, request.POST.get("next") or request.GET.get("next") or "")
    if request.method == "GET" and request.user.is_authenticated:
        return redirect(target)
    form = SignInForm(request, request.POST or None)
    if request.method == "POST" and form.is_valid() and form.user is not None:
        login(request, form.user)
        return redirect(target)
    status = 422 if form.errors else 200
    return render(request, "dashboard/sign_in.html", {"form": form, "next": target}, status=status)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("sign-in")


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Keeps the reader's choice of colours in a cookie of this browser, so that the first byte already knows it."""
    response = redirect(_next(request, request.POST.get("next", "")))
    chosen = request.POST.get("theme", "")
    if chosen and chosen in dict(THEMES):
        response.set_cookie(THEME_COOKIE, chosen, max_age=YEAR_SECONDS, samesite="Lax", secure=request.is_secure())
    else:
        response.delete_cookie(THEME_COOKIE, samesite="Lax")
    return response


@require_POST
def switch_workspace(request: MemberRequest) -> HttpResponse:
    """Goes on in another workspace that the user is a member of."""
    chosen = request.POST.get("workspace", "")
    if chosen.isdigit() and (member := membership(request.user, int(chosen))) is not None:
        request.session[WORKSPACE_SESSION_KEY] = member.workspace_id
    return redirect("home")


@require_GET
def home(request: MemberRequest) -> HttpResponse:
    state = pulse(request.workspace.id)
    return render(request, "dashboard/home.html", {"overview": overview(request.workspace.id, state), "pulse": state})


def _refused(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    # An address that no route has never passed the middleware's door; the shell still knows its members.
    recognize(request)
    return render(request, "dashboard/refusal.html", {"refusal_title": title, "refusal_text": text}, status=status)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _refused(request, 403, "This is not allowed", "You cannot do this here. Go back and try another way.")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    text = (
        f"Nothing called {request.path} exists in this workspace. It may have been removed, or the link is incomplete."
    )
    return _refused(request, 404, "There is nothing at this address", text)


def failed(request: HttpRequest) -> HttpResponse:
    """The error page. It asks nothing of the stores, since they may be what failed."""
    return render(request, "dashboard/failed.html", {}, status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    text = (
        "Somebody signed in or out in this browser since the page was opened. "
        "Go back, reload the page and send the form again."
    )
    return _refused(request, 403, "This form is too old to be sent", text)
