"""The form that an experience is made and edited with.

It is one form with rows inside rows (segments; conditions and changes inside them), which Django's forms do not
describe well, so it reads and keeps its own fields. A field's name is its path with dashes:
`segments-0-variations-0-changes-1-selector`. What was typed is kept, whatever it was. Every button is a plain submit:
`save`, or an action such as `change-add 0 0` that changes rows and shows the form again (`form_actions`), so the form works
without script; htmx only swaps the part instead of the page.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pitcairn.dashboard.form_paths import items, nested, text
from pitcairn.experiences.condition_rows import in_form_words, place_of, tree_of
from pitcairn.experiences.form_content import Cell, SettingsRows, is_component, known
from pitcairn.experiences.form_rows import (
    SegmentRows,
    VariationRows,
    new_segment,
    posted_segment,
    segment_rows,
)
from pitcairn.experiences.form_timing import TimingRows
from pitcairn.experiences.models import ExperienceType
from pitcairn.experiences.services import Content, Problem, SegmentInput, VariationInput

POSITIONS = (
    ("before", "before it"),
    ("after", "after it"),
    ("start", "inside, at its start"),
    ("end", "inside, at its end"),
)
CHANGE_LABELS = (
    ("text", "Replace text"),
    ("html", "Replace HTML"),
    ("attribute", "Set attribute"),
    ("style", "Set style"),
    ("hide", "Hide"),
    ("insert", "Insert HTML"),
    ("move", "Move"),
)
_INDEX = re.compile(r"\[(\d+)\]")


class ExperienceForm:
    """What stands in the form, with the errors beside it. `focus` is the id of the field or button to go to next."""

    def __init__(self) -> None:
        self.name = ""
        self.type = "page"
        self.settings = SettingsRows()
        self.page_url = ""
        self.control_percent = "50"
        self.version = 0
        self.timing = TimingRows()
        self.exclusion_group = ""
        self.segments: list[SegmentRows] = []
        self.goals: list[str] = []
        self.primary = ""
        self.new_goal = ""
        self.errors: dict[str, str] = {}
        self.focus = ""

    @classmethod
    def new(cls, kind: str = "page") -> "ExperienceForm":
        form = cls()
        form.type = known(kind)
        form.segments.append(new_segment())
        return form

    @classmethod
    def of(cls, saved: Content, version: int) -> "ExperienceForm":
        """The form filled with an experience as `queries.experience_content` gives it."""
        form = cls()
        form.name, form.page_url, form.version = saved.name, saved.page_url, version
        form.control_percent = _percent(saved.control_share)
        form.type, form.settings = saved.type, SettingsRows.of(saved.config)
        form.timing = TimingRows.of(saved.schedule, saved.frequency)
        form.exclusion_group = saved.exclusion_group
        form.segments = [segment_rows(segment) for segment in saved.segments]
        return form

    @classmethod
    def posted(cls, post: Mapping[str, str], goals: Sequence[str]) -> "ExperienceForm":
        """The form as it was sent. `goals` are the values of its `goals` boxes."""
        form = cls()
        tree = nested(post.items())
        form.name, form.page_url = text(tree, "name"), text(tree, "page_url")
        form.control_percent = text(tree, "control_percent")
        version = text(tree, "version", "0")
        form.version = int(version) if version.isascii() and version.isdigit() else 0
        form.type, form.settings = known(text(tree, "type")), SettingsRows.posted(tree)
        form.timing = TimingRows.posted(tree)
        form.exclusion_group = text(tree, "exclusion_group")
        form.goals = list(dict.fromkeys(goal.strip() for goal in goals if goal.strip()))
        form.primary, form.new_goal = text(tree, "primary"), text(tree, "new_goal")
        form.segments = [posted_segment(one) for one in items(tree, "segments")]
        return form

    def number(self) -> None:
        """Gives every row its place: `prefix` begins the names of its fields, `at` names it to the buttons' actions."""
        for index, segment in enumerate(self.segments):
            segment.at, segment.prefix = f"{index}", f"segments-{index}"
            for number, group in enumerate(segment.who.groups):
                group.at, group.prefix = f"{index} {number}", f"{segment.prefix}-groups-{number}"
                for place, row in enumerate(group.rows):
                    row.at, row.prefix = f"{group.at} {place}", f"{group.prefix}-rows-{place}"
            for number, variation in enumerate(segment.variations):
                variation.at, variation.prefix = f"{index} {number}", f"{segment.prefix}-variations-{number}"
                variation.content.number(self.type, variation.prefix, variation.at)
                for place, change in enumerate(variation.changes):
                    change.at, change.prefix = f"{variation.at} {place}", f"{variation.prefix}-changes-{place}"

    @property
    def timing_errors(self) -> bool:
        return any(name.startswith(("schedule_", "frequency_", "exclusion_")) for name in self.errors)

    @property
    def is_component(self) -> bool:
        return is_component(self.type)

    @property
    def type_label(self) -> str:
        return str(ExperienceType(self.type).label).lower()

    @property
    def content_words(self) -> str:
        return {"page": "What changes", "redirect": "Where to"}.get(self.type, "What it says")

    @property
    def settings_cells(self) -> list[Cell]:
        return self.settings.cells(self.type, self.errors)

    # Saving

    def data(self) -> dict[str, Any]:
        """What `services.save_experience` takes. Problems of the form's own are left in `errors`.

        Rows of changes in which nothing was typed are left out, of the form too.
        """
        for segment in self.segments:
            for variation in segment.variations:
                variation.changes = [row for row in variation.changes if not row.is_blank()]
                variation.content.questions = [row for row in variation.content.questions if not row.is_blank()]
        goals = list(self.goals)
        if (typed := self.new_goal.strip()) and typed not in goals:
            goals.append(typed)
        return {
            "name": self.name,
            "page_url": self.page_url,
            "type": self.type,
            "config": self.settings.as_json(self.type, self.errors),
            "control_share": self._share(),
            "segments": [self._segment(index, segment) for index, segment in enumerate(self.segments)],
            "schedule": self.timing.schedule(self.errors),
            "frequency": self.timing.frequency(self.errors),
            "exclusion_group": self.exclusion_group,
            "goals": goals,
            "primary_goal": self.primary if self.primary in goals else None,
        }

    def show(self, problems: Iterable[Problem]) -> None:
        """Puts each problem beside the field it is about; the first one takes the focus."""
        for problem in problems:
            field_id = self._place(problem)
            self.focus = self.focus or field_id

    def _share(self) -> float:
        text = self.control_percent.strip().removesuffix("%").replace(",", ".").strip()
        try:
            percent = float(text)
        except ValueError:
            percent = float("nan")
        if not 0 <= percent <= 100:
            self.errors["control_percent"] = f"{self.control_percent!r} is not a share; write a number from 0 to 100"
            return 0.5
        return percent / 100

    def _segment(self, index: int, segment: SegmentRows) -> SegmentInput:
        condition: Any = {}
        if segment.raw is None:
            condition = tree_of(segment.who)[0]
        else:
            try:
                condition = json.loads(segment.raw or "{}")
            except (ValueError, RecursionError) as error:
                self.errors[f"segments-{index}-raw"] = segment.errors["raw"] = f"This is not JSON: {error}"
        return SegmentInput(
            id=segment.id,
            name=segment.name,
            condition=condition,
            allocation=segment.allocation,
            variations=[
                self._variation(f"segments-{index}-variations-{number}", segment, variation)
                for number, variation in enumerate(segment.variations)
            ],
        )

    def _variation(self, prefix: str, segment: SegmentRows, variation: VariationRows) -> VariationInput:
        weight = None
        if segment.allocation == "manual":
            try:
                weight = float(variation.weight.replace(",", ".")) if variation.weight.strip() else 1.0
            except ValueError:
                problem = f"{variation.weight!r} is not a weight; write a number such as 1"
                self.errors[f"{prefix}-weight"] = variation.errors["weight"] = problem
        return VariationInput(
            id=variation.id,
            name=variation.name,
            changes=[row.as_change() for row in variation.changes] if self.type == "page" else [],
            config=variation.content.as_json(self.type),
            weight=weight,
        )

    def _place(self, problem: Problem) -> str:
        """The id of the field a problem is about, after leaving its text there."""
        match re.match(r"segments\[(\d+)\](?:\.(\w+))?(.*)", problem.path):
            case re.Match() as found if int(found[1]) < len(self.segments):
                return self._place_in_segment(int(found[1]), found[2] or "name", found[3], problem)
            case _:
                key = {"control_share": "control_percent", "": "form", "version": "form"}.get(
                    problem.path, problem.path.replace(".", "-" if problem.path.startswith("config") else "_")
                )
                self.errors.setdefault(key, problem.text)
                return {"goals": "new_goal", "segments": "segment-add"}.get(key, key)

    def _place_in_segment(self, index: int, part: str, rest: str, problem: Problem) -> str:
        segment, prefix = self.segments[index], f"segments-{index}"
        if part == "condition":
            place = place_of(rest.lstrip("."), tree_of(segment.who)[1]) if segment.raw is None else None
            if place is not None:
                group, row, cell = place
                segment.who.groups[group].rows[row].errors.setdefault(cell, in_form_words(problem.text))
                return f"{prefix}-groups-{group}-rows-{row}-{cell}"
            where = f"{rest.lstrip('.')}: " if rest else ""
            segment.errors.setdefault("raw", where + problem.text)
            return f"{prefix}-raw"
        if part == "variations" and (found := _INDEX.match(rest)):
            inside = f"{prefix}-variations-{found[1]}"
            return _place_in_variation(
                segment.variations[int(found[1])], inside, rest[found.end() :].lstrip("."), problem
            )
        segment.errors.setdefault(part, problem.text)
        return f"{prefix}-variation-add" if part == "variations" else f"{prefix}-{part}"


