"""Revenue and other numbers per visitor: plain, adjusted by history, by strata, and clustered by account."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from pitcairn.stats.arms import Arm, NotComputable, Reason
from pitcairn.stats.effects import Effect, MeanComparison, Measured, compare_measured, converted_share, difference_of
from pitcairn.stats.moments import Moments, PairMoments, mean_of, merged_pairs, ratio_of


def compare_means(
    control: Moments | NotComputable, treatment: Moments | NotComputable, *, alpha: float = 0.05
) -> MeanComparison | NotComputable:
    """Means per visitor compared, by Welch's test: no equal variances are assumed."""
    return compare_measured(mean_of(control), mean_of(treatment), alpha=alpha)


def compare_ratios(
    control: PairMoments | NotComputable, treatment: PairMoments | NotComputable, *, alpha: float = 0.05
) -> MeanComparison | NotComputable:
    """Ratios of two sums compared, such as clicks (y) per session (x), with the visitor as the unit."""
    return compare_measured(ratio_of(control), ratio_of(treatment), alpha=alpha)


class Adjusted(msgspec.Struct, frozen=True, kw_only=True):
    """A comparison after what visitors did before their exposure was taken out (CUPED).

    `theta` is by how much y rises with x; `variance_reduction` the share of the variance that is gone (0.3: the same
    certainty from 30 % fewer visitors); `unadjusted` the comparison without it.
    """

    comparison: MeanComparison
    unadjusted: MeanComparison
    theta: float
    variance_reduction: float


def compare_adjusted(
    control: PairMoments | NotComputable, treatment: PairMoments | NotComputable, *, alpha: float = 0.05
) -> Adjusted | NotComputable:
    """Means of y compared, adjusted by x, what the same visitors did before (Deng et al., WSDM 2013).

    One theta for both arms, from all visitors together: the adjustment then cannot favour an arm. Without any variation
    before the exposure it is 0, and nothing changes.
    """
    if isinstance(control, NotComputable):
        return NotComputable(Reason.CONTROL_EMPTY) if control.reason is Reason.NO_VISITORS else control
    if isinstance(treatment, NotComputable):
        return NotComputable(Reason.TREATMENT_EMPTY) if treatment.reason is Reason.NO_VISITORS else treatment
    both = merged_pairs(control, treatment)
    theta = both.product / both.spread_x if both.spread_x > 0 else 0.0
    if not math.isfinite(theta):
        return NotComputable(Reason.IMPOSSIBLE_SUMS)
    plain = compare_means(control.y, treatment.y, alpha=alpha)
    adjusted = compare_measured(
        _without_history(control, theta, both.mean_x), _without_history(treatment, theta, both.mean_x), alpha=alpha
    )
    if isinstance(plain, NotComputable):
        return plain
    if isinstance(adjusted, NotComputable):
        return adjusted
    reduction = 1 - (adjusted.error / plain.error) ** 2 if plain.error > 0 else 0.0
    return Adjusted(comparison=adjusted, unadjusted=plain, theta=theta, variance_reduction=reduction)


def _without_history(pairs: PairMoments, theta: float, overall: float) -> Measured | NotComputable:
    spread = max(0.0, pairs.spread_y - 2 * theta * pairs.product + theta * theta * pairs.spread_x)
    return mean_of(Moments(pairs.count, pairs.mean_y - theta * (pairs.mean_x - overall), spread))


class Stratified(msgspec.Struct, frozen=True, kw_only=True):
    """A comparison within strata, put together by their sizes.

    `within` is the variance from inside the strata, `between` what comes from how many visitors each stratum happened to
    have. `naive` is the difference without strata, to be shown only to say what went wrong. `left_out` counts the units
    of strata in which one arm is empty or too small to have a variance.
    """

    comparison: MeanComparison
    within: float
    between: float
    naive: float
    by_stratum: tuple[Effect, ...]
    left_out: int


def compare_stratified(
    strata: Sequence[tuple[Measured | NotComputable, Measured | NotComputable]], *, alpha: float = 0.05
) -> Stratified | NotComputable:
    """The (control, treatment) of every stratum compared, each weighted with its units.

    A stratum is a kind of visitors (post-stratification), or a time in which the split was the same: then no change of the
    split can turn the result around (Crook, Frasca, Kohavi and Longbotham, KDD 2009).
    """
    usable = [(c, t) for c, t in strata if isinstance(c, Measured) and isinstance(t, Measured)]
    measured = [side for pair in strata for side in pair if isinstance(side, Measured)]
    everyone = sum(side.units for side in measured)
    if not usable:
        return NotComputable(Reason.NOT_COMPARABLE if everyone else Reason.NO_VISITORS)
    units = sum(c.units + t.units for c, t in usable)
    weights = [(c.units + t.units) / units for c, t in usable]
    effects = [difference_of(c, t) for c, t in usable]
    value = math.fsum(weight * effect.value for weight, effect in zip(weights, effects, strict=True))
    within = math.fsum(weight**2 * effect.error**2 for weight, effect in zip(weights, effects, strict=True))
    between = (
        math.fsum(weight * (effect.value - value) ** 2 for weight, effect in zip(weights, effects, strict=True)) / units
    )
    sides = []
    for place in (0, 1):
        side = [pair[place] for pair in usable]
        sides.append(
            Measured(
                math.fsum(weight * part.value for weight, part in zip(weights, side, strict=True)),
                math.fsum(weight**2 * part.variance for weight, part in zip(weights, side, strict=True)),
                sum(part.units for part in side),
            )
        )
    # What the sizes of the strata add belongs to the difference, not to an arm.
    comparison = compare_measured(sides[0], sides[1], alpha=alpha, covariance=-between / 2)
    if isinstance(comparison, NotComputable):
        return comparison
    return Stratified(
        comparison=comparison,
        within=within,
        between=between,
        naive=_pooled(usable, 1) - _pooled(usable, 0),
        by_stratum=tuple(effects),
        left_out=everyone - units,
    )


def _pooled(pairs: Sequence[tuple[Measured, Measured]], place: int) -> float:
    side = [pair[place] for pair in pairs]
    return math.fsum(part.value * part.units for part in side) / sum(part.units for part in side)


def rates_by_stratum(
    pairs: Sequence[tuple[Arm, Arm]],
) -> list[tuple[Measured | NotComputable, Measured | NotComputable]]:
    """Counts as strata of `compare_stratified`."""
    return [(converted_share(control), converted_share(treatment)) for control, treatment in pairs]
