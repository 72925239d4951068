"""Results for others: links without an account, and reports by email and webhook."""

from datetime import UTC, datetime

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from pitcairn.connections.alerts.telling import can_mail
from pitcairn.dashboard.requests import MemberRequest
from pitcairn.dashboard.stores import event_store
from pitcairn.experiences.pages import found, page_context
from pitcairn.experiments import reports
from pitcairn.experiments import sharing as links
from pitcairn.experiments.page import results_context
from pitcairn.experiments.results import results
from pitcairn.experiments.sharing import SharingError


class ReportForm(forms.Form):
    emails = forms.CharField(
        label="Email to", required=False, help_text="One address a line.",
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip
    webhook_url = forms.CharField(
        label="Webhook", required=False, max_length=2_000,
        help_text="Gets a POST with the results as JSON. An incoming webhook of Slack, Mattermost or Google Chat works as it is.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "inputmode": "url"}),
    )  # fmt: skip
    every_days = forms.TypedChoiceField(label="Send", coerce=int, choices=list(reports.PERIODS.items()), initial=7)


@require_http_methods(["GET", "POST"])
def sharing(request: MemberRequest, experience_id: int) -> HttpResponse:
    """The links that show these results, and the report that is sent."""
    experience = found(request, experience_id)
    report = reports.report_of(experience_id)
    initial = {"emails": "\n".join(report.emails), "every_days": report.every_days} if report else {}
    form = ReportForm(initial=initial)
    if request.method == "POST":
        form = ReportForm(request.POST)
        if form.is_valid():
            data = form.cleaned_data
            try:
                reports.set_report(
                    experience_id,
                    emails=[line for line in data["emails"].split() if line],
                    webhook_url=data["webhook_url"] or None,
                    every_days=data["every_days"],
                    now=datetime.now(UTC),
                )
            except SharingError as error:
                text = str(error)
                form.add_error(None, f"{text[0].upper()}{text[1:]}")
            else:
                messages.success(request, "The report is set.")
                return redirect("experiences:results-sharing", experience_id)
    if report and report.webhook_url:
        form.fields["webhook_url"].widget.attrs["placeholder"] = "Set; empty keeps it"
    context = page_context(experience, "results") | {
        "links": [
            (link, request.build_absolute_uri(f"/shared/results/{link.token}/"))
            for link in links.links_of(experience_id)
        ],
        "report": report,
        "form": form,
        "can_mail": can_mail(),
    }
    return render(request, "experiments/sharing.html", context, status=422 if form.errors else 200)


@require_POST
def make_link(request: MemberRequest, experience_id: int) -> HttpResponse:
    found(request, experience_id)
    try:
        links.make_link(experience_id, request.user.email)
    except SharingError as error:
        text = str(error)
        messages.error(request, f"{text[0].upper()}{text[1:]}.")
    return redirect("experiences:results-sharing", experience_id)


@require_POST
def revoke_link(request: MemberRequest, experience_id: int, link_id: int) -> HttpResponse:
    found(request, experience_id)
    if links.revoke_link(experience_id, link_id):
        messages.success(request, "The link is revoked. Whoever opens it sees nothing.")
    return redirect("experiences:results-sharing", experience_id)


@require_POST
def stop_report(request: MemberRequest, experience_id: int) -> HttpResponse:
    found(request, experience_id)
    if reports.stop_report(experience_id):
        messages.success(request, "The report is stopped.")
    return redirect("experiences:results-sharing", experience_id)


@require_GET
def shared_results(request: HttpRequest, token: str) -> HttpResponse:
    """The results that a link shows, to whoever has it. Anything else is not found, whatever the reason."""
    experience_id = links.shared_experience(token)
    store = event_store()
    if experience_id is None or store is None:
        context = {"refusal_title": "This link shows nothing", "refusal_text": "It was revoked, or is not complete."}
        return render(request, "dashboard/refusal.html", context, status=404)
    counted = results(experience_id, store, datetime.now(UTC))
    context = results_context(counted, request.GET.get("goal", ""), request.path) | {"shared": True}
    response = render(request, "experiments/shared.html", context)
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response
