"""From nothing to results with the keyboard alone, and what the pages look like on the way."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.conftest import PATIENCE_MS, Complaints
from browser.dashboard.test_keyboard import choose, enter, tab_to
from browser.experiences.conftest import EXPERIENCE, LOGIN, measure, visit
from server import Server


def made(page: Page, server: Server, name: str = EXPERIENCE, host: str = "shop.example") -> str:
    """The address of the experience, which is made and started first where it is not there yet."""
    page.goto(f"{server.url}/experiences/")
    link = page.get_by_role("link", name=name, exact=True)
    if not link.count():
        create(page, server, name, host)
        page.goto(f"{server.url}/experiences/")
    return f"{server.url}{link.get_attribute('href')}"


def create(page: Page, server: Server, name: str, host: str) -> None:
    """Everything a marketer does to put an experience live, without a mouse."""
    page.goto(f"{server.url}/experiences/new/")
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    page.keyboard.type(name)
    tab_to(page, "Page")
    page.keyboard.type(f"{host}/*")
    tab_to(page, "Name of the segment")
    page.keyboard.type("Small company")

    # One condition is asked for already; a second is added and becomes "any of these".
    tab_to(page, "Name of the trait or parameter")
    page.keyboard.type("company.employee_count")
    tab_to(page, "How it compares")
    choose(page, "is less")
    tab_to(page, "Value")
    page.keyboard.type("200")
    tab_to(page, "Add condition")
    page.keyboard.press("Enter")
    expect(page.get_by_role("group", name="Condition 2").get_by_label("What")).to_be_focused()
    choose(page, "Page path")
    expect(page.get_by_role("group", name="Condition 2").get_by_label("Name of the trait or parameter")).to_be_hidden()
    tab_to(page, "How it compares")
    choose(page, "exists")
    expect(page.get_by_role("group", name="Condition 2").get_by_label("Value")).to_be_hidden()
    page.get_by_label("Visitors who match").focus()
    choose(page, "any")

    tab_to(page, "CSS selector of the element")
    page.keyboard.type("h1")
    tab_to(page, "What it becomes")
    page.keyboard.type("Made for small teams")
    tab_to(page, "Add change")
    page.keyboard.press("Enter")
    second = page.get_by_role("group", name="Change 2")
    expect(second.get_by_label("CSS selector of the element")).to_be_focused()
    page.keyboard.type(".banner")
    page.keyboard.press("Shift+Tab")
    choose(page, "Hide")
    expect(second.get_by_label("What it becomes")).to_be_hidden()

    tab_to(page, "Name of a Track event")
    page.keyboard.type(LOGIN)
    tab_to(page, "Add goal")
    page.keyboard.press("Enter")
    expect(page.get_by_role("checkbox", name=LOGIN)).to_be_checked()
    tab_to(page, "Save and start")
    enter(page)
    expect(page.get_by_role("status")).to_contain_text(f"{name} is live.")
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    expect(page.locator("main")).to_contain_text(
        "Trait company.employee_count is less than 200 or the page's path exists"
    )


def test_made_and_started_with_the_keyboard(page: Page, shop: Server, complaints: Complaints) -> None:
    made(page, shop)
    assert not complaints, complaints


def test_what_is_wrong_stands_beside_its_field(page: Page, shop: Server) -> None:
    page.goto(f"{shop.url}/experiences/new/")
    page.get_by_label("Name", exact=True).fill("Half done")
    page.get_by_label("Page", exact=True).fill("pricing")
    page.get_by_role("button", name="Save as draft").click()
    field = page.get_by_label("Page", exact=True)
    expect(field).to_be_focused()
    expect(field).to_have_value("pricing")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#page_url-error")).to_contain_text("write /pricing for that path on any host")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Half done")


def test_the_results_follow_the_visitors(page: Page, shop: Server, complaints: Complaints) -> None:
    address = made(page, shop, "Live numbers", "live.example")
    page.goto(f"{address}results/")
    expect(page.locator(".answer")).to_have_text("Nobody has seen this yet.")
    sides = [visit(shop, "https://live.example/pricing", converts=number % 3 == 0) for number in range(30)]
    assert {True, False} == set(sides)
    # The page is told of them while it is open.
    expect(page.locator(".chart-panel .chart-foot")).to_contain_text("30 visitors, 10 converted", timeout=PATIENCE_MS)
    table = page.get_by_role("table").last
    expect(table).to_contain_text(re.compile(rf"Personalized\s+{sum(sides)}\s"))
    expect(page.locator(".answer")).not_to_have_text("Nobody has seen this yet.")
    assert not complaints, complaints


@pytest.mark.parametrize("width", [360, 800, 1440])
def test_a_day_is_read_out_on_hover_and_by_the_arrow_keys(page: Page, shop: Server, width: int) -> None:
    address = made(page, shop)
    visit(shop, "https://shop.example/", converts=False)
    shop.settle()
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{address}results/")
    chart = page.locator(".chart-panel svg.chart:visible")
    expect(chart).to_have_count(1)
    day = chart.locator(".day").last
    expect(day.locator(".readout")).to_be_visible()
    day.focus()
    page.keyboard.press("Home")
    expect(chart.locator(".day").first).to_be_focused()
    expect(chart.locator(".day").first.locator(".guide")).to_have_css("visibility", "visible")
    page.mouse.move(0, 0)
    chart.locator(".strip").last.hover()
    expect(day.locator(".guide")).to_have_css("visibility", "visible")
    expect(day).to_have_accessible_name(day.get_attribute("aria-label") or "")
    sizes = chart.locator("text:visible").evaluate_all(
        "texts => texts.map(text => parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a)"
    )
    assert min(sizes) >= 11, f"The chart's text is {min(sizes):.1f} px high at {width} px"


def test_the_numbers_are_there_as_a_table(page: Page, shop: Server) -> None:
    address = made(page, shop)
    visit(shop, "https://shop.example/", converts=False)
    shop.settle()
    page.goto(f"{address}results/")
    table = page.get_by_role("table", name=f"{LOGIN} since launch, by day")
    expect(table.get_by_role("row")).not_to_have_count(0)
    assert (table.bounding_box() or {})["height"] > 20
    panel = page.locator(".chart-panel")
    before = panel.locator(".days").bounding_box() or {}
    panel.get_by_text("Show as a table").click()
    after = panel.locator(".days").bounding_box() or {}
    assert (before["height"], after["height"] > 40) == (1, True)


PAGES = {
    "list": "",
    "new": "new/",
    "one": "1/",
    "edit": "1/edit/",
    "goals": "1/goals/",
    "results": "1/results/",
    "health": "1/health/",
    "a goal": "1/goals/new/",
    "plan": "1/plan/?baseline=5&lift=20&traffic=400",
    "sharing": "1/results/sharing/",
    "sql": "1/results/sql/",
    "programme": "programme/",
    "archive": "1/archive/",
    "targeting": "1/targeting/",
    "versions": "1/versions/",
    "version": "1/versions/1/",
    "why": "why/?visitor=visitor-1&url=https%3A%2F%2Fshop.example%2F&country=DE",
    "priority": "priority/",
}


@pytest.mark.parametrize("name", PAGES)
def test_pages_are_accessible_and_fit(
    name: str, browser: Browser, page: Page, shop: Server, violations: Callable[[Page], list[str]]
) -> None:
    address = made(page, shop)
    visit(shop, "https://shop.example/", converts=True)
    shop.settle()
    experience_id = address.rstrip("/").rsplit("/", 1)[1]
    path = PAGES[name].replace("1/", f"{experience_id}/")
    if name == "health":
        measure(shop, "shop.example/", int(experience_id), views=101)
    found = []
    for scheme in ("light", "dark"):
        for width in (360, 1440):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.set_viewport_size({"width": width, "height": 800})
            page.goto(f"{shop.url}/experiences/{path}")
            wide = page.evaluate("document.documentElement.scrollWidth")
            found += [f"{scheme} {width}: {one}" for one in violations(page)]
            if wide > width:
                found.append(f"{scheme} {width}: the page is {wide} px wide")
    assert found == []


def test_the_order_is_changed_by_dragging_and_by_keyboard(page: Page, shop: Server, complaints: Complaints) -> None:
    address = made(page, shop)
    page.goto(address)
    page.get_by_role("button", name="Duplicate").click()
    page.goto(f"{shop.url}/experiences/priority/")
    rows = page.locator(".priority [data-id]")
    before = rows.evaluate_all("rows => rows.map(row => row.dataset.id)")
    rows.last.drag_to(rows.first, target_position={"x": 5, "y": 2})
    wanted = [before[-1], *before[:-1]]
    expect(rows.first).to_have_attribute("data-id", wanted[0])
    expect(page.locator(f"#up-{wanted[0]}")).to_have_count(0)  # The server has drawn the list again.
    page.reload()
    assert rows.evaluate_all("rows => rows.map(row => row.dataset.id)") == wanted
    page.locator(f"#down-{wanted[0]}").focus()
    page.keyboard.press("Enter")
    expect(rows.nth(1)).to_have_attribute("data-id", wanted[0])
    expect(page.locator(f"#up-{wanted[0]}")).to_be_visible()
    assert not complaints, complaints


def test_it_works_without_script(browser: Browser, shop: Server, session: object) -> None:
    context = browser.new_context(java_script_enabled=False, storage_state=session)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{shop.url}/experiences/new/")
    page.get_by_label("Name", exact=True).fill("Without script")
    page.get_by_label("Page", exact=True).fill("/plain")
    page.get_by_label("Name of the segment").fill("Everyone")
    page.get_by_role("button", name="Remove condition").click()
    expect(page.get_by_text("Everyone on this page.")).to_be_visible()
    page.get_by_label("CSS selector of the element").fill("h1")
    page.get_by_label("What it becomes").fill("Hello")
    page.get_by_role("button", name="Add change").click()
    page.get_by_role("group", name="Change 2").get_by_role("button", name="Remove change").click()
    page.get_by_label("Name of a Track event").fill(LOGIN)
    page.get_by_label("Name of a Track event").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Without script")
    expect(page.get_by_role("status")).to_contain_text("is saved")
    context.close()


def test_from_plan_to_promotion_with_the_keyboard(
    page: Page, shop: Server, complaints: Complaints, violations: Callable[[Page], list[str]]
) -> None:
    address = made(page, shop, "Planned", "planned.example")
    page.goto(f"{address}goals/")
    tab_to(page, "Another kind of goal")
    enter(page)
    tab_to(page, "A Track event")
    tab_to(page, "Name of the Track event")
    page.keyboard.type("Order Completed")
    tab_to(page, "Property 1")
    page.keyboard.type("total")
    tab_to(page, "Comparison 1")
    page.keyboard.type("is at least")
    tab_to(page, "Value 1")
    page.keyboard.type("50")
    tab_to(page, "Save goal")
    enter(page)
    expect(page.locator("main")).to_contain_text("Order Completed, where total is at least 50")

    page.goto(f"{address}plan/")
    for label, value in (
        ("Converted now, in percent", "5"),
        ("Smallest lift worth finding, in percent", "30"),
        ("Visitors a day who will see it", "2000"),
    ):
        tab_to(page, label)
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.type(value)
    tab_to(page, "Plan")
    enter(page)
    expect(page.locator(".answer")).to_contain_text("find a lift of 30\u00a0% or more")
    assert violations(page) == []
    tab_to(page, "Keep this plan")
    enter(page)
    expect(page.get_by_role("status")).to_contain_text("The plan is kept.")

    for number in range(40):
        visit(shop, "https://planned.example/", converts=number % 2 == 0)
    page.goto(f"{address}results/")
    expect(page.locator(".chart-panel .chart-foot")).to_contain_text("40 visitors, 20 converted", timeout=PATIENCE_MS)
    expect(page.locator(".advice")).to_contain_text("Let it run")
    _read_the_lift(page, violations)
    tab_to(page, "Promote")
    enter(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Planned")
    expect(page.locator("main")).to_contain_text("romoted")
    assert not complaints, complaints


def _read_the_lift(page: Page, violations: Callable[[Page], list[str]]) -> None:
    """The chart of the lift says its day's value, by keyboard and as a table, in light and dark, on a phone and a desk."""
    panel = page.locator(".lift-panel")
    for width in (360, 1440):
        page.set_viewport_size({"width": width, "height": 800})
        chart = panel.locator("svg.chart:visible")
        expect(chart).to_have_count(1)
        day = chart.locator(".day").last
        day.focus()
        page.keyboard.press("Home")
        expect(chart.locator(".day").first).to_be_focused()
        expect(chart.locator(".day").first.locator(".guide")).to_have_css("visibility", "visible")
        expect(chart.locator(".day").first.locator(".readout")).to_contain_text("%")
        for scheme in ("light", "dark"):
            # Without motion: axe is not to look while colours pass from the one scheme to the other.
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
            assert violations(page) == []
    tab_to(page, "Show as a table")
    page.keyboard.press("Space")
    expect(panel.get_by_role("table")).to_be_visible()
    assert (panel.get_by_role("table").bounding_box() or {})["height"] > 20
    page.emulate_media(media="print", color_scheme="light")
    expect(panel.locator("svg.chart:visible")).to_have_count(1)
    expect(panel.locator(".as-table")).to_be_hidden()
    page.emulate_media(media="screen")
