"""The exposure: `Mutiny Experience Viewed`, reported by the tag when what was decided is really on the page.

Its id is made when the decision is, and signed, so that an exposure counts only for what the server decided: a page cannot
report itself into another arm. The id is the message's `messageId` too, so that the copy which comes through analytics.js is
a duplicate like any other.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

import msgspec

EVENT = "Mutiny Experience Viewed"


class Exposure(msgspec.Struct, frozen=True, kw_only=True):
    """A verified exposure. `variation_id` is 0 for control."""

    id: str
    experience_id: int
    segment_id: int
    variation_id: int
    visitor: str
    page_url: str

    @property
    def personalized(self) -> bool:
        return self.variation_id != 0


def exposure_id(
    secret: bytes, nonce: str, *, experience_id: int, segment_id: int, variation_id: int, visitor: str
) -> str:
    """The signed id of one exposure. `nonce` makes page views differ; it holds no `-`."""
    return f"exp-{nonce}-{experience_id}-{_signature(secret, nonce, experience_id, segment_id, variation_id, visitor)}"


def read_exposure(secret: bytes, event: str, properties: Mapping[str, Any]) -> Exposure | None:
    """The exposure that a Track call reports; None when it is none, or is not one this server decided."""
    if event != EVENT:
        return None
    signed, visitor = properties.get("exposureId"), properties.get("visitorId")
    ids = [properties.get(key) or 0 for key in ("experienceId", "audienceSegmentId", "variationId")]
    if not isinstance(signed, str) or not isinstance(visitor, str) or not all(type(number) is int for number in ids):
        return None
    parts = signed.split("-")
    if len(parts) != 4:
        return None
    experience_id, segment_id, variation_id = ids
    # The whole id is compared, so that one signature cannot stand in several ids and be counted as several exposures.
    expected = exposure_id(
        secret,
        parts[1],
        experience_id=experience_id,
        segment_id=segment_id,
        variation_id=variation_id,
        visitor=visitor,
    )
    if not hmac.compare_digest(expected.encode("utf-8", "replace"), signed.encode("utf-8", "replace")):
        return None
    page_url = properties.get("pageUrl")
    return Exposure(
        id=signed,
        experience_id=experience_id,
        segment_id=segment_id,
        variation_id=variation_id,
        visitor=visitor,
        page_url=page_url if isinstance(page_url, str) else "",
    )


def _signature(secret: bytes, nonce: str, experience_id: int, segment_id: int, variation_id: int, visitor: str) -> str:
    signer = _signer(secret).copy()
    signer.update(f"{nonce}:{experience_id}:{segment_id}:{variation_id}:{visitor}".encode("utf-8", "surrogatepass"))
    return signer.hexdigest()


@functools.lru_cache(1_000)
def _signer(secret: bytes) -> hashlib.blake2b:
    """The hash with its key taken in, which is half the work; to be copied for each signature."""
    return hashlib.blake2b(digest_size=12, key=secret[:64])
