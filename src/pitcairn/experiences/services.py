"""What changes experiences: saving them whole, starting, pausing and ending them, and their order.

The form, the command line and the demo's seed all save through `save_experience`, from plain data. Everything that is
wrong is reported at once, each problem with its path, so that a form can show it beside the field.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from django.db import transaction
from django.utils import timezone

from pitcairn import conditions
from pitcairn.experiences.changes import ChangeError, parse_changes, to_json
from pitcairn.experiences.models import AudienceSegment, Experience, ExperienceState, Variation
from pitcairn.experiences.page_patterns import PagePatternError, compile_page_pattern
from pitcairn.experiments import queries as experiment_queries
from pitcairn.experiments import services as experiment_services
from pitcairn.workspaces.services import configuration_changed

MAX_NAME_LENGTH = 120
# Each segment's condition is evaluated for every visitor of the page until one holds.
MAX_SEGMENTS = 50
_NEEDS_GOAL = "an experience that is live needs a goal to be judged by; choose one"


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong: where (`segments[0].changes[1].selector`; empty for the whole) and what to do."""

    path: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}: {self.text}" if self.path else self.text


class ExperienceError(ValueError):
    """An experience cannot be saved, or not be brought into a state. Holds every problem found."""

    def __init__(self, *problems: Problem | str) -> None:
        self.problems = tuple(Problem("", one) if isinstance(one, str) else one for one in problems)
        super().__init__("; ".join(str(problem) for problem in self.problems))


class SegmentInput(msgspec.Struct, frozen=True, kw_only=True):
    """An audience segment to save. `id` names the saved one it replaces; without it a new one is made.

    `condition` is a tree of `conditions/` as JSON, `changes` a list of page changes as JSON.
    """

    name: str
    condition: Mapping[str, Any] = {}
    changes: Sequence[Mapping[str, Any]] = ()
    variation: str = "Personalized"
    id: int | None = None


@transaction.atomic
def save_experience(
    *,
    workspace_id: int,
    name: str,
    page_url: str = "*",
    control_share: float = 0.5,
    segments: Sequence[SegmentInput | Mapping[str, Any]] = (),
    goals: Sequence[str] | None = None,
    primary_goal: str | None = None,
    experience_id: int | None = None,
    start: bool = False,
    now: datetime | None = None,
) -> Experience:
    """Makes an experience, or replaces what one holds: its segments in this order, with their changes, and its goals.

    A draft may lack segments, changes or goals; an experience that is live or paused may not, nor one that `start` is to
    bring live. `goals` are Track event
    names, the primary one the first unless `primary_goal` says otherwise; None leaves the goals as they are. Segments
    that are not given are deleted. Raises ExperienceError with every problem; then nothing is changed.
    """
    experience = _for_change(workspace_id, experience_id) if experience_id is not None else None
    given = [one if isinstance(one, SegmentInput) else _segment_input(one, index) for index, one in enumerate(segments)]
    problems = _check_place(workspace_id, experience, name, page_url, control_share)
    problems += _check_segments(experience, given)
    if goals is not None:
        problems += [Problem("goals", text) for text in experiment_services.goal_problems(goals, primary_goal)]
    if start or (experience is not None and experience.state != ExperienceState.DRAFT):
        kept = experiment_queries.goal_events(experience.id) if experience is not None else []
        events = list(goals) if goals is not None else kept
        problems += _unready([(one.name, len(one.changes)) for one in given], events)
    if problems:
        raise ExperienceError(*problems)

    if experience is None:
        last = Experience.objects.filter(workspace_id=workspace_id).order_by("-position").first()
        experience = Experience(workspace_id=workspace_id, position=last.position + 1 if last else 0)
    before, edited = _shown(experience), experience.updated_at
    experience.name = name.strip()
    experience.page_url = page_url.strip()
    experience.control_share = float(control_share)
    experience.save()
    _write_segments(experience, given)
    if before == _shown(experience):
        # `updated_at` says since when visitors see what they see; saving anew, or another name, changes none of it.
        Experience.objects.filter(id=experience.id).update(updated_at=edited)
    if goals is not None:
        experiment_services.choose_goals(experience.id, workspace_id, goals, primary_goal)
    if start:
        return _start(experience, now)
    configuration_changed()
    return experience


@transaction.atomic
def choose_goals(workspace_id: int, experience_id: int, events: Sequence[str], primary: str | None = None) -> None:
    """Sets the goals an experience is judged by. Raises ExperienceError; one that is live or paused needs a goal."""
    experience = _for_change(workspace_id, experience_id)
    problems = [Problem("goals", text) for text in experiment_services.goal_problems(events, primary)]
    if not events and experience.state != ExperienceState.DRAFT:
        problems.append(Problem("goals", _NEEDS_GOAL))
    if problems:
        raise ExperienceError(*problems)
    experiment_services.choose_goals(experience.id, workspace_id, events, primary)


