"""The form that an audience is made and edited with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pitcairn import conditions
from pitcairn.conditions import Condition, ConditionError
from pitcairn.conditions.places import check_place
from pitcairn.dashboard.form_paths import nested, text
from pitcairn.engage.condition_form import ConditionForm
from pitcairn.engage.condition_nodes import EventNode, FactNode, GroupNode
from pitcairn.engage.errors import AudienceError

TARGETS = ("person", "account")


class AudienceForm:
    """What stands in the form, with the errors beside it. `key` is fixed once the audience is there."""

    def __init__(self, condition: ConditionForm, target: str = "person") -> None:
        self.name = ""
        self.description = ""
        self.target = target
        self.anonymous = False
        self.historical = True
        self.condition = condition
        self.errors: dict[str, str] = {}

    @classmethod
    def new(cls, target: str) -> AudienceForm:
        first = FactNode(subject="account") if target == "account" else EventNode(window="last")
        return cls(ConditionForm(GroupNode(nodes=[first])), target if target in TARGETS else "person")

    @classmethod
    def of(cls, audience: Any) -> AudienceForm:
        """The form filled with an audience as `queries.audience` gives it."""
        form = cls(ConditionForm.of(audience.definition), audience.target)
        form.name, form.description = audience.name, audience.description
        form.anonymous, form.historical = audience.anonymous, audience.historical
        return form

    @classmethod
    def of_template(cls, name: str, description: str, condition: Mapping[str, Any]) -> AudienceForm:
        form = cls(ConditionForm.of(condition))
        form.name, form.description = name, description
        return form

    @classmethod
    def posted(cls, post: Mapping[str, str]) -> AudienceForm:
        tree = nested(post.items())
        target = text(tree, "target", "person")
        form = cls(ConditionForm.posted(tree), target if target in TARGETS else "person")
        form.name, form.description = text(tree, "name"), text(tree, "description")
        form.anonymous = text(tree, "anonymous") == "on"
        form.historical = text(tree, "historical") == "on"
        return form

    @property
    def focus(self) -> str:
        """The id of the field or button to go to next."""
        for name in ("name", "description"):
            if name in self.errors:
                return name
        return self.condition.focus

    def definition(self) -> dict[str, Any] | None:
        """The condition's JSON after it was checked; None when something is wrong with it, which is left at its place."""
        return None if self.parsed() is None else self.condition.json()

    def parsed(self) -> Condition | None:
        """The condition; None when it cannot be had, after leaving the reason at its place."""
        made = self.condition.json()
        if made is None:
            return None
        try:
            parsed = conditions.parse(made)
            check_place(parsed, "account" if self.target == "account" else "person")
        except ConditionError as error:
            self.condition.show(error.path, error.problem)
            return None
        return parsed

    def show(self, error: AudienceError) -> None:
        """Puts a refusal of the service beside the field it is about."""
        if error.field == "condition":
            self.condition.show(error.path, error.text)
        else:
            self.errors.setdefault(error.field if error.field in {"name", "description"} else "form", error.text)
