"""Joining people and undoing merges, as members ask for it: after the messages that came before, before those that come after."""

from __future__ import annotations

from django.db.backends.utils import CursorWrapper

from pitcairn.edge.identity_requests import UndoMerge
from pitcairn.pipeline.batch import Batch
from pitcairn.profiles import merges


def change_identities(batch: Batch, cursor: CursorWrapper) -> None:
    """Carries out the requests in their order. One that cannot be any more changes nothing."""
    if not batch.identity_requests:
        return
    for wanted in batch.identity_requests:
        request = wanted.request
        if isinstance(request, UndoMerge):
            parted = merges.undo(cursor, request, wanted.requested_at)
            if parted is None:
                continue
            people = [parted.winner, parted.loser]
            moved = parted.moved
        else:
            joined = merges.join(cursor, request, wanted.requested_at, wanted.request_id)
            if joined is None:
                continue
            graph, losers = joined
            people = list(graph.changed.values())
            moved = dict.fromkeys(losers, graph.merges[0].winner.id)
        batch.merges += [
            (request.workspace_id, profile_id, goes_to, wanted.requested_at) for profile_id, goes_to in moved.items()
        ]
        batch.changed_people.update((person.id, person) for person in people)
    # They hold whom they knew; so seldom is this asked for that asking the store for everyone again costs nothing.
    batch.people.forget()