@transaction.atomic
def start_experience(workspace_id: int, experience_id: int, *, now: datetime | None = None) -> Experience:
    """Puts a draft live, or a paused experience live again.

    Raises ExperienceError when it lacks what visitors or results need: a segment, changes in each segment, a goal.
    """
    experience = _for_change(workspace_id, experience_id)
    if experience.state == ExperienceState.RUNNING:
        return experience
    if problems := missing_for_start(experience.id):
        raise ExperienceError(*problems)
    return _start(experience, now)


def missing_for_start(experience_id: int) -> tuple[Problem, ...]:
    """What an experience still lacks to be live; nothing when it can be started."""
    segments = AudienceSegment.objects.filter(experience_id=experience_id)
    return tuple(
        _unready([(one.name, _change_count(one)) for one in segments], experiment_queries.goal_events(experience_id))
    )


@transaction.atomic
def pause_experience(workspace_id: int, experience_id: int) -> Experience:
    """Stops showing a live experience; visitors see the original, and it can be resumed. Raises ExperienceError."""
    experience = _for_change(workspace_id, experience_id)
    if experience.state == ExperienceState.DRAFT:
        raise ExperienceError(f"“{experience.name}” is a draft; only a live experience can be paused")
    return _bring_into(experience, ExperienceState.PAUSED)


def resume_experience(workspace_id: int, experience_id: int, *, now: datetime | None = None) -> Experience:
    """Puts a paused experience live again, as `start_experience` does."""
    return start_experience(workspace_id, experience_id, now=now)


@transaction.atomic
def end_experience(workspace_id: int, experience_id: int, *, now: datetime | None = None) -> Experience:
    """Ends an experience for good: visitors see the original, its results stay. Raises ExperienceError."""
    experience = _for_change(workspace_id, experience_id)
    if experience.state == ExperienceState.DRAFT:
        raise ExperienceError(f"“{experience.name}” is a draft and was never live; delete it instead")
    experience.ended_at = now or timezone.now()
    return _bring_into(experience, ExperienceState.ENDED)


@transaction.atomic
def delete_draft(workspace_id: int, experience_id: int) -> None:
    """Deletes an experience that was never live. Raises ExperienceError for any other: its results would lose names."""
    experience = _found(workspace_id, experience_id)
    if experience.state != ExperienceState.DRAFT:
        raise ExperienceError(f"“{experience.name}” has been live; end it instead, so that its results stay readable")
    experience.delete()
    configuration_changed()


@transaction.atomic
def reorder_experiences(workspace_id: int, experience_ids: Sequence[int]) -> None:
    """Sets the order in which experiences decide. Raises ExperienceError unless every one of the workspace is named."""
    known = set(Experience.objects.filter(workspace_id=workspace_id).values_list("id", flat=True))
    if len(experience_ids) != len(known) or set(experience_ids) != known:
        raise ExperienceError("the order must name each experience of the workspace once; read the list again")
    for position, experience_id in enumerate(experience_ids):
        Experience.objects.filter(id=experience_id).update(position=position)
    configuration_changed()


def move_experience(workspace_id: int, experience_id: int, *, by: int) -> None:
    """Moves one experience up (negative) or down in the order, as far as it goes."""
    order = list(
        Experience.objects.filter(workspace_id=workspace_id).order_by("position", "id").values_list("id", flat=True)
    )
    at = order.index(_found(workspace_id, experience_id).id)
    order.insert(max(0, min(len(order) - 1, at + by)), order.pop(at))
    reorder_experiences(workspace_id, order)


def _found(workspace_id: int, experience_id: int) -> Experience:
    experience = (
        Experience.objects.select_for_update().filter(workspace_id=workspace_id, id=experience_id).first()
        if transaction.get_connection().in_atomic_block
        else Experience.objects.filter(workspace_id=workspace_id, id=experience_id).first()
    )
    if experience is None:
        raise ExperienceError(f"there is no experience {experience_id} in this workspace; it may have been deleted")
    return experience


def _for_change(workspace_id: int, experience_id: int) -> Experience:
    experience = _found(workspace_id, experience_id)
    if experience.state == ExperienceState.ENDED:
        raise ExperienceError(f"“{experience.name}” has ended and stays as it was; make a new experience instead")
    return experience


def _start(experience: Experience, now: datetime | None) -> Experience:
    experience.started_at = experience.started_at or now or timezone.now()
    return _bring_into(experience, ExperienceState.RUNNING)


def _bring_into(experience: Experience, state: ExperienceState) -> Experience:
    # update() leaves `updated_at` alone, which says when what visitors see was last edited.
    experience.state = state
    Experience.objects.filter(id=experience.id).update(
        state=state, started_at=experience.started_at, ended_at=experience.ended_at
    )
    configuration_changed()
    return experience


def _change_count(segment: AudienceSegment) -> int:
    variation = segment.variations.order_by("id").first()
    return len(variation.changes) if variation else 0


