"""The whole analysis: what holds for all counts, and what a changed split must not do."""

import math
from collections.abc import Iterator
from itertools import product
from typing import Any

import msgspec
import msgspec.structs
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from pitcairn import stats
from pitcairn.stats import Arm, Epoch, Estimate, Interval, NotComputable, Reason

unhurried = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
"""No example is judged by how long it took: the machine may be busy."""

SIZES = st.sampled_from([0, 1, 2, 10**9, 10**15]) | st.integers(0, 60) | st.integers(0, 20_000)


@st.composite
def arms(draw: st.DrawFn, sizes: st.SearchStrategy[int] = SIZES) -> Arm:
    visitors = draw(sizes)
    few = draw(st.integers(0, min(visitors, 40)))
    return Arm(visitors, draw(st.sampled_from([0, visitors, few, visitors - few])))


def epochs(number: int, one: st.SearchStrategy[Arm]) -> st.SearchStrategy[Epoch]:
    shares = st.tuples(*[st.sampled_from([0.0, 0.01, 0.3, 0.5, 1.0])] * number)
    return st.builds(Epoch, shares, st.tuples(*[one] * number))


@st.composite
def experiments(draw: st.DrawFn, one: st.SearchStrategy[Arm]) -> list[list[Epoch]]:
    number = draw(st.integers(2, 4))
    return draw(st.lists(st.lists(epochs(number, one), min_size=1, max_size=3), min_size=1, max_size=3))


def numbers(found: object) -> Iterator[float]:
    """Every float in it."""
    if isinstance(found, float):
        yield found
    elif isinstance(found, list | tuple):
        for part in found:
            yield from numbers(part)
    elif isinstance(found, msgspec.Struct):
        for field in found.__struct_fields__:
            yield from numbers(getattr(found, field))


def estimates(found: object) -> Iterator[Estimate]:
    if isinstance(found, Estimate):
        yield found
    elif isinstance(found, list | tuple):
        for part in found:
            yield from estimates(part)
    elif isinstance(found, msgspec.Struct):
        for field in found.__struct_fields__:
            yield from estimates(getattr(found, field))


@unhurried
@given(experiments(arms()) | experiments(st.builds(Arm, st.integers(), st.integers())))
@example([[Epoch((0.5, 0.5), (Arm(0, 0), Arm(0, 0)))]])
@example([[Epoch((0.5, 0.5), (Arm(1, 1), Arm(1, 0)))]])
@example([[Epoch((0.1, 0.9), (Arm(10**9, 0), Arm(10**9, 10**9)))]])
@example([[Epoch((0.0, 1.0), (Arm(5, 1), Arm(0, 0))), Epoch((1.0, 0.0), (Arm(0, 0), Arm(5, 1)))]])
def test_any_counts_give_finite_numbers_or_a_reason(looks: list[list[Epoch]]) -> None:
    found = stats.analyse(looks)
    assert all(math.isfinite(number) for number in numbers(found))
    assert all(part.low <= part.value <= part.high for part in estimates(found))
    if isinstance(found, stats.Analysis):
        assert sum(found.best.chances) == pytest.approx(1)
        for variation in found.variations:
            assert 0 <= variation.always.p_value <= 1
            assert stats.recommend(stats.evidence_of(found, variation, full_days=8))


countable = arms(st.integers(1, 3_000))


@unhurried
@given(st.lists(st.tuples(countable, countable), min_size=1, max_size=3), st.sampled_from([0.05, 0.2, 0.9]))
def test_p_value_by_strata_is_below_alpha_exactly_when_the_intervals_leave_out_zero(
    pairs: list[tuple[Arm, Arm]], alpha: float
) -> None:
    found = stats.compare_strata(pairs, alpha=alpha)
    assert isinstance(found.p_value, float)
    assert isinstance(found.difference, Estimate)
    assume(abs(found.p_value - alpha) > 1e-9)
    rejected = found.p_value < alpha
    assert (found.difference.low > 0 or found.difference.high < 0) is rejected
    if isinstance(found.lift, Estimate):
        assert (found.lift.low > 0 or found.lift.high < 0) is rejected


