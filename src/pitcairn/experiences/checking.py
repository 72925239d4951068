"""What is wrong with an experience that is to be saved. Every problem is found at once, each with its path."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

import msgspec

from pitcairn import conditions
from pitcairn.connections.identity_proof import proves_identity
from pitcairn.experiences.changes import ChangeError, parse_changes
from pitcairn.experiences.components import content_problems, missing, private_tokens, settings_problems
from pitcairn.experiences.content import Content, Problem, SegmentInput, VariationInput
from pitcairn.experiences.copy import Sayable, public_problems
from pitcairn.experiences.models import Allocation, AudienceSegment, Experience, ExperienceType, Variation
from pitcairn.experiences.page_patterns import PagePatternError, compile_page_pattern
from pitcairn.experiences.redirects import host_of
from pitcairn.experiences.timing import TimingError, check_frequency, timetable
from pitcairn.workspaces.queries import public_traits

MAX_NAME_LENGTH = 120
MAX_SEGMENTS = 50
"""Each segment's condition is evaluated for every visitor of the page until one holds."""
MAX_VARIATIONS = 10
"""Each one more needs visitors of its own before anything can be said of it."""
MAX_WEIGHT = 1_000_000
MAX_CONFIG_BYTES = 64_000
"""As much as the changes of a variation."""
NEEDS_GOAL = "an experience that is live needs a goal to be judged by; choose one"


def problems_of(content: Content, workspace_id: int, saved: Experience | None) -> list[Problem]:
    """Everything that keeps `content` from being saved, in place of `saved` if that is given."""
    problems = _name_problems("name", content.name, "experience")
    taken = Experience.objects.filter(workspace_id=workspace_id, name=content.name.strip())
    if taken.exclude(id=saved.id if saved else 0).exists():
        name = content.name.strip()
        problems.append(Problem("name", f"there is an experience named “{name}” already; choose another name"))
    try:
        compile_page_pattern(content.page_url)
    except PagePatternError as error:
        problems.append(Problem("page_url", str(error)))
    if not _is_share(content.control_share):
        text = f"{content.control_share!r} is not a share; give a number from 0 to 1, such as 0.5"
        problems.append(Problem("control_share", text))
    problems += _type_problems(content, saved)
    problems += _timing_problems(content)
    if content.exclusion_group.strip():
        problems += _name_problems("exclusion_group", content.exclusion_group, "exclusion group")
    sayable = Sayable(public_traits(workspace_id), proves_identity(workspace_id))
    return problems + _segments_problems(content, saved, sayable)


def unready(content: Content, goals: Sequence[str]) -> list[Problem]:
    """What an experience lacks to be live."""
    problems = []
    if not content.segments:
        problems.append(Problem("segments", "an experience that is live needs an audience segment; add one"))
    for index, segment in enumerate(content.segments):
        path = f"segments[{index}]"
        if not segment.variations:
            problems.append(Problem(f"{path}.variations", f"“{segment.name}” has no variation yet; add one"))
        for number, variation in enumerate(segment.variations):
            place = f"{path}.variations[{number}]"
            whose = f"“{segment.name}”" if len(segment.variations) == 1 else f"“{variation.name}” of “{segment.name}”"
            if content.type == ExperienceType.PAGE and not variation.changes:
                problems.append(Problem(f"{place}.changes", f"{whose} changes nothing on the page yet; add a change"))
            elif content.type != ExperienceType.PAGE:
                found = missing(content.type, variation.config)
                problems += [Problem(_inside(f"{place}.config", path), text) for path, text in found]
    if not goals:
        problems.append(Problem("goals", NEEDS_GOAL))
    return problems


def _is_share(value: object) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float) and math.isfinite(value) and 0 <= value <= 1


def _name_problems(path: str, name: str, of: str) -> list[Problem]:
    stripped = name.strip()
    if not stripped:
        return [Problem(path, f"the {of} needs a name")]
    if len(stripped) > MAX_NAME_LENGTH:
        return [Problem(path, f"{len(stripped)} characters are too many for a name; the limit is {MAX_NAME_LENGTH}")]
    if "\x00" in name:
        return [Problem(path, "the name holds a NUL character; remove it")]
    return []


def _type_problems(content: Content, saved: Experience | None) -> list[Problem]:
    if content.type not in ExperienceType.values:
        choices = ", ".join(ExperienceType.values)
        return [Problem("type", f"{content.type!r} is not a type of experience; use one of {choices}")]
    if saved is not None and saved.started_at is not None and content.type != saved.type:
        return [Problem("type", "the type stays what it was when the experience went live; duplicate it instead")]
    return _size_problems("config", content.config) or [
        Problem(_inside("config", path), text) for path, text in settings_problems(content.type, content.config)
    ]


def _inside(config: str, path: str) -> str:
    return f"{config}.{path}" if path else config


