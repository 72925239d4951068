"""Results for other programs: JSON with camelCase keys, and rows for a table."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pitcairn.experiments.checks import checks
from pitcairn.experiments.findings import ALPHA, Finding, plain
from pitcairn.stats import Estimate, NotComputable

if TYPE_CHECKING:
    from pitcairn.experiments.results import ArmResult, ExperienceResults, GoalResult

COLUMNS = (
    "goal",
    "audience_segment",
    "arm",
    "visitors",
    "converted",
    "rate",
    "rate_low",
    "rate_high",
    "lift",
    "lift_low",
    "lift_high",
    "p_value",
)


def as_json(results: "ExperienceResults") -> dict[str, Any]:
    """The results as JSON values. What cannot be computed is an object with the reason."""
    experience = results.experience
    return {
        "experience": {
            "id": experience.id,
            "name": experience.name,
            "state": experience.state.value,
            "page": experience.page_url,
            "controlShare": experience.control_share,
            "startedAt": _time(experience.started_at),
            "promotedAt": _time(experience.promoted_at),
            "archivedAt": _time(experience.archived_at),
        },
        "asOf": _time(results.as_of),
        "attributionWindowDays": results.window.days,
        "confidenceLevel": 1 - ALPHA,
        "visitors": results.visitors,
        "goals": [_goal(goal) for goal in results.goals],
        "checks": [
            {"name": check.name, "ok": check.ok, "title": check.title, "text": check.text} for check in checks(results)
        ],
    }


def rows(results: "ExperienceResults") -> Iterator[dict[str, Any]]:
    """One row per goal, segment and arm, with the keys of COLUMNS; the segment is empty for the whole."""
    for goal in results.goals:
        yield from _rows(goal.event, "", goal.personalized, goal.control, goal.finding)
        for segment in goal.segments:
            yield from _rows(goal.event, segment.name, segment.personalized, segment.control, segment.finding)


def _goal(goal: "GoalResult") -> dict[str, Any]:
    return {
        "event": goal.event,
        "primary": goal.primary,
        "chosenAt": _time(goal.chosen_at),
        "chosenAfterLaunch": goal.chosen_late,
        **_sides(goal.personalized, goal.control, goal.finding),
        "segments": [
            {
                "audienceSegment": {"id": segment.id, "name": segment.name},
                **_sides(segment.personalized, segment.control, segment.finding),
                "variations": [
                    {"variation": {"id": one.id, "name": one.name}, **_arm(one.result)} for one in segment.variations
                ],
            }
            for segment in goal.segments
        ],
        "series": [
            {"day": day.day.isoformat(), "personalized": _arm(day.personalized), "control": _arm(day.control)}
            for day in goal.series
        ],
    }


def _sides(personalized: "ArmResult", control: "ArmResult", finding: Finding) -> dict[str, Any]:
    p_value = finding.comparison.p_value
    return {
        "verdict": finding.verdict.value,
        "inWords": plain(finding),
        "personalized": _arm(personalized),
        "control": _arm(control),
        "difference": _estimate(finding.comparison.difference),
        "lift": _estimate(finding.lift),
        "pValue": None if isinstance(p_value, NotComputable) else p_value,
    }


def _arm(result: "ArmResult") -> dict[str, Any]:
    return {"visitors": result.visitors, "converted": result.converted, "rate": _estimate(result.rate)}


def _estimate(estimate: Estimate | NotComputable) -> dict[str, Any]:
    if isinstance(estimate, NotComputable):
        return {"notComputable": estimate.reason.value, "atLeast": estimate.at_least}
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}


def _rows(
    goal: str, segment: str, personalized: "ArmResult", control: "ArmResult", finding: Finding
) -> Iterator[dict[str, Any]]:
    p_value = finding.comparison.p_value
    for arm, result in (("personalized", personalized), ("control", control)):
        lift = finding.lift if arm == "personalized" else None
        compared = arm == "personalized" and not isinstance(p_value, NotComputable)
        yield {
            "goal": goal,
            "audience_segment": segment,
            "arm": arm,
            "visitors": result.visitors,
            "converted": result.converted,
            **_columns("rate", result.rate),
            **_columns("lift", lift),
            "p_value": p_value if compared else None,
        }


def _columns(name: str, estimate: Estimate | NotComputable | None) -> dict[str, float | None]:
    if not isinstance(estimate, Estimate):
        return {name: None, f"{name}_low": None, f"{name}_high": None}
    return {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}


def _time(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
