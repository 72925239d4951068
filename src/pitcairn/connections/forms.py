"""The forms of Connections. What a destination asks for comes from its manifest."""

from collections.abc import Sequence
from typing import Any

from django import forms

from pitcairn.connections.destination import Manifest, SettingField
from pitcairn.connections.models import SourceKind
from pitcairn.connections.queries import DestinationItem, SettingState, SourceItem
from pitcairn.connections.services import NAME_LENGTH, ConnectionsError, setting_problems

SETTING_PREFIX = "setting-"


class SourceForm(forms.Form):
    name = forms.CharField(
        label="Name",
        max_length=NAME_LENGTH,
        help_text="What the source is, in words that others recognize.",
        widget=forms.TextInput(attrs={"placeholder": "Company website", "autocomplete": "off"}),
    )
    kind = forms.ChoiceField(
        label="Where do the calls come from?", choices=SourceKind.choices, initial=SourceKind.BROWSER
    )


class RenameForm(forms.Form):
    name = forms.CharField(label="Name", max_length=NAME_LENGTH, widget=forms.TextInput(attrs={"autocomplete": "off"}))


class SourcesForm(forms.Form):
    """Which sources a destination gets. Refuses to go on without one."""

    source = forms.MultipleChoiceField(
        label="Sources",
        error_messages={
            "required": "Choose at least one source. Without one, nothing is delivered.",
            "invalid_choice": "Source %(value)s is not in this workspace. Choose from the list.",
        },
    )

    def __init__(self, sources: Sequence[SourceItem], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["source"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(str(source.id), source.name) for source in sources]

    @property
    def source_ids(self) -> list[int]:
        return [int(value) for value in self.cleaned_data["source"]]


class SettingsForm(forms.Form):
    """Name and settings of a destination. Secrets are write-only: an empty one keeps what is set."""

    name = forms.CharField(label="Name", max_length=NAME_LENGTH, widget=forms.TextInput(attrs={"autocomplete": "off"}))

    def __init__(self, manifest: Manifest, *args: Any, states: Sequence[SettingState] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.manifest = manifest
        known = {state.field.key: state for state in states}
        for setting in manifest.settings:
            self.fields[SETTING_PREFIX + setting.key] = _form_field(
                setting, known.get(setting.key), manifest.defaults.get(setting.key)
            )

    @classmethod
    def editing(cls, item: DestinationItem, data: Any = None) -> "SettingsForm":
        return cls(item.manifest, data, states=item.settings, initial={"name": item.name})

    @property
    def setting_fields(self) -> list[forms.BoundField]:
        return [self[SETTING_PREFIX + setting.key] for setting in self.manifest.settings]

    @property
    def settings(self) -> dict[str, Any]:
        """By manifest key, ready for the services. A number that is left empty is its default, or left out."""
        values = {setting.key: self.cleaned_data[SETTING_PREFIX + setting.key] for setting in self.manifest.settings}
        defaults = self.manifest.defaults
        return {
            key: defaults[key] if value is None else value
            for key, value in values.items()
            if value is not None or key in defaults
        }

    def clean(self) -> dict[str, Any]:
        if not self.errors:
            for key, problem in setting_problems(self.manifest, self.settings).items():
                self.add_error(SETTING_PREFIX + key, problem)
        return self.cleaned_data

    def blame(self, error: ConnectionsError) -> None:
        """Shows a service's error beside the input it is about."""
        name = SETTING_PREFIX + error.field if SETTING_PREFIX + error.field in self.fields else error.field
        self.add_error(name if name in self.fields else None, str(error))


def blame(form: forms.Form, error: ConnectionsError) -> None:
    """Shows a service's error beside the input it is about, or above the form."""
    form.add_error(error.field if error.field in form.fields else None, str(error))


class SecretInput(forms.TextInput):
    """Shown while it is typed, since it has to be checked; never filled in by the server.

    `made_here`: any value will do, and the page offers to make a random one. `is_set`: there is one, which stays unless
    another is typed.
    """

    is_secret = True

    def __init__(self, *, made_here: bool, is_set: bool, placeholder: str) -> None:
        super().__init__(
            {"autocomplete": "off", "spellcheck": "false", "class": "mono", "placeholder": placeholder.capitalize()}
        )
        self.made_here = made_here
        self.is_set = is_set


def _form_field(setting: SettingField, state: SettingState | None, default: Any) -> forms.Field:
    if setting.type == "secret":
        return _secret_field(setting, state)
    common: dict[str, Any] = {
        "label": setting.label,
        "help_text": setting.description,
        "initial": default if state is None or state.value is None else state.value,
    }
    if setting.type == "boolean":
        return forms.BooleanField(required=False, **common)
    common |= {
        "required": setting.required,
        "error_messages": {"required": f"{setting.label} is needed before the destination can be enabled."},
    }
    typed = {"placeholder": setting.placeholder, "spellcheck": "false", "autocomplete": "off"}
    if setting.type == "number":
        return forms.FloatField(widget=forms.NumberInput({"step": "any"}), **common)
    if setting.type == "choice":
        return forms.ChoiceField(choices=[(option, option) for option in setting.options], **common)
    if setting.type == "text":
        return forms.CharField(widget=forms.Textarea({**typed, "rows": 4, "class": "mono"}), **common)
    if setting.type == "url":
        return forms.CharField(widget=forms.TextInput({**typed, "inputmode": "url"}), **common)
    return forms.CharField(widget=forms.TextInput(typed), **common)


def _secret_field(setting: SettingField, state: SettingState | None) -> forms.Field:
    is_set = bool(state and state.secret and state.secret.is_set)
    placeholder = f"{state.secret.words}; leave empty to keep it" if is_set and state and state.secret else ""
    return forms.CharField(
        label=setting.label,
        help_text=setting.description,
        required=setting.required and not is_set,
        widget=SecretInput(
            made_here=setting.any_will_do, is_set=is_set, placeholder=placeholder or setting.placeholder
        ),
        error_messages={"required": f"{setting.label} is needed before the destination can be enabled."},
    )
