"""Splits, slices, visitors in several variations, lifts that wear off, and plans."""

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pitcairn import stats
from pitcairn.stats import Arm, Counts, NotComputable, Reason, Slice, Split
from pitcairn.stats.crossing import crossed


class TestSplit:
    def test_a_harmless_deviation_of_very_many_is_none(self) -> None:
        found = stats.check_split([Counts((0.5, 0.5), (500_100_000, 499_900_000))])
        assert isinstance(found, stats.SplitCheck)
        assert isinstance(found.p_value, float)
        assert found.p_value < 0.001
        assert found.split is Split.AS_SET

    @pytest.mark.parametrize(
        ("counts", "split"),
        [
            ((0, 10), Split.UNKNOWN),
            ((0, 11), Split.MISMATCH),
            ((500, 500), Split.AS_SET),
            ((440, 530), Split.DOUBTFUL),
            ((4_400, 5_300), Split.MISMATCH),
            ((0, 0), Split.UNKNOWN),
        ],
    )
    def test_verdicts(self, counts: tuple[int, int], split: Split) -> None:
        found = stats.check_split([Counts((0.5, 0.5), counts)])
        assert isinstance(found, stats.SplitCheck)
        assert found.split is split

    def test_visitors_in_an_arm_without_a_share_are_a_mismatch(self) -> None:
        found = stats.check_split([Counts((0.5, 0.5, 0.0), (500, 500, 3))])
        assert isinstance(found, stats.SplitCheck)
        assert found.unplanned
        assert found.split is Split.MISMATCH

    def test_epochs_are_each_held_against_their_own_split(self) -> None:
        epochs = [Counts((0.5, 0.5), (5_000, 5_000)), Counts((0.1, 0.9), (1_000, 9_000))]
        together = stats.check_split(epochs)
        assert isinstance(together, stats.SplitCheck)
        assert together.p_value == pytest.approx(1)
        off = stats.check_split([epochs[0], Counts((0.1, 0.9), (800, 9_200))])
        assert isinstance(off, stats.SplitCheck)
        assert off.split is Split.MISMATCH

    def test_an_epoch_cut_in_two_is_judged_the_same(self) -> None:
        shares = (0.2, 0.3, 0.5)
        whole = stats.check_split([Counts(shares, (2_100, 3_050, 4_850))])
        halves = stats.check_split([Counts(shares, (1_000, 1_550, 2_450)), Counts(shares, (1_100, 1_500, 2_400))])
        assert isinstance(whole, stats.SplitCheck)
        assert isinstance(halves, stats.SplitCheck)
        assert isinstance(whole.chi_square, float)
        assert halves.chi_square == pytest.approx(whole.chi_square)
        assert halves.freedom == whole.freedom == 2


def test_the_slice_that_explains_a_mismatch_stands_first() -> None:
    def visitors(control: int, treatment: int) -> tuple[Counts, ...]:
        return (Counts((0.5, 0.5), (control, treatment)),)

    ranked = stats.rank_slices(
        [
            Slice("device", "desktop", visitors(10_000, 9_050)),
            Slice("device", "phone", visitors(10_000, 9_000)),
            Slice("browser", "Chrome", visitors(14_000, 14_050)),
            Slice("browser", "Safari", visitors(6_000, 4_000)),
            Slice("bot", "unknown", visitors(0, 0)),
        ]
    )
    assert [found.slice.value for found in ranked if found.likely_cause] == ["Safari"]
    assert ranked[0].slice.value == "Safari"
    assert ranked[0].shares == (0.6, 0.4)
    assert ranked[0].share == pytest.approx(10_000 / 38_050)
    assert len(ranked) == 4


@pytest.mark.parametrize(
    ("several", "everyone", "crossing"),
    [
        (9, 10, stats.Crossing.FEW),
        (10, 1_001, stats.Crossing.FEW),
        (10, 1_000, stats.Crossing.SOME),
        (50, 1_000, stats.Crossing.SOME),
        (51, 1_000, stats.Crossing.TOO_MANY),
    ],
)
def test_visitors_in_several_variations(several: int, everyone: int, crossing: stats.Crossing) -> None:
    assert stats.crossover(several, everyone) == stats.Crossover(several / everyone, crossing)
    assert stats.crossover(everyone + 1, everyone) == NotComputable(Reason.IMPOSSIBLE_COUNTS)
    assert stats.crossover(0, 0) == NotComputable(Reason.NO_VISITORS)


def test_a_lift_that_wears_off_is_seen() -> None:
    early, late, grown = (
        (Arm(5_000, 100), Arm(5_000, 150)),
        (Arm(5_000, 90), Arm(5_000, 91)),
        (Arm(5_000, 50), Arm(5_000, 150)),
    )
    weeks = {stats.Wear.WEARS_OFF: late, stats.Wear.GROWS: grown, stats.Wear.STEADY: early}
    for wear, second in weeks.items():
        found = stats.novelty([early] * 7 + [second] * 7)
        assert isinstance(found, stats.Novelty)
        assert found.wear is wear
        assert found.first == pytest.approx(0.5)
    assert stats.novelty([early] * 13) == NotComputable(Reason.TOO_FEW_CONVERSIONS)
    assert stats.novelty([early] * 7 + [(Arm(9, 0), Arm(9, 0))] * 7) == NotComputable(Reason.TOO_FEW_CONVERSIONS)


