"""Merges before they are made, and before they are undone: what would come of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from django.db import connection

from pitcairn.profiles.identity import Identifier, MergeDetail, Person, TraitValue, absorb, current_traits, violations
from pitcairn.profiles.merges import part, undo_problem
from pitcairn.profiles.models import Merge
from pitcairn.profiles.queries import MergeItem, living, merge_item
from pitcairn.profiles.queries_settings import identity_rules
from pitcairn.profiles.store import load_people

_decode_detail = msgspec.json.Decoder(MergeDetail).decode


@dataclass(frozen=True, kw_only=True)
class TraitChange:
    """A trait of the one profile, of the other, and of what comes of it; None where there is none."""

    name: str
    winner: Any
    loser: Any
    result: Any

    @property
    def differs(self) -> bool:
        """Both have one, and one of them is given up."""
        return self.winner is not None and self.loser is not None and self.winner != self.loser


@dataclass(frozen=True, kw_only=True)
class MergePreview:
    """What joining two profiles makes: the older one, with all of these."""

    winner_id: int
    loser_id: int
    identifiers: tuple[Identifier, ...]
    traits: tuple[TraitChange, ...]
    accounts: tuple[int, ...]
    warnings: tuple[str, ...]
    """What a message could not do by the rules of the workspace; a member can."""


@dataclass(frozen=True, kw_only=True)
class UndoSide:
    """One of the two profiles as it will be again."""

    id: int
    identifiers: tuple[Identifier, ...]
    traits: dict[str, Any]
    accounts: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class UndoPreview:
    """What undoing a merge makes. With a `problem` it cannot be undone, and the two sides are None."""

    merge: MergeItem
    problem: str
    winner: UndoSide | None
    loser: UndoSide | None


def merges_of(workspace_id: int, profile_id: int) -> list[MergeItem]:
    """Every merge that the profile had a direct part in, the undone ones too, newest first."""
    ours = Merge.objects.filter(workspace_id=workspace_id)
    rows = ours.filter(winner_id=profile_id) | ours.filter(loser_id=profile_id)
    return [merge_item(row) for row in rows.order_by("-id")]


def merge_preview(workspace_id: int, first_id: int, second_id: int) -> MergePreview | None:
    """What joining two living profiles makes; None when one of them is none, or they are the same."""
    ids = sorted({first_id, second_id})
    if len(ids) != 2 or len(living(workspace_id, ids)) != 2:
        return None
    with connection.cursor() as cursor:
        people = load_people(cursor, ids)
    winner, loser = people[ids[0]], people[ids[1]]
    at = max(winner.last_seen_at, loser.last_seen_at)
    warnings = violations((), [winner, loser], identity_rules(workspace_id), at)
    ours, theirs = values(winner.traits), values(loser.traits)
    absorb(winner, loser)
    result = values(winner.traits)
    return MergePreview(
        winner_id=winner.id,
        loser_id=loser.id,
        identifiers=tuple(winner.identifiers),
        traits=tuple(
            TraitChange(name=name, winner=ours.get(name), loser=theirs.get(name), result=result.get(name))
            for name in sorted(ours.keys() | theirs.keys())
        ),
        accounts=tuple(winner.accounts),
        warnings=tuple(warnings),
    )


def undo_preview(workspace_id: int, merge_id: int) -> UndoPreview | None:
    """What undoing a merge makes; None when there is no such merge."""
    row = Merge.objects.filter(workspace_id=workspace_id, id=merge_id).first()
    if row is None:
        return None
    with connection.cursor() as cursor:
        problem = undo_problem(cursor, row.workspace_id, row.id)
        if problem:
            return UndoPreview(merge=merge_item(row), problem=problem, winner=None, loser=None)
        winner, loser = part(cursor, row.winner_id, row.loser_id, _decode_detail(row.detail))
    return UndoPreview(merge=merge_item(row), problem="", winner=_side(winner), loser=_side(loser))


def values(traits: dict[str, TraitValue]) -> dict[str, Any]:
    return {name: trait.value for name, trait in current_traits(traits).items()}


def _side(person: Person) -> UndoSide:
    return UndoSide(
        id=person.id,
        identifiers=tuple(person.identifiers),
        traits=values(person.traits),
        accounts=tuple(person.accounts),
    )