def _place_in_variation(variation: VariationRows, prefix: str, part: str, problem: Problem) -> str:
    if part.startswith("changes") and (found := _INDEX.match(part.removeprefix("changes"))):
        cell = part.removeprefix("changes")[found.end() :].lstrip(".") or "selector"
        variation.changes[int(found[1])].errors.setdefault(cell, problem.text)
        return f"{prefix}-changes-{found[1]}-{cell}"
    if part == "config" or part.startswith("config."):
        return _place_in_content(variation, f"{prefix}-config", part.removeprefix("config").lstrip("."), problem)
    variation.errors.setdefault(part, problem.text)
    return f"{prefix}-change-add" if part == "changes" else f"{prefix}-{part}"


def _place_in_content(variation: VariationRows, prefix: str, part: str, problem: Problem) -> str:
    content = variation.content
    found = re.fullmatch(r"questions\[(\d+)\]\.?(\w+)?.*", part)
    if found and int(found[1]) < len(content.questions):
        cell = found[2] or "text"
        content.questions[int(found[1])].errors.setdefault(cell, problem.text)
        return f"{prefix}-questions-{found[1]}-{cell}"
    if part == "questions" or not part:
        variation.errors.setdefault(part or "content", problem.text)
        return f"{prefix}-question-add"
    content.errors.setdefault(part, problem.text)
    return f"{prefix}-{part}"


def _percent(share: float) -> str:
    return f"{share * 100:.4f}".rstrip("0").rstrip(".")
