"""The debugger: what it lists, how it filters, what it says of refused messages, and how it stays live."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, TypeVar

import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from django.test import AsyncClient, Client

from pages import message, refusal, source, text
from pitcairn.connections import entries
from pitcairn.connections.entries import Filters
from pitcairn.dashboard import live
from pitcairn.eventstore import EventStore
from pitcairn.wire.reasons import DropReason
from pitcairn.workspaces.models import Workspace
from server import PATIENCE_SECONDS

pytestmark = pytest.mark.django_db(databases="__all__")
DEBUGGER = "/connections/debugger/"
T = TypeVar("T")


def titles(page: Any) -> list[str]:
    return re.findall(r'data-message="[^"]*"[^>]*>([^<]+)</a>', page.content.decode())


def test_accepted_and_refused_messages_stand_in_one_list(
    client: Client, workspace: Workspace, store: EventStore
) -> None:
    made = source(workspace)
    now = time.time()
    store.insert(
        "messages",
        [
            message(workspace, made.id, message_id="a", event="Oldest", received_at=now - 30, delivered_to=["mutiny"]),
            message(workspace, made.id, message_id="b", type="identify", event="", received_at=now - 10),
            message(
                workspace,
                made.id,
                message_id="c",
                event="Kept back",
                received_at=now - 5,
                filtered=json.dumps({"mutiny": "FILTERED_BY_INTEGRATIONS_OBJECT"}),
            ),
        ],
    )
    store.insert("refusals", [refusal(workspace, made.id, received_at=now - 20, event="Refused")])
    page = client.get(DEBUGGER)
    assert titles(page) == ["Kept back", "Identify", "Refused", "Oldest"]
    said = text(page)
    for part in ("Names nobody", "not Mutiny", "Live: new messages appear at the top"):
        assert part in said
    assert b"integrations object leaves it out" in page.content


def test_filters_stand_in_the_address(client: Client, workspace: Workspace, store: EventStore) -> None:
    one, two = source(workspace, "One"), source(workspace, "Two")
    store.insert(
        "messages",
        [
            message(workspace, one.id, message_id="a", event="Signed Up"),
            message(workspace, two.id, message_id="b", type="page", event="Pricing", user_id="usr_77"),
        ],
    )
    store.insert("refusals", [refusal(workspace, one.id, event="Bad One", type="track")])

    def shown(**query: Any) -> set[str]:
        return set(titles(client.get(DEBUGGER, query)))

    assert shown() == {"Signed Up", "Pricing", "Bad One"}
    assert shown(source=one.id) == {"Signed Up", "Bad One"}
    assert shown(type="page") == {"Pricing"}
    assert shown(result="accepted") == {"Signed Up", "Pricing"}
    assert shown(result="refused") == {"Bad One"}
    assert shown(q="usr_77") == {"Pricing"}
    assert shown(q="signed") == {"Signed Up"}
    assert shown(source=one.id, result="accepted", q="up") == {"Signed Up"}
    assert shown(q="nothing has this") == set()
    assert "No message matches" in text(client.get(DEBUGGER, {"q": "nothing has this"}))


@pytest.mark.parametrize(
    "query",
    [
        "source=x",
        "source=99999999999",
        "type=toast",
        "result=maybe",
        "before=x",
        "before=99999999999999",
        "message=x",
        "message=refused:9:9",
    ],
)
def test_an_address_that_makes_no_sense_is_no_error(client: Client, store: EventStore, query: str) -> None:
    assert client.get(f"{DEBUGGER}?{query}").status_code == 200
    stream = client.get(f"{DEBUGGER}stream/?{query}")
    assert stream.status_code == 200


def test_a_refused_message_says_why_and_what_to_do(client: Client, workspace: Workspace, store: EventStore) -> None:
    made = source(workspace)
    store.insert(
        "refusals",
        [
            refusal(workspace, made.id, reason=str(reason), message=json.dumps({"n": str(reason)}))
            for reason in DropReason
        ],
    )
    found = entries.latest(store, workspace.id, Filters(), destinations={}, limit=100)
    assert len(found) == len(DropReason)
    for entry in found:
        page = client.get(DEBUGGER, {"message": entry.key})
        reason = DropReason(json.loads(entry.raw)["n"])
        said = text(page)
        assert ("Refused:" in said) == (reason is not DropReason.DUPLICATE_MESSAGE)
        assert reason.explanation in said
        assert entries.reason_words(reason).lower() in said.lower()


def test_what_was_no_json_is_shown_as_it_came(client: Client, workspace: Workspace, store: EventStore) -> None:
    made = source(workspace)
    came = '{"event": "<script>alert(1)</script>", '
    store.insert("refusals", [refusal(workspace, made.id, reason="malformed_json", type="", event="", message=came)])
    entry = entries.latest(store, workspace.id, Filters(), destinations={}, limit=1)[0]
    page = client.get(DEBUGGER, {"message": entry.key})
    assert b"&lt;script&gt;alert(1)&lt;/script&gt;" in page.content
    assert b"<script>alert" not in page.content
    assert "Unreadable" in text(page)


def test_one_message_as_json_with_the_way_to_its_person(
    client: Client, workspace: Workspace, store: EventStore
) -> None:
    made = source(workspace)
    store.insert(
        "messages",
        [message(workspace, made.id, message_id="ü/1 &2", profile_id=4711, properties='{"total": 12.5, "name": "é"}')],
    )
    page = client.get(DEBUGGER, {"message": "accepted:ü/1 &2"})
    said = text(page)
    for part in ('"messageId": "ü/1 &2"', '"total": 12.5', '"name": "é"', '"receivedAt"'):
        assert part in said
    assert b"/people/4711/" in page.content
    link = next(part for part in page.content.decode().split('"') if "message=accepted" in part)
    assert titles(client.get(link.replace("&amp;", "&"))) == titles(page)


def test_a_page_without_a_name_is_called_by_its_path(client: Client, workspace: Workspace, store: EventStore) -> None:
    made = source(workspace)
    unnamed = {"type": "page", "event": ""}
    store.insert(
        "messages",
        [
            message(workspace, made.id, **unnamed, message_id="a", properties='{"path": "/pricing"}', received_at=3),
            message(workspace, made.id, **unnamed, message_id="b", properties='{"path": 7}', received_at=2),
            message(workspace, made.id, type="page", event="Home", message_id="c", received_at=1),
        ],
    )
    assert titles(client.get(DEBUGGER)) == ["/pricing", "Page", "Home"]


def test_htmx_gets_the_message_alone(client: Client, workspace: Workspace, store: EventStore) -> None:
    store.insert("messages", [message(workspace, source(workspace).id, message_id="m-1")])
    part = client.get(
        DEBUGGER, {"message": "accepted:m-1"}, headers={"HX-Request": "true", "HX-Target": "aside#detail"}
    )
    assert part.content.strip().startswith(b'<aside id="detail"')
    assert b"<html" not in part.content


def test_messages_of_other_workspaces_are_not_there(client: Client, workspace: Workspace, store: EventStore) -> None:
    other = Workspace.objects.create(id=workspace.id + 500_000, name="Elsewhere")
    store.insert("messages", [message(other, 1, message_id="theirs")])
    store.insert("refusals", [refusal(other, 1)])
    assert titles(client.get(DEBUGGER)) == []
    theirs = entries.latest(store, other.id, Filters(), destinations={}, limit=5)
    assert len(theirs) == 2
    for entry in theirs:
        assert "This message is not here" in text(client.get(DEBUGGER, {"message": entry.key}))


def test_older_messages_are_a_page_away(client: Client, workspace: Workspace, store: EventStore) -> None:
    made = source(workspace)
    now = time.time()
    store.insert(
        "messages",
        [message(workspace, made.id, message_id=f"m-{i}", event=f"Event {i}", received_at=now - i) for i in range(70)],
    )
    first = client.get(DEBUGGER)
    assert titles(first)[:2] == ["Event 0", "Event 1"]
    assert len(titles(first)) == 50
    link = next(part for part in first.content.decode().split('"') if "before=" in part)
    second = client.get(link.replace("&amp;", "&"))
    assert titles(second)[0] == "Event 50"
    assert len(titles(second)) == 20
    assert b"hx-sse:connect" not in second.content


def test_pausing_needs_no_script(client: Client, store: EventStore) -> None:
    assert b"hx-sse:connect" in client.get(DEBUGGER).content
    paused = client.get(DEBUGGER, {"paused": "1", "q": "x"})
    assert b"hx-sse:connect" not in paused.content
    assert b'href="/connections/debugger/?q=x"' in paused.content


# ── Live ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def run(scene: Coroutine[Any, Any, T]) -> T:
    """Runs it in an event loop of its own, and closes the database connections of the thread that its views ran in."""

    async def whole() -> T:
        try:
            return await scene
        finally:
            await sync_to_async(connections.close_all)()

    return asyncio.run(whole())


async def opened(owner: Any, query: str = "") -> AsyncIterator[bytes]:
    client = AsyncClient()
    await client.aforce_login(owner)
    response = await client.get(f"{DEBUGGER}stream/?{query}")
    assert response.headers["Content-Type"] == "text/event-stream"
    assert response.headers["X-Accel-Buffering"] == "no"
    body: Any = response.streaming_content
    return aiter(body)


async def next_event(body: AsyncIterator[bytes]) -> str:
    """The next event that is not a comment."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            chunk = (await anext(body)).decode()
            if not chunk.startswith(":"):
                return chunk


