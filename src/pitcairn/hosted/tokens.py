"""Tokens of personal links: random, so that they say nothing and cannot be guessed; and what stands for one in a report."""

from __future__ import annotations

import hashlib
import re
import secrets

_BYTES = 18
_SHAPE = re.compile(r"[A-Za-z0-9_-]{24}")
GENERAL = "general"
"""What stands for the general link in a report."""


def new_token() -> str:
    """144 random bits."""
    return secrets.token_urlsafe(_BYTES)


def is_token(text: str) -> bool:
    """Whether it looks like one: what does not is turned away without asking the store."""
    return bool(_SHAPE.fullmatch(text))


def reference(token: str) -> str:
    """What names the link in events. Only who has the link can say it, and the link cannot be made of it."""
    return hashlib.blake2b(token.encode(), digest_size=12, person=b"pitcairn hosted").hexdigest()
