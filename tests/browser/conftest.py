"""A real Chromium for the tests that drive one, and what they all want to know of a page."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from server import PATIENCE_SECONDS

# A switch that is given twice counts once, the last time: what Playwright switches off for every Chromium is named again.
FEATURES_OF_PLAYWRIGHT = (
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable",
    "LensOverlay",
    "MediaRouter",
    "PaintHolding",
    "ThirdPartyStoragePartitioning",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "OptimizationHints",
    "NetworkTimeServiceQuerying",
    "AimEnabled",
    "PreconnectToSearch",
)
# The address bar, which nobody sees, prepares two pages of its own for every window: half a second of processor time.
FEATURES_OF_THE_ADDRESS_BAR = ("WebUIOmniboxPopup", "WebUIOmniboxAimPopup")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-features=" + ",".join(FEATURES_OF_PLAYWRIGHT + FEATURES_OF_THE_ADDRESS_BAR),
)
PATIENCE_MS = PATIENCE_SECONDS * 1000

expect.set_options(timeout=PATIENCE_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


def chromium_path() -> str:
    """Debian's Chromium, or the one that `CHROMIUM` names."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not found:
        raise FileNotFoundError("No Chromium found; install Debian's package `chromium`, or name one in CHROMIUM.")
    return found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium per module.

    Not per session: Playwright's event loop counts as running in this thread until it is stopped, and then neither
    Django's ORM nor `asyncio.run` work in the tests of other rooms that come after.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(FLAGS), timeout=PATIENCE_MS)
        be_patient(browser)
        yield browser
        browser.close()


def be_patient(browser: Browser) -> None:
    """Every context of this browser waits as long as everything else: Playwright has no other place to say so for all."""
    make = browser.new_context

    def new_context(**options: Any) -> BrowserContext:
        context = make(**options)
        context.set_default_timeout(PATIENCE_MS)
        return context

    browser.new_context = new_context  # type: ignore[method-assign]


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser profile of its own for each test: no cookies, no storage."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-US")
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@dataclass
class Complaints:
    """What a page wrote to its console as a warning or an error, and what it threw."""

    console: list[str] = field(default_factory=list)
    thrown: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.console or self.thrown)


@pytest.fixture
def complaints(page: Page) -> Complaints:
    """Collects the complaints of `page` from here on. Falsy as long as there are none."""
    complaints = Complaints()
    page.on(
        "console",
        lambda message: complaints.console.append(message.text) if message.type in {"warning", "error"} else None,
    )
    page.on("pageerror", lambda error: complaints.thrown.append(str(error)))
    return complaints
