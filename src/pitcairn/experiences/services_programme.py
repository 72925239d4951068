"""What changes the programme as a whole: the share of visitors kept from all experiences, and weights found by a job."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from pitcairn.experiences.content import ExperienceError, Problem
from pitcairn.experiences.models import (
    Allocation,
    AudienceSegment,
    Experience,
    ExperienceState,
    HoldoutPeriod,
    Variation,
)
from pitcairn.experiences.saving import open_epoch
from pitcairn.workspaces.services import configuration_changed

MAX_HOLDOUT = 0.5
"""More than half of all visitors is no comparison any more, and most likely a slip."""


@transaction.atomic
def set_holdout(workspace_id: int, share: float, *, by: str = "", now: datetime | None = None) -> None:
    """From now on this share of visitors (0 to 0.5) is kept from all experiences. Raises ExperienceError.

    Visitors who have taken part in an experience go on taking part, whatever the share.
    """
    if not 0 <= share <= MAX_HOLDOUT:
        raise ExperienceError(Problem("share", f"{share!r} is not a holdout; give a share from 0 to {MAX_HOLDOUT}"))
    last = HoldoutPeriod.objects.filter(workspace_id=workspace_id).last()
    if share == (last.share if last else 0.0):
        return
    HoldoutPeriod.objects.create(
        workspace_id=workspace_id, started_at=now or timezone.now(), share=float(share), made_by=by
    )
    configuration_changed()


@transaction.atomic
def set_weights(
    workspace_id: int,
    experience_id: int,
    weights: Mapping[int, Mapping[int, float]],
    *,
    now: datetime | None = None,
) -> None:
    """Sets the weights of segments that are shared to what works, by segment and variation. It makes one epoch for all of
    them, and no version.

    Raises ExperienceError unless the experience is live, each segment has that allocation, and each of its variations gets
    a weight; then nothing is changed.
    """
    experience = Experience.objects.select_for_update().filter(workspace_id=workspace_id, id=experience_id).first()
    if experience is None:
        raise ExperienceError(f"there is no experience {experience_id} in this workspace; it may have been deleted")
    if experience.state != ExperienceState.LIVE:
        raise ExperienceError(f"“{experience.name}” is not live, so nobody is shared among its variations")
    for segment_id, given in weights.items():
        _set_segment_weights(experience, segment_id, given)
    open_epoch(experience, now or timezone.now())
    configuration_changed()


def _set_segment_weights(experience: Experience, segment_id: int, weights: Mapping[int, float]) -> None:
    segment = AudienceSegment.objects.filter(id=segment_id, experience=experience, removed=False).first()
    if segment is None:
        raise ExperienceError(f"there is no segment {segment_id} in “{experience.name}”; it may have been removed")
    if segment.allocation != Allocation.OPTIMIZE:
        raise ExperienceError(f"the variations of “{segment.name}” are not shared to what works; choose that first")
    variations = list(segment.variations.filter(removed=False))
    if {one.id for one in variations} != set(weights) or any(not 0 <= one < float("inf") for one in weights.values()):
        raise ExperienceError(f"give each variation of “{segment.name}” a weight of at least 0, and no other")
    if not sum(weights.values()) > 0:
        raise ExperienceError(f"all weights of “{segment.name}” are 0; give one of its variations a weight")
    for one in variations:
        Variation.objects.filter(id=one.id).update(weight=weights[one.id])
