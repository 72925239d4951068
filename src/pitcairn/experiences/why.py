"""Why a visitor sees an experience on a page, or does not.

The visit is made as the edge makes it, and decided by `decisions.decide`, which tells what became of every experience: so
what is explained is what would be delivered. Only the words are made here.
"""

from __future__ import annotations

from typing import Any

import msgspec
from django.conf import settings
from django.db import connection

from pitcairn.conditions.visits import Seen, explain_visit
from pitcairn.edge.ip_data import IPData
from pitcairn.edge.profile_reader import UNKNOWN, read_profile
from pitcairn.edge.snapshot import EMPTY, newer_snapshot
from pitcairn.edge.visits import Asked, visit_of
from pitcairn.experiences.decisions import DECIDES, Outcome, Reason, decide, is_held_out
from pitcairn.experiences.models import SERVED, Experience, ExperienceState

_WORDS = {
    Reason.OTHER_PAGE: "It is on another page",
    Reason.ARRIVED: "The page is where it redirects to",
    Reason.SCHEDULE: "Its schedule does not include this moment",
    Reason.NO_SEGMENT: "None of its segments has this visitor",
    Reason.FREQUENCY: "The visitor has seen it as often as its frequency cap allows",
    Reason.HOLDOUT: "The visitor is in the holdout, which is kept from all experiences",
    Reason.PROMOTED: "It is promoted: everyone in its segments sees it",
}
_STATES = {
    ExperienceState.DRAFT: "It is a draft",
    ExperienceState.PAUSED: "It is paused",
    ExperienceState.ARCHIVED: "It is archived",
}


class SegmentWhy(msgspec.Struct, frozen=True, kw_only=True):
    """An audience segment, each part of its condition with its answer and the value it saw."""

    id: int
    name: str
    condition: Seen


class ExperienceWhy(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one experience. `reason` is one of `decisions.Reason`, or `not_live`; `words` say it in a sentence.

    `segment` and `variation` are names; `variation` is empty for control and where nothing is decided. `instead` is the
    experience that has the visitor by exclusion, by priority or as a redirect.
    """

    id: int
    name: str
    state: str
    reason: str
    words: str
    decided: bool
    personalized: bool = False
    segment: str = ""
    variation: str = ""
    instead: str = ""
    segments: tuple[SegmentWhy, ...] = ()


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """For one visitor and page. `known`: there is a profile. `connected`: some Mutiny destination personalizes at all."""

    visitor: str
    url: str
    known: bool
    connected: bool
    held_out: bool
    holdout_share: float
    experiences: tuple[ExperienceWhy, ...]


def explain(workspace_id: int, asked: Asked, anonymous_id: str = "") -> Explanation:
    """Why the visitor sees what they see, by every experience of the workspace: those that are decided first.

    `anonymous_id` is what analytics.js would say, if that is another one than the visitor's. Consent, and whether the answer
    came in time, are the browser's business and not known here.
    """
    snapshot = newer_snapshot(EMPTY)
    workspace = snapshot.workspaces[workspace_id]
    programme = workspace.programme
    profile = UNKNOWN
    if "\0" not in asked.visitor + anonymous_id:
        with connection.cursor() as cursor:
            profile = read_profile(cursor, workspace_id, asked.visitor, anonymous_id or asked.visitor, workspace.asked)
    ip_data = IPData(settings.IP_DATA)
    try:
        visit = visit_of(asked, profile, programme, ip_data)
    finally:
        ip_data.close()
    trace: list[Outcome] = []
    decide(programme, visit, trace)
    told = [_told(outcome, visit.facts) for outcome in trace]
    others = Experience.objects.filter(workspace_id=workspace_id).exclude(state__in=SERVED).order_by("position", "id")
    return Explanation(
        visitor=asked.visitor,
        url=asked.url,
        known=profile is not UNKNOWN,
        connected=any(one.personalizes for one in snapshot.sources.values() if one.workspace_id == workspace_id),
        held_out=is_held_out(programme.holdout_share, visit),
        holdout_share=programme.holdout_share,
        experiences=(
            *sorted(told, key=lambda one: not one.decided),
            *(
                ExperienceWhy(
                    id=one.id,
                    name=one.name,
                    state=one.state,
                    reason="not_live",
                    words=_STATES[ExperienceState(one.state)],
                    decided=False,
                )
                for one in others
            ),
        ),
    )


def as_json(explanation: Explanation) -> dict[str, Any]:
    """The explanation as JSON values."""
    value: dict[str, Any] = msgspec.to_builtins(explanation)
    return value


def _told(outcome: Outcome, facts: Any) -> ExperienceWhy:
    experience, segment, variation = outcome.experience, outcome.segment, outcome.variation
    return ExperienceWhy(
        id=experience.id,
        name=experience.name,
        state="promoted" if experience.promoted else "live",
        reason=outcome.reason.value,
        words=_words(outcome),
        decided=outcome.reason in DECIDES,
        personalized=variation is not None,
        segment=segment.name if segment else "",
        variation=variation.name if variation else "",
        instead=outcome.to.name if outcome.to else "",
        segments=()
        if outcome.reason is Reason.OTHER_PAGE
        else tuple(
            SegmentWhy(id=one.id, name=one.name, condition=explain_visit(one.condition, facts))
            for one in experience.segments
        ),
    )


def _words(outcome: Outcome) -> str:
    instead = outcome.to.name if outcome.to else ""
    side = "personalized" if outcome.variation is not None else "in control"
    match outcome.reason:
        case Reason.ASSIGNED:
            return f"The visitor is {side}, by the draw"
        case Reason.STORED:
            return f"The visitor is {side}, as when they first saw it"
        case Reason.EXCLUDED:
            return f"Of its exclusion group the visitor takes part in {instead}"
        case Reason.PRIORITY:
            return f"{instead} comes before it by priority"
        case Reason.REDIRECT:
            return f"{instead} redirects from this page, and shares it with nothing"
        case reason:
            return _WORDS[reason]
