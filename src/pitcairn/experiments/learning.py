"""How the visitors of a segment are to be shared among its variations, by what was counted so far. Pure.

The rule: evenly until every variation has had `ENOUGH_VISITORS` and the segment `ENOUGH_CONVERSIONS` over at least
`ENOUGH_TIME`; from then on each variation as often as it is probably the best, but none less than a small share. The control
keeps its share whatever happens. A change of less than `MATERIAL` is not made: each begins an allocation epoch, and
visitors are compared within epochs.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from pitcairn import stats
from pitcairn.experiences.queries import ExperienceOutline, SegmentOutline
from pitcairn.experiments import tally
from pitcairn.experiments.allocation import Allocation
from pitcairn.experiments.models import OptimizationOutcome
from pitcairn.stats import NotComputable

if TYPE_CHECKING:
    from pitcairn.eventstore import ResultCell

ENOUGH_TIME = timedelta(days=1)
ENOUGH_VISITORS = 100
ENOUGH_CONVERSIONS = 25
MATERIAL = 0.05
"""Of the segment's personalized visitors."""
_SAME = 1e-6


class Learned(msgspec.Struct, frozen=True, kw_only=True):
    """What follows for one segment, by variation id: `shares` of its personalized visitors, the `chances` to be the best, and
    what was `counted` (visitors, converted). Shares are those that hold now where nothing is to be changed."""

    outcome: OptimizationOutcome
    shares: Mapping[int, float]
    chances: Mapping[int, float] = {}
    counted: Mapping[int, tuple[int, int]] = {}
    note: str = ""


def learn(
    experience: ExperienceOutline,
    segment: SegmentOutline,
    cells: Sequence["ResultCell"],
    allocation: Allocation,
    *,
    numeric: bool,
    now: datetime,
) -> Learned:
    """`cells` are those of the experience's primary goal by day of the first exposure, bots and own people left out."""
    present = [variation.id for variation in segment.variations]
    held = {variation.id: variation.share for variation in segment.variations}
    ours = [cell for cell in cells if cell.segment_id == segment.id]
    counted = {one: _counted(ours, one) for one in present}
    missing = _missing(experience, counted, now)
    if missing:
        even = dict.fromkeys(present, 1 / len(present))
        moved = max(abs(even[one] - held[one]) for one in present)
        return Learned(
            outcome=OptimizationOutcome.CHANGED if moved > _SAME else OptimizationOutcome.GATHERING,
            shares=even if moved > _SAME else held,
            counted=counted,
            note=f"shared evenly until more is known: {missing}",
        )
    chances = _chances(ours, present, segment.id, allocation, numeric=numeric)
    if isinstance(chances, NotComputable):
        return Learned(outcome=OptimizationOutcome.UNKNOWN, shares=held, counted=counted, note=chances.reason.value)
    control, *given = stats.shares_by_chance(chances, control_share=experience.control_share)
    shares = {one: share / (1 - control) for one, share in zip(present, given, strict=True)}
    changed = max(abs(shares[one] - held[one]) for one in present) >= MATERIAL
    return Learned(
        outcome=OptimizationOutcome.CHANGED if changed else OptimizationOutcome.KEPT,
        shares=shares if changed else held,
        chances=dict(zip(present, chances, strict=True)),
        counted=counted,
    )


def _counted(cells: Sequence["ResultCell"], variation_id: int) -> tuple[int, int]:
    arm = tally.arm_of([cell for cell in cells if cell.variation_id == variation_id])
    return arm.visitors, arm.converted


def _missing(experience: ExperienceOutline, counted: Mapping[int, tuple[int, int]], now: datetime) -> str:
    """What is still to be waited for, in words; empty when there is enough to learn from."""
    if experience.started_at is None or now - experience.started_at < ENOUGH_TIME:
        return "it has run for less than a day"
    fewest = min(visitors for visitors, _ in counted.values())
    if fewest < ENOUGH_VISITORS:
        return f"a variation has {fewest} of {ENOUGH_VISITORS} visitors"
    conversions = sum(converted for _, converted in counted.values())
    if conversions < ENOUGH_CONVERSIONS:
        return f"the variations have {conversions} of {ENOUGH_CONVERSIONS} conversions"
    return ""


def _chances(
    cells: Sequence["ResultCell"], present: Sequence[int], segment_id: int, allocation: Allocation, *, numeric: bool
) -> tuple[float, ...] | NotComputable:
    arms = (frozenset({tally.CONTROL}), *(frozenset({one}) for one in present))
    parts = []
    for epoch in sorted({cell.epoch for cell in cells}):
        wanted = allocation.shares(segment_id, epoch)
        given = tuple(sum(wanted.get(one, 0.0) for one in arm) for arm in arms)
        parts.append(tally.Stratum(segment_id, epoch, arms, given))
    if numeric:
        return stats.chances_of_highest_mean([epoch.values for epoch in tally.means(cells, parts)])
    return stats.chances_to_be_best(tally.epochs(cells, parts))