@unhurried
@given(
    st.lists(st.tuples(st.integers(0, 3_000), st.integers(0, 3_000)), min_size=1, max_size=4),
    st.sampled_from([0.05, 0.5, 0.9]),
)
def test_always_valid_p_value_is_below_alpha_exactly_when_an_interval_left_out_zero(
    counts: list[tuple[int, int]], share: float
) -> None:
    looks = [[stats.Counts((share, 1 - share), pair)] for pair in counts]
    back = [[stats.Counts((1 - share, share), (pair[1], pair[0]))] for pair in counts]
    found, exchanged = stats.always_valid(looks), stats.always_valid(back)
    assert isinstance(found, list)
    assert isinstance(exchanged, list)
    left_out, low, high = False, -1.0, math.inf
    for one, other in zip(found, exchanged, strict=True):
        assert isinstance(one.lift, Interval)
        assert isinstance(other.lift, Interval)
        low = max(low, one.lift.low)
        high = min(high, math.inf if one.lift.high is None else one.lift.high)
        if low <= high:
            assert one.running == Interval(low, None if high == math.inf else high)
        else:
            assert one.running == NotComputable(Reason.SPLITS_DISAGREE)
        left_out = left_out or one.lift.without_zero
        assert (one.p_value < 0.05) is left_out
        assert one.log_e == pytest.approx(other.log_e, rel=1e-9, abs=1e-9)
        if one.lift.high is None:
            assert other.lift.low == -1
        else:
            # A lift near -1 has lost the digits of a small ratio.
            least = max(1 + other.lift.low, 1e-300)
            assert (1 + one.lift.high) * least == pytest.approx(1, rel=min(1.0, 1e-9 + 4e-16 / least))


@unhurried
@given(arms(st.integers(0, 5_000)), arms(st.integers(0, 5_000)))
def test_exchanging_the_arms_exchanges_what_is_believed(control: Arm, treatment: Arm) -> None:
    there, back = stats.odds(control, treatment), stats.odds(treatment, control)
    assert isinstance(there, stats.Odds)
    assert isinstance(back, stats.Odds)
    assert there.chance + back.chance == pytest.approx(1, abs=1e-9)
    assert there.loss_if_chosen == pytest.approx(back.loss_if_left, rel=1e-9, abs=1e-15)
    assert there.difference.low == pytest.approx(-back.difference.high, rel=1e-6, abs=1e-9)
    assert (1 + there.lift.low) * (1 + back.lift.high) == pytest.approx(1, rel=1e-6)
    ranked = stats.best([control, treatment])
    assert isinstance(ranked, stats.Best)
    assert ranked.chances[1] == pytest.approx(there.chance, abs=1e-9)
    assert ranked.losses == pytest.approx((there.loss_if_left, there.loss_if_chosen), rel=1e-6, abs=1e-12)


RAMP_UP = [
    Epoch((0.99, 0.01), (Arm(990_000, 20_000), Arm(10_000, 230))),
    Epoch((0.5, 0.5), (Arm(500_000, 5_000), Arm(500_000, 6_000))),
]
"""Better on both days, and a quarter worse in the sum: Crook, Frasca, Kohavi and Longbotham (2009)."""


def test_a_changed_split_does_not_turn_the_result_round() -> None:
    found = stats.analyse([RAMP_UP[:1], RAMP_UP])
    assert isinstance(found, stats.Analysis)
    variation = found.variations[0]
    assert isinstance(variation.comparison.difference, Estimate)
    assert variation.comparison.difference.low > 0
    assert isinstance(variation.always.running, Interval)
    assert variation.always.running.low > 0
    assert isinstance(variation.odds, stats.Odds)
    assert variation.odds.chance > 0.99
    assert found.best.chances[1] > 0.99
    pooled = stats.compare(*(stats.together(epoch.arms[arm] for epoch in RAMP_UP) for arm in (0, 1)))
    assert isinstance(pooled.lift, Estimate)
    assert pooled.lift.high < -0.2


@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.1, 0.9), (0.2, 0.3, 0.5), (3.0, 1.0, 0.0, 6.0)])
def test_a_stake_on_a_sound_split_stays_what_it_is_on_average(shares: tuple[float, ...]) -> None:
    """The promise of every e-value, over all outcomes of seven visitors, each weighed by its probability."""
    visitors, expected, certain = 7, 0.0, 0.0
    for counts in product(range(visitors + 1), repeat=len(shares)):
        if sum(counts) == visitors and all(share or not count for share, count in zip(shares, counts, strict=True)):
            ways = math.factorial(visitors) / math.prod(math.factorial(count) for count in counts)
            chance = ways * math.prod((share / sum(shares)) ** n for share, n in zip(shares, counts, strict=True))
            found = stats.split_evidence([[stats.Counts(shares, counts)]], concentration=2.5)
            assert isinstance(found, list)
            expected, certain = expected + chance * math.exp(found[0][0]), certain + chance
    assert certain == pytest.approx(1)
    assert expected == pytest.approx(1)


