"""How fast audiences are: a new one over everybody, and 50 live ones while events come in.

The event that counts is sent for a user who never was before, and its user id says when it was sent; the sink says when the
Identify with that id arrived.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import uvloop

from benchmarks.delivery import _sink, _told
from benchmarks.load import _connect
from benchmarks.processes import WRITE_KEY, Running, _running, free_port
from benchmarks.report import Line

PEOPLE = int(os.environ.get("PITCAIRN_BENCH_PEOPLE", "1000000"))
EVENTS = int(os.environ.get("PITCAIRN_BENCH_EVENTS", "20000000"))
AUDIENCES = 50
RATE = 500
"""Events per second."""
SECONDS = 30
ROUNDS = 3
PATIENCE_SECONDS = 600
EVENT = "Order Completed"
_CONDITION = {"event": EVENT, "window": {"oldest": {"amount": 30, "unit": "days"}}}


@contextlib.contextmanager
def _seeded(audiences: int, people: int, events: int) -> Iterator[tuple[Path, str]]:
    with _sink() as sink, tempfile.TemporaryDirectory(prefix="pitcairn-benchmark-") as folder:
        numbers = map(str, (audiences, people, events))
        command = [sys.executable, "-m", "benchmarks.engage_seed", f"{sink}/hook", *numbers]
        subprocess.run(command, env=_environment(Path(folder)), check=True)
        yield Path(folder), sink


def _environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "PITCAIRN_DATA": str(folder), "PITCAIRN_DELIVERY_NETWORKS": "127.0.0.0/8"}


@contextlib.contextmanager
def _served(folder: Path) -> Iterator[Running]:
    port = free_port()
    command = [sys.executable, "-m", "pitcairn", "serve", "--port", str(port)]
    with _running(command, _environment(folder), f"http://127.0.0.1:{port}", "/health", folder) as process:
        yield process


def engage_new() -> Iterator[Line]:
    """A new audience over everybody: the question alone, then until it is stored, then until a destination has it."""
    with _seeded(0, PEOPLE, EVENTS) as (folder, sink):
        command = [sys.executable, "-m", "benchmarks.engage_ask", json.dumps(_CONDITION), str(ROUNDS)]
        asked = subprocess.run(command, env=_environment(folder), check=True, capture_output=True, text=True)
        told = json.loads(asked.stdout)
        ours, bare, size = median(told["ours"]), median(told["bare"]), told["size"]
        yield Line(
            f"a new audience, {EVENT} within 30 days, {PEOPLE:,} profiles and {EVENTS:,} events: who is in it ({size:,})",
            f"{ours:.2f} s, {ours / bare:.1f} times the bare query",
            f"{bare:.2f} s",
            "at most 1.5 s, and 3 times",
            ours <= 1.5 and ours <= 3 * bare,
        )
        shown = median(told["preview"])
        yield Line(
            "the same condition in the builder: size and sample people", f"{shown:.2f} s", "–", "under 1 s", shown < 1
        )
        with _served(folder):
            began = time.monotonic()
            made = [sys.executable, "-m", "benchmarks.engage_make", json.dumps(_CONDITION)]
            subprocess.run(made, env=_environment(folder), check=True)
            stored = _wait(lambda: _stored(folder) >= size * 0.999) - began
            delivered = _wait(lambda: _told(sink)["messages"] >= _stored(folder)) - began
        yield Line(
            "the same audience: stored, and usable in decisions", f"{stored:.1f} s", "–", "at most 20 s", stored <= 20
        )
        yield Line(
            f"the same audience: an Identify for each of its {size:,} members delivered to a local sink, one in a request",
            f"{delivered:.0f} s ({size / delivered:,.0f}/s)",
            "–",
            "at most 300 s",
            delivered <= 300,
        )


def engage_live() -> Iterator[Line]:
    with _seeded(AUDIENCES, 0, 0) as (folder, sink), _served(folder) as process:
        _wait(
            lambda: _told_by_sql(folder, "SELECT count(*) FROM engage_computation WHERE status = 'live'") == AUDIENCES
        )
        time.sleep(5)  # Starting is over.
        used = process.cpu_seconds()
        time.sleep(30)
        idle = (process.cpu_seconds() - used) / 30
        yield Line(
            f"idle server with {AUDIENCES} live audiences: processor",
            f"{idle * 100:.2f}% of a core",
            "–",
            "under 2 %",
            idle < 0.02,
        )
        sent = uvloop.run(_send(process.url, 100, 2))
        _wait(lambda: _told(sink)["messages"] >= sent)
        before = len(_latencies(sink))
        sent += uvloop.run(_send(process.url, RATE, SECONDS))
        _wait(lambda: _told(sink)["messages"] >= sent)
        found = sorted(_latencies(sink)[before:])
        p50, p99 = found[len(found) // 2], found[len(found) * 99 // 100]
        yield Line(
            f"event accepted, membership changed, Identify delivered, at {RATE} events/s with {AUDIENCES} live audiences",
            f"p50 {p50:.0f} ms, p99 {p99:.0f} ms",
            "–",
            "p50 under 700 ms, p99 under 2,000 ms",
            p50 < 700 and p99 < 2_000,
        )


MEASUREMENTS: dict[str, Callable[[], Iterator[Line]]] = {"engage-new": engage_new, "engage-live": engage_live}


async def _send(url: str, rate: int, seconds: int) -> int:
    """Sends single calls evenly, each for a user of its own; gives back how many."""
    pool = await _connect(url, 16)
    host, total = urlsplit(url).netloc, rate * seconds
    began = time.monotonic()
    for start in range(0, total, len(pool)):
        delay = began + start / rate - time.monotonic()
        if delay > 0:
            await asyncio.sleep(delay)
        numbers = range(start, min(start + len(pool), total))
        answers = await asyncio.gather(
            *(one.ask(_request(host, number)) for one, number in zip(pool, numbers, strict=False))
        )
        if not all(answers):
            raise RuntimeError("an event was not answered with 200")
    return total


def _request(host: str, number: int) -> bytes:
    body = {
        "writeKey": WRITE_KEY,
        "userId": f"at-{time.monotonic_ns()}-{number}",
        "event": f"Event {number % AUDIENCES}",
        "properties": {"revenue": 42.5},
    }
    content = json.dumps(body).encode()
    return b"POST /v1/track HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n%s" % (
        host.encode(),
        len(content),
        content,
    )


def _latencies(sink: str) -> list[float]:
    found: list[float] = _told(sink)["latencies_ms"]  # type: ignore[assignment]  # the one list among numbers
    return found


def _stored(folder: Path) -> int:
    """How many are in the audience, as decisions see it."""
    return _told_by_sql(folder, "SELECT count(*) FROM engage_value WHERE value = 'true'")


def _told_by_sql(folder: Path, query: str) -> int:
    with contextlib.closing(sqlite3.connect(folder / "pitcairn.db", timeout=30)) as store:
        return int(store.execute(query).fetchone()[0])


def _wait(until: Callable[[], bool]) -> float:
    """When it was so, in seconds of the monotonic clock."""
    last = time.monotonic() + PATIENCE_SECONDS
    while not until():
        if time.monotonic() > last:
            raise RuntimeError(f"it did not happen within {PATIENCE_SECONDS} s")
        time.sleep(0.2)
    return time.monotonic()
