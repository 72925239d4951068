"""The steps for schemas and tracking plans: what sources send is counted, and what breaks a plan is told or blocked.

A source without a plan costs one look into an empty dictionary for each batch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from django.db.backends.utils import CursorWrapper

from pitcairn.connections.schema.recording import Observations, save
from pitcairn.connections.tracking_plans.active import active_plans
from pitcairn.connections.tracking_plans.checking import CompiledPlan, Violation, body_of
from pitcairn.connections.tracking_plans.violations import Violations
from pitcairn.eventstore.records import from_ms, iso
from pitcairn.pipeline.batch import Batch, Refused, Traveller
from pitcairn.wire.message import Message, Refusal

_encode = msgspec.json.Encoder().encode


class Plans:
    """The plans of all sources, kept by the worker and read again when the configuration has changed."""

    def __init__(self) -> None:
        self._revision: int | None = None
        self._by_source: Mapping[int, CompiledPlan] = {}

    def check(self, batch: Batch, revision: int) -> None:
        """Finds the messages that break the plan of their source, and refuses those that it blocks.

        Before the check for duplicates: a blocked message that is sent again after the plan was corrected is taken.
        """
        if revision != self._revision:
            self._by_source, self._revision = active_plans(), revision
        if not self._by_source:
            return
        passed = []
        for traveller in batch.travellers:
            plan = self._by_source.get(traveller.source.id)
            violation = plan.check(traveller.message) if plan is not None else None
            if violation is not None:
                traveller.violation = violation
                if violation.blocked:
                    batch.blocked.append(traveller)
                    batch.refused.append(_refused(traveller, violation))
                    continue
            passed.append(traveller)
        batch.travellers = passed


def record_schema(batch: Batch, cursor: CursorWrapper) -> None:
    """Counts events, properties and violations: of messages that are taken, and of those that a plan blocks."""
    observations, violations = Observations(len(batch.travellers) + len(batch.blocked)), Violations()
    for travellers, blocked in ((batch.travellers, False), (batch.blocked, True)):
        for traveller in travellers:
            source, message = traveller.source, traveller.message
            observations.add(source.workspace_id, source.id, message, blocked=blocked)
            if traveller.violation is not None:
                violations.add(source.workspace_id, source.id, message, traveller.violation)
    save(cursor, observations)
    violations.save(cursor)


def _refused(traveller: Traveller, violation: Violation) -> Refused:
    message = traveller.message
    refusal = Refusal(
        violation.reason,
        f"{violation.words}." if violation.words else "",
        message.type,
        message.event,
        message.message_id,
        message.user_id,
        message.anonymous_id,
    )
    return Refused(refusal, traveller.source, message.received_at, _encode(_as_segment(message)))


def _as_segment(message: Message) -> dict[str, Any]:
    """The message as it came, but for its times, which are written out."""
    times = {
        "timestamp": message.timestamp,
        "originalTimestamp": message.original_timestamp,
        "sentAt": message.sent_at,
        "receivedAt": message.received_at,
    }
    body = {
        name: value for name, value in body_of(message).items() if value or getattr(message, name, value) is not None
    }
    return body | {name: iso(from_ms(at)) for name, at in times.items() if at is not None}
