"""Posts changes of audience membership: the calls that carry `context.personas`, as Segment Engage's do."""

from collections.abc import Mapping, Sequence
from typing import Any

from pitcairn.connections.catalog.webhook.requests import MOST_MESSAGES, json_requests
from pitcairn.connections.destination import IncomingMessage, OutgoingMessage, Reject, Request, Send

NOT_A_MEMBERSHIP = Reject("NO_MATCHING_MAPPING")


def take(message: IncomingMessage, settings: Mapping[str, Any]) -> Send | Reject:
    personas = message.context.get("personas")
    key = personas.get("computation_key") if isinstance(personas, Mapping) else None
    if not isinstance(key, str) or not key:
        return NOT_A_MEMBERSHIP
    wanted = str(settings.get("audiences") or "").split()
    return Send() if not wanted or key in wanted else NOT_A_MEMBERSHIP


def prepare(messages: Sequence[OutgoingMessage], settings: Mapping[str, Any]) -> Sequence[Request]:
    return json_requests(messages, [message.body for message in messages], settings)


def check(settings: Mapping[str, Any]) -> Mapping[str, str]:
    size = settings.get("batchSize") or 1
    if not 1 <= size <= MOST_MESSAGES or size != int(size):
        return {
            "batchSize": f"{size:g} messages cannot go into one request. Use a whole number from 1 to {MOST_MESSAGES:,}."
        }
    return {}
