"""What events say of hosted pages. Views are Page calls with the page's name, clicks one Track event; both name the page by its
id and the link by its reference (`hosted/tokens.py`). The names come first, as events lie in order of name."""

VISITS = """
SELECT visits.link, countIf(visits.type = 'page'), uniqExactIf(visits.anonymous_id, visits.type = 'page'),
    countIf(visits.type = 'track'), toUnixTimestamp64Milli(max(visits.timestamp))
FROM (
    SELECT events.type AS type, events.anonymous_id AS anonymous_id, events.timestamp AS timestamp,
        JSONExtractString(events.properties, 'hostedLink') AS link
    FROM events
    WHERE events.workspace_id = {workspace_id:UInt32}
      AND ((events.type = 'page' AND events.event IN {names:Array(String)})
        OR (events.type = 'track' AND events.event = {clicked:String}))
      AND JSONExtractUInt(events.properties, 'hostedPageId') = {page_id:UInt64}
) AS visits
WHERE visits.link != '' AND (empty({links:Array(String)}) OR visits.link IN {links:Array(String)})
GROUP BY visits.link
"""
