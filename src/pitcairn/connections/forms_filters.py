"""The form of one filter: a condition in FQL and an action, in a few fields that also work without a script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from pitcairn.connections.filters import ALL, FQLError, compile_condition
from pitcairn.connections.filters.paths import PathError, join_path, split_path
from pitcairn.connections.queries import SourceItem
from pitcairn.connections.queries_filters import FilterItem, field_paths
from pitcairn.connections.services import ConnectionsError
from pitcairn.connections.services_filters import TITLE_LENGTH

ACTIONS = (
    ("drop", "Drop them", "They do not reach this destination."),
    ("only_send", "Send only these", "Everything else does not reach this destination."),
    ("sample", "Send a part of them", "The rest does not reach this destination."),
    ("drop_properties", "Take fields out", "They are sent without what you name."),
    ("allow_properties", "Keep only some fields", "Of each object that you name fields of, nothing else is sent."),
)
"""Type, label and hint of each action."""

FIELD_OF_ACTION = {"sample": "percent", "drop_properties": "drop_paths", "allow_properties": "allow_paths"}

_MONO = {"class": "mono", "spellcheck": "false", "autocapitalize": "off", "autocomplete": "off"}
_PATHS_HINT = "One a line, such as properties.coupon, context.ip or userId."


class FilterForm(forms.Form):
    title = forms.CharField(
        label="Title", max_length=TITLE_LENGTH, widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "The title is empty. Say in a few words what the filter is for."},
    )  # fmt: skip
    source = forms.ChoiceField(label="Messages of", required=False)
    scope = forms.ChoiceField(choices=[("some", "Those that match a condition"), (ALL, "All of them")], initial="some")
    condition = forms.CharField(
        label="Condition in FQL",
        required=False,
        strip=False,
        widget=forms.Textarea(
            attrs={**_MONO, "rows": 4, "placeholder": "type = 'track' and match( event, 'Order *' )"}
        ),
    )
    action = forms.ChoiceField(
        choices=[(type_, label) for type_, label, _ in ACTIONS],
        initial="drop",
        error_messages={"required": "Choose what happens to the messages."},
    )
    percent = forms.FloatField(
        label="Percent to send", required=False, min_value=0, max_value=100, initial=10,
        error_messages={"min_value": "Give 0 to 100 percent.", "max_value": "Give 0 to 100 percent.",
                        "invalid": "Give a number from 0 to 100."},
    )  # fmt: skip
    path = forms.CharField(
        label="Choose by",
        required=False,
        help_text="With userId, say, the same people are always in. Empty: every message is chosen by itself.",
        widget=forms.TextInput(attrs={**_MONO, "placeholder": "userId"}),
    )
    drop_paths = forms.CharField(
        label="Fields to take out", required=False, help_text=_PATHS_HINT,
        widget=forms.Textarea(attrs={**_MONO, "rows": 4}),
    )  # fmt: skip
    allow_paths = forms.CharField(
        label="Fields to keep", required=False, help_text=_PATHS_HINT,
        widget=forms.Textarea(attrs={**_MONO, "rows": 4}),
    )  # fmt: skip

    def __init__(self, sources: Sequence[SourceItem], data: Any = None, *, item: FilterItem | None = None) -> None:
        super().__init__(data, initial=_initial(item))
        field = self.fields["source"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "Every source"), *((str(source.id), source.name) for source in sources)]
        if item is not None and item.source_id is not None and str(item.source_id) not in dict(field.choices):
            field.choices.append((str(item.source_id), item.source))
        self._item = item
        self.fql_error: FQLError | None = None

    def clean_condition(self) -> str:
        """Checked here as well as by the service: the page shows the place in the text."""
        condition: str = self.cleaned_data["condition"].rstrip().replace("\r\n", "\n")
        if self.data.get("scope") == ALL:
            return condition
        if condition.strip() == ALL:
            return condition
        try:
            compile_condition(condition)
        except FQLError as error:
            self.fql_error = error
            raise forms.ValidationError(str(error)) from None
        return condition

    def clean_drop_paths(self) -> str:
        return self._paths("drop_paths", "drop_properties")

    def clean_allow_paths(self) -> str:
        return self._paths("allow_paths", "allow_properties")

    def clean_percent(self) -> float | None:
        percent: float | None = self.cleaned_data["percent"]
        if percent is None and self.data.get("action") == "sample":
            raise forms.ValidationError("Give a number from 0 to 100.")
        return percent

    @property
    def values(self) -> dict[str, Any]:
        """As the services take it, of a form in which nothing but the title may be wrong."""
        data = self.cleaned_data
        return {
            "title": data.get("title", ""),
            "condition": ALL if data["scope"] == ALL else data["condition"],
            "action": self._action(),
            "source_id": int(data["source"]) if data["source"] else None,
        }

    def blame(self, error: ConnectionsError) -> None:
        """Shows a service's error beside the input it is about."""
        name = {"source_id": "source", "action": FIELD_OF_ACTION.get(self.data.get("action", ""), "action")}.get(
            error.field, error.field
        )
        self.add_error(name if name in self.fields else None, str(error))

    def _action(self) -> dict[str, Any]:
        data = self.cleaned_data
        action: dict[str, Any] = {"type": data["action"]}
        if action["type"] == "sample":
            action["percent"] = data["percent"] / 100
            if data["path"].strip():
                action["path"] = data["path"].strip()
        elif field := FIELD_OF_ACTION.get(action["type"]):
            if self._item is not None and _lines(self._item.action) == data[field]:
                return dict(self._item.action)  # also what the lines cannot tell apart stays as it was made
            action["fields"] = _fields(data[field])
        return action

    def _paths(self, name: str, action: str) -> str:
        lines = [line.strip() for line in self.cleaned_data[name].splitlines() if line.strip()]
        if self.data.get("action") == action:
            if not lines:
                raise forms.ValidationError("Name at least one field.")
            for line in lines:
                try:
                    split_path(line)
                except PathError as error:
                    raise forms.ValidationError(str(error)) from None
        return "\n".join(lines)


def _initial(item: FilterItem | None) -> dict[str, Any]:
    if item is None:
        return {}
    action = item.action
    initial: dict[str, Any] = {
        "title": item.title,
        "source": item.source_id or "",
        "scope": ALL if item.everything else "some",
        "condition": "" if item.everything else item.condition,
        "action": action.get("type"),
        "path": action.get("path") or "",
    }
    if "percent" in action:
        initial["percent"] = round(action["percent"] * 100, 6)
    if field := FIELD_OF_ACTION.get(action.get("type", "")):
        initial[field] = _lines(action) or initial.get(field)
    return initial


def _lines(action: Mapping[str, Any]) -> str:
    return "\n".join(field_paths(action))


def _fields(lines: str) -> dict[str, list[str]]:
    """The lines, each a whole path, by the outermost object that they are in."""
    fields: dict[str, list[str]] = {}
    for line in lines.splitlines():
        first, *rest = split_path(line)
        name, inner = (join_path((first,)), join_path(tuple(rest))) if rest else ("", join_path((first,)))
        fields.setdefault(name, []).append(inner)
    return fields
