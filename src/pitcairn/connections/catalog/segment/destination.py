"""Sends experience views, or every message, to a Segment source by its Tracking API."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from pitcairn.connections.destination import IncomingMessage, OutgoingMessage, Reject, Request, Send

EXPERIENCE_VIEWED = "Mutiny Experience Viewed"
TAG = "pitcairn-tag"
ALL = "All messages"
HOSTS = {"United States": "https://api.segment.io", "European Union": "https://events.eu1.segmentapis.com"}
MARK = "forwardedBy"
US = "pitcairn"
BATCH_BYTES = 450_000
"""Segment takes 500 KB; the rest is for what surrounds the messages."""
ID_LENGTH = 100
# What this server adds, or what belongs to the way here.
_DROPPED = frozenset({"writeKey", "receivedAt", "originalTimestamp", "sentAt", "_metadata"})


def take(message: IncomingMessage, settings: Mapping[str, Any]) -> Send | Reject:
    if message.context.get(MARK) == US:
        return Reject("ALREADY_FORWARDED")
    return Send() if settings.get("messages") == ALL or _is_view(message) else Reject("NO_MATCHING_MAPPING")


def _is_view(message: IncomingMessage) -> bool:
    """Whether the tag reported it, and not an analytics.js that has told Segment already."""
    library = message.context.get("library")
    return (
        message.type == "track"
        and message.event == EXPERIENCE_VIEWED
        and isinstance(library, Mapping)
        and library.get("name") == TAG
    )


def prepare(messages: Sequence[OutgoingMessage], settings: Mapping[str, Any]) -> Sequence[Request]:
    host = str(settings.get("host") or HOSTS.get(str(settings.get("region")), HOSTS["United States"])).rstrip("/")
    key = base64.b64encode(f"{settings['writeKey']}:".encode()).decode()
    headers = {"Content-Type": "application/json", "Authorization": f"Basic {key}"}
    requests: list[Request] = []
    carried: list[OutgoingMessage] = []
    texts: list[bytes] = []
    for message in messages:
        text = msgspec.json.encode(_forwarded(message.body))
        if texts and sum(map(len, texts)) + len(text) > BATCH_BYTES:
            requests.append(_batch(host, headers, carried, texts))
            carried, texts = [], []
        carried.append(message)
        texts.append(text)
    return [*requests, _batch(host, headers, carried, texts)] if carried else requests


def _batch(
    host: str, headers: Mapping[str, str], messages: Sequence[OutgoingMessage], texts: Sequence[bytes]
) -> Request:
    body = b'{"batch":[' + b",".join(texts) + b"]}"
    return Request(messages=messages, url=f"{host}/v1/batch", body=body, headers=headers)


def _forwarded(body: Mapping[str, Any]) -> dict[str, Any]:
    context = body.get("context")
    context = context if isinstance(context, Mapping) else {}
    library = context.get("library")
    is_view = body.get("event") == EXPERIENCE_VIEWED and isinstance(library, Mapping) and library.get("name") == TAG
    message_id = str(body.get("messageId", ""))
    return {
        **{key: value for key, value in body.items() if key not in _DROPPED},
        "messageId": message_id if is_view else _own_id(message_id),
        "context": {**context, MARK: US},
    }


def _own_id(message_id: str) -> str:
    """An id that Segment has not seen, and that a repeated attempt makes again."""
    own = f"{US}-{message_id}"
    return own if len(own) < ID_LENGTH else f"{US}-{hashlib.sha256(message_id.encode()).hexdigest()}"
