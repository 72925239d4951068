"""A real Pitcairn for the tests to talk to: its own process, port, data folder and, on PostgreSQL, database.

What is in it: the workspace "Tests" with the sources website (browser), app (mobile), backend (server), unconnected (browser)
and disabled (browser), limited (server, one message per second), fenced (browser, of `ORIGINS` alone), tokens (server, takes
bearer tokens only), segment (Segment, with `SEGMENT_KEY`) and a disabled one like it; the Mutiny destination, enabled, for all of them but unconnected;
one owner who can sign in; an OAuth app, whose private key is in `oauth-app.json`. Beside it the workspace "Elsewhere" with one
source, which must never see anything of the first.
"""

from __future__ import annotations

import contextlib
import gzip
import http.client
import itertools
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

T = TypeVar("T")

WORKSPACE = "Tests"
ELSEWHERE = "Elsewhere"
EMAIL = "owner@pitcairn.localhost"
PASSWORD = "for-tests-and-nothing-else"
MUTINY_KEY = "mutiny-api-key"
SEGMENT_KEY = "segment-api-key-for-tests"
ORIGINS = ["https://www.example.com", "https://*.example.org"]
WRITE_KEYS = {
    name: f"{name}-write-key"
    for name in (
        "website",
        "app",
        "backend",
        "unconnected",
        "disabled",
        "limited",
        "fenced",
        "tokens",
        "segment",
        "elsewhere",
    )
}

PATIENCE_SECONDS = 120.0
"""For what is waited for on a condition: far longer than it takes, so that a busy machine fails nothing."""

_HERE = Path(__file__).parent
_LOOK_AGAIN_SECONDS = 0.01


