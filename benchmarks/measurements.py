"""The measurements. Each gives lines for the table: what, the figure, its reference, the bar."""

from __future__ import annotations

import json
import sqlite3
import statistics
import time
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks import bodies, load, wrk
from benchmarks.processes import Running, bare, pitcairn
from benchmarks.report import Line

_EVERYTHING = {"workspace": None, "source": None, "type": None, "search": "", "refused": False, "limit": 20}
"""What `pitcairn events` asks for when no option is given."""

ROUNDS = 5
SECONDS = 4
CONNECTIONS = 256
"""Enough that requests share commits, which is what a busy edge sees."""

SUSTAINED_MESSAGES = 240_000
PACED_SECONDS = 20
MARKERS_PER_SECOND = 20
IDLE_SECONDS = 20


def single_track() -> Iterator[Line]:
    """Pitcairn and the bare application take turns, so that both see the same noise; the median of the rounds' ratios."""
    with bare() as reference, pitcairn("edge") as edge:
        pairs = [
            (
                wrk.rate("track", edge.url, connections=CONNECTIONS, seconds=SECONDS),
                wrk.rate("track", reference.url, connections=CONNECTIONS, seconds=SECONDS),
            )
            for _ in range(ROUNDS)
        ]
    ratio = statistics.median(ours / theirs for ours, theirs in pairs)
    ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    yield Line(
        "single `POST /v1/track`, durable, against a bare uvicorn application",
        f"{ratio:.2f} of its requests/s ({ours:,.0f}/s)",
        f"{theirs:,.0f}/s",
        "at least 0.55",
        ratio >= 0.55,
    )


def batch_accepted() -> Iterator[Line]:
    """`/v1/batch` of 100, durable, on one edge process."""
    with bare() as reference, pitcairn("edge") as edge:
        pairs = [
            (
                wrk.rate("batch100", edge.url, connections=32, seconds=SECONDS),
                wrk.rate("batch100", reference.url, connections=32, seconds=SECONDS),
            )
            for _ in range(3)
        ]
    ours, theirs = (statistics.median(column) * 100 for column in zip(*pairs, strict=True))
    yield Line(
        "`/v1/batch` of 100, durable: messages accepted",
        f"{ours:,.0f}/s ({ours / theirs:.2f} of the bare application)",
        f"{theirs:,.0f}/s",
        "at least 40,000/s",
        ours >= 40_000,
    )


