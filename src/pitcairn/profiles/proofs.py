"""Whose identity is proven, and which traits may then be said on a page: those that a call set *by the proven user id*.

Anyone can claim in a browser that they are somebody else, and profiles are joined by such claims: an email address that two
people give, a group that somebody names. So that a profile holds a value does not say whose value it is. A trait therefore
remembers the user id that the call which set it named, as a *label*: what is proven is a user id, and said is what has its
label, whatever profile it stands in and whatever became of that profile since.

A label is 48 bits of a hash under a key of the workspace, so that nobody outside can look for two user ids with one label, and
the deletion of a person leaves no name behind. 0 is no label: the call named no user id, or the value was computed.

A browser is proven in one of two ways. With each question it shows a token that the website's server signed
(`edge/identity_tokens.py`). Or the website's server said over a connection of its own that this anonymous id is this user:
that is stored with the anonymous id, holds for a while, and ends as soon as the browser says that it is somebody else.
"""

from __future__ import annotations

import functools
import hashlib

PROOF_MS = 7 * 24 * 3600 * 1000
"""For how long what a server said of an anonymous id holds. It says so again whenever the visitor comes to it."""
_LABEL_BYTES = 6


def user_label(secret: bytes, user_id: str) -> int:
    """The label of a user id in the workspace with this secret; never 0."""
    digest = hashlib.blake2b(user_id.encode("utf-8", "surrogatepass"), digest_size=_LABEL_BYTES, key=_key(secret))
    return int.from_bytes(digest.digest(), "big") or 1


@functools.lru_cache(1024)
def _key(secret: bytes) -> bytes:
    return hashlib.blake2b(secret, digest_size=32, person=b"pitcairn proof").digest()


def written_proof(label: int, at: int) -> str:
    """How it is stored that the user with this label was proven at this time (ms since 1970)."""
    return f"{at}:{label}"


def proven_label(proof: str, now: int) -> int:
    """The label that a stored proof proves now; 0 when there is none or its time is over."""
    at, _, label = proof.partition(":")
    return int(label) if label and 0 <= now - int(at) < PROOF_MS else 0
