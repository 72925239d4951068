"""Which visitor sees what: a function of the visitor, the page and the profile.

For each running experience of the page the first audience segment whose condition holds decides. Whether the visitor is
personalized or control is a deterministic hash of experience and visitor, the same in every segment of the experience, so
that a visitor who moves from one segment to another stays on the same side. What a person was first shown is stored with
their profile and outlives a changed split, a login and a merge.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence

import msgspec

from pitcairn.conditions import Facts, compile_condition, parse
from pitcairn.conditions.places import audiences_in, traits_in
from pitcairn.experiences.changes import for_visitor, selectors
from pitcairn.experiences.queries import LiveExperience

PERSONALIZED = "personalized"
CONTROL = "control"


class RunningSegment(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    holds: Callable[[Facts], bool]
    personalized: bytes
    """The decision as the browser receives it, without its exposure id and reason: JSON, with an open end."""
    control: bytes
    variation_id: int


class RunningExperience(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    key: str
    """The id as stored assignments are keyed."""
    page: re.Pattern[str]
    control_share: float
    segments: tuple[RunningSegment, ...]
    selectors: tuple[str, ...]
    """Of all segments: what the tag hides until it knows better."""
    audiences: frozenset[str] = frozenset()
    """Keys of the audiences that the conditions of the segments ask for."""
    traits: frozenset[str] = frozenset()
    """Names of the traits that they ask for."""


class Assignment(msgspec.Struct, frozen=True, array_like=True):
    """What a profile's visitor was first shown, as it is stored with the profile."""

    arm: str
    segment_id: int
    variation_id: int
    assigned_at: int
    """ms since 1970"""


class Decision(msgspec.Struct, frozen=True):
    experience: RunningExperience
    segment: RunningSegment
    personalized: bool
    stored: bool
    """The side was stored before; it was not drawn now."""

    @property
    def variation_id(self) -> int:
        """0 is control."""
        return self.segment.variation_id if self.personalized else 0


def running_experience(live: LiveExperience) -> RunningExperience:
    """Compiles an experience for the hot path. Raises ValueError (ConditionError) for a condition that does not parse."""
    segments = []
    targets: dict[str, None] = {}
    conditions = [parse(segment.condition) for segment in live.segments]
    for segment, condition in zip(live.segments, conditions, strict=True):
        changes = segment.variation.changes
        targets.update(dict.fromkeys(selectors(changes)))
        head = {
            "experience": {"id": live.id, "name": live.name},
            "audienceSegment": {"id": segment.id, "name": segment.name},
        }
        segments.append(
            RunningSegment(
                id=segment.id,
                holds=compile_condition(condition),
                variation_id=segment.variation.id,
                personalized=_open_json({
                    **head,
                    "variation": {"id": segment.variation.id, "name": segment.variation.name},
                    "personalized": True,
                    "changes": for_visitor(changes, True),
                }),
                control=_open_json({
                    **head, "variation": None, "personalized": False, "changes": for_visitor(changes, False),
                }),
            )
        )  # fmt: skip
    return RunningExperience(
        id=live.id,
        key=str(live.id),
        page=re.compile(live.page_pattern),
        control_share=live.control_share,
        segments=tuple(segments),
        selectors=tuple(targets),
        audiences=frozenset[str]().union(*(audiences_in(condition) for condition in conditions)),
        traits=frozenset[str]().union(*(traits_in(condition) for condition in conditions)),
    )


def _open_json(value: dict[str, object]) -> bytes:
    return msgspec.json.encode(value)[:-1]


def decide(
    experiences: Sequence[RunningExperience],
    *,
    place: str,
    facts: Facts,
    visitor: str,
    assignments: Mapping[str, Assignment],
) -> list[Decision]:
    """What the visitor gets on the page at `place` (`page_patterns.place`). Experiences with no segment for them are left out."""
    decisions = []
    for experience in experiences:
        if experience.page.search(place) is None:
            continue
        for segment in experience.segments:
            if segment.holds(facts):
                stored = assignments.get(experience.key)
                personalized = (
                    stored.arm == PERSONALIZED if stored is not None else is_personalized(experience, visitor)
                )
                decisions.append(Decision(experience, segment, personalized, stored is not None))
                break
    return decisions


def is_personalized(experience: RunningExperience, visitor: str) -> bool:
    """The draw: uniform over visitors, independent between experiences, the same every time."""
    return draw(experience.id, visitor) >= experience.control_share


def draw(experience_id: int, visitor: str) -> float:
    """A number in [0, 1) that depends on nothing but the two."""
    digest = hashlib.blake2b(f"{experience_id}:{visitor}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64
