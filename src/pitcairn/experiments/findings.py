"""What a comparison of two arms says, and how surely, in one word and in one sentence.

Words follow numbers by fixed rules, so that the sentence on the page, the table below it and the command line can never
say different things: see `Verdict`.
"""

import math
from enum import StrEnum

import msgspec

from pitcairn import stats
from pitcairn.experiments import words
from pitcairn.stats import Arm, Comparison, Estimate, NotComputable

ALPHA = 0.05
# A lift whose whole interval lies within ± this is called little or no difference.
NEGLIGIBLE_LIFT = 0.05
# The width at which an interval is called narrow when the days until then are worked out.
NARROW_LIFT = 0.2
FOREVER_DAYS = 10_000


class Verdict(StrEnum):
    """What `stats.summary` says, with its "not enough data" told apart, and with `little_difference`.

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

    `days_to_narrow` is about how many more days bring the interval within ± 20 %; None when it is, or nobody can tell.
    """

    verdict: Verdict
    control: Arm
    personalized: Arm
    comparison: Comparison
    days_to_narrow: int | None = None

    @property
    def lift(self) -> Estimate | NotComputable:
        return self.comparison.lift

    @property
    def decided(self) -> bool:
        return self.verdict in {Verdict.BETTER, Verdict.WORSE, Verdict.LITTLE_DIFFERENCE}


def find(control: Arm, personalized: Arm, *, visitors_a_day: float = 0.0, ended: bool = False) -> Finding:
    """Compares the arms and says what follows. `visitors_a_day` is of both arms together."""
    comparison = stats.compare(control, personalized, alpha=ALPHA)
    verdict = _verdict(control, personalized, comparison)
    return Finding(
        verdict=Verdict.UNDECIDED if ended and verdict is Verdict.TOO_EARLY else verdict,
        control=control,
        personalized=personalized,
        comparison=comparison,
        days_to_narrow=_days_to_narrow(control, personalized, comparison.lift, visitors_a_day),
    )


def sentence(finding: Finding) -> tuple[str, str, str]:
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
            more = "more" if lift.value > 0 else "fewer"
            return "The personalized page makes ", f"{words.change(lift.value)} {more} visitors", _convert(lift)
        case Verdict.BETTER | Verdict.WORSE:
            more = "More" if finding.verdict is Verdict.BETTER else "Fewer"
            return "", f"{more} visitors convert", f" on the personalized page: {_so_far(finding)}."
        case Verdict.LITTLE_DIFFERENCE:
            return "The personalized page makes ", "little or no difference", f" ({_range(lift, short=True)})."
        case Verdict.TOO_EARLY:
            return "", "Too early to tell", f": {_range(lift) or _so_far(finding)}."
        case Verdict.UNDECIDED:
            return "", "No clear difference", f": {_range(lift) or _so_far(finding)}."


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


def _verdict(control: Arm, personalized: Arm, comparison: Comparison) -> Verdict:
    match stats.summary(comparison).verdict:
        case stats.Verdict.BETTER:
            return Verdict.BETTER
        case stats.Verdict.WORSE:
            return Verdict.WORSE
        case stats.Verdict.NOT_ENOUGH_DATA:
            if not control.visitors and not personalized.visitors:
                return Verdict.NO_VISITORS
            return Verdict.TOO_FEW if control.visitors and personalized.visitors else Verdict.NO_CONTROL
        case stats.Verdict.TOO_EARLY:
            lift = comparison.lift
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


def _convert(lift: Estimate) -> str:
    low, high = sorted((abs(lift.low), abs(lift.high)))
    return f" convert (between {words.change(low)} and {words.change(high)})."


def _range(lift: Estimate | NotComputable, *, short: bool = False) -> str:
    if isinstance(lift, NotComputable):
        return ""
    return f"{words.between(lift)} visitors convert{'' if short else ' on the personalized page'}"


def _so_far(finding: Finding) -> str:
    treated, control = finding.personalized, finding.control
    return (
        f"{words.count(treated.converted)} of {words.count(treated.visitors)} personalized visitors and "
        f"{words.count(control.converted)} of {words.count(control.visitors)} in control converted"
    )
