"""Results for other programs: JSON with camelCase keys, and rows for a table."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pitcairn.experiments.checks import checks
from pitcairn.experiments.findings import ALPHA, Finding, plain
from pitcairn.experiments.recommendations import advice
from pitcairn.stats import Clustered, Estimate, NotComputable, Odds, SplitCheck

if TYPE_CHECKING:
    from pitcairn.experiments.result_values import ArmResult, ExperienceResults, GoalResult, LiftOnDay

COLUMNS = (
    "goal",
    "role",
    "audience_segment",
    "breakdown",
    "part",
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
    "fixed_lift",
    "fixed_lift_low",
    "fixed_lift_high",
    "fixed_p_value",
    "chance_to_be_better",
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
        "confidenceLevel": 1 - ALPHA,
        "visitors": results.visitors,
        "leftOut": {"bots": results.left.bots, "internal": results.left.internal},
        "seenInSeveralVariations": results.left.crossed,
        "mergedVisitors": results.left.merged,
        "exposuresWithoutDecision": results.left.unassigned,
        "split": _split(results.split),
        "recommendation": advice(results),
        "goals": [_goal(goal) for goal in results.goals],
        "sharing": _sharing(results),
        "checks": [
            {"name": check.name, "ok": check.ok, "title": check.title, "text": check.text} for check in checks(results)
        ],
    }


def rows(results: "ExperienceResults") -> Iterator[dict[str, Any]]:
    """One row per goal, segment or part, and arm, with the keys of COLUMNS; segment and part are empty for the whole."""
    for goal in results.goals:
        head = {"goal": goal.name, "role": goal.goal.role.value}
        yield from _rows(head, "", (("personalized", goal.personalized, goal.finding),), goal.control)
        for segment in goal.segments:
            arms = [(one.name, one.result, one.finding) for one in segment.variations] or [
                ("personalized", segment.personalized, segment.finding)
            ]
            yield from _rows(head, segment.name, arms, segment.control)
        for part in goal.parts:
            for arm, result in (("personalized", part.personalized), ("control", part.control)):
                compared = arm == "personalized"
                yield {
                    **dict.fromkeys(COLUMNS),
                    **head,
                    "audience_segment": "",
                    "breakdown": part.kind,
                    "part": part.name,
                    "arm": arm,
                    "visitors": result.visitors,
                    "converted": result.converted,
                    **_columns("rate", result.rate),
                    **_columns("fixed_lift", part.lift if compared else None),
                    "fixed_p_value": _number(part.adjusted_p_value) if compared else None,
                }


def _goal(goal: "GoalResult") -> dict[str, Any]:
    definition = goal.goal.definition
    return {
        "name": goal.name,
        "what": definition.in_words,
        "kind": definition.kind.value,
        "role": goal.goal.role.value,
        "primary": goal.primary,
        "numeric": goal.numeric,
        "unit": definition.unit.value,
        "attributionWindowDays": definition.window_days,
        "chosenAt": _time(goal.goal.chosen_at),
        "chosenAfterLaunch": goal.chosen_late,
        **_sides(goal.personalized, goal.control, goal.finding),
        "byAccount": _clustered(goal.clustered),
        "segments": [
            {
                "audienceSegment": {"id": segment.id, "name": segment.name},
                **_sides(segment.personalized, segment.control, segment.finding),
                "series": _lifts(segment.lifts),
                "variations": [
                    {
                        "variation": {"id": one.id, "name": one.name},
                        **_sides(one.result, segment.control, one.finding),
                        "series": _lifts(one.lifts),
                    }
                    for one in segment.variations
                ],
            }
            for segment in goal.segments
        ],
        "breakdowns": [
            {
                "by": part.kind,
                "part": part.name,
                "personalized": _arm(part.personalized),
                "control": _arm(part.control),
                "lift": _estimate(part.lift),
                "adjustedPValue": _number(part.adjusted_p_value),
            }
            for part in goal.parts
        ],
        "series": [
            {
                "day": day.day.isoformat(),
                "personalized": _arm(day.personalized),
                "control": _arm(day.control),
                "lift": None if day.lift is None else _estimate(day.lift),
            }
            for day in goal.series
        ],
    }


def _sides(personalized: "ArmResult", control: "ArmResult", finding: Finding) -> dict[str, Any]:
    fixed, odds = finding.fixed, finding.odds
    return {
        "verdict": finding.verdict.value,
        "inWords": plain(finding),
        "personalized": _arm(personalized),
        "control": _arm(control),
        "lift": _estimate(finding.lift),
        "pValue": _number(finding.p_value),
        "fixedHorizon": {
            "difference": _estimate(fixed if isinstance(fixed, NotComputable) else fixed.difference),
            "lift": _estimate(finding.fixed_lift),
            "pValue": _number(finding.fixed_p_value),
        },
        "chanceToBeBetter": odds.chance if isinstance(odds, Odds) else None,
        "expectedLossIfChosen": odds.loss_if_chosen if isinstance(odds, Odds) else None,
    }


def _split(split: "SplitCheck | NotComputable") -> dict[str, Any]:
    """Visitors in control and in all variations together. `pValue` holds at every look."""
    if isinstance(split, NotComputable):
        return {"notComputable": split.reason.value}
    return {
        "verdict": split.split.value,
        "observed": list(split.observed),
        "expected": list(split.expected),
        "pValue": _number(split.always_p_value),
        "fixedHorizon": {"verdict": split.at_one_look.value, "pValue": _number(split.p_value)},
    }


def _lifts(lifts: "Sequence[LiftOnDay]") -> list[dict[str, Any]]:
    return [{"day": one.day.isoformat(), "lift": _estimate(one.lift)} for one in lifts]


def _sharing(results: "ExperienceResults") -> list[dict[str, Any]]:
    """What was learned about the shares of segments that are shared to what works, the newest last."""
    return [
        {
            "at": _time(step.made_at),
            "audienceSegmentId": step.segment_id,
            "outcome": step.outcome.value,
            "goal": step.goal,
            "note": step.note,
            "variations": [
                {
                    "variationId": variation,
                    "share": share,
                    "chanceToBeBest": step.chances.get(variation),
                    "visitors": step.counted.get(variation, (None, None))[0],
                    "converted": step.counted.get(variation, (None, None))[1],
                }
                for variation, share in step.shares.items()
            ],
        }
        for step in results.steps
    ]


def _clustered(found: "Clustered | NotComputable | None") -> dict[str, Any] | None:
    if found is None:
        return None
    if isinstance(found, NotComputable):
        return {"notComputable": found.reason.value}
    return {
        "difference": _estimate(found.comparison.difference),
        "lift": _estimate(found.comparison.lift),
        "pValue": _number(found.comparison.p_value),
        "designEffect": found.design_effect,
    }


def _arm(result: "ArmResult") -> dict[str, Any]:
    return {"visitors": result.visitors, "converted": result.converted, "rate": _estimate(result.rate)}


def _estimate(estimate: Estimate | NotComputable) -> dict[str, Any]:
    if isinstance(estimate, NotComputable):
        return {"notComputable": estimate.reason.value, "atLeast": estimate.at_least}
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}


def _number(value: float | NotComputable) -> float | None:
    return None if isinstance(value, NotComputable) else value


def _rows(head: dict[str, Any], segment: str, arms: "Any", control: "ArmResult") -> Iterator[dict[str, Any]]:
    for name, result, finding in [*arms, ("control", control, None)]:
        odds = finding.odds if finding is not None else None
        yield {
            **head,
            "audience_segment": segment,
            "breakdown": "",
            "part": "",
            "arm": name,
            "visitors": result.visitors,
            "converted": result.converted,
            **_columns("rate", result.rate),
            **_columns("lift", finding.lift if finding else None),
            "p_value": _number(finding.p_value) if finding else None,
            **_columns("fixed_lift", finding.fixed_lift if finding else None),
            "fixed_p_value": _number(finding.fixed_p_value) if finding else None,
            "chance_to_be_better": odds.chance if isinstance(odds, Odds) else None,
        }


def _columns(name: str, estimate: Estimate | NotComputable | None) -> dict[str, float | None]:
    if not isinstance(estimate, Estimate):
        return {name: None, f"{name}_low": None, f"{name}_high": None}
    return {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}


def _time(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
