"""What the results page shows, ready for its template: the answer first, then the chart, then why to believe it."""

from dataclasses import dataclass
from typing import Any

from pitcairn.experiences.models import ExperienceState
from pitcairn.experiments import findings, words
from pitcairn.experiments.chart import charts, day_text
from pitcairn.experiments.checks import checks, window_words
from pitcairn.experiments.findings import Finding, Verdict
from pitcairn.experiments.lift_chart import lift_charts
from pitcairn.experiments.recommendations import advice, cautions
from pitcairn.experiments.result_values import (
    ArmResult,
    DayResult,
    ExperienceResults,
    GoalResult,
    PartResult,
    SegmentResult,
)
from pitcairn.experiments.sharing_history import sharing_history
from pitcairn.experiments.worth import worth
from pitcairn.stats import Clustered, Estimate, NotComputable, Odds


@dataclass(frozen=True, kw_only=True)
class ArmCells:
    """One arm's numbers as text."""

    visitors: str
    converted: str
    rate: str
    interval: str


@dataclass(frozen=True, kw_only=True)
class ArmRow:
    """One arm in the table: personalized as a whole, or one variation. `tone` is good, bad or nothing."""

    name: str
    cells: ArmCells
    lift: str
    lift_interval: str
    in_words: str
    tone: str


@dataclass(frozen=True, kw_only=True)
class Row:
    """A segment, or everyone: its arms against its control."""

    name: str
    arms: tuple[ArmRow, ...]
    control: ArmCells
    total: bool = False

    @property
    def lines(self) -> int:
        return len(self.arms) + 1


@dataclass(frozen=True, kw_only=True)
class PartRow:
    name: str
    personalized: ArmCells
    control: ArmCells
    lift: str
    lift_interval: str
    clear: bool
    """The difference is clear even when corrected for the number of parts."""


@dataclass(frozen=True, kw_only=True)
class Breakdown:
    label: str
    rows: tuple[PartRow, ...]


@dataclass(frozen=True, kw_only=True)
class DayRow:
    day: str
    personalized: ArmCells
    control: ArmCells
    lift: str


def results_context(results: ExperienceResults, name: str = "", url: str = "") -> dict[str, Any]:
    """The template's context; `name` chooses among the goals, and the primary one is shown without it. `url` is the page's."""
    goal = next((one for one in results.goals if one.name == name), results.primary)
    context: dict[str, Any] = {"results": results, "experience": results.experience, "goal": goal, "results_url": url}
    if goal is None:
        return context
    before, emphasis, after = findings.sentence(goal.finding)
    found = checks(results)
    serious = [check for check in found if check.serious]
    return context | {
        "answer": {
            "before": before,
            "emphasis": emphasis,
            "after": after,
            "tone": "" if serious else tone_of(goal.finding),
        },
        "under": _under(results, goal),
        "advice": advice(results) if goal.primary else "",
        "cautions": cautions(results) if goal.primary else (),
        "window": window_words(goal),
        "charts": charts(goal.series, numeric=goal.numeric),
        "lift_charts": lift_charts(goal),
        "sharing": sharing_history(results),
        "rows": _rows(goal),
        "days": [_day_row(day, numeric=goal.numeric) for day in reversed(goal.series)],
        "checks": found,
        "serious": serious,
        "worth": worth(results, goal),
        "breakdowns": _breakdowns(goal),
        "details": _details(goal),
        "live": results.experience.state is ExperienceState.LIVE,
        "seen": fingerprint(results),
    }


def fingerprint(results: ExperienceResults) -> str:
    """Tells whether a page shows these counts or older ones."""
    return "_".join(f"{goal.visitors}.{goal.converted}" for goal in results.goals)


