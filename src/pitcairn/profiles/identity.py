"""Who a message is about: flat matching of identifiers, merging, and what a profile learns.

Pure: everything it knows was handed in, everything it decides is in the result. Source: Segment's identity resolution (flat
matching). In force here: `user_id`, `email` and `anonymous_id`, one `user_id` per profile, merging of several profiles
into the oldest. When the limit would be broken, the incoming message's identifier of the lowest priority is left out and
matching starts again; so a shared device never joins two known people.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any, TypeAlias

import msgspec

from pitcairn.wire.limits import ID_LENGTH

ANONYMOUS_ID = "anonymous_id"
USER_ID = "user_id"
EMAIL = "email"

LAST_SEEN_STEP_MS = 60_000
"""`last_seen_at` is exact to a minute, so that a visitor's every message does not rewrite the profile."""

_BLOCKED = re.compile(r"[0-]*|-1|null|anonymous", re.IGNORECASE)


Identifier: TypeAlias = tuple[str, str]
"""Type and value. A plain tuple: every message makes two or three, and looks each up."""

Key: TypeAlias = tuple[int, Identifier]
"""A workspace's id and an identifier in it."""


class TraitValue(msgspec.Struct, array_like=True):
    """A trait as it is stored: the value, when it was set (ms since 1970) and by which source.

    A value of None says that the trait was deleted then, so that an older value that comes late does not bring it back.
    """

    value: Any
    set_at: int
    source_id: int


class StoredAssignment(msgspec.Struct, array_like=True):
    """See `experiences.decisions.Assignment`: the same four, here only carried."""

    arm: str
    segment_id: int
    variation_id: int
    assigned_at: int


class Person(msgspec.Struct, eq=False):
    """A profile in the pipeline's hands. Times are ms since 1970."""

    id: int
    workspace_id: int
    created_at: int
    last_seen_at: int
    traits: dict[str, TraitValue] = {}
    personalization: dict[str, Any] = {}
    assignments: dict[str, StoredAssignment] = {}
    user_id: str = ""
    """The profile's one user id."""
    merged_into: Person | None = None


class Link(msgspec.Struct, frozen=True):
    """A fact: from this message on, the identifier points to the person."""

    workspace_id: int
    identifier: Identifier
    person: Person
    at: int
    source_id: int
    message_id: str


class Merge(msgspec.Struct, frozen=True):
    """A fact: `loser` went into `winner`. `winner_before` is what the winner knew before, so that it can be undone."""

    workspace_id: int
    winner: Person
    loser: Person
    at: int
    message_id: str
    winner_before: Mapping[str, TraitValue]


class Occasion(msgspec.Struct, frozen=True):
    """The message that gives cause: for the record of every link and merge."""

    workspace_id: int
    source_id: int
    message_id: str
    received_at: int


def identifiers_of(
    kind: str, user_id: str, anonymous_id: str, traits: Mapping[str, Any] | None, context: Mapping[str, Any] | None
) -> list[Identifier]:
    """The identifiers a message carries, the most important first. `alias` names people but never joins them."""
    found = []
    if user_id and not _BLOCKED.fullmatch(user_id):
        found.append((USER_ID, user_id))
    if kind == "identify" and traits:
        _add_email(found, traits.get("email"))
    if context and isinstance(inner := context.get("traits"), dict):
        _add_email(found, inner.get("email"))
    if anonymous_id and not _BLOCKED.fullmatch(anonymous_id):
        found.append((ANONYMOUS_ID, anonymous_id))
    return found


def _add_email(found: list[Identifier], value: Any) -> None:
    if not isinstance(value, str) or "@" not in value or "\0" in value:
        return
    identifier = (EMAIL, value.strip().lower())
    if 3 <= len(identifier[1]) <= ID_LENGTH and identifier not in found:
        found.append(identifier)


