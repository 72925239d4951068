"""Where a mismatch of the split comes from: the slice of the visitors that explains it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from pitcairn.stats.arms import NotComputable
from pitcairn.stats.corrections import holm
from pitcairn.stats.eprocess import Counts
from pitcairn.stats.split import ALARM, SMALLEST_DEVIATION, Split, SplitCheck, check_split


class Slice(msgspec.Struct, frozen=True):
    """The visitors of one kind: by browser, device, day, page, route of exposure, or bots.

    `epochs` are its visitors per arm, with the split of each epoch.
    """

    dimension: str
    value: str
    epochs: tuple[Counts, ...]


class SliceFinding(msgspec.Struct, frozen=True, kw_only=True):
    """How far off one slice is, and what would be left without it.

    `p_value` is corrected for the number of slices. `share` is the slice's part of all visitors, `shares` what each arm got
    of it, `deviation` the largest distance from the split. `rest` is the split of everybody else in its dimension. A slice
    is a `likely_cause` when it is off by more than chance and everybody else is not.
    """

    slice: Slice
    p_value: float
    share: float
    shares: tuple[float, ...]
    deviation: float
    rest: Split
    likely_cause: bool


def rank_slices(slices: Sequence[Slice]) -> list[SliceFinding]:
    """All slices that can be judged, the likeliest cause first.

    Slices of one dimension are taken to be all visitors together. Likely causes stand first, then the slices by how
    improbable they are, the larger deviation first among those beyond what floats hold.
    """
    judged: list[tuple[Slice, SplitCheck, float]] = []
    for one in slices:
        check = check_split(one.epochs)
        if isinstance(check, SplitCheck) and not isinstance(check.p_value, NotComputable):
            judged.append((one, check, check.p_value))
    findings = []
    for (one, check, _), p_value in zip(judged, holm([p_value for _, _, p_value in judged]), strict=True):
        others = [
            part for other in slices if other.dimension == one.dimension and other != one for part in other.epochs
        ]
        rest = check_split(others)
        visitors = sum(check.observed)
        left = sum(sum(part.counts) for part in others)
        remaining = rest.split if isinstance(rest, SplitCheck) else Split.UNKNOWN
        off = p_value < ALARM and check.deviation >= SMALLEST_DEVIATION
        findings.append(
            SliceFinding(
                slice=one,
                p_value=p_value,
                share=visitors / (visitors + left),
                shares=tuple(count / visitors for count in check.observed),
                deviation=check.deviation,
                rest=remaining,
                likely_cause=off and remaining in {Split.AS_SET, Split.DOUBTFUL},
            )
        )
    return sorted(
        findings,
        key=lambda found: (
            not found.likely_cause,
            found.p_value,
            -found.deviation,
            found.slice.dimension,
            found.slice.value,
        ),
    )