def wait_until(look: Callable[[], T | None], what: str, *, patience: float = PATIENCE_SECONDS) -> T:
    """What `look` returns as soon as that is true. Raises AssertionError, saying `what` did not come."""
    deadline = time.monotonic() + patience
    while not (found := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come in {patience:g} s")
        time.sleep(_LOOK_AGAIN_SECONDS)
    return found


def unique(prefix: str = "") -> str:
    """An id that nothing else has."""
    return f"{prefix}{secrets.token_hex(8)}"


@dataclass(frozen=True)
class Answer:
    """What the server answered. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Template:
    """A migrated and seeded data folder, made once; every server starts from a copy of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._admin_url = os.environ.get("DATABASE_URL", "")
        self.database = ""
        if self._admin_url:
            self.database = unique("pitcairn_template_")
            self._sql("CREATE DATABASE {}", self.database)
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            [sys.executable, str(_HERE / "seed.py")],
            env=self.environment(folder, self.database),
            check=True,
            timeout=PATIENCE_SECONDS,
        )

    def copy(self, folder: Path) -> str:
        """Fills `folder`; returns the name of the new PostgreSQL database, or "" on SQLite."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        if not self._admin_url:
            return ""
        name = unique("pitcairn_test_")
        self._sql("CREATE DATABASE {} TEMPLATE {}", name, self.database)
        return name

    def drop(self, database: str) -> None:
        if database:
            self._sql("DROP DATABASE IF EXISTS {} WITH (FORCE)", database)

    def environment(self, folder: Path, database: str) -> dict[str, str]:
        """The environment of a process that works on `folder`: nothing of this one's settings but where Python is."""
        kept = {key: value for key, value in os.environ.items() if key in {"PATH", "HOME", "LANG", "TMPDIR"}}
        environment = {**kept, "PITCAIRN_DATA": str(folder), "TZ": "UTC", "PYTHONDONTWRITEBYTECODE": "1"}
        if database:
            parts = urlsplit(self._admin_url)
            environment["DATABASE_URL"] = urlunsplit(parts._replace(path=f"/{database}"))
        return environment

    def _sql(self, statement: str, *names: str) -> None:
        with psycopg.connect(self._admin_url, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@dataclass
class Server:
    """One Pitcairn. `start` it, `stop` it (cleanly) or `kill` it, and `start` it again on the same data."""

    template: Template
    data: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    """Further environment: `PITCAIRN_STRICT_WRITE_KEYS` and the like."""
    options: tuple[str, ...] = ()
    """Further options of `pitcairn serve`."""
    host: str = "127.0.0.1"
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self._database = self.template.copy(self.data)
        self.log = self.data / "server.log"

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        return {**self.template.environment(self.data, self._database), **self.settings}

    def start(self) -> Server:
        """Starts it and waits until it answers."""
        self.spawn()
        self.wait()
        return self

    def spawn(self) -> None:
        """Starts it and does not wait."""
        self.port = self.port or free_port(self.host)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "pitcairn.cli",
                    "serve",
                    "--host",
                    self.host,
                    "--port",
                    str(self.port),
                    *self.options,
                ],
                env=self.environment,
                stdout=log,
                stderr=log,
            )

    def wait(self) -> None:
        """Returns when it answers."""
        wait_until(self._answers, f"The server's first answer (see {self.log})")

    def _answers(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise AssertionError(f"The server ended with {self.process.returncode}:\n{self.log_text()}")
        try:
            return self.request("GET", "/health").status == 200
        except OSError:
            return False

    def stop(self) -> int:
        """Stops it as a service manager would; returns its exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Stops it as a power cut would, as far as a process can tell."""
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> int:
        if self.process is None:
            return 0
        self.process.send_signal(number)
        code = self.process.wait(timeout=PATIENCE_SECONDS)
        self.process = None
        return code

    def remove(self) -> None:
        """Ends it whatever its state, and removes its database."""
        if self.process is not None:
            self.kill()
        self.template.drop(self._database)

    def log_text(self) -> str:
        return self.log.read_text(errors="replace")

    def complaints(self) -> list[str]:
        """What the server logged at ERROR or above; none is expected of a server whose surroundings are well."""
        return [line for line in self.log_text().splitlines() if " ERROR " in line or " CRITICAL " in line]

    # ── Talking to it ────────────────────────────────────────────────────────────────────────────────────────────────

    def request(
        self,
        method: str,
        path: str,
        body: bytes | Iterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request on a connection of its own. A body that is an iterator goes out chunked."""
        with contextlib.closing(
            http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE_SECONDS)
        ) as connection:
            connection.request(method, path, body, dict(headers or {}))
            with connection.getresponse() as response:
                names = {name.lower(): value for name, value in response.getheaders()}
                return Answer(response.status, names, response.read())

    def post(
        self,
        path: str,
        body: object,
        *,
        source: str | None = "website",
        basic: bool = False,
        compress: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Posts `body` as JSON (bytes as they are) with the source's write key in the body or, with `basic`, in the header."""
        extra = {"Content-Type": "application/json", **(headers or {})}
        if source is not None and (basic or not isinstance(body, dict)):
            extra["Authorization"] = basic_authorization(WRITE_KEYS[source])
        elif source is not None and isinstance(body, dict):
            body = {"writeKey": WRITE_KEYS[source], **body}
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        if compress:
            data, extra["Content-Encoding"] = gzip.compress(data), "gzip"
        return self.request("POST", path, data, extra)

    def send(self, path: str, body: object, **options: Any) -> None:
        """Posts what must be taken."""
        answer = self.post(path, body, **options)
        assert (answer.status, answer.json()) == (200, {"success": True}), answer

    # ── Looking into it ──────────────────────────────────────────────────────────────────────────────────────────────

    def control(self, command: str, arguments: Mapping[str, Any]) -> Any:
        """Runs a command where the event store is, as `pitcairn.control.call` does for the command line."""
        address = json.loads((self.data / "control.json").read_bytes())
        answer = self.request(
            "POST",
            "/control",
            json.dumps({"command": command, "arguments": arguments}).encode(),
            {"Authorization": f"Bearer {address['token']}"},
        )
        assert answer.status == 200, f"{command} {arguments}: {answer.status} {answer.body.decode()}"
        return answer.json()

    def events(self, *, workspace: str = WORKSPACE, limit: int = 1_000, **wanted: Any) -> Any:
        """What `pitcairn events --json` prints: `{"messages": […], "refused": […]}`, newest first.

        `wanted` narrows it down: message_id, type, source, search, refused.
        """
        nothing = {"source": None, "message_id": None, "type": None, "search": "", "refused": False}
        return self.control("events", {**nothing, "workspace": workspace, "limit": limit, **wanted})

    def wait_until(self, look: Callable[[], T | None], what: str) -> T:
        """As the function; the error has the end of the server's log."""
        try:
            return wait_until(look, what)
        except AssertionError as error:
            error.add_note(f"The server's log ends:\n{self.log_text()[-2_000:]}")
            raise

    def message(self, message_id: str, **wanted: Any) -> Any:
        """The message, as soon as it is in the event store: Segment's fields, and `pitcairn` with what became of it."""
        found = self.wait_until(
            lambda: self.events(message_id=message_id, **wanted)["messages"], f"Message {message_id} in the event store"
        )
        assert len(found) == 1, f"{message_id} is stored {len(found)} times"
        return found[0]

    def refusals(self, search: str, *, count: int = 1, **wanted: Any) -> Any:
        """The refusals that contain `search`, as soon as there are at least `count`. Newest first."""

        def look() -> Any:
            found = self.events(search=search, refused=True, **wanted)["refused"]
            return found if len(found) >= count else None

        return self.wait_until(look, f"{count} refusals with {search!r}")

    def profile(self, identifier: str, *, workspace: str = WORKSPACE) -> Any:
        """What `pitcairn profile show TYPE:VALUE --json` prints. The profile must be there: see `settle`."""
        return self.control("profile", {"identifier": identifier, "messages": 100, "workspace": workspace})

    def settle(self) -> None:
        """Returns when everything that was accepted before has been processed.

        The pipeline works in the order of acceptance, so one message more, sent into the other workspace, comes last.
        """
        last = unique("settle-")
        self.send("/v1/track", {"messageId": last, "event": "Settled", "anonymousId": "settle"}, source="elsewhere")
        self.message(last, workspace=ELSEWHERE)

    def run(self, *words: str) -> Any:
        """Runs `pitcairn … --json` on this server's data folder; returns what it prints."""
        done = subprocess.run(
            [sys.executable, "-m", "pitcairn.cli", *words, "--json"],
            env=self.environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"pitcairn {' '.join(words)} ended with {done.returncode}: {done.stderr}"
        return json.loads(done.stdout)


def basic_authorization(write_key: str, *, colon: bool = True) -> str:
    return "Basic " + b64encode(f"{write_key}{':' if colon else ''}".encode()).decode()


def free_port(host: str) -> int:
    """A port to listen on later, and again after a restart, without anybody else having taken it meanwhile.

    It is below those that the kernel hands out to whoever asks for any, and of this test process's own share.
    """
    while True:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((host, port := next(_PORTS)))
            return port


def _ports() -> Iterator[int]:
    """This process's share, from a random place on: other runs of the tests on this machine have the same one."""
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    share = range(12_000 + number, 32_768, processes)
    first = secrets.randbelow(len(share))
    return itertools.cycle([*share[first:], *share[:first]])


_PORTS = _ports()


@contextlib.contextmanager
def running(server: Server) -> Iterator[Server]:
    """Starts the server; at the end stops it as a service manager would, and looks at what it logged."""
    try:
        yield server.start()
        code = server.stop()
        assert code in {0, -signal.SIGTERM}, f"The server ended with {code}:\n{server.log_text()}"
        assert not server.complaints(), server.log_text()
    finally:
        server.remove()


NewServer = Callable[..., Server]
"""The fixture `new_server`: options of `pitcairn serve` by place, settings by name."""
