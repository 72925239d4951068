"""What the buttons inside an experience's form do: rows are added, copied, moved and removed, or seen as JSON.

An action is a word and the places of rows, such as `change-add 0 0`. Each leaves in `form.focus` where to go next.
"""

import json
from copy import deepcopy
from typing import Any

from pitcairn.experiences.condition_rows import ConditionGroup, ConditionRow, ConditionRows, rows_of, tree_of
from pitcairn.experiences.form_content import QuestionRow
from pitcairn.experiences.form_rows import ChangeRow, new_segment, new_variation
from pitcairn.experiences.forms import ExperienceForm


def act(form: ExperienceForm, action: str) -> None:
    """Carries out the action of a button. One that is not known, or names a row that is gone, does nothing."""
    try:
        word, *numbers = action.split()
        _act(form, word, [int(number) for number in numbers])
    except (ValueError, IndexError):
        return


def _act(form: ExperienceForm, word: str, at: list[int]) -> None:
    kind, _, verb = word.partition("-")
    if word == "goal-add":
        _add_goal(form)
    elif kind == "segment":
        _act_on_segments(form, verb, at)
    elif kind == "change":
        changes = form.segments[at[0]].variations[at[1]].changes
        prefix = f"segments-{at[0]}-variations-{at[1]}"
        form.focus = _act_on_rows(changes, verb, at[2:], ChangeRow, prefix=f"{prefix}-changes", first="selector")
        if not changes:
            form.focus = f"{prefix}-change-add"
    elif kind == "question":
        _act_on_questions(form, verb, at)
    elif word == "type":
        _show_type(form)
    elif kind == "variation":
        _act_on_variations(form, verb, at)
    elif kind == "group":
        _act_on_groups(form, form.segments[at[0]].who, verb, at)
    elif kind == "condition":
        _act_on_conditions(form, at, verb)
    elif word in {"show-raw", "show-rows"}:
        _act_on_view(form, at[0], word)


def _show_type(form: ExperienceForm) -> None:
    """Another type was chosen: rows that it needs are offered."""
    form.focus = "type"
    for variation in (one for segment in form.segments for one in segment.variations):
        if form.type == "survey" and not variation.content.questions:
            variation.content.questions.append(QuestionRow())
        if form.type == "page" and not variation.changes:
            variation.changes.append(ChangeRow())


def _add_goal(form: ExperienceForm) -> None:
    name = form.new_goal.strip()
    form.focus = "new_goal"
    if not name:
        form.errors["goals"] = "Write the name of the Track event first, such as Clicked Login Button"
        return
    if name not in form.goals:
        form.goals.append(name)
    form.primary, form.new_goal = form.primary or name, ""


def _act_on_segments(form: ExperienceForm, verb: str, at: list[int]) -> None:
    if verb == "copy":
        copied = deepcopy(form.segments[at[0]])
        for variation in copied.variations:
            variation.id = None
        copied.id, copied.name = None, f"{copied.name} (copy)" if copied.name else ""
        form.segments.insert(at[0] + 1, copied)
        form.focus = f"segments-{at[0] + 1}-name"
        return
    form.focus = _act_on_rows(form.segments, verb, at, new_segment, prefix="segments", first="name") or "segment-add"


def _act_on_variations(form: ExperienceForm, verb: str, at: list[int]) -> None:
    variations, prefix = form.segments[at[0]].variations, f"segments-{at[0]}-variations"
    if verb == "copy":
        copied = deepcopy(variations[at[1]])
        copied.id, copied.name = None, f"{copied.name} (copy)"
        variations.insert(at[1] + 1, copied)
        form.focus = f"{prefix}-{at[1] + 1}-name"
        return
    form.focus = _act_on_rows(variations, verb, at[1:], new_variation, prefix=prefix, first="name")
    if verb == "add" and len(variations) > 1:
        variations[-1].name = f"Variation {len(variations)}"
    form.focus = form.focus or f"segments-{at[0]}-variation-add"


def _act_on_questions(form: ExperienceForm, verb: str, at: list[int]) -> None:
    questions = form.segments[at[0]].variations[at[1]].content.questions
    prefix = f"segments-{at[0]}-variations-{at[1]}-config-question"
    form.focus = (
        _act_on_rows(questions, verb, at[2:], QuestionRow, prefix=f"{prefix}s", first="text") or f"{prefix}-add"
    )


def _act_on_groups(form: ExperienceForm, who: ConditionRows, verb: str, at: list[int]) -> None:
    if verb == "add":
        join = "any" if who.join == "all" else "all"
        who.groups.append(ConditionGroup(join="all" if join == "all" else "any", rows=[ConditionRow()]))
        form.focus = f"segments-{at[0]}-groups-{len(who.groups) - 1}-rows-0-subject"
    elif verb == "remove":
        del who.groups[at[1]]
        form.focus = f"segments-{at[0]}-condition-add"


def _act_on_conditions(form: ExperienceForm, at: list[int], verb: str) -> None:
    who = form.segments[at[0]].who
    if verb == "add" and not who.groups:
        who.groups.append(ConditionGroup())
    rows = who.groups[at[1]].rows
    prefix = f"segments-{at[0]}-groups-{at[1]}-rows"
    form.focus = _act_on_rows(rows, verb, at[2:], ConditionRow, prefix=prefix, first="subject")
    if not rows:
        del who.groups[at[1]]
        form.focus = f"segments-{at[0]}-condition-add"


def _act_on_view(form: ExperienceForm, index: int, word: str) -> None:
    segment = form.segments[index]
    if word == "show-raw" and segment.raw is None:
        segment.raw = json.dumps(tree_of(segment.who)[0], indent=2, ensure_ascii=False)
        form.focus = f"segments-{index}-raw"
    elif word == "show-rows" and segment.raw is not None:
        try:
            rows = rows_of(json.loads(segment.raw or "{}"))
        except (ValueError, RecursionError) as error:
            segment.errors["raw"] = f"This cannot be shown in rows: {error}"
            rows = None
        if rows is None:
            segment.errors.setdefault("raw", "This cannot be shown in rows: it has brackets in brackets, or a “not”")
            form.focus = f"segments-{index}-raw"
        else:
            segment.who, segment.raw = rows, None
            form.focus = f"segments-{index}-condition-add"


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
