"""The form that says what a destination is told of an audience or a computed trait."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms


class SyncForm(forms.Form):
    """`destinations` are (id, name) pairs; none when the destination is given already."""

    destination = forms.ChoiceField(label="Destination")
    send_identify = forms.BooleanField(label="Identify", required=False, initial=True)
    send_track = forms.BooleanField(label="Track", required=False)
    entered = forms.CharField(
        label="Event when somebody enters", max_length=200, required=False, initial="Audience Entered"
    )
    exited = forms.CharField(
        label="Event when somebody leaves", max_length=200, required=False, initial="Audience Exited"
    )
    computed = forms.CharField(label="Event", max_length=200, required=False, initial="Trait Computed")

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        destinations: Sequence[tuple[int, str]] = (),
        audience: bool = True,
        initial: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(data, initial=initial)
        if destinations:
            field = self.fields["destination"]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [(str(key), name) for key, name in destinations]
        else:
            del self.fields["destination"]
        for name in ("computed",) if audience else ("entered", "exited"):
            del self.fields[name]

    def what(self) -> dict[str, Any]:
        """The arguments of `services.connect_destination`."""
        return {name: value for name, value in self.cleaned_data.items() if name != "destination"}
