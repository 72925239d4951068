"""A batch on its way through the pipeline: its messages, what is known of each, and what became of those that left it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from pitcairn.connections.tracking_plans.checking import Violation
from pitcairn.edge.deletions import Deletion
from pitcairn.edge.identity_requests import JoinPeople, UndoMerge
from pitcairn.edge.snapshot import SourceConfiguration
from pitcairn.edge.vitals import Vitals
from pitcairn.experiences.exposures import Exposure
from pitcairn.pipeline.routing import Routing
from pitcairn.profiles.identity import Identifier, IdentityGraph, Person
from pitcairn.profiles.identity_rules import IdentityRules
from pitcairn.profiles.store import People
from pitcairn.wire.message import Message, Refusal


class Traveller(msgspec.Struct, eq=False):
    """One message of the batch. Each step fills in its part."""

    message: Message
    source: SourceConfiguration
    retry_count: int
    exposure: Exposure | None = None
    counts_view: bool = False
    """Its experience has a frequency cap."""
    key: bytes = b""
    """What the duplicate check compares."""
    routing: Routing = msgspec.field(default_factory=lambda: Routing([], {}))
    identifiers: list[Identifier] = []
    person: Person | None = None
    user_label: int = 0
    """Of the user id that an Identify call names: `profiles/proofs.py`."""
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


class WantedIdentityRequest(msgspec.Struct, frozen=True):
    """Two people to be joined, or to be parted again."""

    request: JoinPeople | UndoMerge
    requested_at: int
    """ms since 1970"""
    request_id: str


class SeenVitals(msgspec.Struct, frozen=True):
    """What one view told of its experiences."""

    vitals: Vitals
    workspace_id: int
    received_at: int
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
    vitals: list[SeenVitals] = []
    deletions: list[WantedDeletion] = []
    identity_requests: list[WantedIdentityRequest] = []
    rules: Mapping[int, IdentityRules] = {}
    """The identity rules of the workspaces that have their own."""
    proving: frozenset[int] = frozenset()
    """The workspaces that have a server which proves who visitors are."""
    changed_people: dict[int, Person] = {}
    """Whoever is new, learned something, was merged or parted; for the event store. The deleted are not among them."""
    changed_accounts: list[tuple[int, int, str, dict[str, Any]]] = []
    """(workspace, account, group id, traits that are set now), for the event store."""
    suppressed: set[tuple[int, str]] = set()
    """(workspace, user id) of those who are deleted with this batch, as far as it is read: what comes after is refused."""
