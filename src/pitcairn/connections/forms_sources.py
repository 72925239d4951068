"""The forms of a source's settings, of OAuth apps, and of removing something by its name."""

from typing import Any

from django import forms

from pitcairn.connections.models import SourceKind
from pitcairn.connections.oauth_apps import LIFETIMES
from pitcairn.connections.queries import SourceItem
from pitcairn.connections.services import NAME_LENGTH
from pitcairn.connections.source_settings import RATE_MOST


class SourceRulesForm(forms.Form):
    """What the source's calls must keep to; only the fields that make sense for its kind."""

    rate_limit = forms.IntegerField(
        label="Messages per second",
        required=False,
        min_value=1,
        max_value=RATE_MOST,
        help_text="What comes faster is answered 429 and told when to come again; client libraries do. Empty is no limit.",
        widget=forms.NumberInput(attrs={"placeholder": "No limit", "inputmode": "numeric"}),
    )
    allowed_origins = forms.CharField(
        label="Allowed origins",
        required=False,
        help_text="One per line, such as https://www.example.com, or https://*.example.com for every name below it. "
        "Pages of other websites are answered 403. Empty allows all.",
        widget=forms.Textarea(attrs={"rows": 3, "class": "mono", "spellcheck": "false", "placeholder": "Any origin"}),
    )
    requires_token = forms.BooleanField(required=False)
    asks_consent = forms.BooleanField(required=False)
    honours_gpc = forms.BooleanField(required=False)

    def __init__(self, source: SourceItem, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("rate_limit", source.rate_limit)
        self.initial.setdefault("allowed_origins", "\n".join(source.allowed_origins))
        self.initial.setdefault("requires_token", source.requires_token)
        self.initial.setdefault("asks_consent", source.asks_consent)
        self.initial.setdefault("honours_gpc", source.honours_gpc)
        if source.kind != SourceKind.BROWSER:
            for name in ("allowed_origins", "asks_consent", "honours_gpc"):
                del self.fields[name]
        if source.kind != SourceKind.SERVER:
            del self.fields["requires_token"]

    @property
    def rules(self) -> dict[str, Any]:
        """Ready for `set_source_rules`."""
        return {
            "rate_limit": self.cleaned_data["rate_limit"],
            "allowed_origins": self.cleaned_data.get("allowed_origins", "").splitlines(),
            "requires_token": self.cleaned_data.get("requires_token", False),
            "asks_consent": self.cleaned_data.get("asks_consent", False),
            "honours_gpc": self.cleaned_data.get("honours_gpc", False),
        }


class OAuthAppForm(forms.Form):
    name = forms.CharField(
        label="Name",
        max_length=NAME_LENGTH,
        help_text="The program that sends, in words that others recognize.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "Order service"}),
    )
    public_key = forms.CharField(
        label="Public key",
        help_text="RSA, 2,048 bits or more, in PEM form. The private key stays on your server.",
        widget=forms.Textarea(
            attrs={"rows": 6, "class": "mono", "spellcheck": "false", "placeholder": "-----BEGIN PUBLIC KEY-----"}
        ),
        error_messages={"required": "Paste the public key; the commands below make a pair."},
    )
    days = forms.TypedChoiceField(
        label="A token lasts",
        coerce=int,
        choices=list(LIFETIMES.items()),
        initial=1,
        help_text="Libraries get a new one in time.",
    )
