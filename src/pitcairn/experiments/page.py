"""What the results page shows, ready for its template: the answer first, then the chart, then why to believe it."""

from dataclasses import dataclass
from typing import Any

from pitcairn.experiences.models import ExperienceState
from pitcairn.experiments import findings, words
from pitcairn.experiments.chart import charts, day_text
from pitcairn.experiments.checks import checks
from pitcairn.experiments.findings import Finding, Verdict
from pitcairn.experiments.results import ArmResult, DayResult, ExperienceResults, GoalResult
from pitcairn.stats import NotComputable


@dataclass(frozen=True, kw_only=True)
class ArmCells:
    """One arm's numbers as text."""

    visitors: str
    converted: str
    rate: str
    interval: str


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table: a segment, or everyone. `tone` is good, bad or nothing."""

    name: str
    personalized: ArmCells
    control: ArmCells
    lift: str
    lift_interval: str
    in_words: str
    tone: str
    total: bool = False


@dataclass(frozen=True, kw_only=True)
class DayRow:
    day: str
    personalized: ArmCells
    control: ArmCells


def results_context(results: ExperienceResults, event: str = "") -> dict[str, Any]:
    """The template's context; `event` chooses among the goals, and the primary one is shown without it."""
    goal = next((one for one in results.goals if one.event == event), results.primary)
    context: dict[str, Any] = {"results": results, "experience": results.experience, "goal": goal}
    if goal is None:
        return context
    before, emphasis, after = findings.sentence(goal.finding)
    found = checks(results)
    return context | {
        "answer": {"before": before, "emphasis": emphasis, "after": after, "tone": _tone(goal.finding)},
        "under": _under(results, goal),
        "charts": charts(goal.series),
        "rows": _rows(goal),
        "days": [_day_row(day) for day in reversed(goal.series)],
        "checks": found,
        "serious": [check for check in found if check.serious],
        "live": results.experience.state is ExperienceState.LIVE,
        "seen": fingerprint(results),
    }


def fingerprint(results: ExperienceResults) -> str:
    """Tells whether a page shows these counts or older ones."""
    return "_".join(f"{goal.visitors}.{goal.converted}" for goal in results.goals)


def _rows(goal: GoalResult) -> list[Row]:
    rows = [_row(segment.name, segment.personalized, segment.control, segment.finding) for segment in goal.segments]
    if len(rows) > 1:
        rows.append(_row("All segments", goal.personalized, goal.control, goal.finding, total=True))
    return rows


def _row(name: str, personalized: ArmResult, control: ArmResult, finding: Finding, *, total: bool = False) -> Row:
    lift = finding.lift
    lift_text = lift_interval = ""
    if not isinstance(lift, NotComputable):
        lift_text, lift_interval = words.change(lift.value, signed=True), words.change_interval(lift)
    elif lift.at_least is not None:
        lift_interval = f"at least {words.change(lift.at_least, signed=True)}"
    return Row(
        name=name,
        personalized=_cells(personalized),
        control=_cells(control),
        lift=lift_text,
        lift_interval=lift_interval,
        in_words=findings.short(finding),
        tone=_tone(finding),
        total=total,
    )


def _cells(result: ArmResult) -> ArmCells:
    return ArmCells(
        visitors=words.count(result.visitors),
        converted=words.count(result.converted),
        rate="" if isinstance(result.rate, NotComputable) else words.share(result.rate.value, aligned=True),
        interval=words.share_interval(result.rate),
    )


def _day_row(day: DayResult) -> DayRow:
    return DayRow(day=day_text(day.day), personalized=_cells(day.personalized), control=_cells(day.control))


def _tone(finding: Finding) -> str:
    return {Verdict.BETTER: "good", Verdict.WORSE: "bad"}.get(finding.verdict, "")


def _under(results: ExperienceResults, goal: GoalResult) -> str:
    """The sentence under the answer: how sure, or what is missing."""
    finding = goal.finding
    p_value = finding.comparison.p_value
    match finding.verdict:
        case Verdict.BETTER | Verdict.WORSE if not isinstance(p_value, NotComputable):
            chance = (
                f"in {words.share(p_value)} of tests"
                if p_value >= 0.001
                else f"in less than 0.1{words.NO_BREAK}% of tests"
            )
            return (
                f"If the page made no difference, chance alone would show one this large {chance}. "
                "That holds for one look, at the end you planned."
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