class IdentityGraph:
    """The people that a batch of messages may be about, as they are known while it is worked through, in order.

    `known` holds every stored identifier that occurs in the batch, with its person, and is kept up to date. New people take
    ids from `next_id` on.
    """

    def __init__(self, known: MutableMapping[Key, Person], next_id: int) -> None:
        self._people = known
        self.next_id = next_id
        self.links: list[Link] = []
        self.merges: list[Merge] = []
        self.changed: dict[int, Person] = {}
        """Who must be stored."""

    def resolve(self, identifiers: list[Identifier], occasion: Occasion) -> Person | None:
        """The person the identifiers stand for, made or merged where need be; None when there are none."""
        known = self._all_one(identifiers, occasion.workspace_id)
        if known is not None:
            self._see(known, occasion.received_at)
            return known
        candidates = list(identifiers)
        while candidates:
            matched = self._matched(candidates, occasion.workspace_id)
            if len(_user_ids(candidates, matched)) <= 1:
                return self._join(candidates, matched, occasion)
            candidates.pop()
        return None

    def _all_one(self, identifiers: list[Identifier], workspace_id: int) -> Person | None:
        """The one person that all the identifiers point to already: the usual case, without the work of the others."""
        one: Person | None = None
        for identifier in identifiers:
            person = self._people.get((workspace_id, identifier))
            if person is None:
                return None
            if person.merged_into is not None:
                person = survivor(person)
            if one is None:
                one = person
            elif person is not one:
                return None
        return one

    def _see(self, person: Person, at: int) -> None:
        if at >= person.last_seen_at + LAST_SEEN_STEP_MS:
            person.last_seen_at = at
            self.changed[person.id] = person

    def _matched(self, identifiers: Iterable[Identifier], workspace_id: int) -> list[Person]:
        people: dict[int, Person] = {}
        for identifier in identifiers:
            person = self._people.get((workspace_id, identifier))
            if person is not None:
                person = survivor(person)
                people[person.id] = person
        return [people[key] for key in sorted(people)]

    def _join(self, identifiers: list[Identifier], matched: list[Person], occasion: Occasion) -> Person:
        if not matched:
            winner = self._new_person(occasion)
        else:
            winner = matched[0]
            for loser in matched[1:]:
                self._merge(winner, loser, occasion)
        for identifier in identifiers:
            key = (occasion.workspace_id, identifier)
            if key not in self._people:
                self._people[key] = winner
                self.links.append(
                    Link(
                        occasion.workspace_id,
                        identifier,
                        winner,
                        occasion.received_at,
                        occasion.source_id,
                        occasion.message_id,
                    )
                )
            kind, value = identifier
            if kind == USER_ID:
                winner.user_id = value
        self._see(winner, occasion.received_at)
        return winner

    def _new_person(self, occasion: Occasion) -> Person:
        person = Person(self.next_id, occasion.workspace_id, occasion.received_at, occasion.received_at)
        self.next_id += 1
        self.changed[person.id] = person
        return person

    def _merge(self, winner: Person, loser: Person, occasion: Occasion) -> None:
        self.merges.append(
            Merge(occasion.workspace_id, winner, loser, occasion.received_at, occasion.message_id, dict(winner.traits))
        )
        absorb(winner, loser)
        loser.merged_into = winner
        self.changed[winner.id] = winner
        self.changed[loser.id] = loser


def _user_ids(identifiers: Iterable[Identifier], matched: Iterable[Person]) -> set[str]:
    found = {person.user_id for person in matched if person.user_id}
    found.update(value for kind, value in identifiers if kind == USER_ID)
    return found


def survivor(person: Person) -> Person:
    """The profile that a person ended in: itself, unless it was merged."""
    while person.merged_into is not None:
        person = person.merged_into
    return person


def absorb(winner: Person, loser: Person) -> None:
    """Gives the winner what the loser knew: of two values the later one, of two assignments the earlier one."""
    for name, theirs in loser.traits.items():
        ours = winner.traits.get(name)
        if ours is None or theirs.set_at > ours.set_at:
            winner.traits[name] = theirs
            if name in loser.personalization:
                winner.personalization[name] = loser.personalization[name]
            elif theirs.value is None:
                winner.personalization.pop(name, None)
        elif name in loser.personalization and ours.value is not None:
            winner.personalization.setdefault(name, loser.personalization[name])
    for experience, assignment in loser.assignments.items():
        kept = winner.assignments.get(experience)
        if kept is None or assignment.assigned_at < kept.assigned_at:
            winner.assignments[experience] = assignment
    winner.user_id = winner.user_id or loser.user_id
    winner.created_at = min(winner.created_at, loser.created_at)
    winner.last_seen_at = max(winner.last_seen_at, loser.last_seen_at)


def learn_traits(person: Person, traits: Mapping[str, Any], *, at: int, source_id: int, personalize: bool) -> bool:
    """Writes an Identify call's traits into the profile: the later value wins, null deletes. True when it changed.

    `at` is the call's corrected time, never later than its receipt, so that a wrong clock cannot hold a value for ever.
    With `personalize` the Mutiny destination took the call, and its traits can be targeted.
    """
    changed = False
    for name, value in traits.items():
        known = person.traits.get(name)
        if known is not None and known.set_at > at:
            continue
        person.traits[name] = TraitValue(value, at, source_id)
        if personalize:
            if value is None:
                person.personalization.pop(name, None)
            else:
                person.personalization[name] = value
        changed = True
    return changed


def current_traits(traits: Mapping[str, TraitValue]) -> dict[str, TraitValue]:
    """The traits that are set now: without the deleted ones."""
    return {name: trait for name, trait in traits.items() if trait.value is not None}


def remember_assignment(person: Person, experience_id: int, assignment: StoredAssignment) -> bool:
    """Keeps what the person was first shown of an experience. True when that is new."""
    kept = person.assignments.get(str(experience_id))
    if kept is not None and kept.assigned_at <= assignment.assigned_at:
        return False
    person.assignments[str(experience_id)] = assignment
    return True
