"""The forms of a goal and of whose visits results leave out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms

from pitcairn import conditions
from pitcairn.conditions import All, AnyOf, Leaf
from pitcairn.dashboard.form_paths import items, nested, text
from pitcairn.dashboard.typed_values import spelt, typed, typed_list
from pitcairn.experiments.goal_definitions import DEFAULT_WINDOW_DAYS, GoalDefinition
from pitcairn.experiments.internal_traffic import InternalRules
from pitcairn.experiments.models import GoalKind, GoalUnit

OPERATORS = (
    ("equals", "is"),
    ("differs", "is not"),
    ("at_least", "is at least"),
    ("at_most", "is at most"),
    ("greater_than", "is greater than"),
    ("less_than", "is less than"),
    ("contains", "contains"),
    ("omits", "does not contain"),
    ("starts_with", "starts with"),
    ("ends_with", "ends with"),
    ("one_of", "is one of"),
    ("none_of", "is none of"),
    ("matches", "matches"),
    ("exists", "exists"),
    ("absent", "does not exist"),
)
_WITHOUT_VALUE = frozenset({"exists", "absent"})
_LISTS = frozenset({"one_of", "none_of"})
_TYPED = frozenset({"equals", "differs", "at_least", "at_most", "greater_than", "less_than"})
MOST_ROWS = 10
_MONO = {"class": "mono", "spellcheck": "false", "autocapitalize": "off", "autocomplete": "off"}


@dataclass
class WhereRow:
    """One question about a property."""

    name: str = ""
    operator: str = "equals"
    value: str = ""

    @property
    def empty(self) -> bool:
        return not self.name.strip() and not self.value.strip()

    def leaf(self) -> dict[str, Any]:
        leaf: dict[str, Any] = {"fact": "property", "name": self.name.strip(), "operator": self.operator}
        value = self.value.strip()
        if self.operator in _LISTS:
            leaf["value"] = typed_list(value)
        elif self.operator not in _WITHOUT_VALUE:
            leaf["value"] = typed(value) if self.operator in _TYPED else value
        return leaf


class GoalForm(forms.Form):
    """What a goal is. Its conditions are rows (`rows`, `join`) beside the fields, so that any number can be added without
    a script; a condition that rows cannot show stays as it is."""

    name = forms.CharField(
        label="Name", max_length=200, required=False, help_text="Empty: what counts, as its own name.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    kind = forms.ChoiceField(choices=GoalKind.choices, initial=GoalKind.TRACK)
    event = forms.CharField(
        label="Name of the Track event", required=False, max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "list": "seen-events", "placeholder": "Order Completed"}),
    )  # fmt: skip
    page = forms.CharField(
        label="Address of the page", required=False, max_length=500,
        help_text="Such as example.com/thanks, or /thanks on any host; * stands for anything. Needs Page calls.",
        widget=forms.TextInput(attrs={**_MONO, "inputmode": "url"}),
    )  # fmt: skip
    selector = forms.CharField(
        label="Selector of the element", required=False, max_length=500,
        help_text="A CSS selector such as #start or form#contact. The tag reports it; visitors can read it in the page.",
        widget=forms.TextInput(attrs=_MONO),
    )  # fmt: skip
    value = forms.CharField(
        label="Add up the property", required=False, max_length=200,
        help_text="Such as revenue: results compare its sum per visitor. Empty counts the visitors who did it.",
        widget=forms.TextInput(attrs=_MONO),
    )  # fmt: skip
    window_days = forms.FloatField(
        label="Counts for so many days after the first view", initial=f"{DEFAULT_WINDOW_DAYS:g}",
        widget=forms.NumberInput(attrs={"step": "any", "min": "0"}),
        error_messages={"required": "Give a number of days, such as 7.", "invalid": "Give a number of days, such as 7."},
    )  # fmt: skip
    unit = forms.ChoiceField(
        label="Judged by", choices=GoalUnit.choices, initial=GoalUnit.VISITOR,
        help_text="By accounts, when people of one company decide together: intervals are as wide as that makes them.",
    )  # fmt: skip

    def __init__(self, *args: Any, rows: list[WhereRow] | None = None, join: str = "all", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rows = rows or []
        self.join = join
        self.where: Mapping[str, Any] | None = None
        """A condition that rows cannot show."""
        self.where_error = ""

    @classmethod
    def of(cls, definition: GoalDefinition) -> GoalForm:
        """The form filled with a goal."""
        found = _rows_of(definition.where)
        values = {name: getattr(definition, name) for name in ("name", "event", "page", "selector", "value")}
        form = cls(
            initial={
                **values,
                "kind": definition.kind.value,
                "window_days": f"{definition.window_days:g}",
                "unit": definition.unit.value,
            },
            rows=found[1] if found else [],
            join=found[0] if found else "all",
        )
        if found is None:
            form.where = definition.where
        return form

    @classmethod
    def posted(cls, post: Mapping[str, str], kept: Mapping[str, Any]) -> GoalForm:
        """The form as it was sent. `kept` is the condition of the goal, for one that rows cannot show."""
        tree = nested(post.items())
        rows = [
            WhereRow(text(row, "name"), text(row, "operator", "equals"), text(row, "value"))
            for row in items(tree, "where")[:MOST_ROWS]
        ]
        form = cls(
            post, rows=[row for row in rows if not row.empty], join="any" if text(tree, "join") == "any" else "all"
        )
        if kept and _rows_of(kept) is None:
            form.where = kept
        return form

    @property
    def shown_rows(self) -> list[WhereRow]:
        """The rows, and an empty one to fill in next."""
        return [*self.rows, WhereRow()][:MOST_ROWS]

    def definition(self) -> GoalDefinition:
        """The goal that the cleaned form describes."""
        data = self.cleaned_data
        kind = GoalKind(data["kind"])
        target = {"track": "event", "page": "page", "click": "selector", "submit": "selector"}[kind]
        leaves = [row.leaf() for row in self.rows]
        where: Mapping[str, Any] = self.where if self.where is not None else {self.join: leaves} if leaves else {}
        return GoalDefinition(
            name=data["name"].strip() or data[target].strip(),
            kind=kind,
            event=data["event"],
            page=data["page"],
            selector=data["selector"],
            where=where,
            value=data["value"],
            window_days=data["window_days"],
            unit=GoalUnit(data["unit"]),
        )

    def show(self, problems: Mapping[str, str]) -> None:
        """Puts each problem beside its field."""
        for field, problem in problems.items():
            said = f"{problem[0].upper()}{problem[1:]}."
            if field == "where":
                self.where_error = said
            else:
                self.add_error(field if field in self.fields else None, said)


def _rows_of(where: Mapping[str, Any]) -> tuple[str, list[WhereRow]] | None:
    """How the rows are joined, and the rows; None where they cannot show the condition."""
    if not where:
        return "all", []
    try:
        tree = conditions.parse(where)
    except conditions.ConditionError:
        return None
    inner = tree.conditions if isinstance(tree, All | AnyOf) else (tree,)
    if not all(isinstance(leaf, Leaf) for leaf in inner):
        return None
    rows = [WhereRow(leaf.name, leaf.operator.value, spelt(leaf.value)) for leaf in inner if isinstance(leaf, Leaf)]
    return ("any" if isinstance(tree, AnyOf) else "all"), rows


class InternalTrafficForm(forms.Form):
    networks = forms.CharField(
        label="Addresses", required=False,
        help_text="One a line: 203.0.113.7, or a network such as 203.0.113.0/24.",
        widget=forms.Textarea(attrs={**_MONO, "rows": 4}),
    )  # fmt: skip
    traits = forms.CharField(
        label="Traits", required=False,
        help_text="One a line, such as email ends with @example.com or internal is true.",
        widget=forms.Textarea(attrs={**_MONO, "rows": 4}),
    )  # fmt: skip

    @classmethod
    def of(cls, rules: InternalRules) -> InternalTrafficForm:
        return cls(initial={"networks": "\n".join(rules.networks), "traits": "\n".join(rules.traits)})

    def rules(self) -> InternalRules:
        return InternalRules(networks=_lines(self.cleaned_data["networks"]), traits=_lines(self.cleaned_data["traits"]))


def _lines(typed_text: str) -> tuple[str, ...]:
    return tuple(line for raw in typed_text.splitlines() if (line := raw.strip()))


class PlanForm(forms.Form):
    """What an experience is planned with; all in percent, as people say it."""

    baseline = forms.FloatField(
        label="Converted now, in percent", min_value=0.001, max_value=99.9,
        widget=forms.NumberInput(attrs={"step": "any"}),
        error_messages={"min_value": "Give more than 0 percent.", "max_value": "Give less than 100 percent."},
    )  # fmt: skip
    lift = forms.FloatField(
        label="Smallest lift worth finding, in percent", min_value=0.5, max_value=1_000, initial=20,
        widget=forms.NumberInput(attrs={"step": "any"}),
        error_messages={"min_value": "Give at least 0.5 percent."},
    )  # fmt: skip
    traffic = forms.FloatField(
        label="Visitors a day who will see it", min_value=1,
        widget=forms.NumberInput(attrs={"step": "any"}),
        error_messages={"min_value": "Give at least 1 visitor a day."},
    )  # fmt: skip
