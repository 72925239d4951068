"""What a comparison of two arms says, and how surely, in one word and in one sentence.

Words follow numbers by fixed rules, so that the sentence on the page, the table below it and the command line can never
say different things: see `Verdict`.
"""

import math
from enum import StrEnum

import msgspec

from pitcairn import stats
from pitcairn.experiments import words
from pitcairn.stats import (
    Arm,
    Comparison,
    Estimate,
    Interval,
    MeanComparison,
    NormalOdds,
    NotComputable,
    Number,
    Odds,
    Reason,
)

ALPHA = 0.05
# A lift whose whole interval lies within ± this is called little or no difference.
NEGLIGIBLE_LIFT = 0.05
# The width at which an interval is called narrow when the days until then are worked out.
NARROW_LIFT = 0.2
FOREVER_DAYS = 10_000


class Verdict(StrEnum):
    """What holds however often somebody looked; `too_early` until then.

    `little_difference`: the whole interval of the lift lies within ± 5 %. `too_few`: too few conversions to say more.
    `undecided` is what `too_early` becomes when the experience has ended and nothing more will come.
    """

    BETTER = "better"
    WORSE = "worse"
    LITTLE_DIFFERENCE = "little_difference"
    TOO_EARLY = "too_early"
    UNDECIDED = "undecided"
    TOO_FEW = "too_few"
    NO_CONTROL = "no_control"
    NO_VISITORS = "no_visitors"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Personalized against control.

    `lift` and `p_value` hold at every look (the running interval of all looks so far, and the smallest p-value, corrected
    for the number of variations); `fixed` holds for one look only, at the planned end. `odds` are what is believed.
    `days_to_narrow` is about how many more days bring the interval within ± 20 %; None when it is, or nobody can tell.
    `numeric` is for a number per visitor instead of conversions.
    """

    verdict: Verdict
    control: Arm
    personalized: Arm
    lift: Estimate | NotComputable
    p_value: Number
    fixed: Comparison | MeanComparison | NotComputable
    odds: Odds | NormalOdds | NotComputable
    days_to_narrow: int | None = None
    numeric: bool = False

    @property
    def decided(self) -> bool:
        return self.verdict in {Verdict.BETTER, Verdict.WORSE, Verdict.LITTLE_DIFFERENCE}

    @property
    def fixed_lift(self) -> Estimate | NotComputable:
        return self.fixed if isinstance(self.fixed, NotComputable) else self.fixed.lift

    @property
    def fixed_p_value(self) -> Number:
        return self.fixed if isinstance(self.fixed, NotComputable) else self.fixed.p_value


def find(variation: stats.Variation, *, visitors_a_day: float = 0.0, ended: bool = False) -> Finding:
    """What the analysis of a conversion goal says of a variation. `visitors_a_day` is of both arms together."""
    comparison = variation.comparison
    lift = _running(comparison.lift, variation.always.running)
    return _finding(
        comparison.control,
        comparison.treatment,
        lift=lift,
        p_value=variation.adjusted_always_p_value,
        fixed=comparison,
        odds=variation.odds,
        enough=stats.summary(comparison).verdict is not stats.Verdict.NOT_ENOUGH_DATA,
        visitors_a_day=visitors_a_day,
        ended=ended,
    )


def find_mean(
    control: Arm,
    personalized: Arm,
    variation: stats.MeansVariation,
    *,
    visitors_a_day: float = 0.0,
    ended: bool = False,
) -> Finding:
    """The same for a number per visitor."""
    comparison, looks = variation.comparison, variation.looks
    lift: Estimate | NotComputable = NotComputable(Reason.TOO_FEW_CONVERSIONS)
    if isinstance(looks, NotComputable):
        lift = NotComputable(looks.reason)
    elif not isinstance(comparison, NotComputable) and comparison.control.value > 0:
        # Relative to the control's value as it was measured: the interval is the difference's.
        base, effect = comparison.control.value, looks[-1].now.effect
        lift = Estimate(effect.value / base, effect.low / base, effect.high / base)
    return _finding(
        control,
        personalized,
        lift=lift,
        p_value=variation.adjusted_always_p_value,
        fixed=comparison,
        odds=variation.lift_odds,
        enough=not isinstance(looks, NotComputable),
        visitors_a_day=visitors_a_day,
        ended=ended,
        numeric=True,
    )


def without(control: Arm, personalized: Arm, reason: NotComputable) -> Finding:
    """What is said where nothing can be analysed."""
    return _finding(control, personalized, lift=reason, p_value=reason, fixed=reason, odds=reason, enough=False)


def _finding(
    control: Arm,
    personalized: Arm,
    *,
    lift: Estimate | NotComputable,
    p_value: Number,
    fixed: Comparison | MeanComparison | NotComputable,
    odds: Odds | NormalOdds | NotComputable,
    enough: bool,
    visitors_a_day: float = 0.0,
    ended: bool = False,
    numeric: bool = False,
) -> Finding:
    verdict = _verdict(control, personalized, lift, p_value, enough=enough)
    return Finding(
        verdict=Verdict.UNDECIDED if ended and verdict is Verdict.TOO_EARLY else verdict,
        control=control,
        personalized=personalized,
        lift=lift,
        p_value=p_value,
        fixed=fixed,
        odds=odds,
        days_to_narrow=_days_to_narrow(control, personalized, lift, visitors_a_day),
        numeric=numeric,
    )


def running_lift(comparison: Comparison, always: stats.Always) -> Estimate | NotComputable:
    """The lift at one look, with what all looks until then have in common."""
    return _running(comparison.lift, always.running)


def _running(point: Estimate | NotComputable, interval: Interval | NotComputable) -> Estimate | NotComputable:
    """The lift with the interval that holds at every look, around the value that was measured."""
    if isinstance(interval, NotComputable):
        return interval
    if isinstance(point, NotComputable) or interval.high is None:
        reason = point.reason if isinstance(point, NotComputable) else Reason.TOO_FEW_CONVERSIONS
        return NotComputable(reason, interval.low)
    return Estimate(min(max(point.value, interval.low), interval.high), interval.low, interval.high)


def sentence(
    finding: Finding, makes: str = "The personalized page makes ", place: str = " on the personalized page"
) -> tuple[str, str, str]:
    """The finding as one sentence in three parts, of which the middle one is what matters; some may be empty."""
    lift = finding.lift
    match finding.verdict:
        case Verdict.NO_VISITORS:
            return "", "Nobody has seen this yet", "."
        case Verdict.NO_CONTROL:
            seen = "the original" if finding.personalized.visitors == 0 else "the personalized page"
            return "", "Nothing to compare with yet", f": so far visitors saw only {seen}."
        case Verdict.TOO_FEW:
            return "", "Too few conversions to tell", f": {_so_far(finding)}."
        case Verdict.BETTER | Verdict.WORSE if isinstance(lift, Estimate):
            more = "more" if lift.value > 0 else "less" if finding.numeric else "fewer"
            return (
                makes,
                f"{words.change(lift.value)} {more} {_noun(finding)}",
                _convert(lift, finding),
            )
        case Verdict.BETTER | Verdict.WORSE:
            more = "More" if finding.verdict is Verdict.BETTER else "Less" if finding.numeric else "Fewer"
            return (
                "",
                f"{more} {_noun(finding)} {'convert' if not finding.numeric else 'per visitor'}",
                f"{place}: {_so_far(finding)}.",
            )
        case Verdict.LITTLE_DIFFERENCE:
            return (
                makes,
                "little or no difference",
                f" ({_range(lift, '', numeric=finding.numeric)}).",
            )
        case Verdict.TOO_EARLY:
            return "", "Too early to tell", f": {_range(lift, place, numeric=finding.numeric) or _so_far(finding)}."
        case Verdict.UNDECIDED:
            return "", "No clear difference", f": {_range(lift, place, numeric=finding.numeric) or _so_far(finding)}."


def plain(finding: Finding) -> str:
    """The finding as one sentence."""
    return "".join(sentence(finding))


def short(finding: Finding) -> str:
    """The finding in a few words, for a table."""
    match finding.verdict:
        case Verdict.BETTER:
            return "Better"
        case Verdict.WORSE:
            return "Worse"
        case Verdict.LITTLE_DIFFERENCE:
            return "Little or no difference"
        case Verdict.NO_CONTROL:
            return "Nothing to compare with yet"
        case Verdict.NO_VISITORS:
            return "No visitors yet"
        case Verdict.TOO_FEW:
            return "Too few conversions to tell"
        case Verdict.UNDECIDED:
            return "No clear difference"
        case Verdict.TOO_EARLY:
            wait = finding.days_to_narrow
            return f"Too early: {words.wait(wait)}" if wait else "Too early to tell"


def table_words(finding: Finding) -> str:
    """The finding for a list: what a reader scans for, with its interval where there is one."""
    lift = finding.lift
    if finding.verdict in {Verdict.BETTER, Verdict.WORSE} and isinstance(lift, Estimate):
        more = "more" if lift.value > 0 else "fewer"
        low, high = sorted((abs(lift.low), abs(lift.high)))
        return f"{words.change(lift.value)} {more} convert ({words.change(low)} to {words.change(high)})"
    return "Too early to tell" if finding.verdict is Verdict.TOO_EARLY else short(finding)


def _verdict(
    control: Arm, personalized: Arm, lift: Estimate | NotComputable, p_value: Number, *, enough: bool
) -> Verdict:
    if not control.visitors and not personalized.visitors:
        return Verdict.NO_VISITORS
    if not control.visitors or not personalized.visitors:
        return Verdict.NO_CONTROL
    if not enough:
        return Verdict.TOO_FEW
    if isinstance(p_value, float) and p_value < ALPHA:
        if isinstance(lift, Estimate):
            return Verdict.BETTER if lift.value > 0 else Verdict.WORSE
        if lift.at_least is not None and lift.at_least > 0:
            return Verdict.BETTER
    if isinstance(lift, Estimate) and max(abs(lift.low), abs(lift.high)) <= NEGLIGIBLE_LIFT:
        return Verdict.LITTLE_DIFFERENCE
    return Verdict.TOO_EARLY


def _days_to_narrow(
    control: Arm, personalized: Arm, lift: Estimate | NotComputable, visitors_a_day: float
) -> int | None:
    if visitors_a_day <= 0 or isinstance(lift, NotComputable):
        return None
    half = (lift.high - lift.low) / 2
    if half <= NARROW_LIFT:
        return None
    # An interval narrows with the square root of the visitors.
    visitors = control.visitors + personalized.visitors
    return math.ceil(min(FOREVER_DAYS, visitors * ((half / NARROW_LIFT) ** 2 - 1) / visitors_a_day))


def _noun(finding: Finding) -> str:
    return "value" if finding.numeric else "visitors"


def _convert(lift: Estimate, finding: Finding) -> str:
    low, high = sorted((abs(lift.low), abs(lift.high)))
    if lift.low < 0 < lift.high:  # corrected for several variations, the p-value may say more than the interval
        return f" {'per visitor' if finding.numeric else 'convert'} ({words.between(lift)})."
    return f" {'per visitor' if finding.numeric else 'convert'} (between {words.change(low)} and {words.change(high)})."


def _range(lift: Estimate | NotComputable, place: str, *, numeric: bool = False) -> str:
    if isinstance(lift, NotComputable):
        return ""
    what = "value per visitor" if numeric else "visitors convert"
    between = words.between(lift)
    return f"{between.replace('fewer', 'less') if numeric else between} {what}{place}"


def _so_far(finding: Finding) -> str:
    treated, control = finding.personalized, finding.control
    return (
        f"{words.count(treated.converted)} of {words.count(treated.visitors)} personalized visitors and "
        f"{words.count(control.converted)} of {words.count(control.visitors)} in control converted"
    )
