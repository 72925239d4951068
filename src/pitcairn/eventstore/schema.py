"""The event store's tables, as data.

Tables to which rows are only added. The pipeline writes, with each batch:

- `messages`: every accepted message, one row each, with the profile it was given at the time;
- `refusals`: every message that was not accepted, with the reason and its raw text;
- `exposures`: every `Mutiny Experience Viewed`, one row each, which is the exposure side of every result. `reason` is
  `promoted` or `holdout` for what stands outside the comparison with control, `route` is who reported it (`tag`, or the
  library by its name), `returning` whether the visitor was known before this visit, `bot` and `internal` whom results
  leave out;
- `vitals`: what experiences cost a view, as the tag measured it on a share of the page loads, and which of their elements
  were there: one row for each experience of the view. `late` was decided too late to be seen; only a `complete` view can
  say what it has `found` and what was `missing`;
- `merges`: which profile went into which. The row of the highest batch holds for a loser, and it names the survivor
  directly: the pipeline rewrites chains by adding newer rows, so no query follows one. A row that names the loser itself
  undoes the merge. Older rows stay, so that forgetting a batch brings back what held before it; within one batch the last
  row of a loser replaces the others;
- `people`: the current traits of a profile, its accounts, whether it is known by more than anonymous ids (`identified`),
  and whether it is one at all (`alive`: not merged into another). As with `merges` the row of the highest batch holds;
- `accounts`: the same of accounts.

The delivery engine writes `deliveries`: every attempt to deliver messages, one row for each request; its arrays run in
parallel, one element for each message. It belongs to no batch: `flush` is a random number of the block it was written with.

The audience engine writes `memberships`: who is in which audience. The row of the highest version holds. The SQL store has
the truth; this is its copy for conditions that ask for membership.

Two tables follow `messages` by themselves, through views that run inside each insert:

- `events`: what results and conditions need of every Track, Page and Screen message, in order of event instead of profile.
  The conversions of an experience, or everybody who did one thing, are some events among millions of messages: here they
  lie together;
- `profile_events`: the same in order of profile, for conditions that are asked of a few people, as after each batch.

`batch` is the number of the pipeline batch a row came with. It only grows, so that recovery after a crash is to delete
what is above the last committed batch. JSON is kept as text: the store promises every field back as it came, and
typed JSON columns do not keep nulls, empty objects or keys that contain dots.
"""

from dataclasses import dataclass

TIME = "DateTime64(3, 'UTC')"
MAYBE_TIME = f"Nullable({TIME})"
NAME = "LowCardinality(String)"


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column: ClickHouse's own spelling of the type, and the codec where the default is not the best."""

    name: str
    type: str
    codec: str = ""

    def ddl(self) -> str:
        return f"`{self.name}` {self.type}" + (f" CODEC({self.codec})" if self.codec else "")


