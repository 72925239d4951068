"""Two ways to ask: as fast as the answers come (`flood`), and at a given rate whatever the answers do (`pace`).

Latencies of `pace` count from when a request was due, so that a server that stalls is charged for everything it delayed. Each
runs in a process of its own: `python -m benchmarks.load flood|pace KIND URL …` prints JSON.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import uvloop

from benchmarks import bodies

KINDS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "track": ("/v1/track", bodies.single),
    "batch10": ("/v1/batch", lambda: bodies.batch(10)),
    "batch100": ("/v1/batch", lambda: bodies.batch(100)),
    "decide": ("/v1/decide", bodies.decide),
}
_PREPARED = 2_000


@dataclass
class Result:
    """What a load did. Latencies are seconds, sorted."""

    requests: int
    failed: int
    seconds: float
    latencies: list[float]

    @property
    def rate(self) -> float:
        return self.requests / self.seconds

    def percentile(self, percent: float) -> float:
        return self.latencies[min(int(len(self.latencies) * percent / 100), len(self.latencies) - 1)]


class _Connection(asyncio.Protocol):
    """One keep-alive connection: writes a request, and says when its answer is whole."""

    def __init__(self) -> None:
        self.transport: Any = None
        self._buffer = b""
        self._done: asyncio.Future[bool] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end].lower()
        start = head.index(b"content-length:") + 15
        length = int(head[start:].split(b"\r\n", 1)[0])
        if len(self._buffer) >= end + 4 + length:
            ok = head.startswith(b"http/1.1 200")
            self._buffer = b""
            if self._done is not None and not self._done.done():
                self._done.set_result(ok)

    def connection_lost(self, error: Exception | None) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_result(False)

    async def ask(self, request: bytes) -> bool:
        self._done = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self._done


def _requests(kind: str, host: str, count: int) -> Iterator[bytes]:
    path, body = KINDS[kind]
    for _ in range(count):
        content = body()
        yield (
            f"POST {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {bodies.USER_AGENT}\r\nContent-Type: text/plain\r\n"
            f"Content-Length: {len(content)}\r\n\r\n"
        ).encode() + content


async def _connect(url: str, count: int) -> list[_Connection]:
    parts = urlsplit(url)
    loop = asyncio.get_running_loop()
    pairs = [await loop.create_connection(_Connection, parts.hostname, parts.port) for _ in range(count)]
    return [protocol for _, protocol in pairs]


async def _flood(kind: str, url: str, count: int, connections: int) -> Result:
    """Sends `count` new requests over so many connections, each as soon as the one before it is answered."""
    waiting = deque(_requests(kind, urlsplit(url).netloc, count))
    latencies: list[float] = []
    failed = 0

    async def work(connection: _Connection) -> None:
        nonlocal failed
        while waiting:
            request = waiting.popleft()
            began = time.perf_counter()
            failed += not await connection.ask(request)
            latencies.append(time.perf_counter() - began)

    pool = await _connect(url, connections)
    began = time.perf_counter()
    await asyncio.gather(*(work(connection) for connection in pool))
    return Result(len(latencies), failed, time.perf_counter() - began, sorted(latencies))


async def _pace(kind: str, url: str, rate: float, seconds: float) -> Result:
    """Sends `rate` requests a second for so long, evenly, each on whatever connection is free."""
    host, total = urlsplit(url).netloc, int(rate * seconds)
    source = _requests(kind, host, total)
    ready: deque[bytes] = deque()
    free: deque[_Connection] = deque(await _connect(url, 16))
    latencies: list[float] = []
    failed = 0

    async def one(due: float, request: bytes) -> None:
        nonlocal failed
        connection = free.popleft() if free else (await _connect(url, 1))[0]
        failed += not await connection.ask(request)
        latencies.append(time.perf_counter() - due)
        free.append(connection)

    ready.extend(itertools.islice(source, _PREPARED))
    tasks = set()
    began = time.perf_counter()
    for number in range(total):
        due = began + number / rate
        delay = due - time.perf_counter()
        if delay > 0:
            await asyncio.sleep(delay)
        request = ready.popleft() if ready else next(source)
        task = asyncio.create_task(one(due, request))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    await asyncio.gather(*tasks)
    return Result(len(latencies), failed, time.perf_counter() - began, sorted(latencies))


def start(way: str, kind: str, url: str, *numbers: float) -> subprocess.Popen[str]:
    """Starts a load in its own process."""
    command = [sys.executable, "-m", "benchmarks.load", way, kind, url, *map(str, numbers)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen[str]) -> Result:
    """Waits for a load and reads its result. Raises when it failed, or when any of its requests did."""
    output, _ = process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"a load ended with {process.returncode}")
    result = Result(**json.loads(output))
    if result.failed:
        raise RuntimeError(f"{result.failed} of {result.requests} requests were not answered 200")
    return result


if __name__ == "__main__":
    way, kind, url, *rest = sys.argv[1:]
    job = (
        _flood(kind, url, int(float(rest[0])), int(float(rest[1])))
        if way == "flood"
        else _pace(kind, url, float(rest[0]), float(rest[1]))
    )
    print(json.dumps(uvloop.run(job).__dict__))
