"""How soon a conversion is seen: from its Track call to the count on the page of results, in Chromium."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from benchmarks import crowd
from benchmarks.engage_seen import EMAIL, PASSWORD, _add_owner
from benchmarks.processes import WRITE_KEY, _running, free_port

# A second goal, which `results_ask` fills the store with: the page counts both.
OFTEN = "Order Completed"
TIMES = 30
PATIENCE_MS = 60_000


def seconds_until_seen(folder: Path) -> list[float]:
    """Of each of so many conversions; in the data folder, whose event store may hold as many events as it likes."""
    environment = {**os.environ, "PITCAIRN_DATA": str(folder)}
    for module, arguments in (
        ("benchmarks.seed", ("0", "1")),
        ("benchmarks.crowd_seed", ("Benchmark", "0.3", OFTEN)),
    ):
        subprocess.run([sys.executable, "-m", module, *arguments], env=environment, check=True, capture_output=True)
    url = f"http://127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "pitcairn", "serve", "--port", url.rpartition(":")[2]]
    with (
        _running(command, environment, url, "/health", folder),
        crowd.poster(url) as post,
        sync_playwright() as playwright,
    ):
        _add_owner(folder)
        crowd.view(post, WRITE_KEY, "seen", datetime.now(UTC), crowd.FIREFOX, crowd.Log())
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(f"{url}/sign-in/")
        page.fill("[name=email]", EMAIL)
        page.fill("[name=password]", PASSWORD)
        page.click("main button")
        page.wait_for_url(f"{url}/")
        page.goto(f"{url}/experiences/1/results/", timeout=PATIENCE_MS)
        found = list(_each(page, post))
        browser.close()
    return found


def _each(page: Page, post: crowd.Post) -> Iterator[float]:
    counter = page.locator(".lately b").nth(1)
    expect(counter).to_have_text("no conversions", timeout=PATIENCE_MS)
    for number in range(1, TIMES + 1):
        began = time.monotonic()
        crowd.convert(post, WRITE_KEY, "seen", "", datetime.now(UTC), crowd.FIREFOX, crowd.Log())
        expect(counter).to_have_text(f"{number} conversion{'s'[: number > 1]}", timeout=PATIENCE_MS)
        yield time.monotonic() - began
