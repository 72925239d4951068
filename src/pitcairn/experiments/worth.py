"""What an experience is worth: the conversions it made so far, and a month of it for everyone in its segments.

Only the difference is certain to be caused by the experience, so it is the difference that is counted, with its interval.
The sum over experiences is not what all of them are worth together: they share visitors, and those that seemed to win were
lucky more often than not. The comparison with the global holdout says that; see `programme`.
"""

from typing import TYPE_CHECKING

from pitcairn.experiments import words
from pitcairn.stats import Estimate

if TYPE_CHECKING:
    from pitcairn.experiments.result_values import ExperienceResults, GoalResult

MONTH_DAYS = 30


def worth(results: "ExperienceResults", goal: "GoalResult") -> tuple[str, ...]:
    """Sentences; none while the difference is not known to be one."""
    lift, base = goal.finding.lift, goal.control.rate
    if not goal.finding.decided or not isinstance(lift, Estimate) or not isinstance(base, Estimate) or base.value <= 0:
        return ()
    made = [base.value * one * goal.personalized.visitors for one in (lift.value, lift.low, lift.high)]
    month = [base.value * one * results.visitors_a_day * MONTH_DAYS for one in (lift.value, lift.low, lift.high)]
    noun = f"more {goal.goal.definition.value}" if goal.numeric else "more conversions"
    said = [f"So far {_amount(made)} {noun} than the original would have had from the same visitors."]
    if results.visitors_a_day > 0:
        said.append(f"For everyone in its segments, at today’s traffic: {_amount(month)} {noun} in 30 days.")
    return tuple(said)


def _amount(values: list[float]) -> str:
    value, low, high = (_signed(one) for one in values)
    return f"{value} ({low} to {high})"


def _signed(value: float) -> str:
    return f"{words.MINUS if value < 0 else ''}{words.number(round(abs(value)))}"
