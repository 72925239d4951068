"""The forms of Settings."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from pitcairn.workspaces.api_keys import NAME_LENGTH
from pitcairn.workspaces.models import APIScope, User


def _password(label: str, autocomplete: str, help_text: str = "") -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": autocomplete})
    return forms.CharField(label=label, strip=False, widget=widget, help_text=help_text)


class PasswordForm(forms.Form):
    """Changing one's own password needs the old one."""

    old = _password("Password now", "current-password")
    new = _password(
        "New password", "new-password", "At least 10 characters; not a common password, and not like your email."
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_old(self) -> str:
        old: str = self.cleaned_data["old"]
        if not self.user.check_password(old):
            raise ValidationError("This is not your password. Type the one you signed in with.")
        return old

    def clean_new(self) -> str:
        new: str = self.cleaned_data["new"]
        validate_password(new, self.user)
        return new

    def save(self) -> None:
        self.user.set_password(self.cleaned_data["new"])
        self.user.save(update_fields=["password"])


class APIKeyForm(forms.Form):
    name = forms.CharField(
        label="Name",
        max_length=NAME_LENGTH,
        help_text="The program or the team that will use it.",
        error_messages={"required": "The name is missing. Say which program will use the key."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    scope = forms.ChoiceField(
        label="What it may do",
        choices=APIScope.choices,
        initial=APIScope.READ,
        help_text="A key that writes can do what an editor can.",
    )
