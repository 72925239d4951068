"""Collecting where the store fails for a while: nobody is told 200, and libraries come again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg
from segment.analytics import request
from segment.analytics.client import Client

from server import WRITE_KEYS, NewServer, Server, unique


@contextmanager
def no_inbox(server: Server) -> Iterator[None]:
    """The inbox's table is away, as after a restore that went wrong: every write fails."""
    _execute(server, "ALTER TABLE inbox RENAME TO inbox_away")
    try:
        yield
    finally:
        _execute(server, "ALTER TABLE inbox_away RENAME TO inbox")


def _execute(server: Server, statement: str) -> None:
    url = server.environment.get("DATABASE_URL")
    if url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement)
    else:
        with closing(sqlite3.connect(server.data / "inbox.db", timeout=60)) as connection, connection:
            connection.execute(statement)


def test_what_cannot_be_stored_is_answered_503_and_when_to_come_again(new_server: NewServer) -> None:
    server = new_server()
    message = {"messageId": unique(), "userId": "u", "event": "E"}
    batch = {"batch": [{"type": "track", "messageId": unique(), "userId": "u", "event": "E"}]}
    with no_inbox(server):
        for path, body in (("/v1/track", message), ("/v1/batch", batch)):
            answer = server.post(path, body, headers={"Origin": "https://www.example.com"})
            assert answer.status == 503
            assert answer.headers["retry-after"].isdigit()
            assert answer.headers["access-control-allow-origin"] == "*"
            said = answer.json()
            assert (said["success"], said["code"]) == (False, "store_unavailable")
            assert said["message"] == said["error"]
    server.send("/v1/track", message)
    server.message(message["messageId"])
    server.settle()
    assert server.events(message_id=batch["batch"][0]["messageId"])["messages"] == []


def test_a_library_that_comes_again_delivers_once(new_server: NewServer) -> None:
    """The Python library tries for as long as it takes; each of its messages is then there once."""
    server = new_server()
    failures: list[str] = []
    client = Client(
        WRITE_KEYS["backend"], host=server.url, on_error=lambda error, _: failures.append(str(error)), upload_size=5
    )
    user_id = unique("user-")
    with no_inbox(server):
        for n in range(20):
            client.track(user_id, "Tried", {"n": n})
        server.wait_until(lambda: "The inbox could not be written" in server.log_text(), "The first failed write")
    client.shutdown()
    request._session.close()
    assert failures == []
    server.settle()
    events = server.events(search=user_id)
    assert sorted(message["properties"]["n"] for message in events["messages"]) == list(range(20))
    assert events["refused"] == []
