"""Who it worked for, and where a split that is off comes from: the visitors by browser, device, page and the like. Pure."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pitcairn import stats
from pitcairn.experiments import tally
from pitcairn.experiments.asking import USUAL_PLAN
from pitcairn.experiments.result_values import ArmResult, PartResult, arm_result
from pitcairn.stats import Estimate, NotComputable

if TYPE_CHECKING:
    from pitcairn.eventstore import ResultCell

MOST_PARTS = 8


def part_results(cells: Sequence["ResultCell"], parts: Sequence[tally.Stratum], *, numeric: bool) -> list[PartResult]:
    """Who it worked for: each compared within strata, for one look."""
    found: list[tuple[str, str, ArmResult, ArmResult, Estimate | NotComputable, float | NotComputable]] = []
    for kind in ("browser", "device", "page", "route", "returning"):
        of_kind = [cell for cell in cells if cell.kind == kind]
        for name in _largest(of_kind):
            ours = [cell for cell in of_kind if cell.part == name]
            control, personalized = tally.sides_of(ours)
            compared: stats.Comparison | stats.MeanComparison | NotComputable
            if numeric:
                analysed = stats.analyse_means([tally.means(ours, parts)], USUAL_PLAN)
                compared = analysed if isinstance(analysed, NotComputable) else analysed[0].comparison
            else:
                compared = stats.compare_strata([(e.arms[0], e.arms[1]) for e in tally.epochs(ours, parts)])
            lift = compared if isinstance(compared, NotComputable) else compared.lift
            p_value = compared if isinstance(compared, NotComputable) else compared.p_value
            sides = [
                arm_result(arm, [c for c in ours if bool(c.variation_id) == treated], numeric=numeric)
                for treated, arm in ((True, personalized), (False, control))
            ]
            found.append((kind, name, sides[0], sides[1], lift, p_value))
    there = [p_value for *_, p_value in found if isinstance(p_value, float)]
    adjusted = iter(stats.benjamini_hochberg(there))
    return [
        PartResult(
            kind=kind,
            name=name,
            personalized=personalized,
            control=control,
            lift=lift,
            adjusted_p_value=next(adjusted) if isinstance(p_value, float) else p_value,
        )
        for kind, name, personalized, control, lift, p_value in found
    ]


def split_causes(cells: Sequence["ResultCell"], parts: Sequence[tally.Stratum]) -> list[stats.SliceFinding]:
    """Where the split is off: by browser, device, day, page, exposure route, new and returning, and bots."""
    slices = []
    ours = [cell for cell in cells if cell.goal == 0]
    for kind in ("browser", "device", "page", "route", "returning", "first_day"):
        of_kind = [cell for cell in ours if cell.kind == kind and not cell.excluded]
        for name in _largest(of_kind):
            counts = tally.split([cell for cell in of_kind if cell.part == name], parts)
            slices.append(stats.Slice(kind, name, counts))
    found = [finding for finding in stats.rank_slices(slices) if finding.likely_cause]
    return [*_bots(ours, parts), *found][:3]


def _bots(cells: Sequence["ResultCell"], parts: Sequence[tally.Stratum]) -> list[stats.SliceFinding]:
    """Bots are left out already. They are the cause where leaving them out is what puts the split off: what takes visitors
    for bots then looks at something that one side does more of."""
    everyone = [cell for cell in cells if cell.kind == "first_day" and cell.excluded in {"", "bot"}]
    bots = tally.split([cell for cell in everyone if cell.excluded == "bot"], parts)
    alone, whole = stats.check_split(bots), stats.check_split(tally.split(everyone, parts))
    if isinstance(alone, NotComputable) or isinstance(whole, NotComputable) or isinstance(alone.p_value, NotComputable):
        return []
    if alone.split is not stats.Split.MISMATCH or whole.split is not stats.Split.AS_SET:
        return []
    visitors = sum(alone.observed)
    return [
        stats.SliceFinding(
            slice=stats.Slice("bot", "bot", bots),
            p_value=alone.p_value,
            share=visitors / sum(whole.observed),
            shares=tuple(count / visitors for count in alone.observed),
            deviation=alone.deviation,
            rest=whole.split,
            likely_cause=True,
        )
    ]


def _largest(cells: Sequence["ResultCell"]) -> list[str]:
    """The parts with the most visitors, the largest first."""
    sizes: dict[str, int] = {}
    for cell in cells:
        sizes[cell.part] = sizes.get(cell.part, 0) + cell.units
    return sorted(sizes, key=lambda name: (-sizes[name], name))[:MOST_PARTS]
