"""The job that shares visitors to what works: once a day it looks at every live experience with such segments.

`optimize_due` is called by the worker with its clock. An experience belongs to whoever moves its `next_at` on, so that of several
workers one looks at it; it is moved on by a few minutes first and by a day when the look is done, so that a worker that dies
in between is followed by another. A look repeated changes nothing: shares follow from the counts alone. Each look is kept
as a step, whatever came of it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from pitcairn.experiences.content import ExperienceError
from pitcairn.experiences.queries import ExperienceOutline, experience_outline, learning_experiences
from pitcairn.experiences.services_programme import set_weights
from pitcairn.experiments.asking import asked_of
from pitcairn.experiments.learning import Learned, learn
from pitcairn.experiments.models import Optimization, OptimizationOutcome, OptimizationStep
from pitcairn.experiments.queries import goals_of

if TYPE_CHECKING:
    from pitcairn.eventstore import EventStore

logger = logging.getLogger(__name__)

EVERY = timedelta(days=1)
LEASE = timedelta(minutes=10)
"""How long a look may take before another worker takes it over."""


def optimize_due(store: EventStore, now: datetime, *, stopping: Callable[[], bool] = lambda: False) -> int:
    """Looks at every experience that is due; returns how many those were."""
    looked = 0
    for experience_id in learning_experiences():
        if stopping():
            break
        if not _claimed(experience_id, now):
            continue
        _optimize(experience_id, store, now)
        Optimization.objects.filter(experience_id=experience_id).update(next_at=now + EVERY)
        looked += 1
    return looked


def _claimed(experience_id: int, now: datetime) -> bool:
    row, _ = Optimization.objects.get_or_create(experience_id=experience_id, defaults={"next_at": now})
    due = Optimization.objects.filter(id=row.id, next_at=row.next_at, next_at__lte=now)
    # Only one of several that look sees its update count.
    return bool(due.update(next_at=now + LEASE))


def _optimize(experience_id: int, store: EventStore, now: datetime) -> None:
    experience = experience_outline(experience_id)
    if experience is None:
        return
    segments = [one for one in experience.segments if one.learning]
    goals = goals_of(experience_id)[:1]
    if not segments or not goals or experience.control_share >= 1:
        return
    asked = asked_of(experience, now, goals)
    numeric = goals[0].definition.numeric
    counted = store.results(asked.query) if numeric else store.results_by_day(asked.query)
    cells = [cell for cell in counted if cell.kind == "first_day" and not cell.excluded]
    learned = {
        segment.id: learn(experience, segment, cells, asked.allocation, numeric=numeric, now=now)
        for segment in segments
    }
    try:
        _apply(experience, learned, goals[0].name, now)
    except ExperienceError as error:
        # Somebody changed or stopped it while it was counted; the next look sees it as it is then.
        logger.info("The shares of experience %s stay as they are: %s", experience_id, error)


@transaction.atomic
def _apply(experience: ExperienceOutline, learned: Mapping[int, Learned], goal: str, now: datetime) -> None:
    changes = {
        segment_id: dict(one.shares)
        for segment_id, one in learned.items()
        if one.outcome is OptimizationOutcome.CHANGED
    }
    if changes:
        set_weights(experience.workspace_id, experience.id, changes, now=now)
    OptimizationStep.objects.bulk_create(
        OptimizationStep(
            segment_id=segment_id,
            made_at=now,
            outcome=one.outcome,
            goal=goal,
            shares=_keyed(one.shares),
            chances=_keyed(one.chances),
            counted=_keyed(one.counted),
            note=one.note,
        )
        for segment_id, one in learned.items()
    )


def _keyed(values: Mapping[int, float] | Mapping[int, tuple[int, int]]) -> dict[str, object]:
    return {
        str(variation): list(value) if isinstance(value, Sequence) else value for variation, value in values.items()
    }
