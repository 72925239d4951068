"""Fills a fresh data folder for the audience benchmarks. `python -m benchmarks.engage_seed SINK AUDIENCES PEOPLE EVENTS`.

A source, a webhook destination to the sink, so many live audiences that are told to it (each asks for one event within 30
days), and so many people, each with a user id, with so many Track calls of the last year behind them.
"""

import os
import sys
import time

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pitcairn.settings")

import django

django.setup()

from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction

from benchmarks.processes import WRITE_KEY
from pitcairn.connections.services import create_destination, create_source
from pitcairn.engage.services import connect_destination, create_audience
from pitcairn.eventstore import EventStore
from pitcairn.workspaces.services import create_workspace

AT_ONCE = 1_000_000
"""Rows in one insert."""

YEAR_MS = 365 * 86_400_000

# One in twenty is an "Order Completed"; the other names are as frequent as each other.
_MESSAGES = """
INSERT INTO messages (workspace_id, source_id, profile_id, batch, type, event, message_id, timestamp, received_at, properties)
SELECT {workspace}, {source}, 1 + cityHash64(number) % {people}, 1, 'track',
    if(cityHash64(number, 1) % 20 = 0, 'Order Completed', concat('Event ', toString(cityHash64(number, 2) % 19))),
    concat('seeded-', toString(number)),
    fromUnixTimestamp64Milli(toInt64({now} - cityHash64(number, 3) % {year}), 'UTC') AS at, at,
    concat('{{"revenue":', toString(cityHash64(number, 4) % 500), ',"sku":"G-', toString(cityHash64(number, 5) % 1000), '"}}')
FROM numbers({start}, {count})
"""

_PEOPLE = """
INSERT INTO people (workspace_id, profile_id, batch, traits, identified, accounts, alive)
SELECT {workspace}, 1 + number, 1, '{{"plan":"free"}}', true, [], true FROM numbers({people})
"""


def seed(sink: str, audiences: int, people: int, events: int) -> None:
    for database in settings.DATABASES:
        call_command("migrate", database=database, verbosity=0)
    workspace = create_workspace("Benchmark")
    source = create_source(workspace_id=workspace.id, name="Website", kind="server", write_key=WRITE_KEY)
    destination = create_destination(
        workspace_id=workspace.id,
        slug="webhook",
        name="Sink",
        source_ids=[source.id],
        settings={"url": sink, "batchSize": 1},
        enabled=True,
    )
    now = int(time.time() * 1000)
    given = {"workspace": workspace.id, "source": source.id, "people": people, "now": now, "year": YEAR_MS}
    with EventStore.open(settings.EVENTS_URL) as store:
        store.migrate()
        with store._connection.writing() as client:
            for start in range(0, events, AT_ONCE):
                client.command(_MESSAGES.format(**given, start=start, count=min(AT_ONCE, events - start)))
            if people:
                client.command(_PEOPLE.format(**given))
    with transaction.atomic(), connection.cursor() as cursor:
        for start in range(1, people + 1, 100_000):
            ids = range(start, min(start + 100_000, people + 1))
            cursor.executemany(
                "INSERT INTO profiles_profile (id, workspace_id, traits, personalization, assignments, accounts, apart, "
                "visits, created_at, last_seen_at) VALUES (%s, %s, %s, '{}', '{}', '[]', '[]', '[]', %s, %s)",
                [(number, workspace.id, f'{{"plan":["free",{now},{source.id}]}}', now, now) for number in ids],
            )
            cursor.executemany(
                "INSERT INTO profiles_identifier (workspace_id, type, value, profile_id, created_at, source_id, message_id) "
                "VALUES (%s, 'user_id', %s, %s, %s, %s, '')",
                [(workspace.id, f"user-{number}", number, now, source.id) for number in ids],
            )
        cursor.execute(
            "INSERT INTO pipeline_pipelinestate (id, inbox_position, batch, given_up, next_profile_id) "
            "VALUES (1, 0, 1, '[]', %s)",
            [people + 1],
        )
    for number in range(audiences):
        made = create_audience(
            workspace.id,
            f"Did event {number}",
            {"event": f"Event {number}", "window": {"oldest": {"amount": 30, "unit": "days"}}},
        )
        connect_destination(workspace.id, made.id, destination.id)


if __name__ == "__main__":
    seed(sys.argv[1], *map(int, sys.argv[2:]))
