"""Who a message is about: flat matching of identifiers, merging, and what a profile learns.

Pure: everything it knows was handed in, everything it decides is in the result. Source: Segment's identity resolution (flat
matching). Several profiles that a message's identifiers point to become one, the oldest, unless that would break a rule of
the workspace (`identity_rules.py`) or somebody keeps them apart. Then the message's identifier of the lowest priority is
left out and matching starts again; so a shared device never joins two known people.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from typing import Any, TypeAlias

import msgspec

from pitcairn.profiles.identifiers import Identifier
from pitcairn.profiles.identity_rules import ANONYMOUS_ID, DEFAULT_RULES, EMAIL, USER_ID, IdentityRules
from pitcairn.profiles.visits import NO_VISITS, VisitRecord, joined

__all__ = ["ANONYMOUS_ID", "EMAIL", "USER_ID", "Identifier", "IdentityGraph", "Person"]

LAST_SEEN_STEP_MS = 60_000
"""`last_seen_at` is exact to a minute, so that a visitor's every message does not rewrite the profile."""

Key: TypeAlias = tuple[int, Identifier]
"""A workspace's id and an identifier in it."""


class TraitValue(msgspec.Struct, array_like=True):
    """A trait as it is stored: the value, when it was set (ms since 1970), by which source, and the label of the user id
    that the call named (`profiles/proofs.py`); 0 where it named none.

    A value of None says that the trait was deleted then, so that an older value that comes late does not bring it back.
    """

    value: Any
    set_at: int
    source_id: int
    user_label: int = 0


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
    accounts: list[int] = []
    """The accounts the person belongs to, in the order of joining them."""
    apart: set[int] = set()
    """Profiles that this one is never joined with by a message: somebody undid that."""
    identifiers: dict[Identifier, int] = {}
    """Since when each points here."""
    merged: set[int] = set()
    """Everyone who went into this profile, and into those."""
    merged_into: Person | None = None
    visits: VisitRecord = NO_VISITS


class Link(msgspec.Struct, frozen=True):
    """A fact: from this message on, the identifier points to the person."""

    workspace_id: int
    identifier: Identifier
    person: Person
    at: int
    source_id: int
    message_id: str


class MergeDetail(msgspec.Struct, rename="camel", frozen=True):
    """What undoing a merge needs: what pointed to the loser, who had gone into it, and what the winner knew before."""

    identifiers: list[Identifier] = []
    followers: list[int] = []
    winner_traits: dict[str, TraitValue] = {}
    winner_personalization: dict[str, Any] = {}
    winner_assignments: dict[str, StoredAssignment] = {}
    winner_created_at: int = 0
    winner_visits: VisitRecord = NO_VISITS


class Merge(msgspec.Struct, frozen=True):
    """A fact: `loser` went into `winner`, because of the message or by a member. `detail` is from just before."""

    workspace_id: int
    winner: Person
    loser: Person
    at: int
    message_id: str
    detail: MergeDetail
    by: str = ""


class Occasion(msgspec.Struct, frozen=True):
    """The message that gives cause: for the record of every link and merge."""

    workspace_id: int
    source_id: int
    message_id: str
    received_at: int


class IdentityGraph:
    """The people that a batch of messages may be about, as they are known while it is worked through, in order.

    `known` holds every stored identifier that occurs in the batch, with its person, and is kept up to date. New people take
    ids from `next_id` on.
    """

    def __init__(self, known: MutableMapping[Key, Person], next_id: int, generation: int = 0) -> None:
        self._people = known
        self.generation = generation
        """Which memory of people it works on; see `store.People`."""
        self.next_id = next_id
        self.links: list[Link] = []
        self.merges: list[Merge] = []
        self.changed: dict[int, Person] = {}
        """Who must be stored."""

    def resolve(
        self, identifiers: list[Identifier], occasion: Occasion, rules: IdentityRules = DEFAULT_RULES
    ) -> Person | None:
        """The person the identifiers stand for, made or merged where need be; None when there are none."""
        known = self._all_one(identifiers, occasion.workspace_id)
        if known is not None:
            self._see(known, occasion.received_at)
            return known
        candidates = list(identifiers)
        while candidates:
            matched = self._matched(candidates, occasion.workspace_id)
            if allowed(candidates, matched, rules, occasion.received_at):
                return self._join(candidates, matched, occasion)
            candidates.pop()
        return None

    def owner_of(self, key: Key) -> Person | None:
        """Whom the identifier points to now; None when that is nobody, or it does not occur in the batch."""
        person = self._people.get(key)
        return survivor(person) if person is not None else None

    def join(self, winner: Person, loser: Person, occasion: Occasion, by: str) -> None:
        """Merges two living profiles because a member asked for it; whoever kept them apart is overruled."""
        for one, other in ((winner, loser), (loser, winner)):
            one.apart -= {other.id, *other.merged}
        self._merge(winner, loser, occasion, by)

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
                winner.identifiers[identifier] = occasion.received_at
        self._see(winner, occasion.received_at)
        return winner

    def _new_person(self, occasion: Occasion) -> Person:
        person = Person(self.next_id, occasion.workspace_id, occasion.received_at, occasion.received_at)
        self.next_id += 1
        self.changed[person.id] = person
        return person

    def _merge(self, winner: Person, loser: Person, occasion: Occasion, by: str = "") -> None:
        detail = MergeDetail(
            list(loser.identifiers),
            sorted(loser.merged),
            dict(winner.traits),
            dict(winner.personalization),
            dict(winner.assignments),
            winner.created_at,
            winner.visits,
        )
        self.merges.append(
            Merge(occasion.workspace_id, winner, loser, occasion.received_at, occasion.message_id, detail, by)
        )
        absorb(winner, loser)
        loser.merged_into = winner
        self.changed[winner.id] = winner
        self.changed[loser.id] = loser