def _unready(segments: Sequence[tuple[str, int]], goals: Sequence[str]) -> list[Problem]:
    """What an experience lacks to be live."""
    problems = []
    if not segments:
        problems.append(Problem("segments", "an experience that is live needs an audience segment; add one"))
    for index, (name, changes) in enumerate(segments):
        if not changes:
            problems.append(
                Problem(f"segments[{index}].changes", f"“{name}” changes nothing on the page yet; add a change")
            )
    if not goals:
        problems.append(Problem("goals", _NEEDS_GOAL))
    return problems


def _check_place(
    workspace_id: int, experience: Experience | None, name: str, page_url: str, control_share: float
) -> list[Problem]:
    problems = [Problem("name", text) for text in _name_problems(name, "experience")]
    taken = Experience.objects.filter(workspace_id=workspace_id, name=name.strip())
    if taken.exclude(id=experience.id if experience else 0).exists():
        problems.append(Problem("name", f"there is an experience named “{name.strip()}” already; choose another name"))
    try:
        compile_page_pattern(page_url)
    except PagePatternError as error:
        problems.append(Problem("page_url", str(error)))
    share = control_share
    if isinstance(share, bool) or not isinstance(share, int | float) or not math.isfinite(share) or not 0 <= share <= 1:
        problems.append(Problem("control_share", f"{share!r} is not a share; give a number from 0 to 1, such as 0.5"))
    return problems


def _name_problems(name: str, of: str) -> list[str]:
    stripped = name.strip()
    if not stripped:
        return [f"the {of} needs a name"]
    if len(stripped) > MAX_NAME_LENGTH:
        return [f"{len(stripped)} characters are too many for a name; the limit is {MAX_NAME_LENGTH}"]
    if "\x00" in name:
        return ["the name holds a NUL character; remove it"]
    return []


def _segment_input(value: Mapping[str, Any], index: int) -> SegmentInput:
    try:
        return msgspec.convert(value, SegmentInput)
    except msgspec.ValidationError as error:
        raise ExperienceError(Problem(f"segments[{index}]", str(error))) from None


def _check_segments(experience: Experience | None, segments: Sequence[SegmentInput]) -> list[Problem]:
    problems = []
    if len(segments) > MAX_SEGMENTS:
        problems.append(Problem("segments", f"{len(segments)} segments are too many; the limit is {MAX_SEGMENTS}"))
    known = set(experience.segments.values_list("id", flat=True)) if experience else set()
    names: set[str] = set()
    for index, segment in enumerate(segments):
        path = f"segments[{index}]"
        name = segment.name.strip()
        problems += [Problem(f"{path}.name", text) for text in _name_problems(segment.name, "segment")]
        problems += [Problem(f"{path}.variation", text) for text in _name_problems(segment.variation, "variation")]
        if name in names:
            problems.append(
                Problem(f"{path}.name", f"two segments are named “{name}”; results could not tell them apart")
            )
        names.add(name)
        if segment.id is not None:
            if segment.id not in known:
                problems.append(
                    Problem(f"{path}.id", f"segment {segment.id} is not one of this experience, or is twice")
                )
            known.discard(segment.id)
        try:
            conditions.check_place(conditions.parse(segment.condition), "visit")
        except conditions.ConditionError as error:
            inside = f".{error.path}" if error.path else ""
            problems.append(Problem(f"{path}.condition{inside}", error.problem))
        try:
            parse_changes(segment.changes, f"{path}.changes")
        except ChangeError as error:
            problems.append(Problem(error.path, error.problem))
    return problems


def _shown(experience: Experience) -> object:
    """What visitors see of an experience, to be compared; None for one that is not saved yet."""
    if experience.id is None:
        return None
    segments = AudienceSegment.objects.filter(experience_id=experience.id).order_by("position", "id")
    return (
        experience.page_url,
        experience.control_share,
        [(one.id, one.condition, list(one.variations.order_by("id").values_list("id", "changes"))) for one in segments],
    )


def _write_segments(experience: Experience, segments: Sequence[SegmentInput]) -> None:
    kept = [segment.id for segment in segments if segment.id is not None]
    experience.segments.exclude(id__in=kept).delete()
    for segment_id in kept:
        # Names are unique per experience, and two segments may swap theirs.
        AudienceSegment.objects.filter(id=segment_id).update(name=f"(saving {segment_id})")
    for position, given in enumerate(segments):
        segment = AudienceSegment(experience=experience) if given.id is None else experience.segments.get(id=given.id)
        segment.name = given.name.strip()
        segment.position = position
        segment.condition = conditions.to_json(conditions.parse(given.condition))
        segment.save()
        # The variation keeps its id: assignments and exposures name it.
        variation = segment.variations.order_by("id").first() or Variation(segment=segment)
        variation.name = given.variation.strip()
        variation.changes = to_json(parse_changes(given.changes))
        variation.save()
