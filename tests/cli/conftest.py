"""Two ways to run commands: as processes on an installation of their own, or here, on the tests' SQL store."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pitcairn.cli import main
from server import PATIENCE_SECONDS, Template


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        assert self.code == 0, self.err
        return json.loads(self.out)


@dataclass(frozen=True)
class Installation:
    """Runs `pitcairn` on its own data."""

    data: Path
    environment: dict[str, str]

    def run(self, *words: str, stdin: str | None = None, **environment: str) -> Done:
        done = subprocess.run(
            [sys.executable, "-m", "pitcairn.cli", *words],
            env={**self.environment, **environment},
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def json(self, *words: str, stdin: str | None = None) -> Any:
        return self.run(*words, "--json", stdin=stdin).json()


@pytest.fixture
def installation(template: Template, tmp_path: Path) -> Iterator[Installation]:
    """Migrated, and filled as `server.py` says."""
    data = tmp_path / "data"
    database = template.copy(data)
    yield Installation(data, template.environment(data, database))
    template.drop(database)


@pytest.fixture
def empty(template: Template, tmp_path: Path) -> Installation:
    """A data folder that is not there yet; on SQLite, whose tables `migrate` makes."""
    data = tmp_path / "nothing yet"
    return Installation(data, template.environment(data, ""))


@pytest.fixture
def run(db: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Done]:
    """Runs a command in this process, on the tests' SQL store: much faster, for what needs no event store."""

    def run(*words: str, stdin: str = "") -> Done:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        capsys.readouterr()
        code = main(words)
        output = capsys.readouterr()
        return Done(code, output.out, output.err)

    return run
