"""Named queries for results: who was exposed to what first, and what they did inside the window after it.

The rule, for one experience:

- only exposures that belong to the comparison count: not those of the holdout, nor those after a promotion;
- the unit is the visitor; visitors who turned out to be one person (merges are applied) are one unit, and so count once;
- the earliest exposure of a unit decides its audience segment, variation, allocation epoch, time, and all it is broken down
  by. Who was seen in several variations stays where they were first (`crossed` says how many);
- a conversion is an event that a goal names: a Track message that the Mutiny destination took, or a page view;
- it belongs to the visitor whose id is its anonymous id, if that visitor was exposed; if not, to the exposed person it is of;
- it counts when first exposure <= its timestamp < first exposure + window; a unit converts at most once. What a numeric goal
  adds up is counted over the same window, and so is `before`, over the days before the first exposure.

Only facts are read (exposures, events, merges), so rows that come late and merges made afterwards change the answer
as if they had always been there.

The query reads each fact once: exposures of the experience and events of the goals are put under each other and grouped by
browser, browsers by person, persons into cells. `events` is in order of event, `exposures` in order of experience, so the
cost is theirs, whatever else the workspace holds. In a cluster each subquery over a table is answered by all shards and the
join is made where the query was asked, which is what `GLOBAL` is for; on one server it changes nothing.
"""

# ruff: noqa: S608 - fragments of this module and conditions in SQL, which the conditions' own compiler wrote; values are bound

from collections.abc import Sequence

from pitcairn.conditions.sql_row import event_number, event_test
from pitcairn.eventstore.records import GoalQuery

# How `delivered_to` names the destination that personalizes.
DESTINATION = "mutiny"

# What a unit's first exposure says besides its arm: what results are broken down by.
TRAITS_OF_EXPOSURE = ("browser", "device", "page", "route", "returning")
NEVER = "9223372036854775807"
NO_DAY = "toDate32('1970-01-01')"

_EXPOSED = """exposures.workspace_id = {workspace_id:UInt32}
          AND exposures.experience_id = {experience_id:UInt32}
          AND exposures.reason = ''
          AND exposures.timestamp < fromUnixTimestamp64Milli({until:Int64}, 'UTC')"""

SURVIVORS = """survivors AS (
        SELECT merges.loser_id AS loser_id, argMax(merges.winner_id, merges.batch) AS winner_id
        FROM merges
        WHERE merges.workspace_id = {workspace_id:UInt32}
        GROUP BY merges.loser_id
    )"""

# How an exposure's page is called in a breakdown: without scheme, query and fragment.
_PAGE = "replaceAll(concat(domainWithoutWWW(exposures.page_url), path(exposures.page_url)), '\\x1F', '')"

# What is compared, segment and variation in one number: control with the variations of one experience, or those held out
# from all of them with everyone else.
_DECIDED = "bitOr(bitShiftLeft(toUInt64(exposures.segment_id), 32), toUInt64(exposures.variation_id))"
_DECIDED_ALL = "toUInt64(exposures.reason != 'holdout')"
# Makes times before 1970 positive, down to the first that the event store keeps.
_PAST = 2**42
# Stands between the traits of an exposure. Names that hold it lose it.
_BETWEEN = "\\x1F"
_EXPOSED_ALL = """exposures.workspace_id = {workspace_id:UInt32}
          AND exposures.timestamp < fromUnixTimestamp64Milli({until:Int64}, 'UTC')"""


def _exposures(*, programme: bool) -> str:
    # The order among exposures is one number, and what they are broken down by is one text: what is aggregated and grouped
    # by costs a fifth of what tuples cost.
    return f"""
            SELECT exposures.visitor AS visitor, toUInt64(0) AS nobody,
                toUnixTimestamp64Milli(exposures.timestamp) AS at_ms, exposures.profile_id AS profile_id,
                bitOr(bitShiftLeft(toUInt128(at_ms + {_PAST}), 64), bitOr(bitShiftLeft(toUInt128(exposures.batch), 32),
                    toUInt128(CRC32(exposures.message_id)))) AS place,
                {_DECIDED_ALL if programme else _DECIDED} AS arm,
                concat(multiIf(exposures.bot, 'bot', exposures.internal, 'internal', ''), '{_BETWEEN}',
                    exposures.browser, '{_BETWEEN}', exposures.device, '{_BETWEEN}', {_PAGE}, '{_BETWEEN}',
                    exposures.route, '{_BETWEEN}', if(exposures.returning, 'returning', 'new')) AS traits,
                toUInt8(0) AS goal, toFloat64(0) AS value
            FROM exposures
            WHERE {_EXPOSED_ALL if programme else _EXPOSED}"""


