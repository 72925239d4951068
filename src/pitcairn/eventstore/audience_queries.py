"""Named queries for audiences: the selects that compiled conditions read, and what the live engine asks.

Everybody's events are read from `events`, in order of event; those of some profiles from `profile_events`, in order of
profile. Only `messages` has the context.
Who somebody is now, `merges` says: events of a profile that was merged belong to its survivor.

Ids are written into the text, as the constants of conditions are: there can be many, and a server bounds its addresses.
"""

# ruff: noqa: S608 - everything put into the texts here is made by this package: numbers, and texts as literals

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pitcairn.conditions.sql import Tables
from pitcairn.conditions.sql_stages import Stage, StageValue
from pitcairn.conditions.sql_values import NO_MOMENT, literal, raw_of

Profiles = Sequence[int] | range | None
"""Whom a query is about: some, all with ids in a range, or everybody."""

LOSERS = """
SELECT merges.loser_id, argMax(merges.winner_id, merges.batch) AS winner_id
FROM merges
WHERE merges.workspace_id = {workspace_id}
  AND merges.loser_id GLOBAL IN (
    SELECT merges.loser_id FROM merges WHERE merges.workspace_id = {workspace_id} AND merges.winner_id IN ({winners})
  )
GROUP BY merges.loser_id
HAVING winner_id IN ({winners}) AND winner_id != merges.loser_id
"""

ANY_MERGES = "SELECT 1 FROM merges WHERE merges.workspace_id = {workspace_id:UInt32} LIMIT 1"

_SURVIVORS = """(
    SELECT merges.loser_id AS loser_id, argMax(merges.winner_id, merges.batch) AS winner_id
    FROM merges
    WHERE merges.workspace_id = {workspace_id}
    GROUP BY merges.loser_id
    HAVING winner_id != loser_id
)"""

_EVENT_COLUMNS = (
    "type, event, timestamp, toUnixTimestamp64Milli(timestamp) AS ts, toUnixTimestamp64Milli(received_at) AS received_ms, "
    "message_id, properties"
)


def tables(workspace_id: int, profiles: Profiles, losers: Mapping[int, int] | None) -> Tables:
    """The selects for compiled conditions of one workspace.

    `losers` are the merged profiles of a few people with their survivors; None for everybody, or a range, where merges are
    joined. An empty mapping for everybody says that there are no merges.
    """
    here = f"workspace_id = {workspace_id}"
    return Tables(
        people=f"(SELECT * FROM people WHERE {here}{_among('profile_id', profiles)})",
        accounts=f"(SELECT * FROM accounts WHERE {here})",
        events=_events("events", "", here, workspace_id, profiles, losers),
        messages=_events("messages", ", context", here, workspace_id, profiles, losers),
        members=(
            "(SELECT profile_id FROM memberships "
            f"WHERE {here} AND audience_id = {{audience_id}}{_among('profile_id', profiles)} "
            "GROUP BY profile_id HAVING argMax(member, version))"
        ),
    )


def _events(
    table: str, more: str, here: str, workspace_id: int, profiles: Profiles, losers: Mapping[int, int] | None
) -> str:
    columns = f"{_EVENT_COLUMNS}{more}"
    if losers is None:
        survivors = _SURVIVORS.format(workspace_id=workspace_id)
        among = _among("person", profiles).replace(" AND ", " WHERE ", 1)
        return (
            f"(SELECT if(survivors.winner_id > 0, survivors.winner_id, stored.profile_id) AS person, {columns} "
            f"FROM (SELECT * FROM {table} WHERE {here} AND {{names}} AND profile_id > 0) AS stored "
            f"GLOBAL LEFT JOIN {survivors} AS survivors ON survivors.loser_id = stored.profile_id"
            f"{among})"
        )
    person, read = "profile_id", profiles
    if losers and profiles is not None:
        person = f"transform(profile_id, [{_listed(losers)}], [{_listed(losers.values())}], profile_id)"
        read = [*profiles, *losers]
    if table == "events" and profiles is not None:
        table = "profile_events"
    return (
        f"(SELECT {person} AS person, {columns} FROM {table} "
        f"WHERE {here} AND {{names}} AND profile_id > 0{_among('profile_id', read)})"
    )


def _among(column: str, profiles: Profiles) -> str:
    if profiles is None:
        return ""
    if isinstance(profiles, range):
        return f" AND {column} >= {profiles.start} AND {column} < {profiles.stop}"
    return f" AND {column} IN ({_listed(profiles)})" if len(profiles) else " AND 0"


def _listed(ids: object) -> str:
    return ", ".join(map(str, map(int, ids)))  # type: ignore[call-overload]


CHANGED_SINCE = """
SELECT DISTINCT changed.workspace_id, changed.profile_id
FROM (
    SELECT messages.workspace_id AS workspace_id, messages.profile_id AS profile_id
    FROM messages WHERE messages.batch > {batch:UInt64}
    UNION ALL SELECT people.workspace_id, people.profile_id FROM people WHERE people.batch > {batch:UInt64}
    UNION ALL SELECT merges.workspace_id, merges.loser_id FROM merges WHERE merges.batch > {batch:UInt64}
    UNION ALL SELECT merges.workspace_id, merges.winner_id FROM merges WHERE merges.batch > {batch:UInt64}
) AS changed
WHERE changed.profile_id > 0
"""

CHANGED_ACCOUNTS_SINCE = """
SELECT DISTINCT accounts.workspace_id, accounts.account_id FROM accounts WHERE accounts.batch > {batch:UInt64}
"""

