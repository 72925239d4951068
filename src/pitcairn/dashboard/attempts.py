"""Slows down guessing a password: after a number of failures an email has to wait, whoever asks."""

import hashlib

from django.core.cache import cache

MOST_FAILURES = 10
WINDOW_MINUTES = 10


def _key(email: str) -> str:
    return "sign-in-failures:" + hashlib.sha256(email.encode()).hexdigest()


def too_many(email: str) -> bool:
    return int(cache.get(_key(email), 0)) >= MOST_FAILURES


def failed(email: str) -> None:
    """Counts one failure; the window starts with the first."""
    cache.add(_key(email), 0, timeout=WINDOW_MINUTES * 60)
    cache.incr(_key(email))


def forget(email: str) -> None:
    cache.delete(_key(email))
