"""What the files hold, and how they are written: JSON, always in the same order, one thing to a line. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeVar

import msgspec

from pitcairn.experiences.content import DEFAULT_VARIATION, Content, SegmentInput, VariationInput
from pitcairn.experiences.timing import Frequency, Schedule
from pitcairn.experiments.goal_definitions import DEFAULT_WINDOW_DAYS, GoalDefinition
from pitcairn.experiments.queries import ChosenGoal

EXPERIENCES = "experiences"
AUDIENCES = "audiences"
COMPUTED_TRAITS = "computed-traits"
GOALS = "goals"
PRIORITY = "priority.json"


class VariationDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    name: str = DEFAULT_VARIATION
    weight: float | None = None
    changes: list[dict[str, Any]] = []
    config: dict[str, Any] = {}


class SegmentDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    name: str
    condition: dict[str, Any] = {}
    allocation: str = "even"
    variations: list[VariationDocument] = []


class ExperienceDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """An experience whole. `state` is left as it is where a file does not say it; `goals` has the primary one first;
    `guardrails` are those of them that must not get worse."""

    name: str
    state: str = ""
    page_url: str = "*"
    control_share: float = 0.5
    type: str = "page"
    config: dict[str, Any] = {}
    schedule: Schedule | None = None
    frequency: Frequency | None = None
    exclusion_group: str = ""
    goals: list[str] = []
    guardrails: list[str] = []
    segments: list[SegmentDocument] = []


class AudienceDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """An audience by its condition; the key is the file's name."""

    name: str
    description: str = ""
    target: str = "person"
    anonymous: bool = False
    historical: bool = True
    enabled: bool = True
    condition: dict[str, Any]


class TraitDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A computed trait; the key is the file's name."""

    name: str
    description: str = ""
    target: str = "person"
    anonymous: bool = False
    historical: bool = True
    enabled: bool = True
    events: dict[str, Any]


class GoalDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A goal. A Track event without anything more to say is its own name."""

    name: str
    kind: Literal["track", "page", "click", "submit"] = "track"
    event: str = ""
    page: str = ""
    selector: str = ""
    where: dict[str, Any] = {}
    value: str = ""
    window_days: float = DEFAULT_WINDOW_DAYS
    unit: Literal["visitor", "account"] = "visitor"


D = TypeVar("D")
_CONVERT_ERROR = re.compile(r"(?P<problem>.*?)(?: - at `\$\.?(?P<path>[^`]*)`)?", re.DOTALL)


class DocumentError(ValueError):
    """A file cannot be read. `path` names the part; empty for the whole."""

    def __init__(self, path: str, text: str) -> None:
        super().__init__(text)
        self.path, self.text = path, text


def write_document(value: Any) -> str:
    """The text of a file: what equals what a new one has is left out, and the same value is the same text."""
    plain = msgspec.to_builtins(value)
    return json.dumps(plain, ensure_ascii=False, indent=2) + "\n"


def read_document(text: str, kind: type[D]) -> D:
    """Reads a file. Raises DocumentError."""
    try:
        plain = json.loads(text, parse_constant=_no_number, object_pairs_hook=_once)
    except RecursionError:
        raise DocumentError("", "it is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise DocumentError("", f"it is no JSON: {error.msg} in line {error.lineno}, column {error.colno}") from None
    try:
        return msgspec.convert(plain, kind)
    except msgspec.ValidationError as error:
        match = _CONVERT_ERROR.fullmatch(str(error))
        problem, path = (match["problem"], match["path"] or "") if match else (str(error), "")
        raise DocumentError(path, f"{problem[0].lower()}{problem[1:]}") from None


def _no_number(text: str) -> float:
    raise DocumentError("", f"{text} is no number of JSON; write one in digits")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuses what stands twice: a merge that went wrong leaves such things, and one of the two would be lost."""
    value = dict(pairs)
    if len(value) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise DocumentError("", f"{twice!r} stands twice in one object; take one of them out")
    return value


def document_of(content: Content, *, state: str, goals: Sequence[ChosenGoal]) -> ExperienceDocument:
    """An experience as its file."""
    return ExperienceDocument(
        name=content.name,
        state=state,
        page_url=content.page_url,
        control_share=content.control_share,
        type=content.type,
        config=ordered(content.config),
        schedule=content.schedule,
        frequency=content.frequency,
        exclusion_group=content.exclusion_group,
        goals=ordered_goals([goal.name for goal in goals]),
        guardrails=sorted(goal.name for goal in goals if goal.role == "guardrail"),
        segments=[
            SegmentDocument(
                name=segment.name,
                condition=ordered(segment.condition),
                allocation=segment.allocation,
                variations=[
                    VariationDocument(
                        name=one.name,
                        weight=one.weight,
                        changes=[_sorted(change) for change in one.changes],
                        config=ordered(one.config),
                    )
                    for one in segment.variations
                ],
            )
            for segment in content.segments
        ],
    )


def goal_document(goal: GoalDefinition) -> GoalDocument:
    own_name = goal.kind == "track" and goal.event == goal.name
    given = {name: getattr(goal, name) for name in GoalDocument.__struct_fields__}
    given |= {"where": ordered(goal.where), "event": "" if own_name else goal.event}
    return msgspec.convert(msgspec.to_builtins(given), GoalDocument)


def goal_of(document: GoalDocument) -> GoalDefinition:
    given = {name: getattr(document, name) for name in GoalDocument.__struct_fields__}
    if document.kind == "track" and not document.event:
        given["event"] = document.name
    return msgspec.convert(given, GoalDefinition)


def segments_of(document: ExperienceDocument) -> list[SegmentInput]:
    """The segments as services save them; they find the saved ones by their names."""
    return [
        SegmentInput(
            name=segment.name,
            condition=segment.condition,
            allocation=segment.allocation,
            variations=[
                VariationInput(name=one.name, changes=one.changes, config=one.config, weight=one.weight)
                for one in segment.variations
            ],
        )
        for segment in document.segments
    ]


def ordered(value: Mapping[str, Any]) -> dict[str, Any]:
    """The same object with its keys in order, all the way down: each SQL store keeps keys in an order of its own."""
    found: dict[str, Any] = _ordered(value)
    return found


def ordered_goals(goals: Sequence[str]) -> list[str]:
    """The primary goal, then the others, whose order says nothing, by name."""
    return [*goals[:1], *sorted(goals[1:])]


def _ordered(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _ordered(value[key]) for key in sorted(value)}
    return [_ordered(one) for one in value] if isinstance(value, list | tuple) else value


_FIRST = ("type", "selector", "name", "position")


def _sorted(change: Mapping[str, Any]) -> dict[str, Any]:
    """What a change is first, then what it makes of the element: the order in which stores keep keys is their own."""
    order = {name: place for place, name in enumerate(_FIRST)}
    return dict(sorted(change.items(), key=lambda item: (order.get(item[0], len(order)), item[0])))


def file_names(names: Sequence[str]) -> dict[str, str]:
    """A file's name without its ending for each name: readable, and the same whatever else is there."""
    slugs = {name: slug(name) for name in names}
    common = list(slugs.values())
    return {
        name: plain if plain and common.count(plain) == 1 else f"{plain or 'unnamed'}-{_digest(name)}"
        for name, plain in slugs.items()
    }


def slug(name: str) -> str:
    """Letters and digits of ASCII, small, with hyphens between the words; empty where there are none."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:80].rstrip("-")


def _digest(name: str) -> str:
    return hashlib.blake2b(name.encode(), digest_size=3).hexdigest()
