"""What changes experiences: saving them whole, bringing them from state to state, their versions, and their order.

The form, the editor, the command line and the demo's seed all save through `save_experience`, from plain data. Everything
that is wrong is reported at once, each problem with its path, so that a form can show it beside the field.

Two people may edit one experience. So whoever saves says from which version they started: `base_version`. If somebody else
saved in between, nothing is changed and `OutdatedError` says so; what was typed is still with whoever typed it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from django.db import IntegrityError, transaction
from django.utils import timezone
from msgspec import UNSET, UnsetType

from pitcairn.experiences.checking import NEEDS_GOAL, problems_of, unready
from pitcairn.experiences.content import (
    Content,
    ExperienceError,
    OutdatedError,
    Problem,
    SegmentInput,
    VariationInput,
    read_content,
)
from pitcairn.experiences.models import SERVED, Experience, ExperienceState, ExperienceVersion
from pitcairn.experiences.saving import content_of, open_epoch, record_version, whole, write_content
from pitcairn.experiences.timing import Frequency, Schedule
from pitcairn.experiments import queries as experiment_queries
from pitcairn.experiments import services as experiment_services
from pitcairn.workspaces.services import configuration_changed

__all__ = ["Content", "ExperienceError", "OutdatedError", "Problem", "SegmentInput", "VariationInput"]


def save_experience(
    *,
    workspace_id: int,
    name: str,
    page_url: str = "*",
    control_share: float = 0.5,
    segments: Sequence[SegmentInput | Mapping[str, Any]] = (),
    type: str | UnsetType = UNSET,  # noqa: A002 - the glossary's word, given by name
    config: Mapping[str, Any] | UnsetType = UNSET,
    schedule: Schedule | UnsetType | None = UNSET,
    frequency: Frequency | UnsetType | None = UNSET,
    exclusion_group: str | UnsetType = UNSET,
    goals: Sequence[str] | None = None,
    primary_goal: str | None = None,
    guardrails: Sequence[str] | None = None,
    experience_id: int | None = None,
    base_version: int | None = None,
    by: str = "",
    start: bool = False,
    now: datetime | None = None,
) -> Experience:
    """Makes an experience, or replaces what one holds: its segments in this order, with their variations, and its goals.

    A draft may lack segments, changes or goals; one that visitors see or saw may not, nor one that `start` is to bring
    live. What is left UNSET stays as it is; so do goals that are None. `goals` are Track event names, the primary one the
    first unless `primary_goal` says otherwise. Segments and variations that are not given are removed; those with an `id`
    keep it. `by` says who saves (an email address).

    `base_version` is needed to replace: the version that the change was made from. Raises OutdatedError when that is no
    longer the one in force, and ExperienceError with every other problem; then nothing is changed. A save that changes
    nothing makes no version.
    """
    given = [one if isinstance(one, SegmentInput) else _segment_input(one, index) for index, one in enumerate(segments)]
    try:
        with transaction.atomic():
            saved = _for_change(workspace_id, experience_id) if experience_id is not None else None
            if saved is not None:
                _check_base(saved, base_version)
            kept = content_of(_whole(saved)) if saved is not None else Content(name=name)
            content = Content(
                name=name,
                page_url=page_url,
                control_share=control_share,
                type=kept.type if type is UNSET else type,
                config=kept.config if config is UNSET else config,
                schedule=kept.schedule if schedule is UNSET else schedule,
                frequency=kept.frequency if frequency is UNSET else frequency,
                exclusion_group=kept.exclusion_group if exclusion_group is UNSET else exclusion_group,
                segments=given,
            )
            return _save(
                workspace_id,
                saved,
                content,
                goals=goals,
                primary=primary_goal,
                guardrails=guardrails,
                by=by,
                start=start,
                now=now,
            )
    except IntegrityError:
        problem = f"there is an experience named “{name.strip()}” already; choose another name"
        raise ExperienceError(Problem("name", problem)) from None


@transaction.atomic
def save_changes(
    workspace_id: int,
    experience_id: int,
    variation_id: int,
    changes: Sequence[Mapping[str, Any]],
    *,
    base_version: int,
    by: str = "",
    now: datetime | None = None,
) -> Experience:
    """Replaces the page changes of one variation and nothing else, as `save_experience` does; for the visual editor.

    Problems have the path `changes[1].selector`.
    """
    saved = _for_change(workspace_id, experience_id)
    _check_base(saved, base_version)
    content = content_of(_whole(saved))
    place, segments = "", []
    for index, segment in enumerate(content.segments):
        variations = list(segment.variations)
        for number, variation in enumerate(variations):
            if variation.id == variation_id:
                variations[number] = msgspec.structs.replace(variation, changes=changes)
                place = f"segments[{index}].variations[{number}]."
        segments.append(msgspec.structs.replace(segment, variations=variations))
    if not place:
        raise ExperienceError(f"there is no variation {variation_id} in “{saved.name}” any more; read it again")
    try:
        return _save(workspace_id, saved, msgspec.structs.replace(content, segments=segments), by=by, now=now)
    except ExperienceError as error:
        raise ExperienceError(*(Problem(one.path.removeprefix(place), one.text) for one in error.problems)) from None


@transaction.atomic
def restore_version(
    workspace_id: int, experience_id: int, number: int, *, base_version: int, by: str = "", now: datetime | None = None
) -> Experience:
    """Makes an older version the one in force again, as a new version. Goals, state and priority stay as they are.

    Segments and variations come back under the ids they had, so that visitors get what they got, and results go on.
    Raises as `save_experience` does; a name that another experience has by now is a problem like any other.
    """
    saved = _for_change(workspace_id, experience_id)
    _check_base(saved, base_version)
    version = ExperienceVersion.objects.filter(experience=saved, number=number).first()
    if version is None:
        raise ExperienceError(f"“{saved.name}” has no version {number}; the newest is {saved.version}")
    return _save(workspace_id, saved, read_content(version.content), by=by, now=now, restores=number)


@transaction.atomic
def duplicate_experience(workspace_id: int, experience_id: int, *, by: str = "") -> Experience:
    """Makes a draft that holds what the experience holds, goals in their roles included, at the end of the order."""
    experience = _found(workspace_id, experience_id)
    content = content_of(_whole(experience))
    names = set(Experience.objects.filter(workspace_id=workspace_id).values_list("name", flat=True))
    endings = ["(copy)", *(f"(copy {number})" for number in range(2, len(names) + 3))]
    name = next(one for ending in endings if (one := f"{content.name[: 119 - len(ending)]} {ending}") not in names)
    segments = [
        msgspec.structs.replace(
            segment, id=None, variations=[msgspec.structs.replace(one, id=None) for one in segment.variations]
        )
        for segment in content.segments
    ]
    goals = experiment_queries.goals_of(experience_id)
    return _save(
        workspace_id,
        None,
        msgspec.structs.replace(content, name=name, segments=segments),
        goals=[goal.name for goal in goals],
        guardrails=[goal.name for goal in goals if goal.role == "guardrail"],
        by=by,
    )


@transaction.atomic
def choose_goals(
    workspace_id: int,
    experience_id: int,
    events: Sequence[str],
    primary: str | None = None,
    guardrails: Sequence[str] | None = None,
) -> None:
    """Sets the goals an experience is judged by, by name. `guardrails` are those that must not get worse.

    Raises ExperienceError; one that visitors see or saw needs a goal."""
    experience = _for_change(workspace_id, experience_id)
    problems = [Problem("goals", text) for text in experiment_services.goal_problems(events, primary)]
    if not events and experience.state != ExperienceState.DRAFT:
        problems.append(Problem("goals", NEEDS_GOAL))
    if problems:
        raise ExperienceError(*problems)
    experiment_services.choose_goals(experience.id, workspace_id, events, primary, guardrails)


# From state to state


@transaction.atomic
def start_experience(workspace_id: int, experience_id: int, *, now: datetime | None = None) -> Experience:
    """Puts a draft live, or a promoted experience live again, with its control group.

    Raises ExperienceError when it lacks what visitors or results need: a segment, changes in each variation, a goal.
    """
    experience = _for_change(workspace_id, experience_id)
    if experience.state == ExperienceState.LIVE:
        return experience
    if problems := missing_for_start(experience.id):
        raise ExperienceError(*problems)
    experience.promoted_at = None
    return _bring_into(experience, ExperienceState.LIVE, now)


def missing_for_start(experience_id: int) -> tuple[Problem, ...]:
    """What an experience still lacks to be live; nothing when it can be started."""
    content = content_of(whole(Experience.objects.filter(id=experience_id)).get())
    return tuple(unready(content, experiment_queries.goal_names(experience_id)))


@transaction.atomic
def promote_experience(workspace_id: int, experience_id: int, *, now: datetime | None = None) -> Experience:
    """Shows a live or paused experience to everyone it is for: nobody is in control, and its results stand still."""
    experience = _for_change(workspace_id, experience_id)
    if experience.state == ExperienceState.PROMOTED:
        return experience
    if experience.state == ExperienceState.DRAFT:
        raise ExperienceError(f"“{experience.name}” is a draft; start it first, so that there is something to promote")
    experience.promoted_at = now or timezone.now()
    return _bring_into(experience, ExperienceState.PROMOTED, now)


@transaction.atomic
def pause_experience(workspace_id: int, experience_id: int) -> Experience:
    """Stops showing an experience; visitors see the original, and it can be resumed. Raises ExperienceError."""
    experience = _for_change(workspace_id, experience_id)
    if experience.state == ExperienceState.DRAFT:
        raise ExperienceError(f"“{experience.name}” is a draft; only a live experience can be paused")
    return _bring_into(experience, ExperienceState.PAUSED)


@transaction.atomic
def resume_experience(workspace_id: int, experience_id: int, *, now: datetime | None = None) -> Experience:
    """Shows a paused experience again, promoted if it was that. Raises ExperienceError as `start_experience` does."""
    experience = _for_change(workspace_id, experience_id)
    if experience.state != ExperienceState.PAUSED or experience.promoted_at is None:
        return start_experience(workspace_id, experience_id, now=now)
    return _bring_into(experience, ExperienceState.PROMOTED, now)


@transaction.atomic
def archive_experience(workspace_id: int, experience_id: int, *, now: datetime | None = None) -> Experience:
    """Takes an experience away for good: visitors see the original, its results stay. Raises ExperienceError."""
    experience = _for_change(workspace_id, experience_id)
    if experience.state == ExperienceState.DRAFT:
        raise ExperienceError(f"“{experience.name}” is a draft and was never live; delete it instead")
    experience.archived_at = now or timezone.now()
    return _bring_into(experience, ExperienceState.ARCHIVED)


@transaction.atomic
def delete_draft(workspace_id: int, experience_id: int) -> None:
    """Deletes an experience that was never live. Raises ExperienceError for any other: its results would lose names."""
    experience = _found(workspace_id, experience_id)
    if experience.state != ExperienceState.DRAFT:
        raise ExperienceError(
            f"“{experience.name}” has been live; archive it instead, so that its results stay readable"
        )
    experience.delete()
    configuration_changed()


# Order


@transaction.atomic
def reorder_experiences(workspace_id: int, experience_ids: Sequence[int]) -> None:
    """Sets the priority of experiences, the first first. Raises ExperienceError unless every one of the workspace is named."""
    known = set(Experience.objects.filter(workspace_id=workspace_id).values_list("id", flat=True))
    if len(experience_ids) != len(known) or set(experience_ids) != known:
        raise ExperienceError("the order must name each experience of the workspace once; read the list again")
    for position, experience_id in enumerate(experience_ids):
        Experience.objects.filter(id=experience_id).update(position=position)
    configuration_changed()


def _save(
    workspace_id: int,
    saved: Experience | None,
    content: Content,
    *,
    goals: Sequence[str] | None = None,
    primary: str | None = None,
    guardrails: Sequence[str] | None = None,
    by: str = "",
    start: bool = False,
    now: datetime | None = None,
    restores: int | None = None,
) -> Experience:
    problems = problems_of(content, workspace_id, saved)
    if goals is not None:
        problems += [Problem("goals", text) for text in experiment_services.goal_problems(goals, primary)]
    if start or (saved is not None and saved.state != ExperienceState.DRAFT):
        kept = experiment_queries.goal_names(saved.id) if saved is not None else []
        problems += unready(content, list(goals) if goals is not None else kept)
    if problems:
        raise ExperienceError(*problems)
    at = now or timezone.now()
    if saved is None:
        last = Experience.objects.filter(workspace_id=workspace_id).order_by("-position").first()
        experience = Experience(workspace_id=workspace_id, position=last.position + 1 if last else 0)
        before = None
    else:
        experience, before = saved, content_of(_whole(saved))
    edited = experience.updated_at
    write_content(experience, content)
    after = content_of(_whole(experience))
    if before is not None and _shown(before) == _shown(after):
        # `updated_at` says since when visitors see what they see; saving anew, or another name, changes none of it.
        Experience.objects.filter(id=experience.id).update(updated_at=edited)
    if after != before:
        record_version(experience, after, at=at, by=by, restores=restores)
        open_epoch(experience, at)
    if goals is not None:
        experiment_services.choose_goals(experience.id, workspace_id, goals, primary, guardrails)
    configuration_changed()
    return _bring_into(experience, ExperienceState.LIVE, now) if start else experience


def _segment_input(value: Mapping[str, Any], index: int) -> SegmentInput:
    try:
        return msgspec.convert(value, SegmentInput)
    except msgspec.ValidationError as error:
        raise ExperienceError(Problem(f"segments[{index}]", str(error))) from None


def _found(workspace_id: int, experience_id: int) -> Experience:
    """The experience, held against other changes until the transaction ends, if there is one."""
    ours = Experience.objects.filter(workspace_id=workspace_id, id=experience_id)
    experience = (ours.select_for_update() if transaction.get_connection().in_atomic_block else ours).first()
    if experience is None:
        raise ExperienceError(f"there is no experience {experience_id} in this workspace; it may have been deleted")
    return experience


def _for_change(workspace_id: int, experience_id: int) -> Experience:
    experience = _found(workspace_id, experience_id)
    if experience.state == ExperienceState.ARCHIVED:
        raise ExperienceError(f"“{experience.name}” is archived and stays as it was; duplicate it instead")
    return experience


def _check_base(experience: Experience, base_version: int | None) -> None:
    if base_version is None:
        raise ExperienceError(
            Problem("version", f"say which version the change was made from; the one in force is {experience.version}")
        )
    if base_version == experience.version:
        return
    last = ExperienceVersion.objects.filter(experience=experience, number=experience.version).first()
    who = last.made_by if last is not None and last.made_by else "somebody"
    raise OutdatedError(
        f"“{experience.name}” was saved by {who} in the meantime: this was made from version {base_version}, and version "
        f"{experience.version} is in force now. Nothing was saved; open version {experience.version} and make the "
        "change there",
        experience.version,
    )


def _whole(experience: Experience) -> Experience:
    return whole(Experience.objects.filter(id=experience.id)).get()


def _shown(content: Content) -> object:
    """What visitors see, to be compared: all but names and the time it is shown."""
    return (
        content.page_url,
        content.control_share,
        content.config,
        [
            (one.id, one.condition, one.allocation, [(v.id, v.changes, v.config, v.weight) for v in one.variations])
            for one in content.segments
        ],
    )


def _bring_into(experience: Experience, state: ExperienceState, now: datetime | None = None) -> Experience:
    experience.state = state
    if state in SERVED:
        experience.started_at = experience.started_at or now or timezone.now()
    # update() leaves `updated_at` alone, which says when what visitors see was last edited.
    Experience.objects.filter(id=experience.id).update(
        state=state,
        started_at=experience.started_at,
        promoted_at=experience.promoted_at,
        archived_at=experience.archived_at,
    )
    open_epoch(experience, now or timezone.now())
    configuration_changed()
    return experience
