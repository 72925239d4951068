"""What to do now, as one sentence with its reason. `stats.recommend` decides; nothing is advised before there is evidence."""

from typing import TYPE_CHECKING

from pitcairn.experiments.findings import Verdict
from pitcairn.stats import Because, Decision, Estimate

if TYPE_CHECKING:
    from pitcairn.experiments.result_values import ExperienceResults

_WORDS = {
    Decision.WAIT: "Let it run",
    Decision.REPAIR: "Do not decide by this; repair it first",
    Decision.CHOOSE: "Show the personalized page to everyone",
    Decision.KEEP_CONTROL: "Keep the original",
    Decision.EITHER: "Keep whichever is easier to keep",
    Decision.UNDECIDED: "Stop, and try something bolder",
}


def advice(results: "ExperienceResults") -> str:
    """`Let it run: weekdays differ, and it has not run for 7 full days.` Empty where there is nothing to judge by."""
    found = results.recommendation
    if found is None or not results.visitors:
        return ""
    best = _best(results) if found.decision is Decision.CHOOSE else ""
    return f"{_WORDS[found.decision]}: {_because(found.because, results)}.{best}"


def _best(results: "ExperienceResults") -> str:
    """Which of several variations of a segment did best so far, of those that are better than its control."""
    goal = results.primary
    said = ""
    for segment in goal.segments if goal else ():
        better = [
            (one.finding.lift.value, one.name)
            for one in segment.variations
            if one.finding.verdict is Verdict.BETTER and isinstance(one.finding.lift, Estimate)
        ]
        if len(segment.variations) > 1 and better:
            said += f" In “{segment.name}”, “{max(better)[1]}” does best so far."
    return said


def _because(because: Because, results: "ExperienceResults") -> str:
    if because is Because.GUARDRAIL_HARMED:
        harmed = [
            goal.name for goal in results.goals if goal.goal.role.value == "guardrail" and _fell(goal.finding.lift)
        ]
        return f"the guardrail {', '.join(harmed)} got worse" if harmed else because.value
    return because.value


def cautions(results: "ExperienceResults") -> tuple[str, ...]:
    """What to keep in mind whatever is done, each a sentence."""
    found = results.recommendation
    if found is None:
        return ()
    return tuple(f"{caution.value[0].upper()}{caution.value[1:]}." for caution in found.cautions)


def _fell(lift: object) -> bool:
    high = getattr(lift, "high", None)
    return high is not None and high < 0
