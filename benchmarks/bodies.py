"""What the benchmarks send: messages as Segment's libraries make them, about 20,000 visitors."""

from __future__ import annotations

import itertools
import json
import os
from typing import Any

from benchmarks.processes import WRITE_KEY

VISITORS = 20_000
_run = os.urandom(4).hex()
_numbers = itertools.count()


def message(marker: int | None = None) -> dict[str, Any]:
    """One message: nine Track calls to one Identify. With a marker, an Identify that carries it as a trait."""
    number = next(_numbers)
    visitor = number * 7919 % VISITORS
    common = {
        "messageId": f"bench-{_run}-{number}",
        "anonymousId": f"00000000-0000-4000-8000-{visitor:012d}",
        "timestamp": "2026-01-31T12:00:00.000Z",
        "context": {
            "library": {"name": "analytics.js", "version": "next-1.84.3"},
            "page": {"path": "/pricing", "url": "https://www.example.com/pricing", "title": "Pricing", "referrer": ""},
            "locale": "en-US",
        },
    }
    if marker is not None:
        return {**common, "type": "identify", "userId": f"marker-{_run}-{marker}", "traits": {"marker": marker}}
    if number % 10 == 0:
        traits = {
            "email": f"visitor-{visitor}@example.com",
            "plan": "free",
            "company": {"employee_count": visitor % 400},
        }
        return {**common, "type": "identify", "userId": f"user-{visitor}", "traits": traits}
    return {**common, "type": "track", "event": f"Event {number % 12}", "properties": {"button": "header", "n": number}}


def marker_id(marker: int) -> str:
    return f"marker-{_run}-{marker}"


def batch(size: int, marker: int | None = None) -> bytes:
    """A batch of new messages, the last of them the marker where one is given."""
    messages = [message() for _ in range(size - (marker is not None))]
    if marker is not None:
        messages.append(message(marker))
    body = {"writeKey": WRITE_KEY, "sentAt": "2026-01-31T12:00:00.000Z", "batch": messages}
    return json.dumps(body, separators=(",", ":")).encode()


def single() -> bytes:
    return json.dumps({**message(), "writeKey": WRITE_KEY}, separators=(",", ":")).encode()


DECIDING_VISITOR = "00000000-0000-4000-8000-decide000001"


def identify_deciding_visitor() -> bytes:
    """Makes the visitor of `decide` known: a small company."""
    body = {
        "writeKey": WRITE_KEY, "userId": "deciding", "anonymousId": DECIDING_VISITOR,
        "traits": {"email": "deciding@example.com", "plan": "free", "company": {"employee_count": 50}},
    }  # fmt: skip
    return json.dumps(body).encode()


def decide() -> bytes:
    """What the tag asks on a page where five experiences run."""
    body = {
        "writeKey": WRITE_KEY, "anonymousId": DECIDING_VISITOR, "language": "en-US", "referrer": "https://search.example/",
        "url": f"https://www.example.com/?utm_source=newsletter&n={next(_numbers)}",
    }  # fmt: skip
    return json.dumps(body, separators=(",", ":")).encode()


USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"