def _rows(goal: GoalResult) -> list[Row]:
    rows = [_segment_row(segment, numeric=goal.numeric) for segment in goal.segments]
    if len(rows) > 1:
        whole = _arm_row("Personalized", goal.personalized, goal.finding, numeric=goal.numeric)
        rows.append(
            Row(name="All segments", arms=(whole,), control=cells_of(goal.control, numeric=goal.numeric), total=True)
        )
    return rows


def _segment_row(segment: SegmentResult, *, numeric: bool) -> Row:
    if len(segment.variations) > 1:
        arms = tuple(_arm_row(one.name, one.result, one.finding, numeric=numeric) for one in segment.variations)
    else:
        arms = (_arm_row("Personalized", segment.personalized, segment.finding, numeric=numeric),)
    return Row(name=segment.name, arms=arms, control=cells_of(segment.control, numeric=numeric))


def _arm_row(name: str, result: ArmResult, finding: Finding, *, numeric: bool) -> ArmRow:
    lift_text, lift_interval = lift_words(finding.lift)
    return ArmRow(
        name=name,
        cells=cells_of(result, numeric=numeric),
        lift=lift_text,
        lift_interval=lift_interval,
        in_words=findings.short(finding),
        tone=tone_of(finding),
    )


def lift_words(lift: Estimate | NotComputable) -> tuple[str, str]:
    if isinstance(lift, Estimate):
        return words.change(lift.value, signed=True), words.change_interval(lift)
    if lift.at_least is not None and lift.at_least > -1:
        return "", f"at least {words.change(lift.at_least, signed=True)}"
    return "", ""


def cells_of(result: ArmResult, *, numeric: bool = False) -> ArmCells:
    """One arm's numbers as text."""
    rate = result.rate
    if isinstance(rate, NotComputable):
        value, interval = "", ""
    elif numeric:
        value, interval = words.number(rate.value), f"{words.number(rate.low)} to {words.number(rate.high)}"
    else:
        value, interval = words.share(rate.value, aligned=True), words.share_interval(rate)
    return ArmCells(
        visitors=words.count(result.visitors), converted=words.count(result.converted), rate=value, interval=interval
    )


def _day_row(day: DayResult, *, numeric: bool) -> DayRow:
    lift = "" if day.lift is None else " ".join(filter(None, lift_words(day.lift)))
    return DayRow(
        day=day_text(day.day),
        personalized=cells_of(day.personalized, numeric=numeric),
        control=cells_of(day.control, numeric=numeric),
        lift=lift,
    )


_LABELS = {
    "browser": "Browser",
    "device": "Device",
    "page": "Page",
    "route": "Reported by",
    "returning": "New and returning",
}


def _breakdowns(goal: GoalResult) -> list[Breakdown]:
    found = []
    for kind, label in _LABELS.items():
        parts = [part for part in goal.parts if part.kind == kind]
        if len(parts) > 1:
            found.append(Breakdown(label=label, rows=tuple(_part_row(one, numeric=goal.numeric) for one in parts)))
    return found


def _part_row(part: PartResult, *, numeric: bool) -> PartRow:
    lift, interval = lift_words(part.lift)
    return PartRow(
        name=part.name[:1].upper() + part.name[1:] if part.name else "Unknown",
        personalized=cells_of(part.personalized, numeric=numeric),
        control=cells_of(part.control, numeric=numeric),
        lift=lift,
        lift_interval=interval,
        clear=isinstance(part.adjusted_p_value, float) and part.adjusted_p_value < findings.ALPHA,
    )


