"""The event store's cells as what statistics take: arms and moments, by strata of equal shares, as they stood on each day.

A *stratum* is one audience segment in one allocation epoch: within it chance alone decides who is in which arm, so only
there arms may be compared. Everything that is said of several strata is put together from comparisons within each.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from pitcairn.stats import (
    AccountCell,
    AccountSide,
    Arm,
    Counts,
    Epoch,
    Estimate,
    MeansEpoch,
    NotComputable,
    PairMoments,
    Products,
    Reason,
    merged_pairs,
    together,
)
from pitcairn.stats.moments import mean_of

if TYPE_CHECKING:
    from pitcairn.eventstore import AccountProducts, ResultCell

CONTROL = 0
NOT_CONVERTED = "1970-01-01"


class Stratum(msgspec.Struct, frozen=True):
    """`arms` are the variation ids of each arm, the control's (0) first; `shares` are the arms' shares of the visitors."""

    segment_id: int
    epoch: int
    arms: tuple[frozenset[int], ...]
    shares: tuple[float, ...]


Shares: TypeAlias = Callable[[int, int], Mapping[int, float]]
"""For a segment and an epoch, the share of visitors that each variation was to get, the control (0) included."""


def strata(cells: Iterable["ResultCell"], shares: Shares, *, apart: bool = False) -> list[Stratum]:
    """The strata that have visitors: control against all variations together, or against each one `apart`.

    Apart is for the cells of one segment: all its epochs have the same arms.
    """
    there = sorted({(cell.segment_id, cell.epoch) for cell in cells})
    by_place = {place: shares(*place) for place in there}
    found = []
    seen = {cell.variation_id for cell in cells} | {one for set_ in by_place.values() for one in set_}
    variations = sorted(seen - {CONTROL})
    for (segment_id, epoch), wanted in by_place.items():
        groups = [frozenset({one}) for one in variations] if apart else [frozenset(variations)]
        arms = (frozenset({CONTROL}), *groups)
        given = tuple(sum(wanted.get(one, 0.0) for one in arm) for arm in arms)
        found.append(Stratum(segment_id, epoch, arms, given))
    return found


def epochs(cells: Iterable["ResultCell"], parts: Sequence[Stratum]) -> list[Epoch]:
    """What was counted in each stratum."""
    counted: dict[tuple[int, int, int], list[int]] = defaultdict(lambda: [0, 0])
    places = _places(parts)
    for cell in cells:
        place = places.get((cell.segment_id, cell.epoch, cell.variation_id))
        if place is not None:
            sums = counted[place]
            sums[0] += cell.units
            sums[1] += cell.converted
    return [
        Epoch(part.shares, tuple(Arm(*counted[part.segment_id, part.epoch, arm]) for arm in range(len(part.arms))))
        for part in parts
    ]


def split(cells: Iterable["ResultCell"], parts: Sequence[Stratum]) -> tuple[Counts, ...]:
    """The visitors of each stratum, with the shares they were to have."""
    return tuple(epoch.visitors for epoch in epochs(cells, parts))


def means(cells: Sequence["ResultCell"], parts: Sequence[Stratum]) -> list[MeansEpoch]:
    """The numbers per visitor of each stratum."""
    found = []
    for part in parts:
        ours = [cell for cell in cells if (cell.segment_id, cell.epoch) == (part.segment_id, part.epoch)]
        arms = [[cell for cell in ours if cell.variation_id in arm] for arm in part.arms]
        pairs = [moments(arm) for arm in arms]
        found.append(
            MeansEpoch(
                part.shares,
                tuple(one if isinstance(one, NotComputable) else one.y for one in pairs),
                tuple(sum(cell.converted for cell in arm) for arm in arms),
            )
        )
    return found


def arm_of(cells: Sequence["ResultCell"]) -> Arm:
    """All visitors of the cells as one arm."""
    return Arm(visitors=sum(cell.units for cell in cells), converted=sum(cell.converted for cell in cells))


def sides_of(cells: Sequence["ResultCell"]) -> tuple[Arm, Arm]:
    """Control and personalized: sums over segments and variations."""
    return arm_of([c for c in cells if not c.variation_id]), arm_of([c for c in cells if c.variation_id])


def moments(cells: Iterable["ResultCell"]) -> PairMoments | NotComputable:
    """What visitors did before their first exposure (x) and inside the window (y)."""
    whole: PairMoments | None = None
    for cell in cells:
        one = PairMoments(
            cell.units,
            cell.before_mean,
            cell.mean,
            cell.before_variance * cell.units,
            cell.variance * cell.units,
            cell.covariance * cell.units,
        )
        whole = one if whole is None else merged_pairs(whole, one)
    return NotComputable(Reason.NO_VISITORS) if whole is None else whole


def mean(cells: Iterable["ResultCell"]) -> Estimate | NotComputable:
    """The mean of the number per visitor, with its 95 % interval."""
    pairs = moments(cells)
    measured = mean_of(pairs if isinstance(pairs, NotComputable) else pairs.y)
    if isinstance(measured, NotComputable):
        return measured
    half = 1.96 * math.sqrt(measured.variance)
    return Estimate(measured.value, measured.value - half, measured.value + half)


def looks(
    first: Iterable["ResultCell"], converted: Iterable["ResultCell"], parts: Sequence[Stratum], days: Sequence[date]
) -> list[list[Epoch]]:
    """The counts as they stood at the end of each of the days: visitors of the day of their first exposure, conversions of
    the day on which they came. `first` and `converted` are cells of those two kinds."""
    places = _places(parts)
    arrived: dict[date, list[tuple[tuple[int, int, int], int]]] = defaultdict(list)
    came: dict[date, list[tuple[tuple[int, int, int], int]]] = defaultdict(list)
    for cell in first:
        if (place := places.get((cell.segment_id, cell.epoch, cell.variation_id))) is not None:
            arrived[date.fromisoformat(cell.part)].append((place, cell.units))
    for cell in converted:
        place = places.get((cell.segment_id, cell.epoch, cell.variation_id))
        if place is not None and cell.part != NOT_CONVERTED:
            came[date.fromisoformat(cell.part)].append((place, cell.units))
    visitors: dict[tuple[int, int, int], int] = defaultdict(int)
    conversions: dict[tuple[int, int, int], int] = defaultdict(int)
    found = []
    before = date.min
    for day in days:
        for moments_, sums in ((arrived, visitors), (came, conversions)):
            for moment in [one for one in moments_ if before < one <= day]:
                for place, count in moments_[moment]:
                    sums[place] += count
        before = day
        found.append([
            Epoch(
                part.shares,
                tuple(
                    Arm(visitors[part.segment_id, part.epoch, arm], conversions[part.segment_id, part.epoch, arm])
                    for arm in range(len(part.arms))
                ),
            )
            for part in parts
        ])  # fmt: skip
    return found


def days_of(cells: Iterable["ResultCell"], last: date) -> list[date]:
    """Every day from the first exposure to `last`, or to the last on which anything was counted."""
    there = [date.fromisoformat(cell.part) for cell in cells if cell.part != NOT_CONVERTED]
    if not there:
        return []
    first, end = min(there), max(last, *there)
    return [first + timedelta(days=number) for number in range((end - first).days + 1)]


def thinned(days: Sequence[date], most: int) -> list[date]:
    """At most so many of the days, evenly spread, the last among them."""
    step = max(1, -(-len(days) // most))
    return list(days[(len(days) - 1) % step :: step])


def account_cells(
    rows: Iterable["AccountProducts"], parts: Sequence[Stratum]
) -> tuple[list[AccountCell], dict[tuple[int, int], Products], tuple[AccountSide, AccountSide]]:
    """What accounts did, as `compare_account_strata` takes it. Strata of the same shares are put together."""
    group = _groups(parts)
    sums: dict[tuple[int, bool], list[float]] = defaultdict(lambda: [0.0, 0.0])
    products: dict[tuple[tuple[int, bool], tuple[int, bool]], list[float]] = defaultdict(lambda: [0.0] * 4)
    sides = [AccountSide(accounts=0, visitors_squared=0.0)] * 2
    for row in rows:
        if row.one == row.other and row.one[:2] == (0, 0):
            sides[row.one[2]] = AccountSide(accounts=row.accounts, visitors_squared=row.nn)
            continue
        one, other = group.get(row.one[:2]), group.get(row.other[:2])
        if one is None or other is None:
            continue
        if row.one == row.other:
            here = sums[one, row.one[2]]
            here[0] += row.size
            here[1] += row.total
        pair = products[(one, row.one[2]), (other, row.other[2])]
        for place, value in enumerate((row.nn, row.ny, row.yn, row.yy)):
            pair[place] += value
    keys = sorted(sums)
    place_of = {key: place for place, key in enumerate(keys)}
    cells = [
        AccountCell(
            stratum=stratum, treated=treated, visitors=sums[stratum, treated][0], total=sums[stratum, treated][1]
        )
        for stratum, treated in keys
    ]
    found = {(place_of[one], place_of[other]): Products(*values) for (one, other), values in products.items()}
    return cells, found, (sides[0], sides[1])


def arms_by_shares(cells: Iterable["ResultCell"], parts: Sequence[Stratum]) -> list[tuple[Arm, Arm]]:
    """Control and personalized of all strata of the same shares together."""
    group = _groups(parts)
    there: dict[int, list[Epoch]] = defaultdict(list)
    for part, epoch in zip(parts, epochs(cells, parts), strict=True):
        there[group[part.segment_id, part.epoch]].append(epoch)
    return [(together(one.arms[0] for one in ours), together(one.arms[1] for one in ours)) for ours in there.values()]


def _groups(parts: Sequence[Stratum]) -> dict[tuple[int, int], int]:
    """By segment and epoch, the number of the group of strata that have the same shares."""
    numbers: dict[tuple[float, ...], int] = {}
    return {
        (part.segment_id, part.epoch): numbers.setdefault(tuple(round(share, 9) for share in part.shares), len(numbers))
        for part in parts
    }


def _places(parts: Iterable[Stratum]) -> dict[tuple[int, int, int], tuple[int, int, int]]:
    """By segment, epoch and variation: segment, epoch and number of the arm."""
    return {
        (part.segment_id, part.epoch, variation): (part.segment_id, part.epoch, number)
        for part in parts
        for number, arm in enumerate(part.arms)
        for variation in arm
    }
