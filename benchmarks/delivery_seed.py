"""Fills a fresh data folder with queues. `python -m benchmarks.delivery_seed URL:BATCH:MESSAGES …`, one webhook for each."""

import os
import sys
import time

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pitcairn.settings")

import django

django.setup()

from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction

from pitcairn.connections.delivery import outbox
from pitcairn.connections.services import create_destination, create_source
from pitcairn.workspaces.services import create_workspace

PERSONS = 50_000
BODY = {
    "type": "track",
    "event": "Product Viewed",
    "properties": {"product_id": "507f1f77bcf86cd799439011", "sku": "G-32", "category": "Games", "price": 18.99},
    "context": {
        "library": {"name": "analytics.js", "version": "next-1.84.0"},
        "page": {
            "path": "/games/monopoly",
            "title": "Monopoly: 3rd Edition",
            "url": "https://shop.example/games/monopoly",
        },
        "userAgent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36",
        "locale": "en-US",
        "timezone": "Europe/Berlin",
    },
    "timestamp": "2026-11-02T12:00:00.000Z",
    "receivedAt": "2026-11-02T12:00:00.120Z",
}
"""About 700 bytes, as a small online shop's browser sends them."""

for database in settings.DATABASES:
    call_command("migrate", database=database, verbosity=0)
workspace = create_workspace("Benchmark")
source = create_source(workspace_id=workspace.id, name="Website", kind="browser")
now = int(time.time() * 1000)
for number, (address, batch, amount) in enumerate(given.rsplit(":", 2) for given in sys.argv[1:]):
    destination = create_destination(
        workspace_id=workspace.id,
        slug="webhook",
        name=f"Webhook {number}",
        source_ids=[source.id],
        settings={"url": address, "batchSize": int(batch)},
        enabled=True,
    )
    for start in range(0, int(amount), 50_000):
        lines = [
            outbox.line(
                outbox.Outgoing(
                    id=f"message-{index}", type="track", event="Product Viewed", person=f"p{index % PERSONS}",
                    source_id=source.id, received_at=now, body={**BODY, "messageId": f"message-{index}", "userId": f"u{index}"},
                )
            )
            for index in range(start, min(int(amount), start + 50_000))
        ]  # fmt: skip
        with transaction.atomic(), connection.cursor() as cursor:
            outbox.queue(cursor, workspace_id=workspace.id, destination_id=destination.id, lines=lines, now=now)