def _claimable(exposed: str) -> str:
    """Leaves out the events of people who were not exposed, before anything is grouped: nearly all of them, on most sites.

    It lets some too many through (of merges that were undone, say), which find no unit later.
    """
    profiles = f"SELECT exposures.profile_id FROM exposures WHERE {exposed}"
    merged = "FROM merges WHERE merges.workspace_id = {workspace_id:UInt32} AND"
    winners = f"SELECT merges.winner_id {merged} merges.loser_id GLOBAL IN ({profiles})"
    losers = f"SELECT merges.loser_id {merged} merges.winner_id GLOBAL IN ({profiles} UNION ALL {winners})"
    return (
        f"(events.anonymous_id GLOBAL IN (SELECT exposures.visitor FROM exposures WHERE {exposed})"
        f" OR events.profile_id GLOBAL IN ({profiles} UNION ALL {winners} UNION ALL {losers}))"
    )


_URL = "JSONExtractString(events.properties, 'url')"


def _place_matches(parameter: str) -> str:
    """Whether `host/path` of a page view, as `page_patterns.place` has it, fits a regular expression."""
    port = f"if(port({_URL}) IN (0, 80, 443), '', concat(':', toString(port({_URL}))))"
    path = f"if(path({_URL}) = '', '/', path({_URL}))"
    return f"match(concat(lower(domain({_URL})), {port}, {path}), {{{parameter}:String}})"


def _events_of(number: int, goal: GoalQuery, claimable: str = "") -> str:
    """The events of one goal, as rows under the exposures."""
    asked = [
        "events.workspace_id = {workspace_id:UInt32}",
        f"events.type = {{type_{number}:String}}",
        "events.timestamp < fromUnixTimestamp64Milli({until:Int64}, 'UTC')",
    ]
    if goal.event:
        asked.append(f"events.event = {{event_{number}:String}}")
    if goal.type == "track":
        asked.append("has(events.delivered_to, {destination:String})")
    if goal.page:
        asked.append(_place_matches(f"page_{number}"))
    condition = event_test(goal.where, "events.properties")
    if condition != "1":
        asked.append(condition)
    value = f"{event_number('events.properties', goal.value)}" if goal.value else "toFloat64(1)"
    if claimable:
        asked.append(claimable)
    wheres = "\n              AND ".join(asked)
    return f"""
            SELECT events.anonymous_id AS visitor, if(events.anonymous_id = '', events.profile_id, 0) AS nobody,
                toUnixTimestamp64Milli(events.timestamp) AS at_ms, events.profile_id AS profile_id,
                toUInt128(0) AS place, toUInt64(0) AS arm, '' AS traits,
                toUInt8({number}) AS goal, {value} AS value
            FROM events
            WHERE {wheres}"""


