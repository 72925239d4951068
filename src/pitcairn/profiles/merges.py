"""Undoing a merge, and joining two people because a member said so. The pipeline alone calls what writes here.

A merged profile keeps its row as it was, and the merge keeps what the winner knew before. So to undo one is to give the
loser back what pointed to it, and to take out of the winner what is still the loser's. What the winner learned since
stays. A trait that falls back takes the best of what is left: the winner's own from before, or another merged profile's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any, TypeVar

import msgspec
from django.db.backends.utils import CursorWrapper

from pitcairn.edge.identity_requests import JoinPeople, UndoMerge
from pitcairn.profiles.identity import IdentityGraph, MergeDetail, Occasion, Person, StoredAssignment, TraitValue
from pitcairn.profiles.store import groups, load_people, save_graph, save_people
from pitcairn.profiles.visits import parted

_T = TypeVar("_T")

_decode_detail = msgspec.json.Decoder(MergeDetail).decode
_encode = msgspec.json.encode

_NO_MERGE = "There is no such merge. The people in it may have been deleted."
_UNDONE = "This merge is undone already."
_WINNER_WENT_ON = "The profile it was made into went into another one later. Undo that merge first."


class Parted(msgspec.Struct, frozen=True):
    """A merge that was undone: both profiles as they are now, and where every profile that moved belongs."""

    winner: Person
    loser: Person
    moved: dict[int, int]


def undo_problem(cursor: CursorWrapper, workspace_id: int, merge_id: int) -> str:
    """Why the merge cannot be undone, and what to do; "" when it can."""
    cursor.execute(
        "SELECT m.winner_id, m.loser_id, m.undone_at, w.merged_into, l.merged_into "
        "FROM profiles_merge AS m LEFT JOIN profiles_profile AS w ON w.id = m.winner_id "
        "LEFT JOIN profiles_profile AS l ON l.id = m.loser_id WHERE m.workspace_id = %s AND m.id = %s",
        [workspace_id, merge_id],
    )
    row = cursor.fetchone()
    if row is None:
        return _NO_MERGE
    winner_id, _, undone_at, winner_went_into, loser_is_in = row
    if undone_at is not None:
        return _UNDONE
    if winner_went_into is not None:
        return _WINNER_WENT_ON
    return "" if loser_is_in == winner_id else _NO_MERGE


def part(cursor: CursorWrapper, winner_id: int, loser_id: int, detail: MergeDetail) -> tuple[Person, Person]:
    """The two profiles as they are without the merge. Nothing is written."""
    people = load_people(cursor, [winner_id, loser_id])
    winner, loser = people[winner_id], people[loser_id]
    parting = {loser_id, *detail.followers}
    staying = winner.merged - parting
    others = list(load_people(cursor, sorted(staying)).values())
    theirs = {(kind, value) for kind, value in detail.identifiers}
    loser.identifiers = {one: at for one, at in winner.identifiers.items() if one in theirs}
    winner.identifiers = {one: at for one, at in winner.identifiers.items() if one not in theirs}
    restored = _take_back(winner.traits, loser.traits, detail.winner_traits, [one.traits for one in others], _latest)
    _take_back_personalization(winner, loser, detail, others, restored)
    _take_back(
        winner.assignments,
        loser.assignments,
        detail.winner_assignments,
        [one.assignments for one in others],
        _first,
    )
    winner.visits = parted(winner.visits, loser.visits, detail.winner_visits)
    if detail.winner_created_at:
        winner.created_at = min([detail.winner_created_at, *(one.created_at for one in others)])
    winner.merged, loser.merged = staying, set(detail.followers)
    winner.accounts = _accounts_of(cursor, [winner_id, *staying])
    loser.merged_into = None
    winner.apart.add(loser_id)
    loser.apart.add(winner_id)
    return winner, loser


def undo(cursor: CursorWrapper, request: UndoMerge, at: int) -> Parted | None:
    """Undoes a merge. None, and nothing is changed, when it cannot be undone (any more)."""
    if undo_problem(cursor, request.workspace_id, request.merge_id):
        return None
    cursor.execute(
        "SELECT m.winner_id, m.loser_id, m.detail FROM profiles_merge AS m WHERE m.id = %s", [request.merge_id]
    )
    winner_id, loser_id, text = cursor.fetchone()
    detail = _decode_detail(text)
    winner, loser = part(cursor, winner_id, loser_id, detail)
    for group in groups(list(loser.identifiers)):
        pairs = " OR ".join(["(type = %s AND value = %s)"] * len(group))
        cursor.execute(
            f"UPDATE profiles_identifier SET profile_id = %s WHERE profile_id = %s AND ({pairs})",  # noqa: S608
            [loser_id, winner_id, *(part for identifier in group for part in identifier)],
        )
    for follower in detail.followers:
        cursor.execute(
            "UPDATE profiles_profile SET merged_into = %s WHERE id = %s AND merged_into = %s",
            [loser_id, follower, winner_id],
        )
    save_people(cursor, [winner, loser])
    cursor.execute(
        "UPDATE profiles_merge SET undone_at = %s, undone_by = %s WHERE id = %s", [at, request.by, request.merge_id]
    )
    _correct_later_merges(cursor, request.merge_id, winner_id, loser, detail)
    return Parted(winner, loser, dict.fromkeys((loser_id, *detail.followers), loser_id))


def join(
    cursor: CursorWrapper, request: JoinPeople, at: int, message_id: str
) -> tuple[IdentityGraph, list[int]] | None:
    """Merges two living profiles. Gives back the graph with both, and everyone who now goes to the winner because of it.

    None, and nothing is changed, when one of them is gone or is a part of another by now.
    """
    ids = sorted({request.winner_id, request.loser_id})
    cursor.execute(
        "SELECT p.id FROM profiles_profile AS p WHERE p.workspace_id = %s AND p.id IN (%s, %s) AND p.merged_into IS NULL",
        [request.workspace_id, ids[0], ids[-1]],
    )
    if len(ids) != 2 or len(cursor.fetchall()) != 2:
        return None
    people = load_people(cursor, ids)
    graph = IdentityGraph({}, 0)
    graph.join(people[ids[0]], people[ids[1]], Occasion(request.workspace_id, 0, message_id, at), request.by)
    [(_, losers)] = save_graph(cursor, graph)
    return graph, losers


def _take_back(
    now: MutableMapping[str, _T],
    theirs: Mapping[str, _T],
    before: Mapping[str, _T],
    others: Sequence[Mapping[str, _T]],
    best: Callable[[Sequence[_T]], _T],
) -> set[str]:
    """Takes out what is still theirs, and puts back the best of what is left. The names it did so for."""
    taken = set()
    for name, value in theirs.items():
        if name not in now or now[name] != value or before.get(name) == value:
            continue
        left = [one[name] for one in (before, *others) if name in one]
        if left:
            now[name] = best(left)
        else:
            del now[name]
        taken.add(name)
    return taken


def _latest(values: Sequence[TraitValue]) -> TraitValue:
    return max(values, key=lambda trait: trait.set_at)


def _first(values: Sequence[StoredAssignment]) -> StoredAssignment:
    return min(values, key=lambda assignment: assignment.assigned_at)


def _take_back_personalization(
    winner: Person, loser: Person, detail: MergeDetail, others: Sequence[Person], restored: set[str]
) -> None:
    """The same for what can be targeted: a name stays when the winner or another merged profile had it there.

    What the loser had deleted was taken from the winner too, and comes back.
    """
    had: list[Mapping[str, Any]] = [detail.winner_personalization, *(one.personalization for one in others)]
    deleted = [name for name in restored if loser.traits[name].value is None]
    for name in {**loser.personalization, **dict.fromkeys(deleted)}:
        ours = [one[name] for one in had if name in one]
        if name in restored:
            trait = winner.traits.get(name)
            if ours and trait is not None and trait.value is not None:
                own = detail.winner_personalization if _from_before(winner, detail, name) else {}
                winner.personalization[name] = own.get(name, trait.value)
            else:
                winner.personalization.pop(name, None)
        elif (
            not ours
            and winner.personalization.get(name) == loser.personalization[name]
            and _from_before(winner, detail, name)
        ):
            del winner.personalization[name]


def _from_before(winner: Person, detail: MergeDetail, name: str) -> bool:
    """Whether the winner's trait is the one from before the merge: then nobody targeted it but the loser."""
    return name in detail.winner_traits and winner.traits.get(name) == detail.winner_traits[name]


