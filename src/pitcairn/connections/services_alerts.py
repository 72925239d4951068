"""What changes alert rules."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from pitcairn.connections.models import AlertKind, AlertRule, Destination, Source
from pitcairn.connections.services import NAME_LENGTH, ConnectionsError

MOST_RULES = 100
"""Each of them is looked at every minute."""
MOST_EMAILS = 20
WINDOWS = {10: "10 minutes", 60: "1 hour", 360: "6 hours", 1440: "24 hours"}
"""The spans of time a rule can look at, in minutes, and their names."""


@transaction.atomic
def create_alert(
    *,
    workspace_id: int,
    kind: str,
    threshold: float,
    name: str,
    emails: Sequence[str] = (),
    webhook_url: str = "",
    window_minutes: int = 60,
    source_id: int | None = None,
    destination_id: int | None = None,
) -> AlertRule:
    """Makes a rule, enabled. `threshold` is in percent, for `lag` in seconds; for `experience` it says nothing.

    Raises `ConnectionsError`, with the field it is about, for what cannot be watched and for a rule that tells nobody.
    """
    if AlertRule.objects.filter(workspace_id=workspace_id).count() >= MOST_RULES:
        raise ConnectionsError(f"There are {MOST_RULES} alert rules already. Delete one that is not needed any more.")
    rule = AlertRule(workspace_id=workspace_id, kind=_kind(kind))
    _change(
        rule,
        threshold=threshold,
        name=name,
        emails=emails,
        webhook_url=webhook_url,
        window_minutes=window_minutes,
        source_id=source_id,
        destination_id=destination_id,
    )
    rule.save()
    return rule


@transaction.atomic
def update_alert(
    *,
    workspace_id: int,
    rule_id: int,
    threshold: float,
    name: str,
    emails: Sequence[str] = (),
    webhook_url: str | None = None,
    window_minutes: int = 60,
    source_id: int | None = None,
    destination_id: int | None = None,
) -> AlertRule:
    """Changes all of a rule but its kind. A webhook address of None keeps the one that is set; "" removes it.

    A rule that was firing starts anew: what people were told was about the rule as it was. Raises as `create_alert`.
    """
    rule = _rule(workspace_id, rule_id)
    _change(
        rule,
        threshold=threshold,
        name=name,
        emails=emails,
        webhook_url=rule.webhook_url if webhook_url is None else webhook_url,
        window_minutes=window_minutes,
        source_id=source_id,
        destination_id=destination_id,
    )
    _forget(rule)
    rule.save()
    return rule


@transaction.atomic
def set_alert_enabled(*, workspace_id: int, rule_id: int, enabled: bool) -> AlertRule:
    """A disabled rule is not looked at and tells nobody, not even that it ended."""
    rule = _rule(workspace_id, rule_id)
    rule.enabled = enabled
    _forget(rule)
    rule.save()
    return rule


def delete_alert(*, workspace_id: int, rule_id: int) -> str:
    """Removes the rule; returns its name."""
    rule = _rule(workspace_id, rule_id)
    rule.delete()
    return rule.name


def _forget(rule: AlertRule) -> None:
    rule.firing_since = rule.checked_at = None
    rule.told_firing = False
    rule.told_about = []
    rule.measured = rule.last_problem = ""


def _change(
    rule: AlertRule,
    *,
    threshold: float,
    name: str,
    emails: Sequence[str],
    webhook_url: str,
    window_minutes: int,
    source_id: int | None,
    destination_id: int | None,
) -> None:
    rule.name = _name(name)
    rule.threshold = _threshold(AlertKind(rule.kind), threshold)
    rule.window_minutes = _window(window_minutes)
    rule.emails = checked_emails(emails)
    rule.webhook_url = checked_webhook(webhook_url)
    if not rule.emails and not rule.webhook_url:
        raise ConnectionsError(
            "The rule would tell nobody. Give at least one email address or a webhook.", field="emails"
        )
    of_source = rule.kind in {AlertKind.VOLUME_FALLS, AlertKind.VOLUME_RISES}
    rule.source_id = _in_workspace(Source, rule.workspace_id, source_id) if of_source else None
    rule.destination_id = (
        None
        if of_source or rule.kind == AlertKind.EXPERIENCE
        else _in_workspace(Destination, rule.workspace_id, destination_id)
    )


def _kind(kind: str) -> AlertKind:
    if kind not in AlertKind.values:
        raise ConnectionsError(f"{kind!r} cannot be watched; use one of {', '.join(AlertKind.values)}.", field="kind")
    return AlertKind(kind)


def _name(name: str) -> str:
    name = name.strip()
    if not name:
        raise ConnectionsError("The name is empty. Give it one that says what went wrong.", field="name")
    if len(name) > NAME_LENGTH:
        raise ConnectionsError(f"The name has {len(name)} characters; use at most {NAME_LENGTH}.", field="name")
    return name


def _threshold(kind: AlertKind, threshold: float) -> float:
    if kind == AlertKind.EXPERIENCE:
        return 0.0
    if kind == AlertKind.LAG:
        if not 60 <= threshold <= 7 * 86400:
            raise ConnectionsError(
                f"{threshold:g} seconds cannot be watched; use a time from 1 minute to 7 days.", field="threshold"
            )
    elif kind == AlertKind.VOLUME_RISES:
        if not 1 <= threshold <= 100_000:
            raise ConnectionsError(f"{threshold:g} % is no rise to watch for; use 1 to 100,000 %.", field="threshold")
    elif not 1 <= threshold <= 100:
        raise ConnectionsError(f"{threshold:g} % is not possible here; use 1 to 100 %.", field="threshold")
    return threshold


def _window(minutes: int) -> int:
    if minutes not in WINDOWS:
        raise ConnectionsError(
            f"{minutes} minutes cannot be looked at; use one of {', '.join(map(str, WINDOWS))}.",
            field="window_minutes",
        )
    return minutes


def checked_emails(emails: Sequence[str]) -> list[str]:
    cleaned = list(dict.fromkeys(address.strip() for address in emails if address.strip()))
    if len(cleaned) > MOST_EMAILS:
        raise ConnectionsError(
            f"{len(cleaned)} addresses are too many; use at most {MOST_EMAILS}, or a mailing list.", field="emails"
        )
    for address in cleaned:
        try:
            validate_email(address)
        except ValidationError:
            raise ConnectionsError(
                f"{address!r} is not an email address. Write one address a line.", field="emails"
            ) from None
    return cleaned


def checked_webhook(url: str) -> str:
    url = url.strip()
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and len(url) <= 2_000
    except ValueError:
        usable = False
    if not usable:
        raise ConnectionsError(
            "This is not an address a webhook can have. It begins with https:// and has at most 2,000 characters.",
            field="webhook_url",
        )
    return url


def _in_workspace(model: type[Source] | type[Destination], workspace_id: int, found_id: int | None) -> int | None:
    if found_id is None:
        return None
    if not model._default_manager.filter(workspace_id=workspace_id, id=found_id).exists():
        kind = "source" if model is Source else "destination"
        raise ConnectionsError(f"There is no {kind} {found_id} in this workspace.", field=f"{kind}_id")
    return found_id


def _rule(workspace_id: int, rule_id: int) -> AlertRule:
    rule = AlertRule.objects.filter(workspace_id=workspace_id, id=rule_id).first()
    if rule is None:
        raise ConnectionsError(f"There is no alert rule {rule_id} in this workspace.")
    return rule
