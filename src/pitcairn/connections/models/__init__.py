"""Sources, destinations, and what is on its way between them."""

from pitcairn.connections.models.alerts import AlertKind, AlertRule
from pitcairn.connections.models.delivery import (
    ChunkProgress,
    DeadLetter,
    DeliveryState,
    OutboxChunk,
    Replay,
    WaitingDelivery,
)
from pitcairn.connections.models.destinations import Destination, DestinationFilter
from pitcairn.connections.models.schema import PlanViolation, SeenEvent
from pitcairn.connections.models.sources import OAuthApp, Source, SourceKind
from pitcairn.connections.models.tracking_plan import TrackingPlan

__all__ = [
    "AlertKind",
    "AlertRule",
    "ChunkProgress",
    "DeadLetter",
    "DeliveryState",
    "Destination",
    "DestinationFilter",
    "OAuthApp",
    "OutboxChunk",
    "PlanViolation",
    "Replay",
    "SeenEvent",
    "Source",
    "SourceKind",
    "TrackingPlan",
    "WaitingDelivery",
]
