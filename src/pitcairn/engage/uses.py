"""Where an audience is asked for: by other audiences, and by experiences that are live."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from pitcairn import conditions
from pitcairn.conditions.places import audiences_in
from pitcairn.engage.models import Audience
from pitcairn.experiences.queries_live import live_experiences


@dataclass(frozen=True, kw_only=True)
class Use:
    """One place that asks for the audience."""

    what: str
    name: str
    url: str


def uses_of(workspace_id: int, key: str) -> list[Use]:
    found = [
        Use(what="Audience", name=other.name, url=reverse("engage:audience", args=[other.id]))
        for other in Audience.objects.filter(workspace_id=workspace_id, listed=False).order_by("name")
        if key in _asked_for(other.definition)
    ]
    for experience in live_experiences():
        if experience.workspace_id == workspace_id and any(
            key in _asked_for(segment.condition) for segment in experience.segments
        ):
            url = reverse("experiences:detail", args=[experience.id])
            found.append(Use(what="Experience", name=experience.name, url=url))
    return found


def _asked_for(definition: object) -> frozenset[str]:
    try:
        return audiences_in(conditions.parse(definition))
    except conditions.ConditionError:
        return frozenset()
