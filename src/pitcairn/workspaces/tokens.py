"""Tokens that programs show: made here, seen once, kept as a digest. Pure but for the randomness."""

import hashlib
import secrets

HINT_LENGTH = 4
"""Of a token's last characters, which are kept to tell tokens apart."""


def new_token(prefix: str) -> str:
    """256 random bits behind a prefix by which a token is known for what it is, in a log or a repository say."""
    return prefix + secrets.token_urlsafe(32)


def token_digest(token: str) -> str:
    """What is kept of a token. Tokens are 256 random bits, so a fast hash keeps them."""
    return hashlib.sha256(token.encode()).hexdigest()


def token_hint(token: str) -> str:
    return token[-HINT_LENGTH:]
