"""A server that dies, under load from clients that send again: nothing acknowledged is lost, and nothing counts twice."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from conftest import NewServer
from crash.load import Load, Record, expected
from server import PATIENCE_SECONDS, Server

pytestmark = pytest.mark.slow

KILLS = 20
SEED = 20_261_102


def look(server: Server) -> dict[str, Any]:
    """What is in the stores of a server that is not running: see crash/look.py."""
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("look.py"))],
        env=server.environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def check(server: Server, record: Record) -> None:
    """Every message is there exactly once, and every profile is what its user's messages make of it."""
    found = look(server)
    assert record.failed == []
    assert record.acknowledged == record.sent.keys()
    assert found["inbox"] == []
    assert record.sent.keys() - found["messages"].keys() == set(), "lost"
    assert found["messages"].keys() - record.sent.keys() == set(), "from nowhere"
    assert {id_: count for id_, count in found["messages"].items() if count != 1} == {}, "stored more than once"
    assert set(found["refused"]) <= {"duplicate_message"}
    assert found["batches"][1] <= found["batches"][0]
    people = {
        user: {"traits": person["traits"], "identifiers": person["identifiers"]}
        for user, person in found["people"].items()
    }
    assert people == {user: expected(user, steps) for user, steps in record.steps.items()}
    assert found["profiles"] == len(people)
    assert found["owners"] == record.sent
    assert server.complaints() == []


def kill_again_and_again(server: Server, chance: random.Random) -> None:
    """At random moments: two times of three some time after it answers, otherwise maybe before it does."""
    pause = threading.Event()
    for _ in range(KILLS):
        server.spawn()
        if chance.random() < 2 / 3:
            server.wait()
            pause.wait(chance.uniform(0.0, 1.0))
        else:
            pause.wait(chance.uniform(0.0, 3.0))
        server.kill()


def test_a_server_that_is_killed_again_and_again(new_server: NewServer) -> None:
    server = new_server()
    load = Load(server)
    for number in (1, 2):
        load.add_library(f"library{number}")
        load.add_plain(f"plain{number}")
    server.kill()
    kill_again_and_again(server, random.Random(SEED))
    server.start()
    server.wait_until(lambda: len(load.record.steps) == 20 and min(load.record.steps.values()) > 10, "load")
    record = load.finish()
    server.settle()
    assert server.stop() in {0, -signal.SIGTERM}
    assert record.again > 0, "nothing was interrupted: there was no load"
    check(server, record)


def test_a_server_that_is_stopped_under_load(new_server: NewServer) -> None:
    """It finishes or keeps what it has accepted; nothing is in both places, and the next start does the rest."""
    server = new_server()
    load = Load(server)
    for number in range(3):
        load.add_plain(f"plain{number}")
    pause = threading.Event()
    chance = random.Random(SEED)
    for _ in range(3):
        pause.wait(chance.uniform(0.2, 1.0))
        before = set(load.record.acknowledged)
        assert server.stop() in {0, -signal.SIGTERM}
        found = look(server)
        there = [*found["messages"], *found["inbox"]]
        assert before <= set(there), "accepted and lost"
        assert set(found["messages"].values()) == {1}
        assert found["batches"][1] <= found["batches"][0], "the batch in hand was not finished"
        assert not (server.data / "control.json").exists()
        server.start()
    record = load.finish()
    server.settle()
    server.stop()
    check(server, record)