@pytest.fixture
def steps_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No waiting between the steps of a stream."""

    async def pause(seconds: float) -> None:
        await asyncio.sleep(0)

    monkeypatch.setattr(live, "pause", pause)


@pytest.fixture
def insert_while(store: EventStore) -> Callable[..., Any]:
    async def insert(table: str, row: dict[str, Any]) -> None:
        await asyncio.to_thread(store.insert, table, [row])

    return insert


@pytest.mark.django_db(databases="__all__", transaction=True)
def test_what_comes_in_is_sent_and_what_was_there_is_not(
    owner: Any, workspace: Workspace, store: EventStore, insert_while: Any, steps_at_once: None
) -> None:
    made = source(workspace)
    now = time.time()
    store.insert("messages", [message(workspace, made.id, message_id="before", event="Before", received_at=now - 2)])

    async def scene() -> None:
        body = await opened(owner, f"since={int((now - 1) * 1000)}")
        assert (await anext(body)).startswith(b":")
        await insert_while(
            "messages", message(workspace, made.id, message_id="x", event="New\nLine", received_at=now + 1)
        )
        event = await next_event(body)
        assert "Before" not in event
        assert event.startswith("id: ")
        assert "New" in event
        assert all(line.startswith(("id: ", "data: ")) for line in event.removesuffix("\n\n").split("\n"))
        await insert_while("refusals", refusal(workspace, made.id, event="Refused now", received_at=now + 2))
        event = await next_event(body)
        assert "Refused now" in event
        assert "New" not in event
        await body.aclose()  # type: ignore[attr-defined]

    run(scene())


@pytest.mark.django_db(databases="__all__", transaction=True)
def test_the_stream_keeps_to_the_filters(
    owner: Any, workspace: Workspace, store: EventStore, insert_while: Any, steps_at_once: None
) -> None:
    made = source(workspace)
    now = time.time()

    async def scene() -> None:
        body = await opened(owner, f"type=page&since={int(now * 1000)}")
        await anext(body)
        await insert_while(
            "messages", message(workspace, made.id, message_id="t", event="A track", received_at=now + 1)
        )
        await insert_while(
            "messages", message(workspace, made.id, message_id="p", type="page", event="A page", received_at=now + 2)
        )
        event = await next_event(body)
        assert "A page" in event
        assert "A track" not in event
        assert "type=page" in event
        await body.aclose()  # type: ignore[attr-defined]

    run(scene())


@pytest.mark.django_db(databases="__all__", transaction=True)
def test_streams_end_when_the_server_stops(owner: Any, workspace: Workspace, store: EventStore) -> None:
    async def scene() -> int:
        body = await opened(owner)
        await anext(body)
        live.close_streams()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return len([chunk async for chunk in body])
        finally:
            live.reopen_streams()

    assert run(scene()) <= 2


@pytest.mark.django_db(databases="__all__", transaction=True)
def test_a_stream_ends_after_a_while(
    owner: Any, workspace: Workspace, store: EventStore, monkeypatch: pytest.MonkeyPatch, steps_at_once: None
) -> None:
    monkeypatch.setattr(live, "LONGEST_SECONDS", 0)

    async def scene() -> int:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return len([chunk async for chunk in await opened(owner)])

    assert run(scene()) == 2
