"""Named queries for looking at single rows and at activity. A parameter left at its empty value does not filter."""

MESSAGE_COLUMNS = """
    messages.workspace_id, messages.source_id, messages.profile_id, messages.batch, messages.type, messages.event,
    messages.message_id, messages.user_id, messages.anonymous_id,
    toUnixTimestamp64Milli(messages.timestamp), toUnixTimestamp64Milli(messages.original_timestamp),
    toUnixTimestamp64Milli(messages.sent_at), toUnixTimestamp64Milli(messages.received_at),
    messages.delivered_to, messages.filtered, messages.context, messages.integrations, messages.properties,
    messages.traits, messages.extra, messages.retry_count, messages.routed_to,
    messages.violation"""

MESSAGES = f"""
SELECT {MESSAGE_COLUMNS}
FROM messages
WHERE messages.workspace_id = {{workspace_id:UInt32}}
  AND messages.received_at >= fromUnixTimestamp64Milli({{after:Int64}}, 'UTC')
  AND messages.received_at < fromUnixTimestamp64Milli({{before:Int64}}, 'UTC')
  AND ({{source_id:UInt32}} = 0 OR messages.source_id = {{source_id:UInt32}})
  AND ({{type:String}} = '' OR messages.type = {{type:String}})
  AND ({{message_id:String}} = '' OR messages.message_id = {{message_id:String}})
  AND ({{search:String}} = ''
    OR positionCaseInsensitiveUTF8(messages.event, {{search:String}}) > 0
    OR positionCaseInsensitiveUTF8(messages.message_id, {{search:String}}) > 0
    OR positionCaseInsensitiveUTF8(messages.user_id, {{search:String}}) > 0
    OR positionCaseInsensitiveUTF8(messages.anonymous_id, {{search:String}}) > 0
    OR positionCaseInsensitiveUTF8(messages.properties, {{search:String}}) > 0
    OR positionCaseInsensitiveUTF8(messages.traits, {{search:String}}) > 0
    OR positionCaseInsensitiveUTF8(messages.context, {{search:String}}) > 0)
ORDER BY messages.received_at DESC, messages.batch DESC, messages.message_id DESC
LIMIT {{limit:UInt32}}
"""  # noqa: S608 - a fragment of this module; values are bound

REFUSALS = """
SELECT refusals.workspace_id, refusals.source_id, refusals.batch, toUnixTimestamp64Milli(refusals.received_at),
    refusals.reason, refusals.detail, refusals.type, refusals.event, refusals.message_id, refusals.user_id,
    refusals.anonymous_id, refusals.message
FROM refusals
WHERE refusals.workspace_id = {workspace_id:UInt32}
  AND refusals.received_at >= fromUnixTimestamp64Milli({after:Int64}, 'UTC')
  AND refusals.received_at < fromUnixTimestamp64Milli({before:Int64}, 'UTC')
  AND ({source_id:UInt32} = 0 OR refusals.source_id = {source_id:UInt32})
  AND ({type:String} = '' OR refusals.type = {type:String})
  AND ({reason:String} = '' OR refusals.reason = {reason:String})
  AND ({message_id:String} = '' OR refusals.message_id = {message_id:String})
  AND ({search:String} = ''
    OR positionCaseInsensitiveUTF8(refusals.detail, {search:String}) > 0
    OR positionCaseInsensitiveUTF8(refusals.event, {search:String}) > 0
    OR positionCaseInsensitiveUTF8(refusals.message_id, {search:String}) > 0
    OR positionCaseInsensitiveUTF8(refusals.user_id, {search:String}) > 0
    OR positionCaseInsensitiveUTF8(refusals.anonymous_id, {search:String}) > 0
    OR positionCaseInsensitiveUTF8(refusals.message, {search:String}) > 0)
ORDER BY refusals.received_at DESC, refusals.batch DESC, refusals.message_id DESC
LIMIT {limit:UInt32}
"""

