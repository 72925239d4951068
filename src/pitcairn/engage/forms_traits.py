"""The form that a computed trait is made and edited with: one row about events, and what is computed from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pitcairn import conditions
from pitcairn.conditions import ConditionError
from pitcairn.conditions.places import check_measure
from pitcairn.conditions.tree import Events
from pitcairn.dashboard.form_paths import nested, text
from pitcairn.engage.condition_form import ConditionForm
from pitcairn.engage.condition_json import Places, measure_of, measured_json, place_of
from pitcairn.engage.condition_nodes import EventNode, GroupNode, number
from pitcairn.engage.condition_words import in_form_words
from pitcairn.engage.errors import AudienceError

TYPES = (
    ("count", "Event counter", "how often it happened"),
    ("sum", "Sum", "of a property that is a number"),
    ("average", "Average", "of a property that is a number"),
    ("minimum", "Smallest", "value of a property that is a number"),
    ("maximum", "Largest", "value of a property that is a number"),
    ("mode", "Most frequent", "value of a property that occurred at least twice"),
    ("first", "First", "value of a property that was seen"),
    ("last", "Last", "value of a property that was seen"),
    ("unique", "Unique list", "of the values of a property"),
    ("unique_count", "Unique list count", "how many different values a property had"),
)


class ComputedTraitForm:
    """What stands in the form. The row is the only one of a condition form, so that its buttons work alike."""

    def __init__(self, row: EventNode) -> None:
        self.name = ""
        self.description = ""
        self.target = "person"
        self.anonymous = False
        self.historical = True
        self.errors: dict[str, str] = {}
        self.condition = ConditionForm(GroupNode(nodes=[row]))

    @classmethod
    def new(cls) -> ComputedTraitForm:
        return cls(EventNode(value=""))

    @classmethod
    def of(cls, trait: Any) -> ComputedTraitForm:
        """The form filled with a computed trait as `queries.computed_trait` gives it; a new one if rows cannot say it."""
        try:
            row = measure_of(conditions.parse_measure(trait.definition))
        except ConditionError:
            row = None
        form = cls(row or EventNode())
        form.name, form.description, form.target = trait.name, trait.description, trait.target
        form.anonymous, form.historical = trait.anonymous, trait.historical
        return form

    @classmethod
    def posted(cls, post: Mapping[str, str]) -> ComputedTraitForm:
        tree = nested(post.items())
        condition = ConditionForm.posted(tree)
        row = next((node for node in condition.root.nodes if isinstance(node, EventNode)), EventNode())
        form = cls(row)
        form.name, form.description = text(tree, "name"), text(tree, "description")
        form.target = "account" if text(tree, "target") == "account" else "person"
        form.anonymous = text(tree, "anonymous") == "on"
        form.historical = text(tree, "historical") == "on"
        return form

    @property
    def row(self) -> EventNode:
        found = self.condition.root.nodes[0]
        assert isinstance(found, EventNode)
        return found

    @property
    def focus(self) -> str:
        return next((name for name in ("name", "description") if name in self.errors), self.condition.focus)

    def act(self, action: str) -> None:
        if not action.endswith(f" {self.row.prefix}") or action.endswith("-add " + self.row.prefix):
            self.condition.act(action)

    def definition(self) -> dict[str, Any] | None:
        """The definition's JSON; None when something is wrong with it, which is left at its place."""
        return None if self.parsed() is None else measured_json(self.row, {})

    def parsed(self) -> Events | None:
        try:
            events = conditions.parse_measure(measured_json(self.row, {}))
            check_measure(events)
        except ConditionError as error:
            self._show(error.path, error.problem)
            return None
        return events

    def show(self, error: AudienceError) -> None:
        if error.field == "condition":
            self._show(error.path, error.text)
        else:
            self.errors.setdefault(error.field if error.field in {"name", "description"} else "form", error.text)

    def _show(self, path: str, problem: str) -> None:
        places: Places = {}
        measured_json(self.row, places)
        number(self.condition.root)
        found = place_of(path, places)
        row, cell = found if found is not None else (self.row, "event")
        row.errors.setdefault(cell, in_form_words(problem))
        self.condition.focus = self.condition.focus or f"{row.prefix}-{cell}"
