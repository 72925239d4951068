"""What one person did, as the Profile API tells it."""

from pitcairn.eventstore.browse_queries import MESSAGE_COLUMNS

_EVENTS = f"""
SELECT {MESSAGE_COLUMNS}
FROM messages
WHERE messages.workspace_id = {{workspace_id:UInt32}}
  AND messages.profile_id IN {{profile_ids:Array(UInt64)}}
  AND messages.type = 'track'
  AND messages.timestamp >= fromUnixTimestamp64Milli({{start:Int64}}, 'UTC')
  AND messages.timestamp < fromUnixTimestamp64Milli({{end:Int64}}, 'UTC')
  AND (empty({{include:Array(String)}}) OR messages.event IN {{include:Array(String)}})
  AND messages.event NOT IN {{exclude:Array(String)}}
  AND (toUnixTimestamp64Milli(messages.timestamp), messages.message_id) %(after)s ({{at:Int64}}, {{message_id:String}})
ORDER BY messages.timestamp %(order)s, messages.message_id %(order)s
LIMIT {{limit:UInt32}}
"""  # noqa: S608 - a fragment of another module; values are bound

EVENTS_NEWEST_FIRST = _EVENTS % {"after": "<", "order": "DESC"}
EVENTS_OLDEST_FIRST = _EVENTS % {"after": ">", "order": "ASC"}
