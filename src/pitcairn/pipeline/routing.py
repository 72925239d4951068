"""Which destinations get a message: the `integrations` object, what the browser already sent, what they can take, filters.

Rules: Segment's "filtering with the integrations object"; conformance statements 52 to 60, 72, 73 and 79 to 83.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Any, Protocol

import msgspec

from pitcairn.connections.destination import IncomingMessage, Personalize, Reject
from pitcairn.edge.snapshot import RoutedDestination

OFF_UNLESS_NAMED = frozenset({"Salesforce"})
"""Destinations that `All` does not switch on."""


class FilterReason(StrEnum):
    """Why a destination did not get a message; Segment's names (Delivery Overview, "filtered at destination")."""

    MESSAGE_SENT_CLIENT_SIDE = "MESSAGE_SENT_CLIENT_SIDE"
    FILTERED_BY_INTEGRATIONS_OBJECT = "FILTERED_BY_INTEGRATIONS_OBJECT"
    UNSUPPORTED_EVENT_TYPE = "UNSUPPORTED_EVENT_TYPE"
    INVALID_SETTINGS = "INVALID_SETTINGS"


class Routable(Protocol):
    """What routing reads of a message: one from the wire, or one from the event store."""

    @property
    def type(self) -> str: ...
    @property
    def event(self) -> str: ...
    @property
    def properties(self) -> dict[str, Any] | None: ...
    @property
    def traits(self) -> dict[str, Any] | None: ...
    @property
    def context(self) -> dict[str, Any] | None: ...
    @property
    def integrations(self) -> dict[str, Any] | None: ...
    @property
    def extra(self) -> dict[str, Any]: ...


class Sending(msgspec.Struct, frozen=True):
    """The message is to be sent to this destination. `body` is None when neither a filter nor a mapping changed it."""

    destination_id: int
    body: dict[str, Any] | None
    options: dict[str, Any]


class Routing(msgspec.Struct):
    """What became of a message: the slugs of what took it inside this server, and by destination id why others did not get it."""

    delivered_to: list[str]
    filtered: dict[int, str]
    personalize: Personalize | None = None
    sending: list[Sending] = []


def route(
    message: Routable,
    destinations: Iterable[RoutedDestination],
    source_id: int = 0,
    body_of: Callable[[Any], dict[str, Any]] | None = None,
) -> Routing:
    """Decides for every destination and has it say what it does with the message.

    `body_of` makes of a message what Segment would spell: it is asked once at most, and only when some destination has
    filters or a mapping.
    """
    routing = Routing([], {})
    body: dict[str, Any] | None = None
    changed: dict[str, Any] | None = None
    for destination in destinations:
        reason = _filtered(message, destination)
        if reason is not None:
            routing.filtered[destination.id] = reason
            continue
        entry = destination.entry
        if destination.change is None:
            changed, incoming = None, _incoming(message, entry.manifest.name)
        else:
            if body is None:
                assert body_of is not None
                body = body_of(message)
            result = destination.change(body, source_id)
            if isinstance(result, str):
                routing.filtered[destination.id] = result
                continue
            changed = None if result is body else result
            incoming = _incoming_body(message, result, entry.manifest.name)
        effect = entry.take(incoming, destination.settings)
        if isinstance(effect, Personalize):
            routing.personalize = effect
            if entry.manifest.slug not in routing.delivered_to:
                routing.delivered_to.append(entry.manifest.slug)
            if not effect.send:
                continue
        elif isinstance(effect, Reject):
            routing.filtered[destination.id] = effect.reason
            continue
        routing.sending.append(Sending(destination.id, changed, dict(incoming.options)))
    return routing


def _filtered(message: Routable, destination: RoutedDestination) -> FilterReason | None:
    manifest = destination.entry.manifest
    metadata = message.extra.get("_metadata")
    if isinstance(metadata, dict):
        bundled = metadata.get("bundled")
        if isinstance(bundled, list) and manifest.name in bundled:
            return FilterReason.MESSAGE_SENT_CLIENT_SIDE
    if not allowed(message.integrations, manifest.name):
        return FilterReason.FILTERED_BY_INTEGRATIONS_OBJECT
    if message.type not in manifest.methods:
        return FilterReason.UNSUPPORTED_EVENT_TYPE
    if not destination.ready:
        return FilterReason.INVALID_SETTINGS
    return None


def allowed(integrations: Mapping[str, Any] | None, name: str) -> bool:
    """Whether the sender lets this destination have the message. A key of its own beats `All`; an object means yes."""
    default = name not in OFF_UNLESS_NAMED
    if not integrations:
        return default
    value = integrations.get(name)
    if value is None:
        value = integrations.get("All")
        if value is None or (value is not False and not default):
            return default
    return value is not False


def _incoming(message: Routable, name: str) -> IncomingMessage:
    options = (message.integrations or {}).get(name)
    return IncomingMessage(
        type=message.type,  # type: ignore[arg-type]  # routing let only the manifest's methods through
        event=message.event,
        traits=message.traits or {},
        properties=message.properties or {},
        context=message.context or {},
        options=options if isinstance(options, dict) else {},
    )


def _incoming_body(message: Routable, body: Mapping[str, Any], name: str) -> IncomingMessage:
    """The same after filters and mapping. The options are the sender's, and stay."""
    options = (message.integrations or {}).get(name)
    event = body.get("event" if message.type == "track" else "name")
    return IncomingMessage(
        type=message.type,  # type: ignore[arg-type]
        event=event if isinstance(event, str) else "",
        traits=_object(body.get("traits")),
        properties=_object(body.get("properties")),
        context=_object(body.get("context")),
        options=options if isinstance(options, dict) else {},
    )


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
