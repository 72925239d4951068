"""Accounts over several strata: times and segments with splits of their own, in which one account may have visitors of many.

Control and treatment are compared within each stratum, weighted with its visitors, as visitors are (`compare_stratified`).
But an account is one unit wherever its visitors were counted: what it adds to the difference in one stratum goes with what
it adds in another. So the variance is that of the accounts' whole contributions, which needs the sums, over accounts,
of products of what each has in two cells.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import msgspec

from pitcairn.stats.arms import NotComputable, Reason
from pitcairn.stats.clusters import Clustered, corrected
from pitcairn.stats.effects import MeanComparison, Measured, compare_measured


class AccountCell(msgspec.Struct, frozen=True, kw_only=True):
    """One side of one stratum: its visitors, and the total of what they did (conversions, or revenue)."""

    stratum: int
    treated: bool
    visitors: float
    total: float


class Products(msgspec.Struct, frozen=True):
    """Sums over accounts of what each has in one cell times what it has in another: visitors (n) and totals (y)."""

    nn: float = 0.0
    ny: float = 0.0
    yn: float = 0.0
    yy: float = 0.0


class AccountSide(msgspec.Struct, frozen=True, kw_only=True):
    """How many accounts one side has over all strata, and the sum of the squares of their visitors there."""

    accounts: int
    visitors_squared: float


def compare_account_strata(
    cells: Sequence[AccountCell],
    products: Mapping[tuple[int, int], Products],
    sides: tuple[AccountSide, AccountSide],
    *,
    alpha: float = 0.05,
    by_visitor: MeanComparison | NotComputable | None = None,
) -> Clustered | NotComputable:
    """The difference per visitor over all strata, judged by accounts.

    `products` are by two places in `cells`; what is missing is 0. `sides` are the control's and the treatment's accounts.
    Strata in which one side is empty are left out. With one stratum this is `compare_clustered`.
    """
    if any(cell.visitors < 0 or not math.isfinite(cell.total) for cell in cells):
        return NotComputable(Reason.IMPOSSIBLE_COUNTS)
    strata = {cell.stratum for cell in cells}
    usable = {
        stratum
        for stratum in strata
        if {cell.treated for cell in cells if cell.stratum == stratum and cell.visitors > 0} == {False, True}
    }
    if not usable:
        return NotComputable(Reason.NOT_COMPARABLE if any(cell.visitors for cell in cells) else Reason.NO_VISITORS)
    everyone = math.fsum(cell.visitors for cell in cells if cell.stratum in usable)
    weight = {
        stratum: math.fsum(cell.visitors for cell in cells if cell.stratum == stratum) / everyone for stratum in usable
    }
    places = [place for place, cell in enumerate(cells) if cell.stratum in usable and cell.visitors > 0]
    measured: list[Measured] = []
    for treated, side in zip((False, True), sides, strict=True):
        ours = [place for place in places if cells[place].treated is treated]
        if side.accounts < 2:
            return NotComputable(Reason.TOO_FEW)
        value = math.fsum(weight[cells[place].stratum] * _rate(cells[place]) for place in ours)
        variance = _covariance(cells, products, weight, ours, ours)
        visitors = math.fsum(cells[place].visitors for place in ours)
        measured.append(
            corrected(
                value, max(0.0, variance), accounts=side.accounts, squares=side.visitors_squared, visitors=visitors
            )
        )
    both = [[place for place in places if cells[place].treated is treated] for treated in (False, True)]
    most = math.sqrt(measured[0].variance) * math.sqrt(measured[1].variance)
    covariance = max(-most, min(most, _covariance(cells, products, weight, both[0], both[1])))
    compared = compare_measured(measured[0], measured[1], alpha=alpha, covariance=covariance)
    if isinstance(compared, NotComputable):
        return compared
    effect = None
    if isinstance(by_visitor, MeanComparison) and by_visitor.error > 0:
        effect = (compared.error / by_visitor.error) ** 2
    return Clustered(
        comparison=compared, by_visitor=by_visitor or NotComputable(Reason.NOT_COMPARABLE), design_effect=effect
    )


def _rate(cell: AccountCell) -> float:
    return cell.total / cell.visitors


def _covariance(
    cells: Sequence[AccountCell],
    products: Mapping[tuple[int, int], Products],
    weight: Mapping[int, float],
    ones: Sequence[int],
    others: Sequence[int],
) -> float:
    """Of two weighted sums of rates: what accounts add to the one, times what they add to the other."""
    terms = []
    for one in ones:
        for other in others:
            found = products.get((one, other))
            if found is None:
                continue
            a, b = cells[one], cells[other]
            together = found.yy - _rate(b) * found.yn - _rate(a) * found.ny + _rate(a) * _rate(b) * found.nn
            terms.append(weight[a.stratum] / a.visitors * weight[b.stratum] / b.visitors * together)
    return math.fsum(terms)
