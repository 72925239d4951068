"""What was learned about the shares of segments that are shared to what works, as the results page shows it."""

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
    """A segment and its newest steps, the newest first. A variation that came later has empty cells before."""

    name: str
    variations: tuple[str, ...]
    rows: tuple[StepRow, ...]


def sharing_history(results: ExperienceResults) -> tuple[SegmentSharing, ...]:
    names = results.allocation
    found = []
    for segment_id in dict.fromkeys(step.segment_id for step in results.steps):
        steps = [step for step in results.steps if step.segment_id == segment_id][-MOST_ROWS:]
        ids = list(dict.fromkeys(variation for step in steps for variation in step.shares))
        columns = {one: names.variations.get(one, f"Deleted variation {one}") for one in ids}
        found.append(
            SegmentSharing(
                name=names.segments.get(segment_id, f"Deleted segment {segment_id}"),
                variations=tuple(columns.values()),
                rows=tuple(_row(step, columns) for step in reversed(steps)),
            )
        )
    return tuple(found)


def _row(step: SharingStep, columns: dict[int, str]) -> StepRow:
    return StepRow(
        at=step.made_at,
        cells=tuple(
            StepCell(
                name=name,
                share=words.share(step.shares[one]) if one in step.shares else "",
                chance=f"best with {words.share(step.chances[one])}" if one in step.chances else "",
            )
            for one, name in columns.items()
        ),
        done=_done(step),
    )


def _done(step: SharingStep) -> str:
    if step.outcome is OptimizationOutcome.CHANGED and not step.note:
        return f"Shared anew, by {step.goal}"
    note = step.note or str(OptimizationOutcome(step.outcome).label)
    return f"{note[:1].upper()}{note[1:]}"
