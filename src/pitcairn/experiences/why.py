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
from pitcairn.edge.snapshot import EMPTY, Snapshot, SourceConfiguration, newer_snapshot
from pitcairn.edge.visits import Asked, visit_of
from pitcairn.experiences.consent import Consent, Said, consent_of, consent_words
from pitcairn.experiences.decisions import DECIDES, Outcome, Reason, Visit, decide, is_held_out
from pitcairn.experiences.models import SERVED, Experience, ExperienceState
from pitcairn.experiences.running import REDIRECT
from pitcairn.experiences.timing import frequency_words

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
_KEPT_BACK = {
    Consent.REFUSED: "Nothing is shown to a visitor who refused.",
    Consent.PENDING: "No redirect is followed before consent.",
}
NOTHING_SAID = Said()


class SegmentWhy(msgspec.Struct, frozen=True, kw_only=True):
    """An audience segment, each part of its condition with its answer and the value it saw."""

    id: int
    name: str
    condition: Seen


class ExperienceWhy(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one experience. `reason` is one of `decisions.Reason`, or `not_live`, or what the visitor's consent keeps
    from being delivered: `refused`, or `pending` of a redirect; `words` say it in a sentence.

    `cap` is its frequency cap, with how often the visitor has seen it, where it has one.
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
    cap: str = ""
    segments: tuple[SegmentWhy, ...] = ()


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """For one visitor and page. `known`: there is a profile. `connected`: some Mutiny destination personalizes at all.

    `consent` is one of `consent.Consent`, and `consent_words` why: by the rules of the source, as far as the browser tells.
    """

    visitor: str
    url: str
    known: bool
    connected: bool
    held_out: bool
    holdout_share: float
    consent: str
    consent_words: str
    experiences: tuple[ExperienceWhy, ...]


def explain(
    workspace_id: int, asked: Asked, anonymous_id: str = "", *, said: Said = NOTHING_SAID, write_key: str = ""
) -> Explanation:
    """Why the visitor sees what they see, by every experience of the workspace: those that are decided first.

    `anonymous_id` is what analytics.js would say, if that is another one than the visitor's. `said` is what the browser says of
    consent, and `write_key` names the source whose rules hold; without one, the first that personalizes. Whether the answer
    came in time is the browser's business and not known here.
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
    source = _source(snapshot, workspace_id, write_key)
    rules = {"honours_gpc": source is not None and source.honours_gpc}
    consent = consent_of(said, asks_consent=source is not None and source.asks_consent, **rules)
    told = [_told(outcome, visit, consent) for outcome in trace]
    others = Experience.objects.filter(workspace_id=workspace_id).exclude(state__in=SERVED).order_by("position", "id")
    return Explanation(
        visitor=asked.visitor,
        url=asked.url,
        known=profile is not UNKNOWN,
        connected=any(one.personalizes for one in snapshot.sources.values() if one.workspace_id == workspace_id),
        held_out=is_held_out(programme.holdout_share, visit),
        holdout_share=programme.holdout_share,
        consent=consent.value,
        consent_words=consent_words(said, consent, **rules),
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


def _source(snapshot: Snapshot, workspace_id: int, write_key: str) -> SourceConfiguration | None:
    ours = [one for one in snapshot.sources.values() if one.workspace_id == workspace_id and one.personalizes]
    return min(ours, key=lambda one: (one.write_key != write_key, not one.fills_ip, one.id), default=None)


def _told(outcome: Outcome, visit: Visit, consent: Consent) -> ExperienceWhy:
    experience, segment, variation = outcome.experience, outcome.segment, outcome.variation
    decided, reason, words = outcome.reason in DECIDES, outcome.reason.value, _words(outcome)
    if decided and (consent is Consent.REFUSED or (consent is Consent.PENDING and experience.type == REDIRECT)):
        decided, reason = False, consent.value
        words = f"{_KEPT_BACK[consent]} Otherwise: {words[0].lower()}{words[1:]}"
    return ExperienceWhy(
        id=experience.id,
        name=experience.name,
        state="promoted" if experience.promoted else "live",
        reason=reason,
        words=words,
        decided=decided,
        personalized=variation is not None,
        segment=segment.name if segment else "",
        variation=variation.name if variation else "",
        instead=outcome.to.name if outcome.to else "",
        cap=_cap(outcome, visit),
        segments=()
        if outcome.reason is Reason.OTHER_PAGE
        else tuple(
            SegmentWhy(id=one.id, name=one.name, condition=explain_visit(one.condition, visit.facts))
            for one in experience.segments
        ),
    )


def _cap(outcome: Outcome, visit: Visit) -> str:
    frequency = outcome.experience.frequency
    if frequency is None:
        return ""
    times = frequency.views(visit.seen.get(outcome.experience.key, ()), visit.facts.now)
    seen = "once" if times == 1 else f"{times} times" if times else "never"
    return f"Frequency cap: {frequency_words(frequency)}; seen {seen} in that time"


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