def units(goals: Sequence[GoalQuery], *, programme: bool = False) -> str:
    """The common table `units`: one row for each unit, with its first exposure and all that its visitors did."""
    claimable = _claimable(_EXPOSED_ALL if programme else _EXPOSED)
    did = [_events_of(number, goal, claimable) for number, goal in enumerate(goals, 1)]
    facts = "\n            UNION ALL".join([_exposures(programme=programme), *did])
    return f"""
WITH
    {SURVIVORS},
    browsers AS (
        SELECT facts.visitor AS visitor,
            countIf(facts.goal = 0) > 0 AS exposed,
            minIf(facts.place, facts.goal = 0) AS place,
            argMinIf(facts.profile_id, facts.place, facts.goal = 0) AS profile_id,
            argMinIf(facts.arm, facts.place, facts.goal = 0) AS arm,
            argMinIf(facts.traits, facts.place, facts.goal = 0) AS traits,
            minIf(facts.arm, facts.goal = 0) AS lowest,
            maxIf(facts.arm, facts.goal = 0) AS highest,
            groupArrayIf((facts.profile_id, (facts.goal, facts.at_ms, facts.value)), facts.goal > 0) AS did
        FROM ({facts}
        ) AS facts
        GROUP BY facts.visitor, facts.nobody
    ),
    claims AS (
        SELECT browsers.visitor AS visitor, browsers.exposed AS exposed, browsers.place AS place, browsers.arm AS arm,
            browsers.traits AS traits, browsers.lowest AS lowest, browsers.highest AS highest,
            claim.1 AS profile_id, claim.2 AS did
        FROM browsers
        ARRAY JOIN if(
            browsers.exposed,
            [(browsers.profile_id, arrayMap(one -> one.2, browsers.did))],
            arrayMap(one -> (one.1, [one.2]), browsers.did)
        ) AS claim
        WHERE browsers.exposed OR claim.1 > 0
    ),
    units AS (
        SELECT if(survivors.winner_id > 0, survivors.winner_id, claims.profile_id) AS person,
            if(person > 0, '', claims.visitor) AS alone,
            toInt64(bitShiftRight(minIf(claims.place, claims.exposed), 64)) - {_PAST} AS first_ms,
            argMinIf(claims.arm, claims.place, claims.exposed) AS arm,
            argMinIf(claims.traits, claims.place, claims.exposed) AS traits,
            countIf(claims.exposed) AS visitors,
            minIf(claims.lowest, claims.exposed) != maxIf(claims.highest, claims.exposed) AS crossed,
            groupArrayArray(claims.did) AS did
        FROM claims
        LEFT JOIN survivors ON survivors.loser_id = claims.profile_id
        GROUP BY person, alone
        HAVING countIf(claims.exposed) > 0
    ),
    outcomes AS (
        SELECT goal AS goal, units.person AS person, units.alone AS alone, units.first_ms AS first_ms,
            toUInt32(arrayCount(start -> start <= units.first_ms, {{epochs_ms:Array(Int64)}})) AS epoch,
            units.arm AS arm, units.traits AS traits, units.visitors AS visitors, units.crossed AS crossed,
            arrayFilter(
                one -> one.1 = goal AND one.2 >= units.first_ms
                    AND one.2 < units.first_ms + arrayElement({{windows_ms:Array(Int64)}}, goal),
                units.did
            ) AS hits,
            notEmpty(hits) AS converted,
            arrayMin(arrayPushBack(arrayMap(one -> one.2, hits), {NEVER})) AS converted_ms,
            if(arrayElement({{numeric:Array(UInt8)}}, goal) = 1, arraySum(arrayMap(one -> one.3, hits)),
                toFloat64(converted)) AS value,
            arrayFilter(
                one -> one.1 = goal AND one.2 < units.first_ms AND one.2 >= units.first_ms - {{before_ms:Int64}},
                units.did
            ) AS earlier,
            if(arrayElement({{numeric:Array(UInt8)}}, goal) = 1, arraySum(arrayMap(one -> one.3, earlier)),
                toFloat64(notEmpty(earlier))) AS before
        FROM units
        ARRAY JOIN arrayMap(number -> toUInt8(number), range(1, length({{numeric:Array(UInt8)}}) + 1)) AS goal
    )"""


# The tables that the answer is made of, each by one thing more than the arm: two days, and what exposures are broken down by.
SET_NAMES = ("first_day", "converted_day", *TRAITS_OF_EXPOSURE)


def cells(goals: Sequence[GoalQuery], *, programme: bool = False) -> str:
    """The results in cells; see `records.ResultCell`. Small cells first, by everything at once, then put together by
    each of `SET_NAMES`: what is added up seven times is a few thousand rows, not a million visitors. Grouping sets would
    say the same, but the engine takes twice as long to understand them as for all the rest."""
    named = ", ".join(f"'{name}'" for name in SET_NAMES)
    return f"""{units(goals, programme=programme)},
    small AS (
        SELECT outcomes.goal AS goal, outcomes.arm AS arm, outcomes.epoch AS epoch, outcomes.traits AS traits,
            toDate32(fromUnixTimestamp64Milli(outcomes.first_ms, 'UTC')) AS first_day,
            if(outcomes.converted, toDate32(fromUnixTimestamp64Milli(outcomes.converted_ms, 'UTC')), {NO_DAY})
                AS converted_day,
            count() AS units, sum(outcomes.visitors) AS visitors, countIf(outcomes.converted) AS converted,
            countIf(outcomes.crossed) AS crossed,
            avgState(outcomes.value) AS mean, varPopStableState(outcomes.value) AS variance,
            avgState(outcomes.before) AS before_mean, varPopStableState(outcomes.before) AS before_variance,
            covarPopStableState(outcomes.value, outcomes.before) AS covariance
        FROM outcomes
        GROUP BY goal, arm, epoch, traits, first_day, converted_day
    )
SELECT cell.1 AS kind, small.goal, splitByString('{_BETWEEN}', small.traits)[1] AS excluded,
    toUInt32(bitShiftRight(small.arm, 32)) AS segment_id, toUInt32(bitAnd(small.arm, 4294967295)) AS variation_id,
    small.epoch, cell.2 AS part,
    sum(small.units), sum(small.visitors), sum(small.converted), sum(small.crossed),
    avgMerge(small.mean), varPopStableMerge(small.variance),
    avgMerge(small.before_mean), varPopStableMerge(small.before_variance),
    covarPopStableMerge(small.covariance)
FROM small
ARRAY JOIN arrayZip([{named}], arrayConcat(
    [toString(small.first_day), toString(small.converted_day)],
    arraySlice(splitByString('{_BETWEEN}', small.traits), 2, {len(TRAITS_OF_EXPOSURE)})
)) AS cell
GROUP BY kind, small.goal, excluded, segment_id, variation_id, small.epoch, part
ORDER BY kind, small.goal, excluded, segment_id, variation_id, small.epoch, part
"""


