"""Looks at every alert rule once a minute, and sees to it that people know what holds.

Several workers may look at the same time: a rule belongs to the one that marks it as looked at, so each is judged once a
minute and nobody is told twice. What could not be told (the mail server is down) is tried again with the next look.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from django.db import Error, connections
from django.db.models import Q

from pitcairn.connections.alerts.conditions import Figures, Judgement, Rule, judge
from pitcairn.connections.alerts.figures import NotKnown, figures_of
from pitcairn.connections.alerts.telling import Notice, Told, tell
from pitcairn.connections.models import AlertKind, AlertRule
from pitcairn.connections.queries_alerts import alert
from pitcairn.eventstore import EventStore, EventStoreError
from pitcairn.experiences.health.alarms import alarms_by_id, open_alarms

logger = logging.getLogger(__name__)

EVERY_SECONDS = 60.0
EARLY = timedelta(seconds=5)
"""A look may come so much before its minute is over: two threads' clocks and sleeps are never quite even."""

Teller: TypeAlias = Callable[[Notice, list[str], str], Told]


def check_alerts(
    store: EventStore, now: datetime, teller: Teller = tell, *, stopping: Callable[[], bool] = lambda: False
) -> int:
    """Looks at every enabled rule that nobody looked at within the last minute; returns how many those were.

    Between two rules it asks whether it is to stop: telling can take as long as a mail server lets it wait.
    """
    due = Q(checked_at=None) | Q(checked_at__lt=now - timedelta(seconds=EVERY_SECONDS) + EARLY)
    looked = 0
    for rule_id in list(AlertRule.objects.filter(due, enabled=True).order_by("id").values_list("id", flat=True)):
        if stopping():
            break
        # Only one of several that look sees its update count.
        if not AlertRule.objects.filter(due, id=rule_id, enabled=True).update(checked_at=now):
            continue
        rule = AlertRule.objects.select_related("workspace", "source").filter(id=rule_id).first()
        if rule is not None:
            _check(store, rule, now, teller)
            looked += 1
    return looked


def send_test(workspace_id: int, rule_id: int, now: datetime, teller: Teller = tell) -> Told | None:
    """Tells everybody of the rule that this is a test; None when there is no such rule."""
    rule = AlertRule.objects.select_related("workspace").filter(workspace_id=workspace_id, id=rule_id).first()
    if rule is None:
        return None
    return teller(_notice(rule, "test", now), rule.emails, rule.webhook_url)


def _check(store: EventStore, rule: AlertRule, now: datetime, teller: Teller) -> None:
    if rule.kind == AlertKind.EXPERIENCE:
        _check_experiences(rule, now, teller)
        return
    judgement = _judgement(store, rule, now)
    rule.measured = judgement.words
    changed = ["measured"]
    if judgement.holds is True and rule.firing_since is None:
        rule.firing_since = now
        changed.append("firing_since")
    elif judgement.holds is False and rule.firing_since is not None:
        rule.firing_since = None
        changed.append("firing_since")
    firing = rule.firing_since is not None
    if firing != rule.told_firing:
        since = rule.firing_since or now
        if _tell(rule, _notice(rule, "firing" if firing else "resolved", since), now, teller):
            rule.told_firing = firing
        changed += ["last_problem", "told_firing", "last_told_at"]
    _keep(rule, now, changed)


def _check_experiences(rule: AlertRule, now: datetime, teller: Teller) -> None:
    """Holds while anything is wrong with a live experience, and tells of each alarm when it begins and when it is over."""
    open_ = open_alarms(rule.workspace_id)
    rule.measured = "; ".join(item.sentence for item in open_) or "every live experience finds its elements"
    rule.firing_since = min((item.since for item in open_), default=None)
    told_about = set(rule.told_about)
    begun = [item for item in open_ if item.id not in told_about]
    over = alarms_by_id(rule.workspace_id, told_about - {item.id for item in open_})
    for state, items in (("firing", begun), ("resolved", over)):
        if not items:
            continue
        since = items[0].since if state == "firing" else items[0].ended_at or now
        measured = "; ".join(item.sentence for item in items)
        if _tell(rule, _notice(rule, state, since, measured), now, teller):
            told_about ^= {item.id for item in items}
    kept = {item.id for item in (*open_, *over)}
    rule.told_about = sorted(told_about & kept)
    rule.told_firing = bool(rule.told_about)
    _keep(rule, now, ["measured", "firing_since", "told_about", "told_firing", "last_problem", "last_told_at"])


def _tell(rule: AlertRule, notice: Notice, now: datetime, teller: Teller) -> bool:
    """Whether anybody was reached; the rule remembers that, or what kept it from them."""
    told = teller(notice, rule.emails, rule.webhook_url)
    rule.last_problem = " ".join(told.problems)
    if told.anyone:
        rule.last_told_at = now
    if told.problems:
        logger.warning("Alert rule %s (%s) could not tell everybody: %s", rule.id, rule.name, rule.last_problem)
    return told.anyone


def _keep(rule: AlertRule, now: datetime, changed: Sequence[str]) -> None:
    # A rule that was changed meanwhile starts anew: it forgot when it was looked at.
    AlertRule.objects.filter(id=rule.id, checked_at=now).update(**{name: getattr(rule, name) for name in changed})


def _judgement(store: EventStore, rule: AlertRule, now: datetime) -> Judgement:
    try:
        figures: Figures = figures_of(store, rule, now)
    except NotKnown as error:
        return Judgement(holds=None, words=str(error))
    return judge(
        Rule(
            kind=AlertKind(rule.kind),
            threshold=rule.threshold,
            window=timedelta(minutes=rule.window_minutes),
            firing=rule.firing_since is not None,
        ),
        figures,
    )


def _notice(rule: AlertRule, state: str, since: datetime, measured: str | None = None) -> Notice:
    item = alert(rule.workspace_id, rule.id)
    return Notice(
        rule_id=rule.id,
        rule=rule.name,
        workspace=rule.workspace.name,
        state=state,
        watches=item.sentence if item else "",
        measured=rule.measured if measured is None else measured,
        since=since,
    )


Sender: TypeAlias = Callable[..., int]
"""Something else that is due at times: called with the store, the time and `stopping`, after each look."""


class AlertWatch:
    """Looks at the rules from a thread of its own, as long as the worker runs, and has sent what else is due."""

    def __init__(self, store: EventStore, senders: Sequence[Sender] = ()) -> None:
        self._store = store
        self._senders = senders
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alerts", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns when the look in hand is finished."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._stopping.wait(EVERY_SECONDS):
                try:
                    check_alerts(self._store, datetime.now(UTC), stopping=self._stopping.is_set)
                    for send in self._senders:
                        send(self._store, datetime.now(UTC), stopping=self._stopping.is_set)
                except Exception as error:
                    trouble = isinstance(error, Error | EventStoreError)
                    logger.error("Alert rules and what is due could not be looked at: %s", error, exc_info=not trouble)
                    connections.close_all()
        finally:
            connections.close_all()