@dataclass(frozen=True, kw_only=True)
class Index:
    """A skip index: what lets a query leave out granules that cannot match."""

    name: str
    expression: str
    type: str
    granularity: int = 1

    def ddl(self) -> str:
        return f"INDEX `{self.name}` {self.expression} TYPE {self.type} GRANULARITY {self.granularity}"


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table.

    `engine` is the MergeTree variant, without the `Replicated` that a cluster puts before it; `shard_by` is the
    expression that places a row in a cluster, so that one profile's messages lie together.
    """

    name: str
    columns: tuple[Column, ...]
    order_by: str
    shard_by: str
    engine: str = "MergeTree"
    partition_by: str = ""
    indexes: tuple[Index, ...] = ()
    settings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class View:
    """Rows that come into `target` as a part of every insert into `source`; `expressions` are (column, SQL) pairs."""

    name: str
    source: Table
    target: Table
    expressions: tuple[tuple[str, str], ...]
    condition: str


# Written out for every table.
TABLE_SETTINGS = (
    # An acknowledged insert has reached the disk: the pipeline forgets its inbox rows right after it.
    "fsync_after_insert = 1",
    "fsync_part_directory = 1",
    # A batch that is written again after it was forgotten is the same block to the byte. A table that replicates would
    # take it for a repetition and silently drop it.
    "replicated_deduplication_window = 0",
    # An idle table looks for files to remove ever more seldom. What was erased is gone within a minute or two.
    "max_cleanup_delay_period = 60",
)

_BATCH = Column(name="batch", type="UInt64", codec="Delta(8), ZSTD(1)")
# Batches only grow, so the newest rows are the only granules whose range reaches above a given batch.
_BATCH_RANGE = Index(name="batch_range", expression="batch", type="minmax")


def _time(name: str, column_type: str = TIME) -> Column:
    return Column(name=name, type=column_type, codec="Delta(8), ZSTD(1)")


def _text(name: str) -> Column:
    return Column(name=name, type="String", codec="ZSTD(1)")


def _json(name: str) -> Column:
    return Column(name=name, type="String", codec="ZSTD(3)")


MESSAGES = Table(
    name="messages",
    columns=(
        Column(name="workspace_id", type="UInt32"),
        Column(name="source_id", type="UInt32"),
        Column(name="profile_id", type="UInt64", codec="Delta(8), ZSTD(1)"),
        _BATCH,
        Column(name="type", type=NAME),
        Column(name="event", type=NAME),
        _text("message_id"),
        _text("user_id"),
        _text("anonymous_id"),
        _time("timestamp"),
        _time("original_timestamp", MAYBE_TIME),
        _time("sent_at", MAYBE_TIME),
        _time("received_at"),
        Column(name="delivered_to", type=f"Array({NAME})"),
        _json("filtered"),
        _json("context"),
        _json("integrations"),
        _json("properties"),
        _json("traits"),
        _json("extra"),
        Column(name="retry_count", type="UInt8"),
        Column(name="routed_to", type="Array(UInt32)"),
        _text("violation"),
    ),
    order_by="workspace_id, profile_id, timestamp",
    partition_by="toYYYYMM(received_at)",
    shard_by="cityHash64(workspace_id, profile_id)",
    indexes=(
        _BATCH_RANGE,
        Index(name="message_id_seen", expression="message_id", type="bloom_filter(0.01)"),
    ),
)

REFUSALS = Table(
    name="refusals",
    columns=(
        Column(name="workspace_id", type="UInt32"),
        Column(name="source_id", type="UInt32"),
        _BATCH,
        _time("received_at"),
        Column(name="reason", type=NAME),
        _text("detail"),
        Column(name="type", type=NAME),
        _text("event"),
        _text("message_id"),
        _text("user_id"),
        _text("anonymous_id"),
        _json("message"),
    ),
    order_by="workspace_id, received_at",
    partition_by="toYYYYMM(received_at)",
    shard_by="cityHash64(workspace_id, message_id)",
    indexes=(_BATCH_RANGE,),
)

EXPOSURES = Table(
    name="exposures",
    columns=(
        Column(name="workspace_id", type="UInt32"),
        _BATCH,
        Column(name="experience_id", type="UInt32"),
        Column(name="segment_id", type="UInt32"),
        Column(name="variation_id", type="UInt32"),
        Column(name="personalized", type="Bool"),
        _text("visitor"),
        Column(name="profile_id", type="UInt64"),
        _text("message_id"),
        _time("timestamp"),
        _time("received_at"),
        _text("page_url"),
        _text("reason"),
        Column(name="browser", type=NAME),
        Column(name="device", type=NAME),
        Column(name="route", type=NAME),
        Column(name="returning", type="Bool"),
        Column(name="bot", type="Bool"),
        Column(name="internal", type="Bool"),
    ),
    order_by="workspace_id, experience_id, visitor, timestamp",
    partition_by="toYYYYMM(received_at)",
    shard_by="cityHash64(workspace_id, visitor)",
    indexes=(_BATCH_RANGE,),
)

VITALS = Table(
    name="vitals",
    columns=(
        Column(name="workspace_id", type="UInt32"),
        _BATCH,
        Column(name="experience_id", type="UInt32"),
        Column(name="variation_id", type="UInt32"),
        _time("received_at"),
        _text("page"),
        Column(name="share", type="Float32"),
        Column(name="hidden_ms", type="UInt32"),
        Column(name="shift", type="Float32"),
        Column(name="lcp_ms", type="UInt32"),
        Column(name="late", type="Bool"),
        Column(name="complete", type="Bool"),
        Column(name="found", type="Array(String)"),
        Column(name="missing", type="Array(String)"),
    ),
    order_by="workspace_id, experience_id, received_at",
    partition_by="toYYYYMM(received_at)",
    shard_by="cityHash64(workspace_id, experience_id, received_at)",
    indexes=(_BATCH_RANGE,),
)

MERGES = Table(
    name="merges",
    columns=(
        Column(name="workspace_id", type="UInt32"),
        _BATCH,
        Column(name="loser_id", type="UInt64"),
        Column(name="winner_id", type="UInt64"),
        _time("merged_at"),
    ),
    order_by="workspace_id, loser_id, batch",
    shard_by="cityHash64(workspace_id, loser_id)",
    engine="ReplacingMergeTree",
    indexes=(_BATCH_RANGE,),
)

DELIVERIES = Table(
    name="deliveries",
    columns=(
        Column(name="workspace_id", type="UInt32"),
        Column(name="destination_id", type="UInt32"),
        _time("at"),
        Column(name="flush", type="UInt64"),
        Column(name="outcome", type=NAME),
        Column(name="reason", type=NAME),
        _text("detail"),
        Column(name="status", type="UInt16"),
        Column(name="duration_ms", type="UInt32"),
        Column(name="message_ids", type="Array(String)", codec="ZSTD(1)"),
        Column(name="types", type=f"Array({NAME})"),
        Column(name="events", type=f"Array({NAME})"),
        Column(name="source_ids", type="Array(UInt32)", codec="ZSTD(1)"),
        Column(name="attempts", type="Array(UInt16)", codec="ZSTD(1)"),
        Column(name="latencies_ms", type="Array(UInt32)", codec="ZSTD(1)"),
        Column(name="again", type="Array(Bool)", codec="ZSTD(1)"),
        _json("request"),
        _json("response"),
    ),
    order_by="workspace_id, destination_id, at",
    partition_by="toYYYYMM(at)",
    shard_by="cityHash64(workspace_id, destination_id)",
    indexes=(
        Index(name="message_ids_seen", expression="message_ids", type="bloom_filter(0.01)"),
        Index(name="flush_seen", expression="flush", type="bloom_filter(0.01)"),
    ),
    # A row carries up to hundreds of messages in many columns: with the engine's own sizes, a merge of a few megabytes of
    # them holds 130 MB, nearly all of it buffers and granules. With these it holds a quarter of that.
    settings=("index_granularity_bytes = 1048576", "min_columns_to_activate_adaptive_write_buffer = 1"),
)

# A partition follows the server's clock, never a message's own: a sender that invents times could open any number.
EVENTS = Table(
    name="events",
    columns=(
        Column(name="workspace_id", type="UInt32"),
        Column(name="type", type=NAME),
        Column(name="event", type=NAME),
        _time("timestamp"),
        Column(name="profile_id", type="UInt64"),
        _text("anonymous_id"),
        Column(name="delivered_to", type=f"Array({NAME})"),
        _BATCH,
        Column(name="received_month", type="UInt32"),
        _time("received_at"),
        _text("message_id"),
        _json("properties"),
    ),
    order_by="workspace_id, type, event, timestamp",
    partition_by="received_month",
    shard_by="cityHash64(workspace_id, profile_id)",
    indexes=(_BATCH_RANGE,),
)

EVENTS_VIEW = View(
    name="events_view",
    source=MESSAGES,
    target=EVENTS,
    expressions=(
        ("workspace_id", "messages.workspace_id"),
        ("type", "messages.type"),
        ("event", "messages.event"),
        ("timestamp", "messages.timestamp"),
        ("profile_id", "messages.profile_id"),
        ("anonymous_id", "messages.anonymous_id"),
        ("delivered_to", "messages.delivered_to"),
        ("batch", "messages.batch"),
        ("received_month", "toYYYYMM(messages.received_at)"),
        ("received_at", "messages.received_at"),
        ("message_id", "messages.message_id"),
        ("properties", "messages.properties"),
    ),
    condition="messages.type IN ('track', 'page', 'screen')",
)

# Not in partitions, and in small granules: a profile's events of all times lie in one of them.
PROFILE_EVENTS = Table(
    name="profile_events",
    columns=(
        Column(name="workspace_id", type="UInt32"),
        Column(name="profile_id", type="UInt64", codec="Delta(8), ZSTD(1)"),
        _time("timestamp"),
        Column(name="type", type=NAME),
        Column(name="event", type=NAME),
        _time("received_at"),
        _text("message_id"),
        _json("properties"),
        _BATCH,
    ),
    order_by="workspace_id, profile_id, timestamp",
    shard_by="cityHash64(workspace_id, profile_id)",
    indexes=(_BATCH_RANGE,),
    settings=("index_granularity = 1024",),
)

PROFILE_EVENTS_VIEW = View(
    name="profile_events_view",
    source=MESSAGES,
    target=PROFILE_EVENTS,
    expressions=(
        ("workspace_id", "messages.workspace_id"),
        ("profile_id", "messages.profile_id"),
        ("timestamp", "messages.timestamp"),
        ("type", "messages.type"),
        ("event", "messages.event"),
        ("received_at", "messages.received_at"),
        ("message_id", "messages.message_id"),
        ("properties", "messages.properties"),
        ("batch", "messages.batch"),
    ),
    condition="messages.type IN ('track', 'page', 'screen') AND messages.profile_id > 0",
)

PEOPLE = Table(
    name="people",
    columns=(
        Column(name="workspace_id", type="UInt32"),
        Column(name="profile_id", type="UInt64", codec="Delta(8), ZSTD(1)"),
        _BATCH,
        _json("traits"),
        Column(name="identified", type="Bool"),
        Column(name="accounts", type="Array(UInt64)", codec="ZSTD(1)"),
        Column(name="alive", type="Bool"),
    ),
    order_by="workspace_id, profile_id, batch",
    shard_by="cityHash64(workspace_id, profile_id)",
    engine="ReplacingMergeTree",
    indexes=(_BATCH_RANGE,),
)

ACCOUNTS = Table(
    name="accounts",
    columns=(
        Column(name="workspace_id", type="UInt32"),
        Column(name="account_id", type="UInt64"),
        _BATCH,
        _text("group_id"),
        _json("traits"),
    ),
    order_by="workspace_id, account_id, batch",
    shard_by="cityHash64(workspace_id, account_id)",
    engine="ReplacingMergeTree",
    indexes=(_BATCH_RANGE,),
)

MEMBERSHIPS = Table(
    name="memberships",
    columns=(
        Column(name="workspace_id", type="UInt32"),
        Column(name="audience_id", type="UInt32"),
        Column(name="profile_id", type="UInt64", codec="Delta(8), ZSTD(1)"),
        Column(name="version", type="UInt64", codec="Delta(8), ZSTD(1)"),
        Column(name="member", type="Bool"),
        _time("at"),
    ),
    order_by="workspace_id, audience_id, profile_id, version",
    shard_by="cityHash64(workspace_id, profile_id)",
    engine="ReplacingMergeTree",
    indexes=(Index(name="version_range", expression="version", type="minmax"),),
)

TABLES: tuple[Table, ...] = (
    MESSAGES, REFUSALS, EXPOSURES, VITALS, MERGES, EVENTS, PROFILE_EVENTS, DELIVERIES, PEOPLE, ACCOUNTS, MEMBERSHIPS,
)  # fmt: skip
# What belongs to the pipeline's batches, and can be forgotten with them.
BATCHED: tuple[Table, ...] = (MESSAGES, REFUSALS, EXPOSURES, VITALS, MERGES, EVENTS, PROFILE_EVENTS, PEOPLE, ACCOUNTS)
VIEWS: tuple[View, ...] = (EVENTS_VIEW, PROFILE_EVENTS_VIEW)
# What callers insert into.
WRITTEN: tuple[Table, ...] = (MESSAGES, REFUSALS, EXPOSURES, VITALS, MERGES, DELIVERIES, PEOPLE, ACCOUNTS, MEMBERSHIPS)
# What `events` was before it had properties, and pages: of a store that has it, everything must be filled in again.
FORMER_EVENTS = "track_events"
