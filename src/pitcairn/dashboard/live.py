"""Live parts of pages: server-sent events that end when the reader leaves, when the server stops, or after a while."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

from django.http import StreamingHttpResponse

LONGEST_SECONDS = 15 * 60
"""A stream ends after this; the browser comes back, and is asked anew whether it may see what it sees."""

_closing = False


def close_streams() -> None:
    """Lets every stream of this process end within its next step. Called when the server begins to stop."""
    global _closing  # noqa: PLW0603
    _closing = True


def reopen_streams() -> None:
    global _closing  # noqa: PLW0603
    _closing = False


@dataclass(frozen=True, kw_only=True)
class Event:
    """HTML to be put in; a browser that lost the connection names the last `id` it got when it comes back."""

    html: str
    id: str = ""

    def encode(self) -> str:
        lines = [f"id: {self.id}"] if self.id else []
        return "\n".join([*lines, *(f"data: {line}" for line in self.html.splitlines())]) + "\n\n"


def stream(steps: AsyncIterator[Event | None]) -> StreamingHttpResponse:
    """Answers with the events that `steps` yields; None sends a comment that keeps the connection alive."""

    async def body() -> AsyncIterator[str]:
        ends_at = time.monotonic() + LONGEST_SECONDS
        yield ": live\n\n"
        async for event in steps:
            yield event.encode() if event else ": still here\n\n"
            if _closing or time.monotonic() > ends_at:
                return

    response = StreamingHttpResponse(body(), content_type="text/event-stream")
    response["Cache-Control"] = "no-cache, no-transform"
    response["X-Accel-Buffering"] = "no"  # nginx would hold events back
    return response


async def pause(seconds: float) -> None:
    """Waits, in steps short enough to notice that the server stops."""
    end = time.monotonic() + seconds
    while not _closing and (left := end - time.monotonic()) > 0:
        await asyncio.sleep(min(left, 0.25))
