"""Opening the store: addresses, who may have the folder, what is left behind. Each in a process of its own, because a
process can have one embedded folder only."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pitcairn.eventstore import EventStore, EventStoreError, EventStoreUnavailable
from server import PATIENCE_SECONDS

OPEN = """
import sys
from pitcairn.eventstore import EventStore, EventStoreBusy, EventStoreUnavailable
def row(batch): return {"workspace_id": 1, "batch": batch, "type": "track", "event": "E", "message_id": str(batch)}
"""


def run(code: str, *arguments: str, environment: dict[str, str] | None = None, folder: Path | None = None) -> str:
    """Run Python code in a new process and return what it printed; it must succeed and complain of nothing."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", OPEN + code, *arguments],
        capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS, cwd=folder, env={**os.environ, **(environment or {})},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that has the folder `events` open, with one batch in it."""
    code = OPEN + (
        "s = EventStore.open('chdb://' + sys.argv[1]); s.migrate(); s.insert('messages', [row(1)])\n"
        "print('open', flush=True); sys.stdin.read(); s.close()"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "events")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        yield process
        process.stdin.close()
        process.wait(timeout=PATIENCE_SECONDS)


def test_a_folder_belongs_to_one_process(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    said = run(
        "try: EventStore.open('chdb://' + sys.argv[1])\nexcept EventStoreBusy as busy: print(busy)",
        str(tmp_path / "events"),
    )
    assert said == (
        f"the event store in {tmp_path / 'events'} is in use by process {holder.pid}: the folder belongs to one process at "
        "a time. Stop that process, ask the running server instead, or set EVENTS_URL to a ClickHouse server that many "
        "processes can share"
    )


def test_a_process_has_one_folder(tmp_path: Path) -> None:
    code = """
first = EventStore.open('chdb://' + sys.argv[1] + '/first')
try: EventStore.open('chdb://' + sys.argv[1] + '/second')
except EventStoreBusy as busy: print(busy)
first.close(); first.close()
with EventStore.open('chdb://' + sys.argv[1] + '/second') as second: second.ping(); print(second.version().split('.')[0])
"""
    busy, version = run(code, str(tmp_path)).splitlines()
    assert busy.startswith(f"the embedded event store cannot open {tmp_path}/second because this process has another")
    assert int(version) >= 26


def test_a_store_that_is_closed_says_so(tmp_path: Path) -> None:
    code = """
from pitcairn.eventstore import EventStoreError
store = EventStore.open('chdb://' + sys.argv[1]); store.migrate()
try: EventStore.open('chdb://' + sys.argv[1])
except EventStoreBusy as busy: print(busy)
store.close()
for call in (store.ping, lambda: store.insert('messages', [row(1)])):
    try: call()
    except EventStoreError as closed: print(closed)
"""
    twice, *closed = run(code, str(tmp_path / "events")).splitlines()
    assert f"{tmp_path / 'events'} is in use by this process, which has it open already: " in twice
    assert closed == [f"the event store at chdb://{tmp_path / 'events'} has been closed; open it again"] * 2


def test_a_folder_that_cannot_be_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EventStoreError, match=f"cannot use the folder {tmp_path}/file/events: .*Not a directory"):
        EventStore.open(f"chdb://{tmp_path}/file/events")


def test_nothing_is_lost_when_the_process_is_killed(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    holder.send_signal(signal.SIGKILL)
    holder.wait(timeout=PATIENCE_SECONDS)
    # What an insert that was cut off would have left.
    left_behind = tmp_path / "events" / "incoming" / "block.jsonl"
    left_behind.write_text("{}")
    code = """
store = EventStore.open('chdb://' + sys.argv[1]); store.migrate()
store.insert('messages', [row(2)])
print(store.last_batch(), [m.message_id for m in store.messages(1)]); store.close()
"""
    assert run(code, str(tmp_path / "events")) == "2 ['2', '1']"
    assert not left_behind.exists()


def test_nothing_is_left_outside_the_folder(tmp_path: Path) -> None:
    temporary, working, events = tmp_path / "temporary", tmp_path / "working", tmp_path / "a" / "new" / "folder"
    temporary.mkdir()
    working.mkdir()
    code = """
