"""Messages on their way out: what the delivery engine is to send, queued in the batch's own transaction."""

from __future__ import annotations

import hashlib

import msgspec
from django.db.backends.utils import CursorWrapper

from pitcairn.connections.delivery import outbox
from pitcairn.pipeline.batch import Batch, Traveller
from pitcairn.profiles.identity import survivor
from pitcairn.wire.segment_body import segment_body

_encode = msgspec.json.Encoder().encode


def person_key(profile_id: int, user_id: str, anonymous_id: str) -> str:
    """Whose order the message belongs to: the profile, or where there is none the id it came with."""
    if profile_id:
        return f"p{profile_id}"
    return "n" + hashlib.blake2b((user_id or anonymous_id).encode(), digest_size=16).hexdigest()


def queue_deliveries(batch: Batch, cursor: CursorWrapper) -> None:
    """Queues every message for the destinations it is to be sent to."""
    lines: dict[tuple[int, int], list[bytes]] = {}
    for traveller in batch.travellers:
        if traveller.routing.sending:
            _add_lines(traveller, lines)
    packed: dict[tuple[int, ...], bytes] = {}
    for (workspace_id, destination_id), own in lines.items():
        outbox.queue(
            cursor, workspace_id=workspace_id, destination_id=destination_id, lines=own, now=batch.now, packed=packed
        )
        batch.queued.add(destination_id)


def _add_lines(traveller: Traveller, lines: dict[tuple[int, int], list[bytes]]) -> None:
    message, source = traveller.message, traveller.source
    person = person_key(
        survivor(traveller.person).id if traveller.person is not None else 0, message.user_id, message.anonymous_id
    )
    plain: bytes | None = None
    line: bytes | None = None
    for sending in traveller.routing.sending:
        if sending.body is None and plain is None:
            plain = _encode(segment_body(message))
        body = _encode(sending.body) if sending.body is not None else plain
        assert body is not None
        # The same line for every destination that gets the message as it is: then whole chunks are alike, and packed once.
        own = line if sending.body is None and not sending.options else None
        if own is None:
            own = outbox.line_around(
                message.message_id, message.type, message.event, person, source.id, message.received_at, body,
                sending.options,
            )  # fmt: skip
            if sending.body is None and not sending.options:
                line = own
        lines.setdefault((source.workspace_id, sending.destination_id), []).append(own)