TIMELINE = f"""
SELECT {MESSAGE_COLUMNS}
FROM messages
WHERE messages.workspace_id = {{workspace_id:UInt32}}
  AND messages.profile_id IN {{profile_ids:Array(UInt64)}}
  AND ({{type:String}} = '' OR messages.type = {{type:String}})
  AND ({{event:String}} = '' OR messages.event = {{event:String}})
  AND ({{search:String}} = ''
    OR positionCaseInsensitiveUTF8(messages.event, {{search:String}}) > 0
    OR positionCaseInsensitiveUTF8(messages.message_id, {{search:String}}) > 0
    OR positionCaseInsensitiveUTF8(messages.properties, {{search:String}}) > 0
    OR positionCaseInsensitiveUTF8(messages.traits, {{search:String}}) > 0
    OR positionCaseInsensitiveUTF8(messages.context, {{search:String}}) > 0)
  AND (toUnixTimestamp64Milli(messages.timestamp), toUnixTimestamp64Milli(messages.received_at), messages.message_id)
    < ({{before:Int64}}, {{before_received:Int64}}, {{before_id:String}})
ORDER BY messages.timestamp DESC, messages.received_at DESC, messages.message_id DESC
LIMIT {{limit:UInt32}}
"""  # noqa: S608 - a fragment of this module; values are bound

EVENTS_OF_PROFILES = """
SELECT messages.type, messages.event, count() AS seen
FROM messages
WHERE messages.workspace_id = {workspace_id:UInt32}
  AND messages.profile_id IN {profile_ids:Array(UInt64)}
GROUP BY messages.type, messages.event
ORDER BY seen DESC, messages.type, messages.event
LIMIT {limit:UInt32}
"""

REPLAYED = f"""
SELECT {MESSAGE_COLUMNS}
FROM messages
WHERE messages.workspace_id = {{workspace_id:UInt32}}
  AND messages.source_id IN {{source_ids:Array(UInt32)}}
  AND messages.received_at >= fromUnixTimestamp64Milli({{start:Int64}}, 'UTC')
  AND messages.received_at < fromUnixTimestamp64Milli({{end:Int64}}, 'UTC')
ORDER BY messages.received_at, messages.batch, messages.timestamp, messages.message_id
"""  # noqa: S608 - a fragment of this module; values are bound

SOURCE_MESSAGES = """
SELECT messages.source_id, toUnixTimestamp64Milli(max(messages.received_at)),
    countIf(messages.received_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC'))
FROM messages
WHERE messages.workspace_id = {workspace_id:UInt32}
GROUP BY messages.source_id
"""

SOURCE_REFUSALS = """
SELECT refusals.source_id, toUnixTimestamp64Milli(max(refusals.received_at)),
    countIf(refusals.received_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC'))
FROM refusals
WHERE refusals.workspace_id = {workspace_id:UInt32}
GROUP BY refusals.source_id
"""

EVENT_NAMES = """
SELECT events.event, count() AS seen
FROM events
WHERE events.workspace_id = {workspace_id:UInt32}
  AND events.type = 'track'
GROUP BY events.event
ORDER BY seen DESC, events.event
LIMIT {limit:UInt32}
"""

# Messages of one source by name and UTC day.
EVENT_DAYS = """
SELECT messages.type, messages.event, toDate(messages.received_at, 'UTC') AS day, count()
FROM messages
WHERE messages.workspace_id = {workspace_id:UInt32}
  AND messages.source_id = {source_id:UInt32}
  AND messages.received_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')
  AND ({all:Bool} OR (messages.type = {type:String} AND messages.event = {event:String}))
GROUP BY messages.type, messages.event, day
"""

LAST_BATCH = """
SELECT max(last.batch)
FROM (
    SELECT max(messages.batch) AS batch FROM messages
    UNION ALL SELECT max(refusals.batch) FROM refusals
    UNION ALL SELECT max(exposures.batch) FROM exposures
    UNION ALL SELECT max(vitals.batch) FROM vitals
    UNION ALL SELECT max(merges.batch) FROM merges
    UNION ALL SELECT max(events.batch) FROM events
    UNION ALL SELECT max(profile_events.batch) FROM profile_events
    UNION ALL SELECT max(people.batch) FROM people
    UNION ALL SELECT max(accounts.batch) FROM accounts
) AS last
"""

