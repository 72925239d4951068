"""How one person came to be: profiles as lines, what points to them as dots, merges where a line runs into another.

Read like the history of a repository: the newest row is at the top, every row says in words what its line shows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pitcairn.profiles.identity import Identifier
from pitcairn.profiles.queries import IdentifierItem, MergeItem, ProfileDetail

LANE = 18
"""Width of a line with its space, in px."""

HEIGHT = 40
"""Height of a row in the drawing's own units; it is stretched to the row's real one."""

OVER = 1
"""How far lines reach into the rows above and below, so that no seam shows where two drawings meet."""

MOST_LANES = 8
"""More lines than fit beside the words on a phone share the last one."""


@dataclass(frozen=True, kw_only=True)
class GraphRow:
    """One fact, and the part of the lines that stands beside it. Paths are SVG; every length is a number of units."""

    at: datetime
    profile_id: int
    identifier: IdentifierItem | None
    merge: MergeItem | None
    source: str
    lines: Sequence[str]
    dot: str


@dataclass(frozen=True, kw_only=True)
class Graph:
    rows: Sequence[GraphRow]
    width: int
    height: int = HEIGHT


@dataclass
class _Lines:
    """Which line belongs to which profile while the rows are gone through from the oldest on."""

    taken: dict[int, int] = field(default_factory=dict)

    def of(self, profile_id: int) -> int:
        if profile_id not in self.taken:
            used = set(self.taken.values())
            self.taken[profile_id] = next((lane for lane in range(MOST_LANES - 1) if lane not in used), MOST_LANES - 1)
        return self.taken[profile_id]


def draw(detail: ProfileDetail, owners: Mapping[Identifier, int], sources: Mapping[int, str]) -> Graph:
    """The rows of one person's history, newest first.

    `owners` are the merged profiles that identifiers pointed to before; `sources` are the workspace's names by id.
    """
    facts: list[tuple[datetime, int, int, IdentifierItem | MergeItem]] = [
        (item.created_at, 0, owners.get((item.type, item.value), detail.item.id), item)
        for item in detail.item.identifiers
    ]
    facts += [(merge.merged_at, 1, merge.winner_id, merge) for merge in detail.merges]
    facts.sort(key=lambda fact: fact[:3])
    lines = _Lines({detail.item.id: 0})
    begun: set[int] = set()
    rows: list[GraphRow] = []
    width = 1
    for at, _, profile_id, fact in facts:
        before = {lane for known, lane in lines.taken.items() if known in begun}
        lane = lines.of(profile_id)
        begun.add(profile_id)
        after = {lines.of(known) for known in begun}
        drawn = []
        if isinstance(fact, MergeItem):
            lost = lines.of(fact.loser_id)
            begun.discard(fact.loser_id)
            del lines.taken[fact.loser_id]
            still = {lines.of(known) for known in begun}
            drawn = [_straight(one) for one in sorted(before & still - {lane})]
            drawn += [_straight(lane) if lane in before else _up(lane), _bend(lost, lane)]
            width = max(width, lost + 1)
        else:
            drawn = [_straight(one) for one in sorted(after & before)]
            drawn += [_up(one) for one in sorted(after - before)]
        width = max(width, *(one + 1 for one in after))
        rows.append(
            GraphRow(
                at=at,
                profile_id=profile_id,
                identifier=fact if isinstance(fact, IdentifierItem) else None,
                merge=fact if isinstance(fact, MergeItem) else None,
                source=sources.get(fact.source_id, "") if isinstance(fact, IdentifierItem) else "",
                lines=drawn,
                dot=f"M{_x(lane)} {HEIGHT / 2:g}h.01",
            )
        )
    return Graph(rows=rows[::-1], width=width * LANE)


def _x(lane: int) -> float:
    return lane * LANE + LANE / 2


def _straight(lane: int) -> str:
    return f"M{_x(lane):g} {-OVER}V{HEIGHT + OVER}"


def _up(lane: int) -> str:
    """A line that begins here: from the dot to the top."""
    return f"M{_x(lane):g} {-OVER}V{HEIGHT / 2:g}"


def _bend(source: int, into: int) -> str:
    """A line that comes from below and ends in the dot of another one."""
    here, there = f"{_x(source):g}", f"{_x(into):g}"
    return f"M{here} {HEIGHT + OVER}C{here} {HEIGHT * 0.7:g} {there} {HEIGHT * 0.8:g} {there} {HEIGHT / 2:g}"
