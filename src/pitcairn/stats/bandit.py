"""The split that learns: more visitors for what does better, and a control that keeps its share.

Thompson sampling: a variation gets visitors as often as it is probable to be the best. The probabilities are integrals, so
the same counts always give the same split. The control's share is fixed, so that the effect of it all can be measured at
any time; every variation keeps a small share, so that a bad first day can be made good again. Every new split begins an epoch,
and results compare within epochs (`analyse`): the pooled counts of a split that changed are biased.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from pitcairn.stats.arms import NotComputable, Reason
from pitcairn.stats.bayes import Prior, best
from pitcairn.stats.epochs import Epoch, beliefs, own_parts
from pitcairn.stats.gaussian import Normal, best_of_normals
from pitcairn.stats.moments import Moments

CONTROL_SHARE = 0.1
LEAST_SHARE = 0.05
"""What a variation keeps, or an even share where that is less."""


def next_shares(
    epochs: Sequence[Epoch],
    *,
    control_share: float = CONTROL_SHARE,
    least_share: float = LEAST_SHARE,
    prior: Prior | None = None,
) -> tuple[float, ...] | NotComputable:
    """The shares for the next epoch, the control's first; they add up to 1.

    Raises ValueError when the shares given are not between 0 and 1, and nothing for any counts.
    """
    chances = chances_to_be_best(epochs, prior=prior)
    if isinstance(chances, NotComputable):
        return chances
    return shares_by_chance(chances, control_share=control_share, least_share=least_share)


def shares_by_chance(
    chances: Sequence[float], *, control_share: float = CONTROL_SHARE, least_share: float = LEAST_SHARE
) -> tuple[float, ...]:
    """The control's share, then for each variation its least share and of the rest as much as it is probably the best."""
    if not (0 <= control_share < 1 and 0 <= least_share < 1):
        raise ValueError(f"the shares are {control_share} and {least_share}; give shares between 0 and 1, such as 0.1")
    rest = 1 - control_share
    least = min(least_share, rest / len(chances))
    free = rest - least * len(chances)
    return (control_share, *(least + free * chance for chance in chances))


def chances_to_be_best(epochs: Sequence[Epoch], *, prior: Prior | None = None) -> tuple[float, ...] | NotComputable:
    """For each variation, without the control, how probable it is that it has the highest rate."""
    believed = beliefs(epochs, prior=prior)
    if isinstance(believed, NotComputable):
        return believed
    ranked = best(believed[1:])
    return ranked if isinstance(ranked, NotComputable) else ranked.chances


def chances_of_highest_mean(
    epochs: Sequence[Sequence[Moments | NotComputable]],
) -> tuple[float, ...] | NotComputable:
    """The same for a number per visitor: for every epoch the values of all arms, the control first.

    Not computable while a variation has fewer than two visitors, or nobody has another value than the others.
    """
    filled = [[None if isinstance(one, NotComputable) else one for one in epoch] for epoch in epochs]
    if not filled or len({len(epoch) for epoch in filled}) > 1 or len(filled[0]) < 2:
        return NotComputable(Reason.IMPOSSIBLE_COUNTS if filled else Reason.NO_VISITORS)
    units = np.array([[one.count if one else 0 for one in epoch] for epoch in filled], dtype=float)
    totals = np.array([[one.count * one.mean if one else 0.0 for one in epoch] for epoch in filled], dtype=float)
    spread = np.array([[one.spread if one else 0.0 for one in epoch] for epoch in filled], dtype=float)
    if float(units.sum(axis=0)[1:].min()) < 2:
        return NotComputable(Reason.NO_VISITORS)
    level, own, worth = own_parts(units, totals)
    variances = spread.sum(axis=0) / np.maximum(units.sum(axis=0) - 1, 1.0)
    pooled = float(spread.sum()) / max(1.0, float(units.sum()) - units.shape[1])
    if not (pooled > 0 and math.isfinite(pooled)) or float(worth[1:].min()) <= 0:
        return NotComputable(Reason.NOT_COMPARABLE)
    # An arm in which everybody has the same value is not known any better for it.
    known = np.where(variances > 0, variances, pooled)
    return best_of_normals([
        Normal(level + float(own[arm]), math.sqrt(float(known[arm] / worth[arm]))) for arm in range(1, units.shape[1])
    ])  # fmt: skip
