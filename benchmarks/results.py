"""Results of one experience over many events, and a crowd of visitors whose counts are compared with an independent count."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import crowd
from benchmarks.processes import WRITE_KEY, _running, free_port
from benchmarks.report import Line
from benchmarks.results_seen import seconds_until_seen
from pitcairn.stats import Arm, Counts, Estimate, SplitCheck, check_split, compare

EVENTS = int(os.environ.get("PITCAIRN_BENCH_RESULTS_EVENTS", "100000000"))
PEOPLE = int(os.environ.get("PITCAIRN_BENCH_CROWD", "50000"))
ROUNDS = 5
CONTROL = 0.3
PATIENCE_SECONDS = 1800


def results() -> Iterator[Line]:
    with tempfile.TemporaryDirectory(prefix="pitcairn-benchmark-") as folder:
        command = [sys.executable, "-m", "benchmarks.results_ask", str(EVENTS), str(ROUNDS)]
        environment = {**os.environ, "PITCAIRN_DATA": folder}
        done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
        seen = sorted(seconds_until_seen(Path(folder)))
    told = json.loads(done.stdout)
    ours, bare = median(told["ours"]), median(told["bare"])
    yield Line(
        f"results of one experience over {EVENTS:,} events ({told['visitors']:,} visitors)",
        f"{ours:.2f} s, {ours / bare:.1f} times the bare query",
        f"{bare:.2f} s",
        "at most 2 s, and 3 times",
        ours <= 2 and ours <= 3 * bare,
    )
    yield Line(
        f"in that store, a Track call until the page of results in Chromium counts the conversion, {len(seen)} times",
        f"median {median(seen):.2f} s, slowest {seen[-1]:.2f} s",
        "–",
        "within 2 s",
        seen[-1] < 2,
    )
    version = median(told["version"])
    yield Line("whether anything came, asked every second", f"{version * 1000:.0f} ms", "–", "under 1 s", version < 1)


def experiment_same() -> Iterator[Line]:
    """A/A: the same rate on both sides."""
    yield from _crowd("A/A", (0.08, 0.08))


def experiment_better() -> Iterator[Line]:
    """A/B: a quarter more on the personalized side."""
    yield from _crowd("A/B", (0.08, 0.10))


def _crowd(name: str, rates: tuple[float, float]) -> Iterator[Line]:
    with tempfile.TemporaryDirectory(prefix="pitcairn-benchmark-") as data:
        environment = {**os.environ, "PITCAIRN_DATA": data}
        for module, arguments in (
            ("benchmarks.seed", ("0", "1")),
            ("benchmarks.crowd_seed", ("Benchmark", str(CONTROL))),
        ):
            subprocess.run([sys.executable, "-m", module, *arguments], env=environment, check=True, capture_output=True)
        url = f"http://127.0.0.1:{free_port()}"
        command = [sys.executable, "-m", "pitcairn", "serve", "--port", url.rpartition(":")[2]]
        with _running(command, environment, url, "/health", Path(data)), crowd.poster(url) as post:
            log = crowd.send(post, people=PEOPLE, write_key=WRITE_KEY, rates=rates, seed=name.replace("/", ""))
            counted = crowd.count(log)
            wanted = crowd.sides(counted)
            found = _settled(environment, wanted)
    told = crowd.arms_of(found)
    split = check_split([Counts((CONTROL, 1 - CONTROL), (told[0][0], told[1][0]))])
    p_value = split.p_value if isinstance(split, SplitCheck) and isinstance(split.p_value, float) else 0.0
    lift = compare(Arm(*told[0]), Arm(*told[1])).lift
    true = rates[1] / rates[0] - 1
    covers = isinstance(lift, Estimate) and lift.low <= true <= lift.high
    who = f"{name} with {PEOPLE:,} people through HTTP"
    yield Line(f"{who}: counts", f"{told}", f"{wanted}", "the same to the visitor", told == wanted)
    yield Line(f"{who}: split, p of chi-square", f"{p_value:.3f}", "–", "above 0.001", p_value > 0.001)
    interval = f"{lift.low:+.1%} to {lift.high:+.1%}" if isinstance(lift, Estimate) else "none"
    yield Line(f"{who}: interval of the lift", interval, f"{true:+.1%} in truth", "holds the truth", covers)


def _settled(environment: dict[str, str], wanted: object) -> dict[str, Any]:
    """The results, as soon as all that was sent is counted; or as they stand when that takes too long."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        command = [sys.executable, "-m", "pitcairn", "results", "Crowd", "--json"]
        done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
        found: dict[str, Any] = json.loads(done.stdout)
        if crowd.arms_of(found) == wanted or time.monotonic() > deadline:
            return found
        time.sleep(1)


MEASUREMENTS: dict[str, Callable[[], Iterator[Line]]] = {
    "results": results,
    "experiment-same": experiment_same,
    "experiment-better": experiment_better,
}