def days(goals: Sequence[GoalQuery], *, programme: bool = False) -> str:
    """The same by day alone, without sums: for lists, which ask of many experiences. Planning it costs a fifth."""
    return f"""{units(goals, programme=programme)}
SELECT outcomes.goal, splitByString('{_BETWEEN}', outcomes.traits)[1] AS excluded,
    toUInt32(bitShiftRight(outcomes.arm, 32)) AS segment_id, toUInt32(bitAnd(outcomes.arm, 4294967295)) AS variation_id,
    outcomes.epoch,
    toString(toDate32(fromUnixTimestamp64Milli(outcomes.first_ms, 'UTC'))) AS first_day,
    if(outcomes.converted, toString(toDate32(fromUnixTimestamp64Milli(outcomes.converted_ms, 'UTC'))), '1970-01-01')
        AS converted_day,
    count(), sum(outcomes.visitors), countIf(outcomes.converted), countIf(outcomes.crossed)
FROM outcomes
GROUP BY outcomes.goal, excluded, segment_id, variation_id, outcomes.epoch, first_day, converted_day
ORDER BY outcomes.goal, excluded, segment_id, variation_id, outcomes.epoch, first_day, converted_day
"""


# Whether anything can have changed: the batch of the newest exposure, and of the newest event of the goals' names.
NEWEST = """
SELECT
    (SELECT max(exposures.batch) FROM exposures
     WHERE exposures.workspace_id = {workspace_id:UInt32} AND exposures.experience_id = {experience_id:UInt32}),
    (SELECT max(events.batch) FROM events
     WHERE events.workspace_id = {workspace_id:UInt32} AND events.type IN {types:Array(String)}
       AND (events.event IN {events:Array(String)} OR has({events:Array(String)}, '')) AND events.timestamp >= now() - 86400)
"""

# Reports of this experience whose signature did not hold, or that came through a source without Mutiny.
UNASSIGNED = """
SELECT count()
FROM events
WHERE events.workspace_id = {workspace_id:UInt32}
  AND events.type = 'track'
  AND events.event = {exposure_event:String}
  AND JSONExtractUInt(events.properties, 'experienceId') = {experience_id:UInt32}
  AND events.timestamp < fromUnixTimestamp64Milli({until:Int64}, 'UTC')
  AND events.message_id GLOBAL NOT IN (
    SELECT exposures.message_id FROM exposures
    WHERE exposures.workspace_id = {workspace_id:UInt32} AND exposures.experience_id = {experience_id:UInt32}
  )
"""


def page_traffic(goal: GoalQuery) -> str:
    """Who saw a page since a moment, and how many of them reached the goal afterwards: for plans, before anybody is exposed."""
    return f"""
WITH
    seen AS (
        SELECT if(events.anonymous_id != '', events.anonymous_id, toString(events.profile_id)) AS visitor,
            toUnixTimestamp64Milli(min(events.timestamp)) AS first_ms
        FROM events
        WHERE events.workspace_id = {{workspace_id:UInt32}} AND events.type = 'page'
          AND events.timestamp >= fromUnixTimestamp64Milli({{since:Int64}}, 'UTC')
          AND events.timestamp < fromUnixTimestamp64Milli({{until:Int64}}, 'UTC')
          AND {_place_matches("page")}
        GROUP BY visitor
    ),
    did AS (
        SELECT if(facts.visitor != '', facts.visitor, toString(facts.profile_id)) AS visitor, facts.at_ms AS at_ms
        FROM ({_events_of(1, goal)}
        ) AS facts
        WHERE facts.at_ms >= {{since:Int64}}
    )
SELECT count(), countIf(reached.visitor != '')
FROM seen
LEFT JOIN (
    SELECT did.visitor AS visitor FROM did INNER JOIN seen ON seen.visitor = did.visitor
    WHERE did.at_ms >= seen.first_ms AND did.at_ms < seen.first_ms + {{window_ms:Int64}}
    GROUP BY did.visitor
) AS reached ON reached.visitor = seen.visitor
"""
