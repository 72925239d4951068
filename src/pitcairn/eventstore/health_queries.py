"""Named queries for the health of experiences: what they cost the views that had them, and whether their elements were there.

`personalized` is treatment against control and holdout, which see the original. Late decisions were seen by nobody: they
count for what was hidden, and for nothing that is compared.
"""

LEVELS = tuple(level / 100 for level in range(60, 91))
"""The quantiles of which a 75th percentile and its interval are taken."""
_LEVELS = ", ".join(f"{level:.2f}" for level in LEVELS)

_IN_TIME = """
FROM vitals
WHERE vitals.workspace_id = {workspace_id:UInt32}
  AND vitals.experience_id IN {experience_ids:Array(UInt32)}
  AND vitals.received_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')
  AND vitals.received_at < fromUnixTimestamp64Milli({until:Int64}, 'UTC')"""

COSTS = f"""
SELECT vitals.experience_id, vitals.variation_id > 0 AS personalized,
    count(), sum(1 / vitals.share), countIf(vitals.late),
    quantilesExact({_LEVELS})(vitals.hidden_ms),
    countIf(NOT vitals.late), quantilesExactIf({_LEVELS})(vitals.shift, NOT vitals.late),
    countIf(NOT vitals.late AND vitals.lcp_ms > 0),
    quantilesExactIf({_LEVELS})(vitals.lcp_ms, NOT vitals.late AND vitals.lcp_ms > 0){_IN_TIME}
GROUP BY vitals.experience_id, personalized
ORDER BY vitals.experience_id, personalized
"""

COSTS_BY_DAY = f"""
SELECT toDate(vitals.received_at, 'UTC') AS day, vitals.variation_id > 0 AS personalized,
    count(), sum(1 / vitals.share), quantileExact(0.75)(vitals.hidden_ms),
    countIf(NOT vitals.late AND vitals.lcp_ms > 0),
    quantileExactIf(0.75)(vitals.lcp_ms, NOT vitals.late AND vitals.lcp_ms > 0),
    countIf(vitals.complete), countIf(vitals.complete AND notEmpty(vitals.missing)){_IN_TIME}
GROUP BY day, personalized
ORDER BY day, personalized
"""

# By element and page, how many views looked for it and how many did not find it: in all, in the last day and week, in the last
# minutes, and in the last thirty views one by one, the newest first. Pages of few views are told together, without a name. A view
# is a number here, odd if it lacked the element: to sort pairs takes four times as long as everything else.
ELEMENTS = f"""
SELECT sought.experience_id, sought.selector, sought.place,
    count(), countIf(sought.lacks),
    countIf(sought.received_at >= fromUnixTimestamp64Milli({{week:Int64}}, 'UTC')),
    countIf(sought.lacks AND sought.received_at >= fromUnixTimestamp64Milli({{week:Int64}}, 'UTC')),
    countIf(sought.received_at >= fromUnixTimestamp64Milli({{day:Int64}}, 'UTC')),
    countIf(sought.lacks AND sought.received_at >= fromUnixTimestamp64Milli({{day:Int64}}, 'UTC')),
    countIf(sought.received_at >= fromUnixTimestamp64Milli({{minutes:Int64}}, 'UTC')),
    countIf(sought.lacks AND sought.received_at >= fromUnixTimestamp64Milli({{minutes:Int64}}, 'UTC')),
    groupArraySorted(30)(sought.lacks - 2 * toUnixTimestamp64Milli(sought.received_at)),
    toUnixTimestamp64Milli(max(sought.received_at)),
    if(uniqExact(sought.page) = 1, any(sought.page), '')
FROM (
    SELECT vitals.experience_id AS experience_id, vitals.page AS page, vitals.received_at AS received_at,
        if((vitals.experience_id, vitals.page) GLOBAL IN (
            SELECT vitals.experience_id, vitals.page{_IN_TIME}
              AND vitals.complete
            GROUP BY vitals.experience_id, vitals.page
            HAVING count() >= {{fewest_views:UInt32}}
            ORDER BY count() DESC, vitals.page
            LIMIT {{most_pages:UInt32}} BY vitals.experience_id
        ), vitals.page, '') AS place,
        arrayJoin(arrayDistinct(arrayConcat(vitals.found, vitals.missing))) AS selector,
        has(vitals.missing, selector) AS lacks{_IN_TIME}
      AND vitals.complete
) AS sought
GROUP BY sought.experience_id, sought.selector, sought.place
ORDER BY sought.experience_id, sought.selector, count() DESC, sought.place
"""  # noqa: S608 - fragments of this module; values are bound