def test_evidence_of_epochs_is_multiplied() -> None:
    whole, first, second = (
        stats.always_valid([[part.conversions for part in look]]) for look in (RAMP_UP, RAMP_UP[:1], RAMP_UP[1:])
    )
    assert isinstance(whole, list)
    assert isinstance(first, list)
    assert isinstance(second, list)
    assert whole[0].log_e == pytest.approx(first[0].log_e + second[0].log_e)


def test_an_epoch_cut_in_two_is_believed_the_same() -> None:
    def epoch(times: int) -> Epoch:
        return Epoch((0.2, 0.8), (Arm(200 * times, 10 * times), Arm(800 * times, 56 * times)))

    whole, halves = stats.beliefs([epoch(4)]), stats.beliefs([epoch(1), epoch(3)])
    assert isinstance(whole, tuple)
    assert isinstance(halves, tuple)
    for one, other in zip(whole, halves, strict=True):
        assert (one.a, one.b) == pytest.approx((other.a, other.b))


def test_a_lift_that_differs_between_splits_has_no_interval() -> None:
    looks = [[stats.Counts((0.5, 0.5), (100, 300)), stats.Counts((0.6, 0.4), (400, 80))]]
    found = stats.always_valid(looks)
    assert isinstance(found, list)
    assert found[0].lift == found[0].running == NotComputable(Reason.SPLITS_DISAGREE)


def test_what_cannot_be_one_experiment_is_named() -> None:
    impossible = NotComputable(Reason.IMPOSSIBLE_COUNTS)
    two, three = Epoch((0.5, 0.5), (Arm(10, 1),) * 2), Epoch((1.0, 1.0, 1.0), (Arm(10, 1),) * 3)
    assert stats.analyse([[two, three]]) == stats.analyse([[two], [three]]) == impossible
    assert stats.analyse([[Epoch((0.5, 0.5), (Arm(1, 2), Arm(3, 1)))]]) == impossible
    assert stats.analyse([[Epoch((math.nan, 0.5), (Arm(2, 1), Arm(3, 1)))]]) == impossible
    assert stats.analyse([]) == NotComputable(Reason.NO_VISITORS)


def test_epochs_of_one_split_are_one_bet() -> None:
    apart = [stats.Counts((0.5, 0.5), (20, 35)), stats.Counts((1, 1), (22, 38)), stats.Counts((0.2, 0.8), (3, 9))]
    found = stats.always_valid([apart])
    together = stats.always_valid([[stats.Counts((0.5, 0.5), (42, 73)), apart[2]]])
    assert isinstance(found, list)
    assert isinstance(together, list)
    assert found[0].log_e == pytest.approx(together[0].log_e)
    assert found[0].lift == together[0].lift


class TestLearningSplit:
    def test_shares_follow_the_chances_and_control_keeps_its_own(self) -> None:
        epoch = Epoch((0.1, 0.3, 0.3, 0.3), (Arm(1_000, 50), Arm(3_000, 150), Arm(3_000, 210), Arm(3_000, 90)))
        shares = stats.next_shares([epoch])
        assert isinstance(shares, tuple)
        assert shares == stats.next_shares([epoch])
        assert sum(shares) == pytest.approx(1)
        assert shares[0] == 0.1
        assert shares[2] > 0.7
        assert min(shares[1:]) >= 0.05

    def test_nothing_known_is_an_even_split(self) -> None:
        shares = stats.next_shares([Epoch((0.1, 0.3, 0.3, 0.3), (Arm(0, 0),) * 4)])
        assert shares == pytest.approx((0.1, 0.3, 0.3, 0.3))

    def test_without_a_control_the_variations_are_still_compared(self) -> None:
        chances = stats.chances_to_be_best([Epoch((0, 0.5, 0.5), (Arm(0, 0), Arm(900, 90), Arm(900, 45)))])
        assert isinstance(chances, tuple)
        assert stats.shares_by_chance(chances, control_share=0) == pytest.approx((0, 0.95, 0.05), abs=0.001)

    def test_means_are_compared_as_normal_values(self) -> None:
        # Two means of 10 and 11 with standard errors of 0.3 and 0.4: they differ by two standard errors of the difference.
        sides = (
            stats.Moments(100, 10, 100 * 99 * 0.09),
            stats.Moments(100, 10, 100 * 99 * 0.09),
            stats.Moments(100, 11, 100 * 99 * 0.16),
        )
        chances = stats.chances_of_highest_mean([sides])
        assert isinstance(chances, tuple)
        assert chances[0] == pytest.approx(math.erfc(2 / math.sqrt(2)) / 2, rel=0.1)
        assert sum(chances) == pytest.approx(1)
        nobody = NotComputable(Reason.NO_VISITORS)
        assert isinstance(stats.chances_of_highest_mean([(sides[0], sides[1], nobody)]), NotComputable)
        same = stats.Moments(100, 10, 0)
        assert isinstance(stats.chances_of_highest_mean([(same, same, same)]), NotComputable)
        assert isinstance(stats.chances_of_highest_mean([]), NotComputable)

    def test_a_variation_is_not_better_for_having_had_the_better_day(self) -> None:
        days = [
            Epoch((0.2, 0.7, 0.1), (Arm(2_000, 400), Arm(7_000, 1_400), Arm(1_000, 200))),
            Epoch((0.2, 0.1, 0.7), (Arm(2_000, 100), Arm(1_000, 50), Arm(7_000, 350))),
        ]
        shares = stats.next_shares(days)
        assert shares == pytest.approx((0.1, 0.45, 0.45), abs=1e-6)


