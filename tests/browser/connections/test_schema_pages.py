"""Schemas and tracking plans in a browser: narrow and wide, light and dark; nothing scrolls sideways, WCAG 2.2 AA."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from browser.dashboard.conftest import session, violations  # noqa: F401 - fixtures
from server import Server, Template, running, unique

SCREENS = [(360, "light"), (360, "dark"), (1440, "light"), (1440, "dark")]
LONG = "Newsletter Subscribed " * 8


@pytest.fixture(scope="module")
def server(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of its own: a plan changes what a source may send."""
    with running(Server(template, tmp_path_factory.mktemp("server"))) as server:
        bought = {
            "order_id": "1",
            "total": 5,
            "coupon": None,
            "cart": {"shipping": {"a-rather-long-name-" * 4: 1}},
            "items": [{"sku": 1}],
        }
        events = [
            ("Order Completed", bought),
            ("Order Completed", {**bought, "total": "5"}),
            (LONG, {}),
            ("Order Completed", bought),
        ]
        for event, properties in events:
            server.send("/v1/track", {"userId": unique(), "event": event, "properties": properties})
        server.send("/v1/identify", {"userId": unique(), "traits": {"plan": "pro"}})
        server.settle()
        yield server


@pytest.fixture(scope="module")
def addresses(browser: Browser, server: Server, session: Any) -> dict[str, str]:  # noqa: F811
    """Makes a plan as a person would, has it broken, and returns the pages to look at."""
    context = browser.new_context(storage_state=session)
    page = context.new_page()
    page.goto(f"{server.url}/connections/sources/")
    page.get_by_role("link", name="website", exact=True).click()
    page.get_by_role("link", name="Schema").click()
    page.wait_for_load_state()
    schema = page.url
    page.get_by_role("link", name="Make a tracking plan").click()
    page.get_by_text("Allow no other properties").click()
    page.get_by_role("button", name="Make the plan").click()
    page.wait_for_load_state()
    plan = page.url
    page.get_by_role("link", name="Settings", exact=True).last.click()
    page.get_by_role("checkbox", name="website Website", exact=True).check()
    page.get_by_role("button", name="Save").click()
    page.get_by_text("holds for what comes from now on").wait_for()
    server.send("/v1/track", {"userId": unique(), "event": "Order Completed", "properties": {"total": 5, "more": 1}})
    warned = unique()
    server.send(
        "/v1/track", {"userId": unique(), "event": "Order Completed", "messageId": warned, "properties": {"more": 1}}
    )
    server.settle()
    page.goto(schema)
    page.get_by_role("link", name="Order Completed").click()
    page.wait_for_load_state()
    event = page.url
    context.close()
    rule = "rule/?edit=1&type=track&event=Order%20Completed"
    tabs = ("", rule, "rule/", "add/", "violations/", "try/", "settings/", "delete/")
    return {
        "schema": schema,
        "schema, nothing found": f"{schema}?q=nothing-like-this",
        "an event": event,
        "plans": f"{server.url}/connections/tracking-plans/",
        "new plan": f"{server.url}/connections/tracking-plans/new/",
        "debugger": f"{server.url}/connections/debugger/?paused=1&message=accepted:{warned}",
        **{f"plan {tab}": plan + tab for tab in tabs},
    }


@pytest.mark.parametrize(("width", "scheme"), SCREENS, ids=str)
def test_pages_fit_and_are_accessible(
    browser: Browser,
    addresses: dict[str, str],
    session: Any,  # noqa: F811
    violations: Callable[[Page], list[str]],  # noqa: F811
    width: int,
    scheme: Any,
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, storage_state=session)
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda said: wrong.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    failures = {}
    for name, address in addresses.items():
        wrong.clear()
        answer = page.goto(address)
        found = violations(page)
        if answer is None or answer.status != 200:
            found.append("was not answered with 200")
        excess = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if excess > 0:
            found.append(f"scrolls sideways by {excess} px")
        if found + wrong:
            failures[name] = found + wrong
    context.close()
    assert not failures, "\n".join(f"{name}:\n  " + "\n  ".join(found) for name, found in failures.items())


def test_what_was_broken_is_told_everywhere(browser: Browser, addresses: dict[str, str], session: Any) -> None:  # noqa: F811
    context = browser.new_context(storage_state=session)
    page = context.new_page()
    for name, said in (
        ("schema", "Breaks its rule"),
        ("an event", "is not in the plan"),
        ("plan violations/", "properties.more"),
        ("plan try/", "2 of 7 messages break the plan"),
        ("debugger", "Breaks the tracking plan."),
    ):
        page.goto(addresses[name])
        page.get_by_text(said).first.wait_for()
    context.close()
