"""Named queries about deliveries. A parameter left at its empty value does not filter.

A row of `deliveries` is a request with many messages: its arrays are joined, so that one line is one message. When a message
was received is `at` less its latency, to the millisecond; that is how attempts are put into the period of their message.
"""

_RECEIVED_BETWEEN = """messages.workspace_id = {workspace_id:UInt32}
  AND messages.received_at >= fromUnixTimestamp64Milli({start:Int64}, 'UTC')
  AND messages.received_at < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
  AND ({source_id:UInt32} = 0 OR messages.source_id = {source_id:UInt32})"""

# What the built-in personalization took of one destination: it is known by slug, and by the sources it is connected to.
_TAKEN = (
    "if({destination_id:UInt32} = 0, length(messages.delivered_to), "
    "has(messages.delivered_to, {slug:String}) AND has({slug_sources:Array(UInt32)}, messages.source_id))"
)
_ROUTED = (
    "if({destination_id:UInt32} = 0, length(messages.routed_to), has(messages.routed_to, {destination_id:UInt32}))"
)

RECEIVED = f"""
SELECT
    countIf({{destination_id:UInt32}} = 0 OR taken > 0 OR routed > 0
        OR JSONHas(messages.filtered, toString({{destination_id:UInt32}}))),
    sum({_TAKEN} AS taken),
    sum({_ROUTED} AS routed)
FROM messages
WHERE {_RECEIVED_BETWEEN}
"""  # noqa: S608 - fragments of this module; values are bound

REFUSED = """
SELECT refusals.reason, count() AS seen, toUnixTimestamp64Milli(max(refusals.received_at))
FROM refusals
WHERE refusals.workspace_id = {workspace_id:UInt32}
  AND refusals.received_at >= fromUnixTimestamp64Milli({start:Int64}, 'UTC')
  AND refusals.received_at < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
  AND ({source_id:UInt32} = 0 OR refusals.source_id = {source_id:UInt32})
  AND refusals.reason != {note:String}
GROUP BY refusals.reason
ORDER BY seen DESC, refusals.reason
"""

FILTERED = f"""
SELECT entry.2 AS reason, count() AS seen, toUnixTimestamp64Milli(max(messages.received_at))
FROM messages
ARRAY JOIN JSONExtractKeysAndValues(messages.filtered, 'String') AS entry
WHERE {_RECEIVED_BETWEEN}
  AND messages.filtered != ''
  AND ({{destination_id:UInt32}} = 0 OR entry.1 = toString({{destination_id:UInt32}}))
GROUP BY reason
ORDER BY seen DESC, reason
"""  # noqa: S608

_ATTEMPTED = """(
    SELECT deliveries.at, deliveries.outcome, deliveries.reason, latency, source, again,
        toUnixTimestamp64Milli(deliveries.at) - latency AS received
    FROM deliveries
    ARRAY JOIN deliveries.latencies_ms AS latency, deliveries.source_ids AS source, deliveries.again AS again
    WHERE deliveries.workspace_id = {workspace_id:UInt32}
      AND ({destination_id:UInt32} = 0 OR deliveries.destination_id = {destination_id:UInt32})
      AND deliveries.at >= fromUnixTimestamp64Milli({start:Int64}, 'UTC')
      AND deliveries.at < fromUnixTimestamp64Milli({last:Int64}, 'UTC')
      AND ({source_id:UInt32} = 0 OR source = {source_id:UInt32})
) AS attempted"""

OUTCOMES = f"""
SELECT attempted.outcome, attempted.reason, count() AS seen, toUnixTimestamp64Milli(max(attempted.at))
FROM {_ATTEMPTED}
WHERE NOT attempted.again AND attempted.received >= {{start:Int64}} AND attempted.received < {{end:Int64}}
GROUP BY attempted.outcome, attempted.reason
ORDER BY seen DESC, attempted.reason
"""  # noqa: S608

SPEED = f"""
SELECT
    countIf(NOT attempted.again AND attempted.received >= {{start:Int64}} AND attempted.received < {{end:Int64}}) AS timed,
    quantileTDigestIf(0.95)(
        attempted.latency,
        NOT attempted.again AND attempted.received >= {{start:Int64}} AND attempted.received < {{end:Int64}}
    ),
    countIf(attempted.again AND attempted.at < fromUnixTimestamp64Milli({{end:Int64}}, 'UTC'))
FROM {_ATTEMPTED}
WHERE attempted.outcome = 'delivered'
"""  # noqa: S608

SERIES = f"""
SELECT
    intDiv(toUnixTimestamp64Milli(attempted.at) - {{start:Int64}}, {{step:Int64}}) AS number,
    countIf(attempted.outcome = 'delivered'), countIf(attempted.outcome IN ('failed', 'discarded')),
    countIf(attempted.outcome = 'retried'), quantileTDigestIf(0.95)(attempted.latency, attempted.outcome = 'delivered')
FROM {_ATTEMPTED}
WHERE NOT attempted.again
GROUP BY number
"""  # noqa: S608

