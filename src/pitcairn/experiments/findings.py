"""What a comparison of two arms says, and how surely, in one word and in one sentence.

Words follow numbers by fixed rules, so that the sentence on the page, the table below it and the command line can never
say different things: see `Verdict`.
"""

import math
from enum import StrEnum

import msgspec

from pitcairn.experiments import words
from pitcairn.stats import Arm, Comparison, Estimate, NotComputable, compare

ALPHA = 0.05
# With fewer conversions expected in the smaller arm no method has the coverage it names.
MIN_EXPECTED_CONVERSIONS = 5.0
# A lift whose whole interval lies within ± this is called little or no difference.
NEGLIGIBLE_LIFT = 0.05
# The width at which an interval is called narrow when the days until then are worked out.
NARROW_LIFT = 0.2


class Verdict(StrEnum):
    """`better` and `worse`: p < 0.05 with enough conversions. `little_difference`: the interval lies within ± 5 %."""

    BETTER = "better"
    WORSE = "worse"
    LITTLE_DIFFERENCE = "little_difference"
    TOO_EARLY = "too_early"
    TOO_FEW = "too_few"
    NO_CONTROL = "no_control"
    NO_VISITORS = "no_visitors"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Personalized against control. `days_to_narrow` is about how long until the interval is within ± 20 %, if known."""

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


def find(control: Arm, personalized: Arm, *, visitors_a_day: float = 0.0) -> Finding:
    """Compares the arms and says what follows. `visitors_a_day` is of both arms together."""
    comparison = compare(control, personalized, alpha=ALPHA)
    return Finding(
        verdict=_verdict(control, personalized, comparison),
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
            arm, other = (
                ("the original", "the personalized page")
                if finding.personalized.visitors == 0
                else ("the personalized page", "the original")
            )
            return "", "Nothing to compare with", f": every visitor saw {arm}, and none {other}."
        case Verdict.TOO_FEW:
            return "", "Too early to tell", f": {_so_far(finding)}."
        case Verdict.BETTER | Verdict.WORSE if isinstance(lift, Estimate) and math.isfinite(lift.value):
            more = "more" if lift.value > 0 else "fewer"
            return "The personalized page makes ", f"{words.change(lift.value)} {more} visitors", _convert(lift)
        case Verdict.BETTER:
            return "", "More visitors convert", f" on the personalized page: {_so_far(finding)}."
        case Verdict.WORSE:
            return "", "Fewer visitors convert", f" on the personalized page: {_so_far(finding)}."
        case Verdict.LITTLE_DIFFERENCE:
            return "The personalized page makes ", "little or no difference", f": {_range(lift)}."
        case Verdict.TOO_EARLY:
            return "", "Too early to tell", f": {_range(lift) or _so_far(finding)}."


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
            return "Nothing to compare with"
        case Verdict.NO_VISITORS:
            return "No visitors yet"
        case Verdict.TOO_FEW:
            return "Too few conversions to tell"
        case Verdict.TOO_EARLY:
            wait = finding.days_to_narrow
            return f"Too early: about {words.days(wait)}" if wait else "Too early to tell"


def _verdict(control: Arm, personalized: Arm, comparison: Comparison) -> Verdict:
    visitors = control.visitors + personalized.visitors
    if not visitors:
        return Verdict.NO_VISITORS
    smaller = min(control.visitors, personalized.visitors)
    if not smaller:
        return Verdict.NO_CONTROL
    pooled = (control.converted + personalized.converted) / visitors
    p_value = comparison.p_value
    if smaller * pooled < MIN_EXPECTED_CONVERSIONS or isinstance(p_value, NotComputable):
        return Verdict.TOO_FEW
    if p_value < ALPHA:
        # The arms' own rates give the direction even where a ratio cannot be formed.
        treated = personalized.converted / personalized.visitors
        return Verdict.BETTER if treated > control.converted / control.visitors else Verdict.WORSE
    lift = comparison.lift
    if isinstance(lift, Estimate) and -NEGLIGIBLE_LIFT <= lift.low and lift.high <= NEGLIGIBLE_LIFT:
        return Verdict.LITTLE_DIFFERENCE
    return Verdict.TOO_EARLY


def _days_to_narrow(
    control: Arm, personalized: Arm, lift: Estimate | NotComputable, visitors_a_day: float
) -> int | None:
    if visitors_a_day <= 0 or isinstance(lift, NotComputable) or not math.isfinite(lift.high - lift.low):
        return None
    half = (lift.high - lift.low) / 2
    if half <= NARROW_LIFT:
        return None
    # An interval narrows with the square root of the visitors.
    visitors = control.visitors + personalized.visitors
    return math.ceil(visitors * ((half / NARROW_LIFT) ** 2 - 1) / visitors_a_day)


def _convert(lift: Estimate) -> str:
    bounds = sorted((abs(lift.low), abs(lift.high)))
    if math.isinf(bounds[1]):
        return f" convert (at least {words.change(bounds[0])})."
    return f" convert (between {words.change(bounds[0])} and {words.change(bounds[1])})."


def _range(lift: Estimate | NotComputable) -> str:
    return "" if isinstance(lift, NotComputable) else f"{words.between(lift)} visitors convert on the personalized page"


def _so_far(finding: Finding) -> str:
    treated, control = finding.personalized, finding.control
    return (
        f"{words.count(treated.converted)} of {words.count(treated.visitors)} personalized visitors and "
        f"{words.count(control.converted)} of {words.count(control.visitors)} in control converted so far"
    )
