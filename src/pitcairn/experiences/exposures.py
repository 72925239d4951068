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
APART = frozenset({"promoted", "holdout"})
"""Reasons of exposures that are no part of the comparison of an experience's variations with its control."""


class Exposure(msgspec.Struct, frozen=True, kw_only=True):
    """A verified exposure. `variation_id` is 0 for control."""

    id: str
    experience_id: int
    segment_id: int
    variation_id: int
    visitor: str
    page_url: str
    reason: str = ""
    """`promoted` and `holdout` stand outside every comparison of control and variations; empty for what belongs to it."""

    @property
    def personalized(self) -> bool:
        return self.variation_id != 0


def exposure_id(
    secret: bytes,
    nonce: str,
    *,
    experience_id: int,
    segment_id: int,
    variation_id: int,
    visitor: str,
    reason: str = "",
) -> str:
    """The signed id of one exposure. `nonce` makes page views differ; it holds no `-`."""
    signed = _signature(secret, nonce, experience_id, segment_id, variation_id, visitor, _apart(reason))
    return f"exp-{nonce}-{experience_id}-{signed}"


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
    said = properties.get("reason")
    reason = _apart(said) if isinstance(said, str) else ""
    # The whole id is compared, so that one signature cannot stand in several ids and be counted as several exposures.
    expected = exposure_id(
        secret,
        parts[1],
        experience_id=experience_id,
        segment_id=segment_id,
        variation_id=variation_id,
        visitor=visitor,
        reason=reason,
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
        reason=reason,
    )


def _apart(reason: str) -> str:
    return reason if reason in APART else ""


def _signature(
    secret: bytes, nonce: str, experience_id: int, segment_id: int, variation_id: int, visitor: str, reason: str
) -> str:
    signer = _signer(secret).copy()
    text = f"{nonce}:{experience_id}:{segment_id}:{variation_id}:{reason}:{visitor}"
    signer.update(text.encode("utf-8", "surrogatepass"))
    return signer.hexdigest()


@functools.lru_cache(1_000)
def _signer(secret: bytes) -> hashlib.blake2b:
    """The hash with its key taken in, which is half the work; to be copied for each signature."""
    return hashlib.blake2b(digest_size=12, key=secret[:64])