RECEIVED_SERIES = f"""
SELECT
    intDiv(toUnixTimestamp64Milli(messages.received_at) - {{start:Int64}}, {{step:Int64}}) AS number,
    countIf({{destination_id:UInt32}} = 0 OR taken > 0 OR routed > 0
        OR JSONHas(messages.filtered, toString({{destination_id:UInt32}}))),
    sum({_TAKEN} AS taken),
    sum({_ROUTED} AS routed)
FROM messages
WHERE {_RECEIVED_BETWEEN}
GROUP BY number
"""  # noqa: S608

INGEST_SAMPLES = """
SELECT toUnixTimestamp64Milli(refusals.received_at), refusals.source_id, 0, refusals.message_id, refusals.type,
    refusals.event, refusals.reason, refusals.detail, 0, 0, '', '', refusals.message
FROM refusals
WHERE refusals.workspace_id = {workspace_id:UInt32}
  AND refusals.received_at >= fromUnixTimestamp64Milli({start:Int64}, 'UTC')
  AND refusals.received_at < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
  AND ({source_id:UInt32} = 0 OR refusals.source_id = {source_id:UInt32})
  AND if({reason:String} = '', refusals.reason != {note:String}, refusals.reason = {reason:String})
ORDER BY refusals.received_at DESC, refusals.message_id
LIMIT {limit:UInt32}
"""

FILTERED_SAMPLES = f"""
SELECT toUnixTimestamp64Milli(messages.received_at), messages.source_id, toUInt32OrZero(entry.1), messages.message_id,
    messages.type, messages.event, entry.2 AS reason, '', 0, 0, '', '', ''
FROM messages
ARRAY JOIN JSONExtractKeysAndValues(messages.filtered, 'String') AS entry
WHERE {_RECEIVED_BETWEEN}
  AND messages.filtered != ''
  AND ({{destination_id:UInt32}} = 0 OR entry.1 = toString({{destination_id:UInt32}}))
  AND ({{reason:String}} = '' OR reason = {{reason:String}})
ORDER BY messages.received_at DESC, messages.message_id
LIMIT {{limit:UInt32}}
"""  # noqa: S608

ATTEMPT_SAMPLES = """
SELECT toUnixTimestamp64Milli(deliveries.at), source, deliveries.destination_id, message_id, type, event,
    deliveries.reason, deliveries.detail, deliveries.status, attempt, deliveries.request, deliveries.response, ''
FROM deliveries
ARRAY JOIN deliveries.latencies_ms AS latency, deliveries.source_ids AS source, deliveries.again AS again,
    deliveries.message_ids AS message_id, deliveries.types AS type, deliveries.events AS event,
    deliveries.attempts AS attempt
WHERE deliveries.workspace_id = {workspace_id:UInt32}
  AND ({destination_id:UInt32} = 0 OR deliveries.destination_id = {destination_id:UInt32})
  AND deliveries.at >= fromUnixTimestamp64Milli({start:Int64}, 'UTC')
  AND deliveries.at < fromUnixTimestamp64Milli({last:Int64}, 'UTC')
  AND deliveries.outcome = {outcome:String}
  AND ({reason:String} = '' OR deliveries.reason = {reason:String})
  AND ({source_id:UInt32} = 0 OR source = {source_id:UInt32})
  AND NOT again
  AND toUnixTimestamp64Milli(deliveries.at) - latency >= {start:Int64}
  AND toUnixTimestamp64Milli(deliveries.at) - latency < {end:Int64}
ORDER BY deliveries.request != '' DESC, deliveries.at DESC, message_id
LIMIT {limit:UInt32}
"""

ATTEMPTS = """
SELECT toUnixTimestamp64Milli(deliveries.at), deliveries.workspace_id, deliveries.destination_id, deliveries.outcome,
    deliveries.reason, deliveries.detail, deliveries.status, deliveries.duration_ms, deliveries.message_ids,
    deliveries.types, deliveries.events, deliveries.source_ids, deliveries.attempts, deliveries.latencies_ms,
    deliveries.request, deliveries.response
FROM deliveries
WHERE deliveries.workspace_id = {workspace_id:UInt32}
  AND ({destination_id:UInt32} = 0 OR deliveries.destination_id = {destination_id:UInt32})
  AND deliveries.at >= fromUnixTimestamp64Milli({after:Int64}, 'UTC')
  AND deliveries.at < fromUnixTimestamp64Milli({before:Int64}, 'UTC')
  AND ({message_id:String} = '' OR has(deliveries.message_ids, {message_id:String}))
  AND ({outcome:String} = '' OR deliveries.outcome = {outcome:String})
ORDER BY deliveries.at DESC, deliveries.destination_id, deliveries.message_ids
LIMIT {limit:UInt32}
"""

HAS_FLUSH = """
SELECT count() > 0 FROM deliveries WHERE deliveries.flush = {flush:UInt64}
"""

# Where a page of a replay ends: at a receipt time, so that messages received together stay together.
REPLAY_PAGE_END = """
SELECT toUnixTimestamp64Milli(messages.received_at)
FROM messages
WHERE messages.workspace_id = {workspace_id:UInt32}
  AND messages.source_id IN {source_ids:Array(UInt32)}
  AND messages.received_at >= fromUnixTimestamp64Milli({start:Int64}, 'UTC')
  AND messages.received_at < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
ORDER BY messages.received_at
LIMIT 1 OFFSET {limit:UInt32}
"""
