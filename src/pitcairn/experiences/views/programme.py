"""What all experiences share: their order of priority, and the holdout."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from pitcairn.dashboard.requests import MemberRequest
from pitcairn.experiences import services, services_programme
from pitcairn.experiences.models import ExperienceState
from pitcairn.experiences.overview import STATE_DOTS
from pitcairn.experiences.queries import experience_outlines, holdout_periods
from pitcairn.experiences.services import ExperienceError
from pitcairn.experiments import words


@require_http_methods(["GET", "POST"])
def priority(request: MemberRequest) -> HttpResponse:
    """The list that is put in order: by dragging, which sends the whole `order`, or by `up` and `down` of one row."""
    every = experience_outlines(request.workspace.id)
    shown = [one for one in every if one.state is not ExperienceState.ARCHIVED]
    problem, focus = "", ""
    if request.method == "POST":
        ids = [one.id for one in shown]
        rest = [one.id for one in every if one.state is ExperienceState.ARCHIVED]
        wanted, focus = _wanted(request, ids)
        try:
            services.reorder_experiences(request.workspace.id, [*wanted, *rest])
        except ExperienceError as error:
            problem = str(error)
        if request.headers.get("HX-Request") != "true":
            if problem:
                messages.error(request, f"{problem[0].upper()}{problem[1:]}.")
            return redirect("experiences:priority")
        places = {one: place for place, one in enumerate(wanted)}
        if not problem:
            shown.sort(key=lambda one: places[one.id])
    periods = holdout_periods(request.workspace.id)
    context = {
        "rows": [(one, STATE_DOTS[one.state], f"up-{one.id}", f"down-{one.id}") for one in shown],
        "problem": problem,
        "focus": focus,
        "holdout": words.share(periods[-1].share) if periods and periods[-1].share else "",
        "holdout_percent": f"{periods[-1].share * 100:g}" if periods else "0",
        "periods": [(one, words.share(one.share)) for one in reversed(periods)],
    }
    part = request.headers.get("HX-Request") == "true"
    return render(request, "experiences/parts/priority.html" if part else "experiences/priority.html", context)


@require_POST
def holdout(request: MemberRequest) -> HttpResponse:
    text = request.POST.get("percent", "").strip().removesuffix("%").replace(",", ".").strip()
    try:
        services_programme.set_holdout(request.workspace.id, float(text) / 100, by=request.user.email)
    except ExperienceError as error:
        for problem in error.problems:
            messages.error(request, f"{problem.text[0].upper()}{problem.text[1:]}.")
    except ValueError:
        messages.error(request, f"“{text}” is not a share; write a number from 0 to 50.")
    else:
        messages.success(request, "The holdout is set.")
    return redirect("experiences:priority")


def _wanted(request: MemberRequest, ids: list[int]) -> tuple[list[int], str]:
    """The order that was asked for, and what has the focus then. What cannot be read changes nothing."""
    do = request.POST.get("do", "").split()
    if len(do) == 2 and do[0] in {"up", "down"} and do[1].isascii() and do[1].isdigit() and int(do[1]) in ids:
        chosen, order = int(do[1]), list(ids)
        at = order.index(chosen)
        to = max(0, min(len(order) - 1, at + (1 if do[0] == "down" else -1)))
        order.insert(to, order.pop(at))
        # At an end the button that moved it there is gone; the other one takes the focus.
        verb = "down" if to == 0 else "up" if to == len(order) - 1 else do[0]
        return order, f"{verb}-{chosen}"
    typed = request.POST.get("order", "").split(",")
    if all(one.isascii() and one.isdigit() and len(one) < 19 for one in typed):
        return [int(one) for one in typed], ""
    return ids, ""
