"""How many requests are worked on at once, and who does not count."""

from __future__ import annotations

import asyncio
from typing import Any

from pitcairn.dashboard.turns import Message, Receive, Send, Turns


class Pages:
    """Answers when it is told to; `kind` of a request is what it answers with."""

    def __init__(self) -> None:
        self.inside: set[str] = set()
        self.may_go = asyncio.Event()

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body"):
            pass
        self.inside.add(scope["path"])
        kind = b"text/event-stream" if scope["path"].startswith("/stream") else b"text/html"
        if kind == b"text/event-stream":
            await send({"type": "http.response.start", "status": 200, "headers": [(b"Content-Type", kind)]})
        await self.may_go.wait()


def request(turns: Turns, path: str, *chunks: Message, gate: asyncio.Event | None = None) -> asyncio.Task[None]:
    coming = iter(chunks or [{"type": "http.request"}])

    async def receive() -> Message:
        try:
            return next(coming)
        except StopIteration:
            assert gate is not None
            await gate.wait()
            return {"type": "http.request"}

    async def send(message: Message) -> None:
        pass

    async def run() -> None:
        await turns({"path": path}, receive, send)

    return asyncio.create_task(run())


async def settled() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


def test_so_many_at_once_and_the_others_after_them() -> None:
    async def run() -> None:
        pages = Pages()
        turns = Turns(pages, at_once=3)
        tasks = [request(turns, f"/{number}") for number in range(7)]
        await settled()
        assert pages.inside == {"/0", "/1", "/2"}
        pages.may_go.set()
        await asyncio.gather(*tasks)
        assert len(pages.inside) == 7

    asyncio.run(run())


def test_streams_and_slow_senders_keep_nobody_waiting() -> None:
    async def run() -> None:
        pages, rest = Pages(), asyncio.Event()
        turns = Turns(pages, at_once=1)
        open_ones = [request(turns, f"/stream/{number}") for number in range(3)]
        slow = request(turns, "/slow", {"type": "http.request", "more_body": True}, gate=rest)
        await settled()
        page = request(turns, "/page")
        await settled()
        assert pages.inside == {"/stream/0", "/stream/1", "/stream/2", "/page"}
        rest.set()
        pages.may_go.set()
        await asyncio.gather(*open_ones, slow, page)
        assert "/slow" in pages.inside

    asyncio.run(run())


def test_a_request_that_fails_gives_its_turn_back() -> None:
    async def fail(scope: Any, receive: Receive, send: Send) -> None:
        await receive()
        raise ConnectionError(scope["path"])

    async def run() -> None:
        turns = Turns(fail, at_once=1)
        found = await asyncio.gather(request(turns, "/a"), request(turns, "/b"), return_exceptions=True)
        assert [str(one) for one in found] == ["/a", "/b"]

    asyncio.run(run())
