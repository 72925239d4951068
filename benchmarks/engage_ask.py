"""Asks a seeded event store who fulfils a condition, and the engine alone. `python -m benchmarks.engage_ask JSON ROUNDS`.

Prints `{"ours": [seconds …], "bare": [seconds …], "preview": [seconds …], "size"}`; a preview is what the builder shows of the
condition while it is edited.
"""

import json
import os
import sys
import time

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pitcairn.settings")

import django

django.setup()

from django.conf import settings

from pitcairn.conditions import parse
from pitcairn.conditions.sql import Question
from pitcairn.engage.previews import preview
from pitcairn.eventstore import EventStore

BARE = """
SELECT profile_id FROM people
WHERE workspace_id = 1 AND profile_id IN (
    SELECT profile_id FROM events
    WHERE workspace_id = 1 AND type = 'track' AND event = 'Order Completed' AND timestamp > now() - INTERVAL 30 DAY
)
GROUP BY profile_id HAVING argMax(alive AND identified, batch)
"""
"""The same answer from the engine alone: who did it, and is somebody known."""

condition = parse(json.loads(sys.argv[1]))
question = Question(condition=condition)
ours, bare, shown, size = [], [], [], 0
with EventStore.open(settings.EVENTS_URL) as store:
    store.migrate()
    for _ in range(int(sys.argv[2])):
        began = time.monotonic()
        size = len(store.members(1, [question], int(time.time() * 1000))[0])
        ours.append(time.monotonic() - began)
        began = time.monotonic()
        with store._connection.reading() as client:
            client.query(BARE)
        bare.append(time.monotonic() - began)
        began = time.monotonic()
        preview(store, 1, condition, int(time.time() * 1000))
        shown.append(time.monotonic() - began)
print(json.dumps({"ours": ours, "bare": bare, "preview": shown, "size": size}))
