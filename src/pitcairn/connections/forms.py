"""The forms of Connections. What a destination asks for comes from its manifest."""

from collections.abc import Sequence
from typing import Any

from django import forms

from pitcairn.connections.destination import Manifest, SettingField
from pitcairn.connections.models import SourceKind
from pitcairn.connections.queries import DestinationItem, SettingState, SourceItem
from pitcairn.connections.services import NAME_LENGTH, ConnectionsError

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
            self.fields[SETTING_PREFIX + setting.key] = _form_field(setting, known.get(setting.key))

    @classmethod
    def editing(cls, item: DestinationItem, data: Any = None) -> "SettingsForm":
        return cls(item.manifest, data, states=item.settings, initial={"name": item.name})

    @property
    def setting_fields(self) -> list[forms.BoundField]:
        return [self[SETTING_PREFIX + setting.key] for setting in self.manifest.settings]

    @property
    def settings(self) -> dict[str, Any]:
        """By manifest key, ready for the services. A number that is left empty is left out."""
        values = {setting.key: self.cleaned_data[SETTING_PREFIX + setting.key] for setting in self.manifest.settings}
        return {key: value for key, value in values.items() if value is not None}

    def blame(self, error: ConnectionsError) -> None:
        """Shows a service's error beside the input it is about."""
        name = SETTING_PREFIX + error.field if SETTING_PREFIX + error.field in self.fields else error.field
        self.add_error(name if name in self.fields else None, str(error))


def blame(form: forms.Form, error: ConnectionsError) -> None:
    """Shows a service's error beside the input it is about, or above the form."""
    form.add_error(error.field if error.field in form.fields else None, str(error))


def _form_field(setting: SettingField, state: SettingState | None) -> forms.Field:
    common: dict[str, Any] = {"label": setting.label, "help_text": setting.description}
    if setting.type == "boolean":
        return forms.BooleanField(required=False, initial=bool(state and state.value), **common)
    if setting.type == "number":
        return forms.FloatField(required=setting.required, initial=state.value if state else None, **common)
    if setting.type == "string":
        return forms.CharField(required=setting.required, initial=state.value if state else "", **common)
    is_set = bool(state and state.secret and state.secret.is_set)
    placeholder = f"{state.secret.words}; leave empty to keep it" if is_set and state and state.secret else ""
    return forms.CharField(
        required=setting.required and not is_set,
        # Shown while it is typed, since it is made up here and has to be checked; never filled in by the server.
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off",
                "spellcheck": "false",
                "class": "mono",
                "placeholder": placeholder.capitalize(),
            }
        ),
        error_messages={"required": f"{setting.label} is needed before the destination can be enabled."},
        **common,
    )