SIZES = """
SELECT now.audience_id, countIf(now.member)
FROM (
    SELECT memberships.audience_id AS audience_id, memberships.profile_id AS profile_id,
        argMax(memberships.member, memberships.version) AS member
    FROM memberships
    WHERE memberships.workspace_id = {workspace_id:UInt32} AND memberships.audience_id IN {audience_ids:Array(UInt32)}
    GROUP BY memberships.audience_id, memberships.profile_id
) AS now
GROUP BY now.audience_id
"""

# Each pair of audiences that some profile is in, the lower id first; an audience with itself is its size.
OVERLAP = """
SELECT pair.1 AS one, pair.2 AS other, count()
FROM (
    SELECT groupArray(now.audience_id) AS inside
    FROM (
        SELECT memberships.audience_id AS audience_id, memberships.profile_id AS profile_id,
            argMax(memberships.member, memberships.version) AS member
        FROM memberships
        WHERE memberships.workspace_id = {workspace_id:UInt32} AND memberships.audience_id IN {audience_ids:Array(UInt32)}
        GROUP BY memberships.audience_id, memberships.profile_id
        HAVING member
    ) AS now
    GROUP BY now.profile_id
) AS people
ARRAY JOIN arrayFlatten(
    arrayMap(one -> arrayMap(other -> (one, other), arrayFilter(other -> other >= one, people.inside)), people.inside)
) AS pair
GROUP BY one, other
"""

LAST_VERSION = "SELECT max(memberships.version) FROM memberships"

KNOWN = (
    "SELECT (SELECT uniqExact(people.profile_id) FROM people), (SELECT uniqExact(accounts.account_id) FROM accounts)"
)

KNOWN_AMONG = {
    "people": "SELECT DISTINCT people.profile_id FROM people WHERE people.profile_id IN ({ids})",
    "accounts": "SELECT DISTINCT accounts.account_id FROM accounts WHERE accounts.account_id IN ({ids})",
}


def crossing(workspace_id: int, type_: str, event: str, age_ms: int, from_ms: int, until_ms: int) -> str:
    """The profiles whose events reach an age with from <= moment < until, each with the moment."""
    named = f"type = {literal(type_)}" + (f" AND event = {literal(event)}" if event else "")
    return f"""
SELECT DISTINCT if(survivors.winner_id > 0, survivors.winner_id, reached.profile_id), reached.at
FROM (
    SELECT DISTINCT profile_id, toUInt64(toUnixTimestamp64Milli(timestamp) + {age_ms}) AS at
    FROM events
    WHERE workspace_id = {workspace_id} AND {named} AND profile_id > 0
      AND timestamp >= fromUnixTimestamp64Milli(toInt64({from_ms - age_ms}), 'UTC')
      AND timestamp < fromUnixTimestamp64Milli(toInt64({until_ms - age_ms}), 'UTC')
) AS reached
GLOBAL LEFT JOIN {_SURVIVORS.format(workspace_id=workspace_id)} AS survivors ON survivors.loser_id = reached.profile_id
"""


def moment_crossing(
    workspace_id: int, name: str, offset_ms: int, from_ms: int, until_ms: int, *, accounts: bool
) -> str:
    """The profiles, or accounts, in whose trait there is a moment that now reaches, with the offset, in a span of time."""
    table, key, alive = ("accounts", "account_id", "1") if accounts else ("people", "profile_id", "alive")
    rows = Stage("m")
    moment = StageValue(rows, raw_of("traits", name)).moment
    source = f"(SELECT * FROM {table} WHERE workspace_id = {workspace_id})"
    return f"""
SELECT id, toUInt64(latest.2 + {offset_ms}) AS at
FROM (
    SELECT {key} AS id, argMax(tuple({alive}, {moment}), batch) AS latest
    FROM (
        SELECT * FROM {rows.over(source, [key, "batch", "alive", "traits"], f"{key} batch {alive} {moment}")}
    ) AS rows
    GROUP BY id
)
WHERE latest.1 AND latest.2 != {NO_MOMENT}
  AND latest.2 + {offset_ms} >= {from_ms} AND latest.2 + {offset_ms} < {until_ms}
"""


def history(workspace_id: int, profile_ids: Sequence[int], since_ms: int, limit: int) -> str:
    """The newest Track, Page and Screen messages of some profiles."""
    return f"""
SELECT profile_id, type, event, toUnixTimestamp64Milli(timestamp), properties, context, message_id
FROM messages
WHERE workspace_id = {workspace_id} AND profile_id IN ({_listed(profile_ids)}) AND type IN ('track', 'page', 'screen')
  AND received_at >= fromUnixTimestamp64Milli(toInt64({since_ms}), 'UTC')
ORDER BY timestamp DESC, message_id DESC
LIMIT {limit}
"""


def account_events(workspace_id: int, losers: Mapping[int, int] | None) -> Tables:
    """The selects for what is measured of accounts: each is a person whose events are those of all its users."""
    people = tables(workspace_id, None, losers)
    owned = (
        "(SELECT owned.account AS account, owned.profile_id AS profile_id FROM (SELECT profile_id, "
        f"argMax((alive, accounts), batch) AS latest, arrayJoin(latest.2) AS account FROM {people.people} AS rows "
        "GROUP BY profile_id HAVING latest.1) AS owned)"
    )

    def joined(events: str) -> str:
        return (
            f"(SELECT owners.account AS person, done.* EXCEPT person FROM {events} AS done "
            f"GLOBAL INNER JOIN {owned} AS owners ON owners.profile_id = done.person)"
        )

    return Tables(
        people=(
            "(SELECT account_id AS profile_id, batch, true AS alive, true AS identified, "
            f"emptyArrayUInt64() AS accounts, traits FROM accounts WHERE workspace_id = {workspace_id})"
        ),
        accounts=people.accounts,
        events=joined(people.events),
        messages=joined(people.messages),
        members=people.members,
    )
