"""Times on the wire."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitcairn.wire.timestamps import EARLIEST_MS, LATEST_MS, corrected, iso, parse_timestamp

RECEIVED = 1_770_000_000_000

moments = st.datetimes(
    min_value=datetime(1900, 1, 2),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2299, 12, 30),  # noqa: DTZ001
    timezones=st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)
milliseconds = st.integers(EARLIEST_MS, LATEST_MS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-31T12:00:00.000Z", 1_769_860_800_000),
        ("2026-01-31T12:00:00Z", 1_769_860_800_000),
        ("2026-01-31T12:00:00.123Z", 1_769_860_800_123),
        ("2026-01-31T12:00:00.123456+00:00", 1_769_860_800_123),
        ("2026-01-31T12:00:00.123999999Z", 1_769_860_800_123),
        ("2026-01-31T13:30:00+01:30", 1_769_860_800_000),
        ("2026-01-31T04:00:00-0800", 1_769_860_800_000),
        ("2026-01-31 12:00:00", 1_769_860_800_000),
        ("20260131T120000Z", 1_769_860_800_000),
        ("2026-01-31", 1_769_817_600_000),
        ("1969-12-31T23:59:59.999Z", -1),
        ("1969-12-31T23:59:59.9999Z", -1),
        ("1900-01-01T00:00:00Z", EARLIEST_MS),
        ("2299-12-31T23:59:59Z", LATEST_MS),
    ],
)
def test_reads_iso_8601(text: str, expected: int) -> None:
    assert parse_timestamp(text) == expected


@pytest.mark.parametrize(
    "value",
    [
        None, 0, 1_769_860_800, 1_769_860_800.5, True, [], {}, b"2026-01-31T12:00:00Z", "", "now", "1769860800", "12:00:00",
        "2026-01-32T12:00:00Z", "2026-02-29T12:00:00Z", "2026-01-31T25:00:00Z", "Sat, 31 Jan 2026 12:00:00 GMT", "2026-W05-6T99",
        "1899-12-31T23:59:59Z", "2300-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
        "2026-01-31T12:00:00Z" + " " * 30, "２０２６-01-31T12:00:00Z",
    ],
)  # fmt: skip
def test_what_is_no_time_that_can_be_kept_is_none(value: object) -> None:
    assert parse_timestamp(value) is None


@given(moments)
def test_reads_what_python_writes(moment: datetime) -> None:
    expected = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert parse_timestamp(moment.isoformat()) == expected


@given(
    st.text(max_size=45)
    | st.from_regex(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)?", fullmatch=True)
)
def test_never_raises_and_stays_within_what_can_be_kept(text: str) -> None:
    found = parse_timestamp(text)
    assert found is None or EARLIEST_MS <= found <= LATEST_MS


@given(milliseconds)
def test_iso_is_what_parse_reads(time: int) -> None:
    assert parse_timestamp(iso(time)) == time
    assert len(iso(time)) == 24


def test_iso_is_segments_spelling() -> None:
    assert iso(1_769_860_800_007) == "2026-01-31T12:00:00.007Z"
    assert iso(-1) == "1969-12-31T23:59:59.999Z"


@given(milliseconds, milliseconds, milliseconds)
def test_corrected_depends_on_the_difference_of_the_senders_times_alone(
    original: int, sent: int, received: int
) -> None:
    exact = received - (sent - original)
    assert corrected(original, sent, received) == min(max(exact, EARLIEST_MS), LATEST_MS)


def test_corrected_without_one_of_the_times() -> None:
    assert corrected(None, None, RECEIVED) == RECEIVED
    assert corrected(None, 5, RECEIVED) == RECEIVED
    assert corrected(5, None, RECEIVED) == 5
    assert corrected(RECEIVED - 3_600_000, RECEIVED - 3_590_000, RECEIVED) == RECEIVED - 10_000
