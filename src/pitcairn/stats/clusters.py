"""Visitors who belong to accounts: the account decides, so the account is what is counted."""

from __future__ import annotations

import math

import msgspec

from pitcairn.stats.arms import Arm, NotComputable, Reason
from pitcairn.stats.effects import MeanComparison, Measured, compare_measured
from pitcairn.stats.moments import PairMoments, pair_moments, ratio_of


class Accounts(msgspec.Struct, frozen=True, kw_only=True):
    """Sums over the accounts that have visitors in one arm.

    `visitors` and `total` are over all visitors (a total is conversions, or revenue); the rest is over the accounts'
    own sums: of their visitors squared, of their totals squared, and of the one times the other.
    """

    accounts: int
    visitors: int
    total: int | float
    visitors_squared: int
    total_squared: int | float
    product: int | float

    def moments(self) -> PairMoments | NotComputable:
        return pair_moments(
            self.accounts, self.visitors, self.total, self.visitors_squared, self.total_squared, self.product
        )


class SharedAccounts(msgspec.Struct, frozen=True, kw_only=True):
    """Sums over the accounts that have visitors in both arms, of products of an account's sums in either arm.

    `visitors_visitors` is the control's visitors times the treatment's, `visitors_total` the control's visitors times the
    treatment's total, and so on. All 0 where accounts are assigned as a whole.
    """

    visitors_visitors: int = 0
    visitors_total: int | float = 0
    total_visitors: int | float = 0
    total_total: int | float = 0


class Clustered(msgspec.Struct, frozen=True, kw_only=True):
    """The difference per visitor, judged by accounts.

    `design_effect` is how many times larger the variance is than if visitors decided on their own; None where that is
    unknown. The result by visitors stands beside it to show the difference, and is not to be trusted where the effect of
    the design is clearly above 1.
    """

    comparison: MeanComparison
    by_visitor: MeanComparison | NotComputable
    design_effect: float | None


def compare_clustered(
    control: Accounts,
    treatment: Accounts,
    *,
    shared: SharedAccounts | None = None,
    alpha: float = 0.05,
    by_visitor: MeanComparison | NotComputable | None = None,
) -> Clustered | NotComputable:
    """Totals per visitor compared with a variance that is robust against accounts of any size and likeness.

    The variance is the delta method's for the ratio of the accounts' totals to their visitors; where accounts have
    visitors in both arms, what their two residuals have in common is taken off. `by_visitor` is the same comparison by
    visitors; without it totals are read as conversions.
    """
    c, t = _rate(control), _rate(treatment)
    covariance = 0.0
    if isinstance(c, Measured) and isinstance(t, Measured):
        covariance = _covariance(control, treatment, c.value, t.value, shared or SharedAccounts())
        # Sums that belong together cannot give more than this.
        most = math.sqrt(c.variance) * math.sqrt(t.variance)
        covariance = max(-most, min(most, covariance))
    compared = compare_measured(c, t, alpha=alpha, covariance=covariance)
    if isinstance(compared, NotComputable):
        return compared
    naive = by_visitor if by_visitor is not None else _by_visitor(control, treatment, alpha)
    effect = None
    if isinstance(naive, MeanComparison) and naive.error > 0:
        effect = (compared.error / naive.error) ** 2
    return Clustered(comparison=compared, by_visitor=naive, design_effect=effect)


def _rate(side: Accounts) -> Measured | NotComputable:
    """The total per visitor with a variance corrected for accounts of very different sizes.

    Large accounts pull the rate towards themselves, so that their residuals are too small. By how much follows from how
    the squares of their sizes weigh; here as for gamma-distributed sizes and accounts whose visitors decide alike. For
    accounts of one size this is the usual G / (G - 1). As many accounts are left to estimate from as equally large ones
    would say as much (Kish).
    """
    measured = ratio_of(side.moments())
    if isinstance(measured, NotComputable):
        return measured
    # `ratio_of` has corrected for the number of accounts alone.
    plain = measured.variance * (1 - 1 / side.accounts)
    return corrected(
        measured.value, plain, accounts=side.accounts, squares=side.visitors_squared, visitors=side.visitors
    )


def corrected(value: float, variance: float, *, accounts: int, squares: float, visitors: float) -> Measured:
    """A value with the plain variance of its accounts' contributions made larger, as `_rate` says; `squares` is the sum
    of the squares of the accounts' visitors. There are at least two accounts."""
    uneven = max(0.0, accounts * squares / visitors**2 - 1)
    kept = max(0.5, 1 - (1 + 3 * uneven) / accounts)
    usual = 1 - 1 / accounts
    freedom = max(1, int(accounts / (1 + uneven)) - 1)
    return Measured(value, variance * max(1 / usual, 1 / kept), accounts, freedom)


def _covariance(control: Accounts, treatment: Accounts, c: float, t: float, shared: SharedAccounts) -> float:
    together = (
        shared.total_total - t * shared.total_visitors - c * shared.visitors_total + c * t * shared.visitors_visitors
    )
    return together / control.visitors / treatment.visitors


def _by_visitor(control: Accounts, treatment: Accounts, alpha: float) -> MeanComparison | NotComputable:
    sides: list[Measured] = []
    for side in (control, treatment):
        if not (isinstance(side.total, int) and Arm(side.visitors, side.total).possible and side.visitors):
            return NotComputable(Reason.IMPOSSIBLE_COUNTS)
        share = side.total / side.visitors
        sides.append(Measured(share, share * (1 - share) / side.visitors, side.visitors))
    return compare_measured(sides[0], sides[1], alpha=alpha)
