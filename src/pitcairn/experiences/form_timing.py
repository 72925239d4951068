"""The part of the experience form that says when, and how often, an experience is shown."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from pitcairn.dashboard.form_paths import text
from pitcairn.experiences.timing import PERIOD_MS, WEEKDAYS, Frequency, Schedule, TimingError, timetable

_LOCAL = "%Y-%m-%dT%H:%M"


@dataclass(kw_only=True)
class TimingRows:
    """What stands in the fields. `start` and `end` are local times of `zone`, as a browser's field for them has them."""

    start: str = ""
    end: str = ""
    zone: str = "UTC"
    weekdays: tuple[str, ...] = ()
    from_time: str = ""
    to_time: str = ""
    times: str = ""
    amount: str = "1"
    unit: str = "days"

    @property
    def open(self) -> bool:
        return bool(self.start or self.end or self.weekdays or self.from_time or self.to_time or self.times)

    @property
    def days(self) -> list[tuple[str, str, bool]]:
        return [(day, day.capitalize()[:2], day in self.weekdays) for day in WEEKDAYS]

    @property
    def units(self) -> list[str]:
        return list(PERIOD_MS)

    @classmethod
    def of(cls, schedule: Schedule | None, frequency: Frequency | None) -> TimingRows:
        rows = cls()
        if schedule is not None:
            zone = timetable(schedule).zone
            rows.start, rows.end = (
                datetime.fromisoformat(moment).astimezone(zone).strftime(_LOCAL) if moment else ""
                for moment in (schedule.start, schedule.end)
            )
            rows.zone, rows.weekdays = schedule.zone, schedule.weekdays
            rows.from_time, rows.to_time = schedule.from_time, schedule.to_time
        if frequency is not None:
            rows.times, rows.amount, rows.unit = str(frequency.times), str(frequency.amount), frequency.unit
        return rows

    @classmethod
    def posted(cls, tree: Mapping[str, Any]) -> TimingRows:
        days = tree.get("weekday")
        return cls(
            start=text(tree, "schedule_start"),
            end=text(tree, "schedule_end"),
            zone=text(tree, "schedule_zone", "UTC").strip() or "UTC",
            weekdays=tuple(day for day in WEEKDAYS if isinstance(days, Mapping) and day in days),
            from_time=text(tree, "schedule_from_time"),
            to_time=text(tree, "schedule_to_time"),
            times=text(tree, "frequency_times"),
            amount=text(tree, "frequency_amount", "1"),
            unit=text(tree, "frequency_unit", "days"),
        )

    def schedule(self, errors: MutableMapping[str, str]) -> Schedule | None:
        """The schedule; None when nothing is bounded. What cannot be read is left in `errors`."""
        if not (self.start or self.end or self.weekdays or self.from_time or self.to_time):
            return None
        schedule = Schedule(zone=self.zone, weekdays=self.weekdays, from_time=self.from_time, to_time=self.to_time)
        try:
            zone = timetable(schedule).zone
        except TimingError as error:
            errors.setdefault(f"schedule_{error.path}", str(error))
            return None
        return Schedule(
            start=_moment(self.start, zone, "schedule_start", errors),
            end=_moment(self.end, zone, "schedule_end", errors),
            zone=self.zone,
            weekdays=self.weekdays,
            from_time=self.from_time,
            to_time=self.to_time,
        )

    def frequency(self, errors: MutableMapping[str, str]) -> Frequency | None:
        """The cap; None when there is none. What cannot be read is left in `errors`."""
        if not self.times.strip():
            return None
        numbers = []
        for name, typed in (("times", self.times), ("amount", self.amount)):
            try:
                numbers.append(int(typed))
            except ValueError:
                errors.setdefault(f"frequency_{name}", f"{typed!r} is not a whole number")
                numbers.append(1)
        return Frequency(times=numbers[0], amount=numbers[1], unit=self.unit)


def _moment(typed: str, zone: ZoneInfo, field: str, errors: MutableMapping[str, str]) -> str:
    if not typed:
        return ""
    try:
        return datetime.fromisoformat(typed).replace(tzinfo=zone).isoformat()
    except ValueError:
        errors.setdefault(field, f"{typed!r} is not a time; write one such as 2026-12-01T09:00")
        return ""
