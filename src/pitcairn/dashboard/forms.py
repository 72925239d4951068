"""The forms of the shell."""

from typing import Any

from django import forms
from django.contrib.auth import authenticate
from django.http import HttpRequest

from pitcairn.dashboard import attempts
from pitcairn.workspaces.models import User


class SignInForm(forms.Form):
    email = forms.EmailField(
        label="Email", widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True})
    )
    password = forms.CharField(
        label="Password", strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request
        self.user: User | None = None

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        email, password = data.get("email", "").strip().lower(), data.get("password")
        if not email or not password:
            return data
        if attempts.too_many(email):
            raise forms.ValidationError(
                f"Too many attempts for {email}. Wait {attempts.WINDOW_MINUTES} minutes and try again."
            )
        user = authenticate(self.request, username=email, password=password)
        if not isinstance(user, User):
            attempts.failed(email)
            raise forms.ValidationError("This email and password do not belong together. Check both and try again.")
        attempts.forget(email)
        self.user = user
        return data


class NameAgainForm(forms.Form):
    """Asks for the name of what cannot be brought back."""

    use_required_attribute = False

    name = forms.CharField(
        label="Write the name to go on",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autofocus": True}),
    )

    def __init__(self, wanted: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._wanted = wanted
        field = self.fields["name"]
        field.help_text = wanted
        field.error_messages["required"] = f"The name is missing. Write {wanted} as it stands above."

    def clean_name(self) -> str:
        typed: str = self.cleaned_data["name"]
        if typed != self._wanted:
            raise forms.ValidationError(f"{typed!r} is not the name. Write {self._wanted} as it stands above.")
        return typed
