CREATE TABLE IF NOT EXISTS `messages_shard` ON CLUSTER `our cluster`
(
    `workspace_id` UInt32,
    `source_id` UInt32,
    `profile_id` UInt64 CODEC(Delta(8), ZSTD(1)),
    `batch` UInt64 CODEC(Delta(8), ZSTD(1)),
    `type` LowCardinality(String),
    `event` LowCardinality(String),
    `message_id` String CODEC(ZSTD(1)),
    `user_id` String CODEC(ZSTD(1)),
    `anonymous_id` String CODEC(ZSTD(1)),
    `timestamp` DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    `original_timestamp` Nullable(DateTime64(3, 'UTC')) CODEC(Delta(8), ZSTD(1)),
    `sent_at` Nullable(DateTime64(3, 'UTC')) CODEC(Delta(8), ZSTD(1)),
    `received_at` DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    `delivered_to` Array(LowCardinality(String)),
    `filtered` String CODEC(ZSTD(3)),
    `context` String CODEC(ZSTD(3)),
    `integrations` String CODEC(ZSTD(3)),
    `properties` String CODEC(ZSTD(3)),
    `traits` String CODEC(ZSTD(3)),
    `extra` String CODEC(ZSTD(3)),
    `retry_count` UInt8,
    `routed_to` Array(UInt32),
    `violation` String CODEC(ZSTD(1)),
    INDEX `batch_range` batch TYPE minmax GRANULARITY 1,
    INDEX `message_id_seen` message_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY toYYYYMM(received_at)
ORDER BY (workspace_id, profile_id, timestamp)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, replicated_deduplication_window = 0, max_cleanup_delay_period = 60;

CREATE TABLE IF NOT EXISTS `messages` ON CLUSTER `our cluster` AS `messages_shard`
ENGINE = Distributed(`our cluster`, currentDatabase(), `messages_shard`, cityHash64(workspace_id, profile_id));

CREATE TABLE IF NOT EXISTS `refusals_shard` ON CLUSTER `our cluster`
(
    `workspace_id` UInt32,
    `source_id` UInt32,
    `batch` UInt64 CODEC(Delta(8), ZSTD(1)),
    `received_at` DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    `reason` LowCardinality(String),
    `detail` String CODEC(ZSTD(1)),
    `type` LowCardinality(String),
    `event` String CODEC(ZSTD(1)),
    `message_id` String CODEC(ZSTD(1)),
    `user_id` String CODEC(ZSTD(1)),
    `anonymous_id` String CODEC(ZSTD(1)),
    `message` String CODEC(ZSTD(3)),
    INDEX `batch_range` batch TYPE minmax GRANULARITY 1
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY toYYYYMM(received_at)
ORDER BY (workspace_id, received_at)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, replicated_deduplication_window = 0, max_cleanup_delay_period = 60;

CREATE TABLE IF NOT EXISTS `refusals` ON CLUSTER `our cluster` AS `refusals_shard`
ENGINE = Distributed(`our cluster`, currentDatabase(), `refusals_shard`, cityHash64(workspace_id, message_id));

CREATE TABLE IF NOT EXISTS `exposures_shard` ON CLUSTER `our cluster`
(
    `workspace_id` UInt32,
    `batch` UInt64 CODEC(Delta(8), ZSTD(1)),
    `experience_id` UInt32,
    `segment_id` UInt32,
    `variation_id` UInt32,
    `personalized` Bool,
    `visitor` String CODEC(ZSTD(1)),
    `profile_id` UInt64,
    `message_id` String CODEC(ZSTD(1)),
    `timestamp` DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    `received_at` DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    `page_url` String CODEC(ZSTD(1)),
    `reason` String CODEC(ZSTD(1)),
    `browser` LowCardinality(String),
    `device` LowCardinality(String),
    `route` LowCardinality(String),
    `returning` Bool,
    `bot` Bool,
    `internal` Bool,
    INDEX `batch_range` batch TYPE minmax GRANULARITY 1
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY toYYYYMM(received_at)
ORDER BY (workspace_id, experience_id, visitor, timestamp)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, replicated_deduplication_window = 0, max_cleanup_delay_period = 60;

CREATE TABLE IF NOT EXISTS `exposures` ON CLUSTER `our cluster` AS `exposures_shard`
ENGINE = Distributed(`our cluster`, currentDatabase(), `exposures_shard`, cityHash64(workspace_id, visitor));

CREATE TABLE IF NOT EXISTS `vitals_shard` ON CLUSTER `our cluster`
(
    `workspace_id` UInt32,
    `batch` UInt64 CODEC(Delta(8), ZSTD(1)),
    `experience_id` UInt32,
    `variation_id` UInt32,
    `received_at` DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    `page` String CODEC(ZSTD(1)),
    `share` Float32,
    `hidden_ms` UInt32,
    `shift` Float32,
    `lcp_ms` UInt32,
    `late` Bool,
    `complete` Bool,
    `found` Array(String),
    `missing` Array(String),
    INDEX `batch_range` batch TYPE minmax GRANULARITY 1
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY toYYYYMM(received_at)
ORDER BY (workspace_id, experience_id, received_at)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, replicated_deduplication_window = 0, max_cleanup_delay_period = 60;

CREATE TABLE IF NOT EXISTS `vitals` ON CLUSTER `our cluster` AS `vitals_shard`
ENGINE = Distributed(`our cluster`, currentDatabase(), `vitals_shard`, cityHash64(workspace_id, experience_id, received_at));

CREATE TABLE IF NOT EXISTS `merges_shard` ON CLUSTER `our cluster`
(
    `workspace_id` UInt32,
    `batch` UInt64 CODEC(Delta(8), ZSTD(1)),
    `loser_id` UInt64,
    `winner_id` UInt64,
    `merged_at` DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    INDEX `batch_range` batch TYPE minmax GRANULARITY 1
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
ORDER BY (workspace_id, loser_id, batch)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, replicated_deduplication_window = 0, max_cleanup_delay_period = 60;

CREATE TABLE IF NOT EXISTS `merges` ON CLUSTER `our cluster` AS `merges_shard`
ENGINE = Distributed(`our cluster`, currentDatabase(), `merges_shard`, cityHash64(workspace_id, loser_id));

CREATE TABLE IF NOT EXISTS `events_shard` ON CLUSTER `our cluster`
(
    `workspace_id` UInt32,
    `type` LowCardinality(String),
    `event` LowCardinality(String),
    `timestamp` DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    `profile_id` UInt64,
    `anonymous_id` String CODEC(ZSTD(1)),
    `delivered_to` Array(LowCardinality(String)),
    `batch` UInt64 CODEC(Delta(8), ZSTD(1)),
    `received_month` UInt32,
    `received_at` DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    `message_id` String CODEC(ZSTD(1)),
    `properties` String CODEC(ZSTD(3)),
    INDEX `batch_range` batch TYPE minmax GRANULARITY 1
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY received_month
ORDER BY (workspace_id, type, event, timestamp)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, replicated_deduplication_window = 0, max_cleanup_delay_period = 60;

CREATE TABLE IF NOT EXISTS `events` ON CLUSTER `our cluster` AS `events_shard`
ENGINE = Distributed(`our cluster`, currentDatabase(), `events_shard`, cityHash64(workspace_id, profile_id));

CREATE TABLE IF NOT EXISTS `profile_events_shard` ON CLUSTER `our cluster`
(
    `workspace_id` UInt32,
    `profile_id` UInt64 CODEC(Delta(8), ZSTD(1)),
    `timestamp` DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    `type` LowCardinality(String),
    `event` LowCardinality(String),
    `received_at` DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    `message_id` String CODEC(ZSTD(1)),
    `properties` String CODEC(ZSTD(3)),
    `batch` UInt64 CODEC(Delta(8), ZSTD(1)),
    INDEX `batch_range` batch TYPE minmax GRANULARITY 1
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
ORDER BY (workspace_id, profile_id, timestamp)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, replicated_deduplication_window = 0, max_cleanup_delay_period = 60, index_granularity = 1024;

CREATE TABLE IF NOT EXISTS `profile_events` ON CLUSTER `our cluster` AS `profile_events_shard`
ENGINE = Distributed(`our cluster`, currentDatabase(), `profile_events_shard`, cityHash64(workspace_id, profile_id));

CREATE TABLE IF NOT EXISTS `deliveries_shard` ON CLUSTER `our cluster`
(
    `workspace_id` UInt32,
    `destination_id` UInt32,
    `at` DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    `flush` UInt64,
    `outcome` LowCardinality(String),
    `reason` LowCardinality(String),
    `detail` String CODEC(ZSTD(1)),
    `status` UInt16,
    `duration_ms` UInt32,
    `message_ids` Array(String) CODEC(ZSTD(1)),
    `types` Array(LowCardinality(String)),
    `events` Array(LowCardinality(String)),
    `source_ids` Array(UInt32) CODEC(ZSTD(1)),
    `attempts` Array(UInt16) CODEC(ZSTD(1)),
    `latencies_ms` Array(UInt32) CODEC(ZSTD(1)),
    `again` Array(Bool) CODEC(ZSTD(1)),
    `request` String CODEC(ZSTD(3)),
    `response` String CODEC(ZSTD(3)),
    INDEX `message_ids_seen` message_ids TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX `flush_seen` flush TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY toYYYYMM(at)
ORDER BY (workspace_id, destination_id, at)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, replicated_deduplication_window = 0, max_cleanup_delay_period = 60, index_granularity_bytes = 1048576, min_columns_to_activate_adaptive_write_buffer = 1;

CREATE TABLE IF NOT EXISTS `deliveries` ON CLUSTER `our cluster` AS `deliveries_shard`
ENGINE = Distributed(`our cluster`, currentDatabase(), `deliveries_shard`, cityHash64(workspace_id, destination_id));

CREATE TABLE IF NOT EXISTS `people_shard` ON CLUSTER `our cluster`
(
    `workspace_id` UInt32,
    `profile_id` UInt64 CODEC(Delta(8), ZSTD(1)),
    `batch` UInt64 CODEC(Delta(8), ZSTD(1)),
    `traits` String CODEC(ZSTD(3)),
    `identified` Bool,
    `accounts` Array(UInt64) CODEC(ZSTD(1)),
    `alive` Bool,
    INDEX `batch_range` batch TYPE minmax GRANULARITY 1
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
ORDER BY (workspace_id, profile_id, batch)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, replicated_deduplication_window = 0, max_cleanup_delay_period = 60;

CREATE TABLE IF NOT EXISTS `people` ON CLUSTER `our cluster` AS `people_shard`
ENGINE = Distributed(`our cluster`, currentDatabase(), `people_shard`, cityHash64(workspace_id, profile_id));

CREATE TABLE IF NOT EXISTS `accounts_shard` ON CLUSTER `our cluster`
(
    `workspace_id` UInt32,
    `account_id` UInt64,
    `batch` UInt64 CODEC(Delta(8), ZSTD(1)),
    `group_id` String CODEC(ZSTD(1)),
    `traits` String CODEC(ZSTD(3)),
    INDEX `batch_range` batch TYPE minmax GRANULARITY 1
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
ORDER BY (workspace_id, account_id, batch)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, replicated_deduplication_window = 0, max_cleanup_delay_period = 60;

CREATE TABLE IF NOT EXISTS `accounts` ON CLUSTER `our cluster` AS `accounts_shard`
ENGINE = Distributed(`our cluster`, currentDatabase(), `accounts_shard`, cityHash64(workspace_id, account_id));

CREATE TABLE IF NOT EXISTS `memberships_shard` ON CLUSTER `our cluster`
(
    `workspace_id` UInt32,
    `audience_id` UInt32,
    `profile_id` UInt64 CODEC(Delta(8), ZSTD(1)),
    `version` UInt64 CODEC(Delta(8), ZSTD(1)),
    `member` Bool,
    `at` DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    INDEX `version_range` version TYPE minmax GRANULARITY 1
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
ORDER BY (workspace_id, audience_id, profile_id, version)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, replicated_deduplication_window = 0, max_cleanup_delay_period = 60;

CREATE TABLE IF NOT EXISTS `memberships` ON CLUSTER `our cluster` AS `memberships_shard`
ENGINE = Distributed(`our cluster`, currentDatabase(), `memberships_shard`, cityHash64(workspace_id, profile_id));

CREATE MATERIALIZED VIEW IF NOT EXISTS `events_view` ON CLUSTER `our cluster` TO `events_shard`
AS SELECT messages.workspace_id AS `workspace_id`, messages.type AS `type`, messages.event AS `event`, messages.timestamp AS `timestamp`, messages.profile_id AS `profile_id`, messages.anonymous_id AS `anonymous_id`, messages.delivered_to AS `delivered_to`, messages.batch AS `batch`, toYYYYMM(messages.received_at) AS `received_month`, messages.received_at AS `received_at`, messages.message_id AS `message_id`, messages.properties AS `properties`
FROM `messages_shard` AS `messages`
WHERE messages.type IN ('track', 'page', 'screen');

CREATE MATERIALIZED VIEW IF NOT EXISTS `profile_events_view` ON CLUSTER `our cluster` TO `profile_events_shard`
AS SELECT messages.workspace_id AS `workspace_id`, messages.profile_id AS `profile_id`, messages.timestamp AS `timestamp`, messages.type AS `type`, messages.event AS `event`, messages.received_at AS `received_at`, messages.message_id AS `message_id`, messages.properties AS `properties`, messages.batch AS `batch`
FROM `messages_shard` AS `messages`
WHERE messages.type IN ('track', 'page', 'screen') AND messages.profile_id > 0;
