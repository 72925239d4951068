"""Dead letters: sending them again, and forgetting them. A few hundred in each transaction, however many there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.db import connection, transaction

from pitcairn.connections.delivery import outbox
from pitcairn.connections.models import DeadLetter


def send_again(destination_id: int, ids: Sequence[int] | None, reason: str | None, now: int) -> int:
    """Queues them behind everything else, oldest first; returns how many. What is queued is no dead letter any more."""
    queued = 0
    for group in _groups(destination_id, ids, reason):
        with transaction.atomic(), connection.cursor() as cursor:
            letters = list(DeadLetter.objects.select_for_update().filter(id__in=group).order_by("id"))
            if letters:
                queued += outbox.requeue(
                    cursor,
                    workspace_id=letters[0].workspace_id,
                    destination_id=destination_id,
                    messages=[bytes(letter.message) for letter in letters],
                    now=now,
                )
                DeadLetter.objects.filter(id__in=[letter.id for letter in letters]).delete()
    return queued


def forget(destination_id: int, ids: Sequence[int] | None, reason: str | None) -> int:
    """Deletes them; returns how many."""
    return sum(DeadLetter.objects.filter(id__in=group).delete()[0] for group in _groups(destination_id, ids, reason))


def _groups(destination_id: int, ids: Sequence[int] | None, reason: str | None) -> Iterator[list[int]]:
    """The ids of what is chosen and is there now, oldest first."""
    last = DeadLetter.objects.filter(destination_id=destination_id).order_by("-id").values_list("id", flat=True).first()
    position = 0
    while last is not None and position < last:
        found = DeadLetter.objects.filter(destination_id=destination_id, id__gt=position, id__lte=last).order_by("id")
        if reason is not None:
            found = found.filter(reason=reason)
        if ids is not None:
            found = found.filter(id__in=ids)
        group = list(found.values_list("id", flat=True)[: outbox.CHUNK_MESSAGES])
        if not group:
            return
        yield group
        position = group[-1]
