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

What happened before any exposure counted, or after the last window closed, is not read. Exposures of the experience and
events of the goals are put under each other and grouped by browser, browsers by person, persons into cells. `events` is in
order of event, `exposures` in order of experience, so the cost is theirs, whatever else the workspace holds. What costs is
looking things up, millions of times, in tables that no processor's cache holds: so the people that matter are bitmaps until
the last step, and browsers are known by a number, 128 bits of a hash of their id. In a cluster each subquery over a table
is answered by all shards and the join is made where the query was asked, which is what `GLOBAL` is for; on one server it
changes nothing.
"""

# ruff: noqa: S608 - fragments of this module and conditions in SQL, which the conditions' own compiler wrote; values are bound

from collections.abc import Sequence

from pitcairn.conditions.sql_row import event_number, event_test
from pitcairn.eventstore.records import GoalQuery

# How `delivered_to` names the destination that personalizes.
DESTINATION = "mutiny"

# What a unit's first exposure says besides its arm: what results are broken down by.
TRAITS_OF_EXPOSURE = ("browser", "device", "page", "route", "returning")
NO_DAY = "toDate32('1970-01-01')"

# The first and the last moment that the event store keeps.
_FIRST_MS = "-2208988800000"
_LAST_MS = "253402300799999"

_EXPOSED = """exposures.workspace_id = {workspace_id:UInt32}
          AND exposures.experience_id = {experience_id:UInt32}
          AND exposures.reason = ''
          AND exposures.timestamp < fromUnixTimestamp64Milli({until:Int64}, 'UTC')"""

# The people whose events may be claimed: who was exposed, whom they were merged into, and who else was merged into those. Some
# too many (merges that were undone, say), whose events find no unit later.
_PEOPLE = """
    (SELECT groupBitmapState(exposures.profile_id) FROM exposures WHERE {exposed}) AS profiles,
    (SELECT bitmapOr(profiles, groupBitmapState(merges.winner_id)) FROM merges
        WHERE merges.workspace_id = {{workspace_id:UInt32}} AND bitmapContains(profiles, merges.loser_id)) AS winners,
    (SELECT bitmapOr(winners, groupBitmapState(merges.loser_id)) FROM merges
        WHERE merges.workspace_id = {{workspace_id:UInt32}} AND bitmapContains(winners, merges.winner_id)) AS people"""

_SURVIVORS = """survivors AS (
        SELECT merges.loser_id AS loser_id, argMax(merges.winner_id, merges.batch) AS winner_id
        FROM merges
        WHERE merges.workspace_id = {workspace_id:UInt32} AND bitmapContains(people, merges.loser_id)
        GROUP BY merges.loser_id
    )"""

_PERSON = "if(survivors.winner_id > 0, survivors.winner_id, browsers.profile_id)"

# The span that matters, as milliseconds: from before the first exposure until the last window closed. Empty without any.
_SPAN = f"""
    (SELECT if(count() = 0, {_LAST_MS}, greatest(toUnixTimestamp64Milli(min(exposures.timestamp))
            - {{{{before_ms:Int64}}}}, {_FIRST_MS})) FROM exposures WHERE {{exposed}}) AS since_ms,
    (SELECT least(toUnixTimestamp64Milli(max(exposures.timestamp)) + arrayMax({{{{windows_ms:Array(Int64)}}}}), {_LAST_MS},
            {{{{until:Int64}}}}) FROM exposures WHERE {{exposed}}) AS up_to_ms"""

# How an exposure's page is called in a breakdown: without scheme, query and fragment.
_PAGE = "replaceAll(concat(domainWithoutWWW(exposures.page_url), path(exposures.page_url)), '\\x1F', '')"

# What is compared, segment and variation in one number: control with the variations of one experience, or those held out
# from all of them with everyone else.
_DECIDED = "bitOr(bitShiftLeft(toUInt64(exposures.segment_id), 32), toUInt64(exposures.variation_id))"
_DECIDED_ALL = "toUInt64(exposures.reason != 'holdout')"
# Makes times before 1970 positive, down to the first that the event store keeps.
_PAST = 2**42
# How many goals there may be, and what a time is multiplied by to leave room for the goal's number.
_GOALS = 256
# Stands between the traits of an exposure. Names that hold it lose it.
_BETWEEN = "\\x1F"
_EXPOSED_ALL = """exposures.workspace_id = {workspace_id:UInt32}
          AND exposures.timestamp < fromUnixTimestamp64Milli({until:Int64}, 'UTC')"""


def _exposures(*, programme: bool) -> str:
    # The order among exposures is one number, and what they are broken down by is one text: what is aggregated and grouped
    # by costs a fifth of what tuples cost.
    return f"""
            SELECT {_browser("exposures.visitor")} AS browser,
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