def _accounts_of(cursor: CursorWrapper, ids: Sequence[int]) -> list[int]:
    found: dict[int, int] = {}
    for group in groups(ids):
        marks = ", ".join(["%s"] * len(group))
        cursor.execute(
            f"SELECT a.account_id, a.id FROM profiles_accountperson AS a WHERE a.profile_id IN ({marks})",  # noqa: S608
            list(group),
        )
        for account_id, row_id in cursor.fetchall():
            found[account_id] = min(row_id, found.get(account_id, row_id))
    return sorted(found, key=lambda account_id: found[account_id])


def _correct_later_merges(
    cursor: CursorWrapper, merge_id: int, winner_id: int, loser: Person, detail: MergeDetail
) -> None:
    """Takes what was the loser's out of what later merges into the same winner remember of it."""
    cursor.execute(
        "SELECT m.id, m.detail FROM profiles_merge AS m WHERE m.winner_id = %s AND m.id > %s AND m.undone_at IS NULL",
        [winner_id, merge_id],
    )
    for later_id, text in cursor.fetchall():
        later = _decode_detail(text)
        traits, assignments = dict(later.winner_traits), dict(later.winner_assignments)
        gone = _take_back(traits, loser.traits, detail.winner_traits, [], _latest)
        _take_back(assignments, loser.assignments, detail.winner_assignments, [], _first)
        personalization = {
            **{name: value for name, value in later.winner_personalization.items() if name not in gone},
            **{name: value for name, value in detail.winner_personalization.items() if name in gone},
        }
        corrected = msgspec.structs.replace(
            later,
            winner_traits=traits,
            winner_assignments=assignments,
            winner_personalization=personalization,
            winner_visits=parted(later.winner_visits, loser.visits, detail.winner_visits),
        )
        cursor.execute("UPDATE profiles_merge SET detail = %s WHERE id = %s", [_encode(corrected).decode(), later_id])
