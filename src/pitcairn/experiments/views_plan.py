"""The planner's page."""

from datetime import UTC, datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from pitcairn.dashboard.requests import MemberRequest
from pitcairn.dashboard.stores import event_store
from pitcairn.experiences.pages import found, page_context
from pitcairn.experiments import words
from pitcairn.experiments.forms import PlanForm
from pitcairn.experiments.planning import PAST_DAYS, keep_plan, planned, traffic_of
from pitcairn.experiments.queries import plan_of
from pitcairn.stats import Duration, NotComputable


@require_http_methods(["GET", "POST"])
def plan(request: MemberRequest, experience_id: int) -> HttpResponse:
    """Sample size, duration and detectable lift, from the site's own traffic; with POST the plan is kept."""
    experience = found(request, experience_id)
    store, now = event_store(), datetime.now(UTC)
    traffic = traffic_of(experience, store, now) if store is not None else None
    given = request.POST if request.method == "POST" else request.GET
    suggested = {}
    if traffic is not None:
        if traffic.baseline:
            suggested["baseline"] = f"{traffic.baseline * 100:.3g}"
        if traffic.visitors:
            suggested["traffic"] = f"{max(1.0, traffic.visitors_a_day):.0f}"
    form = PlanForm(given) if "baseline" in given else PlanForm(initial=suggested)
    context = page_context(experience, "goals") | {
        "form": form,
        "traffic": traffic,
        "past_days": PAST_DAYS,
        "kept": plan_of(experience_id),
    }
    if form.is_bound and form.is_valid():
        data = form.cleaned_data
        baseline, lift = data["baseline"] / 100, data["lift"] / 100
        try:
            result = planned(baseline, lift, data["traffic"], experience.control_share)
        except ValueError as error:
            text = str(error)
            form.add_error(None, f"{text[0].upper()}{text[1:]}.")
        else:
            if request.method == "POST" and not isinstance(result, NotComputable):
                keep_plan(experience_id, result, baseline=baseline, lift=lift)
                messages.success(request, "The plan is kept.")
                return redirect("experiences:plan", experience_id)
            if isinstance(result, NotComputable):
                form.add_error(None, f"There is no plan: {result.reason.value}.")
            else:
                length = result.sequential_duration
                context["plan"] = {
                    "visitors": words.count(result.sequential.visitors),
                    "control": words.count(result.sequential.control),
                    "treatment": words.count(result.sequential.treatment),
                    "days": length.whole_weeks if isinstance(length, Duration) else None,
                    "fixed": "" if isinstance(result.fixed, NotComputable) else words.count(result.fixed.visitors),
                    "lift": words.change(lift),
                    "detectable": [
                        (weeks, "" if isinstance(value, NotComputable) else words.change(value, signed=True))
                        for weeks, value in result.detectable
                    ],
                }
    return render(request, "experiments/plan.html", context, status=422 if form.is_bound and form.errors else 200)