def evidence(**other: Any) -> stats.Evidence:
    """Sound evidence for the variation, but for what is named."""
    sound = stats.Evidence(
        full_days=14,
        conversions_in_smaller=100,
        split=stats.Split.AS_SET,
        p_value=0.01,
        lift=Estimate(0.2, 0.05, 0.4),
        interval=Interval(0.03, 0.5),
    )
    return msgspec.structs.replace(sound, **other)


HARMED = stats.Guardrail(name="Refund", lift=Interval(0.1, 0.4), more_is_better=False)


@pytest.mark.parametrize(
    ("given_that", "decision", "because"),
    [
        ({}, stats.Decision.CHOOSE, stats.Because.BETTER),
        ({"interval": Interval(-0.5, -0.03)}, stats.Decision.KEEP_CONTROL, stats.Because.WORSE),
        ({"full_days": 6}, stats.Decision.WAIT, stats.Because.TOO_FEW_DAYS),
        ({"conversions_in_smaller": 24}, stats.Decision.WAIT, stats.Because.TOO_FEW_CONVERSIONS),
        ({"split": stats.Split.MISMATCH, "full_days": 1}, stats.Decision.REPAIR, stats.Because.SPLIT_MISMATCH),
        ({"crossover": 0.051}, stats.Decision.REPAIR, stats.Because.TOO_MANY_CROSSED),
        ({"guardrails": (HARMED,)}, stats.Decision.KEEP_CONTROL, stats.Because.GUARDRAIL_HARMED),
        ({"p_value": 0.2, "interval": Interval(-0.1, 0.2)}, stats.Decision.WAIT, stats.Because.NOT_CLEAR_YET),
        ({"p_value": 0.2, "interval": Interval(-0.04, 0.05)}, stats.Decision.EITHER, stats.Because.LITTLE_DIFFERENCE),
        (
            {"p_value": 0.2, "interval": Interval(-0.1, None), "planned_reached": True},
            stats.Decision.UNDECIDED,
            stats.Because.PLAN_ENDED,
        ),
        (
            {"p_value": NotComputable(Reason.NO_VISITORS), "interval": NotComputable(Reason.SPLITS_DISAGREE)},
            stats.Decision.WAIT,
            stats.Because.NOT_CLEAR_YET,
        ),
    ],
)
def test_recommendation(given_that: dict[str, object], decision: stats.Decision, because: stats.Because) -> None:
    found = stats.recommend(evidence(**given_that))
    assert (found.decision, found.because) == (decision, because)


def test_cautions_stand_beside_any_decision() -> None:
    found = stats.recommend(
        evidence(
            full_days=1,
            lift=Estimate(0.6, 0.1, 1.2),
            split=stats.Split.DOUBTFUL,
            crossover=0.02,
            guardrails=(HARMED,),
            novelty=stats.Novelty(wear=stats.Wear.WEARS_OFF, first=0.4, second=0.0, p_value=0.001),
        )
    )
    assert found.decision is stats.Decision.WAIT
    assert set(found.cautions) == set(stats.Caution)
