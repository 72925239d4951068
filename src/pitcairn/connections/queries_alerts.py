"""What pages may know of alert rules. A webhook's address often holds a secret, so only its host leaves this module."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from pitcairn.connections.models import AlertKind, AlertRule
from pitcairn.connections.services_alerts import WINDOWS
from pitcairn.dashboard.times import duration_words


@dataclass(frozen=True, kw_only=True)
class AlertItem:
    """A rule as pages show it. `about` is the name of its source or destination, "" for every one."""

    id: int
    name: str
    kind: AlertKind
    threshold: float
    window_minutes: int
    source_id: int | None
    destination_id: int | None
    about: str
    emails: tuple[str, ...]
    webhook_host: str
    enabled: bool
    checked_at: datetime | None
    measured: str
    firing_since: datetime | None
    last_told_at: datetime | None
    problem: str

    @property
    def state(self) -> str:
        if not self.enabled:
            return "off"
        return "bad" if self.firing_since else "on" if self.checked_at else ""

    @property
    def state_words(self) -> str:
        if not self.enabled:
            return "Disabled"
        return "Firing" if self.firing_since else "Quiet" if self.checked_at else "Not looked at yet"

    @property
    def sentence(self) -> str:
        """When it fires, in words."""
        if self.kind == AlertKind.EXPERIENCE:
            return "a live experience stops finding an element, or costs its visitors too much"
        window = WINDOWS.get(self.window_minutes, f"{self.window_minutes} minutes")
        if self.kind == AlertKind.SUCCESS_RATE:
            return f"less than {self.threshold:g} % arrives at {self.about or 'its destinations'} in {window}"
        if self.kind == AlertKind.LAG:
            waits = duration_words(timedelta(seconds=self.threshold))
            return f"a message {f'for {self.about} ' if self.about else ''}waits longer than {waits}"
        falls = "falls" if self.kind == AlertKind.VOLUME_FALLS else "rises"
        return f"the volume of {self.about or 'all sources'} {falls} by {self.threshold:g} % or more in {window}"

    @property
    def tells(self) -> str:
        """Who is told, in words."""
        emails = [self.emails[0]] if len(self.emails) == 1 else [f"{len(self.emails)} addresses"] if self.emails else []
        return ", ".join([*emails, *([self.webhook_host] if self.webhook_host else [])])


def alerts(workspace_id: int) -> list[AlertItem]:
    """Every rule, the firing ones first, then by name."""
    rules = AlertRule.objects.filter(workspace_id=workspace_id).select_related("source", "destination")
    return sorted((_item(rule) for rule in rules), key=lambda item: (not _fires(item), item.name.lower()))


def alert(workspace_id: int, rule_id: int) -> AlertItem | None:
    rules = AlertRule.objects.filter(workspace_id=workspace_id, id=rule_id).select_related("source", "destination")
    return next(map(_item, rules), None)


def firing_alerts(workspace_id: int) -> list[str]:
    """The names of the rules that hold now; but those of experiences, whose alarms say more."""
    rules = AlertRule.objects.filter(workspace_id=workspace_id, enabled=True, firing_since__isnull=False)
    rules = rules.exclude(kind=AlertKind.EXPERIENCE)
    return list(rules.order_by("firing_since").values_list("name", flat=True))


def _fires(item: AlertItem) -> bool:
    return item.enabled and item.firing_since is not None


def _item(rule: AlertRule) -> AlertItem:
    about = rule.source or rule.destination
    return AlertItem(
        id=rule.id,
        name=rule.name,
        kind=AlertKind(rule.kind),
        threshold=rule.threshold,
        window_minutes=rule.window_minutes,
        source_id=rule.source_id,
        destination_id=rule.destination_id,
        about=about.name if about else "",
        emails=tuple(rule.emails),
        webhook_host=urlsplit(rule.webhook_url).hostname or "",
        enabled=rule.enabled,
        checked_at=rule.checked_at,
        measured=rule.measured,
        firing_since=rule.firing_since,
        last_told_at=rule.last_told_at,
        problem=rule.last_problem,
    )
