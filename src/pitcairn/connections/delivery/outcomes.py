"""What an answer means for the messages: delivered, to be tried again, or failed for good."""

from __future__ import annotations

import msgspec

from pitcairn.connections.destination import Delivered, Failed, Outcome, Reply, Retry

RETRIED_STATUSES = frozenset({408, 423, 429})
"""Of the 4xx: the request was right, the moment was not."""
FINAL_STATUSES = frozenset({501, 505})
"""Of the 5xx: the other side will never do it."""
DETAIL_LENGTH = 300

DELIVERED = Delivered()


def by_status(reply: Reply) -> Outcome:
    """Segment's rules: 2xx is delivered; 429, 5xx and the like are tried again; all other 4xx and redirects fail."""
    status = reply.status
    if 200 <= status < 300:
        return DELIVERED
    reason, detail = str(status), said(reply)
    if status in RETRIED_STATUSES or (500 <= status < 600 and status not in FINAL_STATUSES):
        return Retry(reason, detail)
    if 300 <= status < 400:
        return Failed(
            reason, f"It redirects to {reply.headers.get('location', 'nowhere')[:200]}, which is not followed."
        )
    return Failed(reason, detail)


def said(reply: Reply) -> str:
    """What the answer says: the `message` of a JSON body, as Segment's destinations send it, else the body's beginning."""
    body = reply.body[:4_000]
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        value = None
    if isinstance(value, dict):
        for key in ("message", "error"):
            if isinstance(value.get(key), str):
                return value[key][:DETAIL_LENGTH]  # type: ignore[no-any-return]
    return body.decode("utf-8", "replace").replace("\0", "\ufffd").strip()[:DETAIL_LENGTH]
