"""Traffic for the demo website: real HTTP, as thousands of visitors would send it.

Every visitor comes twice. First unknown, and some sign in, so that their company becomes known; later again, and now an
experience may be made for them. What was sent is counted, so that results can be compared with it.
"""

import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any

from pitcairn.demo.browser import Browser, Line
from pitcairn.demo.visitors import Visitor, visitor

CONNECTIONS = 8
PATIENCE_SECONDS = 60.0
"""How long a visitor whom an experience is made for is waited for to be known: the worker may be behind."""

ASK_AGAIN_SECONDS = 0.1


class Traffic:
    """One run. `progress(visits)` is called as visits are done, of `2 * visitors` in all."""

    def __init__(
        self,
        *,
        host: str,
        write_key: str,
        site: str,
        visitors: int,
        seed: str,
        goal: str,
        progress: Callable[[int], None] = lambda visits: None,
    ) -> None:
        self._visitors = visitors
        self._seed = seed
        self._write_key = write_key
        self._site = site
        self._goal = goal
        self._host = host
        self._progress = progress
        self._lock = threading.Lock()
        self._lines: queue.SimpleQueue[Line] = queue.SimpleQueue()
        self._all_lines: list[Line] = []
        self._browsers: dict[int, Browser] = {}
        self._stop = threading.Event()
        self._waits = True
        self._outcomes: Counter[tuple[str, ...]] = Counter()

    def run(self) -> dict[str, Any]:
        """Sends everything and returns what was sent. Raises UnreachableError when the server does not play along."""
        started = time.monotonic()
        self._all_lines = [Line(self._host, Counter()) for _ in range(min(CONNECTIONS, self._visitors) or 1)]
        for line in self._all_lines:
            self._lines.put(line)
        try:
            with ThreadPoolExecutor(len(self._all_lines), thread_name_prefix="visitor") as pool:
                for visit in (self._first_visit, self._second_visit):
                    self._all(pool, visit)
        finally:
            for line in self._all_lines:
                line.close()
        return self._summary(time.monotonic() - started)

    def _all(self, pool: ThreadPoolExecutor, visit: Callable[[int], None]) -> None:
        tasks = [pool.submit(self._unless_stopped, visit, number) for number in range(self._visitors)]
        try:
            done, _ = wait(tasks, return_when=FIRST_EXCEPTION)
        except BaseException:
            self._stop.set()
            raise
        for task in done:
            if task.exception() is not None:
                self._stop.set()
                task.result()

    def _unless_stopped(self, visit: Callable[[int], None], number: int) -> None:
        if not self._stop.is_set():
            visit(number)
            self._progress(1)

    @contextmanager
    def _browser(self, number: int) -> Iterator[Browser]:
        """The visitor's browser, on a connection that is free."""
        line = self._lines.get()
        try:
            browser = self._browsers.get(number)
            if browser is None:
                browser = Browser(visitor(self._seed, number), line, self._write_key, self._site)
                self._browsers[number] = browser
            browser.use(line)
            yield browser
        finally:
            self._lines.put(line)

    def _first_visit(self, number: int) -> None:
        with self._browser(number) as browser:
            self._see(browser, browser.open("/", campaign=True))
            if browser.visitor.user_id:
                browser.open("/pricing.html")
                browser.identify()

    def _second_visit(self, number: int) -> None:
        with self._browser(number) as browser:
            person = browser.visitor
            decisions = browser.open("/")
            deadline = time.monotonic() + PATIENCE_SECONDS
            while not decisions and person.kind == "small" and self._waits and not self._stop.is_set():
                if time.monotonic() > deadline:
                    self._waits = False  # nothing is made for anyone here; the others need not wait for it
                    break
                self._stop.wait(ASK_AGAIN_SECONDS)
                decisions = browser.decide()
            personalized = self._see(browser, decisions)
            converted = person.converts(personalized=personalized)
            if converted:
                browser.track(self._goal, {"place": "header"})
        with self._lock:
            self._outcomes["visitors", person.kind] += 1
            if converted:
                self._outcomes["converted", person.kind] += 1
            for decision in decisions:
                arm = "personalized" if decision["personalized"] else "control"
                key = decision["experience"]["name"], decision["audienceSegment"]["name"], arm
                self._outcomes["exposed", *key] += 1
                self._outcomes["convertedExposed", *key] += converted

    @staticmethod
    def _see(browser: Browser, decisions: list[dict[str, Any]]) -> bool | None:
        """Reports each decision as seen; whether any of them changed the page, None when there was none."""
        for decision in decisions:
            browser.expose(decision)
        return any(decision["personalized"] for decision in decisions) if decisions else None

    def _summary(self, seconds: float) -> dict[str, Any]:
        sent: Counter[str] = Counter()
        for line in self._all_lines:
            sent.update(line.counts)
        requests, again = sent.pop("requests"), sent.pop("sentAgain", 0)
        experiences: dict[tuple[str, str], dict[str, Any]] = {}
        for (what, *key), count in self._outcomes.items():
            if what in {"exposed", "convertedExposed"}:
                experience, segment, arm = key
                row = experiences.setdefault(
                    (experience, segment),
                    {
                        "experience": experience,
                        "audienceSegment": segment,
                        "personalized": {"visitors": 0, "converted": 0},
                        "control": {"visitors": 0, "converted": 0},
                    },
                )
                row[arm]["visitors" if what == "exposed" else "converted"] = count
        return {
            "seed": self._seed,
            "host": self._host,
            "visitors": self._visitors,
            "kinds": {kind: self._outcomes["visitors", kind] for kind in ("small", "large", "anonymous")},
            "converted": sum(count for (what, *_), count in self._outcomes.items() if what == "converted"),
            "experiences": [experiences[key] for key in sorted(experiences)],
            "messages": {"total": sum(sent.values()), **dict(sorted(sent.items())), "sentAgain": again},
            "requests": requests,
            "seconds": round(seconds, 2),
            "requestsPerSecond": round(requests / seconds) if seconds else 0,
        }


def people(seed: str, count: int) -> list[Visitor]:
    """Who comes in a run with this seed."""
    return [visitor(seed, number) for number in range(count)]
