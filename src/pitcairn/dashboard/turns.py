"""How many requests the dashboard works on at once; the others wait for their turn, in the order in which they came.

Django works on each request in a thread with database connections of its own. Without a bound, a rush of requests opens more
connections than PostgreSQL allows, and some are refused in the middle of what they do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Receive, Send], Awaitable[None]]

AT_ONCE = 24
"""Well under PostgreSQL's usual 100 connections, with room for the edge, the worker and a second dashboard."""


class Turns:
    """An ASGI application that lets so many requests at a time into another one.

    A turn begins when the request has come in whole, so that a slow sender keeps nobody waiting, and ends with the answer; a
    stream that stays open takes none once it has begun.
    """

    def __init__(self, app: App, at_once: int = AT_ONCE) -> None:
        self._app = app
        self._turns = asyncio.Semaphore(at_once)

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        turn = _Turn(self._turns)

        async def take() -> Message:
            message = await receive()
            if message["type"] == "http.request" and not message.get("more_body"):
                await turn.begin()
            return message

        async def give(message: Message) -> None:
            await send(message)
            if message["type"] == "http.response.start" and _is_stream(message):
                turn.end()

        try:
            await self._app(scope, take, give)
        finally:
            turn.end()


class _Turn:
    """One request's turn, which begins and ends once."""

    def __init__(self, turns: asyncio.Semaphore) -> None:
        self._turns = turns
        self._begun = self._ended = False

    async def begin(self) -> None:
        if not self._begun:
            await self._turns.acquire()
            self._begun = True

    def end(self) -> None:
        if self._begun and not self._ended:
            self._ended = True
            self._turns.release()


def _is_stream(start: Message) -> bool:
    return any(name.lower() == b"content-type" and b"event-stream" in value for name, value in start["headers"])
