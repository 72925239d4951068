"""OAuth apps: programs that get bearer tokens for the sources that take nothing else."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from pitcairn.connections import queries
from pitcairn.connections.forms import blame
from pitcairn.connections.forms_sources import OAuthAppForm
from pitcairn.connections.oauth_apps import LIFETIMES, create_oauth_app, delete_oauth_app, oauth_apps
from pitcairn.connections.services import ConnectionsError
from pitcairn.dashboard.addresses import public_url
from pitcairn.dashboard.requests import MemberRequest

MAKE_KEYS = """openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out private.pem
openssl pkey -in private.pem -pubout -out public.pem"""


@require_http_methods(["GET", "POST"])
def app_list(request: MemberRequest) -> HttpResponse:
    form = OAuthAppForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            app = create_oauth_app(workspace_id=request.workspace.id, **form.cleaned_data)
        except ConnectionsError as error:
            blame(form, error)
        else:
            messages.success(request, f"{app.name} can get tokens now, with the ids below and its private key.")
            return redirect("connections:oauth-apps")
    apps = oauth_apps(request.workspace.id)
    context = {
        "apps": [(app, LIFETIMES.get(app.token_seconds // 86400, f"{app.token_seconds} s")) for app in apps],
        "form": form,
        "adding": bool(form.errors) or not apps,
        "sources": [source for source in queries.sources(request.workspace.id) if source.requires_token],
        "make_keys": MAKE_KEYS,
        "example": _example(public_url(request), apps[0].client_id, apps[0].key_id) if apps else "",
        "public_url": public_url(request),
    }
    return render(request, "connections/oauth_apps.html", context, status=422 if form.errors else 200)


@require_POST
def remove(request: MemberRequest, app_id: int) -> HttpResponse:
    try:
        app = delete_oauth_app(workspace_id=request.workspace.id, app_id=app_id)
    except ConnectionsError as error:
        raise Http404 from error
    messages.success(request, f"{app.name} is removed, and its tokens are void.")
    return redirect("connections:oauth-apps")


def _example(url: str, client_id: str, key_id: str) -> str:
    return f"""import {{ Analytics }} from "@segment/analytics-node";
import {{ readFileSync }} from "node:fs";

const analytics = new Analytics({{
  writeKey: "the source's write key",
  host: "{url}",
  oauthSettings: {{
    clientId: "{client_id}",
    keyId: "{key_id}",
    clientKey: readFileSync("private.pem", "utf8"),
    authServer: "{url}",
    scope: "tracking_api:write",
  }},
}});"""
