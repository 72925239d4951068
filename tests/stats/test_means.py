"""Numbers per visitor: what holds for all sums, and accounts counted one by one."""

import math
from fractions import Fraction

import numpy as np
import pytest
from benchmarks.simulations_soundness import account_sums
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from pitcairn import stats
from pitcairn.stats import Accounts, Arm, Estimate, Moments, NotComputable, Reason, SharedAccounts
from pitcairn.stats.moments import Sum

from .test_analysis import numbers

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""No example is judged by how long it took: the machine may be busy."""

values = st.lists(st.integers(0, 10**6) | st.integers(0, 5), min_size=2, max_size=12)


def summed(of: list[int]) -> Moments:
    found = stats.moments(len(of), sum(of), sum(value * value for value in of))
    assert isinstance(found, Moments)
    return found


def paired(x: list[int], y: list[int]) -> stats.PairMoments:
    products = sum(one * other for one, other in zip(x, y, strict=True))
    found = stats.pair_moments(len(x), sum(x), sum(y), sum(v * v for v in x), sum(v * v for v in y), products)
    assert isinstance(found, stats.PairMoments)
    return found


anything = st.integers() | st.floats() | st.fractions()


@unhurried
@given(st.integers(-1, 10**9), anything, anything, st.integers(-1, 10**9), anything, anything)
@example(2, 1e308, 1e308, 2, 0, 0)
@example(2, 10**400, 10**900, 2, 0, 0)
@example(3, 0, 0, 3, 5e-324, 5e-324)
def test_any_sums_give_finite_numbers_or_a_reason(
    n: int, total: Sum, squares: Sum, m: int, other: Sum, other_squares: Sum
) -> None:
    control, treatment = stats.moments(n, total, squares), stats.moments(m, other, other_squares)
    found = stats.compare_means(control, treatment)
    assert all(math.isfinite(number) for number in numbers(found))
    analysed = stats.analyse_means([[stats.MeansEpoch((0.5, 0.5), (control, treatment), (40, 40))]], 1_000)
    assert all(math.isfinite(number) for number in numbers(analysed))
    pairs = [stats.pair_moments(k, t, o, s, p, t) for k, t, o, s, p in ((n, total, other, squares, other_squares),) * 2]
    assert all(math.isfinite(number) for number in numbers(stats.compare_ratios(pairs[0], pairs[1])))
    assert all(math.isfinite(number) for number in numbers(stats.compare_adjusted(pairs[0], pairs[1])))


@unhurried
@given(values, values, st.sampled_from([0.05, 0.3, 0.9]))
def test_p_value_is_below_alpha_exactly_when_the_intervals_leave_out_zero(
    control: list[int], treatment: list[int], alpha: float
) -> None:
    found = stats.compare_means(summed(control), summed(treatment), alpha=alpha)
    assert isinstance(found, stats.MeanComparison)
    if isinstance(found.p_value, NotComputable):
        assert found.difference == found.p_value == NotComputable(Reason.NO_VARIATION)
        return
    assume(abs(found.p_value - alpha) > 1e-9)
    rejected = found.p_value < alpha
    assert isinstance(found.difference, Estimate)
    assert (found.difference.low > 0 or found.difference.high < 0) is rejected
    if isinstance(found.lift, Estimate):
        assert (found.lift.low > 0 or found.lift.high < 0) is rejected


@unhurried
@given(values, values, st.integers(2, 10**6))
def test_another_currency_changes_neither_lift_nor_p_value(control: list[int], treatment: list[int], rate: int) -> None:
    one = stats.compare_means(summed(control), summed(treatment))
    other = stats.compare_means(summed([v * rate for v in control]), summed([v * rate for v in treatment]))
    assert isinstance(one, stats.MeanComparison)
    assert isinstance(other, stats.MeanComparison)
    if isinstance(one.p_value, float):
        assert other.p_value == pytest.approx(one.p_value, rel=1e-6, abs=1e-12)
    if isinstance(one.lift, Estimate) and isinstance(other.lift, Estimate):
        assert other.lift.value == pytest.approx(one.lift.value, rel=1e-9, abs=1e-12)


@unhurried
@given(values, values)
def test_parts_merged_are_the_whole(one: list[int], other: list[int]) -> None:
    merged, whole = stats.merged(summed(one), summed(other)), summed(one + other)
    assert merged.count == whole.count
    assert merged.mean == pytest.approx(whole.mean)
    assert merged.spread == pytest.approx(whole.spread, rel=1e-9, abs=1e-6)
    x, y = one + other, (other + one)[::-1]
    parts = stats.merged_pairs(paired(x[:2], y[:2]), paired(x[2:], y[2:]))
    assert parts.product == pytest.approx(paired(x, y).product, rel=1e-9, abs=1e-3)


def test_huge_orders_keep_their_variance_when_merged() -> None:
    """A variance of 1 on values of a million million, where sums of squares in floats say 0."""
    parts = []
    for start in (0, 500):
        orders = [10**12 + (-1) ** k for k in range(start, start + 500)]
        parts.append(summed(orders))
    merged = stats.merged(*parts)
    assert merged.spread / 999 == pytest.approx(1000 / 999)
    exact = stats.moments(1_000, Fraction(10**15), Fraction(1_000 * 10**24 + 1_000))
    assert isinstance(exact, Moments)
    assert exact.spread == merged.spread


def test_impossible_sums_are_named() -> None:
    impossible = NotComputable(Reason.IMPOSSIBLE_SUMS)
    assert stats.moments(3, 10, 1) == stats.moments(3, math.nan, 1) == stats.moments(3, 1, math.inf) == impossible
    assert stats.pair_moments(2, 1, 1, 1, 1, 50) == impossible
    assert stats.moments(-1, 0, 0) == NotComputable(Reason.IMPOSSIBLE_COUNTS)
    few, enough = stats.moments(1, 5, 25), stats.moments(2, 5, 13)
    assert stats.compare_means(few, enough) == NotComputable(Reason.TOO_FEW)
    assert stats.compare_means(stats.moments(0, 0, 0), enough) == NotComputable(Reason.CONTROL_EMPTY)
    assert stats.compare_means(enough, stats.moments(0, 0, 0)) == NotComputable(Reason.TREATMENT_EMPTY)


def accounts(sizes: list[int], converted: list[int]) -> Accounts:
    return Accounts(
        accounts=len(sizes),
        visitors=sum(sizes),
        total=sum(converted),
        visitors_squared=sum(size * size for size in sizes),
        total_squared=sum(count * count for count in converted),
        product=sum(size * count for size, count in zip(sizes, converted, strict=True)),
    )


def test_accounts_of_one_visitor_each_are_visitors() -> None:
    control, treatment = accounts([1] * 1_000, [1] * 50 + [0] * 950), accounts([1] * 900, [1] * 80 + [0] * 820)
    found = stats.compare_clustered(control, treatment)
    assert isinstance(found, stats.Clustered)
    assert found.design_effect == pytest.approx(1, abs=0.002)


def test_accounts_in_both_arms_are_counted_once() -> None:
    """Against leaving out one account at a time, which knows no formula."""
    random = np.random.default_rng(3)
    size = random.geometric(0.1, 400)
    in_control = random.binomial(size, 0.4)
    rate = random.beta(1, 4, 400)
    sums = np.array(
        [in_control, random.binomial(in_control, rate), size - in_control, random.binomial(size - in_control, rate)]
    )
    found = stats.compare_clustered(
        accounts(sums[0].tolist(), sums[1].tolist()),
        accounts(sums[2].tolist(), sums[3].tolist()),
        shared=SharedAccounts(
            visitors_visitors=int((sums[0] * sums[2]).sum()),
            visitors_total=int((sums[0] * sums[3]).sum()),
            total_visitors=int((sums[1] * sums[2]).sum()),
            total_total=int((sums[1] * sums[3]).sum()),
        ),
    )
    assert isinstance(found, stats.Clustered)
    left = sums.sum(axis=1)[:, None] - sums
    differences = left[3] / left[2] - left[1] / left[0]
    jackknife = math.sqrt((399 / 400) * ((differences - differences.mean()) ** 2).sum())
    assert found.comparison.error == pytest.approx(jackknife, rel=0.02)
    # Likeness within accounts helps here: both arms have it.
    assert found.design_effect is not None
    assert found.design_effect < 3


class TestAccountStrata:
    def test_one_stratum_is_the_plain_comparison(self) -> None:
        random = np.random.default_rng(4)
        sides = []
        for rate in (0.1, 0.13):
            size = random.geometric(0.1, 300)
            sides.append([size, random.binomial(size, rate)])
        apart = [[np.concatenate([size, 0 * size]), np.concatenate([did, 0 * did])] for size, did in sides]
        apart[1] = [np.roll(one, 300) for one in apart[1]]
        found = stats.compare_account_strata(*account_sums(apart))
        plain = stats.compare_clustered(*(accounts(size.tolist(), did.tolist()) for size, did in sides))
        assert isinstance(found, stats.Clustered)
        assert isinstance(plain, stats.Clustered)
        assert found.comparison.error == pytest.approx(plain.comparison.error)
        assert found.comparison.p_value == pytest.approx(plain.comparison.p_value)

    def test_accounts_of_several_strata_are_units_of_all(self) -> None:
        """Against leaving out one account at a time, which knows no formula."""
        random = np.random.default_rng(5)
        rate = random.beta(1, 4, 400)
        cells = []
        for share, level in ((0.1, 0.7), (0.5, 1.2)):
            size = random.geometric(0.15, 400)
            control = random.binomial(size, share)
            cells += [[count, random.binomial(count, rate * level)] for count in (control, size - control)]
        found = stats.compare_account_strata(*account_sums(cells))
        assert isinstance(found, stats.Clustered)

        def difference(left_out: int | None) -> float:
            kept = np.arange(400) != (-1 if left_out is None else left_out)
            sums = [(size[kept].sum(), did[kept].sum()) for size, did in cells]
            whole = [sums[0][0] + sums[1][0], sums[2][0] + sums[3][0]]
            gaps = [sums[place + 1][1] / sums[place + 1][0] - sums[place][1] / sums[place][0] for place in (0, 2)]
            return float(np.average(gaps, weights=whole))

        assert isinstance(found.comparison.difference, Estimate)
        assert found.comparison.difference.value == pytest.approx(difference(None))
        left = np.array([difference(one) for one in range(400)])
        jackknife = math.sqrt((399 / 400) * ((left - left.mean()) ** 2).sum())
        assert found.comparison.error == pytest.approx(jackknife, rel=0.05)

    def test_what_cannot_be_compared_is_named(self) -> None:
        cell = stats.AccountCell(stratum=0, treated=True, visitors=10, total=1)
        side = stats.AccountSide(accounts=5, visitors_squared=20)
        assert stats.compare_account_strata([cell], {}, (side, side)) == NotComputable(Reason.NOT_COMPARABLE)
        assert stats.compare_account_strata([], {}, (side, side)) == NotComputable(Reason.NO_VISITORS)
        both = [cell, stats.AccountCell(stratum=0, treated=False, visitors=10, total=1)]
        one = stats.AccountSide(accounts=1, visitors_squared=100)
        assert stats.compare_account_strata(both, {}, (one, side)) == NotComputable(Reason.TOO_FEW)
        wrong = [cell, stats.AccountCell(stratum=0, treated=False, visitors=-1, total=1)]
        assert stats.compare_account_strata(wrong, {}, (side, side)) == NotComputable(Reason.IMPOSSIBLE_COUNTS)


class TestSequentialMeans:
    def looks(self, visitors: int, buyers: int) -> list[list[stats.MeansEpoch]]:
        sides = tuple(stats.moments(visitors, total, 200 * total) for total in (100 * buyers, 130 * buyers))
        return [[stats.MeansEpoch((0.5, 0.5), sides, (buyers, buyers))]]

    def test_nothing_is_said_before_enough_conversions_are_expected(self) -> None:
        early, later = (stats.analyse_means(self.looks(1_000, buyers), 5_000) for buyers in (24, 25))
        assert isinstance(early, tuple)
        assert isinstance(later, tuple)
        assert early[0].looks == NotComputable(Reason.TOO_FEW_CONVERSIONS)
        assert isinstance(later[0].looks, tuple)

    def test_a_plan_is_needed(self) -> None:
        found = stats.analyse_means(self.looks(1_000, 60), 0)
        assert isinstance(found, tuple)
        assert found[0].looks == NotComputable(Reason.NOT_PLANNED)

    def test_strata_of_one_arm_are_left_out(self) -> None:
        full, empty = stats.converted_share(Arm(100, 5)), stats.converted_share(Arm(0, 0))
        found = stats.compare_stratified([(full, full), (full, empty)])
        assert isinstance(found, stats.Stratified)
        assert found.left_out == 100
        assert stats.compare_stratified([(full, empty), (empty, full)]) == NotComputable(Reason.NOT_COMPARABLE)
