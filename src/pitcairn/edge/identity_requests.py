"""Requests to join two people or to part them again, as they travel through the inbox: in their place among the messages.

The pipeline alone writes profiles, so what a member decides on a page comes to it the way messages do.
"""

from __future__ import annotations

import msgspec

JOIN_PEOPLE = "join-people"
UNDO_MERGE = "undo-merge"
"""Types of an `Accepted` whose one item is such a request. No path of the Tracking API makes them."""

IDENTITY_REQUESTS = frozenset({JOIN_PEOPLE, UNDO_MERGE})


class JoinPeople(msgspec.Struct, rename="camel", frozen=True):
    """`loser_id` is to go into `winner_id`. Both are living profiles when it is asked for, and need not be later."""

    workspace_id: int
    winner_id: int
    loser_id: int
    by: str = ""


class UndoMerge(msgspec.Struct, rename="camel", frozen=True):
    """The merge with this id is to be undone."""

    workspace_id: int
    merge_id: int
    by: str = ""


_decode_join = msgspec.json.Decoder(JoinPeople).decode
_decode_undo = msgspec.json.Decoder(UndoMerge).decode


def identity_request_text(request: JoinPeople | UndoMerge) -> bytes:
    return msgspec.json.encode(request)


def read_identity_request(type: str, text: bytes) -> JoinPeople | UndoMerge:  # noqa: A002 - the inbox's word
    return _decode_join(text) if type == JOIN_PEOPLE else _decode_undo(text)
