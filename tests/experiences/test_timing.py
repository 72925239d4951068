"""Schedules by the clock of a time zone, also when that changes, and frequency caps."""

from datetime import UTC, datetime

import pytest

from pitcairn.experiences.timing import Frequency, Schedule, frequency_words, schedule_words, timetable

BUSINESS = Schedule(zone="Europe/Berlin", weekdays=("monday", "friday"), from_time="09:00", to_time="17:00")
NIGHT = Schedule(zone="America/New_York", weekdays=("friday",), from_time="22:00", to_time="06:00")
ONCE = Schedule(start="2026-12-01T09:00:00+01:00", end="2026-12-24T18:00:00Z")


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("schedule", "moment", "included"),
    [
        (ONCE, "2026-12-01T07:59:59.999", False),
        (ONCE, "2026-12-01T08:00:00", True),
        (ONCE, "2026-12-24T17:59:59.999", True),
        (ONCE, "2026-12-24T18:00:00", False),
        # Monday in winter, an hour ahead of UTC; in summer two.
        (BUSINESS, "2026-11-30T07:59:59", False),
        (BUSINESS, "2026-11-30T08:00:00", True),
        (BUSINESS, "2026-11-30T16:00:00", False),
        (BUSINESS, "2026-07-06T07:00:00", True),
        (BUSINESS, "2026-07-06T15:00:00", False),
        (BUSINESS, "2026-12-01T09:00:00", False),
        # Friday night reaches into Saturday morning, and belongs to Friday.
        (NIGHT, "2026-11-28T02:59:59", False),
        (NIGHT, "2026-11-28T03:00:00", True),
        (NIGHT, "2026-11-28T10:59:59", True),
        (NIGHT, "2026-11-28T11:00:00", False),
        (NIGHT, "2026-11-27T10:00:00", False),
        (NIGHT, "2026-11-29T03:00:00", False),
        # The hour that comes twice when the clocks go back is included twice.
        (Schedule(zone="Europe/Berlin", from_time="02:00", to_time="03:00"), "2026-10-25T00:30:00", True),
        (Schedule(zone="Europe/Berlin", from_time="02:00", to_time="03:00"), "2026-10-25T01:30:00", True),
        (Schedule(from_time="09:00", to_time="24:00"), "2026-10-25T23:59:59", True),
        (Schedule(), "1970-01-01T00:00:00", True),
    ],
)
def test_a_schedule_includes(schedule: Schedule, moment: str, included: bool) -> None:
    assert timetable(schedule).includes(ms(moment)) is included


def test_a_cap_counts_the_views_of_its_period() -> None:
    twice = Frequency(times=2, amount=1, unit="hours")
    hour = 3_600_000
    assert twice.allows((), hour)
    assert twice.allows((1,), hour)
    assert not twice.allows((1, 2), hour)
    assert twice.allows((1, 2), hour + 1)
    assert not twice.allows((1, 2, 3), hour + 1)


def test_words() -> None:
    assert schedule_words(BUSINESS) == "Monday, Friday, 09:00 to 17:00 (Europe/Berlin)"
    assert schedule_words(ONCE) == "from 2026-12-01 08:00 until 2026-12-24 18:00 (UTC)"
    assert schedule_words(Schedule(weekdays=("monday", "tuesday", "wednesday"))) == "Monday to Wednesday (UTC)"
    assert frequency_words(Frequency(times=1, unit="days")) == "at most once in 1 day"
    assert frequency_words(Frequency(times=3, amount=2, unit="weeks")) == "at most 3 times in 2 weeks"
