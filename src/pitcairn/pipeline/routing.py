"""Which destinations get a message: the `integrations` object, what the browser already sent, and what they can take.

Rules: Segment's "filtering with the integrations object"; conformance statements 52 to 60.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

import msgspec

from pitcairn.connections.destination import CatalogEntry, IncomingMessage, Personalize, Reject
from pitcairn.edge.snapshot import RoutedDestination
from pitcairn.wire.message import Message

OFF_UNLESS_NAMED = frozenset({"Salesforce"})
"""Destinations that `All` does not switch on."""


class FilterReason(StrEnum):
    """Why a destination did not get a message; Segment's names (Delivery Overview, "filtered at destination")."""

    MESSAGE_SENT_CLIENT_SIDE = "MESSAGE_SENT_CLIENT_SIDE"
    FILTERED_BY_INTEGRATIONS_OBJECT = "FILTERED_BY_INTEGRATIONS_OBJECT"
    UNSUPPORTED_EVENT_TYPE = "UNSUPPORTED_EVENT_TYPE"
    INVALID_SETTINGS = "INVALID_SETTINGS"


class Routing(msgspec.Struct):
    """What became of a message. Both are by catalog slug."""

    delivered_to: list[str]
    filtered: dict[str, str]
    personalize: Personalize | None = None


def route(message: Message, destinations: Iterable[RoutedDestination]) -> Routing:
    """Decides for every destination and has it say what it does with the message."""
    routing = Routing([], {})
    for destination in destinations:
        entry = destination.entry
        reason = _filtered(message, destination)
        if reason is None:
            effect = entry.take(_incoming(message, entry), destination.settings)
            if isinstance(effect, Personalize):
                routing.personalize = effect
                routing.delivered_to.append(entry.manifest.slug)
                continue
            if isinstance(effect, Reject):
                routing.filtered[entry.manifest.slug] = effect.reason
        elif entry.manifest.slug not in routing.delivered_to:
            routing.filtered[entry.manifest.slug] = reason
    for slug in routing.delivered_to:
        routing.filtered.pop(slug, None)
    return routing


def _filtered(message: Message, destination: RoutedDestination) -> FilterReason | None:
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


def _incoming(message: Message, entry: CatalogEntry) -> IncomingMessage:
    options = (message.integrations or {}).get(entry.manifest.name)
    return IncomingMessage(
        type=message.type,  # type: ignore[arg-type]  # routing let only the manifest's methods through
        event=message.event,
        traits=message.traits or {},
        properties=message.properties or {},
        options=options if isinstance(options, dict) else {},
    )
