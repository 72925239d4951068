"""The experiences that visitors see, compiled for the hot path: everything that does not depend on the visitor is worked out
once, when the configuration has changed."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from pitcairn.conditions import Condition, Fact, Facts, Leaf, compile_condition, parse, to_json
from pitcairn.conditions.places import audiences_in, traits_in, walk
from pitcairn.experiences.changes import for_visitor, selectors
from pitcairn.experiences.components import COMPONENTS, ContentCopy, pushes, whole_content, whole_settings
from pitcairn.experiences.copy import NOTHING_PROVEN, Copy
from pitcairn.experiences.queries_live import LiveExperience, LiveSegment, LiveVariation
from pitcairn.experiences.redirects import Redirect
from pitcairn.experiences.timing import Frequency, Timetable, timetable

REDIRECT = "redirect"
WHOLE_PAGE = ("*",)
"""The selectors of what must be decided before anything of the page is seen."""
_PLACES_KEPT = 4096
"""Addresses whose experiences are remembered: a site has hundreds of pages that are asked for often."""


class RunningVariation(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    name: str
    body: bytes
    """The decision as the browser receives it, without its exposure id and reason: JSON, with an open end."""
    copy: Copy | None = None
    """Where its texts say something of the visitor. Then `body` is what it says to one of whom nothing is known."""
    head: Mapping[str, object] = {}
    """What a body holds beside the changes, where it differs between visitors."""
    content: ContentCopy | None = None
    """As `copy`, of a component."""
    redirect: Redirect | None = None

    def body_for(self, facts: Facts, proven: Mapping[str, Any] = NOTHING_PROVEN) -> bytes:
        """The body for a visitor. `proven` are the traits of their own, if it is proven who they are."""
        if self.redirect is not None:
            return _open_json({**self.head, "changes": [], "redirect": self.redirect.target(facts.page_url)})
        if self.content is not None:
            said = self.content.filled(facts, proven)
            config: Any = self.head["config"]
            return _open_json({**self.head, "changes": [], "config": {**config, **said}})
        if self.copy is None:
            return self.body
        return _open_json({**self.head, "changes": for_visitor(self.copy.filled(facts, proven), True)})


class RunningSegment(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    name: str
    condition: Condition
    condition_number: int
    """The same for the same condition, wherever it stands in the workspace."""
    holds: Callable[[Facts], bool]
    variations: tuple[RunningVariation, ...]
    bounds: tuple[float, ...]
    """Where the part of each variation ends, of a draw from 0 to 1."""
    control: bytes
    """As a variation's body."""


