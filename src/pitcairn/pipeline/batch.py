"""A batch on its way through the pipeline: its messages, what is known of each, and what became of those that left it."""

from __future__ import annotations

import msgspec

from pitcairn.connections.tracking_plans.checking import Violation
from pitcairn.edge.deletions import Deletion
from pitcairn.edge.snapshot import SourceConfiguration
from pitcairn.experiences.exposures import Exposure
from pitcairn.pipeline.routing import Routing
from pitcairn.profiles.identity import Identifier, IdentityGraph, Person
from pitcairn.profiles.store import People
from pitcairn.wire.message import Message, Refusal


class Traveller(msgspec.Struct, eq=False):
    """One message of the batch. Each step fills in its part."""

    message: Message
    source: SourceConfiguration
    retry_count: int
    exposure: Exposure | None = None
    key: bytes = b""
    """What the duplicate check compares."""
    routing: Routing = msgspec.field(default_factory=lambda: Routing([], {}))
    identifiers: list[Identifier] = []
    person: Person | None = None
    violation: Violation | None = None
    """How it breaks the tracking plan of its source."""


class Refused(msgspec.Struct, frozen=True):
    """A message that left the pipeline, and why."""

    refusal: Refusal
    source: SourceConfiguration
    received_at: int
    text: bytes


class WantedDeletion(msgspec.Struct, frozen=True):
    """A person to be deleted."""

    deletion: Deletion
    requested_at: int
    """ms since 1970"""


class Batch(msgspec.Struct):
    """`number` is one more than the last committed batch's; `travellers` are in the order of the inbox."""

    number: int
    now: int
    """ms since 1970"""
    next_profile_id: int
    people: People
    travellers: list[Traveller] = []
    refused: list[Refused] = []
    blocked: list[Traveller] = []
    """Those of the refused that a tracking plan blocked."""
    graph: IdentityGraph | None = None
    merges: list[tuple[int, int, int, int]] = []
    """(workspace, loser, winner, ms), for the event store."""
    queued: set[int] = set()
    """The destinations that something was queued for."""
    deletions: list[WantedDeletion] = []
    suppressed: set[tuple[int, str]] = set()
    """(workspace, user id) of those who are deleted with this batch, as far as it is read: what comes after is refused."""
