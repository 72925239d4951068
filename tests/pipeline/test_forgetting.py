"""What a deleted person leaves behind: nothing that names them, in either store or in any file."""

from __future__ import annotations

import json
import sqlite3
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, connections

from pipeline.world import World, identify, track
from pitcairn.connections import services as connections_services
from pitcairn.connections.delivery import outbox
from pitcairn.connections.delivery.outbox import Outgoing
from pitcairn.connections.models import DeadLetter, WaitingDelivery
from pitcairn.connections.registry import FILES, catalog
from pitcairn.engage.models import Computation, ListEntry, PastValue, Value
from pitcairn.pipeline.erasing import Eraser
from pitcairn.profiles import services
from pitcairn.profiles.deletions import SETTLED_AFTER_MS
from pitcairn.profiles.models import Deletion
from server import wait_until

pytestmark = pytest.mark.django_db(databases="__all__", transaction=True)

EMAIL = "ana.fernandez@example.com"
OTHER = "ben.okafor@example.com"


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def rows_naming(text: str) -> Iterator[str]:
    """The tables of the SQL store with a row that has the text in it, what is compressed included."""
    for alias in connections:
        with connections[alias].cursor() as cursor:
            for table in connections[alias].introspection.table_names(cursor):
                cursor.execute(f'SELECT * FROM "{table}"')
                if any(text in as_text(value) for row in cursor.fetchall() for value in row):
                    yield table


def as_text(value: Any) -> str:
    if isinstance(value, memoryview):
        value = bytes(value)
    if isinstance(value, bytes):
        if value[:1] == b"\x78":
            # A digest may begin with the same byte.
            with suppress(zlib.error):
                value = zlib.decompress(value)
        return bytes(value).decode("utf-8", "replace")
    return str(value)


def events_naming(world: World, text: str) -> list[str]:
    """The tables of the event store with a row of the workspace that has the text in it."""
    found = []
    for (table,) in world.rows("SELECT DISTINCT table FROM system.columns WHERE database = currentDatabase()"):
        names = [
            name
            for (name,) in world.rows(
                "SELECT name FROM system.columns WHERE database = currentDatabase() "
                f"AND table = '{table}' AND type IN ('String', 'LowCardinality(String)')"
            )
        ]
        if names and "view" not in table:
            columns = ", ".join(f"`{name}`" for name in names)
            sql = f"SELECT count() FROM `{table}` WHERE workspace_id = {{workspace}} AND positionCaseInsensitive(concat({columns}, ''), '{text}') > 0"
            if world.rows(sql)[0][0]:
                found.append(table)
    return found


def files_naming(text: str) -> list[str]:
    """The files of SQLite, and those that destinations wrote, with the text among their bytes."""
    databases = [Path(connections[alias].settings_dict["NAME"]) for alias in connections]
    paths = [path for database in databases if connection.vendor == "sqlite" for path in database.parent.glob("*.db*")]
    paths += [path for path in (Path(settings.DATA) / FILES).glob("**/*") if path.is_file()]
    return [path.name for path in paths if text.encode() in path.read_bytes().lower()]


def fill(world: World) -> None:
    """Everywhere that a person can be: Ana, and Ben, who stays."""
    workspace: dict[str, Any] = {"workspace_id": world.workspace_id}
    webhook = connections_services.create_destination(
        **workspace, slug="webhook", source_ids=[world.website], settings={"url": "https://example.com/"}, enabled=True
    )
    files = {"folder": f"w{world.workspace_id}"}
    connections_services.create_destination(**workspace, slug="files", source_ids=[], settings=files, enabled=True)
    for person, email in (("ana", EMAIL), ("ben", OTHER)):
        world.process(
            identify(f"{person}1", {"email": email, "name": person}, userId=email, anonymousId=f"{person}-browser"),
            track(f"{person}2", anonymousId=f"{person}-tablet", properties={"to": email}),
            track(f"{person}3", userId=email, anonymousId=f"{person}-tablet"),
            identify(f"{person}4", {"email": email}, userId=email, integrations={"Personas": False}),
            track(f"{person}5", userId=email, properties={"to": email}, integrations={"Personas": False}),
            {"type": "track", "messageId": f"{person}6", "userId": email},
            {"type": "track", "messageId": f"{person}7", "anonymousId": "x", "properties": email},
            {"type": "group", "messageId": f"{person}8", "groupId": "acme", "userId": email},
            at=now_ms(),
        )
        message = Outgoing(f"{person}9", "identify", "", "", world.website, now_ms(), {"userId": email})
        profile_id = world.profile(f"email:{email}").item.id
        for table, more in (
            (WaitingDelivery, {"person": f"p{profile_id}", "queued_at": now_ms(), "next_attempt_at": now_ms()}),
            (DeadLetter, {"source_id": 1, "message_id": "9", "type": "identify", "reason": "TIMEOUT", "detail": "",
                          "attempts": 1, "died_at": now_ms()}),
        ):  # fmt: skip
            table.objects.create(**workspace, destination_id=webhook.id, message=outbox.line(message), **more)
        write = catalog()["files"].write
        assert write is not None
        body = {"userId": email, "messageId": person, "receivedAt": "2026-11-02T12:00:00Z", "traits": {"email": email}}
        write([message_of(body)], files)
        write([message_of(body)], {**files, "format": "Parquet"})
        delivery = {
            **workspace, "destination_id": webhook.id, "at": now_ms() / 1000, "flush": profile_id, "outcome": "delivered",
            "reason": "", "detail": "", "status": 200, "duration_ms": 1, "message_ids": [f"personas_{person}"],
            "types": ["identify"], "events": [""], "source_ids": [0], "attempts": [1], "latencies_ms": [1],
            "again": [False], "request": json.dumps({"email": email}), "response": "",
        }  # fmt: skip
        world.store.insert("deliveries", [delivery])
        audience = Computation.objects.create(**workspace, kind="audience", name=person, key=person, listed=True)
        ListEntry.objects.create(computation=audience, type="email", value=email)
        Value.objects.create(
            **workspace, profile_id=profile_id, computation_id=audience.id, value=f'"{email}"', since=1
        )
        PastValue.objects.create(
            **workspace, profile_id=profile_id, computation_id=audience.id, value=f'"{email}"', since=1, until=2
        )


