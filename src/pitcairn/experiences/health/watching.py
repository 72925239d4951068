"""Looks every few minutes at the vitals of all live experiences, opens alarms, and ends those that are over.

Several workers may look at the same time: an alarm is opened under a lock on its experience, so there is one of each.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from pitcairn.edge.personalize import HIDE_CAP_MS
from pitcairn.eventstore import ArmCosts, ElementViews, EventStore
from pitcairn.experiences.health import rules, words
from pitcairn.experiences.models import SERVED, AlarmEnd, AlarmKind, Experience, HealthAlarm
from pitcairn.experiences.queries_live import LiveExperience, live_experiences

logger = logging.getLogger(__name__)

EVERY = timedelta(minutes=5)
LOOKS_BACK = timedelta(days=14)
"""What was usual is what was so within these days."""
COSTS_OF = (timedelta(days=1), timedelta(days=7))
"""Costs are judged over the shorter time, or where it has too few views, the longer."""
UNVISITED = timedelta(days=7)


class HealthWatch:
    """Called at least as often as `EVERY`; looks when it is time."""

    def __init__(self) -> None:
        self._looked_at: datetime | None = None

    def __call__(self, store: EventStore, now: datetime, *, stopping: Callable[[], bool] = lambda: False) -> int:
        if self._looked_at is not None and now - self._looked_at < EVERY:
            return 0
        self._looked_at = now
        return check_health(store, now, stopping=stopping)


def check_health(store: EventStore, now: datetime, *, stopping: Callable[[], bool] = lambda: False) -> int:
    """Looks at every live experience; returns how many there are. Alarms of those that are not live any more end."""
    HealthAlarm.objects.filter(ended_at=None).exclude(experience__state__in=SERVED).update(
        ended_at=now, end=AlarmEnd.STOPPED
    )
    looked = 0
    every = live_experiences()
    for workspace_id, group in itertools.groupby(every, key=lambda one: one.workspace_id):
        if stopping():
            break
        live = list(group)
        measured = _measured(store, workspace_id, [one.id for one in live], now)
        for experience in live:
            _check(experience, measured, now)
            looked += 1
    return looked


@dataclass(frozen=True, kw_only=True)
class _Measured:
    elements: Sequence[ElementViews]
    costs: Sequence[Sequence[ArmCosts]]
    """Of each of `COSTS_OF`."""

    def elements_of(self, experience_id: int) -> list[ElementViews]:
        return [one for one in self.elements if one.experience_id == experience_id]

    def costs_of(self, experience_id: int) -> tuple[ArmCosts, ArmCosts | None] | None:
        """Of treatment and of control, over the shortest time that has enough views."""
        for costs in self.costs:
            arms = {one.personalized: one for one in costs if one.experience_id == experience_id}
            if True in arms and arms[True].measured - arms[True].late >= rules.FEWEST_COSTS:
                return arms[True], arms.get(False)
        return None


@dataclass(frozen=True, kw_only=True)
class _Finding:
    """What is wrong: to be opened, or if it is open already, to be left so."""

    kind: AlarmKind
    measured: str
    selector: str = ""
    page: str = ""
    usual_share: float | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        return self.kind, self.selector, self.page


def _measured(store: EventStore, workspace_id: int, ids: Sequence[int], now: datetime) -> _Measured:
    return _Measured(
        elements=store.element_views(workspace_id, ids, now - LOOKS_BACK, now),
        costs=[store.costs(workspace_id, ids, now - time, now) for time in COSTS_OF],
    )


def _check(experience: LiveExperience, measured: _Measured, now: datetime) -> None:
    with transaction.atomic():
        # Held until the alarms are written. SQLite has one writer anyway.
        if not Experience.objects.select_for_update().filter(id=experience.id, state__in=SERVED).exists():
            return
        alarms = {
            (alarm.kind, alarm.selector, alarm.page): alarm
            for alarm in HealthAlarm.objects.filter(experience_id=experience.id, ended_at=None)
        }
        views = measured.elements_of(experience.id)
        sought = {
            change.selector for segment in experience.segments for one in segment.variations for change in one.changes
        }
        for alarm in alarms.values():
            end = _end(alarm, views, sought, now)
            if end is not None:
                alarm.ended_at, alarm.end = now, end
                alarm.save(update_fields=["ended_at", "end"])
        wanted = [one for one in views if one.selector in sought and now - one.last_at <= UNVISITED]
        still = {key: alarm for key, alarm in alarms.items() if alarm.ended_at is None}
        _write(experience, list(_findings(experience.id, measured, wanted, still)), alarms, now)


def _write(
    experience: LiveExperience,
    findings: Sequence[_Finding],
    alarms: dict[tuple[str, str, str], HealthAlarm],
    now: datetime,
) -> None:
    found = {finding.key: finding for finding in findings}
    for key, alarm in alarms.items():
        if alarm.ended_at is not None:
            continue
        if key in found:
            alarm.measured = found[key].measured
            alarm.save(update_fields=["measured"])
        elif alarm.kind in {AlarmKind.HIDDEN, AlarmKind.SHIFT}:
            alarm.ended_at, alarm.end = now, AlarmEnd.BETTER
            alarm.save(update_fields=["ended_at", "end"])
    for key, finding in found.items():
        # What has just ended may begin again with the next look.
        if key not in alarms:
            HealthAlarm.objects.create(
                experience_id=experience.id,
                kind=finding.kind,
                selector=finding.selector,
                page=finding.page,
                usual_share=finding.usual_share,
                measured=finding.measured,
                since=now,
            )
            logger.info("Experience %s (%r) has an alarm: %s", experience.id, experience.name, finding.measured)


def _end(alarm: HealthAlarm, views: Sequence[ElementViews], sought: set[str], now: datetime) -> AlarmEnd | None:
    """Why an alarm about an element is over; None while it is not, and for alarms about costs."""
    if not alarm.selector:
        return None
    if alarm.selector not in sought:
        return AlarmEnd.CHANGED
    here = [one for one in views if one.selector == alarm.selector]
    if alarm.kind == AlarmKind.NEVER_FOUND:
        every = rules.together(here)
        return AlarmEnd.AGAIN if every.lacking < every.views else None
    place = next((one for one in here if one.page == alarm.page), None)
    if place is None or now - place.last_at > UNVISITED:
        return AlarmEnd.UNVISITED
    return AlarmEnd.AGAIN if rules.found_again(place, alarm.usual_share or 0.0) else None


def _findings(
    experience_id: int,
    measured: _Measured,
    views: Sequence[ElementViews],
    open_: dict[tuple[str, str, str], HealthAlarm],
) -> Iterator[_Finding]:
    yield from _missing(views, open_)
    costs = measured.costs_of(experience_id)
    if costs is None:
        # Too few views to tell: what is open stays so.
        yield from (_as_it_was(alarm) for alarm in open_.values() if not alarm.selector)
        return
    treatment, control = costs
    firing = {kind: (kind, "", "") in open_ for kind in (AlarmKind.HIDDEN, AlarmKind.SHIFT)}
    if rules.hides_too_long(treatment, HIDE_CAP_MS, firing=firing[AlarmKind.HIDDEN]):
        yield _Finding(kind=AlarmKind.HIDDEN, measured=words.hidden_long(treatment, HIDE_CAP_MS))
    if rules.moves_too_much(treatment, control, firing=firing[AlarmKind.SHIFT]):
        yield _Finding(kind=AlarmKind.SHIFT, measured=words.moves(treatment, control))


def _missing(views: Sequence[ElementViews], open_: dict[tuple[str, str, str], HealthAlarm]) -> Iterator[_Finding]:
    for selector, group in itertools.groupby(views, key=lambda one: one.selector):
        pages = list(group)
        lost = False
        for place in pages:
            alarm = open_.get((AlarmKind.MISSING, selector, place.page))
            usual = alarm.usual_share if alarm is not None else rules.lost(place)
            if usual is None:
                continue
            lost = True
            yield _Finding(
                kind=AlarmKind.MISSING,
                selector=selector,
                page=place.page,
                usual_share=usual,
                measured=words.missing(rules.recent(place), usual),
            )
        never = None if lost else rules.never_found(pages)
        if never is not None:
            yield _Finding(kind=AlarmKind.NEVER_FOUND, selector=selector, measured=words.never_found(never))


def _as_it_was(alarm: HealthAlarm) -> _Finding:
    return _Finding(kind=AlarmKind(alarm.kind), measured=alarm.measured)