def _browser(visitor: str) -> str:
    """A visitor's id as a number. That two of a billion share one has a chance of 1 in 10^21."""
    return f"reinterpretAsUInt128(sipHash128({visitor}))"


_URL = "JSONExtractString(events.properties, 'url')"


def _place_matches(parameter: str) -> str:
    """Whether `host/path` of a page view, as `page_patterns.place` has it, fits a regular expression."""
    port = f"if(port({_URL}) IN (0, 80, 443), '', concat(':', toString(port({_URL}))))"
    path = f"if(path({_URL}) = '', '/', path({_URL}))"
    return f"match(concat(lower(domain({_URL})), {port}, {path}), {{{parameter}:String}})"


def _conditions(number: int, goal: GoalQuery) -> list[str]:
    """What makes an event one of a goal."""
    asked = [
        "events.workspace_id = {workspace_id:UInt32}",
        f"events.type = {{type_{number}:String}}",
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
    return asked


def _events_of(number: int, goal: GoalQuery, exposed: str) -> str:
    """The events of one goal that may be claimed, as rows under the exposures: by the browser when that was exposed, else by
    the person. The events of people who were not exposed, nearly all of them on most sites, are left out here."""
    # A shorter hash of the id is enough to leave out nearly all that do not matter, and is looked up in half the time.
    seen = (
        "events.anonymous_id != '' AND cityHash64(events.anonymous_id) GLOBAL IN "
        f"(SELECT cityHash64(exposures.visitor) FROM exposures WHERE {exposed})"
    )
    known = "events.profile_id GLOBAL IN (SELECT arrayJoin(bitmapToArray(materialize(people))))"
    conditions = [
        *_conditions(number, goal),
        "events.timestamp >= fromUnixTimestamp64Milli(since_ms, 'UTC')",
        "events.timestamp < fromUnixTimestamp64Milli(up_to_ms, 'UTC')",
        f"(seen OR {known})",
    ]
    wheres = "\n              AND ".join(conditions)
    return f"""
            SELECT if({seen} AS seen, {_browser("events.anonymous_id")}, toUInt128(events.profile_id)) AS browser,
                toUnixTimestamp64Milli(events.timestamp) AS at_ms, events.profile_id AS profile_id,
                toUInt128(0) AS place, toUInt64(0) AS arm, '' AS traits,
                toUInt8({number}) AS goal, {_value(goal)} AS value
            FROM events
            WHERE {wheres}"""


def _value(goal: GoalQuery) -> str:
    return event_number("events.properties", goal.value) if goal.value else "toFloat64(1)"


def units(goals: Sequence[GoalQuery], *, programme: bool = False) -> str:
    """The common table `outcomes`: one row for each unit and goal. A unit is a person, or a browser of nobody known."""
    exposed = _EXPOSED_ALL if programme else _EXPOSED
    did = [_events_of(number, goal, exposed) for number, goal in enumerate(goals, 1)]
    facts = "\n            UNION ALL".join([_exposures(programme=programme), *did])
    # What somebody did is a number, time and goal in one, and only where a goal adds up values those are beside it: arrays
    # of numbers cost a third of arrays of tuples.
    numeric = any(goal.value for goal in goals)
    deed = f"facts.at_ms * {_GOALS} + facts.goal"
    moment = "one.1" if numeric else "one"
    of_goal = f"bitAnd({moment}, {_GOALS - 1}) = goal"
    times = "arrayMap(one -> one.1, hits)" if numeric else "hits"

    def value(deeds: str) -> str:
        if not numeric:
            return f"toFloat64(notEmpty({deeds}))"
        return (
            f"if(arrayElement({{numeric:Array(UInt8)}}, goal) = 1, arraySum(arrayMap(one -> one.2, {deeds})), "
            f"toFloat64(notEmpty({deeds})))"
        )

    return f"""
WITH{_PEOPLE.format(exposed=exposed)},{_SPAN.format(exposed=exposed)},
    {_SURVIVORS},
    browsers AS (
        SELECT facts.browser AS browser,
            countIf(facts.goal = 0) > 0 AS exposed,
            minIf(facts.place, facts.goal = 0) AS place,
            if(exposed, argMinIf(facts.profile_id, facts.place, facts.goal = 0), any(facts.profile_id)) AS profile_id,
            argMinIf(facts.arm, facts.place, facts.goal = 0) AS arm,
            argMinIf(facts.traits, facts.place, facts.goal = 0) AS traits,
            minIf(facts.arm, facts.goal = 0) AS lowest,
            maxIf(facts.arm, facts.goal = 0) AS highest,
            groupArrayIf({f"({deed}, facts.value)" if numeric else deed}, facts.goal > 0) AS did
        FROM ({facts}
        ) AS facts
        GROUP BY facts.browser
    ),
    units AS (
        SELECT any({_PERSON}) AS person,
            if({_PERSON} > 0, toUInt128({_PERSON}), browsers.browser) AS unit,
            toInt64(bitShiftRight(minIf(browsers.place, browsers.exposed), 64)) - {_PAST} AS first_ms,
            argMinIf(browsers.arm, browsers.place, browsers.exposed) AS arm,
            argMinIf(browsers.traits, browsers.place, browsers.exposed) AS traits,
            countIf(browsers.exposed) AS visitors,
            minIf(browsers.lowest, browsers.exposed) != maxIf(browsers.highest, browsers.exposed) AS crossed,
            groupArrayArray(browsers.did) AS did
        FROM browsers
        LEFT JOIN survivors ON survivors.loser_id = browsers.profile_id
        GROUP BY unit
        HAVING countIf(browsers.exposed) > 0
    ),
    outcomes AS (
        SELECT goal AS goal, units.person AS person, units.unit AS unit, units.first_ms AS first_ms,
            toUInt32(arrayCount(start -> start <= units.first_ms, {{epochs_ms:Array(Int64)}})) AS epoch,
            units.arm AS arm, units.traits AS traits, units.visitors AS visitors, units.crossed AS crossed,
            arrayFilter(
                one -> {of_goal} AND {moment} >= units.first_ms * {_GOALS}
                    AND {moment} < (units.first_ms + arrayElement({{windows_ms:Array(Int64)}}, goal)) * {_GOALS},
                units.did
            ) AS hits,
            notEmpty(hits) AS converted,
            intDiv(arrayMin({times}) - goal, {_GOALS}) AS converted_ms,
            {value("hits")} AS value,
            arrayFilter(
                one -> {of_goal} AND {moment} < units.first_ms * {_GOALS}
                    AND {moment} >= (units.first_ms - {{before_ms:Int64}}) * {_GOALS},
                units.did
            ) AS earlier,
            {value("earlier")} AS before
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


def recent(goal: GoalQuery) -> str:
    """Views of the experience since a moment, and how often who saw it reached the goal: what can be told every second,
    whatever the store holds. The exposures are looked up by the few events, not the other way round. A merge that was undone
    still counts here."""
    conditions = [
        *_conditions(1, goal),
        "events.timestamp >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')",
        "events.timestamp < fromUnixTimestamp64Milli({until:Int64}, 'UTC')",
    ]
    wheres = " AND ".join(conditions)
    counted = f"{_EXPOSED}\n          AND NOT exposures.bot AND NOT exposures.internal"
    came = f"SELECT events.profile_id FROM events WHERE {wheres} AND events.profile_id > 0"
    merged = "FROM merges WHERE merges.workspace_id = {workspace_id:UInt32} AND"
    people = (
        f"SELECT exposures.profile_id FROM exposures WHERE {counted} AND exposures.profile_id GLOBAL IN "
        f"({came} UNION ALL SELECT merges.loser_id {merged} merges.winner_id GLOBAL IN ({came}))"
    )
    visitors = (
        f"SELECT exposures.visitor FROM exposures WHERE {counted} AND exposures.visitor GLOBAL IN "
        f"(SELECT events.anonymous_id FROM events WHERE {wheres} AND events.anonymous_id != '')"
    )
    return f"""
SELECT
    (SELECT count() FROM exposures
     WHERE {counted}
          AND exposures.timestamp >= fromUnixTimestamp64Milli({{since:Int64}}, 'UTC')),
    (SELECT count() FROM events
     WHERE {wheres}
          AND (events.anonymous_id GLOBAL IN ({visitors})
            OR events.profile_id GLOBAL IN
                ({people} UNION ALL SELECT merges.winner_id {merged} merges.loser_id GLOBAL IN ({people}))))
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
    conditions = [
        *_conditions(1, goal),
        "events.timestamp >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')",
        "events.timestamp < fromUnixTimestamp64Milli({until:Int64}, 'UTC')",
    ]
    wheres = " AND ".join(conditions)
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
        SELECT if(events.anonymous_id != '', events.anonymous_id, toString(events.profile_id)) AS visitor,
            toUnixTimestamp64Milli(events.timestamp) AS at_ms
        FROM events
        WHERE {wheres}
    )
SELECT count(), countIf(reached.visitor != '')
FROM seen
LEFT JOIN (
    SELECT did.visitor AS visitor FROM did INNER JOIN seen ON seen.visitor = did.visitor
    WHERE did.at_ms >= seen.first_ms AND did.at_ms < seen.first_ms + {{window_ms:Int64}}
    GROUP BY did.visitor
) AS reached ON reached.visitor = seen.visitor
"""
