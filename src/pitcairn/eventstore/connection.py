"""Opening the event store: the address, the embedded engine's folder, and the clients that speak to it.

The embedded engine and a ClickHouse server are reached through the same clickhouse-connect client. What differs is
here: how a block of rows is handed over, and how it is told that nobody is there.
"""

import contextlib
import fcntl
import importlib
import os
import queue
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

import clickhouse_connect
import numpy as np
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, OperationalError
from numpy.typing import NDArray

from pitcairn.eventstore.ddl import create_database
from pitcairn.eventstore.errors import EventStoreBusy, EventStoreError, EventStoreUnavailable

# Reads that may run at once; a further one waits. Two are enough to keep two cores busy, the rest is for short ones.
READERS = 4
UNKNOWN_DATABASE = 81
# ClickHouse reads these in the name of an input file as a pattern, and a pattern without a match inserts nothing.
PATTERN_CHARACTERS = frozenset("*?{}[]")
# The engine's own defaults let these grow to 5 GB each. At 100 million messages all marks and all primary keys together
# are some 10 MB, so these bounds cost nothing.
ENGINE_OPTIONS = {
    "mark_cache_size": str(64 << 20),
    "primary_index_cache_size": str(64 << 20),
    "index_mark_cache_size": str(16 << 20),
    "query_condition_cache_size": str(16 << 20),
}
# Queries about many people are long: the constants of their conditions stand in the text.
QUERY_SETTINGS = {
    "max_query_size": str(256 << 20),
    "max_ast_elements": "5000000",
    "max_expanded_ast_elements": "5000000",
    "precise_float_parsing": "1",
}
# What the engine would try on the way to a plan, and which costs more than it saves where fifty questions are one query.
PLAN_SETTINGS = {
    "optimize_and_compare_chain": "0",
    "optimize_extract_common_expressions": "0",
    "enable_join_runtime_filters": "0",
    "compile_expressions": "0",
    "compile_aggregate_expressions": "0",
}


@dataclass(frozen=True, kw_only=True)
class Address:
    """An event store's address, taken apart: `folder` for the embedded engine, else `dsn` of a server."""

    folder: Path | None = None
    dsn: str = ""
    database: str = "default"
    cluster: str = ""
    shown: str = ""

    @classmethod
    def parse(cls, url: str) -> "Address":
        """Read `chdb:///folder` or `http[s]://user:password@host:port/database[?cluster=name]`."""
        parts = urlsplit(url)
        if parts.scheme == "chdb":
            folder = Path(unquote(parts.path))
            if parts.netloc or not folder.is_absolute() or folder == Path("/"):
                raise EventStoreError(f"{url!r} names no folder; write chdb:///absolute/path/to/a/folder")
            if bad := sorted(PATTERN_CHARACTERS & set(str(folder))):
                raise EventStoreError(
                    f"the event store's folder {str(folder)!r} contains {' '.join(bad)}, which ClickHouse reads as a "
                    "pattern; choose a folder without it"
                )
            return cls(folder=folder, shown=url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise EventStoreError(
                f"{_without_password(url)!r} is no address of an event store; write chdb:///absolute/path or "
                "http://user:password@host:port/database"
            )
        options = dict(parse_qsl(parts.query))
        cluster = options.pop("cluster", "")
        database = unquote(parts.path.strip("/")) or "default"
        dsn = urlunsplit((parts.scheme, parts.netloc, "", urlencode(options), ""))
        return cls(dsn=dsn, database=database, cluster=cluster, shown=_without_password(url))


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    if parts.password is None:
        return url
    user = quote(parts.username or "", safe="")
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, f"{user}:***@{host}", parts.path, parts.query, parts.fragment))


