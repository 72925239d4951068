"""The statements that take a real analytics.js: 48, 50 and 51."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext

from clients.analytics_js import AnalyticsPage
from server import Server

pytestmark = pytest.mark.browser


def test_statement_48_stock_analytics_js_loads_and_delivers_a_page_call(
    context: BrowserContext, address: str, server: Server
) -> None:
    page = AnalyticsPage(context, address, server)
    sent = page.call("page", "Prices")
    message = server.message(sent["messageId"])
    assert message["name"] == "Prices"
    assert message["properties"]["url"] == address
    assert message["context"]["userAgent"]
    assert page.complaints == []


def test_statement_50_cloud_only_destinations_load_nothing_into_the_page(
    context: BrowserContext, address: str, server: Server
) -> None:
    page = AnalyticsPage(context, address, server)
    sent = page.call("track", "Clicked")
    assert server.message(sent["messageId"])["_metadata"]["unbundled"] == ["Mutiny"]
    assert server.message(sent["messageId"])["pitcairn"]["deliveredTo"] == ["mutiny"]
    assert page.paths() == ["/v1/projects/website-write-key/settings", "/v1/t"]


def test_statement_51_analytics_js_sends_no_metrics(context: BrowserContext, address: str, server: Server) -> None:
    page = AnalyticsPage(context, address, server)
    for n in range(3):
        page.call("track", f"Clicked {n}")
    # The library sends its metrics when the page goes.
    page.page.close(run_before_unload=True)
    assert not [path for path in page.paths() if path.startswith("/v1/m")]
    assert page.paths().count("/v1/t") == 3
