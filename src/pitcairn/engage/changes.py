"""What batches changed that audiences have not been asked about yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from pitcairn.engage.plan import WorkspacePlan
from pitcairn.pipeline.batch import Batch
from pitcairn.profiles.identity import survivor

Identifiers = tuple[tuple[str, str], ...]


class Pending(msgspec.Struct):
    """In one workspace."""

    profiles: set[int] = msgspec.field(default_factory=set)
    links: dict[int, set[tuple[str, str]]] = msgspec.field(default_factory=dict)
    """Identifiers that are new for a profile."""
    merges: list[tuple[int, int]] = []
    """(loser, winner), in order."""
    moved: dict[int, dict[int, Identifiers]] = msgspec.field(default_factory=dict)
    """By survivor, the profiles that went into it, each with the identifiers that pointed to it."""
    parted: set[int] = msgspec.field(default_factory=set)
    """Profiles whose merge was undone."""
    accounts: set[int] = msgspec.field(default_factory=set)
    """Accounts with a new trait: it may matter for all their people."""
    last_received_at: int = 0
    told_until: int | None = None
    """After a restart: values that are newer than this moment were told under all names when they were stored."""


class Soon(msgspec.Struct, order=True):
    """A moment at which a profile is to be looked at, though nothing may have happened: `at` in ms since 1970."""

    at: int
    workspace_id: int
    profile_id: int


def note(batch: Batch, pending: dict[int, Pending]) -> None:
    """Adds what a batch changed, or a part of one."""
    for traveller in batch.travellers:
        one = _of(pending, traveller.source.workspace_id)
        one.last_received_at = max(one.last_received_at, traveller.message.received_at)
        if traveller.person is not None:
            one.profiles.add(survivor(traveller.person).id)
    for person in batch.changed_people.values():
        _of(pending, person.workspace_id).profiles.add(survivor(person).id)
    if batch.graph is not None:
        for link in batch.graph.links:
            links = _of(pending, link.workspace_id).links
            links.setdefault(survivor(link.person).id, set()).add(link.identifier)
        for merge in batch.graph.merges:
            moved = _of(pending, merge.workspace_id).moved.setdefault(survivor(merge.winner).id, {})
            moved[merge.loser.id] = tuple(merge.detail.identifiers)
    for workspace_id, loser, winner, _ in batch.merges:
        one = _of(pending, workspace_id)
        one.profiles.add(winner)
        if loser != winner:
            one.merges.append((loser, winner))
        else:
            one.parted.add(loser)
    for workspace_id, account_id, *_ in batch.changed_accounts:
        _of(pending, workspace_id).accounts.add(account_id)


def crossings_of(batch: Batch, workspaces: Mapping[int, WorkspacePlan], from_ms: int, until_ms: int) -> list[Soon]:
    """When the batch's own events reach an age that matters, between the two moments."""
    found = []
    for traveller in batch.travellers:
        workspace = workspaces.get(traveller.source.workspace_id)
        if workspace is None or not workspace.ages or traveller.person is None:
            continue
        message = traveller.message
        for name in (message.event, ""):
            for age in workspace.ages.get((message.type, name), ()):
                at = message.timestamp + age
                if from_ms < at <= until_ms:
                    found.append(Soon(at, workspace.id, survivor(traveller.person).id))
    return found


def _of(pending: dict[int, Pending], workspace_id: int) -> Pending:
    return pending.setdefault(workspace_id, Pending())


class Told:
    """Under which names people were told of before they got new ones, in a batch of links and merges."""

    def __init__(self, pending: Pending) -> None:
        self._pending = pending
        self._losers: dict[tuple[int, int], list[int]] = {}
        """By computation and survivor, the profiles whose value it has."""
        self._taken: set[tuple[int, int]] = set()

    def took_over(self, winner: int, loser: int, held: Iterable[int], taken: Iterable[int]) -> None:
        """The winner has what was held of the loser, and had none of what was taken."""
        for computation_id in held:
            self._losers.setdefault((computation_id, winner), []).append(loser)
        self._taken.update((computation_id, winner) for computation_id in taken)

    def has_news(self, profile_id: int, since: int) -> bool:
        """Whether there may be new names to tell a value under that holds since then."""
        until = self._pending.told_until
        if until is not None and since > until:
            return False
        return profile_id in self._pending.links or profile_id in self._pending.moved

    def groups(
        self, computation_id: int, profile_id: int, identifiers: Iterable[tuple[str, str]]
    ) -> tuple[Sequence[tuple[str, str]], ...]:
        """The identifiers of the person, in groups as they were when the value was told under them."""
        moved = self._pending.moved.get(profile_id, {})
        known = list(identifiers)
        strange = self._pending.links.get(profile_id, set()).union(*moved.values())
        losers = [moved[loser] for loser in self._losers.get((computation_id, profile_id), ()) if loser in moved]
        told: list[Sequence[tuple[str, str]]] = [[one for one in known if one in group] for group in losers]
        if (computation_id, profile_id) not in self._taken:
            told.append([one for one in known if one not in strange])
        return tuple(told)
