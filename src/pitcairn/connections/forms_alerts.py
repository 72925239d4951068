"""The form of an alert rule. Its kind is chosen before, since it decides what is asked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django import forms

from pitcairn.connections.models import AlertKind
from pitcairn.connections.queries import DestinationItem, SourceItem
from pitcairn.connections.queries_alerts import AlertItem
from pitcairn.connections.services import NAME_LENGTH
from pitcairn.connections.services_alerts import WINDOWS

NAMES = {
    AlertKind.SUCCESS_RATE: "Deliveries fail",
    AlertKind.LAG: "Deliveries are late",
    AlertKind.VOLUME_FALLS: "Fewer messages than usual",
    AlertKind.VOLUME_RISES: "More messages than usual",
    AlertKind.EXPERIENCE: "Experiences break",
}
ABOUT = {
    AlertKind.SUCCESS_RATE: "Fires when less than a share of what is sent arrives. What will be tried again counts as "
    "not arrived, so a destination that is down is noticed at once, and not when its messages expire.",
    AlertKind.LAG: "Fires when the oldest message that is still to be delivered has waited too long.",
    AlertKind.VOLUME_FALLS: "Fires when fewer messages come than usual. Usual is the median of the same time of day "
    "over the last seven days.",
    AlertKind.VOLUME_RISES: "Fires when more messages come than usual. Usual is the median of the same time of day "
    "over the last seven days.",
    AlertKind.EXPERIENCE: "Fires when a change of a live experience stops finding its element, such as after a redesign of "
    "the page, or when an experience hides elements for long or moves the page. It tells of each by itself.",
}
THRESHOLDS = {
    AlertKind.SUCCESS_RATE: ("Fires below, in percent", 95.0),
    AlertKind.LAG: ("Fires above, in minutes", 15.0),
    AlertKind.VOLUME_FALLS: ("Fires when it falls by, in percent", 50.0),
    AlertKind.VOLUME_RISES: ("Fires when it rises by, in percent", 200.0),
}
NOT_ASKED = {AlertKind.LAG: ("window_minutes",), AlertKind.EXPERIENCE: ("about", "threshold", "window_minutes")}
"""Fields of the form that say nothing for a kind."""
EVERY = 0
"""What stands for all sources or destinations together."""
SECONDS = {AlertKind.LAG: 60.0}
"""What the number of the form is multiplied with to be kept."""


class AlertForm(forms.Form):
    """`emails` are typed one a line. A webhook that is set is not shown: an empty field keeps it."""

    name = forms.CharField(label="Name", max_length=NAME_LENGTH, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    about = forms.TypedChoiceField(label="Watches", coerce=int)
    threshold = forms.FloatField(widget=forms.NumberInput(attrs={"step": "any", "min": "0"}))
    window_minutes = forms.TypedChoiceField(
        label="Looks at the last", coerce=int, choices=list(WINDOWS.items()), initial=60
    )
    emails = forms.CharField(
        label="Email to",
        required=False,
        help_text="One address a line.",
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false"}),
    )
    webhook_url = forms.CharField(
        label="Webhook",
        required=False,
        max_length=2_000,
        help_text="Gets a POST with JSON. An incoming webhook of Slack, Mattermost or Google Chat works as it is.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "inputmode": "url"}),
    )

    def __init__(
        self,
        kind: AlertKind,
        *args: Any,
        sources: Sequence[SourceItem],
        destinations: Sequence[DestinationItem],
        item: AlertItem | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        self.of_source = kind in {AlertKind.VOLUME_FALLS, AlertKind.VOLUME_RISES}
        label, threshold = THRESHOLDS.get(kind, ("", 0.0))
        self.fields["threshold"].label = label
        about = self.fields["about"]
        assert isinstance(about, forms.ChoiceField)
        things: Sequence[SourceItem | DestinationItem] = sources if self.of_source else destinations
        every = "All sources together" if self.of_source else "All destinations"
        about.choices = [(EVERY, every), *((thing.id, thing.name) for thing in things)]
        for name in NOT_ASKED.get(kind, ()):
            del self.fields[name]
        self.initial = {"name": NAMES[kind], "threshold": f"{threshold:g}", **self.initial}
        if item is not None:
            self.initial = {
                **self.initial,
                "name": item.name,
                "about": (item.source_id if self.of_source else item.destination_id) or EVERY,
                "threshold": f"{item.threshold / SECONDS.get(kind, 1):g}",
                "window_minutes": item.window_minutes,
                "emails": "\n".join(item.emails),
            }
            if item.webhook_host:
                self.fields["webhook_url"].widget.attrs["placeholder"] = f"Set, at {item.webhook_host}; empty keeps it"
                self.fields["remove_webhook"] = forms.BooleanField(label="Remove the webhook", required=False)

    @property
    def values(self) -> dict[str, Any]:
        """What the services take, but for the webhook."""
        data = self.cleaned_data
        return {
            "name": data["name"],
            "threshold": data.get("threshold", 0.0) * SECONDS.get(self.kind, 1),
            "window_minutes": data.get("window_minutes", 60),
            "emails": [address for address in re.split(r"[\s,;]+", data["emails"]) if address],
            "source_id" if self.of_source else "destination_id": data.get("about") or None,
        }

    @property
    def new_webhook(self) -> str | None:
        """The new address, "" to remove the one that is set, None to keep it."""
        if self.cleaned_data.get("remove_webhook"):
            return ""
        typed: str = self.cleaned_data["webhook_url"]
        return typed or None
