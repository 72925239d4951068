"""How fast queues are delivered: a worker in a process of its own, a sink in another, over loopback.

The queues are filled before the worker starts, and it is measured at the sink, from the first message to the last.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.processes import _running, free_port
from benchmarks.report import Line

SINGLE_MESSAGES = int(os.environ.get("PITCAIRN_BENCH_SINGLE", "60000"))
BATCHED_MESSAGES = int(os.environ.get("PITCAIRN_BENCH_BATCHED", "1000000"))
BACKLOG_MESSAGES = 1_000_000
"""Of the dead destination."""
BATCH = 100
ROUNDS = 3
PATIENCE_SECONDS = 600


@dataclass(frozen=True)
class Delivered:
    messages: int
    rate: float
    early_mb: float
    """Resident memory when a fifth was delivered, and when half was; the event store's engine fills its caches meanwhile."""
    half_mb: float
    most_mb: float

    @property
    def memory(self) -> str:
        return f"memory {self.early_mb:,.0f} MB after a fifth, {self.half_mb:,.0f} MB after half, at most {self.most_mb:,.0f} MB"

    @property
    def flat(self) -> bool:
        """It does not grow with what was delivered: the second half takes no more than the first."""
        return self.most_mb <= self.half_mb * 1.1


def delivery_single() -> Iterator[Line]:
    done = _deliver(1, SINGLE_MESSAGES)
    yield Line(
        f"delivery, one message in a request, {done.messages:,} messages in one process",
        f"{done.rate:,.0f} deliveries/s; {done.memory}",
        "–",
        "at least 3,000/s, memory flat from half on (10 %)",
        done.rate >= 3_000 and done.flat,
    )


def delivery_batched() -> Iterator[Line]:
    done = _deliver(BATCH, BATCHED_MESSAGES)
    yield Line(
        f"delivery, {BATCH} messages in a request, {done.messages:,} messages in one process",
        f"{done.rate:,.0f} messages/s; {done.memory}",
        "–",
        "at least 20,000/s, memory flat from half on (10 %)",
        done.rate >= 20_000 and done.flat,
    )


def delivery_beside_dead() -> Iterator[Line]:
    """The same queue with and without a destination beside it that refuses every connection and has a long queue.

    In turn, and the middle of each: one run takes some eight seconds, in which the machine may do something else.
    """
    messages = BATCHED_MESSAGES // 4
    alone: list[float] = []
    beside: list[Delivered] = []
    for _ in range(ROUNDS):
        alone.append(_deliver(BATCH, messages).rate)
        beside.append(_deliver(BATCH, messages, backlog=BACKLOG_MESSAGES))
    reference, rate = median(alone), median(done.rate for done in beside)
    memory = max(done.most_mb for done in beside)
    share = rate / reference
    yield Line(
        f"delivery beside a dead destination with {BACKLOG_MESSAGES:,} messages, middle of {ROUNDS} runs each",
        f"{share:.2f} of the rate without it ({rate:,.0f}/s), memory at most {memory:,.0f} MB",
        f"{reference:,.0f}/s",
        "at least 0.90",
        share >= 0.9,
    )


MEASUREMENTS: dict[str, Callable[[], Iterator[Line]]] = {
    "delivery-single": delivery_single,
    "delivery-batched": delivery_batched,
    "delivery-beside-dead": delivery_beside_dead,
}


def _deliver(batch: int, messages: int, *, backlog: int = 0) -> Delivered:
    with _sink() as url, tempfile.TemporaryDirectory(prefix="pitcairn-benchmark-") as folder:
        environment = {**os.environ, "PITCAIRN_DATA": folder, "PITCAIRN_DELIVERY_NETWORKS": "127.0.0.0/8"}
        queues = [f"{url}/hook:{batch}:{messages}"]
        if backlog:
            queues.insert(0, f"http://127.0.0.1:{free_port()}/nobody:{batch}:{backlog}")
        subprocess.run([sys.executable, "-m", "benchmarks.delivery_seed", *queues], env=environment, check=True)
        port = free_port()
        command = [sys.executable, "-m", "pitcairn", "serve", "--role", "worker", "--port", str(port)]
        with _running(command, environment, f"http://127.0.0.1:{port}", "/health", Path(folder)) as process:
            early = half = most = 0.0
            until = time.monotonic() + PATIENCE_SECONDS
            while (told := _told(url))["messages"] < messages:
                if time.monotonic() > until:
                    raise RuntimeError(
                        f"{told['messages']:,} of {messages:,} messages came within {PATIENCE_SECONDS} s"
                    )
                if told["messages"] > messages / 5:
                    memory = process.memory_mb()
                    early, most = early or memory, max(most, memory)
                    if told["messages"] > messages / 2:
                        half = half or memory
                time.sleep(0.1)
        if told["messages"] != messages:
            raise RuntimeError(f"{told['messages']:,} messages came, {messages:,} were queued")
    return Delivered(messages, messages / (told["last"] - told["first"]), early, half, most)


@contextlib.contextmanager
def _sink() -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.sink", str(port)]
    with _running(command, dict(os.environ), f"http://127.0.0.1:{port}", "", Path()) as process:
        urllib.request.urlopen(f"{process.url}/reset", data=b"").close()
        yield process.url


def _told(url: str) -> dict[str, float]:
    with urllib.request.urlopen(url) as response:
        told: dict[str, float] = json.load(response)
    return told
