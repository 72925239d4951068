"""What the pages of one experience have in common, those of its goals and results among them."""

from typing import Any

from django.http import Http404
from django.urls import reverse

from pitcairn.dashboard.requests import MemberRequest
from pitcairn.experiences.overview import STATE_DOTS, state_words
from pitcairn.experiences.queries import ExperienceOutline, experience_outline

_TABS = (
    ("segments", "Segments and variations", "experiences:detail"),
    ("goals", "Goals", "experiences:goals"),
    ("results", "Results", "experiences:results"),
    ("health", "Health", "experiences:health"),
    ("targeting", "Targeting", "experiences:targeting"),
    ("versions", "Versions", "experiences:versions"),
    ("preview", "Preview", "experiences:preview"),
    ("why", "Why", "experiences:why-of"),
)


def found(request: MemberRequest, experience_id: int) -> ExperienceOutline:
    """The experience, if it is one of the member's workspace. Raises Http404 otherwise."""
    experience = experience_outline(experience_id, request.workspace.id)
    if experience is None:
        raise Http404
    return experience


def page_context(experience: ExperienceOutline, tab: str) -> dict[str, Any]:
    """What `experiences/experience.html` shows around the content of a tab."""
    return {
        "experience": experience,
        "state_dot": STATE_DOTS[experience.state],
        "state_words": state_words(experience),
        "tabs": [
            {"url": reverse(route, args=[experience.id]), "label": label, "current": name == tab}
            for name, label, route in _TABS
        ],
    }
