"""Experiences in the SQL store, written and read whole. Nothing here checks anything, and every write needs a transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from django.db.models import Prefetch, QuerySet

from pitcairn import conditions
from pitcairn.experiences.changes import parse_changes, to_json
from pitcairn.experiences.content import Content, SegmentInput, VariationInput, content_json
from pitcairn.experiences.models import (
    Allocation,
    AllocationEpoch,
    AudienceSegment,
    ExclusionGroup,
    Experience,
    ExperienceVersion,
    Variation,
)
from pitcairn.experiences.timing import Frequency, Schedule


def whole(experiences: QuerySet[Experience]) -> QuerySet[Experience]:
    """The experiences with their segments and variations, without those that were removed."""
    segments = AudienceSegment.objects.filter(removed=False).order_by("position", "id")
    variations = Variation.objects.filter(removed=False).order_by("position", "id")
    return experiences.select_related("exclusion_group").prefetch_related(
        Prefetch("segments", segments), Prefetch("segments__variations", variations)
    )


def content_of(experience: Experience) -> Content:
    """What an experience that was read `whole` holds. Raises msgspec.ValidationError for what newer rules refuse."""
    return Content(
        name=experience.name,
        page_url=experience.page_url,
        control_share=experience.control_share,
        type=experience.type,
        config=experience.config,
        schedule=msgspec.convert(experience.schedule, Schedule | None),
        frequency=msgspec.convert(experience.frequency, Frequency | None),
        exclusion_group=experience.exclusion_group.name if experience.exclusion_group else "",
        segments=[
            SegmentInput(
                id=segment.id,
                name=segment.name,
                condition=segment.condition,
                allocation=segment.allocation,
                variations=[
                    VariationInput(
                        id=variation.id,
                        name=variation.name,
                        changes=variation.changes,
                        config=variation.config,
                        weight=variation.weight if segment.allocation == Allocation.MANUAL else None,
                    )
                    for variation in segment.variations.all()
                ],
            )
            for segment in experience.segments.all()
        ],
    )


def write_content(experience: Experience, content: Content) -> None:
    """Replaces what the experience holds. Segments and variations keep their ids; what is not named is marked as removed."""
    experience.name = content.name.strip()
    experience.page_url = content.page_url.strip()
    experience.control_share = float(content.control_share)
    experience.type = content.type
    experience.config = dict(content.config)
    experience.schedule = None if content.schedule is None else msgspec.to_builtins(content.schedule)
    experience.frequency = None if content.frequency is None else msgspec.to_builtins(content.frequency)
    group = content.exclusion_group.strip()
    experience.exclusion_group = (
        ExclusionGroup.objects.get_or_create(workspace_id=experience.workspace_id, name=group)[0] if group else None
    )
    experience.save()
    present = experience.segments.filter(removed=False).values_list("name", "id")
    ids = _ids([(one.name, one.id) for one in content.segments], dict(present))
    saved = {segment.id: segment for segment in experience.segments.all()}
    # Names are unique among those that are not removed, and two segments may swap theirs.
    experience.segments.update(removed=True)
    for position, (given, segment_id) in enumerate(zip(content.segments, ids, strict=True)):
        segment = AudienceSegment(experience=experience) if segment_id is None else saved[segment_id]
        segment.name = given.name.strip()
        segment.position = position
        segment.condition = conditions.to_json(conditions.parse(given.condition))
        segment.allocation = given.allocation
        segment.removed = False
        segment.save()
        _write_variations(segment, given.variations)


def record_version(
    experience: Experience, content: Content, *, at: datetime, by: str, restores: int | None = None
) -> None:
    """Keeps the content as the next version of the experience, and counts it."""
    experience.version += 1
    Experience.objects.filter(id=experience.id).update(version=experience.version)
    ExperienceVersion.objects.create(
        experience=experience,
        number=experience.version,
        content=content_json(content),
        made_at=at,
        made_by=by,
        restores=restores,
    )


def open_epoch(experience: Experience, at: datetime) -> None:
    """Begins an allocation epoch if the shares are others than in the last one. Drafts have none."""
    if experience.started_at is None:
        return
    control = experience.control_share if experience.promoted_at is None else 0.0
    split = _split(experience)
    last = experience.epochs.order_by("-started_at", "-id").first()
    if last is None or (last.control_share, last.split) != (control, split):
        AllocationEpoch.objects.create(experience=experience, started_at=at, control_share=control, split=split)


def shares(weights: Sequence[float]) -> list[float]:
    """The weights as parts of their sum; even ones when all are 0."""
    total = sum(weights)
    return [weight / total for weight in weights] if total > 0 else [1 / len(weights)] * len(weights)


def _split(experience: Experience) -> Mapping[str, Mapping[str, float]]:
    split: dict[str, dict[str, float]] = {}
    variations = Variation.objects.filter(
        segment__experience=experience, segment__removed=False, removed=False
    ).order_by("segment_id", "position", "id")
    for segment_id, variation_id, weight in variations.values_list("segment_id", "id", "weight"):
        split.setdefault(str(segment_id), {})[str(variation_id)] = weight
    return {
        segment: dict(zip(weights, shares(list(weights.values())), strict=True)) for segment, weights in split.items()
    }


def _ids(given: Sequence[tuple[str, int | None]], present: Mapping[str, int]) -> list[int | None]:
    """Whom each (name, id) replaces: the one with its id, without an id the one with its name that no other replaces."""
    claimed = {known for _, known in given if known is not None}
    free = {name: known for name, known in present.items() if known not in claimed}
    return [known if known is not None else free.get(name.strip()) for name, known in given]


def _write_variations(segment: AudienceSegment, given: Sequence[VariationInput]) -> None:
    saved = {variation.id: variation for variation in segment.variations.all()}
    present = {one.name: one.id for one in saved.values() if not one.removed}
    ids = _ids([(one.name, one.id) for one in given], present)
    segment.variations.update(removed=True)
    found = [saved[known].weight for known in ids if known is not None]
    typical = sum(found) / len(found) if found else 1.0
    for position, (one, known) in enumerate(zip(given, ids, strict=True)):
        variation = Variation(segment=segment, weight=typical) if known is None else saved[known]
        variation.name = one.name.strip()
        variation.position = position
        variation.changes = to_json(parse_changes(one.changes))
        variation.config = dict(one.config)
        variation.removed = False
        if segment.allocation == Allocation.EVEN:
            variation.weight = 1.0
        elif one.weight is not None:
            variation.weight = one.weight
        elif segment.allocation == Allocation.MANUAL:
            variation.weight = 1.0
        variation.save()
