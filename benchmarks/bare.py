"""The reference: the least a uvicorn application can do with a POST, which is to read the body and answer."""

from typing import Any

_HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"16")]


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answers every POST as Segment would, without a look at it."""
    if scope["type"] == "lifespan":
        while True:
            event = await receive()
            await send({"type": f"{event['type']}.complete"})
            if event["type"] == "lifespan.shutdown":
                return
    more = True
    while more:
        event = await receive()
        more = event.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": b'{"success":true}'})
