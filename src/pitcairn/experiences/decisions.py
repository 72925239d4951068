"""Which visitor sees what: a function of the visitor, the page and the profile.

Of the experiences of a page the first by priority gets each *slot*: one page change and one component (banner, modal, side
pop, survey) are shown together at most; a redirect that has a visitor shares with nothing. Modals that wait for the visitor
to leave need no slot. An experience has a visitor when its schedule includes the moment, the condition of one of its segments
holds (the first one decides), its exclusion group gives it the visitor, and its frequency cap allows another view. Whether it
is shown to them or they are in control, it takes the slot: so its control group sees what the page was without it, and
nothing else instead.

Whether a visitor is personalized or control is a deterministic hash of experience and visitor, the same in every segment of
the experience, so that a visitor who moves from one segment to another stays on the same side. Which variation is a hash of
its own. What a person was first shown is stored with their profile and outlives a changed split, a login and a merge.
The exclusion group and the holdout are hashes too, and what is stored comes before them.

`decide` is the only place where this is decided. Given a `trace` it also tells what became of every experience and why; the
pages that explain read that, and nothing decides a second time.
"""

from __future__ import annotations

import bisect
import hashlib
from collections.abc import Mapping, Sequence
from enum import StrEnum

import msgspec

from pitcairn.conditions import Facts
from pitcairn.experiences.running import Programme, RunningExperience, RunningSegment, RunningVariation

PERSONALIZED = "personalized"
CONTROL = "control"
HELD_OUT = "holdout"
HOLDOUT_KEY = "0"
"""Under which assignments keep that a visitor is held out; no experience has this id."""


class Assignment(msgspec.Struct, frozen=True, array_like=True):
    """What a profile's visitor was first shown, as it is stored with the profile.

    The key is the experience's id; `experience.segment` for the variation in a segment other than the first.
    """

    arm: str
    segment_id: int
    variation_id: int
    assigned_at: int
    """ms since 1970"""


class Reason(StrEnum):
    """Why an experience is decided, or is not. The first four decide."""

    ASSIGNED = "assigned"
    """Drawn now."""
    STORED = "stored"
    """The side was stored before; it was not drawn now."""
    PROMOTED = "promoted"
    HOLDOUT = "holdout"
    OTHER_PAGE = "other_page"
    SCHEDULE = "schedule"
    NO_SEGMENT = "no_segment"
    EXCLUDED = "excluded"
    FREQUENCY = "frequency"
    ARRIVED = "arrived"
    """The page is where this redirect leads."""
    PRIORITY = "priority"
    REDIRECT = "redirect"


DECIDES = frozenset({Reason.ASSIGNED, Reason.STORED, Reason.PROMOTED, Reason.HOLDOUT})


class Outcome(msgspec.Struct, frozen=True):
    """What became of one experience. `variation` is None for control, for the holdout, and where nothing was decided.

    `to` is the experience that has the visitor instead: by exclusion, by priority, or as a redirect.
    """

    experience: RunningExperience
    reason: Reason
    segment: RunningSegment | None = None
    variation: RunningVariation | None = None
    to: RunningExperience | None = None


class Decision(msgspec.Struct, frozen=True):
    """What is delivered: control has no variation."""

    experience: RunningExperience
    segment: RunningSegment
    variation: RunningVariation | None
    reason: Reason

    @property
    def personalized(self) -> bool:
        return self.variation is not None

    @property
    def variation_id(self) -> int:
        """0 is control."""
        return 0 if self.variation is None else self.variation.id


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """A visitor on a page. `place` is `page_patterns.place` of its address; `seen` are, by experience, the times (ms since
    1970) at which they saw those with a frequency cap."""

    place: str
    facts: Facts
    visitor: str
    assignments: Mapping[str, Assignment] = {}
    seen: Mapping[str, Sequence[int]] = {}


def decide(programme: Programme, visit: Visit, trace: list[Outcome] | None = None) -> list[Decision]:
    """What the visitor gets, by priority. With `trace`, what became of every experience is put into it, in the same order."""
    considering = _Considering(programme, visit)
    decisions: list[Decision] = []
    taken: dict[str, RunningExperience] = {}
    for experience in programme.on(visit.place):
        holder = taken.get("redirect") or (taken.get(experience.slot) if experience.slot else None)
        if holder is not None and trace is None:
            continue
        outcome = considering.outcome(experience)
        if outcome.reason in DECIDES and outcome.segment is not None:
            if holder is None:
                if experience.slot:
                    taken[experience.slot] = experience
                decisions.append(Decision(experience, outcome.segment, outcome.variation, outcome.reason))
            else:
                lost = Reason.REDIRECT if "redirect" in taken else Reason.PRIORITY
                outcome = Outcome(experience, lost, outcome.segment, to=holder)
        if trace is not None:
            trace.append(outcome)
    if trace is not None:
        told = {outcome.experience.id for outcome in trace}
        trace += [Outcome(one, Reason.OTHER_PAGE) for one in programme.experiences if one.id not in told]
    return decisions


