"""The rules by which people are told apart, and what they would make of a value."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from pitcairn.dashboard.requests import MemberRequest
from pitcairn.profiles import queries_settings, services
from pitcairn.profiles.forms import RulesForm
from pitcairn.profiles.identity_rules import DEFAULT_RULES, PERIODS, IdentityRulesError

PERIOD_WORDS = {"ever": "in all", "weekly": "a week", "monthly": "a month", "annually": "a year"}
TRIED_LENGTH = 500
"""Longer values are no identifiers whatever the rules say."""


@require_http_methods(["GET", "POST"])
def rules(request: MemberRequest) -> HttpResponse:
    workspace_id = request.workspace.id
    now = queries_settings.identity_rules(workspace_id)
    items = queries_settings.identifier_types(workspace_id)
    form = RulesForm(items, now, request.POST.dict() if request.method == "POST" else None)
    if form.rules is not None:
        try:
            services.set_identity_rules(workspace_id=workspace_id, rules=form.rules)
        except IdentityRulesError as error:
            form.blame(error)
        else:
            messages.success(request, "The rules hold for messages from now on. Profiles stay as they are.")
            return redirect("profiles:rules")
    tried = request.GET.get("try", "").strip()
    context = {
        "form": form,
        "periods": [(key, PERIOD_WORDS[key]) for key in PERIODS],
        "period_words": PERIOD_WORDS,
        "defaults": now == DEFAULT_RULES,
        "tried": tried[:TRIED_LENGTH],
        "blocked": bool(tried) and now.blocks(tried[:TRIED_LENGTH]),
    }
    return render(request, "profiles/rules.html", context, status=422 if form.invalid else 200)


@require_POST
def reset(request: MemberRequest) -> HttpResponse:
    services.set_identity_rules(workspace_id=request.workspace.id, rules=DEFAULT_RULES)
    messages.success(request, "The default rules hold again, for messages from now on.")
    return redirect("profiles:rules")
