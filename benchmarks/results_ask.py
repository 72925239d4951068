"""Fills an event store and asks it for results, and the engine alone. `python -m benchmarks.results_ask EVENTS ROUNDS`;
with 0 for EVENTS it asks what a run before left in `PITCAIRN_DATA`.

Events are those of a website: one in twenty is the goal, one in a hundred an exposure of the experience; visitors come about
twenty times, one in four logs in (which merges two profiles), one in fifty has a second browser. Prints
`{"ours": [seconds …], "bare": [seconds …], "visitors", "version": [seconds …],
"lately": [seconds …]}`.
"""

import json
import os
import sys
import time
from datetime import UTC, datetime, timedelta

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pitcairn.settings")

import django

django.setup()

from django.conf import settings

from pitcairn.eventstore import EventStore, GoalQuery, ResultsQuery

AT_ONCE = 5_000_000
DAYS_MS = 28 * 86_400_000
SETTLED_WITHIN_SECONDS = 300
GOAL = "Order Completed"

# Batch 0, which no server that starts in this folder takes for one that was not finished.
# Straight into the table that results read: `messages` and what else follows them would only take time and disk.
_EVENTS = """
INSERT INTO events (workspace_id, type, event, timestamp, profile_id, anonymous_id, delivered_to, batch, received_month,
    received_at, message_id, properties)
SELECT 1, 'track',
    if(cityHash64(number, 1) % 20 = 0, 'Order Completed', concat('Event ', toString(cityHash64(number, 2) % 19))),
    fromUnixTimestamp64Milli(toInt64({now} - cityHash64(number, 3) % {span}), 'UTC') AS at,
    1 + cityHash64(number) % {visitors} AS profile, concat('visitor-', toString(profile)), ['mutiny'], 0, toYYYYMM(at), at,
    concat('m', toString(number)), concat('{{"revenue":', toString(cityHash64(number, 4) % 500), '}}')
FROM numbers({start}, {count})
"""
_EXPOSURES = """
INSERT INTO exposures (workspace_id, batch, experience_id, segment_id, variation_id, personalized, visitor, profile_id,
    message_id, timestamp, received_at, page_url, browser, device, route, returning)
SELECT 1, 0, 1, 1 + cityHash64(profile, 8) % 3, cityHash64(profile, 9) % 2 AS arm, arm, concat('visitor-', toString(profile)),
    1 + cityHash64(number, 5) % {visitors} AS profile, concat('e', toString(number)),
    fromUnixTimestamp64Milli(toInt64({now} - cityHash64(number, 6) % {span}), 'UTC') AS at, at, 'https://example.com/',
    ['Firefox', 'Chrome', 'Safari'][1 + cityHash64(profile, 10) % 3], 'desktop', 'tag', profile % 2
FROM numbers({exposures})
"""
_MERGES = """
INSERT INTO merges (workspace_id, batch, loser_id, winner_id, merged_at)
SELECT 1, 0, 1 + number * 4 AS loser, if(number % 12 = 0, loser + 1, {visitors} + loser), now() FROM numbers({merges})
"""
# What an analyst would write: no merges, no breakdowns, no sums.
BARE = """
SELECT variation, count(), countIf(converted) FROM (
    SELECT firsts.variation AS variation, countIf(done.at >= firsts.at AND done.at < firsts.at + INTERVAL 7 DAY) > 0 AS converted
    FROM (
        SELECT visitor, min(timestamp) AS at, argMin(variation_id, timestamp) AS variation
        FROM exposures WHERE workspace_id = 1 AND experience_id = 1 GROUP BY visitor
    ) AS firsts
    LEFT JOIN (
        SELECT anonymous_id, timestamp AS at FROM events
        WHERE workspace_id = 1 AND type = 'track' AND event = 'Order Completed'
    ) AS done ON done.anonymous_id = firsts.visitor
    GROUP BY firsts.visitor, firsts.variation
)
GROUP BY variation
"""


def seed(store: EventStore, events: int) -> None:
    given = {
        "visitors": events // 20,
        "exposures": events // 100,
        "merges": events // 80,
        "now": int(time.time() * 1000),
        "span": DAYS_MS,
    }
    with store._connection.writing() as client:
        for start in range(0, events, AT_ONCE):
            client.command(_EVENTS.format(**given, start=start, count=min(AT_ONCE, events - start)))
        client.command(_EXPOSURES.format(**given))
        client.command(_MERGES.format(**given))
    _settle(store)


def _settle(store: EventStore) -> None:
    """Waits until the engine has put the new parts together: what came over months is not merged while it is asked."""
    until = time.monotonic() + SETTLED_WITHIN_SECONDS
    quiet = 0
    while quiet < 3 and time.monotonic() < until:
        with store._connection.reading() as client:
            ((merging,),) = client.query("SELECT count() FROM system.merges").result_rows
        quiet = 0 if merging else quiet + 1
        time.sleep(1)


def main(events: int, rounds: int) -> None:
    query = ResultsQuery(workspace_id=1, experience_id=1, goals=(GoalQuery(event=GOAL),))
    ours, bare, version, lately, visitors = [], [], [], [], 0
    with EventStore.open(settings.EVENTS_URL) as store:
        store.migrate()
        if events:
            seed(store, events)
        for _ in range(rounds):
            began = time.monotonic()
            visitors = sum(cell.units for cell in store.results(query) if cell.kind == "first_day")
            ours.append(time.monotonic() - began)
            began = time.monotonic()
            with store._connection.reading() as client:
                client.query(BARE)
            bare.append(time.monotonic() - began)
            began = time.monotonic()
            store.results_version(query)
            version.append(time.monotonic() - began)
            began = time.monotonic()
            store.results_since(query, datetime.now(UTC) - timedelta(minutes=30))
            lately.append(time.monotonic() - began)
    print(json.dumps({"ours": ours, "bare": bare, "visitors": visitors, "version": version, "lately": lately}))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
