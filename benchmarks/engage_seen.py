"""How soon a person is seen to enter: from a call of Segment's Python library to the number on the page, in Chromium."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import segment.analytics as segment_analytics
from playwright.sync_api import Page, expect, sync_playwright

from benchmarks.engage import AUDIENCES, _environment, _seeded, _served
from benchmarks.processes import WRITE_KEY
from benchmarks.report import Line

EMAIL, PASSWORD = "owner@benchmark.example", "for-benchmarks-and-nothing-else"
PEOPLE = 30
PATIENCE_MS = 60_000


def engage_seen() -> Iterator[Line]:
    with _seeded(AUDIENCES, 0, 0) as (folder, _), _served(folder) as server, sync_playwright() as playwright:
        _add_owner(folder)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(f"{server.url}/sign-in/")
        page.fill("[name=email]", EMAIL)
        page.fill("[name=password]", PASSWORD)
        page.click("main button")
        page.wait_for_url(f"{server.url}/")
        page.goto(f"{server.url}/audiences/1/")
        found = sorted(_seconds_until_seen(page, server.url))
        browser.close()
    median, slowest = found[len(found) // 2], found[-1]
    yield Line(
        f"a call by Segment's Python library until the audience's page in Chromium counts the person, {PEOPLE} times",
        f"median {median:.2f} s, slowest {slowest:.2f} s",
        "–",
        "within 2 s",
        slowest < 2,
    )


def _seconds_until_seen(page: Page, url: str) -> Iterator[float]:
    client = segment_analytics.Client(WRITE_KEY, host=url, sync_mode=True)
    for number in range(1, PEOPLE + 1):
        began = time.monotonic()
        client.track(f"user-{number}", "Event 0")
        expect(page.locator(".answer b")).to_have_text(str(number), timeout=PATIENCE_MS)
        yield time.monotonic() - began


def _add_owner(folder: Path) -> None:
    command = [sys.executable, "-m", "pitcairn", "user", "add", EMAIL, "--password-stdin"]
    subprocess.run(command, env=_environment(folder), input=PASSWORD, text=True, check=True, stdout=subprocess.DEVNULL)


MEASUREMENTS: dict[str, Callable[[], Iterator[Line]]] = {"engage-seen": engage_seen}
