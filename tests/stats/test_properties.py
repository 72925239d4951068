"""What holds for all counts."""

import math
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from statistics import NormalDist

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from pitcairn.stats import Arm, Comparison, Estimate, NotComputable, Reason, compare, rate

from . import exact

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""No example is judged by how long it took: the machine may be busy."""

SIZES = st.integers(1, 60) | st.integers(1, 20_000) | st.integers(1, 10**9) | st.sampled_from([1, 2, 10**9, 10**15])


@st.composite
def arms(draw: st.DrawFn) -> Arm:
    """An arm with visitors, often at an end of what can be."""
    visitors = draw(SIZES)
    few = draw(st.integers(0, min(visitors, 40)))
    return Arm(visitors, draw(st.sampled_from([0, visitors, few, visitors - few]) | st.integers(0, visitors)))


countable_arms = arms().filter(lambda arm: arm.visitors <= 10**9)
"""Beyond, bounds are nearer to -1 than floats can tell."""


@st.composite
def likely_arms(draw: st.DrawFn) -> Arm:
    visitors = draw(st.integers(5, 3_000))
    return Arm(visitors, draw(st.integers(0, visitors)))


levels = st.sampled_from([0.05, 0.01, 0.2, 1e-6, 0.9])


def shown(comparison: Comparison) -> list[float]:
    """Every number of a comparison that there is."""
    numbers = [] if isinstance(comparison.p_value, NotComputable) else [comparison.p_value]
    for part in (comparison.control_rate, comparison.treatment_rate, comparison.difference, comparison.lift):
        if isinstance(part, Estimate):
            numbers += [part.low, part.value, part.high]
        elif part.at_least is not None:
            numbers.append(part.at_least)
    return numbers


@unhurried
@given(
    st.builds(Arm, st.integers(), st.integers()) | arms(), st.builds(Arm, st.integers(), st.integers()) | arms(), levels
)
@example(Arm(0, 0), Arm(0, 0), 0.05)
@example(Arm(1, 0), Arm(1, 1), 0.05)
@example(Arm(1, 1), Arm(1, 0), 0.05)
@example(Arm(1, 1), Arm(1, 1), 0.05)
@example(Arm(10**9, 1), Arm(1, 1), 0.05)
@example(Arm(10**9, 0), Arm(10**9, 1), 0.05)
@example(Arm(10**9, 10**9), Arm(10**9, 10**9 - 1), 0.05)
@example(Arm(10**15, 10**15 - 1), Arm(1, 0), 1e-6)
def test_any_counts_give_finite_numbers_or_a_reason(control: Arm, treatment: Arm, alpha: float) -> None:
    comparison = compare(control, treatment, alpha=alpha)
    assert all(math.isfinite(number) for number in shown(comparison))
    countable = all(arm.possible and arm.visitors for arm in (control, treatment))
    assert isinstance(comparison.difference, Estimate) is countable
    assert isinstance(comparison.p_value, float) is countable
    assert isinstance(comparison.lift, Estimate) is (countable and control.converted > 0)


@unhurried
@given(arms(), arms(), levels)
def test_intervals_hold_their_values_and_stay_inside_what_can_be(control: Arm, treatment: Arm, alpha: float) -> None:
    comparison = compare(control, treatment, alpha=alpha)
    for part, least, most in (
        (comparison.control_rate, 0.0, 1.0),
        (comparison.treatment_rate, 0.0, 1.0),
        (comparison.difference, -1.0, 1.0),
        (comparison.lift, -1.0, math.inf),
    ):
        if isinstance(part, Estimate):
            assert least <= part.low <= part.value <= part.high <= most
    assert isinstance(comparison.p_value, float)
    assert 0 <= comparison.p_value <= 1


@unhurried
@given(arms(), arms(), levels)
def test_p_value_is_below_alpha_exactly_when_the_intervals_leave_out_zero(
    control: Arm, treatment: Arm, alpha: float
) -> None:
    comparison = compare(control, treatment, alpha=alpha)
    assert isinstance(comparison.p_value, float)
    # Where the two meet, the last digit of a float decides.
    assume(abs(comparison.p_value - alpha) > 1e-9 * alpha)
    rejected = comparison.p_value < alpha
    assert isinstance(comparison.difference, Estimate)
    assert (comparison.difference.low > 0 or comparison.difference.high < 0) is rejected
    lift = comparison.lift
    if isinstance(lift, Estimate):
        assert (lift.low > 0 or lift.high < 0) is rejected
    elif lift.at_least is not None:
        assert (lift.at_least > 0) is rejected


@unhurried
@given(arms(), arms(), levels)
def test_exchanging_the_arms_turns_the_difference_round(one: Arm, other: Arm, alpha: float) -> None:
    there, back = compare(one, other, alpha=alpha), compare(other, one, alpha=alpha)
    assert isinstance(there.difference, Estimate)
    assert isinstance(back.difference, Estimate)
    assert there.p_value == back.p_value
    assert there.difference == Estimate(-back.difference.value, -back.difference.high, -back.difference.low)
    if isinstance(there.lift, Estimate) and isinstance(back.lift, Estimate):
        ratios = sorted((1 + back.lift.low, 1 + there.lift.high))
        # A lift near -1 has lost the digits of a small ratio.
        assert ratios[0] * ratios[1] == pytest.approx(1, rel=1e-12 + 4e-16 / ratios[0])


@unhurried
@given(arms(), arms(), levels)
def test_counting_the_unconverted_instead_turns_the_difference_round(one: Arm, other: Arm, alpha: float) -> None:
    def rest(arm: Arm) -> Arm:
        return Arm(arm.visitors, arm.visitors - arm.converted)

    there, back = compare(one, other, alpha=alpha), compare(rest(one), rest(other), alpha=alpha)
    assert isinstance(there.difference, Estimate)
    assert isinstance(back.difference, Estimate)
    assert there.p_value == pytest.approx(back.p_value, rel=1e-9)
    assert there.difference.low == pytest.approx(-back.difference.high, rel=1e-9, abs=1e-15)


@unhurried
@given(likely_arms(), likely_arms(), st.integers(2, 1_000))
def test_more_visitors_at_the_same_rates_narrow_every_interval(control: Arm, treatment: Arm, times: int) -> None:
    def scaled(arm: Arm) -> Arm:
        return Arm(arm.visitors * times, arm.converted * times)

    few, many = compare(control, treatment), compare(scaled(control), scaled(treatment))
    for before, after in (
        (few.difference, many.difference),
        (few.control_rate, many.control_rate),
        (few.lift, many.lift),
    ):
        if isinstance(before, Estimate) and isinstance(after, Estimate):
            assert after.value == before.value
            assert after.high - after.low <= before.high - before.low


@unhurried
@given(countable_arms, countable_arms, st.sampled_from([0.05, 0.01]))
@example(Arm(10**9, 1_000), Arm(10**9, 1_100), 0.05)
@example(Arm(10**9, 10**9 - 7), Arm(10**6, 10**6), 0.05)
@example(Arm(10**9, 0), Arm(10**9, 3), 0.05)
@example(Arm(3, 1), Arm(10**9, 2), 0.05)
def test_bounds_are_where_the_statistic_stops_rejecting(control: Arm, treatment: Arm, alpha: float) -> None:
    """Against the definition, evaluated to 100 digits: the statistic at each bound is z."""
    z = NormalDist().inv_cdf(1 - alpha / 2)
    comparison = compare(control, treatment, alpha=alpha)
    difference, lift = comparison.difference, comparison.lift
    assert isinstance(difference, Estimate)
    by_difference = partial(exact.difference_statistic, control, treatment)
    if difference.low > -1:
        assert_reaches(by_difference, z, difference.low, difference.value)
    if difference.high < 1:
        assert_reaches(by_difference, -z, difference.high, difference.value)

    def by_lift(assumed: float) -> Decimal:
        return exact.ratio_statistic(control, treatment, 1 + Decimal(assumed))

    if isinstance(lift, Estimate):
        if lift.low > -1:
            assert_reaches(by_lift, z, lift.low, lift.value)
        assert_reaches(by_lift, -z, lift.high, lift.value)
    elif lift.at_least is not None:
        assert_reaches(by_lift, z, lift.at_least, lift.at_least)


def assert_reaches(statistic: Callable[[float], Decimal], z: float, bound: float, value: float) -> None:
    """The statistic, which falls, passes `z` within a billionth of the bound, or of its distance from the value."""
    near = 1e-9 * max(abs(bound), abs(bound - value))
    below, above = max(bound - near, (bound - 1) / 2), bound + near
    if bound < 1:
        above = min(above, (bound + 1) / 2)
    assert statistic(below) > z > statistic(above)


def test_impossible_counts_are_named() -> None:
    assert rate(Arm(3, 4)) == rate(Arm(-1, -1)) == rate(Arm(5, -1)) == NotComputable(Reason.IMPOSSIBLE_COUNTS)
    assert compare(Arm(10, 1), Arm(3, 4)).lift == NotComputable(Reason.IMPOSSIBLE_COUNTS)


def test_empty_arms_are_named() -> None:
    full, empty = Arm(10, 1), Arm(0, 0)
    assert rate(empty) == NotComputable(Reason.NO_VISITORS)
    assert compare(empty, empty).p_value == NotComputable(Reason.NO_VISITORS)
    assert compare(empty, full).difference == NotComputable(Reason.CONTROL_EMPTY)
    assert compare(full, empty).lift == NotComputable(Reason.TREATMENT_EMPTY)
    assert isinstance(compare(full, empty).control_rate, Estimate)


def test_control_without_conversions_has_a_bound_but_no_lift() -> None:
    assert compare(Arm(500, 0), Arm(500, 0)).lift == NotComputable(Reason.CONTROL_UNCONVERTED)
    lift = compare(Arm(500, 0), Arm(500, 6)).lift
    assert isinstance(lift, NotComputable)
    assert lift.at_least == pytest.approx(0.5676788629906253)


@pytest.mark.parametrize("alpha", [0.0, 1.0, -0.05, 95.0, math.nan])
def test_levels_outside_their_range_are_refused(alpha: float) -> None:
    with pytest.raises(ValueError, match=rf"alpha is {alpha}; give a level between 0 and 1"):
        compare(Arm(10, 1), Arm(10, 2), alpha=alpha)
    with pytest.raises(ValueError, match="alpha is"):
        rate(Arm(10, 1), alpha)
