"""What a goal is made of: checked, put into words, and as the event store and the tag understand it."""

from collections.abc import Mapping
from typing import Any

import msgspec

from pitcairn import conditions
from pitcairn.conditions import All, Condition, Fact, Leaf, Operator
from pitcairn.conditions.sql_row import check_event
from pitcairn.experiences.changes import ChangeError, check_selector
from pitcairn.experiences.page_patterns import PagePatternError, compile_page_pattern, linear_page_pattern
from pitcairn.experiments.models import GoalKind, GoalUnit

MAX_NAME_LENGTH = 200
MAX_WINDOW_DAYS = 90
DEFAULT_WINDOW_DAYS = 7.0
# As the tag names what it reports; see browser/tag/goals.ts.
REPORTED_EVENTS = {GoalKind.CLICK: "Pitcairn Element Clicked", GoalKind.SUBMIT: "Pitcairn Form Submitted"}
_NAMES = {
    GoalKind.TRACK: "the name of a Track event, such as Clicked Login Button",
    GoalKind.PAGE: "the page, such as example.com/thanks or /thanks",
    GoalKind.CLICK: "a selector of the element, such as #start or a[href='/signup']",
    GoalKind.SUBMIT: "a selector of the form, such as form#contact",
}


class GoalDefinition(msgspec.Struct, frozen=True, kw_only=True):
    """A goal as it is given. `where` is a condition on the event's properties as JSON."""

    name: str
    kind: GoalKind = GoalKind.TRACK
    event: str = ""
    page: str = ""
    selector: str = ""
    where: Mapping[str, Any] = {}
    value: str = ""
    window_days: float = DEFAULT_WINDOW_DAYS
    unit: GoalUnit = GoalUnit.VISITOR

    @property
    def numeric(self) -> bool:
        return bool(self.value)

    @property
    def in_words(self) -> str:
        """`Order Completed where property total is at least 50, adding up revenue`."""
        what = {
            GoalKind.TRACK: self.event,
            GoalKind.PAGE: f"A view of {self.page}",
            GoalKind.CLICK: f"A click on {self.selector}",
            GoalKind.SUBMIT: f"A form sent: {self.selector}",
        }[self.kind]
        asked = conditions.parse(self.where) if self.where else All()
        words = f"{what}, where {conditions.describe(asked)}" if asked != All() else what
        return f"{words}, adding up {self.value}" if self.value else words


def problems(goal: GoalDefinition) -> dict[str, str]:
    """Why this cannot be a goal, by the name of the field; nothing when it can."""
    found: dict[str, str] = {}
    if problem := text_problem(goal.name, "name"):
        found["name"] = problem
    target = {GoalKind.TRACK: "event", GoalKind.PAGE: "page", GoalKind.CLICK: "selector", GoalKind.SUBMIT: "selector"}[
        goal.kind
    ]
    if not getattr(goal, target).strip():
        found[target] = f"write {_NAMES[goal.kind]}"
    elif goal.kind is GoalKind.TRACK and (problem := text_problem(goal.event, "event")):
        found["event"] = problem
    elif goal.kind is GoalKind.PAGE:
        try:
            compile_page_pattern(goal.page)
        except PagePatternError as error:
            found["page"] = str(error)
    elif target == "selector":
        try:
            check_selector(goal.selector)
        except ChangeError as error:
            found["selector"] = str(error).removeprefix(": ")
    try:
        check_event(conditions.parse(goal.where) if goal.where else All())
    except conditions.ConditionError as error:
        found["where"] = str(error)
    if len(goal.value) > MAX_NAME_LENGTH or "\x00" in goal.value:
        found["value"] = f"a property's name has at most {MAX_NAME_LENGTH} characters and no NUL"
    if not 0 < goal.window_days <= MAX_WINDOW_DAYS:
        found["window_days"] = f"give a number of days above 0 and at most {MAX_WINDOW_DAYS}"
    return found


def text_problem(text: str, what: str) -> str:
    """Why this cannot be the name of a goal or of an event; empty when it can."""
    if not text.strip():
        return "the goal needs the name of a Track event, such as Clicked Login Button"
    if len(text) > MAX_NAME_LENGTH:
        return f"{len(text)} characters are too many for the {what}; the limit is {MAX_NAME_LENGTH}"
    if "\x00" in text:
        return f"the {what} holds a NUL character; remove it"
    return ""


def condition_of(goal: GoalDefinition, goal_id: int) -> Condition:
    """What is asked of an event's properties, the tag's own mark included."""
    asked = conditions.parse(goal.where) if goal.where else All()
    if goal.kind not in REPORTED_EVENTS:
        return asked
    reported = Leaf(fact=Fact.PROPERTY, name="goalId", operator=Operator.EQUALS, value=goal_id)
    return All((reported,)) if asked == All() else All((reported, asked))


def event_of(goal: GoalDefinition) -> str:
    return REPORTED_EVENTS.get(goal.kind, goal.event if goal.kind is GoalKind.TRACK else "")


def page_of(goal: GoalDefinition) -> str:
    return linear_page_pattern(goal.page) if goal.kind is GoalKind.PAGE else ""
