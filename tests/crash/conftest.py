"""Several processes on one set of stores: PostgreSQL, and a ClickHouse server that is none of theirs."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from server import PATIENCE_SECONDS, Server, Template

HERE = Path(__file__).parent
CLICKHOUSE = HERE.parent / "eventstore" / "clickhouse_http.py"
WITH_POSTGRESQL = HERE.parents[1] / "scripts" / "with_postgresql.py"


@dataclass
class Sharer(Server):
    """One process of several: it works on the database of `first`, with a data folder of its own."""

    first: Server | None = None

    def __post_init__(self) -> None:
        if self.first is None:
            super().__post_init__()
            return
        shutil.copytree(self.template.folder, self.data, dirs_exist_ok=True)
        self._database = self.first._database
        self.log = self.data / "server.log"


@pytest.fixture(scope="module")
def postgresql_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The PostgreSQL server of `DATABASE_URL`, or one of this module's own."""
    given = os.environ.get("DATABASE_URL", "")
    if given:
        yield given
        return
    specification = importlib.util.spec_from_file_location("with_postgresql", WITH_POSTGRESQL)
    assert specification is not None
    assert specification.loader is not None
    with_postgresql = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(with_postgresql)
    # Not below pytest's own folder, which other users may not enter: the server runs as one of them.
    folder = Path(with_postgresql.tempfile.mkdtemp(prefix="pitcairn-postgresql-"))
    server = with_postgresql.start(folder)
    try:
        yield f"postgresql://{with_postgresql.USER}@{quote(str(folder), safe='')}/{with_postgresql.USER}"
    finally:
        server.send_signal(signal.SIGINT)
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def events_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A ClickHouse server in a process of its own."""
    command = [sys.executable, str(CLICKHOUSE), str(tmp_path_factory.mktemp("clickhouse") / "events")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        port = process.stdout.readline().rpartition(" ")[2].strip()
        assert port, "the test server did not start"
        yield f"http://127.0.0.1:{port}"
        process.stdin.close()
        assert process.wait(timeout=PATIENCE_SECONDS) == 0


@pytest.fixture(scope="module")
def shared_template(postgresql_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Template]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", postgresql_url)
        template = Template(tmp_path_factory.mktemp("shared-template"))
    yield template
    template.drop(template.database)
