"""What others may know of alarms, in words: open ones for the home page, the list and the alerts, all of one experience."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from pitcairn.experiences.models import SERVED, AlarmEnd, AlarmKind, ExperienceState, HealthAlarm

REMEMBERED = timedelta(days=30)
"""For so long an alarm that is over stays on the experience's page."""


@dataclass(frozen=True, kw_only=True)
class AlarmItem:
    """One alarm. `measured` is a clause: what was found; `ended` says why it is over, empty while it is not."""

    id: int
    experience_id: int
    experience: str
    kind: AlarmKind
    selector: str
    page: str
    measured: str
    since: datetime
    ended_at: datetime | None
    ended: str

    @property
    def title(self) -> str:
        """What is wrong, without numbers."""
        if self.kind is AlarmKind.MISSING:
            return f"{self.selector} is not found any more on {self.page or 'pages of few visits'}"
        if self.kind is AlarmKind.NEVER_FOUND:
            return f"{self.selector} has never been found"
        return "Elements are hidden for long" if self.kind is AlarmKind.HIDDEN else "The page moves when it is changed"

    @property
    def sentence(self) -> str:
        """The whole of it, for who is told elsewhere than on the experience's page."""
        if self.ended:
            about = " on ".join(filter(None, [self.selector, self.page])) or self.kind.label
            return f"{self.experience}, {about}: {self.ended}"
        return f"{self.experience}: {self.title} ({self.measured})"


def open_alarms(workspace_id: int) -> list[AlarmItem]:
    """What is wrong now with the live experiences of a workspace, the oldest first."""
    return _items(_open().filter(experience__workspace_id=workspace_id).order_by("since", "id"))


def alarms_by_id(workspace_id: int, ids: Iterable[int]) -> list[AlarmItem]:
    """These alarms, as far as they are still kept, the oldest first."""
    return _items(
        HealthAlarm.objects.filter(experience__workspace_id=workspace_id, id__in=list(ids)).order_by("since", "id")
    )


def alarms_of(experience_id: int, now: datetime) -> list[AlarmItem]:
    """Of one experience: what is wrong now, then what was within a month, each the newest first."""
    every = HealthAlarm.objects.filter(experience_id=experience_id)
    items = _items(every.filter(Q(ended_at=None) | Q(ended_at__gte=now - REMEMBERED)).order_by("-since", "-id"))
    return sorted(items, key=lambda item: bool(item.ended))


def _open() -> QuerySet[HealthAlarm]:
    return HealthAlarm.objects.filter(ended_at=None, experience__state__in=SERVED)


def _items(alarms: QuerySet[HealthAlarm]) -> list[AlarmItem]:
    return [_item(alarm) for alarm in alarms.select_related("experience")]


def _item(alarm: HealthAlarm) -> AlarmItem:
    # The watch ends what was paused with its next look; for people it is over at once.
    stopped = alarm.ended_at is None and ExperienceState(alarm.experience.state) not in SERVED
    end = AlarmEnd.STOPPED if stopped else AlarmEnd(alarm.end) if alarm.end else None
    return AlarmItem(
        id=alarm.id,
        experience_id=alarm.experience_id,
        experience=alarm.experience.name,
        kind=AlarmKind(alarm.kind),
        selector=alarm.selector,
        page=alarm.page,
        measured=alarm.measured,
        since=alarm.since,
        ended_at=alarm.ended_at,
        ended=str(end.label) if end is not None else "",
    )