def allowed(candidates: Iterable[Identifier], matched: Sequence[Person], rules: IdentityRules, at: int) -> bool:
    """Whether the matched people may be one with these identifiers, by what is known at `at`."""
    return not violations(candidates, matched, rules, at)


def violations(candidates: Iterable[Identifier], matched: Sequence[Person], rules: IdentityRules, at: int) -> list[str]:
    """What making one of the matched people with these identifiers would break, in words; nothing when it is allowed.

    A profile that was beyond a limit before, because the rule is younger, may go on as it is: only growth breaks it.
    """
    broken: list[str] = []
    if len(matched) > 1:
        merges = sum(1 + len(person.merged) for person in matched) - 1
        if merges > rules.most_merges:
            broken.append(f"{merges} profiles would have gone into one; at most {rules.most_merges} may")
        if kept_apart(matched):
            broken.append("A merge of these profiles was undone, so they are kept apart")
    together = dict.fromkeys(candidates, at)
    for person in matched:
        together.update(person.identifiers)
    before = max((len(person.identifiers) for person in matched), default=0)
    if len(together) > max(before, rules.most_identifiers):
        broken.append(f"{len(together)} identifiers would point to one profile; at most {rules.most_identifiers} may")
    for kind in dict.fromkeys(name for name, _ in together):
        since, rule = rules.counts_since(kind, at), rules.rule(kind)
        count = _count(together, kind, since)
        if count > rule.limit and count > max((_count(one.identifiers, kind, since) for one in matched), default=0):
            period = "" if rule.period == "ever" else f" {rule.period}"
            broken.append(f"{count} values of {kind} would point to one profile; at most {rule.limit}{period} may")
    return broken


def kept_apart(people: Sequence[Person]) -> bool:
    """Whether somebody undid a merge between any two of them, or of those that went into them."""
    return any(not one.apart.isdisjoint({other.id, *other.merged}) for one in people if one.apart for other in people)


def _count(identifiers: Mapping[Identifier, int], kind: str, since: int) -> int:
    return sum(1 for (name, _), at in identifiers.items() if name == kind and at > since)


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
    winner.identifiers.update(loser.identifiers)
    winner.merged |= {loser.id, *loser.merged}
    winner.apart |= loser.apart
    winner.accounts += [account for account in loser.accounts if account not in winner.accounts]
    winner.created_at = min(winner.created_at, loser.created_at)
    winner.last_seen_at = max(winner.last_seen_at, loser.last_seen_at)
    winner.visits = joined(winner.visits, loser.visits)


def write_traits(
    known: MutableMapping[str, TraitValue],
    traits: Mapping[str, Any],
    *,
    at: int,
    source_id: int,
    user_label: int = 0,
) -> list[str]:
    """Writes a call's traits over what is known: the later value wins, null deletes. The names that were written."""
    written = []
    for name, value in traits.items():
        before = known.get(name)
        if before is None or before.set_at <= at:
            known[name] = TraitValue(value, at, source_id, user_label)
            written.append(name)
    return written


def learn_traits(
    person: Person, traits: Mapping[str, Any], *, at: int, source_id: int, personalize: bool, user_label: int = 0
) -> bool:
    """Writes an Identify call's traits into the profile. True when it changed.

    `at` is the call's corrected time, never later than its receipt, so that a wrong clock cannot hold a value for ever.
    With `personalize` the Mutiny destination took the call, and its traits can be targeted. `user_label` is that of the user
    id that the call names.
    """
    written = write_traits(person.traits, traits, at=at, source_id=source_id, user_label=user_label)
    if personalize:
        for name in written:
            if traits[name] is None:
                person.personalization.pop(name, None)
            else:
                person.personalization[name] = traits[name]
    return bool(written)


def current_traits(traits: Mapping[str, TraitValue]) -> dict[str, TraitValue]:
    """The traits that are set now: without the deleted ones."""
    return {name: trait for name, trait in traits.items() if trait.value is not None}


def remember_assignment(person: Person, key: str, assignment: StoredAssignment) -> bool:
    """Keeps what the person was first shown under this key (an experience's, or a segment's in it). True when that is new."""
    kept = person.assignments.get(key)
    if kept is not None and kept.assigned_at <= assignment.assigned_at:
        return False
    person.assignments[key] = assignment
    return True
