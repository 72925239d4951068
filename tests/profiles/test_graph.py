"""The lines of the identity graph, over random histories: each line is whole, and every merge ends one."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pitcairn.profiles.queries import IdentifierItem, MergeItem, ProfileDetail, ProfileItem
from pitcairn.profiles.views.graph import HEIGHT, LANE, MOST_LANES, OVER, Graph, draw

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


def identifier(value: str, minute: int) -> IdentifierItem:
    at = NOON + timedelta(minutes=minute)
    return IdentifierItem(type="anonymous_id", value=value, created_at=at, source_id=1, message_id=f"m-{value}")


def merged(loser: int, winner: int, minute: int) -> MergeItem:
    return MergeItem(
        id=loser,
        loser_id=loser,
        winner_id=winner,
        merged_at=NOON + timedelta(minutes=minute),
        message_id="m",
        merged_by="",
        undone_at=None,
        undone_by="",
    )


def graph(identifiers: list[IdentifierItem], merges: list[MergeItem], owners: dict[Any, int]) -> Graph:
    item = ProfileItem(
        id=1, title="", known=True, identifiers=tuple(identifiers), traits={}, created_at=NOON, last_seen_at=NOON
    )
    detail = ProfileDetail(item=item, traits=(), assignments=(), merges=tuple(merges), ids=(1,))
    return draw(detail, owners, {1: "website"})


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[IdentifierItem], list[MergeItem], dict[Any, int]]:
    """Profiles 2, 3, … that each have an identifier and went into an older one, later than it came."""
    count = draw(st.integers(0, 12))
    identifiers, merges, owners = [identifier("own", 0)], [], {}
    ends = {1: 10_000}
    for profile_id in range(count + 1, 1, -1):
        ends[profile_id] = draw(st.integers(100, 200))
    for profile_id in range(2, count + 2):
        # Into somebody who is still there then.
        into = draw(st.sampled_from([one for one in ends if one < profile_id and ends[one] > ends[profile_id]]))
        merges.append(merged(profile_id, into, ends[profile_id]))
        identifiers.append(identifier(f"of {profile_id}", draw(st.integers(1, 99))))
        owners["anonymous_id", f"of {profile_id}"] = profile_id
    return identifiers, merges, owners


@given(histories())
def test_lines_are_whole(history: tuple[list[IdentifierItem], list[MergeItem], dict[Any, int]]) -> None:
    identifiers, merges, owners = history
    drawn = graph(identifiers, merges, owners)
    assert len(drawn.rows) == len(identifiers) + len(merges)
    assert drawn.width <= MOST_LANES * LANE
    times = [row.at for row in drawn.rows]
    assert times == sorted(times, reverse=True)
    if drawn.width == MOST_LANES * LANE:
        return  # lines that share a place cannot be told apart
    for above, below in zip(drawn.rows, drawn.rows[1:], strict=False):
        # What leaves a row at its top enters the row above at its bottom.
        assert ends(below.lines, -OVER) == ends(above.lines, HEIGHT + OVER)
    assert ends(drawn.rows[0].lines, -OVER) == {LANE / 2}
    assert ends(drawn.rows[-1].lines, HEIGHT + OVER) == set()
    for row in drawn.rows:
        assert sum("C" in line for line in row.lines) == (1 if row.merge else 0)


def ends(lines: Any, y: int) -> set[float]:
    """The places at which lines touch this height: a row's top or its bottom."""
    found = set()
    for line in lines:
        start = re.match(r"M([\d.]+) (-?[\d.]+)", line)
        assert start is not None
        x, first = float(start.group(1)), float(start.group(2))
        last = re.search(r"V(-?[\d.]+)$", line)
        if first == y or (last is not None and float(last.group(1)) == y):
            found.add(x)
    return found


def test_more_profiles_than_fit_share_the_last_line() -> None:
    count = 40
    identifiers = [identifier("own", 0), *(identifier(f"of {number}", number) for number in range(2, count))]
    owners = {("anonymous_id", f"of {number}"): number for number in range(2, count)}
    drawn = graph(identifiers, [merged(number, 1, 100 + number) for number in range(2, count)], owners)
    assert drawn.width == MOST_LANES * LANE
    assert len(drawn.rows) == 2 * count - 3
