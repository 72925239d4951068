"""Times and durations in words."""

from datetime import UTC, datetime, timedelta

MINUTE, HOUR, DAY = 60, 3600, 86400


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def duration_words(duration: timedelta) -> str:
    """The largest unit that fits: `8 seconds`, `3 minutes`, `2 hours`, `5 days`."""
    seconds = max(0, int(duration.total_seconds()))
    if seconds < MINUTE:
        return _count(seconds, "second")
    if seconds < HOUR:
        return _count(seconds // MINUTE, "minute")
    if seconds < DAY:
        return _count(seconds // HOUR, "hour")
    return _count(seconds // DAY, "day")


def ago(moment: datetime, now: datetime) -> str:
    """`2 seconds ago` while it is recent, `14 March 2025` after a month. The browser keeps it up to date."""
    if moment > now:
        return "now"
    past = now - moment
    if past < timedelta(seconds=2):
        return "just now"
    if past < timedelta(days=30):
        return f"{duration_words(past)} ago"
    return f"{moment.astimezone(UTC):%-d %B %Y}"


def from_ms(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
