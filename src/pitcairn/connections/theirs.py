"""Which messages are a deleted person's, wherever they are kept. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec


class Theirs(msgspec.Struct, frozen=True, dict=True):
    """A person who is to be forgotten: what they were known by, and until when (ms since 1970) what was received is meant.

    A message with a user id is that user's, whatever browser it came from; one without is that of its anonymous id. And
    whatever names one of their email addresses is theirs.
    """

    user_ids: frozenset[str]
    anonymous_ids: frozenset[str]
    emails: frozenset[str]
    until: int

    def own(self, body: Mapping[str, Any], text: bytes, received_at: int | None = None) -> bool:
        """Whether a message as Segment spells it is theirs. `text` is its JSON."""
        at = received_ms(body) if received_at is None else received_at
        if at is not None and at > self.until:
            return False
        user_id, anonymous_id = body.get("userId"), body.get("anonymousId")
        if user_id in self.user_ids or (not user_id and anonymous_id in self.anonymous_ids):
            return True
        return self.named_in(text)

    def named_in(self, text: bytes) -> bool:
        """Whether the text has one of their email addresses in it, in any case of its letters."""
        if not self.emails or b"@" not in text:
            return False
        lower = text.lower()
        return any(email.encode() in lower for email in self.emails)


def received_ms(body: Mapping[str, Any]) -> int | None:
    """When a message was received; None when it does not say."""
    try:
        return int(datetime.fromisoformat(str(body.get("receivedAt"))).timestamp() * 1000)
    except ValueError:
        return None
