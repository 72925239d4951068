"""The built-in personalization: Identify calls give traits to target, Track calls can be conversions.

With an endpoint, the same calls also go to another server, in the form in which Segment delivers to a partner's subscription
webhook: one call in each request, the API Key in `Authorization`, all other settings in `X-Segment-Settings`.
"""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from pitcairn.connections.destination import IncomingMessage, OutgoingMessage, Personalize, Request

NOT_FORWARDED = frozenset({"apiKey", "endpoint"})


def take(message: IncomingMessage, settings: Mapping[str, Any]) -> Personalize:
    """Takes every message that routing lets through; the manifest keeps other call types away."""
    traits = message.traits if message.type == "identify" else {}
    return Personalize(traits, send=bool(settings.get("endpoint")))


def prepare(messages: Sequence[OutgoingMessage], settings: Mapping[str, Any]) -> Sequence[Request]:
    others = {key: value for key, value in settings.items() if key not in NOT_FORWARDED}
    headers = {
        "Authorization": "Basic " + _base64(f"{settings['apiKey']}:".encode()),
        "Content-Type": "application/json",
        "User-Agent": "Segment.io/1.0",
        "Accept": "*/*",
        "Cache-Control": "no-cache",
        "X-Segment-Settings": _base64(msgspec.json.encode(others)),
    }
    return [
        Request(
            messages=[message], url=str(settings["endpoint"]), body=msgspec.json.encode(message.body), headers=headers
        )
        for message in messages
    ]


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
