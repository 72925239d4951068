"""What all experiences together are worth."""

from datetime import UTC, datetime

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from pitcairn.dashboard.requests import MemberRequest
from pitcairn.dashboard.stores import event_store
from pitcairn.experiments import findings, words
from pitcairn.experiments.lift_chart import charts_of
from pitcairn.experiments.page import cells_of, lift_words, tone_of
from pitcairn.experiments.programme import programme
from pitcairn.stats import Split, SplitCheck


@require_GET
def programme_page(request: MemberRequest) -> HttpResponse:
    store = event_store()
    if store is None:
        return render(request, "experiments/programme.html", {"no_store": True})
    found = programme(request.workspace.id, store, datetime.now(UTC), request.GET.get("goal", ""))
    if found is None:
        return render(request, "experiments/programme.html", {"found": None})
    before, emphasis, after = findings.sentence(found.finding, "All experiences together make ", " outside the holdout")
    split = found.split
    off = isinstance(split, SplitCheck) and split.split is Split.MISMATCH
    context = {
        "found": found,
        "answer": {
            "before": before,
            "emphasis": emphasis,
            "after": after,
            "tone": "" if off else tone_of(found.finding),
        },
        "off": off,
        "share": words.share(found.share),
        "lift_charts": charts_of([("Everyone else", [(one.day, one.lift) for one in found.lifts])]),
        "lifts_than": "in the holdout",
        "lift": lift_words(found.finding.lift),
        "arms": [("Everyone else", cells_of(found.everyone)), ("Holdout", cells_of(found.holdout))],
    }
    return render(request, "experiments/programme.html", context)
