"""A request to delete a person, as it travels through the inbox: in its place among the messages, so that it deletes what came
before it and nothing that comes after.
"""

from __future__ import annotations

import msgspec

DELETE = "delete"
"""The type of an `Accepted` whose one item is a deletion. No path of the Tracking API makes it."""


class Deletion(msgspec.Struct, rename="camel"):
    """Whom to delete: the person of a user id, or one profile. Written by this server alone, never taken from a sender."""

    workspace_id: int
    user_id: str = ""
    profile_id: int = 0
    suppress: bool = True
    """Later messages with the user id are refused."""


_decode = msgspec.json.Decoder(Deletion).decode


def deletion_text(workspace_id: int, *, user_id: str = "", profile_id: int = 0, suppress: bool = True) -> bytes:
    return msgspec.json.encode(Deletion(workspace_id, user_id, profile_id, suppress))


def read_deletion(text: bytes) -> Deletion:
    return _decode(text)
