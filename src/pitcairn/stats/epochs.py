"""Counts of an experiment whose split may have changed: one epoch for every time in which it did not.

What is believed about the arms must not depend on when they had their visitors. A variation that got most of them in a good
week is not better for it. So every arm is measured against all arms of the same epoch: rates are an epoch's
level plus an arm's own part, fitted by least squares to all of them together. An arm counts as many visitors as that
comparison is worth. With one epoch this is the plain counting of the arm.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from pitcairn.stats.arms import Arm, NotComputable, Reason, together
from pitcairn.stats.bayes import MOST_VISITORS, Prior, posterior
from pitcairn.stats.distributions import Beta, Floats
from pitcairn.stats.eprocess import Counts


class Epoch(msgspec.Struct, frozen=True):
    """A time in which the split was the same: the shares of all arms and what was counted, the control first.

    Visitors belong to the epoch of their first exposure, and to the arm they saw then; so do their conversions, whenever
    they come.
    """

    shares: tuple[float, ...]
    arms: tuple[Arm, ...]

    @property
    def visitors(self) -> Counts:
        return Counts(self.shares, tuple(arm.visitors for arm in self.arms))

    @property
    def conversions(self) -> Counts:
        return Counts(self.shares, tuple(arm.converted for arm in self.arms))


def counted_badly(epochs: Sequence[Epoch]) -> Reason | None:
    """Why these epochs cannot be those of one experiment."""
    sizes = {len(epoch.arms) for epoch in epochs} | {len(epoch.shares) for epoch in epochs}
    if len(sizes) > 1 or (sizes and min(sizes) < 2) or not all(epoch.visitors.possible for epoch in epochs):
        return Reason.IMPOSSIBLE_COUNTS
    if not all(arm.possible for epoch in epochs for arm in epoch.arms):
        return Reason.IMPOSSIBLE_COUNTS
    return Reason.NO_VISITORS if not epochs else None


def beliefs(epochs: Sequence[Epoch], *, prior: Prior | None = None) -> tuple[Beta, ...] | NotComputable:
    """What is believed about the rate of every arm, at the average level of all epochs."""
    if (reason := counted_badly(epochs)) is not None:
        return NotComputable(reason)
    whole = [together(epoch.arms[arm] for epoch in epochs) for arm in range(len(epochs[0].arms))]
    if sum(arm.visitors for arm in whole) > MOST_VISITORS:
        return NotComputable(Reason.TOO_MANY)
    filled = [epoch for epoch in epochs if any(arm.visitors for arm in epoch.arms)]
    if len(filled) < 2:
        return tuple(posterior(arm, prior) for arm in whole)
    before = prior or Prior()
    visitors = np.array([[arm.visitors for arm in epoch.arms] for epoch in filled], dtype=float)
    converted = np.array([[arm.converted for arm in epoch.arms] for epoch in filled], dtype=float)
    level, own, worth = own_parts(visitors, converted)
    found = []
    for size, part in zip(worth.tolist(), own.tolist(), strict=True):
        rate = min(1.0, max(0.0, level + part))
        found.append(Beta(before.a + size * rate, before.b + size * (1 - rate)))
    return tuple(found)


def own_parts(units: Floats, totals: Floats) -> tuple[float, Floats, Floats]:
    """An arm's own part of what is counted, beyond the level of its epochs: rows are epochs, columns arms.

    Gives the average level, the own part of each arm, and how many units each is worth: those that the comparison within
    epochs is made of. What an arm had in an epoch of its own alone is worth nothing.
    """
    in_epoch = units.sum(axis=1, keepdims=True)
    shares = np.divide(units, in_epoch, out=np.zeros_like(units), where=in_epoch > 0)
    beyond = (totals - shares * totals.sum(axis=1, keepdims=True)).sum(axis=0)
    information = np.diag(units.sum(axis=0)) - shares.T @ units
    own = np.linalg.lstsq(information, beyond, rcond=None)[0]
    of_arm, everyone = units.sum(axis=0), float(units.sum())
    own = own - float(of_arm @ own) / everyone
    others = everyone - of_arm
    worth = np.where(others > 0, np.diag(information) * everyone / np.maximum(others, 1.0), 0.0)
    return float(totals.sum()) / everyone, own, np.maximum(worth, 0.0)
