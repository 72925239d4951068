"""Starts and stops what is measured."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

WRITE_KEY = "benchmark-key"
READY_SECONDS = 60


@dataclass(frozen=True)
class Running:
    """A process that answers at `url`."""

    url: str
    pid: int
    data: Path

    def cpu_seconds(self) -> float:
        """Processor time used so far, all threads."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self) -> float:
        """Resident memory."""
        line = next(
            line for line in Path(f"/proc/{self.pid}/status").read_text().splitlines() if line.startswith("VmRSS")
        )
        return int(line.split()[1]) / 1024


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def bare() -> Iterator[Running]:
    """The reference application, in the server that Pitcairn runs in."""
    port = free_port()
    command = [
        sys.executable, "-m", "uvicorn", "benchmarks.bare:app", "--port", str(port), "--no-access-log",
        "--log-level", "warning", "--loop", "uvloop", "--http", "httptools", "--no-proxy-headers", "--no-server-header",
    ]  # fmt: skip
    with _running(command, dict(os.environ), f"http://127.0.0.1:{port}", "/", Path()) as process:
        yield process


@contextlib.contextmanager
def pitcairn(role: str = "all", experiences: int = 5, segments: int = 1) -> Iterator[Running]:
    """A seeded Pitcairn in a data folder of its own, which is gone afterwards."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="pitcairn-benchmark-") as folder:
        environment = {**os.environ, "PITCAIRN_DATA": folder}
        subprocess.run(
            [sys.executable, "-m", "benchmarks.seed", str(experiences), str(segments)], env=environment, check=True
        )
        command = [sys.executable, "-m", "pitcairn", "serve", "--role", role, "--port", str(port)]
        with _running(command, environment, f"http://127.0.0.1:{port}", "/health", Path(folder)) as process:
            yield process


@contextlib.contextmanager
def _running(command: list[str], environment: dict[str, str], url: str, path: str, data: Path) -> Iterator[Running]:
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        _wait_until_it_answers(process, url + path)
        yield Running(url, process.pid, data)
    finally:
        process.terminate()
        process.wait(30)


def _wait_until_it_answers(process: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{url} did not start: its process ended with {process.returncode}")
        with contextlib.suppress(OSError):
            urllib.request.urlopen(url, data=b"" if url.endswith("/") else None, timeout=1).close()
            return
        time.sleep(0.05)
    raise RuntimeError(f"{url} did not answer within {READY_SECONDS} s")