def test_weeks_differ_by_as_much_as_an_interval_of_their_ratio_says() -> None:
    """The second week is as good as known, and its ratio is a bound of Katz's interval of the first (case A16)."""
    nobody = (Arm(0, 0), Arm(0, 0))
    few, many = (
        (Arm(40_000, 12), Arm(40_000, 25)),
        (Arm(10**12, 10**10), Arm(10**12, round(10**10 * 4.146009757900844))),
    )
    found = stats.novelty([few, *[nobody] * 6, many, *[nobody] * 6])
    assert isinstance(found, stats.Novelty)
    assert found.p_value == pytest.approx(0.05, rel=1e-6)


class TestPlans:
    @pytest.mark.parametrize(("looks", "wrong"), [(1, 0.05), (5, 0.142), (20, 0.248)])
    def test_crossing_has_the_known_rates_of_repeated_looks(self, looks: int, wrong: float) -> None:
        """The false positives of a 5 % test looked at so often: McPherson (1974), table 1."""
        bars = [(-1.959964 * math.sqrt(look), 1.959964 * math.sqrt(look)) for look in range(1, looks + 1)]
        assert crossed(bars, [(0.0, 1.0)] * looks) == pytest.approx(wrong, abs=0.0005)

    def test_plans_find_what_they_promise(self) -> None:
        for share, lift in ((0.5, 0.1), (0.1, 0.3)):
            design = stats.Design(baseline=0.04, control_share=share)
            fixed, always = stats.sample_size(design, lift), stats.sequential_size(design, lift)
            assert isinstance(fixed, stats.Plan)
            assert isinstance(always, stats.Plan)
            assert always.visitors > fixed.visitors == fixed.control + fixed.treatment
            assert stats.power(design, lift, fixed.control, fixed.treatment) == pytest.approx(0.8, abs=1e-3)
            assert stats.sequential_power(design, lift, always.visitors) == pytest.approx(0.8, abs=1e-3)
            assert stats.detectable_lift(design, fixed.control, fixed.treatment) == pytest.approx(lift, rel=1e-3)
            assert stats.sequential_detectable_lift(design, always.visitors) == pytest.approx(lift, rel=1e-3)

    def test_without_an_effect_the_always_valid_test_stays_below_alpha(self) -> None:
        for share in (0.5, 0.1, 0.05):
            assert stats.sequential_power(stats.Design(baseline=0.05, control_share=share), 0.0, 1e6, looks=100) < 0.05

    @settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.too_slow])
    @given(
        st.floats(1e-6, 1 - 1e-6),
        st.floats(-0.99, 50),
        st.floats(0.001, 0.999),
        st.integers(0, 10**12),
    )
    def test_any_plan_is_finite_or_a_reason(self, baseline: float, lift: float, share: float, visitors: int) -> None:
        design = stats.Design(baseline=baseline, control_share=share)
        for found in (
            stats.detectable_lift(design, visitors * share, visitors * (1 - share)),
            stats.power(design, lift, visitors * share, visitors * (1 - share)),
            stats.sequential_power(design, lift, visitors, looks=5),
            stats.sequential_detectable_lift(design, visitors, looks=5),
        ):
            assert isinstance(found, NotComputable) or math.isfinite(found)
        for plan in (stats.sample_size(design, lift), stats.sequential_size(design, lift, looks=5)):
            assert isinstance(plan, NotComputable) or plan.visitors > 0

    def test_weeks_are_whole(self) -> None:
        assert stats.duration(10_000, 1_000) == stats.Duration(10, 14)
        assert stats.duration(10, 1_000) == stats.Duration(1, 7)
        assert stats.duration(10, 0) == stats.duration(10, math.nan) == NotComputable(Reason.NO_TRAFFIC)

    def test_remaining_visitors_shrink_the_error_to_what_is_needed(self) -> None:
        remaining = stats.remaining_visitors(0.01, 0.005, 10_000)
        assert isinstance(remaining, float)
        error = 0.005 * math.sqrt(10_000 / (10_000 + remaining))
        assert 0.01 / error == pytest.approx(1.959964 + 0.841621, abs=1e-3)
        assert stats.remaining_visitors(0.01, 0.001, 10_000) == 0
        assert stats.remaining_visitors(0.0, 0.005, 10_000) == NotComputable(Reason.OUT_OF_REACH)

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"baseline": 0.0}, "the control's rate is 0.0"),
            ({"baseline": 0.1, "control_share": 1.0}, "the control's share is 1.0"),
            ({"baseline": 0.1, "power": 0.01}, "the power is 0.01"),
            ({"baseline": 0.1, "alpha": 2.0}, "alpha is 2.0"),
        ],
    )
    def test_designs_that_cannot_be_are_refused(self, wrong: dict[str, float], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            stats.Design(**wrong)
