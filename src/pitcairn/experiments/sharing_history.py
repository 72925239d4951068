"""What was learned about the shares of segments that are shared to what works, as the results page shows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pitcairn.experiments import words
from pitcairn.experiments.models import OptimizationOutcome
from pitcairn.experiments.queries import SharingStep
from pitcairn.experiments.result_values import ExperienceResults

MOST_ROWS = 60


@dataclass(frozen=True, kw_only=True)
class StepCell:
    name: str
    share: str
    chance: str


@dataclass(frozen=True, kw_only=True)
class StepRow:
    at: datetime
    cells: tuple[StepCell, ...]
    done: str


@dataclass(frozen=True, kw_only=True)
class SegmentSharing:
    """A segment and its newest steps, the newest first; looks in a row that changed nothing are one, the last of them. A
    variation that came later has empty cells before."""

    name: str
    variations: tuple[str, ...]
    rows: tuple[StepRow, ...]


def sharing_history(results: ExperienceResults) -> tuple[SegmentSharing, ...]:
    names = results.allocation
    found = []
    for segment_id in dict.fromkeys(step.segment_id for step in results.steps):
        steps = [step for step in results.steps if step.segment_id == segment_id]
        ids = list(dict.fromkeys(variation for step in steps for variation in step.shares))
        columns = {one: names.variations.get(one, f"Deleted variation {one}") for one in ids}
        found.append(
            SegmentSharing(
                name=names.segments.get(segment_id, f"Deleted segment {segment_id}"),
                variations=tuple(columns.values()),
                rows=tuple(_row(step, times, columns) for step, times in reversed(_runs(steps)[-MOST_ROWS:])),
            )
        )
    return tuple(found)


def _runs(steps: Sequence[SharingStep]) -> list[tuple[SharingStep, int]]:
    """Each change, and between changes the last look with how many there were."""
    found: list[tuple[SharingStep, int]] = []
    for step in steps:
        if found and step.outcome is found[-1][0].outcome is not OptimizationOutcome.CHANGED:
            found[-1] = (step, found[-1][1] + 1)
        else:
            found.append((step, 1))
    return found


def _row(step: SharingStep, times: int, columns: dict[int, str]) -> StepRow:
    return StepRow(
        at=step.made_at,
        cells=tuple(
            StepCell(
                name=name,
                share=words.share(step.shares[one], aligned=True) if one in step.shares else "",
                chance=_chance(step.chances[one]) if one in step.chances else "",
            )
            for one, name in columns.items()
        ),
        done=_done(step, times),
    )


def _chance(chance: float) -> str:
    said = words.share(chance) if chance >= 0.001 else f"below {words.share(0.001)}"
    return f"best with {said}".replace(" ", words.NO_BREAK)


def _done(step: SharingStep, times: int) -> str:
    if step.outcome is OptimizationOutcome.CHANGED and not step.note:
        return f"Shared anew, by {step.goal}"
    if step.outcome is OptimizationOutcome.KEPT:
        looks = "" if times == 1 else f", at each of {times} looks"
        return f"Kept: what was learned would change little{looks}"
    note = step.note or str(OptimizationOutcome(step.outcome).label)
    return f"{note[:1].upper()}{note[1:]}"