def _size_problems(path: str, config: object) -> list[Problem]:
    size = len(msgspec.json.encode(config))
    if size > MAX_CONFIG_BYTES:
        return [Problem(path, f"{size:,} bytes are too many; the limit is {MAX_CONFIG_BYTES:,}")]
    return []


def _content_problems(path: str, config: object, content: Content, sayable: Sayable) -> list[Problem]:
    if problems := _size_problems(path, config):
        return problems
    if content.type not in ExperienceType.values or not isinstance(config, Mapping):
        return []  # It is told as a problem of the type.
    host = host_of("//" + re.sub(r"^(https?:)?//", "", content.page_url.strip()))
    found = list(content_problems(content.type, config, content.config, host)) or list(private_tokens(config, sayable))
    return [Problem(_inside(path, at), text) for at, text in found]


def _timing_problems(content: Content) -> list[Problem]:
    problems = []
    try:
        if content.schedule is not None:
            timetable(content.schedule)
    except TimingError as error:
        problems.append(Problem(f"schedule.{error.path}", str(error)))
    try:
        if content.frequency is not None:
            check_frequency(content.frequency)
    except TimingError as error:
        problems.append(Problem(f"frequency.{error.path}", str(error)))
    return problems


def _segments_problems(content: Content, saved: Experience | None, sayable: Sayable) -> list[Problem]:
    problems = []
    segments = content.segments
    if len(segments) > MAX_SEGMENTS:
        problems.append(Problem("segments", f"{len(segments)} segments are too many; the limit is {MAX_SEGMENTS}"))
    ours = AudienceSegment.objects.filter(experience=saved) if saved else AudienceSegment.objects.none()
    known = set(ours.values_list("id", flat=True))
    variations = set(Variation.objects.filter(segment__in=ours).values_list("segment_id", "id"))
    names: set[str] = set()
    for index, segment in enumerate(segments):
        path = f"segments[{index}]"
        problems += _name_problems(f"{path}.name", segment.name, "segment")
        name = segment.name.strip()
        if name in names:
            text = f"two segments are named “{name}”; results could not tell them apart"
            problems.append(Problem(f"{path}.name", text))
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
        problems += _variations_problems(path, segment, content, variations, sayable)
    return problems


def _variations_problems(
    path: str, segment: SegmentInput, content: Content, known: set[tuple[int, int]], sayable: Sayable
) -> list[Problem]:
    problems = []
    if segment.allocation not in Allocation.values:
        choices = ", ".join(Allocation.values)
        problems.append(Problem(f"{path}.allocation", f"{segment.allocation!r} is not a choice; use one of {choices}"))
    if len(segment.variations) > MAX_VARIATIONS:
        text = f"{len(segment.variations)} variations are too many; the limit is {MAX_VARIATIONS}"
        problems.append(Problem(f"{path}.variations", text))
    names: set[str] = set()
    for number, variation in enumerate(segment.variations):
        place = f"{path}.variations[{number}]"
        problems += _variation_problems(place, variation, content, sayable)
        name = variation.name.strip()
        if name in names:
            text = f"two variations are named “{name}”; results could not tell them apart"
            problems.append(Problem(f"{place}.name", text))
        names.add(name)
        if variation.id is not None:
            key = (segment.id or 0, variation.id)
            if key not in known:
                text = f"variation {variation.id} is not one of this segment, or is twice"
                problems.append(Problem(f"{place}.id", text))
            known.discard(key)
    weights = [1.0 if one.weight is None else one.weight for one in segment.variations]
    if segment.allocation == Allocation.MANUAL and weights and not sum(weights) > 0:
        problems.append(Problem(f"{path}.variations", "all weights are 0; give one of the variations a weight"))
    return problems


def _variation_problems(path: str, variation: VariationInput, content: Content, sayable: Sayable) -> list[Problem]:
    problems = _name_problems(f"{path}.name", variation.name, "variation")
    weight = variation.weight
    if weight is not None and not (math.isfinite(weight) and 0 <= weight <= MAX_WEIGHT):
        problems.append(
            Problem(f"{path}.weight", f"{weight!r} is not a weight; give a number from 0 to {MAX_WEIGHT:,}")
        )
    problems += _content_problems(f"{path}.config", variation.config, content, sayable)
    if variation.changes and content.type in ExperienceType.values and content.type != ExperienceType.PAGE:
        label = ExperienceType(content.type).label.lower()
        problems.append(Problem(f"{path}.changes", f"a {label} changes nothing else on the page; remove its changes"))
    try:
        changes = parse_changes(variation.changes, f"{path}.changes")
    except ChangeError as error:
        problems.append(Problem(error.path, error.problem))
    else:
        for index, text in public_problems(changes, sayable):
            problems.append(Problem(f"{path}.changes[{index}].value", text))
    return problems
