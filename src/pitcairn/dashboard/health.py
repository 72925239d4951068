"""Whether messages flow: when the last one came, and how far the worker is behind the inbox."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Min

from pitcairn.dashboard.stores import event_store
from pitcairn.dashboard.times import duration_words
from pitcairn.edge.models import InboxEntry


@dataclass(frozen=True, kw_only=True)
class Pulse:
    """`reachable` is False when this process has no event store; `lag_seconds` is 0.0 when the inbox is empty."""

    reachable: bool
    last_message_at: datetime | None
    lag_seconds: float

    @property
    def lag_words(self) -> str:
        return duration_words(timedelta(seconds=self.lag_seconds))

    @property
    def up_to_date(self) -> bool:
        return self.lag_seconds < 5


def inbox_lag(now: datetime) -> float:
    """Seconds since the oldest accepted message that is not processed yet; 0.0 when there is none."""
    oldest = InboxEntry.objects.aggregate(oldest=Min("received_at"))["oldest"]
    return 0.0 if oldest is None else max(0.0, now.timestamp() - oldest / 1000)


def pulse(workspace_id: int) -> Pulse:
    store = event_store()
    last = None
    if store is not None:
        newest = store.messages(workspace_id, limit=1)
        last = newest[0].received_at if newest else None
    return Pulse(reachable=store is not None, last_message_at=last, lag_seconds=inbox_lag(datetime.now(UTC)))