class Connection:
    """The clients of one event store: one that writes, and a few that read beside it. Thread-safe."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._incoming = address.folder / "incoming" if address.folder else None
        self._write_lock = threading.Lock()
        self._readers: queue.LifoQueue[Client | None] = queue.LifoQueue()
        for _ in range(READERS):
            self._readers.put(None)
        self._closed = False
        self._writer = self._open_first()

    def _open_first(self) -> Client:
        folder = self.address.folder
        if folder is None:
            try:
                return self._client()
            except EventStoreError as error:
                if getattr(error.__cause__, "code", None) != UNKNOWN_DATABASE:
                    raise
            self._create_database()
            return self._client()
        incoming = folder / "incoming"
        try:
            _refuse_if_held(folder)
            incoming.mkdir(parents=True, exist_ok=True)
            client = self._client()
            for left_behind in incoming.iterdir():
                left_behind.unlink()
        except OSError as error:
            raise EventStoreError(
                f"the event store cannot use the folder {folder}: {error}. Check that it is a folder and that the user "
                "Pitcairn runs as may write there"
            ) from error
        return client

    def _create_database(self) -> None:
        with self._translated():
            client = clickhouse_connect.get_client(dsn=self.address.dsn, database="default")
            try:
                client.command(create_database(self.address.database, self.address.cluster))
            finally:
                client.close()

    def _client(self) -> Client:
        folder = self.address.folder
        with self._translated():
            if folder is None:
                # No session: a session would forbid two requests at a time.
                return clickhouse_connect.get_client(
                    dsn=self.address.dsn,
                    database=self.address.database,
                    autogenerate_session_id=False,
                    settings=QUERY_SETTINGS,
                )
            _import_engine()
            return clickhouse_connect.get_client(
                interface="chdb", path=str(folder), chdb_options=ENGINE_OPTIONS, settings=QUERY_SETTINGS
            )

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn the client's exceptions into the event store's."""
        try:
            yield
        except OperationalError as error:
            raise EventStoreUnavailable(
                f"the event store at {self.address.shown} does not answer: {error}. Check that the server runs and "
                "that EVENTS_URL names its host, port, user and password"
            ) from error
        except ClickHouseError as error:
            folder = self.address.folder
            if folder is not None and "already initialized with path" in str(error):
                raise EventStoreBusy(
                    f"the embedded event store cannot open {folder} because this process has another folder open; "
                    "close that one first, or use a second process"
                ) from error
            if folder is not None and "Error initializing EmbeddedServer" in str(error):
                # Somebody took it since it was looked at.
                _refuse_if_held(folder)
            raise EventStoreError(f"the event store refused: {error}") from error

    @contextlib.contextmanager
    def reading(self) -> Iterator[Client]:
        """A client for one query, taken from the readers and given back."""
        client = self._readers.get()
        try:
            self._refuse_if_closed()
            if client is None:
                client = self._client()
            with self._translated():
                yield client
        finally:
            self._readers.put(client)

    def rows(self, text: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        """Run one named query and return its rows."""
        with self.reading() as client:
            return [tuple(row) for row in client.query(text, parameters=parameters).result_rows]

    def numbers(self, text: str) -> NDArray[np.uint64]:
        """Run a query whose columns are all UInt64 and return its rows as an array of two dimensions."""
        with self.reading() as client:
            columns = client.query(text, settings=PLAN_SETTINGS, column_oriented=True).result_set
            return np.array(columns, np.uint64).reshape(len(columns), -1).T if columns else np.empty((0, 2), np.uint64)

    @contextlib.contextmanager
    def writing(self) -> Iterator[Client]:
        """The one client that writes; writers wait for each other."""
        with self._write_lock, self._translated():
            self._refuse_if_closed()
            yield self._writer

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise EventStoreError(f"the event store at {self.address.shown} has been closed; open it again")

    def insert_block(self, table: str, block: bytes, settings: dict[str, str]) -> None:
        """Insert one block of JSONEachRow lines. The embedded engine takes it from a file inside its own folder."""
        with self.writing() as client:
            if self._incoming is None:
                client.raw_insert(table, insert_block=block, fmt="JSONEachRow", settings=settings)
                return
            descriptor, name = tempfile.mkstemp(suffix=".jsonl", dir=self._incoming)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(block)
                clause = ", ".join(f"{key} = '{value}'" for key, value in settings.items())
                path = name.replace("\\", "\\\\").replace("'", "\\'")
                client.command(f"INSERT INTO {table} FROM INFILE '{path}' SETTINGS {clause} FORMAT JSONEachRow")
            finally:
                Path(name).unlink(missing_ok=True)

    def close(self) -> None:
        """Close every client, when what they do is done. The embedded engine ends with the last one."""
        with self._write_lock:
            if self._closed:
                return
            self._closed = True
            self._writer.close()
        for client in [self._readers.get() for _ in range(READERS)]:
            if client is not None:
                client.close()
            # Whoever still waits for a reader is to be told.
            self._readers.put(None)


def _import_engine() -> None:
    """Import the embedded engine without pyarrow, which it loads when it can, for Arrow results that nobody asks for.

    That saves 39 MB of resident memory and half a second.
    """
    if "pyarrow" in sys.modules:  # another library of this process needs it
        return
    sys.modules["pyarrow"] = None  # type: ignore[assignment]  # None makes `import pyarrow` an ImportError
    try:
        importlib.import_module("chdb.state.sqlitelike")
    finally:
        del sys.modules["pyarrow"]


def _refuse_if_held(folder: Path) -> None:
    """Raise EventStoreBusy when another process has the engine's lock on the folder.

    The engine itself fails too, but with a text that does not say why.
    """
    try:
        descriptor = os.open(folder / "status", os.O_RDWR)
    except FileNotFoundError:
        return
    with os.fdopen(descriptor, "r+") as status:
        try:
            fcntl.flock(status, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _holder_in(status.read())
            raise EventStoreBusy(
                f"the event store in {folder} is in use by {holder}: the folder belongs to one process at a time. "
                "Stop that process, ask the running server instead, or set EVENTS_URL to a ClickHouse server that many "
                "processes can share"
            ) from None


def _holder_in(status: str) -> str:
    number = status.partition("\n")[0].removeprefix("PID:").strip()
    if number == str(os.getpid()):
        return "this process, which has it open already"
    return f"process {number}" if number.isdigit() else "another process"
