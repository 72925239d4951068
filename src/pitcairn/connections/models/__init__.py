"""Sources, destinations, and what is on its way between them."""

from pitcairn.connections.models.alerts import AlertRule
from pitcairn.connections.models.delivery import DeadLetter, OutboxChunk, Replay, WaitingDelivery
from pitcairn.connections.models.destinations import Destination, DestinationFilter
from pitcairn.connections.models.sources import OAuthApp, Source, SourceKind
from pitcairn.connections.models.tracking_plan import TrackingPlan

__all__ = [
    "AlertRule",
    "DeadLetter",
    "Destination",
    "DestinationFilter",
    "OAuthApp",
    "OutboxChunk",
    "Replay",
    "Source",
    "SourceKind",
    "TrackingPlan",
    "WaitingDelivery",
]
