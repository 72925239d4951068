"""The spans of time that the delivery pages look at. They stand in the address, so that a view can be sent as a link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

MINUTE, HOUR, DAY = 60, 3600, 86400
STEPS = (MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR, DAY, 7 * DAY)
MOST_BARS = 62
LONGEST = timedelta(days=92)
INPUT_FORMAT = "%Y-%m-%dT%H:%M"


@dataclass(frozen=True, kw_only=True)
class Choice:
    key: str
    label: str
    words: str
    """As it stands in a sentence: `in the last hour`."""
    length: timedelta


CHOICES = (
    Choice(key="10m", label="10 minutes", words="in the last 10 minutes", length=timedelta(minutes=10)),
    Choice(key="1h", label="1 hour", words="in the last hour", length=timedelta(hours=1)),
    Choice(key="24h", label="24 hours", words="in the last 24 hours", length=timedelta(hours=24)),
    Choice(key="7d", label="7 days", words="in the last 7 days", length=timedelta(days=7)),
    Choice(key="14d", label="2 weeks", words="in the last 2 weeks", length=timedelta(days=14)),
)
DEFAULT = CHOICES[2]


@dataclass(frozen=True, kw_only=True)
class Period:
    """`start` <= t < `end`, drawn in steps of `step_seconds`. `key` is "" for dates that were typed."""

    key: str
    words: str
    start: datetime
    end: datetime
    step_seconds: int
    problem: str = ""
    """Why the typed dates are not shown."""

    @property
    def start_input(self) -> str:
        return self.start.strftime(INPUT_FORMAT)

    @property
    def end_input(self) -> str:
        return self.end.strftime(INPUT_FORMAT)

    @property
    def query(self) -> str:
        """The part of an address that leads to the same period again."""
        return urlencode({"period": self.key} if self.key else {"from": self.start_input, "to": self.end_input})


def period_of(query: Mapping[str, str], now: datetime) -> Period:
    """The period that an address asks for: `period=24h`, or `from=…&to=…` in UTC. The default for what cannot be read."""
    if query.get("from") or query.get("to"):
        found = _typed(query.get("from", ""), query.get("to", ""), now)
        if isinstance(found, Period):
            return found
        return _last(DEFAULT, now, problem=found)
    return _last(next((choice for choice in CHOICES if choice.key == query.get("period")), DEFAULT), now)


def _typed(first: str, last: str, now: datetime) -> Period | str:
    try:
        start = datetime.fromisoformat(first).replace(tzinfo=UTC)
        end = datetime.fromisoformat(last).replace(tzinfo=UTC) if last else now
    except ValueError:
        return f"{first or 'Nothing'} to {last or 'now'} is no period. Choose a day and a time for both."
    end = min(end, now)
    if start >= end:
        return f"The period would begin at {start:%-d %B %Y, %H:%M} and end before. Choose an earlier beginning."
    if end - start > LONGEST:
        return f"The period has {(end - start).days} days; look at {LONGEST.days} at most."
    words = f"from {start:%-d %B %Y, %H:%M} to {end:%-d %B %Y, %H:%M} UTC"
    return Period(key="", words=words, start=start, end=end, step_seconds=_step(end - start))


def _last(choice: Choice, now: datetime, *, problem: str = "") -> Period:
    step = _step(choice.length)
    # From a whole step on, so that the bars stay where they are when the page is loaded again.
    began = (now - choice.length).timestamp() // step * step
    return Period(
        key=choice.key,
        words=choice.words,
        start=datetime.fromtimestamp(began, UTC),
        end=now,
        step_seconds=step,
        problem=problem,
    )


def _step(length: timedelta) -> int:
    seconds = length.total_seconds()
    return next((step for step in STEPS if seconds / step <= MOST_BARS), STEPS[-1])
