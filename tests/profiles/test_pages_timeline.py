"""What a person did: filtered, and one page at a time."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from django.test import Client

from pages import *  # noqa: F403 - the fixtures that tests of pages share
from pages import message, person, source, text
from pitcairn.eventstore import EventStore
from pitcairn.workspaces.models import Workspace

pytestmark = pytest.mark.django_db(databases="__all__")

NOON = 1_793_620_800.0


@pytest.fixture
def busy(workspace: Workspace, store: EventStore) -> int:
    """Somebody with 120 messages: three every second, of three kinds, each second later than the one before."""
    website = source(workspace)
    busy = person(workspace, {"user_id": ["usr_1"]})
    kinds = [("track", "Order Completed"), ("track", "Product: Viewed"), ("identify", "")]
    store.insert(
        "messages",
        [
            message(
                workspace,
                website.id,
                message_id=f"m-{number:03}",
                profile_id=busy,
                type=kinds[number % 3][0],
                event=kinds[number % 3][1],
                properties=f'{{"number": "n{number:03}"}}' if number % 3 < 2 else "",
                traits=f'{{"number": "n{number:03}"}}' if number % 3 == 2 else "",
                timestamp=NOON + number // 3,
                received_at=NOON + 1000 + number // 3,
            )
            for number in range(120)
        ],
    )
    return busy


def numbers(page: Any) -> list[str]:
    """The messages on the page, by the number each says."""
    return re.findall(r'<span class="clip">number: n(\d+)', page.content.decode())


def link(page: Any, words: str) -> str | None:
    found = re.search(rf'<a href="([^"]+)">{words}</a>', page.content.decode())
    return found.group(1).replace("&amp;", "&") if found else None


def test_page_after_page_shows_everything_once(client: Client, busy: int) -> None:
    page = client.get(f"/people/{busy}/")
    assert link(page, "Newest") is None
    seen = numbers(page)
    assert seen[0] == "119"
    while (older := link(page, "Earlier")) is not None:
        page = client.get(older)
        seen += numbers(page)
        assert link(page, "Newest") is not None
    assert seen == [f"{number:03}" for number in reversed(range(120))]


def test_the_timeline_is_filtered_by_type_and_event(client: Client, busy: int) -> None:
    page = client.get(f"/people/{busy}/")
    choices = re.findall(r'<option value="([^"]*)"[^>]*>([^<]+)<', page.content.decode())
    assert choices == [
        ("", "All messages"),
        ("track", "Track calls (80)"),
        ("identify", "Identify calls (40)"),
        ("track:Order Completed", "Order Completed (40)"),
        ("track:Product: Viewed", "Product: Viewed (40)"),
    ]
    for show, remainders in (
        ("identify", {2}),
        ("track:Product: Viewed", {1}),
        ("track", {0, 1}),
        ("nonsense", {0, 1, 2}),
    ):
        found = numbers(client.get(f"/people/{busy}/", {"show": show}))
        assert {int(number) % 3 for number in found} == remainders, show
    page = client.get(f"/people/{busy}/", {"show": "track:Never"})
    assert "Nothing matches" in text(page)
    assert "Never (0)" in text(page)


def test_the_timeline_is_searched(client: Client, busy: int) -> None:
    assert numbers(client.get(f"/people/{busy}/", {"find": "N077"})) == ["077"]
    assert numbers(client.get(f"/people/{busy}/", {"find": "product:", "show": "track"}))[0] == "118"
    assert len(numbers(client.get(f"/people/{busy}/", {"find": "/pricing"}))) == 50
    assert "Nothing matches" in text(client.get(f"/people/{busy}/", {"find": "%"}))


def test_a_page_keeps_the_filter(client: Client, busy: int) -> None:
    first = client.get(f"/people/{busy}/", {"show": "track"})
    address = link(first, "Earlier")
    assert address is not None
    second = numbers(client.get(address))
    assert len(second) == 30
    assert all(int(number) % 3 < 2 for number in second)


@pytest.mark.parametrize("before", ["x", "1", "1.2", "..", "9" * 30 + ".1.a", "-1.1.a", "1.x.a"])
def test_an_address_that_cannot_be_read_begins_at_the_newest(client: Client, busy: int, before: str) -> None:
    page = client.get(f"/people/{busy}/", {"before": before})
    assert page.status_code == 200
    if before != "1.2":
        assert numbers(page)[0] == "119"


def test_what_nobody_did_is_not_filtered(client: Client, workspace: Workspace, store: EventStore) -> None:
    page = client.get(f"/people/{person(workspace, {'user_id': ['u1']})}/")
    assert "No messages" in text(page)
    assert b"Filter the timeline" not in page.content


def test_a_hundred_events_do_not_make_the_page_long(client: Client, workspace: Workspace, store: EventStore) -> None:
    website = source(workspace)
    one = person(workspace, {"user_id": ["u1"]})
    now = time.time()
    store.insert(
        "messages",
        [
            message(workspace, website.id, message_id=f"m-{n}", profile_id=one, event=f"Event {n}", timestamp=now - n)
            for n in range(150)
        ],
    )
    page = client.get(f"/people/{one}/")
    assert page.content.count(b"<option") <= 104
    assert len(numbers(page)) == 0
    assert page.content.count(b"<summary>") == 50
