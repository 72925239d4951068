"""Deleting people: the pipeline does it, since it alone writes profiles, and in the place where the request came in.

What a person sent before their deletion goes with them. What comes later under their user id is refused, unless only the
deletion was asked for.
"""

from __future__ import annotations

from django.db.backends.utils import CursorWrapper

from pitcairn.edge.snapshot import SourceConfiguration
from pitcairn.pipeline.batch import Batch, Refused
from pitcairn.profiles import deletions
from pitcairn.wire.message import Message, Refusal
from pitcairn.wire.reasons import DropReason


def refuse_suppressed(batch: Batch, cursor: CursorWrapper) -> None:
    """Refuses the messages of people who asked not to be known again. Nothing that names them is kept."""
    if not deletions.any_suppressed(cursor):
        return
    keys = {(t.source.workspace_id, t.message.user_id) for t in batch.travellers if t.message.user_id}
    stored = deletions.suppressed(cursor, keys)
    if not stored:
        return
    kept = []
    for traveller in batch.travellers:
        message, source = traveller.message, traveller.source
        if (source.workspace_id, message.user_id) in stored:
            batch.refused.append(suppressed(message, source))
        else:
            kept.append(traveller)
    batch.travellers = kept


def suppressed(message: Message, source: SourceConfiguration) -> Refused:
    return Refused(Refusal(DropReason.USER_SUPPRESSED, "", message.type), source, message.received_at, b"")


def delete_people(batch: Batch, cursor: CursorWrapper) -> None:
    """Removes the profiles of the people to be deleted, and notes what is to be erased from the event store."""
    if not batch.deletions:
        return
    for wanted in batch.deletions:
        for profile_id in deletions.delete(cursor, wanted.deletion, wanted.requested_at):
            batch.changed_people.pop(profile_id, None)
    # They hold whom they knew; so few are deleted that asking the store for everyone again costs nothing.
    batch.people.forget()
