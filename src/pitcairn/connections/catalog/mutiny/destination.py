"""The built-in personalization: Identify calls give traits to target, Track calls can be conversions."""

from collections.abc import Mapping
from typing import Any

from pitcairn.connections.destination import IncomingMessage, Personalize


def take(message: IncomingMessage, settings: Mapping[str, Any]) -> Personalize:
    """Takes every message that routing lets through; the manifest keeps other call types away."""
    return Personalize(message.traits if message.type == "identify" else {})