def message_of(body: dict[str, Any]) -> Any:
    from pitcairn.connections.destination import OutgoingMessage

    return OutgoingMessage(body=body, person="", source_id=1)


def test_nothing_names_a_person_who_was_deleted(world: World) -> None:
    fill(world)
    for email in (EMAIL, OTHER):
        assert set(rows_naming(email)) >= {
            "connections_outboxchunk", "connections_waitingdelivery", "connections_deadletter", "engage_listentry",
            "engage_value", "engage_pastvalue", "profiles_identifier", "profiles_profile",
        }  # fmt: skip
        assert set(events_naming(world, email)) >= {"messages", "events", "refusals", "deliveries"}
        assert any(name.endswith(".jsonl") for name in files_naming(email))
    messages = len(world.messages())
    queued = sum(len(outbox.unpack(bytes(row))) for row in chunks())

    profile_id = world.profile(f"email:{EMAIL}").item.id
    services.delete_person(workspace_id=world.workspace_id, profile_id=profile_id, suppress=True)
    world.work()
    Eraser(world.store).look(now=now_ms() + SETTLED_AFTER_MS, at_once=True)

    assert list(rows_naming(EMAIL)) == []
    assert events_naming(world, EMAIL) == []
    connections.close_all()
    assert files_naming(EMAIL) == []
    assert list(rows_naming("ana-")) == []

    # Ben is as he was.
    assert world.traits(f"email:{OTHER}") == {"email": OTHER, "name": "ben"}
    assert set(events_naming(world, OTHER)) >= {"messages", "events", "refusals", "deliveries"}
    assert len(world.messages()) == messages / 2
    assert (WaitingDelivery.objects.count(), DeadLetter.objects.count(), ListEntry.objects.count()) == (1, 1, 1)
    left = [one for row in chunks() for one in outbox.unpack(bytes(row))]
    assert len(left) == queued
    assert sum(one.type == "" for one in left) == queued / 2
    assert any(name.endswith(".jsonl") for name in files_naming(OTHER))
    row = Deletion.objects.get(workspace_id=world.workspace_id)
    assert (row.profile_ids, row.identifiers, row.suppressed) == ("[]", "[]", True)
    assert row.settled_at is not None

    # They are still refused, and may come back.
    world.process(track("later", userId=EMAIL))
    assert world.profile(f"email:{OTHER}")
    assert "user_suppressed" in {refusal.reason for refusal in world.refusals()}
    assert "later" not in world.message_ids()
    services.allow_again(workspace_id=world.workspace_id, user_id=EMAIL)
    world.process(track("again", userId=EMAIL))
    assert "again" in world.message_ids()


def chunks() -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT c.messages FROM connections_outboxchunk AS c ORDER BY c.id")
        return [row[0] for row in cursor.fetchall()]


def test_what_was_taken_out_of_a_chunk_is_done(world: World) -> None:
    fill(world)
    destination_id = DeadLetter.objects.values_list("destination_id", flat=True)[0]
    services.delete_person(workspace_id=world.workspace_id, user_id=EMAIL, suppress=False)
    world.work()
    for chunk in outbox.read_chunks(destination_id, [], 100):
        done = int.from_bytes(chunk.done, "little")
        for place, message in enumerate(chunk.messages):
            assert bool(done >> place & 1) == (message.type == "")


def test_the_event_stores_files_lose_what_was_erased(world: World) -> None:
    world.process(identify("1", {"email": EMAIL}, userId="ana"), identify("2", userId="ben"))
    services.delete_person(workspace_id=world.workspace_id, user_id="ana")
    world.work()
    assert masked(world)
    world.store.erase_files()
    wait_until(lambda: not masked(world), "the files without the deleted rows")
    assert [message.user_id for message in world.messages()] == ["ben"]


def masked(world: World) -> list[tuple[Any, ...]]:
    return world.rows(
        "SELECT table, name FROM system.parts WHERE database = currentDatabase() AND active AND has_lightweight_delete"
    )


def test_a_message_that_failed_after_the_deletion_is_found_when_it_settles(world: World) -> None:
    world.process(identify("1", {"email": EMAIL}, userId="ana"), at=now_ms())
    services.delete_person(workspace_id=world.workspace_id, user_id="ana")
    received = now_ms() - 1
    world.work()
    message = Outgoing("1", "identify", "", "p1", world.website, received - 1000, {"userId": "ana"})
    DeadLetter.objects.create(
        workspace_id=world.workspace_id, destination_id=1, message=outbox.line(message), source_id=1, message_id="1",
        type="identify", reason="TIMEOUT", detail="", attempts=1, died_at=received,
    )  # fmt: skip
    eraser = Eraser(world.store)
    eraser.look(now=now_ms(), at_once=True)
    assert DeadLetter.objects.count() == 1
    eraser.look(now=now_ms() + SETTLED_AFTER_MS, at_once=True)
    assert DeadLetter.objects.count() == 0


def test_sqlite_overwrites_what_it_deletes(world: World) -> None:
    if connection.vendor != "sqlite":
        # PostgreSQL has no such thing to check; its vacuum is its own.
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA secure_delete")
        assert cursor.fetchone()[0] == 1
    assert sqlite3.sqlite_version_info >= (3, 20)