import os, tempfile
seen = set()
real = os.open
sys.addaudithook(lambda name, args: seen.add(str(args[0])) if name == 'open' and args[1] != 'r' else None)
store = EventStore.open('chdb://' + sys.argv[1]); store.migrate()
store.insert('messages', [row(1)]); store.messages(1)
print(any(path.startswith(sys.argv[1] + '/incoming/') for path in seen), os.listdir(os.environ['TMPDIR']))
store.close()
"""
    said = run(code, str(events), environment={"TMPDIR": str(temporary), "HOME": str(working)}, folder=working)
    assert said == "True []"
    assert list(temporary.iterdir()) == []
    assert list(working.iterdir()) == []
    assert list((events / "incoming").iterdir()) == []


def test_the_engine_comes_without_what_is_not_used(tmp_path: Path) -> None:
    code = """
store = EventStore.open('chdb://' + sys.argv[1]); store.migrate(); store.messages(1)
print('pyarrow' in sys.modules, 'pandas' in sys.modules); store.close()
import pyarrow
"""
    assert run(code, str(tmp_path / "events")) == "False False"


def test_a_folder_that_was_made_can_be_opened_again(tmp_path: Path) -> None:
    code = """
for number in range(3):
    with EventStore.open('chdb://' + sys.argv[1]) as store:
        store.migrate(); store.insert('messages', [row(number + 1)]); print(store.last_batch())
"""
    assert run(code, str(tmp_path / "events")).split() == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "'' is no address of an event store; write chdb:///absolute/path or http"),
        ("events", "is no address"),
        ("clickhouse://localhost/db", "is no address"),
        ("http:///db", "is no address"),
        ("postgresql://me:secret@localhost/db", r"'postgresql://me:\*\*\*@localhost/db' is no address"),
        ("chdb://events", "names no folder; write chdb:///absolute"),
        ("chdb:relative/path", "names no folder"),
        ("chdb:///", "names no folder"),
        ("chdb:///data/{a,b}", r"contains \{ \}, which ClickHouse reads as a pattern; choose a folder without it"),
        ("chdb:///data/*", r"contains \*, which"),
    ],
)
def test_an_address_that_is_none(url: str, says: str) -> None:
    with pytest.raises(EventStoreError, match=says):
        EventStore.open(url)


def test_a_server_that_is_not_there() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(EventStoreUnavailable) as raised:
            EventStore.open(f"http://me:secret@127.0.0.1:{port}/db")
    assert str(raised.value).startswith(f"the event store at http://me:***@127.0.0.1:{port}/db does not answer: ")
    assert str(raised.value).endswith("and that EVENTS_URL names its host, port, user and password")
    assert "secret" not in str(raised.value)


def test_a_server_that_goes_away(tmp_path: Path) -> None:
    command = [sys.executable, str(Path(__file__).with_name("clickhouse_http.py")), str(tmp_path / "events")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = process.stdout.readline().rpartition(" ")[2].strip()
        with EventStore.open(f"http://127.0.0.1:{port}/one") as store:
            store.migrate()
            store.insert("messages", [{"workspace_id": 1}])
            process.kill()
            process.wait(timeout=PATIENCE_SECONDS)
            for call in (store.ping, store.last_batch, lambda: store.insert("messages", [{"workspace_id": 1}])):
                with pytest.raises(EventStoreUnavailable, match="does not answer"):
                    call()


def test_a_wrong_password_is_said(server_url: str) -> None:
    scheme, _, rest = server_url.partition("://")
    wrong = f"{scheme}://pitcairn:wrong@{rest.rpartition('@')[2]}"
    with pytest.raises(EventStoreError, match="Authentication failed"):
        EventStore.open(wrong)


def test_the_database_is_made_when_it_is_missing(server_url: str) -> None:
    base = server_url.rpartition("/")[0]
    name = f"made_by_a_test_{os.getpid()}"
    with EventStore.open(f"{base}/{name}") as store:
        store.migrate()
        store.insert("messages", [{"workspace_id": 1, "batch": 3}])
        assert store.last_batch() == 3
        store.ping()
    with EventStore.open(f"{base}/{name}") as store:
        assert store.last_batch() == 3