class RunningExperience(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    name: str
    key: str
    """The id as stored assignments are keyed."""
    type: str
    slot: str
    """What of a page it takes: one experience per slot. Empty: it needs none."""
    page: re.Pattern[str]
    control_share: float
    segments: tuple[RunningSegment, ...]
    selectors: tuple[str, ...]
    """Of all segments: what the tag hides until it knows better."""
    pushes: bool = False
    """It is a component that moves the page, and must be there before the page is seen."""
    redirects: tuple[Redirect, ...] = ()
    """Where it leads; those pages are not its own."""
    promoted: bool = False
    timetable: Timetable | None = None
    frequency: Frequency | None = None
    exclusion_group: int = 0


class Programme:
    """The experiences of a workspace, redirects first and then by priority, and what is shared among them."""

    def __init__(self, experiences: Iterable[RunningExperience] = (), holdout_share: float = 0.0) -> None:
        self.experiences: tuple[RunningExperience, ...] = tuple(
            sorted(experiences, key=lambda one: one.slot != REDIRECT)
        )
        self.holdout_share = holdout_share
        self.groups: Mapping[int, Sequence[RunningExperience]] = {
            group: tuple(members)
            for group, members in itertools.groupby(
                sorted(self.experiences, key=lambda one: one.exclusion_group), key=lambda one: one.exclusion_group
            )
            if group
        }
        conditions = [segment.condition for one in self.experiences for segment in one.segments]
        self.audiences: frozenset[str] = frozenset().union(*map(audiences_in, conditions))
        """Keys of the audiences that the conditions of the segments ask for."""
        self.traits: frozenset[str] = frozenset().union(*map(traits_in, conditions))
        """Names of the traits that they ask for."""
        self.facts: frozenset[Fact] = frozenset(
            node.fact for condition in conditions for _, node in walk(condition) if isinstance(node, Leaf)
        )
        """What else they ask about."""
        said = [
            copy
            for one in self.experiences
            for each in one.segments
            for variation in each.variations
            for copy in (variation.copy, variation.content)
            if copy
        ]
        self.said: frozenset[str] = frozenset().union(*(copy.names for copy in said))
        """The traits that texts say to everybody, as tokens name them."""
        self.says_private = any(copy.private for copy in said)
        """Some text says more to one whose identity is proven."""
        self.traits |= {name.removeprefix("traits.") for name in self.said if name.startswith("traits.")}
        self.capped: frozenset[str] = frozenset(one.key for one in self.experiences if one.frequency is not None)
        """Keys of the experiences whose views are counted."""
        self._on: dict[str, tuple[RunningExperience, ...]] = {}

    def on(self, place: str) -> tuple[RunningExperience, ...]:
        """The experiences of the page at `place`, in the order in which they are considered."""
        found = self._on.get(place)
        if found is None:
            found = tuple(one for one in self.experiences if one.page.search(place) is not None)
            if len(self._on) >= _PLACES_KEPT:
                self._on.clear()
            self._on[place] = found
        return found


class Compiler:
    """Compiles experiences; the same condition, in whichever of them, becomes the same function with the same number."""

    def __init__(self, public: Mapping[int, frozenset[str]] | None = None) -> None:
        """`public` are, by workspace, the traits that its pages may say."""
        self._public = public or {}
        self._known: dict[bytes, tuple[int, Callable[[Facts], bool]]] = {}

    def compiled(self, live: LiveExperience) -> RunningExperience:
        """Compiles one. Raises ValueError (ConditionError, TimingError) for what is not understood."""
        changes = [change for segment in live.segments for one in segment.variations for change in one.changes]
        moves = pushes(live.type, live.config)
        segments = tuple(self._segment(live, segment) for segment in live.segments)
        return RunningExperience(
            id=live.id,
            name=live.name,
            key=str(live.id),
            type=live.type,
            slot=_slot(live),
            page=re.compile(live.page_pattern),
            control_share=live.control_share,
            segments=segments,
            selectors=WHOLE_PAGE if moves or live.type == REDIRECT else selectors(changes),
            pushes=moves,
            redirects=tuple(
                one.redirect for segment in segments for one in segment.variations if one.redirect is not None
            ),
            promoted=live.promoted,
            timetable=timetable(live.schedule) if live.schedule is not None else None,
            frequency=live.frequency,
            exclusion_group=live.exclusion_group,
        )

    def _segment(self, live: LiveExperience, segment: LiveSegment) -> RunningSegment:
        condition = parse(segment.condition)
        # As text, since 1 and true are equal values in Python, but not the same question.
        text = msgspec.json.encode(to_json(condition))
        known = self._known.get(text)
        if known is None:
            known = self._known[text] = (len(self._known), compile_condition(condition))
        head = {
            "type": live.type,
            "experience": {"id": live.id, "name": live.name},
            "audienceSegment": {"id": segment.id, "name": segment.name},
        }
        # Control waits for the same elements as the variations do, whichever of them a visitor would have got.
        every = [change for one in segment.variations for change in one.changes]
        own = {"config": whole_settings(live.type, live.config)} if live.type in COMPONENTS else {}
        return RunningSegment(
            id=segment.id,
            name=segment.name,
            condition=condition,
            condition_number=known[0],
            holds=known[1],
            variations=tuple(self._variation(live, one, head) for one in segment.variations),
            bounds=tuple(itertools.accumulate(one.share for one in segment.variations)),
            control=_open_json({
                **head, "variation": None, "personalized": False, "changes": for_visitor(every, False), **own,
            }),
        )  # fmt: skip

    def _variation(self, live: LiveExperience, one: LiveVariation, head: Mapping[str, object]) -> RunningVariation:
        public = self._public.get(live.workspace_id, frozenset())
        copy = Copy(one.changes, public)
        content = ContentCopy(one.config, public) if live.type in COMPONENTS else None
        head = _variation_head(live, one, head)
        url = one.config.get("url") if live.type == REDIRECT else None
        return RunningVariation(
            id=one.id,
            name=one.name,
            body=_open_json({**head, "changes": for_visitor(copy.filled(), True)}),
            copy=copy or None,
            head=head,
            content=content or None,
            redirect=Redirect(url) if isinstance(url, str) and url else None,
        )


def _variation_head(live: LiveExperience, one: LiveVariation, head: Mapping[str, object]) -> dict[str, object]:
    config = {}
    if live.type in COMPONENTS:
        said = ContentCopy(whole_content(live.type, one.config), frozenset()).filled()
        config = {"config": {**whole_settings(live.type, live.config), **said}}
    return {**head, "variation": {"id": one.id, "name": one.name}, "personalized": True, **config}


def _slot(live: LiveExperience) -> str:
    if live.type == "modal" and live.config.get("trigger") == "exit_intent":
        return ""
    return "component" if live.type in COMPONENTS else live.type


def _open_json(value: dict[str, object]) -> bytes:
    return msgspec.json.encode(value)[:-1]