def _details(goal: GoalResult) -> list[tuple[str, str]]:
    """The other ways to look at the same counts: what each is, and what it says."""
    finding, found = goal.finding, []
    if not isinstance(finding.p_value, NotComputable):
        said = f"{_said(finding.lift)}, p {_p(finding.p_value)}. Holds however often somebody looked; this is what the page says."
        found.append(("At every look", said))
    if not isinstance(finding.fixed_p_value, NotComputable):
        said = (
            f"{_said(finding.fixed_lift)}, p {_p(finding.fixed_p_value)}. Holds only for whoever looks once, at the end "
            f"that was planned: with a look a day for two weeks it finds a difference where there is none in "
            f"22{words.NO_BREAK}% of tests, not in 5{words.NO_BREAK}%."
        )
        found.append(("For one look", said))
    if isinstance(finding.odds, Odds):
        odds = finding.odds
        said = (
            f"Better with a probability of {words.share(odds.chance)}. Choosing it and being wrong would cost "
            f"{words.points(odds.loss_if_chosen)} on average; keeping the original and being wrong "
            f"{words.points(odds.loss_if_left)}."
        )
        found.append(("What to believe", said))
    if isinstance(goal.clustered, Clustered):
        effect = goal.clustered.design_effect
        spread = (
            f" Visitors of one account act alike: the interval is {effect**0.5:.1f} times as wide." if effect else ""
        )
        said = (
            f"{_said(goal.clustered.comparison.lift)}, p {_p(goal.clustered.comparison.p_value)}.{spread} For one look."
        )
        found.append(("By account", said))
    elif isinstance(goal.clustered, NotComputable):
        found.append(("By account", f"Not computable: {goal.clustered.reason.value}."))
    if goal.adjusted is not None:
        comparison = goal.adjusted.comparison
        said = (
            f"{_said(comparison.lift)}, p {_p(comparison.p_value)}. What visitors did in the 14 days before explains "
            f"{words.share(max(0.0, goal.adjusted.variance_reduction))} of the differences between them. For one look."
        )
        found.append(("With their past taken out", said))
    return found


def _said(lift: Estimate | NotComputable) -> str:
    text, interval = lift_words(lift)
    return f"{text} ({interval})" if text else interval or "No lift yet"


def _p(value: float | NotComputable) -> str:
    if isinstance(value, NotComputable):
        return "unknown"
    text = words.probability(value)
    return text if text.startswith("below") else f"= {text}"


def tone_of(finding: Finding) -> str:
    """Good, bad, or nothing while it is not known."""
    return {Verdict.BETTER: "good", Verdict.WORSE: "bad"}.get(finding.verdict, "")


def _under(results: ExperienceResults, goal: GoalResult) -> str:
    """The sentence under the answer: how sure, or what is missing."""
    finding = goal.finding
    match finding.verdict:
        case Verdict.BETTER | Verdict.WORSE if isinstance(finding.p_value, float):
            chance = (
                f"in at most {words.share(finding.p_value)} of tests"
                if finding.p_value >= 0.001
                else f"in less than 0.1{words.NO_BREAK}% of tests"
            )
            return (
                f"If the page made no difference, chance alone would ever show evidence this strong {chance}, "
                "however often somebody looks."
            )
        case Verdict.TOO_EARLY:
            if finding.days_to_narrow:
                wait = words.wait(finding.days_to_narrow)
                return (
                    f"{wait[0].upper()}{wait[1:]} at this traffic would narrow this to "
                    f"±{words.NO_BREAK}{words.change(findings.NARROW_LIFT)}. Until then, let it run."
                )
            return "The interval includes no difference at all. A smaller difference needs more visitors."
        case Verdict.UNDECIDED:
            return "The interval includes no difference at all, and no more visitors will come."
        case Verdict.TOO_FEW:
            return "An answer needs at least five conversions expected in the smaller arm."
        case Verdict.LITTLE_DIFFERENCE:
            return "Whatever the difference is, it is smaller than 5 % either way: decide by what is easier to keep."
        case Verdict.NO_CONTROL:
            if results.experience.control_share in {0, 1}:
                return "Set a control share between 0 and 100 %, so that some visitors see each of the two."
            return "Each visitor is put on one side by chance, in the shares that are set."
        case _:
            if results.experience.state is ExperienceState.LIVE:
                return f"Visitors of {results.experience.page_url} who are in a segment appear here as they come."
            return "It is not live. Start it to let visitors in."
