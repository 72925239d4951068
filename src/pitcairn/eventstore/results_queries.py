"""Named queries for results: who was exposed to what first, and who converted inside the window after it.

The rule, for one experience:

- only exposures that belong to the comparison count: not those of the holdout, nor those after a promotion;
- a visitor's first exposure decides its audience segment, its variation, its time and its profile;
- a conversion is a Track message that the Mutiny destination took and whose event is one of the goals;
- it belongs to the visitor whose id is its anonymous id, if that visitor was exposed; if not, to every exposed
  visitor of the same person, where merges are applied to both sides;
- it counts when first exposure <= its timestamp < first exposure + window; a visitor converts at most once.

Only facts are read (exposures, Track events, merges), so rows that come late and merges made afterwards change the answer
as if they had always been there.

The cost is that of the goals' events and the experience's exposures, whatever else the workspace holds: `events` is in
order of event, `exposures` in order of experience. In a cluster each subquery over a table is answered by all shards
and the joins are made where the query was asked, which is what `GLOBAL` is for; on one server it changes nothing.
"""

# How `delivered_to` names the destination that personalizes.
DESTINATION = "mutiny"

_EXPOSED = """exposures.workspace_id = {workspace_id:UInt32}
          AND exposures.experience_id = {experience_id:UInt32}
          AND exposures.reason = ''
          AND exposures.timestamp < fromUnixTimestamp64Milli({until:Int64}, 'UTC')"""

# One row per exposed visitor: visitor, segment_id, variation_id, first_ms, converted_ms (_NEVER when it did not).
_NEVER = "9223372036854775807"
_PER_VISITOR = f"""
WITH
    survivors AS (
        SELECT merges.loser_id AS loser_id, argMax(merges.winner_id, merges.batch) AS winner_id
        FROM merges
        WHERE merges.workspace_id = {{workspace_id:UInt32}}
        GROUP BY merges.loser_id
    ),
    people AS (
        SELECT DISTINCT if(survivors.winner_id > 0, survivors.winner_id, seen.profile_id) AS person
        FROM (
            SELECT DISTINCT exposures.profile_id AS profile_id
            FROM exposures
            WHERE {_EXPOSED}
        ) AS seen
        LEFT JOIN survivors ON survivors.loser_id = seen.profile_id
    ),
    firsts AS (
        SELECT exposures.visitor AS visitor,
            toUnixTimestamp64Milli(min(exposures.timestamp)) AS first_ms,
            argMin(
                (exposures.segment_id, exposures.variation_id, exposures.profile_id),
                (exposures.timestamp, exposures.batch, exposures.message_id)
            ) AS decided
        FROM exposures
        WHERE {_EXPOSED}
        GROUP BY exposures.visitor
    ),
    conversions AS (
        SELECT events.anonymous_id AS anonymous_id, events.profile_id AS profile_id,
            toUnixTimestamp64Milli(events.timestamp) AS at_ms,
            events.anonymous_id != '' AND events.anonymous_id GLOBAL IN (
                SELECT exposures.visitor FROM exposures WHERE {_EXPOSED}
            ) AS is_own
        FROM events
        WHERE events.workspace_id = {{workspace_id:UInt32}}
          AND events.type = 'track'
          AND events.event IN {{events:Array(String)}}
          AND has(events.delivered_to, {{destination:String}})
          AND events.timestamp < fromUnixTimestamp64Milli({{until:Int64}}, 'UTC')
          AND (
            events.profile_id GLOBAL IN (
                SELECT people.person FROM people
                UNION ALL
                SELECT survivors.loser_id FROM survivors
                WHERE survivors.winner_id IN (SELECT people.person FROM people)
            )
            OR events.anonymous_id GLOBAL IN (SELECT exposures.visitor FROM exposures WHERE {_EXPOSED})
          )
    ),
    claims AS (
        SELECT if(conversions.is_own, conversions.anonymous_id, '') AS visitor,
            multiIf(
                conversions.is_own, 0,
                survivors.winner_id > 0, survivors.winner_id,
                conversions.profile_id
            ) AS person,
            groupArray(conversions.at_ms) AS times
        FROM conversions
        LEFT JOIN survivors ON survivors.loser_id = conversions.profile_id
        GROUP BY visitor, person
        HAVING visitor != '' OR person > 0
    ),
    claimants AS (
        SELECT firsts.visitor AS visitor, firsts.first_ms AS first_ms, firsts.decided AS decided,
            arrayJoin([
                (firsts.visitor, toUInt64(0)),
                ('', if(survivors.winner_id > 0, survivors.winner_id, firsts.decided.3))
            ]) AS claimed_as
        FROM firsts
        LEFT JOIN survivors ON survivors.loser_id = firsts.decided.3
    ),
    visitors AS (
        SELECT claimants.visitor AS visitor,
            any(claimants.decided.1) AS segment_id,
            any(claimants.decided.2) AS variation_id,
            any(claimants.first_ms) AS first_ms,
            min(arrayMin(arrayPushBack(
                arrayFilter(
                    at -> at >= claimants.first_ms AND at < claimants.first_ms + {{window_ms:Int64}},
                    claims.times
                ),
                {_NEVER}
            ))) AS converted_ms
        FROM claimants
        LEFT JOIN claims ON claims.visitor = claimants.claimed_as.1 AND claims.person = claimants.claimed_as.2
        GROUP BY claimants.visitor
    )"""  # noqa: S608 - fragments of this module; values are bound

ARM_COUNTS = f"""{_PER_VISITOR}
SELECT visitors.segment_id, visitors.variation_id, count(), countIf(visitors.converted_ms != {_NEVER})
FROM visitors
GROUP BY visitors.segment_id, visitors.variation_id
ORDER BY visitors.segment_id, visitors.variation_id
"""  # noqa: S608

ARM_COUNTS_BY_DAY = f"""{_PER_VISITOR}
SELECT days.fact.1 AS day, days.segment_id, days.variation_id, sum(days.fact.2), sum(days.fact.3)
FROM (
    SELECT visitors.segment_id AS segment_id, visitors.variation_id AS variation_id,
        arrayJoin(arrayConcat(
            [(toDate32(fromUnixTimestamp64Milli(visitors.first_ms, 'UTC')), 1, 0)],
            if(visitors.converted_ms = {_NEVER}, [],
                [(toDate32(fromUnixTimestamp64Milli(visitors.converted_ms, 'UTC')), 0, 1)])
        )) AS fact
    FROM visitors
) AS days
GROUP BY day, days.segment_id, days.variation_id
ORDER BY day, days.segment_id, days.variation_id
"""  # noqa: S608
