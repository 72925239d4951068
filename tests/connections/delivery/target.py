"""A destination's own server, as bad as a test wants it: it answers by script, and remembers what it took.

It runs in the loop of the test. What it does with a request is decided by a function of the test, which sees the messages.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

Trouble = Literal["hang", "reset", "garbage", "cut"]


@dataclass(frozen=True)
class Asked:
    """One request; `messages` are those of its JSON body, a list or a single one."""

    path: str
    headers: dict[str, str]
    messages: list[Any]

    @property
    def ids(self) -> list[str]:
        # A server of Segment's protocol takes a batch in an object of its own.
        return [one["messageId"] for message in self.messages for one in message.get("batch", [message])]


@dataclass(frozen=True)
class Answer:
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"{}"


Script = Callable[[Asked], "Answer | Trouble"]


def fine(asked: Asked) -> Answer:
    return Answer()


class Target:
    """`asked` is every request, `taken` the message ids that were answered with 2xx, both in order."""

    def __init__(self, script: Script = fine) -> None:
        self.script = script
        self.asked: list[Asked] = []
        self.taken: list[str] = []
        self.perhaps: list[str] = []
        """Ids of messages in requests that hung: whoever sent them cannot know."""
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Target:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/hook"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                while await self._answer(reader, writer):
                    pass
        finally:
            self._writers.discard(writer)
            writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        content = json.loads(body)
        asked = Asked(first.split(" ")[1], headers, content if isinstance(content, list) else [content])
        self.asked.append(asked)
        answer = self.script(asked)
        if answer == "hang":
            self.perhaps += asked.ids
            await reader.read()  # until whoever asked gives up
            return False
        if answer == "reset":
            writer.transport.abort()
            return False
        if isinstance(answer, str):
            writer.write(
                b"\x16\x03\x01 what?\r\n\r\n"
                if answer == "garbage"
                else b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"
            )
            await writer.drain()
            return False
        if 200 <= answer.status < 300:
            self.taken += asked.ids
        lines = [f"HTTP/1.1 {answer.status} Answered", f"Content-Length: {len(answer.body)}"]
        lines += [f"{name}: {value}" for name, value in answer.headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode() + answer.body)
        await writer.drain()
        return True
