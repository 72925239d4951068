"""Identity tokens: how a website's server proves to the edge who is looking at a page.

A JSON Web Token of the strictest kind: signed with HS256 by a secret of the source, with `sub` (the user id), `iat` and `exp`,
at most an hour apart. The website puts it into the page of a visitor who is signed in; whoever holds it is that user until it
ends, so it is short, it is never in an address, and it is not passed on to analytics.js or anybody else.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import jwt
from jwt.exceptions import InvalidSubjectError

LONGEST_SECONDS = 3600
"""From `iat` to `exp`."""
LEEWAY_SECONDS = 30
"""What the clocks of two servers may be apart."""
LONGEST_TOKEN = 2_000
LONGEST_USER_ID = 500
"""As an identifier of a profile."""

_OPTIONS: dict[str, object] = {"require": ["sub", "iat", "exp"], "verify_aud": False, "verify_iss": False}


class TokenState(StrEnum):
    """What became of a token, for the developer of the website. None of it says more than who holds the token can read."""

    PROVEN = "proven"
    EXPIRED = "token_expired"
    NOT_OURS = "token_invalid"
    """It is no token, or not signed with the source's secret by HS256."""
    CLAIMS = "token_claims"
    """`sub`, `iat` or `exp` is missing or not what it should be, or it lives too long."""
    UNCHECKED = "unchecked"
    """The source has no secret to check it with."""


def read_identity_token(token: str, secrets: Sequence[str]) -> tuple[TokenState, str]:
    """What the token is, and the user id that it proves; "" when it proves none. Any of the secrets may have signed it."""
    if not secrets:
        return TokenState.UNCHECKED, ""
    state = TokenState.NOT_OURS
    for secret in secrets if len(token) <= LONGEST_TOKEN else ():
        state, user_id = _read(token, secret)
        if state is not TokenState.NOT_OURS:
            return state, user_id
    return state, ""


def _read(token: str, secret: str) -> tuple[TokenState, str]:
    try:
        claims = jwt.decode(token, secret, algorithms=["HS256"], leeway=LEEWAY_SECONDS, options=_OPTIONS)  # type: ignore[arg-type]
    except jwt.ExpiredSignatureError:
        return TokenState.EXPIRED, ""
    except (jwt.MissingRequiredClaimError, jwt.ImmatureSignatureError, jwt.InvalidIssuedAtError, InvalidSubjectError):
        return TokenState.CLAIMS, ""
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError):
        # A header is read before the signature is checked, so anybody can write it.
        return TokenState.NOT_OURS, ""
    user_id, issued, ends = claims["sub"], claims["iat"], claims["exp"]
    if type(issued) is not int or type(ends) is not int or not 0 < ends - issued <= LONGEST_SECONDS:
        return TokenState.CLAIMS, ""
    if type(user_id) is not str or not 0 < len(user_id) <= LONGEST_USER_ID or "\0" in user_id:
        return TokenState.CLAIMS, ""
    return TokenState.PROVEN, user_id
