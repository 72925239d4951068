"""When an experience is shown, and how often to one visitor: schedules and frequency caps. Pure: the clock is passed in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MAX_TIMES = 20
"""So many views of one experience are remembered of a visitor; more is not a cap that anybody feels."""
MAX_DAYS = 366
_MINUTE_MS = 60_000
PERIOD_MS = {"hours": 3_600_000, "days": 86_400_000, "weeks": 7 * 86_400_000}


class Schedule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """When an experience is shown: from `start` until before `end` (ISO 8601 with `Z` or an offset; empty: no bound), on the
    `weekdays` (none: on all) between `from_time` and `to_time` (`09:00`; both empty: the whole day) in the time zone `zone`.

    `to_time` at or before `from_time` means the next day: 22:00 to 06:00 belongs to the weekday on which it begins.
    """

    start: str = ""
    end: str = ""
    zone: str = "UTC"
    weekdays: tuple[str, ...] = ()
    from_time: str = ""
    to_time: str = ""


class Frequency(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """At most `times` views of an experience by one visitor in any `amount` of `unit` (hours, days, weeks)."""

    times: int
    amount: int = 1
    unit: str = "days"

    @property
    def period_ms(self) -> int:
        return self.amount * PERIOD_MS[self.unit]

    def allows(self, seen: Sequence[int], now: int) -> bool:
        """Whether another view at `now` is one of those allowed. `seen` are the times of earlier ones, in ms since 1970."""
        return self.views(seen, now) < self.times

    def views(self, seen: Sequence[int], now: int) -> int:
        """How many of the earlier views count at `now`."""
        since = now - self.period_ms
        return sum(at > since for at in seen)


class TimingError(ValueError):
    """A schedule or a frequency cap that cannot be kept. `path` names the part (empty: the whole)."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(problem)
        self.path = path


class Timetable(msgspec.Struct, frozen=True):
    """A schedule made ready to be asked. Times in ms since 1970 and minutes of the day."""

    start: int | None
    end: int | None
    zone: ZoneInfo
    weekdays: frozenset[int]
    from_minute: int
    to_minute: int

    def includes(self, now: int) -> bool:
        """Whether the moment (ms since 1970) lies within the schedule."""
        if (self.start is not None and now < self.start) or (self.end is not None and now >= self.end):
            return False
        if len(self.weekdays) == 7 and self.from_minute == 0 and self.to_minute == 1440:
            return True
        local = datetime.fromtimestamp(now / 1000, self.zone)
        minute, day = local.hour * 60 + local.minute, local.weekday()
        if self.from_minute < self.to_minute:
            return day in self.weekdays and self.from_minute <= minute < self.to_minute
        if minute >= self.from_minute:
            return day in self.weekdays
        return minute < self.to_minute and (day - 1) % 7 in self.weekdays


def timetable(schedule: Schedule) -> Timetable:
    """Makes a schedule ready. Raises TimingError with the part that is wrong."""
    try:
        # ZoneInfo reads files by name; the keys of the time zone database have these characters alone.
        if not schedule.zone or not all(char.isalnum() or char in "/_+-" for char in schedule.zone):
            raise ValueError
        zone = ZoneInfo(schedule.zone)
    except (ValueError, OSError, KeyError):
        raise TimingError(
            "zone", f"{schedule.zone!r} is not a time zone; write one such as Europe/Berlin or UTC"
        ) from None
    start, end = _moment(schedule.start, "start"), _moment(schedule.end, "end")
    if start is not None and end is not None and end <= start:
        raise TimingError("end", "the end is not after the start, so it would never be shown; turn them round")
    for name in schedule.weekdays:
        if name not in WEEKDAYS:
            raise TimingError("weekdays", f"{name!r} is not a weekday; use {', '.join(WEEKDAYS)}")
    if bool(schedule.from_time) != bool(schedule.to_time):
        raise TimingError("to_time" if schedule.from_time else "from_time", "give both hours, or neither")
    days = frozenset(WEEKDAYS.index(name) for name in schedule.weekdays) or frozenset(range(7))
    if not schedule.from_time:
        return Timetable(start, end, zone, days, 0, 1440)
    return Timetable(
        start, end, zone, days, _minute(schedule.from_time, "from_time"), _minute(schedule.to_time, "to_time")
    )


def check_frequency(frequency: Frequency) -> None:
    """Raises TimingError with the part that is wrong."""
    if not 1 <= frequency.times <= MAX_TIMES:
        raise TimingError("times", f"{frequency.times} is not a number of views; give one from 1 to {MAX_TIMES}")
    if frequency.unit not in PERIOD_MS:
        raise TimingError("unit", f"{frequency.unit!r} is not a unit of time; use {', '.join(PERIOD_MS)}")
    if frequency.amount < 1 or frequency.period_ms > MAX_DAYS * PERIOD_MS["days"]:
        raise TimingError("amount", f"{frequency.amount} {frequency.unit} is no period; give one of up to a year")


def schedule_words(schedule: Schedule) -> str:
    """`from 2026-12-01 09:00 until 2026-12-24 18:00, Monday to Friday, 09:00 to 17:00 (Europe/Berlin)`."""
    zone, parts = timetable(schedule).zone, []
    for word, text in (("from", schedule.start), ("until", schedule.end)):
        if text:
            parts.append(f"{word} {datetime.fromisoformat(text).astimezone(zone):%Y-%m-%d %H:%M}")
    words = [" ".join(parts)] if parts else []
    if schedule.weekdays:
        words.append(_weekday_words(schedule.weekdays))
    if schedule.from_time:
        words.append(f"{schedule.from_time} to {schedule.to_time}")
    return f"{', '.join(words) or 'always'} ({schedule.zone})"


def frequency_words(frequency: Frequency) -> str:
    """`at most 3 times in 7 days`."""
    times = "once" if frequency.times == 1 else f"{frequency.times} times"
    unit = frequency.unit.removesuffix("s") if frequency.amount == 1 else frequency.unit
    return f"at most {times} in {frequency.amount} {unit}"


def _weekday_words(weekdays: Sequence[str]) -> str:
    days = sorted(WEEKDAYS.index(name) for name in set(weekdays))
    names = [WEEKDAYS[day].capitalize() for day in days]
    if len(days) > 2 and days[-1] - days[0] == len(days) - 1:
        return f"{names[0]} to {names[-1]}"
    return ", ".join(names)


def _moment(text: str, path: str) -> int | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise TimingError(path, f"{text!r} is not a moment with its time zone; write one such as 2026-12-01T09:00:00Z")
    return int(moment.timestamp() * 1000)


def _minute(text: str, path: str) -> int:
    hour, colon, minute = text.partition(":")
    digits = colon and len(text) == 5 and (hour + minute).isascii() and (hour + minute).isdigit()
    if not digits or int(minute) > 59 or int(hour) * 60 + int(minute) > 1440:
        raise TimingError(path, f"{text!r} is not a time of day; write one such as 09:00")
    return int(hour) * 60 + int(minute)
