"""Everything that is said about a conversion goal, or about a number per visitor: the way in for pages and exports."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from pitcairn.stats.arms import Comparison, NotComputable, Number, Reason
from pitcairn.stats.asymptotic import RunningSequential, Sequential, expected_in_smaller, running, sequential
from pitcairn.stats.bayes import Best, Odds, Prior, best, odds
from pitcairn.stats.comparison import compare_strata
from pitcairn.stats.corrections import holm
from pitcairn.stats.effects import MeanComparison, compare_measured, effect_of, lift_of
from pitcairn.stats.epochs import Epoch, beliefs, counted_badly
from pitcairn.stats.eprocess import Always, always_valid
from pitcairn.stats.gaussian import NormalOdds, NormalPrior, normal_odds
from pitcairn.stats.means import compare_stratified
from pitcairn.stats.moments import Moments, mean_of
from pitcairn.stats.split import SplitCheck, check_split_at_looks


class Variation(msgspec.Struct, frozen=True, kw_only=True):
    """One variation against the control, at the last look.

    `comparison` holds for one look at a time planned beforehand; `looks` hold at every look, the last one being the present.
    Both compare within epochs. The adjusted p-values are Holm's, over all variations; intervals are never
    adjusted. `odds` are what is believed.
    """

    comparison: Comparison
    adjusted_p_value: Number
    looks: tuple[Always, ...]
    adjusted_always_p_value: Number
    odds: Odds | NotComputable

    @property
    def always(self) -> Always:
        """What holds now, however often somebody looked."""
        return self.looks[-1]

    @property
    def conversions_in_smaller(self) -> int:
        return min(self.comparison.control.converted, self.comparison.treatment.converted)


class Analysis(msgspec.Struct, frozen=True, kw_only=True):
    """A conversion goal of an experiment.

    `split` is the check of the split, which holds at every look. `best` are the chances of
    all arms, the control first, to have the highest rate.
    """

    alpha: float
    variations: tuple[Variation, ...]
    split: SplitCheck
    best: Best


def analyse(
    looks: Sequence[Sequence[Epoch]], *, alpha: float = 0.05, prior: Prior | None = None
) -> Analysis | NotComputable:
    """The whole analysis of one conversion goal.

    `looks` are the counts as they stood at each look, usually the end of each day, the last being the present; each is
    cumulative and has one `Epoch` for every time in which the split did not change. One look is enough, but the smallest
    p-value of earlier looks is then forgotten. Raises ValueError when `alpha` is not between 0 and 1, and nothing for
    any counts.
    """
    if not looks:
        return NotComputable(Reason.NO_VISITORS)
    for look in looks:
        if (reason := counted_badly(look)) is not None:
            return NotComputable(reason)
    now = looks[-1]
    arms = len(now[0].arms)
    if any(len(look[0].arms) != arms for look in looks):
        return NotComputable(Reason.IMPOSSIBLE_COUNTS)
    split = check_split_at_looks([[epoch.visitors for epoch in look] for look in looks])
    believed = beliefs(now, prior=prior)
    if isinstance(split, NotComputable):
        return split
    if isinstance(believed, NotComputable):
        return believed
    chances = best(believed)
    if isinstance(chances, NotComputable):
        return chances
    found: list[tuple[Comparison, tuple[Always, ...], Odds | NotComputable]] = []
    for arm in range(1, arms):
        always = always_valid([[epoch.conversions.between(0, arm) for epoch in look] for look in looks], alpha=alpha)
        if isinstance(always, NotComputable):
            return always
        comparison = compare_strata([(epoch.arms[0], epoch.arms[arm]) for epoch in now], alpha=alpha)
        found.append((comparison, tuple(always), odds(believed[0], believed[arm], alpha=alpha)))
    fixed = _adjusted([comparison.p_value for comparison, _, _ in found])
    anytime = _adjusted([always[-1].p_value for _, always, _ in found])
    return Analysis(
        alpha=alpha,
        variations=tuple(
            Variation(
                comparison=comparison,
                adjusted_p_value=p_value,
                looks=always,
                adjusted_always_p_value=always_p_value,
                odds=belief,
            )
            for (comparison, always, belief), p_value, always_p_value in zip(found, fixed, anytime, strict=True)
        ),
        split=split,
        best=chances,
    )


class MeansEpoch(msgspec.Struct, frozen=True):
    """As `Epoch`, of a number per visitor such as revenue; `converted` counts the visitors who have any."""

    shares: tuple[float, ...]
    values: tuple[Moments | NotComputable, ...]
    converted: tuple[int, ...]


class MeansVariation(msgspec.Struct, frozen=True, kw_only=True):
    """One variation's mean against the control's: see `Variation`.

    `looks` are those at which enough conversions were to be expected in the smaller arm; a reason when there is none.
    `odds` are of the difference, `lift_odds` of the lift.
    """

    comparison: MeanComparison | NotComputable
    adjusted_p_value: Number
    looks: tuple[RunningSequential, ...] | NotComputable
    adjusted_always_p_value: Number
    odds: NormalOdds | NotComputable
    lift_odds: NormalOdds | NotComputable


def analyse_means(
    looks: Sequence[Sequence[MeansEpoch]], planned: int, *, alpha: float = 0.05, prior: NormalPrior | None = None
) -> tuple[MeansVariation, ...] | NotComputable:
    """The whole analysis of a number per visitor, for every variation.

    `planned` is the number of visitors of all arms that the experiment is planned for; the sequential interval is the
    narrowest there. `prior` is of the lift. Raises ValueError when `alpha` is not between 0 and 1.
    """
    sizes = {len(part) for look in looks for epoch in look for part in (epoch.shares, epoch.values, epoch.converted)}
    if not looks or not looks[-1]:
        return NotComputable(Reason.NO_VISITORS)
    if len(sizes) != 1 or min(sizes) < 2 or any(count < 0 for look in looks for e in look for count in e.converted):
        return NotComputable(Reason.IMPOSSIBLE_COUNTS)
    shares = looks[-1][0].shares
    if not (all(share >= 0 for share in shares) and 0 < sum(shares) < math.inf):
        return NotComputable(Reason.IMPOSSIBLE_COUNTS)
    found = []
    for arm in range(1, len(shares)):
        compared = [_compared(look, arm, alpha) for look in looks]
        # The plan counts the visitors of all arms; a comparison has those of two, as the first split gave them.
        planned_here = int(planned * ((shares[0] + shares[arm]) / sum(shares)))
        valid = [
            _sequential(comparison, look, arm, planned_here, alpha)
            for comparison, look in zip(compared, looks, strict=True)
        ]
        kept = [look for look in valid if isinstance(look, Sequential)]
        last = valid[-1]
        found.append((compared[-1], tuple(running(kept)) if isinstance(last, Sequential) else last))
    fixed = _adjusted([c if isinstance(c, NotComputable) else c.p_value for c, _ in found])
    anytime = _adjusted([kept if isinstance(kept, NotComputable) else kept[-1].p_value for _, kept in found])
    return tuple(
        MeansVariation(
            comparison=comparison,
            adjusted_p_value=p_value,
            looks=kept,
            adjusted_always_p_value=always_p_value,
            odds=_difference_odds(comparison, alpha),
            lift_odds=_lift_odds(comparison, alpha, prior),
        )
        for (comparison, kept), p_value, always_p_value in zip(found, fixed, anytime, strict=True)
    )


def _compared(look: Sequence[MeansEpoch], arm: int, alpha: float) -> MeanComparison | NotComputable:
    pairs = [(mean_of(epoch.values[0]), mean_of(epoch.values[arm])) for epoch in look]
    if len(pairs) == 1:
        return compare_measured(*pairs[0], alpha=alpha)
    stratified = compare_stratified(pairs, alpha=alpha)
    return stratified if isinstance(stratified, NotComputable) else stratified.comparison


def _sequential(
    comparison: MeanComparison | NotComputable, look: Sequence[MeansEpoch], arm: int, planned: int, alpha: float
) -> Sequential | NotComputable:
    if isinstance(comparison, NotComputable):
        return comparison
    control, treatment = comparison.control, comparison.treatment
    converted = sum(epoch.converted[0] + epoch.converted[arm] for epoch in look)
    units = control.units + treatment.units
    expected = expected_in_smaller(converted, min(control.units, treatment.units), units)
    return sequential(effect_of(comparison), planned, alpha=alpha, expected=expected)


def _difference_odds(comparison: MeanComparison | NotComputable, alpha: float) -> NormalOdds | NotComputable:
    if isinstance(comparison, NotComputable):
        return comparison
    return normal_odds(effect_of(comparison), alpha=alpha)


def _lift_odds(
    comparison: MeanComparison | NotComputable, alpha: float, prior: NormalPrior | None
) -> NormalOdds | NotComputable:
    if isinstance(comparison, NotComputable):
        return comparison
    lift = lift_of(comparison.control, comparison.treatment)
    return lift if isinstance(lift, NotComputable) else normal_odds(lift, alpha=alpha, prior=prior)


def _adjusted(p_values: Sequence[Number]) -> list[Number]:
    """Holm's adjustment over those that there are."""
    there = [p_value for p_value in p_values if isinstance(p_value, float)]
    adjusted = iter(holm(there))
    return [p_value if isinstance(p_value, NotComputable) else next(adjusted) for p_value in p_values]
