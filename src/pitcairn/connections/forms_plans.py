"""The forms of tracking plans."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django import forms

from pitcairn.connections.queries import SourceItem
from pitcairn.connections.tracking_plans.rules import DRAFT_7, TYPES, OnUnplanned, OnViolation, PlanError
from pitcairn.connections.tracking_plans.services import NAME_LENGTH
from pitcairn.connections.tracking_plans.transfer import FILE_BYTES

ON_VIOLATION = (
    (OnViolation.WARN, "Warn", "It is taken, and the violation is counted and shown."),
    (OnViolation.BLOCK, "Block", "It is refused: no profile, no audience and no destination learns of it."),
)
ON_UNPLANNED = (
    (OnUnplanned.ALLOW, "Let it pass", "Nothing is said."),
    (OnUnplanned.WARN, "Warn", "It is taken, and counted as not in the plan."),
    (OnUnplanned.BLOCK, "Block", "It is refused. A new event needs its rule first."),
)

EXAMPLE = json.dumps(
    {
        "$schema": DRAFT_7,
        "type": "object",
        "properties": {
            "properties": {
                "type": "object",
                "properties": {"order_id": {"type": "string"}, "total": {"type": "number", "minimum": 0}},
                "required": ["order_id"],
            }
        },
    },
    indent=2,
)
"""What the schema field of a new rule begins with."""

TYPE_WORDS = {
    "track": "Track",
    "identify": "Identify",
    "group": "Group",
    "page": "Page",
    "screen": "Screen",
    "common": "Every message",
}


def _name() -> forms.CharField:
    return forms.CharField(label="Name", max_length=NAME_LENGTH, widget=forms.TextInput(attrs={"autocomplete": "off"}))


class EmptyPlanForm(forms.Form):
    name = _name()


class SeenForm(forms.Form):
    """Rules from what a source was seen to send."""

    source = forms.TypedChoiceField(label="Source", coerce=int)
    require = forms.BooleanField(
        label="Require what was always there",
        help_text="A property that every message of the event had is missed when it is not there.",
        required=False,
    )
    close = forms.BooleanField(
        label="Allow no other properties",
        help_text="A property that was never seen breaks the rule.",
        required=False,
    )

    def __init__(self, sources: Sequence[SourceItem], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["source"]
        assert isinstance(field, forms.TypedChoiceField)
        field.choices = [(str(source.id), source.name) for source in sources]


class FileForm(forms.Form):
    """Rules from a file."""

    file = forms.FileField(
        label="File",
        help_text="JSON: a plan exported here, or one from Segment's Public API.",
        widget=forms.ClearableFileInput(attrs={"accept": "application/json,.json"}),
        error_messages={"required": "Choose a file.", "empty": "The file is empty. Choose another."},
    )

    def clean_file(self) -> bytes:
        file = self.cleaned_data["file"]
        if file.size > FILE_BYTES:
            raise forms.ValidationError(f"The file has {file.size:,} bytes; at most {FILE_BYTES:,} are taken.")
        read: bytes = file.read()
        return read


class AddFileForm(FileForm):
    replace = forms.BooleanField(
        label="Change rules that are already there", help_text="Otherwise they stay as they are.", required=False
    )


class PlanForm(forms.Form):
    """What a plan does, and which sources follow it."""

    name = _name()
    on_violation = forms.ChoiceField(choices=[(value, label) for value, label, _ in ON_VIOLATION])
    on_unplanned = forms.ChoiceField(choices=[(value, label) for value, label, _ in ON_UNPLANNED])
    source = forms.TypedMultipleChoiceField(coerce=int, required=False)

    def __init__(self, sources: Sequence[SourceItem], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["source"]
        assert isinstance(field, forms.TypedMultipleChoiceField)
        field.choices = [(str(source.id), source.name) for source in sources]


class RuleForm(forms.Form):
    type = forms.ChoiceField(label="Type of call", choices=[(kind, TYPE_WORDS[kind]) for kind in TYPES])
    event = forms.CharField(
        label="Event or name",
        help_text="Of a Track call its event, of a Page or Screen call its name, exactly as it is sent; empty for the others.",
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    schema = forms.CharField(
        label="JSON Schema",
        help_text="Of the message: its properties, traits and context stand at the top.",
        strip=False,
        widget=forms.Textarea(attrs={"class": "mono", "spellcheck": "false", "rows": 22, "autocapitalize": "off"}),
    )

    def clean_schema(self) -> Any:
        """The value that the text is. Names the line where the text is no JSON."""
        try:
            return json.loads(self.cleaned_data["schema"], parse_constant=_no_json)
        except json.JSONDecodeError as error:
            raise forms.ValidationError(
                f"Line {error.lineno}, column {error.colno}: this is not JSON ({error.msg.lower()}). Nothing was saved."
            ) from error
        except RecursionError:
            raise forms.ValidationError("The schema is nested too deep. Simplify it.") from None


def _no_json(word: str) -> Any:
    raise forms.ValidationError(f"{word} is not JSON. Write a number.")


def blame(form: forms.Form, error: PlanError) -> None:
    """Shows a service's error beside the input it is about, or above the form."""
    form.add_error(error.field if error.field in form.fields else None, str(error))
