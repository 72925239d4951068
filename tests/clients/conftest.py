"""A Chromium, and a website that carries analytics.js, for the tests that need them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from browser.conftest import browser, context
from clients.analytics_js import website

__all__ = ["browser", "context"]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with website(tmp_path_factory.mktemp("website")) as address:
        yield address
