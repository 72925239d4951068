"""What the event store hands out: one frozen struct per kind of row."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

import msgspec

from pitcairn.conditions import All, Condition

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_MS = int((datetime.min.replace(tzinfo=UTC) - EPOCH) / timedelta(milliseconds=1))
_LAST_MS = int((datetime.max.replace(tzinfo=UTC) - EPOCH) / timedelta(milliseconds=1))


def from_ms(milliseconds: int) -> datetime:
    """The time so many milliseconds after 1970, in UTC; outside of a datetime's years, their nearest end."""
    return EPOCH + timedelta(milliseconds=min(max(milliseconds, _FIRST_MS), _LAST_MS))


def maybe_from_ms(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else from_ms(milliseconds)


def to_ms(time: datetime) -> int:
    """Milliseconds since 1970, rounded down."""
    return (time - EPOCH) // timedelta(milliseconds=1)


def iso(time: datetime) -> str:
    """Segment's spelling of a time: `2026-01-31T09:30:00.123Z`."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class StoredMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One accepted message, as it was given on and kept.

    `context`, `integrations`, `properties`, `traits` and `extra` are the JSON values themselves; None where the message
    had no such field. `extra` holds every field that has no place of its own (`groupId`, `category`, `version`, …).
    `filtered` says, by destination id, why it did not go there; `routed_to` are the destinations it was queued for, and
    `delivered_to` the catalog entries inside this server that took it.
    """

    workspace_id: int
    source_id: int
    profile_id: int
    batch: int
    type: str
    event: str
    message_id: str
    user_id: str
    anonymous_id: str
    timestamp: datetime
    original_timestamp: datetime | None
    sent_at: datetime | None
    received_at: datetime
    delivered_to: list[str]
    filtered: dict[str, str]
    context: Any
    integrations: Any
    properties: Any
    traits: Any
    extra: dict[str, Any]
    retry_count: int
    routed_to: list[int] = []
    violation: str = ""
    """How it breaks the tracking plan of its source, in words; such a message was taken with a warning."""

    def as_segment(self) -> dict[str, Any]:
        """The message field for field in Segment's spelling; what the sender did not give is not there."""
        message: dict[str, Any] = {**self.extra, "type": self.type, "messageId": self.message_id}
        if self.event:
            message["event" if self.type == "track" else "name"] = self.event
        if self.user_id:
            message["userId"] = self.user_id
        if self.anonymous_id:
            message["anonymousId"] = self.anonymous_id
        for name in ("context", "integrations", "properties", "traits"):
            value = getattr(self, name)
            if value is not None:
                message[name] = value
        message["timestamp"] = iso(self.timestamp)
        message["receivedAt"] = iso(self.received_at)
        if self.original_timestamp is not None:
            message["originalTimestamp"] = iso(self.original_timestamp)
        if self.sent_at is not None:
            message["sentAt"] = iso(self.sent_at)
        return message


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """One message that was not accepted: why, and its text as it came."""

    workspace_id: int
    source_id: int
    batch: int
    received_at: datetime
    reason: str
    detail: str
    type: str
    event: str
    message_id: str
    user_id: str
    anonymous_id: str
    message: str


class SourceActivity(msgspec.Struct, frozen=True, kw_only=True):
    """How lively a source is; None where nothing ever came."""

    last_received_at: datetime | None = None
    messages_24h: int = 0
    refused_24h: int = 0


class EventName(msgspec.Struct, frozen=True, kw_only=True):
    event: str
    count: int


class EventDay(msgspec.Struct, frozen=True, kw_only=True):
    """The accepted messages of one type and name on one UTC day of receipt."""

    type: str
    event: str
    day: date
    count: int


class TableTotal(msgspec.Struct, frozen=True, kw_only=True):
    """One table's size; `bytes` is what it takes on disk, compressed."""

    table: str
    rows: int
    bytes: int


class GoalQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The events of one goal.

    `type` is track or page; an empty `event` is every name. `page` is a regular expression (RE2) over `host/path` of the
    property `url`; `where` is asked of the properties. `value` names the property whose numbers are added up per visitor;
    without it a visitor's value is 1 when they converted.
    """

    type: Literal["track", "page"] = "track"
    event: str = ""
    page: str = ""
    where: Condition = All()
    value: str = ""
    window_seconds: int = 7 * 86_400


class ResultsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What results are asked for: one experience, and the goals that it is judged by.

    `until` leaves out exposures and conversions from that moment on. `epochs` are the moments from which the shares were
    others: a unit is in the epoch of its first exposure. `before_seconds` is the span before the first exposure
    in which the same is counted, as what is known of the visitor beforehand.
    """

    workspace_id: int
    experience_id: int
    goals: tuple[GoalQuery, ...]
    programme: bool = False
    """All experiences together, whatever `experience_id` says: variation 0 are those held out, 1 is everyone else."""
    until: datetime | None = None
    epochs: tuple[datetime, ...] = ()
    before_seconds: int = 14 * 86_400


class ResultCell(msgspec.Struct, frozen=True, kw_only=True):
    """Some visitors of one arm, and what they did for one goal.

    `kind` says by what the cells are divided, besides goal, exclusion, segment, variation and epoch: `first_day` and
    `converted_day` (`part` is the UTC day; for visitors who did not convert 1970-01-01), or browser, device, page, route,
    returning. `goal` counts from 0; `variation_id` 0 is the control; `excluded` is bot, internal, or empty for whom results
    count. `units` are people, who came as `visitors`; `crossed` of them were seen in several variations. Mean and population
    variance are of a visitor's value inside the window (`before_…`: before the first exposure).
    """

    kind: str
    goal: int
    excluded: str
    segment_id: int
    variation_id: int
    epoch: int
    part: str
    units: int
    visitors: int
    converted: int
    crossed: int
    mean: float
    variance: float
    before_mean: float
    before_variance: float
    covariance: float


class AccountProducts(msgspec.Struct, frozen=True, kw_only=True):
    """What accounts have in two cells: see `results_accounts`. A cell is (segment id, epoch, treated).

    `accounts` have visitors in both; `size` and `total` are their visitors, and what these did, in the first of the two;
    n and y stand for size and total in the sums of products, the first cell's first.
    """

    goal: int
    one: tuple[int, int, bool]
    other: tuple[int, int, bool]
    accounts: int
    size: float
    total: float
    nn: float
    ny: float
    yn: float
    yy: float