TABLES_WITH_BATCHES_AFTER = """
SELECT 'messages' FROM messages WHERE messages.batch > {batch:UInt64} HAVING count() > 0
UNION ALL SELECT 'refusals' FROM refusals WHERE refusals.batch > {batch:UInt64} HAVING count() > 0
UNION ALL SELECT 'exposures' FROM exposures WHERE exposures.batch > {batch:UInt64} HAVING count() > 0
UNION ALL SELECT 'vitals' FROM vitals WHERE vitals.batch > {batch:UInt64} HAVING count() > 0
UNION ALL SELECT 'merges' FROM merges WHERE merges.batch > {batch:UInt64} HAVING count() > 0
UNION ALL SELECT 'events' FROM events WHERE events.batch > {batch:UInt64} HAVING count() > 0
UNION ALL SELECT 'profile_events' FROM profile_events WHERE profile_events.batch > {batch:UInt64} HAVING count() > 0
UNION ALL SELECT 'people' FROM people WHERE people.batch > {batch:UInt64} HAVING count() > 0
UNION ALL SELECT 'accounts' FROM accounts WHERE accounts.batch > {batch:UInt64} HAVING count() > 0
"""

TABLES_WITH_BATCHES = """
SELECT 'messages' FROM messages WHERE messages.batch IN {batches:Array(UInt64)} HAVING count() > 0
UNION ALL SELECT 'refusals' FROM refusals WHERE refusals.batch IN {batches:Array(UInt64)} HAVING count() > 0
UNION ALL SELECT 'exposures' FROM exposures WHERE exposures.batch IN {batches:Array(UInt64)} HAVING count() > 0
UNION ALL SELECT 'vitals' FROM vitals WHERE vitals.batch IN {batches:Array(UInt64)} HAVING count() > 0
UNION ALL SELECT 'merges' FROM merges WHERE merges.batch IN {batches:Array(UInt64)} HAVING count() > 0
UNION ALL SELECT 'events' FROM events WHERE events.batch IN {batches:Array(UInt64)} HAVING count() > 0
UNION ALL SELECT 'profile_events' FROM profile_events WHERE profile_events.batch IN {batches:Array(UInt64)} HAVING count() > 0
UNION ALL SELECT 'people' FROM people WHERE people.batch IN {batches:Array(UInt64)} HAVING count() > 0
UNION ALL SELECT 'accounts' FROM accounts WHERE accounts.batch IN {batches:Array(UInt64)} HAVING count() > 0
"""

ROW_COUNTS = """
SELECT 'messages' AS name, count() FROM messages
UNION ALL SELECT 'refusals', count() FROM refusals
UNION ALL SELECT 'exposures', count() FROM exposures
UNION ALL SELECT 'vitals', count() FROM vitals
UNION ALL SELECT 'merges', count() FROM merges
UNION ALL SELECT 'events', count() FROM events
UNION ALL SELECT 'profile_events', count() FROM profile_events
UNION ALL SELECT 'deliveries', count() FROM deliveries
UNION ALL SELECT 'people', count() FROM people
UNION ALL SELECT 'accounts', count() FROM accounts
UNION ALL SELECT 'memberships', count() FROM memberships
"""

BYTES = """
SELECT parts.table, sum(parts.bytes_on_disk)
FROM system.parts AS parts
WHERE parts.active AND parts.database = currentDatabase()
GROUP BY parts.table
"""

# One replica of each shard.
CLUSTER_BYTES = """
SELECT parts.table, sum(parts.bytes_on_disk)
FROM cluster({cluster:String}, system.parts) AS parts
WHERE parts.active AND parts.database = currentDatabase()
GROUP BY parts.table
"""

COLUMNS = """
SELECT columns.table, columns.name
FROM system.columns AS columns
WHERE columns.database = currentDatabase()
"""
