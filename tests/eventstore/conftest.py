"""The event store for tests: the same suite over the embedded engine and over the wire.

A process can have one embedded folder open at a time, so there is one store for the whole session and each test works
in a workspace of its own. With `EVENTS_URL` set to a server, the wire side runs against that server.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from eventstore.rows import fresh_workspace
from pitcairn.eventstore import EventStore
from server import PATIENCE_SECONDS

SERVER = Path(__file__).with_name("clickhouse_http.py")
USER, PASSWORD = "pitcairn", "p@ss/w:rd"
CREDENTIALS = "pitcairn:p%40ss%2Fw%3Ard"


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a ClickHouse server: the one of `EVENTS_URL`, or a test server in a process of its own."""
    given = os.environ.get("EVENTS_URL", "")
    if given.startswith("http"):
        yield given
        return
    folder = tmp_path_factory.mktemp("server") / "events"
    command = [sys.executable, str(SERVER), str(folder), "--user", USER, "--password", PASSWORD]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        port = process.stdout.readline().rpartition(" ")[2].strip()
        assert port, "the test server did not start"
        yield f"http://{CREDENTIALS}@127.0.0.1:{port}/pitcairn_tests"
        process.stdin.close()
        assert process.wait(timeout=PATIENCE_SECONDS) == 0


@pytest.fixture(scope="session")
def server_store(server_url: str) -> Iterator[EventStore]:
    with EventStore.open(server_url) as store:
        store.migrate()
        yield store


@pytest.fixture(params=["embedded", "wire"])
def store(request: pytest.FixtureRequest) -> EventStore:
    found: EventStore = request.getfixturevalue("embedded_store" if request.param == "embedded" else "server_store")
    return found


@pytest.fixture
def workspace_id() -> int:
    return fresh_workspace()
