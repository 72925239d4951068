"""The pages that show what is delivered, on a server that delivers: how they look, and what can be done on them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from browser.connections.delivering import Delivering, deliver, webhook
from browser.dashboard.conftest import AXE, RULES, sign_in, violations  # noqa: F401 - a fixture
from server import Server, Template

SCREENS: list[tuple[int, Any]] = [(360, "light"), (360, "dark"), (1440, "dark"), (1440, "light")]
PAGES = {
    "delivery": "/connections/delivery/",
    "delivery, filtered": "/connections/delivery/?step=filtered&period=1h",
    "delivery, another period": "/connections/delivery/?from=2026-01-01T00:00&to=2026-01-02T00:00",
    "requests": "/connections/delivery/requests/",
    "requests, none": "/connections/delivery/requests/?message=none",
    "alerts": "/connections/delivery/alerts/",
    "new alert": "/connections/delivery/alerts/new/?kind=lag",
    "an alert": "/connections/delivery/alerts/1/",
    "a destination": "{base}/delivery/",
    "its settings": "{base}/",
    "test": "{base}/test/",
    "queue": "{base}/queue/",
    "dead letters": "{base}/dead-letters/",
    "a dead letter": "{letter}",
}


@pytest.fixture(scope="module")
def delivering(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Delivering]:
    server = Server(template, tmp_path_factory.mktemp("server"), {"PITCAIRN_DELIVERY_NETWORKS": "127.0.0.0/8"})
    try:
        with webhook() as (url, got):
            yield deliver(server.start(), url, got)
    finally:
        server.remove()


@pytest.fixture(scope="module")
def session(browser: Browser, delivering: Delivering) -> Any:
    with closing(browser.new_context()) as context:
        page = context.new_page()
        sign_in(page, delivering.server)
        # An alert to look at.
        page.goto(f"{delivering.server.url}/connections/delivery/alerts/new/?kind=success_rate")
        page.get_by_label("Email to").fill("ops@acme.example")
        page.get_by_role("button", name="Create alert").click()
        expect(page.get_by_role("link", name="Deliveries fail")).to_be_visible()
        return context.storage_state()


@pytest.fixture
def member(context: BrowserContext, session: Any) -> BrowserContext:
    context.add_cookies(session["cookies"])
    return context


def first_letter(page: Page, delivering: Delivering) -> str | None:
    """The address of the first dead letter; they come back a little after they were sent again."""
    page.goto(f"{delivering.server.url}{delivering.base}/dead-letters/")
    links = page.locator("#letters tbody a")
    return links.first.get_attribute("href") if links.count() else None


def test_pages_fit_and_are_accessible(browser: Browser, delivering: Delivering, session: Any) -> None:
    """Each page is loaded once and looked at on every screen; in other colours only the contrast can differ."""
    context = browser.new_context(storage_state=session, reduced_motion="reduce")
    page = context.new_page()
    letter = delivering.server.wait_until(lambda: first_letter(page, delivering), "A dead letter")
    wrong: list[str] = []
    page.on("console", lambda said: wrong.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    axe = AXE.read_text()
    failures: list[str] = []
    for name, address in PAGES.items():
        page.goto(delivering.server.url + address.format(base=delivering.base, letter=letter))
        for folded in page.locator("main summary").all()[:2]:
            folded.click()
        page.evaluate(axe)
        if page.locator("h1").inner_text() == "There is nothing at this address":
            failures.append(f"{name}: is not there")
        for width, scheme in SCREENS:
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            chosen = (
                {"type": "tag", "values": RULES}
                if scheme == "light"
                else {"type": "rule", "values": ["color-contrast"]}
            )
            found = page.evaluate(
                "chosen => axe.run(document, {runOnly: chosen}).then(result => result.violations)", chosen
            )
            failures += [
                f"{name} at {width} px, {scheme}: {one['id']}: {one['help']}: {node['html'][:160]}"
                for one in found
                for node in one["nodes"]
            ]
            excess = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            if excess > 0:
                failures.append(f"{name} at {width} px, {scheme}: scrolls sideways by {excess} px")
        failures += [f"{name}: {said}" for said in wrong]
        wrong.clear()
    context.close()
    assert not failures, "\n".join(failures)


def test_from_the_loss_to_the_request_that_failed(member: BrowserContext, delivering: Delivering) -> None:
    page = member.new_page()
    page.goto(f"{delivering.server.url}/connections/delivery/")
    steps = page.get_by_role("navigation", name="Steps of delivery")
    steps.get_by_role("link", name=re.compile("Failed")).click()
    expect(steps.locator("[aria-current]")).to_contain_text("Failed")
    page.get_by_role("link", name="400 Bad Request").click()
    sample = page.locator("details.sample", has_text="Order Refunded").first
    sample.locator("summary").click()
    expect(sample).to_contain_text("no Order Refunded here")
    expect(sample).to_contain_text("/hook")
    sample.get_by_role("link", name="every request that carried it").click()
    expect(page.get_by_role("searchbox", name="Message id")).not_to_have_value("")
    expect(page.locator("details.sample strong").first).to_have_text("Order Refunded")
    assert set(page.locator("details.sample strong").all_inner_texts()) == {"Order Refunded"}


def test_the_chart_is_one_stop_and_is_walked_with_the_arrows(member: BrowserContext, delivering: Delivering) -> None:
    page = member.new_page()
    page.goto(f"{delivering.server.url}{delivering.base}/delivery/?period=1h")
    chart = page.locator("svg.chart:visible")
    last = chart.locator(".day.last")
    last.focus()
    expect(chart.locator(".day[tabindex='0']")).to_have_count(1)
    page.keyboard.press("ArrowLeft")
    before = chart.locator(".day:focus")
    expect(before).to_have_attribute("aria-label", re.compile("arrived"))
    expect(before.locator(".readout")).to_be_visible()
    expect(last.locator(".readout")).to_be_hidden()


def fits_and_is_accessible(page: Page, violations: Callable[[Page], list[str]]) -> None:  # noqa: F811
    """Looks at what is on the page now, on every screen: what an answer shows has no address to come back to."""
    for width, scheme in SCREENS:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        assert violations(page) == [], (width, scheme)
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, width


def test_a_test_reaches_the_destination(
    member: BrowserContext,
    delivering: Delivering,
    violations: Callable[[Page], list[str]],  # noqa: F811
) -> None:
    page = member.new_page()
    page.goto(f"{delivering.server.url}{delivering.base}/test/")
    page.get_by_role("link", name="Track", exact=True).click()
    field = page.get_by_role("textbox", name="Message")
    field.fill(field.input_value().replace("Order Completed", "Tested by hand"))
    page.get_by_role("button", name="Send to Data warehouse").click()
    expect(page.get_by_text("Delivered.")).to_be_visible()
    assert any(message["event"] == "Tested by hand" for message in delivering.got)
    expect(page.get_by_role("heading", name=re.compile("status 200"))).to_be_visible()
    fits_and_is_accessible(page, violations)


def test_the_page_that_shows_a_key_once(
    member: BrowserContext,
    delivering: Delivering,
    violations: Callable[[Page], list[str]],  # noqa: F811
) -> None:
    page = member.new_page()
    page.goto(f"{delivering.server.url}/connections/sources/new/")
    page.get_by_label("Name").fill("Another from Segment")
    page.get_by_label("Where do the calls come from?").select_option("segment")
    page.get_by_role("button", name="Create source").click()
    expect(page.get_by_text("Copy it now")).to_be_visible()
    fits_and_is_accessible(page, violations)


def test_everything_works_without_script(browser: Browser, delivering: Delivering, session: Any) -> None:
    context = browser.new_context(java_script_enabled=False, storage_state=session)
    page = context.new_page()
    page.goto(f"{delivering.server.url}/connections/delivery/")
    page.get_by_role("link", name="1 hour").click()
    page.wait_for_url("**period=1h**")
    page.get_by_role("combobox", name="Source").select_option(label="website")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**source=**")
    page.get_by_role("link", name="Data warehouse").click()
    page.get_by_role("link", name="Dead letters", exact=True).click()
    expect(page.get_by_role("row", name=re.compile("400 Bad Request")).first).to_be_visible()
    before = sum(message["event"] == "Order Refunded" for message in delivering.got)
    page.get_by_role("button", name=re.compile("Send again")).first.click()
    expect(page.get_by_role("status")).to_contain_text("queued for Data warehouse again")
    delivering.server.wait_until(
        lambda: sum(message["event"] == "Order Refunded" for message in delivering.got) > before or None,
        "A dead letter at the webhook again",
    )
    context.close()
