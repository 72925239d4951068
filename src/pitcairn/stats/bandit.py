"""The split that learns: more visitors for what does better, and a control that keeps its share.

Thompson sampling: a variation gets visitors as often as it is probable to be the best. The probabilities are integrals, so
the same counts always give the same split. The control's share is fixed, so that the effect of it all can be measured at
any time; every variation keeps a small share, so that a bad first day can be made good again. Every new split begins an epoch,
and results compare within epochs (`analyse`): the pooled counts of a split that changed are biased.
"""

from __future__ import annotations

from collections.abc import Sequence

from pitcairn.stats.arms import NotComputable
from pitcairn.stats.bayes import Prior, best
from pitcairn.stats.epochs import Epoch, beliefs

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
    if not (0 < control_share < 1 and 0 <= least_share < 1):
        raise ValueError(f"the shares are {control_share} and {least_share}; give shares between 0 and 1, such as 0.1")
    believed = beliefs(epochs, prior=prior)
    if isinstance(believed, NotComputable):
        return believed
    ranked = best(believed[1:])
    if isinstance(ranked, NotComputable):
        return ranked
    rest = 1 - control_share
    least = min(least_share, rest / len(ranked.chances))
    free = rest - least * len(ranked.chances)
    return (control_share, *(least + free * chance for chance in ranked.chances))
