"""The sentence and the verdict follow from the counts, and never contradict the intervals."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pitcairn.experiments import findings
from pitcairn.experiments.findings import Finding, Verdict
from pitcairn.stats import Analysis, Arm, Epoch, Estimate, NotComputable, analyse


def find(control: Arm, personalized: Arm, *, visitors_a_day: float = 0.0, ended: bool = False) -> Finding:
    """At one look of an even split."""
    analysis = analyse([[Epoch((0.5, 0.5), (control, personalized))]])
    assert isinstance(analysis, Analysis)
    return findings.find(analysis.variations[0], visitors_a_day=visitors_a_day, ended=ended)


def said(control: tuple[int, int], personalized: tuple[int, int], visitors_a_day: float = 0.0) -> tuple[Verdict, str]:
    """Counts are (converted, visitors)."""
    finding = find(Arm(control[1], control[0]), Arm(personalized[1], personalized[0]), visitors_a_day=visitors_a_day)
    return finding.verdict, findings.plain(finding).replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("control", "personalized", "verdict", "sentence"),
    [
        (
            (216, 5598),
            (286, 5614),
            Verdict.BETTER,
            "The personalized page makes 32 % more visitors convert (between 0.6 % and 75 %).",
        ),
        (
            (286, 5614),
            (216, 5598),
            Verdict.WORSE,
            "The personalized page makes 24 % fewer visitors convert (between 0.5 % and 43 %).",
        ),
        (
            (40, 1000),
            (45, 1000),
            Verdict.TOO_EARLY,
            "Too early to tell: between 36 % fewer and 99 % more visitors convert on the personalized page.",
        ),
        (
            (50_000, 1_000_000),
            (50_200, 1_000_000),
            Verdict.LITTLE_DIFFERENCE,
            (
                "The personalized page makes little or no difference "
                "(between 1.9 % fewer and 2.7 % more visitors convert)."
            ),
        ),
        (
            (1, 60),
            (3, 55),
            Verdict.TOO_FEW,
            "Too few conversions to tell: 3 of 55 personalized visitors and 1 of 60 in control converted.",
        ),
        (
            (0, 500),
            (60, 500),
            Verdict.BETTER,
            (
                "More visitors convert on the personalized page: 60 of 500 personalized visitors "
                "and 0 of 500 in control converted."
            ),
        ),
        ((0, 0), (0, 0), Verdict.NO_VISITORS, "Nobody has seen this yet."),
        (
            (0, 0),
            (30, 900),
            Verdict.NO_CONTROL,
            "Nothing to compare with yet: so far visitors saw only the personalized page.",
        ),
        (
            (30, 900),
            (0, 0),
            Verdict.NO_CONTROL,
            "Nothing to compare with yet: so far visitors saw only the original.",
        ),
    ],
)
def test_what_is_said(control: tuple[int, int], personalized: tuple[int, int], verdict: Verdict, sentence: str) -> None:
    assert said(control, personalized) == (verdict, sentence)


counts = st.integers(0, 3000).flatmap(lambda visitors: st.tuples(st.integers(0, visitors), st.just(visitors)))


@settings(deadline=None)
@given(counts, counts, st.floats(0, 1e6))
def test_it_says_something_for_any_counts(
    control: tuple[int, int], personalized: tuple[int, int], visitors_a_day: float
) -> None:
    finding = find(Arm(control[1], control[0]), Arm(personalized[1], personalized[0]), visitors_a_day=visitors_a_day)
    text = findings.plain(finding)
    assert text.endswith(".")
    assert findings.short(finding)
    assert findings.table_words(finding)
    assert "nan" not in text
    assert "inf" not in text
    lift = finding.lift
    if finding.verdict in {Verdict.BETTER, Verdict.WORSE}:
        assert isinstance(finding.p_value, float)
        assert finding.p_value < findings.ALPHA
        bound = (lift.at_least or 0.0) if isinstance(lift, NotComputable) else lift.low
        assert bound > 0 if finding.verdict is Verdict.BETTER else isinstance(lift, Estimate) and lift.high < 0
    if finding.verdict in {Verdict.TOO_EARLY, Verdict.LITTLE_DIFFERENCE}:
        assert isinstance(lift, NotComputable) or lift.low <= 0 <= lift.high
    if finding.days_to_narrow is not None:
        assert finding.days_to_narrow >= 1


@settings(deadline=None)
@given(counts, counts)
def test_exchanging_the_arms_turns_the_verdict(control: tuple[int, int], personalized: tuple[int, int]) -> None:
    turned = {Verdict.BETTER: Verdict.WORSE, Verdict.WORSE: Verdict.BETTER}
    one, other = said(control, personalized)[0], said(personalized, control)[0]
    decided = {Verdict.TOO_EARLY, Verdict.LITTLE_DIFFERENCE}
    # Whether a difference is little is asked of the lift, which has another scale from the other side.
    assert turned.get(one, one) == other or {one, other} <= decided


def test_more_traffic_shortens_the_wait() -> None:
    control, personalized = Arm(1000, 40), Arm(1000, 45)
    slow = find(control, personalized, visitors_a_day=100).days_to_narrow
    quick = find(control, personalized, visitors_a_day=1000).days_to_narrow
    assert slow is not None
    assert quick is not None
    assert slow > quick > 0
    # The interval narrows with the square root: with that many visitors it is as narrow as said.
    factor = (2000 + slow * 100) / 2000
    later = find(Arm(round(1000 * factor), round(40 * factor)), Arm(round(1000 * factor), round(45 * factor)))
    assert isinstance(later.lift, Estimate)
    assert (later.lift.high - later.lift.low) / 2 == pytest.approx(findings.NARROW_LIFT, rel=0.1)


def test_what_has_ended_is_not_too_early() -> None:
    finding = find(Arm(1000, 40), Arm(1000, 45), visitors_a_day=100, ended=True)
    assert finding.verdict is Verdict.UNDECIDED
    assert findings.plain(finding).startswith("No clear difference: between")
    assert find(Arm(5598, 216), Arm(5614, 286), ended=True).verdict is Verdict.BETTER
