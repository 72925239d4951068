"""The form that an experience is made and edited with.

It is one form with rows inside rows (segments; conditions and changes inside them), which Django's forms do not
describe well, so it reads and keeps its own fields. A field's name is its path with dashes:
`segments-0-variations-0-changes-1-selector`. What was typed is kept, whatever it was. Every button is a plain submit:
`save`, or an action such as `change-add 0 0` that changes rows and shows the form again, so the form works without
script; htmx only swaps the part instead of the page.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from typing import Any

from pitcairn.dashboard.form_paths import items, nested, text
from pitcairn.experiences.condition_rows import (
    ConditionGroup,
    ConditionRow,
    ConditionRows,
    in_form_words,
    place_of,
    rows_of,
    tree_of,
)
from pitcairn.experiences.form_content import Cell, QuestionRow, SettingsRows, is_component, known
from pitcairn.experiences.form_rows import (
    ChangeRow,
    SegmentRows,
    VariationRows,
    new_segment,
    new_variation,
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

    # Rows

    def act(self, action: str) -> None:
        """Carries out the action of a button. One that is not known, or names a row that is gone, does nothing."""
        try:
            word, *numbers = action.split()
            self._act(word, [int(number) for number in numbers])
        except (ValueError, IndexError):
            return

    def _act(self, word: str, at: list[int]) -> None:
        kind, _, verb = word.partition("-")
        if word == "goal-add":
            self._add_goal()
        elif kind == "segment":
            self._act_on_segments(verb, at)
        elif kind == "change":
            changes = self.segments[at[0]].variations[at[1]].changes
            prefix = f"segments-{at[0]}-variations-{at[1]}"
            self.focus = _act_on_rows(changes, verb, at[2:], ChangeRow, prefix=f"{prefix}-changes", first="selector")
            if not changes:
                self.focus = f"{prefix}-change-add"
        elif kind == "question":
            self._act_on_questions(verb, at)
        elif word == "type":
            self._show_type()
        elif kind == "variation":
            self._act_on_variations(verb, at)
        elif kind == "group":
            self._act_on_groups(self.segments[at[0]].who, verb, at)
        elif kind == "condition":
            self._act_on_conditions(at, verb)
        elif word in {"show-raw", "show-rows"}:
            self._act_on_view(at[0], word)

    def _show_type(self) -> None:
        """Another type was chosen: rows that it needs are offered."""
        self.focus = "type"
        for variation in (one for segment in self.segments for one in segment.variations):
            if self.type == "survey" and not variation.content.questions:
                variation.content.questions.append(QuestionRow())
            if self.type == "page" and not variation.changes:
                variation.changes.append(ChangeRow())

    def _add_goal(self) -> None:
        name = self.new_goal.strip()
        self.focus = "new_goal"
        if not name:
            self.errors["goals"] = "Write the name of the Track event first, such as Clicked Login Button"
            return
        if name not in self.goals:
            self.goals.append(name)
        self.primary, self.new_goal = self.primary or name, ""

    def _act_on_segments(self, verb: str, at: list[int]) -> None:
        if verb == "copy":
            copied = deepcopy(self.segments[at[0]])
            for variation in copied.variations:
                variation.id = None
            copied.id, copied.name = None, f"{copied.name} (copy)" if copied.name else ""
            self.segments.insert(at[0] + 1, copied)
            self.focus = f"segments-{at[0] + 1}-name"
            return
        self.focus = (
            _act_on_rows(self.segments, verb, at, new_segment, prefix="segments", first="name") or "segment-add"
        )

    def _act_on_variations(self, verb: str, at: list[int]) -> None:
        variations, prefix = self.segments[at[0]].variations, f"segments-{at[0]}-variations"
        if verb == "copy":
            copied = deepcopy(variations[at[1]])
            copied.id, copied.name = None, f"{copied.name} (copy)"
            variations.insert(at[1] + 1, copied)
            self.focus = f"{prefix}-{at[1] + 1}-name"
            return
        self.focus = _act_on_rows(variations, verb, at[1:], new_variation, prefix=prefix, first="name")
        if verb == "add" and len(variations) > 1:
            variations[-1].name = f"Variation {len(variations)}"
        self.focus = self.focus or f"segments-{at[0]}-variation-add"

    def _act_on_questions(self, verb: str, at: list[int]) -> None:
        questions = self.segments[at[0]].variations[at[1]].content.questions
        prefix = f"segments-{at[0]}-variations-{at[1]}-config-question"
        self.focus = (
            _act_on_rows(questions, verb, at[2:], QuestionRow, prefix=f"{prefix}s", first="text") or f"{prefix}-add"
        )

    def _act_on_groups(self, who: ConditionRows, verb: str, at: list[int]) -> None:
        if verb == "add":
            join = "any" if who.join == "all" else "all"
            who.groups.append(ConditionGroup(join="all" if join == "all" else "any", rows=[ConditionRow()]))
            self.focus = f"segments-{at[0]}-groups-{len(who.groups) - 1}-rows-0-subject"
        elif verb == "remove":
            del who.groups[at[1]]
            self.focus = f"segments-{at[0]}-condition-add"

    def _act_on_conditions(self, at: list[int], verb: str) -> None:
        who = self.segments[at[0]].who
        if verb == "add" and not who.groups:
            who.groups.append(ConditionGroup())
        rows = who.groups[at[1]].rows
        prefix = f"segments-{at[0]}-groups-{at[1]}-rows"
        self.focus = _act_on_rows(rows, verb, at[2:], ConditionRow, prefix=prefix, first="subject")
        if not rows:
            del who.groups[at[1]]
            self.focus = f"segments-{at[0]}-condition-add"

    def _act_on_view(self, index: int, word: str) -> None:
        segment = self.segments[index]
        if word == "show-raw" and segment.raw is None:
            segment.raw = json.dumps(tree_of(segment.who)[0], indent=2, ensure_ascii=False)
            self.focus = f"segments-{index}-raw"
        elif word == "show-rows" and segment.raw is not None:
            try:
                rows = rows_of(json.loads(segment.raw or "{}"))
            except (ValueError, RecursionError) as error:
                segment.errors["raw"] = f"This cannot be shown in rows: {error}"
                rows = None
            if rows is None:
                segment.errors.setdefault(
                    "raw", "This cannot be shown in rows: it has brackets in brackets, or a “not”"
                )
                self.focus = f"segments-{index}-raw"
            else:
                segment.who, segment.raw = rows, None
                self.focus = f"segments-{index}-condition-add"


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


def _act_on_rows(rows: list[Any], verb: str, at: list[int], make: Any, *, prefix: str, first: str) -> str:
    """Adds, removes or moves a row. Gives the id to focus: the new row's first field, or the button that moved it."""
    if verb == "add":
        rows.append(make())
        return f"{prefix}-{len(rows) - 1}-{first}"
    index = at[0]
    if verb == "remove":
        del rows[index]
        return f"{prefix}-{min(index, len(rows) - 1)}-{first}" if rows else ""
    if verb in {"up", "down"}:
        to = max(0, min(len(rows) - 1, index + (1 if verb == "down" else -1)))
        rows.insert(to, rows.pop(index))
        # At an end the button that moved it there is gone; the other one takes the focus.
        verb = "down" if to == 0 else "up" if to == len(rows) - 1 else verb
        return f"{prefix}-{to}-{verb}"
    raise ValueError(verb)


def _percent(share: float) -> str:
    return f"{share * 100:.4f}".rstrip("0").rstrip(".")