class _Considering:
    """One visit while it is decided on: each distinct condition, group and the holdout is worked out once."""

    def __init__(self, programme: Programme, visit: Visit) -> None:
        self._programme = programme
        self._visit = visit
        self._answers: dict[int, bool] = {}
        self._chosen: dict[int, RunningExperience] = {}
        self._held_out: bool | None = None

    def outcome(self, experience: RunningExperience) -> Outcome:
        visit, now = self._visit, self._visit.facts.now
        if any(redirect.is_at(visit.facts.page_url) for redirect in experience.redirects):
            return Outcome(experience, Reason.ARRIVED)
        if experience.timetable is not None and not experience.timetable.includes(now):
            return Outcome(experience, Reason.SCHEDULE)
        segment = self._segment(experience)
        if segment is None:
            return Outcome(experience, Reason.NO_SEGMENT)
        if experience.exclusion_group:
            chosen = self._chosen_of(experience.exclusion_group)
            if chosen is not experience:
                return Outcome(experience, Reason.EXCLUDED, segment, to=chosen)
        frequency = experience.frequency
        if frequency is not None and not frequency.allows(visit.seen.get(experience.key, ()), now):
            return Outcome(experience, Reason.FREQUENCY, segment)
        if self._is_held_out():
            return Outcome(experience, Reason.HOLDOUT, segment)
        if experience.promoted:
            return Outcome(experience, Reason.PROMOTED, segment, self._variation(experience, segment))
        stored = visit.assignments.get(experience.key)
        personalized = stored.arm == PERSONALIZED if stored is not None else is_personalized(experience, visit.visitor)
        variation = self._variation(experience, segment) if personalized else None
        return Outcome(experience, Reason.ASSIGNED if stored is None else Reason.STORED, segment, variation)

    def _segment(self, experience: RunningExperience) -> RunningSegment | None:
        answers, facts = self._answers, self._visit.facts
        for segment in experience.segments:
            holds = answers.get(segment.condition_number)
            if holds is None:
                holds = answers[segment.condition_number] = segment.holds(facts)
            if holds:
                return segment
        return None

    def _variation(self, experience: RunningExperience, segment: RunningSegment) -> RunningVariation:
        variations, assignments = segment.variations, self._visit.assignments
        if len(variations) == 1:
            return variations[0]
        for key in (experience.key, f"{experience.key}.{segment.id}"):
            stored = assignments.get(key)
            if stored is not None and stored.variation_id and stored.segment_id == segment.id:
                for variation in variations:
                    if variation.id == stored.variation_id:
                        return variation
        drawn = draw(f"{experience.key}:{segment.id}", self._visit.visitor)
        return variations[min(bisect.bisect_right(segment.bounds, drawn), len(variations) - 1)]

    def _chosen_of(self, group: int) -> RunningExperience:
        """The experience of the group that has the visitor: the one they were first assigned in, else by hash.

        Each experience draws for the visitor and the highest number wins, so that another experience in the group takes
        visitors from all alike, and moves none between the others.
        """
        chosen = self._chosen.get(group)
        if chosen is None:
            members, assignments = self._programme.groups[group], self._visit.assignments
            assigned = [one for one in members if one.key in assignments]
            if assigned:
                chosen = min(assigned, key=lambda one: (assignments[one.key].assigned_at, one.id))
            else:
                chosen = max(members, key=lambda one: (draw(f"group:{group}:{one.key}", self._visit.visitor), one.id))
            self._chosen[group] = chosen
        return chosen

    def _is_held_out(self) -> bool:
        if self._held_out is None:
            self._held_out = is_held_out(self._programme.holdout_share, self._visit)
        return self._held_out


def is_held_out(share: float, visit: Visit) -> bool:
    """Whether the visitor is kept from all experiences. Who has taken part in one never is; who once was, stays so."""
    if share <= 0:
        return False
    stored = visit.assignments.get(HOLDOUT_KEY)
    if stored is not None:
        return all(
            stored.assigned_at <= other.assigned_at for key, other in visit.assignments.items() if key != HOLDOUT_KEY
        )
    return not visit.assignments and draw("holdout", visit.visitor) < share


def is_personalized(experience: RunningExperience, visitor: str) -> bool:
    """The draw: uniform over visitors, independent between experiences, the same every time."""
    return draw(experience.key, visitor) >= experience.control_share


def draw(of: str, visitor: str) -> float:
    """A number in [0, 1) that depends on nothing but the two."""
    digest = hashlib.blake2b(f"{of}:{visitor}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64