def sustained() -> Iterator[Line]:
    """From the first request until every message is in the event store and on its profile, everything in one process."""
    with pitcairn() as server:
        began = time.perf_counter()
        load.finish(load.start("flood", "batch100", server.url, SUSTAINED_MESSAGES // 100, 8))
        accepted = time.perf_counter() - began
        _wait(lambda: _waiting(server) == 0)
        done = time.perf_counter() - began
        stored = _stored_messages(server)
    if stored < SUSTAINED_MESSAGES:
        raise RuntimeError(f"{stored:,} of {SUSTAINED_MESSAGES:,} messages are in the event store")
    rate = SUSTAINED_MESSAGES / done
    yield Line(
        f"accepted to queryable, sustained over {SUSTAINED_MESSAGES:,} messages in one process",
        f"{rate:,.0f} messages/s (all accepted after {accepted:.1f} s, all queryable after {done:.1f} s)",
        "–",
        "at least 8,000/s",
        rate >= 8_000,
    )


def freshness() -> Iterator[Line]:
    """At 1,000 messages/s: from the 200 of a marked Identify until it is in the event store and on the profile."""
    with pitcairn() as server:
        process = load.start("pace", "batch10", server.url, 97, PACED_SECONDS + 2)
        delays = _marker_delays(server)
        load.finish(process)
    delays.sort()
    p50, p99 = delays[len(delays) // 2], delays[int(len(delays) * 0.99)]
    yield Line(
        "accepted to queryable in the event store and on the profile at 1,000 messages/s",
        f"p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms",
        "–",
        "p99 under 1,000 ms",
        p99 < 1,
    )


def _marker_delays(server: Running) -> list[float]:
    """Sends markers one after another and waits for each to be seen in both stores."""
    delays = []
    database = sqlite3.connect(f"{(server.data / 'pitcairn.db').as_uri()}?mode=ro", uri=True)
    address = json.loads((server.data / "control.json").read_text())
    until = time.perf_counter() + PACED_SECONDS
    marker = 0
    while time.perf_counter() < until:
        began = time.perf_counter()
        text = bodies.batch(1, marker)
        message_id = json.loads(text)["batch"][0]["messageId"]
        _post(f"{server.url}/v1/batch", text)
        accepted = time.perf_counter()
        while not _on_profile(database, bodies.marker_id(marker)):
            time.sleep(0.005)
        while not _command(address, "events", {**_EVERYTHING, "message_id": message_id})["messages"]:
            time.sleep(0.005)
        delays.append(time.perf_counter() - accepted)
        marker += 1
        time.sleep(max(0.0, 1 / MARKERS_PER_SECOND - (time.perf_counter() - began)))
    database.close()
    return delays


def _on_profile(database: sqlite3.Connection, user_id: str) -> bool:
    query = "SELECT 1 FROM profiles_identifier WHERE type = 'user_id' AND value = ?"
    return database.execute(query, (user_id,)).fetchone() is not None


def decide_rate() -> Iterator[Line]:
    """`/v1/decide`, five experiences, a known profile, everything in one process."""
    yield _decide_rate("five live experiences on the page", experiences=5, segments=1)


def decide_programme() -> Iterator[Line]:
    """The same of a large programme: the visitor is in the last of the 40 segments of their page."""
    yield _decide_rate("50 live experiences with 200 segments", experiences=50, segments=4)


def _decide_rate(of: str, *, experiences: int, segments: int) -> Line:
    with bare() as reference, pitcairn(experiences=experiences, segments=segments) as server:
        _know_the_visitor(server)
        pairs = [
            (
                wrk.rate("decide", server.url, connections=64, seconds=SECONDS),
                wrk.rate("decide", reference.url, connections=64, seconds=SECONDS),
            )
            for _ in range(3)
        ]
    ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    return Line(
        f"`/v1/decide`, {of}, a known profile",
        f"{ours:,.0f} requests/s ({ours / theirs:.2f} of the bare application)",
        f"{theirs:,.0f}/s",
        "at least 5,000/s",
        ours >= 5_000,
    )


def decide_latency() -> Iterator[Line]:
    """500 decisions/s while 1,000 messages/s come in, in batches of ten; the bare application at the same rate beside it."""
    with bare() as reference, pitcairn() as server:
        _know_the_visitor(server)
        alone = load.finish(load.start("pace", "decide", reference.url, 500, PACED_SECONDS))
        incoming = load.start("pace", "batch10", server.url, 100, PACED_SECONDS + 2)
        time.sleep(1)
        busy = load.finish(load.start("pace", "decide", server.url, 500, PACED_SECONDS))
        load.finish(incoming)
    yield Line(
        "`/v1/decide` at 500/s while 1,000 messages/s come in",
        f"p50 {busy.percentile(50) * 1000:.1f} ms, p99 {busy.percentile(99) * 1000:.1f} ms",
        f"p50 {alone.percentile(50) * 1000:.1f} ms, p99 {alone.percentile(99) * 1000:.1f} ms with nothing else to do",
        "p99 under 5 ms",
        busy.percentile(99) < 0.005,
    )


def idle() -> Iterator[Line]:
    """Memory and processor time of a server that has worked and now has nothing to do."""
    with pitcairn() as server:
        load.finish(load.start("flood", "batch100", server.url, 100, 4))
        _wait(lambda: _waiting(server) == 0)
        time.sleep(3)
        before = server.cpu_seconds()
        time.sleep(IDLE_SECONDS)
        share = (server.cpu_seconds() - before) / IDLE_SECONDS
        memory = server.memory_mb()
    yield Line("idle server: memory", f"{memory:,.0f} MB", "–", "under 512 MB", memory < 512)
    yield Line("idle server: processor", f"{share:.2%} of a core", "–", "under 1 %", share < 0.01)


MEASUREMENTS: dict[str, Callable[[], Iterator[Line]]] = {
    "single-track": single_track,
    "batch-accepted": batch_accepted,
    "sustained": sustained,
    "freshness": freshness,
    "decide-rate": decide_rate,
    "decide-programme": decide_programme,
    "decide-latency": decide_latency,
    "idle": idle,
}


def _know_the_visitor(server: Running) -> None:
    _post(f"{server.url}/v1/identify", bodies.identify_deciding_visitor())
    _wait(lambda: _waiting(server) == 0)
    answer = json.loads(_post(f"{server.url}/v1/decide", bodies.decide()))
    if len(answer["decisions"]) != 1:
        raise RuntimeError(f"the visitor is decided for {len(answer['decisions'])} experiences, not for one")


def _post(url: str, body: bytes) -> bytes:
    with urllib.request.urlopen(urllib.request.Request(url, body), timeout=10) as answer:
        content: bytes = answer.read()
        return content


def _command(address: dict[str, str], command: str, arguments: dict[str, Any]) -> dict[str, Any]:
    body = json.dumps({"command": command, "arguments": arguments}).encode()
    request = urllib.request.Request(f"{address['url']}/control", body, {"Authorization": f"Bearer {address['token']}"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        result: dict[str, Any] = json.load(answer)
        return result


def _stored_messages(server: Running) -> int:
    address = json.loads((server.data / "control.json").read_text())
    tables = _command(address, "status", {})["eventStore"]["tables"]
    return int(tables["messages"]["rows"])


def _waiting(server: Running) -> int:
    """Requests in the inbox that the pipeline has not finished."""
    main = sqlite3.connect(f"{(server.data / 'pitcairn.db').as_uri()}?mode=ro", uri=True)
    inbox = sqlite3.connect(f"{(server.data / 'inbox.db').as_uri()}?mode=ro", uri=True)
    try:
        row = main.execute("SELECT inbox_position FROM pipeline_pipelinestate").fetchone()
        query = "SELECT coalesce(sum(messages), 0) FROM inbox WHERE id > ?"
        return int(inbox.execute(query, (row[0] if row else 0,)).fetchone()[0])
    finally:
        main.close()
        inbox.close()


def _wait(condition: Callable[[], bool], seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited {seconds} s in vain")
        time.sleep(0.05)
